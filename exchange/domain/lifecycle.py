"""The life of an exchange: events, states and the one table of allowed moves.

An exchange's record is the fold of its events over this table; nothing else decides where it stands.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

OPENED, EXTRACTED, CHECKED, STOPPED = "opened", "extracted", "checked", "stopped"
PREPARED, APPROVED, REFUSED = "prepared", "approved", "refused"
PACKED, SENT, RECEIVED, ACCEPTED, REJECTED = "packed", "sent", "received", "accepted", "rejected"
TAKEN_IN = "taken_in"

MOVES: Final[Mapping[tuple[str | None, str], str]] = {
    # ours, going out
    (None, "exchange_opened"): OPENED,
    (OPENED, "extracted"): EXTRACTED,
    (EXTRACTED, "checked"): CHECKED,
    (EXTRACTED, "stopped"): STOPPED,
    (STOPPED, "stop_lifted"): CHECKED,
    (STOPPED, "refused"): REFUSED,
    (CHECKED, "prepared"): PREPARED,
    (CHECKED, "released"): APPROVED,
    (CHECKED, "refused"): REFUSED,
    (PREPARED, "approved"): APPROVED,
    (PREPARED, "refused"): REFUSED,
    (APPROVED, "refused"): REFUSED,
    (APPROVED, "packed"): PACKED,
    (PACKED, "sent"): SENT,
    (SENT, "receipt_opened"): RECEIVED,
    (SENT, "receipt_validated"): ACCEPTED,
    (RECEIVED, "receipt_validated"): ACCEPTED,
    (SENT, "receipt_refused"): REJECTED,
    (RECEIVED, "receipt_refused"): REJECTED,
    # theirs, coming in
    (None, "taken_in"): TAKEN_IN,
}
"""(state, event) → state. An event absent from every key of this table records a fact and moves nothing."""

MOVING: Final = frozenset(event for _, event in MOVES)


def move(state: str | None, event: str) -> str | None:
    """The state after an event; the same state for a fact; None when the move is not allowed."""
    if event not in MOVING:
        return state
    return MOVES.get((state, event))
