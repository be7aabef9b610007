"""Making, pinning, exchanging and replacing keys: what people do with them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final, Literal, get_args

from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding

from exchange.adapters.keys_files.files import (
    check_fits,
    key_pem,
    missing,
    others,
    parse_certificate,
    read_certificate,
    read_key,
    safe,
    write_new,
)
from exchange.domain.certificates import (
    ROLES,
    Algorithm,
    Role,
    check_world,
    fingerprint,
    is_test,
    make_certificate,
    make_key,
)
from exchange.domain.errors import NeedsPerson

Stage = Literal["current", "next", "old", "pinned"]

_LEAST_RSA_BITS: Final = 2048
_CURVES: Final = ("secp256r1", "secp384r1")


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldKey:
    """One certificate of this end, or a pinned one: `certificate` its file, `has_key` whether its key is here."""

    role: Role
    certificate: Path
    stage: Stage
    fingerprint: str
    not_before: datetime
    not_after: datetime
    test: bool
    has_key: bool


def init_keys(
    folder: Path,
    party: str,
    *,
    algorithm: Algorithm = "ec-p256",
    days: int,
    test: bool,
    now: datetime,
    passphrase: bytes | None = None,
    roles: Sequence[Role] = ROLES,
    follow: bool = False,
) -> list[tuple[Role, str]]:
    """Make the keys and certificates that are missing, and return (role, fingerprint) of every role asked for.

    `folder` is `<home>/keys`. What exists stays as it is (`held_keys` says what that is); a key left without its
    certificate by a broken run gets one. `follow` makes the `.next` ones. NeedsPerson 205, 206, 207.
    """
    safe(party)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    made = []
    for role in roles:
        stem = f"{role}.next" if follow else role
        key_path, cert_path = folder / f"{stem}.key.pem", folder / f"{stem}.cert.pem"
        if not cert_path.exists():
            if not key_path.exists():
                write_new(key_path, key_pem(make_key(algorithm), passphrase), mode=0o600)
            key = read_key(key_path, passphrase)
            certificate = make_certificate(key, party, role, at=now, days=days, test=test)
            write_new(cert_path, certificate.public_bytes(Encoding.PEM), mode=0o644)
        certificate = read_certificate(cert_path)
        if key_path.exists():
            check_fits(read_key(key_path, passphrase), certificate, key_path)
        made.append((role, fingerprint(certificate)))
    return made


def known_algorithm(name: str) -> Algorithm:
    """A key algorithm by its name; NeedsPerson 905 for any other."""
    known: dict[str, Algorithm] = {one: one for one in get_args(Algorithm)}
    if name not in known:
        raise NeedsPerson(
            905,
            f"There is no key algorithm {name!r}.",
            where="--algorithm",
            next_step=f"One of: {', '.join(known)}.",
        )
    return known[name]


def held_keys(folder: Path) -> list[HeldKey]:
    """What a keys folder holds, by role and age. Private keys are looked for, not read."""
    found = []
    for role in ROLES:
        for stem in (role, *others(folder, role)):
            path = folder / f"{stem}.cert.pem"
            if path.exists():
                rest = stem.removeprefix(role)
                stage: Stage = "current" if not rest else "next" if rest == ".next" else "old"
                found.append(_held(role, stage, path, has_key=(folder / f"{stem}.key.pem").exists()))
    return found


def _held(role: Role, stage: Stage, path: Path, *, has_key: bool) -> HeldKey:
    certificate = read_certificate(path)
    return HeldKey(
        role=role,
        certificate=path,
        stage=stage,
        fingerprint=fingerprint(certificate),
        not_before=certificate.not_valid_before_utc,
        not_after=certificate.not_valid_after_utc,
        test=is_test(certificate),
        has_key=has_key,
    )


def promote(folder: Path, role: Role) -> str:
    """Put the `.next` key of a role in use and keep the one it replaces as `.old-…`; the new fingerprint.

    Killed in between and run again it ends the same. 204 when there is no `.next` key.
    """
    cert_path, next_cert = folder / f"{role}.cert.pem", folder / f"{role}.next.cert.pem"
    key_path, next_key = folder / f"{role}.key.pem", folder / f"{role}.next.key.pem"
    if not next_cert.exists():
        raise missing(next_cert)
    certificate = read_certificate(next_cert)
    if cert_path.exists():
        old = folder / f"{role}.old-{fingerprint(read_certificate(cert_path))[:16]}"
        if key_path.exists():
            key_path.rename(f"{old}.key.pem")
        cert_path.rename(f"{old}.cert.pem")
    if next_key.exists():
        next_key.rename(key_path)
    next_cert.rename(cert_path)
    return fingerprint(certificate)


def pin(
    trust_folder: Path,
    party: str,
    role: Role,
    cert_pem: bytes,
    expected_fingerprint: str,
    *,
    live: bool | None = None,
) -> None:
    """Trust a counterpart's certificate for a role, once a person has confirmed its fingerprint.

    `trust_folder` is `<home>/trust`; the fingerprint is the whole SHA-256 (hex; colons and spaces don't matter).
    Pinning the same again changes nothing. NeedsPerson 202 when the fingerprint differs or is not given, 206 when
    the file is no certificate, 407 when its key is too weak for any profile, 802 or 803 when it is of the other
    world than `live` says.
    """
    certificate = parse_certificate(cert_pem, "the given certificate")
    actual, expected = fingerprint(certificate), plain_fingerprint(expected_fingerprint)
    if expected != actual:
        raise NeedsPerson(
            202,
            "The certificate's fingerprint is not the one confirmed." if expected else "No fingerprint was confirmed.",
            where=f"{party} {role}, certificate {actual}",
            next_step="Read all 64 digits over the phone with the counterpart; pin only when they are the same.",
        )
    if live is not None:
        check_world(certificate, live=live)
    public = certificate.public_key()
    strong = isinstance(public, rsa.RSAPublicKey) and public.key_size >= _LEAST_RSA_BITS
    if not strong and not (isinstance(public, ec.EllipticCurvePublicKey) and public.curve.name in _CURVES):
        raise NeedsPerson(
            407,
            "The certificate's key is of a kind or length that no profile allows.",
            where=f"{party} {role}, certificate {actual}",
            next_step="Ask the counterpart for a certificate with an RSA key of 3072 bits or an EC key on P-256.",
        )
    folder = trust_folder / safe(party)
    folder.mkdir(mode=0o755, parents=True, exist_ok=True)
    path = folder / f"{role}-{actual[:16]}.pem"
    if not path.exists():
        write_new(path, certificate.public_bytes(Encoding.PEM), mode=0o644)


def unpin(trust_folder: Path, party: str, role: Role, whole_fingerprint: str) -> list[HeldKey]:
    """Trust a certificate no longer; its file stays as `….revoked`. NeedsPerson 914 when none such is pinned."""
    wanted = plain_fingerprint(whole_fingerprint)
    pinned = [key for key in pinned_keys(trust_folder, party) if (key.role, key.fingerprint) == (role, wanted)]
    if not pinned:
        raise NeedsPerson(
            914,
            "No certificate of this fingerprint is pinned for this role.",
            where=f"{party} {role}",
            next_step="List them with `exchange keys list`, and give the whole fingerprint.",
        )
    for key in pinned:
        key.certificate.rename(key.certificate.with_suffix(".revoked"))
    return pinned


def pinned_keys(trust_folder: Path, party: str) -> list[HeldKey]:
    """A party's pinned certificates, by role."""
    folder = trust_folder / safe(party)
    found = ((role, path) for role in ROLES for path in sorted(folder.glob(f"{role}-*.pem")))
    return [_held(role, "pinned", path, has_key=False) for role, path in found]


def plain_fingerprint(text: str) -> str:
    """A fingerprint as people write it (colons, blanks, capitals) as 64 small hex digits."""
    return re.sub(r"[\s:]", "", text).lower()


def export_certificates(folder: Path, into: Path, party: str) -> list[tuple[Role, str, Path]]:
    """Copy this end's sign and decrypt certificates (next ones too) to give to a counterpart.

    Files are `<party>-<role>-<fp16>.pem`; returns (role, fingerprint, file). 204 when there is nothing to give.
    """
    into.mkdir(parents=True, exist_ok=True)
    given: list[tuple[Role, str, Path]] = []
    for role in (r for r in ROLES if r != "archive"):
        for stem in (role, f"{role}.next"):
            source = folder / f"{stem}.cert.pem"
            if source.exists():
                certificate = read_certificate(source)
                path = into / f"{safe(party)}-{role}-{fingerprint(certificate)[:16]}.pem"
                path.write_bytes(certificate.public_bytes(Encoding.PEM))
                given.append((role, fingerprint(certificate), path))
    if not given:
        raise missing(folder / "sign.cert.pem")
    return given
