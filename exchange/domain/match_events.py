"""The ledger's events about matches, and where they and their texts are kept."""

from __future__ import annotations

from typing import Final

DECIDED, SECONDED, REVOKED = "match_decided", "match_confirmed", "match_revoked"
KINDS: Final = (DECIDED, SECONDED, REVOKED)


def match_key(route: str, match_id: str) -> str:
    """Under which the ledger and the vault keep what belongs to one proposal."""
    return f"{route}.match.{match_id}"
