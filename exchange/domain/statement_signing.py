"""`signing.json`: what one side says of a quarter's statement: signed, counter-signed, or refused and why. Pure."""

from __future__ import annotations

from base64 import b64decode, b64encode
from dataclasses import dataclass
from typing import Final, Literal

from exchange.domain.canonical import canonical_json, strict_json

FORMAT: Final = "exchange-signing/1"

Act = Literal["signed", "countersigned", "refused"]
"""By the sender of the cases; by their receiver, over the same bytes; the receiver's no, beside its own figures."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Signing:
    """Hashes in hex. `statement_sha256` is of the statement it travels with, `answers_sha256` of the other side's
    that is counter-signed or refused; `signature` is detached CMS in DER, None for a refusal, which has a `reason`."""

    act: Act
    route: str
    period: str
    version: int
    statement_sha256: str
    answers_sha256: str | None = None
    signature: bytes | None = None
    reason: str | None = None


def signing_bytes(signing: Signing) -> bytes:
    """What travels."""
    return canonical_json(
        {
            "format": FORMAT,
            "act": signing.act,
            "route": signing.route,
            "period": signing.period,
            "version": signing.version,
            "statement_sha256": signing.statement_sha256,
            "answers_sha256": signing.answers_sha256,
            "signature": b64encode(signing.signature).decode("ascii") if signing.signature is not None else None,
            "reason": signing.reason,
        }
    )


def parse_signing(data: bytes) -> Signing:
    """One that follows its schema, as it was checked when its packet was opened."""
    found = strict_json(data)
    signature = b64decode(found["signature"]) if found["signature"] is not None else None
    return Signing(**{name: value for name, value in found.items() if name != "format"} | {"signature": signature})
