"""The stock openssl as judge, and the throw-away keys of tests/vectors/cms."""

from __future__ import annotations

import io
import json
import subprocess
from functools import cache
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.serialization import load_pem_private_key

VECTORS = Path(__file__).parent / "vectors" / "cms"
OAEP = ("-keyopt", "rsa_padding_mode:oaep", "-keyopt", "rsa_oaep_md:sha256")
ECDH = ("-keyopt", "ecdh_kdf_md:sha256")


def openssl(*words: object, check: bool = True) -> subprocess.CompletedProcess[bytes]:
    """Run openssl with these words."""
    return subprocess.run(["openssl", *map(str, words)], check=check, capture_output=True, timeout=60)


@cache
def pair(name: str) -> tuple[Any, x509.Certificate]:
    """A throw-away key and its certificate."""
    key = load_pem_private_key((VECTORS / f"{name}.key.pem").read_bytes(), None)
    return key, x509.load_pem_x509_certificate((VECTORS / f"{name}.cert.pem").read_bytes())


@cache
def plain() -> bytes:
    """What the vectors hold or sign."""
    return (VECTORS / "plain.bin").read_bytes()


def index(kind: str) -> list[dict[str, Any]]:
    """The lines of vectors.json of one kind."""
    return [line for line in json.loads((VECTORS / "vectors.json").read_text()) if line["kind"] == kind]


def encrypt(content: bytes, folder: Path, *words: object) -> bytes:
    """`openssl cms -encrypt` in DER or, with -stream, BER."""
    (folder / "plain").write_bytes(content)
    files = ("-in", folder / "plain", "-outform", "DER", "-out", folder / "sealed")
    openssl("cms", "-encrypt", "-binary", *files, *words)
    return (folder / "sealed").read_bytes()


def decrypt(sealed: bytes, folder: Path, name: str) -> bytes:
    """`openssl cms -decrypt` with a throw-away key."""
    (folder / "sealed").write_bytes(sealed)
    files = ("-in", folder / "sealed", "-inform", "DER", "-out", folder / "opened")
    own = ("-inkey", VECTORS / f"{name}.key.pem", "-recip", VECTORS / f"{name}.cert.pem")
    openssl("cms", "-decrypt", "-binary", *files, *own)
    return (folder / "opened").read_bytes()


class Dribble(io.BytesIO):
    """A stream that gives a few bytes at a time, as a socket may."""

    def read(self, size: int | None = -1) -> bytes:
        return super().read(min(7, size) if size and size > 0 else 7)
