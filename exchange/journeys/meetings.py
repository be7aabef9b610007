"""The joint meeting: acts taken here, told to the other side once released, heard from it, folded into one book."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from exchange.domain import meeting_life, meeting_sharing
from exchange.domain.break_life import note_name
from exchange.domain.canonical import strict_json
from exchange.domain.receipt import NAME
from exchange.journeys.calling import Swept, attempted, call
from exchange.ports import Parts

RECEIPT: Final = f"inside/{NAME}"
"""Where a receipt that came lies in the vault."""

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


def meeting_unheard(parts: Parts, other: str | None = None) -> Sequence[tuple[str, Act]]:
    """(exchange, act) of what this end told and the other side, by its receipts, could not use."""
    other = meeting_with(parts, other)
    way = meeting_sharing.way_to(parts.agreement, parts.party, other)
    sent = [] if way is None else parts.ledger.exchanges(route=way.id, kind=meeting_sharing.KIND)
    acts: Sequence[Act] | None = None
    found: list[tuple[str, Act]] = []
    for exchange in sent:
        if refused := _refused(parts, exchange.key):
            known = parts.ledger.events(exchange=meeting_life.meeting_key(other))
            acts = meeting_life.acts_of(known) if acts is None else acts
            found += [(exchange.key, act) for act in meeting_sharing.unheard(acts, parts.party, refused)]
    return found


def _refused(parts: Parts, key: str) -> set[str]:
    """Hashes of the acts a receipt on an exchange names as of no use."""
    told = [e for e in parts.ledger.events(exchange=key, kind="receipt_validated") if e.body.get("rejected")]
    documents = [strict_json(parts.vault.get(str(e.body["receipt"]), RECEIPT)) for e in told]
    return {one["key_sha256"] for document in documents for one in document["rejected"]}


def meeting_left_out(parts: Parts, other: str | None = None) -> tuple[str, int] | None:
    """(packet, how many) of the acts that came last from the other side and are of no use here; None when all were."""
    other = meeting_with(parts, other)
    came = [
        exchange
        for route in parts.agreement.routes_from(other) if route.receiver == parts.party
        for exchange in parts.ledger.exchanges(route=route.id, kind=meeting_sharing.KIND)
        if exchange.direction == "in"
    ]  # fmt: skip
    if not came:
        return None
    last = max(came, key=lambda exchange: exchange.packet_id or "").key
    [taken] = parts.ledger.events(exchange=last, kind="taken_in")
    return (last, int(taken.body["rejected"])) if taken.body.get("rejected") else None


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
