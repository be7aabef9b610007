"""The quarter's statement: made, signed or refused, told to the other side, heard from it and compared."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from exchange.domain.canonical import strict_json
from exchange.domain.errors import NeedsPerson
from exchange.domain.statement_due import statements_to_hear, statements_to_tell
from exchange.domain.statement_life import life_of
from exchange.domain.statement_terms import MADE, compared_name
from exchange.journeys.calling import Swept, attempted, call
from exchange.ports import Parts

if TYPE_CHECKING:
    from exchange.domain.statement_signing import Signing
    from exchange.steps.make_statement import Made

THEIRS: Final = frozenset({201, 306, 934})
"""Codes of a statement that is none, or whose own signature does not hold: no repetition mends that."""


def statement(
    parts: Parts, period: str, route_id: str | None = None, *, again: bool = False, case: str | None = None
) -> Made:
    """Make a quarter's statement, or find it made; with its forms, or one case's."""
    from exchange.steps.make_statement import make_statement

    made: Made = call(make_statement, parts, period, route=route_id, again=again, case=case)
    return made


def statement_route(parts: Parts, route_id: str | None = None) -> str:
    """The route this end's statements are of: the one named, or its only one; NeedsPerson 905 when neither is."""
    from exchange.steps.make_statement import route_of

    return route_of(parts.agreement, parts.party, route_id).id


def sign_statement(parts: Parts, period: str, route_id: str, by: str) -> str:
    """An officer puts a quarter's statement forward, a second one has it signed: `prepared` or `signed`. Where the
    route carries statements the next sweep sends what was signed."""
    from exchange.steps.sign_statement import sign_statement as step

    state: str = call(step, parts, period, route=route_id, by=by)
    if state == "signed":
        tell_statement(parts, period, route_id)
    return state


def refuse_statement(parts: Parts, period: str, route_id: str, by: str, reason: str) -> None:
    """An officer refuses what the sender of the cases signed; the next sweep tells them."""
    from exchange.steps.refuse_statement import refuse_statement as step

    call(step, parts, period, route=route_id, by=by, reason=reason)
    tell_statement(parts, period, route_id)


def tell_statement(parts: Parts, period: str, route_id: str, *, again: bool = False) -> str | None:
    """Put on its way what was signed or refused here; the exchange's key, None when nothing is to be told."""
    from exchange.steps.tell_statement import tell_statement as step

    key: str | None = call(step, parts, period, route=route_id, again=again)
    return key


def compare_statement(parts: Parts, period: str, route_id: str, data: bytes, signature: bytes) -> list[dict[str, Any]]:
    """What differs between the other side's signed statement and ours, made of the same packets; nothing: the same."""
    from exchange.steps.compare_statement import compare_statement as compare
    from exchange.steps.make_statement import make_statement
    from exchange.steps.read_statement import read_statement

    theirs = call(read_statement, parts, period, data, signature, route=route_id)
    call(make_statement, parts, period, route=route_id, like=theirs)
    found: list[dict[str, Any]] = call(compare, parts, period, theirs, signature, route=route_id)
    return found


def statement_compared(parts: Parts, period: str, route_id: str) -> list[dict[str, Any]]:
    """What the last comparison of a quarter's newest statement found; NeedsPerson 934 when there was none."""
    for one in statement_status(parts, route_id):
        if one["period"] == period and one["differing"] is not None:
            key = f"{route_id}.statement.{period}"
            kept: list[dict[str, Any]] = strict_json(parts.vault.get(key, compared_name(one["version"])))["differing"]
            return kept
    raise NeedsPerson(
        934, "The other side's statement of this quarter was not compared here.", where=f"{route_id} {period}",
        next_step="Let the sweep bring it, or give --statement and --signature.",
    )  # fmt: skip


def hear_statements(parts: Parts, swept: Swept | None = None) -> None:
    """Compare the statements that came with packets taken in; a refusal or a counter-signature as well."""
    for key in statements_to_hear(parts.ledger):
        attempted(swept, "statements heard", key, hear_statement, parts, key)


def hear_statement(parts: Parts, key: str) -> None:
    """Compare what one packet brought. One that can't be read, proven or held against ours is told, and not heard
    again; where packets it counts are not here yet, the next sweep hears it."""
    from exchange.steps.compare_statement import compare_statement as compare
    from exchange.steps.hear_statement import hear_statement as hear
    from exchange.steps.hear_statement import unheard
    from exchange.steps.make_statement import make_statement
    from exchange.steps.read_statement import read_statement

    said: tuple[Signing, bytes] | None = call(hear, parts, key)
    if said is None:
        return None
    signing, data = said
    try:
        theirs = call(read_statement, parts, signing.period, data, signing.signature, route=signing.route)
    except NeedsPerson as problem:
        if problem.code not in THEIRS:
            raise
        return unheard(key, problem.code, parts.ledger, parts.actor)
    call(make_statement, parts, signing.period, route=signing.route, like=theirs)
    heard = (key, signing)
    try:
        call(compare, parts, signing.period, theirs, signing.signature, route=signing.route, heard=heard)
    except NeedsPerson as problem:
        unheard(key, problem.code, parts.ledger, parts.actor)


def statement_status(parts: Parts, route_id: str | None = None) -> list[dict[str, Any]]:
    """Where each quarter's statement stands, by route and quarter: `statement_life.life_of`."""
    made: dict[str, Mapping[str, Any]] = {}
    for event in parts.ledger.events(kind=MADE):
        if route_id in (None, event.body["route"]) and event.body["route"] in parts.agreement.routes:
            made[str(event.exchange)] = event.body

    def state_of(key: str) -> tuple[str, datetime | None] | None:
        known = parts.ledger.exchange(key)
        return (known.state, known.updated_at) if known else None

    return [
        life_of(
            made[key], parts.ledger.events(exchange=key), state_of,
            ours=parts.agreement.route(made[key]["route"]).sender == parts.party,
        )
        for key in sorted(made)
    ]  # fmt: skip


def last_statement(parts: Parts, route_id: str) -> str | None:
    """The newest quarter of a route that has a statement; None when none was made."""
    made = [e.body["period"] for e in parts.ledger.events(kind=MADE) if e.body["route"] == route_id]
    return max(made, default=None)


def tell_statements(parts: Parts, swept: Swept) -> None:
    """Put on their way the signed and refused ones that are not: what was killed between signing and telling."""
    for route_id, period in statements_to_tell(parts.agreement, parts.party, parts.ledger):
        attempted(swept, "statements told", f"{route_id}.statement.{period}", tell_statement, parts, period, route_id)
