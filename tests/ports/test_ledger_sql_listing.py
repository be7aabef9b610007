"""Leafing through the ledger, on both databases: pages meet every line once, days and values narrow."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from exchange.adapters.ledger_sql import open_ledger
from exchange.adapters.ledger_sql.ledger import SqlLedger

BEGIN = datetime(2026, 7, 1, tzinfo=UTC)


def _filled(url: str, count: int = 40) -> SqlLedger:
    """An hour between events; every fourth opens an exchange, the others are looks by three people."""
    now = [BEGIN]
    ledger = open_ledger(url, clock=lambda: now[0])
    for n in range(count):
        with ledger.transaction() as write:
            if n % 4 == 0:
                told = {"route": "r", "direction": "out" if n % 8 else "in", "kind": "U"}
                write.append("exchange_opened" if n % 8 else "taken_in", exchange=f"r.{n}", actor="system", body=told)
            else:
                write.append("looked_at", exchange=f"r.{n - n % 4}", actor=f"liaison-{n % 3}", body={"what": "points"})
        now[0] += timedelta(hours=1)
    return ledger


def test_events_are_leafed_through_newest_first_each_once(database_url: str) -> None:
    ledger, seen, below = _filled(database_url), [], None
    while page := ledger.listed_events({}, below=below, most=7):
        seen += [event.seq for event in page]
        below = seen[-1]
    assert seen == list(range(40, 0, -1))
    assert all(e.actor == "liaison-1" for e in ledger.listed_events({"actor": "liaison-1"}))
    assert [e.seq for e in ledger.listed_events({"exchange": "r.4"}, kinds=("looked_at",))] == [8, 7, 6]


def test_a_span_of_time_is_met_exactly(database_url: str) -> None:
    ledger = _filled(database_url)
    since, until = BEGIN + timedelta(hours=10), BEGIN + timedelta(hours=12)
    assert [e.seq for e in ledger.listed_events({}, since=since, until=until)] == [12, 11]
    assert ledger.listed_events({}, since=BEGIN + timedelta(days=900)) == []
    assert ledger.listed_events({}, until=BEGIN) == []
    assert len(ledger.listed_events({}, since=BEGIN - timedelta(days=900))) == 40


def test_exchanges_come_by_page_with_their_number(database_url: str) -> None:
    ledger = _filled(database_url)
    total, page = ledger.listed_exchanges({}, first=0, most=3)
    assert (total, [one.key for one in page]) == (10, ["r.36", "r.32", "r.28"])
    total, rest = ledger.listed_exchanges({"direction": "in"}, first=3, most=50)
    assert (total, [one.key for one in rest]) == (5, ["r.8", "r.0"])


def test_an_event_comes_with_its_neighbours(database_url: str) -> None:
    ledger = _filled(database_url, 5)
    before, this, after = ledger.event(5)
    assert (before and before.seq, this and this.seq, after) == (4, 5, None)
    assert ledger.event(1)[0] is None
    assert ledger.event(9)[1] is None


def test_packets_of_a_lane_by_number(database_url: str) -> None:
    ledger = _filled(database_url, 1)
    with ledger.transaction() as write:
        for lane in ("a.b", "b.a"):
            for n in range(4):
                write.number_packet(lane=lane, kind="R" if n % 2 else "U", exchange=None)
    assert ledger.lanes() == ["a.b", "b.a"]
    assert [p.number for p in ledger.listed_packets("a.b", below=4)] == [3, 2, 1]
    assert [p.number for p in ledger.listed_packets("b.a", kinds=("R",))] == [4, 2]
    assert ledger.listed_packets("a.b", states=("sent",)) == []
