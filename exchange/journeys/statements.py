"""The quarter's statement: made, signed, compared."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from exchange.journeys.calling import call
from exchange.ports import Parts

if TYPE_CHECKING:
    from exchange.steps.make_statement import Made


def statement(
    parts: Parts, period: str, route_id: str | None = None, *, again: bool = False, case: str | None = None
) -> Made:
    """Make a quarter's statement, or find it made; with its forms, or one case's."""
    from exchange.steps.make_statement import make_statement

    made: Made = call(make_statement, parts, period, route=route_id, again=again, case=case)
    return made


def statement_route(parts: Parts) -> str:
    """The only route this end's statements can be of; NeedsPerson 905 when there are several, or none."""
    from exchange.steps.make_statement import route_of

    return route_of(parts.agreement, parts.party, None).id


def sign_statement(parts: Parts, period: str, route_id: str, by: str) -> str:
    """An officer puts a quarter's statement forward, a second one has it signed: `prepared` or `signed`."""
    from exchange.steps.sign_statement import sign_statement as step

    state: str = call(step, parts, period, route=route_id, by=by)
    return state


def compare_statement(parts: Parts, period: str, route_id: str, data: bytes, signature: bytes) -> list[dict[str, Any]]:
    """What differs between the other side's signed statement and ours, made of the same packets; nothing: the same."""
    from exchange.steps.compare_statement import compare_statement as compare
    from exchange.steps.make_statement import make_statement
    from exchange.steps.read_statement import read_statement

    theirs = call(read_statement, parts, period, data, signature, route=route_id)
    call(make_statement, parts, period, route=route_id, like=theirs)
    found: list[dict[str, Any]] = call(compare, parts, period, theirs, signature, route=route_id)
    return found
