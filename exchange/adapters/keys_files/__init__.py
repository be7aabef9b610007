"""Keys in a folder: PEM private keys of this end (mode 0600) and pinned certificates of the others.

    <home>/keys/<role>.key.pem, <role>.cert.pem            in use (roles sign, decrypt, archive)
    <home>/keys/<role>.next.key.pem, <role>.next.cert.pem  made, waiting for its canary
    <home>/keys/<role>.old-<fp16>.key.pem, ….cert.pem      replaced; still decrypts what was sealed for it
    <home>/trust/<party>/<role>-<fp16>.pem                 pinned certificates, `fp16` = first 16 of the fingerprint
    <home>/trust/<party>/<role>-<fp16>.revoked             no longer trusted, kept for the record

Nothing is ever overwritten. Source: docs/packet-format.md, clause "Keys".
"""

from exchange.adapters.keys_files.keys import KeyFiles
from exchange.adapters.keys_files.manage import (
    HeldKey,
    export_certificates,
    held_keys,
    init_keys,
    known_algorithm,
    pin,
    pinned_keys,
    promote,
    unpin,
)

__all__ = [
    "HeldKey",
    "KeyFiles",
    "export_certificates",
    "held_keys",
    "init_keys",
    "known_algorithm",
    "pin",
    "pinned_keys",
    "promote",
    "unpin",
]
