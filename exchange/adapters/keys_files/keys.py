"""The `Keys` port over a folder (ports.Keys)."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from cryptography import x509

from exchange.adapters.keys_files.files import (
    check_fits,
    check_guarded,
    is_valid,
    others,
    read_certificate,
    read_key,
    safe,
)
from exchange.domain.certificates import RoleKey, check_valid, check_world
from exchange.domain.errors import NeedsPerson
from exchange.ports import Clock


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
        beside = others(self._keys, "decrypt")
        stems = ["decrypt", *(stem for stem in beside if (self._keys / f"{stem}.key.pem").exists())]
        pairs = [self._pair(stem) for stem in stems]
        certificates = [certificate for _, certificate in pairs]
        self._check_some_valid(certificates)
        return sorted(pairs, key=lambda pair: pair[1].not_valid_before_utc, reverse=True)

    def archive_certificate(self) -> x509.Certificate:
        """The certificate of this end's archive key; the key itself may be kept elsewhere."""
        certificate = self._checked(read_certificate(self._keys / "archive.cert.pem"))
        check_valid(certificate, self._clock())
        return certificate

    def trusted(self, party: str, role: Literal["sign", "decrypt"]) -> Sequence[x509.Certificate]:
        """The counterpart's pinned certificates for a role, newest first; 202 when none is pinned.

        `sign` holds expired ones too: what counts is the signing time. `decrypt` holds those valid now, 203 if none.
        """
        folder = self._trust / safe(party)
        files = sorted(folder.glob(f"{safe(role)}-*.pem"))
        for place in (self._trust, folder, *files):
            check_guarded(place)
        found = [self._checked(read_certificate(path)) for path in files]
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
        return [certificate for certificate in found if is_valid(certificate, self._clock())]

    def _valid_pair(self, stem: str) -> tuple[RoleKey, x509.Certificate]:
        key, certificate = self._pair(stem)
        check_valid(certificate, self._clock())
        return key, certificate

    def _pair(self, stem: str) -> tuple[RoleKey, x509.Certificate]:
        path = self._keys / f"{stem}.key.pem"
        key = read_key(path, self._passphrase)
        certificate = self._checked(read_certificate(self._keys / f"{stem}.cert.pem"))
        check_fits(key, certificate, path)
        return key, certificate

    def _checked(self, certificate: x509.Certificate) -> x509.Certificate:
        if self._live is not None:
            check_world(certificate, live=self._live)
        return certificate

    def _check_some_valid(self, certificates: Sequence[x509.Certificate]) -> None:
        if not any(is_valid(certificate, self._clock()) for certificate in certificates):
            check_valid(max(certificates, key=lambda c: c.not_valid_after_utc), self._clock())
