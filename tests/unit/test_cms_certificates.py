"""Role certificates: what they say, who they are for, when they hold."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from exchange.domain.certificates import (
    ROLES,
    check_valid,
    check_world,
    fingerprint,
    is_test,
    make_certificate,
    make_key,
)
from exchange.domain.cms import PROFILES, terms
from exchange.domain.errors import NeedsPerson
from tests.openssl_tools import openssl, pair

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("algorithm", ["ec-p256", "ec-p384", "rsa-3072"])
def test_a_certificate_names_party_and_role_and_openssl_reads_it(role: Any, algorithm: Any, tmp_path: Path) -> None:
    key = make_key(algorithm)
    assert isinstance(key, rsa.RSAPrivateKey if algorithm == "rsa-3072" else ec.EllipticCurvePrivateKey)
    certificate = make_certificate(key, "court-131100", role, at=NOW, days=365)
    (common,) = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    assert common.value == f"court-131100 {role}"
    usage = certificate.extensions.get_extension_for_class(x509.KeyUsage).value
    assert usage.digital_signature == (role == "sign")
    assert (usage.key_agreement or usage.key_encipherment) == (role != "sign")
    (tmp_path / "c.pem").write_bytes(certificate.public_bytes(Encoding.PEM))
    said = openssl("x509", "-in", tmp_path / "c.pem", "-noout", "-fingerprint", "-sha256").stdout.decode()
    assert said.strip().split("=")[1].replace(":", "").lower() == fingerprint(certificate)
    openssl("verify", "-no_check_time", "-CAfile", tmp_path / "c.pem", tmp_path / "c.pem")


def test_the_fingerprint_is_over_the_der() -> None:
    certificate = pair("ec")[1]
    assert fingerprint(certificate) == hashlib.sha256(certificate.public_bytes(Encoding.DER)).hexdigest()


def test_test_and_live_are_told_apart_and_refused_at_the_other_end() -> None:
    key = make_key()
    live = make_certificate(key, "tax-131100", "sign", at=NOW, days=30)
    test = make_certificate(key, "tax-131100", "sign", at=NOW, days=30, test=True)
    assert (is_test(live), is_test(test)) == (False, True)
    check_world(live, live=True)
    check_world(test, live=False)
    for certificate, is_live, code in ((test, True, 802), (live, False, 803)):
        with pytest.raises(NeedsPerson) as caught:
            check_world(certificate, live=is_live)
        assert caught.value.code == code


def test_validity_is_to_the_second() -> None:
    certificate = make_certificate(make_key(), "tax-131100", "sign", at=NOW, days=30)
    for good in (NOW - timedelta(days=1), NOW, NOW + timedelta(days=30)):
        check_valid(certificate, good)
    for bad in (NOW - timedelta(days=1, seconds=1), NOW + timedelta(days=30, seconds=1)):
        with pytest.raises(NeedsPerson) as caught:
            check_valid(certificate, bad)
        assert caught.value.code == 203
        assert fingerprint(certificate) in caught.value.where


def test_every_profile_has_its_place_and_gm_is_refused() -> None:
    assert set(PROFILES) == {"std", "compat", "gm"}
    assert terms("std").rsa_bits == 3072
    with pytest.raises(NeedsPerson) as caught:
        terms("gm")
    assert caught.value.code == 407
