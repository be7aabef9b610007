"""What a sweep has to do about statements: signed or refused ones to tell, arrived ones to hear. Light to read."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any, Final

from exchange.domain.audit import Event
from exchange.domain.break_due import KeepsEvents
from exchange.domain.route import Agreement, Route
from exchange.domain.statement_terms import HEARD, MADE, REFUSED, SIGNED, TOLD

KIND: Final = "S"


def way_of(route: Route, party: str, agreement: Agreement) -> Route:
    """The route this end sends on, of the two a statement is about."""
    return route if route.sender == party or route.answered_by is None else agreement.route(route.answered_by)


def untold(events: Iterable[Event], sha256: str, back: Collection[str] = ()) -> Event | None:
    """What an end said last of a statement and has not put on its way: its signature, or its refusal. What went with
    an exchange named in `back` is not on its way any more."""
    known = [e for e in events if e.body.get("sha256") == sha256]
    said = [e for e in known if e.kind in (SIGNED, REFUSED)]
    told = {e.body["seq"] for e in known if e.kind == TOLD and e.body["exchange"] not in back}
    return said[-1] if said and said[-1].seq not in told else None


def statements_to_tell(agreement: Agreement, party: str, book: KeepsEvents) -> list[tuple[str, str]]:
    """(route, period) of the newest statements that were signed or refused here and are not on their way, where the
    route carries statements."""
    if not any(r.carries_statements for r in agreement.routes_from(party)):
        return []
    newest: dict[tuple[str, str], Mapping[str, Any]] = {}
    keys: dict[tuple[str, str], str | None] = {}
    for event in book.events(kind=MADE):
        at = (event.body["route"], event.body["period"])
        newest[at], keys[at] = event.body, event.exchange
    return [
        at
        for at, made in newest.items()
        if at[0] in agreement.routes
        and way_of(agreement.route(at[0]), party, agreement).carries_statements
        and untold(book.events(exchange=keys[at]), made["sha256"]) is not None
    ]


def statements_to_hear(book: KeepsEvents) -> list[str]:
    """Packets taken in with statements that were not heard yet, oldest first."""
    came = [e.key for e in book.exchanges(kind=KIND) if e.direction == "in"]
    heard = {event.exchange for event in book.events(kind=HEARD)} if came else set()
    return [key for key in came if key not in heard]
