"""The joint meeting: acts taken here, told to the other side once released, heard from it, folded into one book."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from exchange.domain import meeting_life, meeting_sharing
from exchange.domain.break_life import note_name
from exchange.journeys.calling import Swept, attempted, call
from exchange.ports import Parts

if TYPE_CHECKING:
    from collections.abc import Sequence

    from exchange.domain.meeting_life import Act, Book


def meet(parts: Parts, act: str, told: Mapping[str, Any], *, by: str, other: str | None = None) -> str:
    """One officer's act; the id of what it is about."""
    from exchange.steps.meet import meet as step

    id: str = call(step, parts, act, by=by, told=told, other=other)
    return id


def meeting_with(parts: Parts, other: str | None = None) -> str:
    """The party this end meets with: the one named, or its only one; NeedsPerson 905 when neither is."""
    return meeting_sharing.partner(parts.agreement, parts.party, other)


def meeting_book(parts: Parts, other: str | None = None) -> Book:
    """Everything as it stands with one party."""
    other = meeting_with(parts, other)
    alone = meeting_sharing.way_to(parts.agreement, parts.party, other) is None
    return meeting_life.fold(parts.ledger.events(exchange=meeting_life.meeting_key(other)), alone=alone)


def meeting_text(parts: Parts, other: str, sha256: str | None) -> str:
    """A text of the meetings with one party, by its hash; empty for none."""
    if not sha256:
        return ""
    return parts.vault.get(meeting_life.meeting_key(other), note_name(sha256)).decode("utf-8")


def meeting_untold(parts: Parts, other: str | None = None) -> Sequence[Act]:
    """What this end did and no exchange on its way tells the other side; nothing where none of it goes there."""
    other = meeting_with(parts, other)
    if meeting_sharing.way_to(parts.agreement, parts.party, other) is None:
        return ()
    events = list(parts.ledger.events(exchange=meeting_life.meeting_key(other)))
    return meeting_sharing.untold(events, parts.party, meeting_sharing.state_by(parts.ledger.exchange), replacing=True)


def share_meeting(parts: Parts, other: str | None = None, *, by: str | None = None) -> str | None:
    """Open the exchange that tells the other side what it has not heard, and with `by` put it forward for the second
    officer; its key, None when nothing is to be told."""
    from exchange.domain.lifecycle import CHECKED
    from exchange.steps.review import review
    from exchange.steps.share_meeting import share_meeting as step

    key: str | None = call(step, parts, other)
    if key is not None and by is not None:
        known = parts.ledger.exchange(key)
        if known is not None and known.state == CHECKED:
            call(review, parts, key, "prepare", by=by)
    return key


def hear_meetings(parts: Parts, swept: Swept | None = None) -> None:
    """Make the acts that came with packets taken in part of the book."""
    for key in meeting_sharing.meetings_to_hear(parts.agreement, parts.ledger):
        from exchange.steps.note_meeting import note_meeting

        attempted(swept, "meetings noted", key, call, note_meeting, parts, key)
