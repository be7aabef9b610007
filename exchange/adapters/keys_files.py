"""Keys in a folder: PEM private keys of this end (mode 0600) and pinned certificates of the others.

    <home>/keys/<role>.key.pem, <role>.cert.pem            in use (roles sign, decrypt, archive)
    <home>/keys/<role>.next.key.pem, <role>.next.cert.pem  made, waiting for its canary
    <home>/keys/<role>.old-<fp16>.key.pem, ….cert.pem      replaced; still decrypts what was sealed for it
    <home>/trust/<party>/<role>-<fp16>.pem                 pinned certificates, `fp16` = first 16 of the fingerprint

Nothing is ever overwritten. Source: docs/packet-format.md, clause "Keys".
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final, Literal, cast

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    KeySerializationEncryption,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from exchange.domain.certificates import (
    ROLES,
    Algorithm,
    Role,
    RoleKey,
    check_valid,
    check_world,
    fingerprint,
    is_test,
    make_certificate,
    make_key,
)
from exchange.domain.errors import NeedsPerson
from exchange.ports import Clock

_NAME: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,63}")
_LEAST_RSA_BITS: Final = 2048
_CURVES: Final = ("secp256r1", "secp384r1")
_MOST_BYTES: Final = 1 << 16


class KeyFiles:
    """The `Keys` port over a folder. Files are read anew at each call, so a change of keys needs no restart.

    `passphrase` opens the private keys when they are encrypted. `live` True or False refuses certificates of the
    other world (802, 803); None leaves that to the caller.
    """

    def __init__(self, home: Path, *, clock: Clock, passphrase: bytes | None = None, live: bool | None = None) -> None:
        self._keys, self._trust = home / "keys", home / "trust"
        self._clock, self._passphrase, self._live = clock, passphrase, live

    def signing(self) -> tuple[RoleKey, x509.Certificate]:
        """This end's current signing key and certificate. NeedsPerson 203 to 207, 802, 803."""
        return self._valid_pair("sign")

    def signing_next(self) -> tuple[RoleKey, x509.Certificate]:
        """The signing key made to follow, for its canary alone; 204 when there is none."""
        return self._valid_pair("sign.next")

    def decrypting(self) -> Sequence[tuple[RoleKey, x509.Certificate]]:
        """This end's decryption keys, newest first: next, in use and replaced ones (late packets need those).

        One beside the current whose private key is no longer here is left out. 203 when none is valid today.
        """
        others = _others(self._keys, "decrypt")
        stems = ["decrypt", *(stem for stem in others if (self._keys / f"{stem}.key.pem").exists())]
        pairs = [self._pair(stem) for stem in stems]
        certificates = [certificate for _, certificate in pairs]
        self._check_some_valid(certificates)
        return sorted(pairs, key=lambda pair: pair[1].not_valid_before_utc, reverse=True)

    def archive_certificate(self) -> x509.Certificate:
        """The certificate of this end's archive key; the key itself may be kept elsewhere."""
        certificate = self._checked(_read_certificate(self._keys / "archive.cert.pem"))
        check_valid(certificate, self._clock())
        return certificate

    def trusted(self, party: str, role: Literal["sign", "decrypt"]) -> Sequence[x509.Certificate]:
        """The counterpart's pinned certificates for a role, newest first; 202 when none is pinned.

        `sign` holds expired ones too: what counts is the signing time. `decrypt` holds those valid now, 203 if none.
        """
        folder = self._trust / _safe(party)
        found = [self._checked(_read_certificate(path)) for path in sorted(folder.glob(f"{_safe(role)}-*.pem"))]
        if not found:
            raise NeedsPerson(
                202,
                f"No certificate of {party} is pinned for role {role!r}.",
                where=str(folder),
                next_step="Get the certificate file, confirm its fingerprint by phone, run `exchange keys pin`.",
            )
        found.sort(key=lambda certificate: certificate.not_valid_before_utc, reverse=True)
        if role == "sign":
            return found
        self._check_some_valid(found)
        return [certificate for certificate in found if _is_valid(certificate, self._clock())]

    def _valid_pair(self, stem: str) -> tuple[RoleKey, x509.Certificate]:
        key, certificate = self._pair(stem)
        check_valid(certificate, self._clock())
        return key, certificate

    def _pair(self, stem: str) -> tuple[RoleKey, x509.Certificate]:
        path = self._keys / f"{stem}.key.pem"
        key = _read_key(path, self._passphrase)
        certificate = self._checked(_read_certificate(self._keys / f"{stem}.cert.pem"))
        _check_fits(key, certificate, path)
        return key, certificate

    def _checked(self, certificate: x509.Certificate) -> x509.Certificate:
        if self._live is not None:
            check_world(certificate, live=self._live)
        return certificate

    def _check_some_valid(self, certificates: Sequence[x509.Certificate]) -> None:
        if not any(_is_valid(certificate, self._clock()) for certificate in certificates):
            check_valid(max(certificates, key=lambda c: c.not_valid_after_utc), self._clock())


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldKey:
    """One certificate of this end. `stage`: current, next or old; `has_key` whether the private key is here."""

    role: Role
    stage: Literal["current", "next", "old"]
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
    _safe(party)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    made = []
    for role in roles:
        stem = f"{role}.next" if follow else role
        key_path, cert_path = folder / f"{stem}.key.pem", folder / f"{stem}.cert.pem"
        if not cert_path.exists():
            if not key_path.exists():
                _write_new(key_path, _key_pem(make_key(algorithm), passphrase), mode=0o600)
            key = _read_key(key_path, passphrase)
            certificate = make_certificate(key, party, role, at=now, days=days, test=test)
            _write_new(cert_path, certificate.public_bytes(Encoding.PEM), mode=0o644)
        certificate = _read_certificate(cert_path)
        if key_path.exists():
            _check_fits(_read_key(key_path, passphrase), certificate, key_path)
        made.append((role, fingerprint(certificate)))
    return made


def held_keys(folder: Path) -> list[HeldKey]:
    """What a keys folder holds, by role and age. Private keys are looked for, not read."""
    found = []
    for role in ROLES:
        for stem in (role, *_others(folder, role)):
            path = folder / f"{stem}.cert.pem"
            if path.exists():
                certificate = _read_certificate(path)
                rest = stem.removeprefix(role)
                found.append(
                    HeldKey(
                        role=role,
                        stage="current" if not rest else "next" if rest == ".next" else "old",
                        fingerprint=fingerprint(certificate),
                        not_before=certificate.not_valid_before_utc,
                        not_after=certificate.not_valid_after_utc,
                        test=is_test(certificate),
                        has_key=(folder / f"{stem}.key.pem").exists(),
                    )
                )
    return found


def promote(folder: Path, role: Role) -> str:
    """Put the `.next` key of a role in use and keep the one it replaces as `.old-…`; the new fingerprint.

    Killed in between and run again it ends the same. 204 when there is no `.next` key.
    """
    cert_path, next_cert = folder / f"{role}.cert.pem", folder / f"{role}.next.cert.pem"
    key_path, next_key = folder / f"{role}.key.pem", folder / f"{role}.next.key.pem"
    if not next_cert.exists():
        raise _missing(next_cert)
    certificate = _read_certificate(next_cert)
    if cert_path.exists():
        old = folder / f"{role}.old-{fingerprint(_read_certificate(cert_path))[:16]}"
        if key_path.exists():
            key_path.rename(f"{old}.key.pem")
        cert_path.rename(f"{old}.cert.pem")
    if next_key.exists():
        next_key.rename(key_path)
    next_cert.rename(cert_path)
    return fingerprint(certificate)


def pin(trust_folder: Path, party: str, role: Role, cert_pem: bytes, expected_fingerprint: str) -> None:
    """Trust a counterpart's certificate for a role, once a person has confirmed its fingerprint.

    `trust_folder` is `<home>/trust`; the fingerprint is the whole SHA-256 (hex; colons and spaces don't matter).
    Pinning the same again changes nothing. NeedsPerson 202 when the fingerprint differs or is not given, 206 when
    the file is no certificate, 407 when its key is too weak for any profile.
    """
    certificate = _parse_certificate(cert_pem, "the given certificate")
    actual, expected = fingerprint(certificate), re.sub(r"[\s:]", "", expected_fingerprint).lower()
    if expected != actual:
        raise NeedsPerson(
            202,
            "The certificate's fingerprint is not the one confirmed." if expected else "No fingerprint was confirmed.",
            where=f"{party} {role}, certificate {actual}",
            next_step="Read all 64 digits over the phone with the counterpart; pin only when they are the same.",
        )
    public = certificate.public_key()
    strong = isinstance(public, rsa.RSAPublicKey) and public.key_size >= _LEAST_RSA_BITS
    if not strong and not (isinstance(public, ec.EllipticCurvePublicKey) and public.curve.name in _CURVES):
        raise NeedsPerson(
            407,
            "The certificate's key is of a kind or length that no profile allows.",
            where=f"{party} {role}, certificate {actual}",
            next_step="Ask the counterpart for a certificate with an RSA key of 3072 bits or an EC key on P-256.",
        )
    folder = trust_folder / _safe(party)
    folder.mkdir(mode=0o755, parents=True, exist_ok=True)
    path = folder / f"{role}-{actual[:16]}.pem"
    if not path.exists():
        _write_new(path, certificate.public_bytes(Encoding.PEM), mode=0o644)


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
                certificate = _read_certificate(source)
                path = into / f"{_safe(party)}-{role}-{fingerprint(certificate)[:16]}.pem"
                path.write_bytes(certificate.public_bytes(Encoding.PEM))
                given.append((role, fingerprint(certificate), path))
    if not given:
        raise _missing(folder / "sign.cert.pem")
    return given


def _others(folder: Path, role: str) -> list[str]:
    """Stems of the keys beside the current one."""
    suffix = ".cert.pem"
    paths = [*folder.glob(f"{role}.next{suffix}"), *sorted(folder.glob(f"{role}.old-*{suffix}"))]
    return [path.name.removesuffix(suffix) for path in paths]


def _is_valid(certificate: x509.Certificate, at: datetime) -> bool:
    return certificate.not_valid_before_utc <= at <= certificate.not_valid_after_utc


def _safe(name: str) -> str:
    if not _NAME.fullmatch(name):
        raise NeedsPerson(
            905,
            "A party's id may hold small letters, digits and hyphens only.",
            where="party id",
            next_step="Use the id as it stands in contracts/parties.",
        )
    return name


def _missing(path: Path) -> NeedsPerson:
    return NeedsPerson(
        204, "A key file is missing.", where=str(path), next_step="Make this end's keys with `exchange keys init`."
    )


def _unreadable(where: str, why: str) -> NeedsPerson:
    return NeedsPerson(
        206,
        f"The key or certificate can't be read: {why}.",
        where=where,
        next_step="Check the passphrase and who owns the file; restore the file from the key backup if it is broken.",
    )


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(_MOST_BYTES)
    except FileNotFoundError as error:
        raise _missing(path) from error
    except OSError as error:
        raise _unreadable(str(path), error.strerror or "it does not open") from error


def _read_key(path: Path, passphrase: bytes | None) -> RoleKey:
    data = _read(path)
    if stat.S_IMODE(path.stat().st_mode) & 0o077:
        raise NeedsPerson(
            205,
            "A private key can be read by others than its owner.",
            where=str(path),
            next_step=f"Run `chmod 600 {path}`, find out who could read it, and change the key if in doubt.",
        )
    encrypted = b"ENCRYPTED" in data
    if encrypted and not passphrase:
        raise _unreadable(str(path), "it needs a passphrase and none was given")
    try:
        key = load_pem_private_key(data, passphrase if encrypted else None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        why = "the passphrase is wrong or the file is damaged" if encrypted else "the file is damaged"
        raise _unreadable(str(path), why) from error
    if not isinstance(key, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey):
        raise _unreadable(str(path), "it is neither an RSA nor an EC key")
    return key


def _read_certificate(path: Path) -> x509.Certificate:
    return _parse_certificate(_read(path), str(path))


def _parse_certificate(pem: bytes, where: str) -> x509.Certificate:
    try:
        (certificate,) = x509.load_pem_x509_certificates(pem)
        certificate.public_key()
    except (ValueError, UnsupportedAlgorithm) as error:
        raise _unreadable(where, "it does not hold exactly one PEM certificate") from error
    return certificate


def _check_fits(key: RoleKey, certificate: x509.Certificate, path: Path) -> None:
    if key.public_key() != certificate.public_key():
        raise NeedsPerson(
            207,
            "The private key does not belong to the certificate beside it.",
            where=f"{path}, certificate {fingerprint(certificate)}",
            next_step="Put back the pair that belongs together; both files change together.",
        )


def _key_pem(key: RoleKey, passphrase: bytes | None) -> bytes:
    lock = BestAvailableEncryption(passphrase) if passphrase else NoEncryption()
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, cast(KeySerializationEncryption, lock))


def _write_new(path: Path, data: bytes, *, mode: int) -> None:
    """Write a file whole or not at all, and never over another."""
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        path.hardlink_to(part)
    except FileExistsError as error:
        raise NeedsPerson(
            205, "A key file appeared while it was being made.", where=str(path), next_step="Run the command again."
        ) from error
    finally:
        part.unlink(missing_ok=True)
