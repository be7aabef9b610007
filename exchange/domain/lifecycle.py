"""The life of an exchange: events, states and the one table of allowed moves.

An exchange's record is the fold of its events over this table; nothing else decides where it stands.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

OPENED, EXTRACTED, CHECKED, STOPPED = "opened", "extracted", "checked", "stopped"
PREPARED, APPROVED, REFUSED = "prepared", "approved", "refused"
PACKED, SENT, RECEIVED, ACCEPTED, REJECTED = "packed", "sent", "received", "accepted", "rejected"
TAKEN_IN = "taken_in"

MOVES: Final[Mapping[tuple[str | None, str], str]] = {
    # ours, going out
    (None, "exchange_opened"): OPENED,
    (OPENED, "extracted"): EXTRACTED,
    (OPENED, "refused"): REFUSED,
    (EXTRACTED, "checked"): CHECKED,
    (EXTRACTED, "stopped"): STOPPED,
    (EXTRACTED, "refused"): REFUSED,
    (STOPPED, "stop_lifted"): CHECKED,
    (STOPPED, "explained"): STOPPED,
    (STOPPED, "overruled"): EXTRACTED,
    (STOPPED, "refused"): REFUSED,
    (CHECKED, "prepared"): PREPARED,
    (CHECKED, "released"): APPROVED,
    (CHECKED, "explained"): CHECKED,
    (CHECKED, "overruled"): EXTRACTED,
    (CHECKED, "refused"): REFUSED,
    (PREPARED, "approved"): APPROVED,
    (PREPARED, "explained"): CHECKED,
    (PREPARED, "overruled"): EXTRACTED,
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
"""(state, event) → state. A reason given after an exchange was prepared voids the preparation; an overruled reject
changes the content, so it is assembled and prepared anew. An event absent from every key of this table records a fact
and moves nothing."""

MOVING: Final = frozenset(event for _, event in MOVES)

SENT_BACK: Final = frozenset({REFUSED, REJECTED})
"""By an officer, or by the other side: the round may be tried anew."""

GONE: Final = frozenset({SENT, RECEIVED, ACCEPTED})
"""Out, and not sent back."""


def move(state: str | None, event: str) -> str | None:
    """The state after an event; the same state for a fact; None when the move is not allowed."""
    if event not in MOVING:
        return state
    return MOVES.get((state, event))


def attempt(base: str, state_of: Callable[[str], str | None], over: Callable[[str, str], bool]) -> str:
    """The key a round goes on under: its last attempt, `base`, `base.2`, `base.3` …, or the next when that is over.

    `state_of` tells an exchange's state by key, None when there is none; `over` judges the last attempt (key, state).
    """
    key, number = base, 1
    while (state := state_of(key)) is not None:
        number += 1
        after = f"{base}.{number}"
        if state_of(after) is None and not over(key, state):
            break
        key = after
    return key
