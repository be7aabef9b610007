"""Signing and verifying, with the stock openssl on the other side."""

from __future__ import annotations

import subprocess
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.hazmat.primitives.serialization.pkcs7 import PKCS7Options, PKCS7SignatureBuilder
from hypothesis import given, settings
from hypothesis import strategies as st

from exchange.domain.certificates import make_certificate, make_key
from exchange.domain.cms import sign, verify
from exchange.domain.errors import NeedsPerson
from tests.openssl_tools import VECTORS, index, openssl, pair, plain

AT = datetime(2030, 6, 1, 8, 30, 15, tzinfo=UTC)
CONTENT = b'{"packet": "court-131100.tax-131100.000127.Q"}\n'


def refused(content: bytes, signature: bytes, trusted: list[x509.Certificate]) -> int:
    with pytest.raises(NeedsPerson) as caught:
        verify(content, signature, trusted)
    return caught.value.code


@pytest.mark.parametrize("name", ["rsa", "ec", "ec384"])
@pytest.mark.parametrize("content", [b"", CONTENT, b"\r\n\n" * 5000])
def test_what_we_sign_we_and_openssl_verify(name: str, content: bytes, tmp_path: Path) -> None:
    key, certificate = pair(name)
    signature = sign(content, key, certificate, at=AT)
    verified = verify(content, signature, [pair("stranger")[1], certificate])
    assert (verified.certificate, verified.signed_at) == (certificate, AT)
    (tmp_path / "s").write_bytes(signature)
    (tmp_path / "c").write_bytes(content)
    pinned = VECTORS / f"{name}.cert.pem"
    files = ("-in", tmp_path / "s", "-inform", "DER", "-content", tmp_path / "c", "-out", tmp_path / "out")
    openssl("cms", "-verify", "-binary", *files, "-CAfile", pinned)
    openssl("cms", "-verify", "-binary", *files, "-certfile", pinned, "-nointern", "-noverify")
    (tmp_path / "c").write_bytes(content + b" ")
    with pytest.raises(subprocess.CalledProcessError):
        openssl("cms", "-verify", "-binary", *files, "-CAfile", pinned)


@pytest.mark.parametrize("name", ["rsa", "ec", "ec384"])
@pytest.mark.parametrize("options", [(), ("-nocerts",), ("-keyid",), ("-nosmimecap",), ("-md", "sha512")])
def test_what_openssl_signs_we_verify(name: str, options: tuple[str, ...], tmp_path: Path) -> None:
    (tmp_path / "c").write_bytes(CONTENT)
    by = ("-signer", VECTORS / f"{name}.cert.pem", "-inkey", VECTORS / f"{name}.key.pem")
    before = datetime.now(UTC) - timedelta(seconds=2)
    openssl("cms", "-sign", "-binary", "-in", tmp_path / "c", "-outform", "DER", "-out", tmp_path / "s", *by, *options)
    verified = verify(CONTENT, (tmp_path / "s").read_bytes(), [pair(name)[1]])
    assert before <= verified.signed_at <= datetime.now(UTC)


def test_what_the_cryptography_library_signs_we_verify() -> None:
    for name in ("rsa", "ec"):
        key, certificate = pair(name)
        builder = PKCS7SignatureBuilder().set_data(CONTENT).add_signer(certificate, key, hashes.SHA256())
        signature = builder.sign(Encoding.DER, [PKCS7Options.DetachedSignature, PKCS7Options.Binary])
        assert verify(CONTENT, signature, [certificate]).certificate == certificate


def test_the_time_is_stated_in_utc_and_past_2049_too() -> None:
    key, certificate = pair("ec")
    china = AT.astimezone(timezone(timedelta(hours=8)))
    assert verify(CONTENT, sign(CONTENT, key, certificate, at=china), [certificate]).signed_at == AT
    late = datetime(2050, 1, 1, tzinfo=UTC)
    assert verify(CONTENT, sign(CONTENT, key, certificate, at=late), [certificate]).signed_at == late


def test_only_the_pinned_bytes_are_trusted() -> None:
    """A certificate of the same name, serial and key, but other bytes, is not the pinned one."""
    key = make_key()
    pinned = make_certificate(key, "tax-131100", "sign", at=AT, days=30)
    twin = (
        x509.CertificateBuilder()
        .issuer_name(pinned.issuer)
        .subject_name(pinned.subject)
        .public_key(key.public_key())
        .serial_number(pinned.serial_number)
        .not_valid_before(pinned.not_valid_before_utc)
        .not_valid_after(AT + timedelta(days=3000))
        .sign(key, hashes.SHA256())
    )
    assert refused(CONTENT, sign(CONTENT, key, twin, at=AT), [pinned]) == 202
    assert refused(CONTENT, sign(CONTENT, key, pinned, at=AT), []) == 202


def test_another_key_under_the_pinned_certificate_is_invalid() -> None:
    for name, kind in (("ec", "ec-p256"), ("rsa", "rsa-3072")):
        signature = sign(CONTENT, make_key(kind), pair(name)[1], at=AT)  # type: ignore[arg-type]
        assert refused(CONTENT, signature, [pair(name)[1]]) == 201


def test_other_content_is_invalid() -> None:
    key, certificate = pair("ec")
    assert refused(CONTENT + b" ", sign(CONTENT, key, certificate, at=AT), [certificate]) == 201


def test_a_certificate_must_be_valid_when_it_signs() -> None:
    key = make_key()
    certificate = make_certificate(key, "tax-131100", "sign", at=AT, days=30)
    for at in (AT - timedelta(days=1, seconds=1), AT + timedelta(days=30, seconds=1)):
        with pytest.raises(NeedsPerson) as caught:
            sign(CONTENT, key, certificate, at=at)
        assert caught.value.code == 203
    assert verify(CONTENT, sign(CONTENT, key, certificate, at=AT + timedelta(days=30)), [certificate])


@pytest.mark.parametrize("step", [5, pytest.param(1, marks=pytest.mark.long)])
@pytest.mark.parametrize("name", ["rsa", "ec"])
@pytest.mark.parametrize("mask", [0x01, 0x20, 0x80, 0xFF])
def test_one_byte_changed_anywhere_never_verifies(name: str, mask: int, step: int) -> None:
    key, certificate = pair(name)
    signature = sign(CONTENT, key, certificate, at=AT)
    for at in range(0, len(signature), step):
        broken = signature[:at] + bytes((signature[at] ^ mask,)) + signature[at + 1 :]
        assert refused(CONTENT, broken, [certificate]) in {201, 202, 306}, at


@pytest.mark.parametrize("name", ["sig-rsa-pss.p7s", "sig-nocerts.p7s", "sig-keyid.p7s"])
def test_one_byte_changed_in_openssl_signatures_never_verifies(name: str) -> None:
    signature, pinned = (VECTORS / name).read_bytes(), [pair(n)[1] for n in ("rsa", "ec")]
    for at in range(len(signature)):
        broken = signature[:at] + bytes((signature[at] ^ 0x11,)) + signature[at + 1 :]
        assert refused(plain(), broken, pinned) in {201, 202, 203, 306}, at


@settings(max_examples=300, deadline=None)
@given(data=st.data())
def test_signatures_cut_and_joined_at_random_never_crash(data: st.DataObject) -> None:
    names = [str(line["file"]) for line in index("signature")]
    one = (VECTORS / data.draw(st.sampled_from(names))).read_bytes()
    two = (VECTORS / data.draw(st.sampled_from(names))).read_bytes()
    cut, on = data.draw(st.integers(0, len(one))), data.draw(st.integers(0, len(two)))
    try:
        verify(b"other content", one[:cut] + data.draw(st.binary(max_size=8)) + two[on:], [pair("ec")[1]])
    except NeedsPerson:
        return
    pytest.fail("it verified")
