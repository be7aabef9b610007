"""What a sweep has to do about breaks: lists to open, answers to note; and when answers are due."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final, Protocol

from exchange.domain.audit import Event, ExchangeRecord
from exchange.domain.break_view import ANSWER
from exchange.domain.route import Agreement, Route

if TYPE_CHECKING:
    import pandas as pd

ANSWER_DAYS: Final = "break_answer_workdays"
REMIND_DAYS: Final = "break_answer_remind_workdays"
"""The route's figures: working days within which a list of breaks is answered; how many before that its receiver is
reminded."""


class KeepsEvents(Protocol):
    """What these looks need of a ledger."""

    def events(self, *, exchange: str | None = None, kind: str | None = None) -> Iterator[Event]:
        """Events in order."""

    def exchanges(
        self, *, route: str | None = None, states: Sequence[str] | None = None, kind: str | None = None
    ) -> Sequence[ExchangeRecord]:
        """Exchanges in the order they were opened."""


def answers_to(route: Route, book: KeepsEvents) -> list[ExchangeRecord]:
    """Every answer that landed on the way back of a route, in order."""
    return [e for e in book.exchanges(route=route.answered_by, kind="A") if e.direction == "in"]


def lists_due(agreement: Agreement, party: str, book: KeepsEvents) -> list[str]:
    """Routes whose list of breaks goes by itself and was not looked at since the last comparison."""
    routes = [r.id for r in agreement.routes_from(party) if r.breaks.share == "automatic"]
    if not routes:
        return []
    compared = {str(e.exchange).partition(".")[0]: e.seq for e in book.events(kind="reconciled")}
    listed = {e.body["route"]: e.body["after"] for e in book.events(kind="breaks_listed")}
    return [route for route in routes if compared.get(route, 0) > listed.get(route, 0)]


def asking(items: pd.DataFrame) -> set[str]:
    """Ids of the breaks of a list that ask the other side for something."""
    return set(items.loc[items["asked"] != "nothing", "id"])


def answers_due(agreement: Agreement, book: KeepsEvents) -> list[str]:
    """Packets taken in with answers to breaks that are not noted yet, oldest first."""
    came = [e for e in book.exchanges(kind="B") if e.direction == "in"]
    noted = {event.exchange for event in book.events(kind="break_answers_noted")} if came else set()
    return [
        exchange.key
        for exchange in came
        if exchange.key not in noted
        and ANSWER in [contract.dataset for contract in agreement.route(exchange.route).carries("B")]
    ]
