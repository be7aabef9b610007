"""Who owes an answer to shared breaks is reminded, and who waits for one is told: once a list, on PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from exchange import journeys
from exchange.domain.urgency import UrgentRound
from exchange.ports import Parts
from exchange.steps.watch import watch
from tests.fakes.breaking import COURT, TAX, books_of, breaking_ends, compared, release, round_trip, share, work
from tests.servers import PostgresServer
from tests.two_ends.test_breaks_shared import ids, shared_once, waiting_list

Ends = tuple[Parts, Parts]


@pytest.fixture
def ends(tmp_path: Path, postgres_server: PostgresServer) -> Iterator[Ends]:
    names = {party: postgres_server.new_database() for party in (COURT, TAX)}
    with breaking_ends(tmp_path, {party: postgres_server.url(name) for party, name in names.items()}) as made:
        yield made


def alerts(parts: Parts, today: str) -> dict[str, int]:
    """What the watch brings on a day, but for the calendar."""
    on = replace(parts, today=date.fromisoformat(today))
    found: dict[str, int] = journeys.call(watch, on, urgent=UrgentRound(cases=(), keys=()))
    return {rule: n for rule, n in found.items() if rule.startswith(("break", "statement"))}


def test_each_end_is_told_once_a_list_and_not_for_what_was_answered(ends: Ends) -> None:
    """Validated on Friday 9 October 2026; Saturday the 10th is worked, so 15 working days end on Thursday the 29th."""
    court, tax = ends
    _, paid = shared_once(court, tax)
    assert (alerts(tax, "2026-10-23"), alerts(court, "2026-10-29")) == ({}, {})
    assert alerts(tax, "2026-10-26") == {"break_answers_due": 1}
    assert alerts(court, "2026-10-30") == {"breaks_unanswered": 1}
    assert (alerts(tax, "2026-10-28"), alerts(court, "2026-11-03")) == ({}, {})
    (told,) = [e for e in court.ledger.events(kind="alert_sent") if e.body["rule"] == "breaks_unanswered"]
    assert told.body["day"] == "2026-10-29"

    compared(court, "2026Q4", books_of("1050000.07", "4950.00"), 2)
    round_trip(court)
    release(court, waiting_list(court))
    round_trip(court, tax)
    for one in ids(tax).values():
        work(tax, [one], "answer", "liaison-1", "已收到，正在核对", "comment")
    assert alerts(tax, "2026-10-28") == {"break_answers_due": 1}, "given, not sent"
    share(tax)
    round_trip(tax, court)
    assert (alerts(tax, "2026-12-01"), alerts(court, "2026-12-01")) == ({}, {})
    assert paid in ids(court).values()


def test_where_the_route_says_no_days_nobody_is_told(ends: Ends) -> None:
    court, tax = ends
    shared_once(court, tax)
    for parts in ends:
        routes = {
            name: replace(route, figures={n: f for n, f in route.figures.items() if not n.startswith("break_answer")})
            for name, route in parts.agreement.routes.items()
        }
        silent = replace(parts, agreement=replace(parts.agreement, routes=routes))
        assert alerts(silent, "2027-01-01") == {}
