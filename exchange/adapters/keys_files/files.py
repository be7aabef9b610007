"""Key and certificate files: read without mercy, written once and whole."""

from __future__ import annotations

import os
import re
import stat
from datetime import datetime
from pathlib import Path
from typing import Final, cast

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

from exchange.domain.certificates import RoleKey, fingerprint
from exchange.domain.errors import NeedsPerson

_NAME: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,63}")
_MOST_BYTES: Final = 1 << 16


def others(folder: Path, role: str) -> list[str]:
    """Stems of the keys beside the current one."""
    suffix = ".cert.pem"
    paths = [*folder.glob(f"{role}.next{suffix}"), *sorted(folder.glob(f"{role}.old-*{suffix}"))]
    return [path.name.removesuffix(suffix) for path in paths]


def is_valid(certificate: x509.Certificate, at: datetime) -> bool:
    """Whether a certificate is in force at a time (aware)."""
    return certificate.not_valid_before_utc <= at <= certificate.not_valid_after_utc


def safe(name: str) -> str:
    """A name that may stand in a path; NeedsPerson 905 for any other."""
    if not _NAME.fullmatch(name):
        raise NeedsPerson(
            905,
            "A party's id may hold small letters, digits and hyphens only.",
            where="party id",
            next_step="Use the id as it stands in contracts/parties.",
        )
    return name


def missing(path: Path) -> NeedsPerson:
    """204, for this file."""
    return NeedsPerson(
        204, "A key file is missing.", where=str(path), next_step="Make this end's keys with `exchange keys init`."
    )


def unreadable(where: str, why: str) -> NeedsPerson:
    """206, for this place."""
    return NeedsPerson(
        206,
        f"The key or certificate can't be read: {why}.",
        where=where,
        next_step="Check the passphrase and who owns the file; restore the file from the key backup if it is broken.",
    )


def read(path: Path, *, private: bool = False) -> bytes:
    """A key file's bytes; NeedsPerson 204, 206, and 205 for a private one that others than its owner can read."""
    try:
        with path.open("rb") as file:
            if private and stat.S_IMODE(os.fstat(file.fileno()).st_mode) & 0o077:
                raise _open_to_others(path)
            return file.read(_MOST_BYTES)
    except FileNotFoundError as error:
        raise missing(path) from error
    except OSError as error:
        raise unreadable(str(path), error.strerror or "it does not open") from error


def _open_to_others(path: Path) -> NeedsPerson:
    return NeedsPerson(
        205,
        "A private key can be read by others than its owner.",
        where=str(path),
        next_step=f"Run `chmod 600 {path}`, find out who could read it, and change the key if in doubt.",
    )


def read_key(path: Path, passphrase: bytes | None) -> RoleKey:
    """A private key; NeedsPerson 204, 205, 206."""
    data = read(path, private=True)
    encrypted = b"ENCRYPTED" in data
    if encrypted and not passphrase:
        raise unreadable(str(path), "it needs a passphrase and none was given")
    try:
        key = load_pem_private_key(data, passphrase if encrypted else None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        why = "the passphrase is wrong or the file is damaged" if encrypted else "the file is damaged"
        raise unreadable(str(path), why) from error
    if not isinstance(key, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey):
        raise unreadable(str(path), "it is neither an RSA nor an EC key")
    return key


def check_guarded(path: Path) -> None:
    """NeedsPerson 205 for a file or folder that others than its owner may change: who can write there can pin."""
    if path.exists() and stat.S_IMODE(path.stat().st_mode) & 0o022:
        raise NeedsPerson(
            205,
            "What this end trusts can be changed by others than its owner.",
            where=str(path),
            next_step=f"Run `chmod go-w {path}`, then compare every pinned fingerprint with the counterpart's again.",
        )


def read_certificate(path: Path) -> x509.Certificate:
    """The one certificate of a PEM file; NeedsPerson 204, 206."""
    return parse_certificate(read(path), str(path))


def parse_certificate(pem: bytes, where: str) -> x509.Certificate:
    """The one certificate of PEM bytes; NeedsPerson 206."""
    try:
        (certificate,) = x509.load_pem_x509_certificates(pem)
        certificate.public_key()
    except (ValueError, UnsupportedAlgorithm) as error:
        raise unreadable(where, "it does not hold exactly one PEM certificate") from error
    return certificate


def check_fits(key: RoleKey, certificate: x509.Certificate, path: Path) -> None:
    """NeedsPerson 207 for a key and a certificate that are no pair."""
    if key.public_key() != certificate.public_key():
        raise NeedsPerson(
            207,
            "The private key does not belong to the certificate beside it.",
            where=f"{path}, certificate {fingerprint(certificate)}",
            next_step="Put back the pair that belongs together; both files change together.",
        )


def key_pem(key: RoleKey, passphrase: bytes | None) -> bytes:
    """A private key as PKCS#8 PEM, encrypted when there is a passphrase."""
    lock = BestAvailableEncryption(passphrase) if passphrase else NoEncryption()
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, cast(KeySerializationEncryption, lock))


def write_new(path: Path, data: bytes, *, mode: int) -> None:
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
