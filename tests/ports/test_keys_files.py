"""The Keys port over a folder: what it gives, and every way it refuses."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from exchange.adapters.keys_files import KeyFiles, export_certificates, held_keys, init_keys, pin, promote
from exchange.domain.certificates import fingerprint, is_test, make_certificate, make_key
from exchange.domain.cms import sign, verify
from exchange.domain.errors import NeedsPerson
from exchange.ports import Keys
from tests.openssl_tools import openssl

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
COURT = "court-131100"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    init_keys(tmp_path / "keys", COURT, days=365, test=False, now=NOW)
    return tmp_path


def at(home: Path, when: datetime = NOW, **more: Any) -> KeyFiles:
    return KeyFiles(home, clock=lambda: when, **more)


def code(ask: Callable[[], object]) -> int:
    with pytest.raises(NeedsPerson) as caught:
        ask()
    return caught.value.code


def pem(certificate: Any) -> bytes:
    return bytes(certificate.public_bytes(Encoding.PEM))


def test_fresh_keys_serve_every_role(home: Path) -> None:
    keys: Keys = at(home)
    key, certificate = keys.signing()
    assert verify(b"x", sign(b"x", key, certificate, at=NOW), [certificate]).signed_at == NOW
    assert len(keys.decrypting()) == 1
    assert keys.archive_certificate() != certificate
    assert {path.stat().st_mode & 0o777 for path in (home / "keys").glob("*.key.pem")} == {0o600}
    assert (home / "keys").stat().st_mode & 0o777 == 0o700
    assert not list((home / "keys").glob(".*"))


def test_openssl_reads_the_files(home: Path) -> None:
    openssl("pkey", "-in", home / "keys" / "sign.key.pem", "-noout")
    openssl("x509", "-in", home / "keys" / "sign.cert.pem", "-noout")


def test_init_never_overwrites_and_says_what_is_there(home: Path) -> None:
    before = {path: path.read_bytes() for path in (home / "keys").iterdir()}
    first = [(held.role, held.fingerprint) for held in held_keys(home / "keys")]
    again = init_keys(home / "keys", COURT, days=10, test=False, now=NOW + timedelta(days=3))
    assert again == first
    assert {path: path.read_bytes() for path in (home / "keys").iterdir()} == before


def test_init_finishes_what_a_killed_run_left(home: Path) -> None:
    key = (home / "keys" / "decrypt.key.pem").read_bytes()
    (home / "keys" / "decrypt.cert.pem").unlink()
    init_keys(home / "keys", COURT, days=10, test=False, now=NOW)
    assert (home / "keys" / "decrypt.key.pem").read_bytes() == key
    assert at(home).decrypting()


@pytest.mark.parametrize(
    ("algorithm", "kind"), [("ec-p256", ec.EllipticCurvePrivateKey), ("rsa-3072", rsa.RSAPrivateKey)]
)
def test_algorithm_and_test_mark_are_as_asked(tmp_path: Path, algorithm: Any, kind: type) -> None:
    init_keys(tmp_path / "keys", COURT, algorithm=algorithm, days=30, test=True, now=NOW, roles=("sign",))
    key, certificate = at(tmp_path).signing()
    assert isinstance(key, kind)
    assert is_test(certificate)
    assert code(at(tmp_path, live=True).signing) == 802
    assert at(tmp_path, live=False).signing()


def test_a_live_certificate_at_a_test_end_is_refused(home: Path) -> None:
    assert code(at(home, live=False).signing) == 803


def test_a_passphrase_is_asked_for_and_checked(tmp_path: Path) -> None:
    init_keys(tmp_path / "keys", COURT, days=30, test=False, now=NOW, passphrase=b"right", roles=("sign",))
    assert b"ENCRYPTED" in (tmp_path / "keys" / "sign.key.pem").read_bytes()
    assert at(tmp_path, passphrase=b"right").signing()
    assert code(at(tmp_path, passphrase=b"wrong").signing) == 206
    assert code(at(tmp_path).signing) == 206


def test_a_passphrase_does_not_hinder_plain_keys(home: Path) -> None:
    assert at(home, passphrase=b"whatever").signing()


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o644])
def test_a_key_others_can_read_is_refused_with_the_command(home: Path, mode: int) -> None:
    path = home / "keys" / "sign.key.pem"
    path.chmod(mode)
    with pytest.raises(NeedsPerson) as caught:
        at(home).signing()
    assert caught.value.code == 205
    assert f"chmod 600 {path}" in caught.value.next_step
    path.chmod(0o400)
    assert at(home).signing()


def test_missing_files_name_the_command(tmp_path: Path, home: Path) -> None:
    empty = at(tmp_path / "nowhere")
    for ask in (empty.signing, empty.decrypting, empty.archive_certificate, at(home).signing_next):
        with pytest.raises(NeedsPerson, match="exchange keys init") as caught:
            ask()
        assert caught.value.code == 204


def test_expired_and_early_certificates_are_refused(home: Path) -> None:
    for when in (NOW + timedelta(days=366), NOW - timedelta(days=2)):
        keys = at(home, when)
        assert {code(keys.signing), code(keys.decrypting), code(keys.archive_certificate)} == {203}


@pytest.mark.parametrize("content", [b"", b"no key", b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"])
def test_damaged_keys_and_certificates_are_refused(home: Path, content: bytes) -> None:
    (home / "keys" / "sign.key.pem").write_bytes(content)
    (home / "keys" / "archive.cert.pem").write_bytes(content)
    assert code(at(home).signing) == 206
    assert code(at(home).archive_certificate) == 206


def test_a_key_of_another_sort_is_refused(home: Path) -> None:
    odd = ed25519.Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (home / "keys" / "sign.key.pem").write_bytes(odd)
    assert code(at(home).signing) == 206


def test_a_folder_where_a_key_should_be_is_refused(home: Path) -> None:
    (home / "keys" / "sign.key.pem").unlink()
    (home / "keys" / "sign.key.pem").mkdir()
    assert code(at(home).signing) == 206


def test_a_key_that_does_not_fit_is_refused(home: Path) -> None:
    keys = home / "keys"
    (keys / "sign.key.pem").write_bytes((keys / "decrypt.key.pem").read_bytes())
    assert code(at(home).signing) == 207
    assert code(lambda: init_keys(keys, COURT, days=3, test=False, now=NOW)) == 207


def test_the_archive_key_may_be_kept_elsewhere(home: Path) -> None:
    (home / "keys" / "archive.key.pem").unlink()
    assert at(home).archive_certificate()
    init_keys(home / "keys", COURT, days=3, test=False, now=NOW)
    assert not (home / "keys" / "archive.key.pem").exists()
    assert [held.role for held in held_keys(home / "keys") if not held.has_key] == ["archive"]


def test_two_keys_at_a_time_and_the_change_between_them(home: Path) -> None:
    keys = home / "keys"
    later = NOW + timedelta(days=100)
    before = at(home).signing()[1]
    init_keys(keys, COURT, days=400, test=False, now=later, follow=True)
    assert at(home, later).signing()[1] == before
    following = at(home, later).signing_next()[1]
    assert [held.stage for held in held_keys(keys) if held.role == "sign"] == ["current", "next"]
    assert len(at(home, later).decrypting()) == 2
    newest, oldest = (certificate for _, certificate in at(home, later).decrypting())
    assert newest.not_valid_before_utc > oldest.not_valid_before_utc
    for role in ("sign", "decrypt", "archive"):
        promote(keys, role)  # type: ignore[arg-type]
    assert at(home, later).signing()[1] == following
    assert code(at(home, later).signing_next) == 204
    assert [certificate for _, certificate in at(home, later).decrypting()] == [newest, oldest]
    assert code(lambda: promote(keys, "sign")) == 204


def test_an_old_decryption_key_still_opens_late_packets_after_it_expired(home: Path) -> None:
    late = NOW + timedelta(days=380)
    init_keys(home / "keys", COURT, days=400, test=False, now=late, follow=True, roles=("decrypt",))
    promote(home / "keys", "decrypt")
    assert len(at(home, late).decrypting()) == 2
    (destroyed,) = (home / "keys").glob("decrypt.old-*.key.pem")
    destroyed.unlink()
    assert len(at(home, late).decrypting()) == 1


@pytest.mark.parametrize("killed_after", [0, 1, 2, 3])
def test_a_killed_change_is_finished_by_running_it_again(
    home: Path, killed_after: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = home / "keys"
    init_keys(keys, COURT, days=400, test=False, now=NOW, follow=True, roles=("sign",))
    following = at(home).signing_next()[1]
    done = 0
    rename = Path.rename

    def killed(self: Path, target: Any) -> Path:
        nonlocal done
        if done == killed_after:
            raise KeyboardInterrupt
        done += 1
        return rename(self, target)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "rename", killed)
        with pytest.raises(KeyboardInterrupt):
            promote(keys, "sign")
    assert promote(keys, "sign") == fingerprint(following)
    assert at(home).signing()[1] == following
    assert sorted(held.stage for held in held_keys(keys) if held.role == "sign") == ["current", "old"]
    assert len(list(keys.glob("sign.old-*"))) == 2


def test_pinning_needs_the_whole_confirmed_fingerprint(tmp_path: Path) -> None:
    certificate = make_certificate(make_key(), "tax-131100", "sign", at=NOW, days=30)
    good, trust = fingerprint(certificate), tmp_path / "trust"
    for wrong in ("", "  ", good[:16], good[:-1] + ("0" if good[-1] != "0" else "1"), "x" * 64):
        assert code(lambda w=wrong: pin(trust, "tax-131100", "sign", pem(certificate), w)) == 202
    assert not trust.exists()
    colons = ":".join(good[i : i + 2] for i in range(0, 64, 2)).upper()
    for again in (good, colons, f" {good} "):
        pin(trust, "tax-131100", "sign", pem(certificate), again)
    (path,) = (trust / "tax-131100").iterdir()
    assert path.name == f"sign-{good[:16]}.pem"
    assert at(tmp_path).trusted("tax-131100", "sign") == [certificate]


def test_nothing_pinned_is_not_trust(home: Path) -> None:
    keys = at(home)
    assert code(lambda: keys.trusted("tax-131100", "sign")) == 202
    certificate = make_certificate(make_key(), "tax-131100", "sign", at=NOW, days=30)
    pin(home / "trust", "tax-131100", "sign", pem(certificate), fingerprint(certificate))
    assert code(lambda: keys.trusted("tax-131100", "decrypt")) == 202
    assert code(lambda: keys.trusted("tax-131103", "sign")) == 202


def test_trusted_certificates_are_newest_first_and_expired_ones_only_verify(tmp_path: Path) -> None:
    made = [
        make_certificate(make_key(), "tax-131100", "sign", at=NOW + timedelta(days=shift), days=days)
        for shift, days in ((-100, 50), (-10, 400), (-40, 400))
    ]
    for certificate in made:
        for role in ("sign", "decrypt"):
            pin(tmp_path / "trust", "tax-131100", role, pem(certificate), fingerprint(certificate))  # type: ignore[arg-type]
    assert at(tmp_path).trusted("tax-131100", "sign") == [made[1], made[2], made[0]]
    assert at(tmp_path).trusted("tax-131100", "decrypt") == [made[1], made[2]]
    assert code(lambda: at(tmp_path, NOW + timedelta(days=900)).trusted("tax-131100", "decrypt")) == 203


def test_a_test_certificate_pinned_at_a_live_end_is_refused(tmp_path: Path) -> None:
    certificate = make_certificate(make_key(), "tax-131100", "sign", at=NOW, days=30, test=True)
    pin(tmp_path / "trust", "tax-131100", "sign", pem(certificate), fingerprint(certificate))
    assert code(lambda: at(tmp_path, live=True).trusted("tax-131100", "sign")) == 802


def test_what_is_no_certificate_or_too_weak_is_not_pinned(tmp_path: Path) -> None:
    weak = rsa.generate_private_key(public_exponent=65537, key_size=1024)  # noqa: S505
    for key in (weak, ec.generate_private_key(ec.SECP256K1())):
        certificate = make_certificate(key, "tax-131100", "sign", at=NOW, days=30)
        assert code(lambda c=certificate: pin(tmp_path, "tax-131100", "sign", pem(c), fingerprint(c))) == 407
    good = pem(make_certificate(make_key(), "tax-131100", "sign", at=NOW, days=30))
    for content in (b"", b"text", good + good):
        assert code(lambda c=content: pin(tmp_path, "tax-131100", "sign", c, "00" * 32)) == 206


@pytest.mark.parametrize("name", ["", "../other", "a/b", "Tax", "-x", "税务"])
def test_a_party_id_never_leaves_the_folder(tmp_path: Path, name: str) -> None:
    certificate = make_certificate(make_key(), "tax-131100", "sign", at=NOW, days=30)
    assert code(lambda: pin(tmp_path, name, "sign", pem(certificate), fingerprint(certificate))) == 905
    assert code(lambda: at(tmp_path).trusted(name, "sign")) == 905
    assert code(lambda: init_keys(tmp_path / "keys", name, days=3, test=False, now=NOW)) == 905


def test_export_gives_certificates_only_and_they_can_be_pinned(home: Path, tmp_path: Path) -> None:
    given = export_certificates(home / "keys", tmp_path / "given", COURT)
    assert [role for role, _, _ in given] == ["sign", "decrypt"]
    for role, print_, path in given:
        assert b"PRIVATE" not in path.read_bytes()
        pin(tmp_path / "other" / "trust", COURT, role, path.read_bytes(), print_)
    assert at(tmp_path / "other").trusted(COURT, "sign") == [at(home).signing()[1]]
    assert code(lambda: export_certificates(tmp_path / "none", tmp_path / "given", COURT)) == 204
