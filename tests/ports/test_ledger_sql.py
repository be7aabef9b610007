"""The ledger on SQLite and PostgreSQL: events, records, packets, breaks, alerts; what it refuses and what it finds."""

# ruff: noqa: PT012  # what is refused is a whole transaction

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from sqlalchemy import create_engine
from sqlalchemy.pool import NullPool

from exchange.adapters.ledger_sql import SqlLedger, open_ledger
from exchange.adapters.ledger_sql.verifying import problems
from exchange.domain.errors import NeedsPerson
from exchange.ports import BreakRecord, PacketRecord
from tests.fakes.ledgers import by_hand, say, unguarded

NOON = datetime(2026, 10, 9, 12, 0, tzinfo=UTC)
OPENING = {"route": "r", "direction": "out", "kind": "Q", "period": "2026Q3", "as_of": "2026-10-09"}
A_BREAK = BreakRecord(
    id="b1",
    route="r",
    code="AMOUNT",
    case_no="（2026）冀1103破1号",
    claim_no="C1",
    line_no=2,
    rank=None,
    info=False,
    state="open",
    amounts={"declared": "12.30", "confirmed": "12.00"},
    first_exchange="k1",
    last_exchange="k1",
    due_on=date(2026, 11, 1),
)


@pytest.fixture
def ledger(database_url: str) -> Iterator[SqlLedger]:
    opened = open_ledger(database_url, clock=lambda: NOON)
    yield opened
    opened.close()


def test_an_empty_ledger(ledger: SqlLedger) -> None:
    assert ledger.head() == "0" * 64
    assert list(ledger.events()) == []
    assert ledger.exchange("k1") is None
    assert ledger.verify() == []


def test_events_come_back_as_they_were_said(ledger: SqlLedger) -> None:
    body = {"route": "r", "words": "甲𠀀'\"\\\n", "n": 12, "none": None, "list": [True, {"a": "b"}]}
    say(ledger, "key_made", body, key=None)
    say(ledger, "exchange_opened", OPENING)
    say(ledger, "batch_extracted", {"batch": "b1"})
    first, second, third = ledger.events()
    assert (first.seq, first.kind, first.exchange, first.actor, first.body) == (1, "key_made", None, "wang", body)
    assert (first.at, first.prev_hash, second.prev_hash) == (NOON, "0" * 64, first.hash)
    assert ledger.head() == third.hash
    assert [e.seq for e in ledger.events(exchange="k1")] == [2, 3]
    assert [e.seq for e in ledger.events(kind="batch_extracted")] == [3]
    assert ledger.verify() == []


def test_events_are_read_by_pages(ledger: SqlLedger) -> None:
    with ledger.transaction() as write:
        for number in range(2001):
            write.append("noted", exchange=None, actor="wang", body={"n": number})
    assert [event.body["n"] for event in ledger.events()] == list(range(2001))
    assert ledger.verify() == []


def test_events_fold_into_the_exchange(ledger: SqlLedger) -> None:
    for kind, body in [
        ("exchange_opened", OPENING | {"batches": {"b1": ["1", "2"]}}),
        ("extracted", {}),
        ("checked", {"content_hash": "c0"}),
        ("prepared", {"by": "wang"}),
        ("approved", {"by": "li"}),
        ("packed", {"packet_id": "p1"}),
    ]:
        say(ledger, kind, body)
    record = ledger.exchange("k1")
    assert record is not None
    assert (record.state, record.content_hash, record.prepared_by, record.approved_by) == ("packed", "c0", "wang", "li")
    assert (record.packet_id, record.as_of, record.details["batches"]) == ("p1", date(2026, 10, 9), {"b1": ["1", "2"]})
    assert ledger.verify() == []


def test_exchanges_by_route_state_and_kind_in_order(ledger: SqlLedger) -> None:
    for key, route, kind in [("z", "r", "Q"), ("a", "r", "U"), ("m", "s", "Q")]:
        say(ledger, "exchange_opened", OPENING | {"route": route, "kind": kind}, key=key)
    say(ledger, "extracted", key="m")
    assert [e.key for e in ledger.exchanges()] == ["z", "a", "m"]
    assert [e.key for e in ledger.exchanges(route="r")] == ["z", "a"]
    assert [e.key for e in ledger.exchanges(states=["extracted"])] == ["m"]
    assert [e.key for e in ledger.exchanges(states=[])] == []
    assert [e.key for e in ledger.exchanges(route="r", kind="U", states=["opened"])] == ["a"]


def test_a_move_not_allowed_stores_nothing(ledger: SqlLedger) -> None:
    say(ledger, "exchange_opened", OPENING)
    with (
        pytest.raises(NeedsPerson, match="'opened' does not allow the event 'sent'") as refused,
        ledger.transaction() as w,
    ):
        w.append("noted", exchange=None, actor="wang", body={})
        w.append("sent", exchange="k1", actor="wang", body={})
    assert refused.value.code == 908
    assert len(list(ledger.events())) == 1
    assert ledger.verify() == []


def test_any_exception_rolls_everything_back(ledger: SqlLedger) -> None:
    with pytest.raises(ZeroDivisionError), ledger.transaction() as write:
        write.append("exchange_opened", exchange="k1", actor="wang", body=OPENING)
        write.number_packet(lane="a.b", kind="Q", exchange="k1")
        write.set_breaks("r", [A_BREAK])
        assert write.claim_alert(rule="x", case_no="c", day=NOON.date())
        raise ZeroDivisionError
    assert (ledger.exchange("k1"), list(ledger.packets()), list(ledger.breaks())) == (None, [], [])
    with ledger.transaction() as write:
        assert write.claim_alert(rule="x", case_no="c", day=NOON.date())


def test_a_transaction_within_another_is_refused_at_once(ledger: SqlLedger) -> None:
    with ledger.transaction(), pytest.raises(RuntimeError, match="within another"), ledger.transaction():
        pass
    say(ledger, "noted", key=None)


def test_what_is_not_committed_is_not_read(ledger: SqlLedger) -> None:
    with ledger.transaction() as write:
        write.append("exchange_opened", exchange="k1", actor="wang", body=OPENING)
        assert ledger.exchange("k1") is None
    assert ledger.exchange("k1") is not None


def test_packets_are_numbered_by_lane(ledger: SqlLedger) -> None:
    with ledger.transaction() as write:
        first = write.number_packet(lane="a.b", kind="Q", exchange="k1")
        second = write.number_packet(lane="a.b", kind="R", exchange=None, answers="b.a.000001.Q")
        other = write.number_packet(lane="a.c", kind="Q", exchange="k2")
    assert [first.packet_id, second.packet_id, other.packet_id] == ["a.b.000001.Q", "a.b.000002.R", "a.c.000001.Q"]
    assert (first.state, first.direction, first.at, second.answers) == ("numbered", "out", NOON, "b.a.000001.Q")
    theirs = PacketRecord(
        lane="b.a", number=7, packet_id="b.a.000007.Q", direction="in", kind="Q", exchange=None, state="held", code=403
    )
    with ledger.transaction() as write:
        write.set_packet(theirs)
    with ledger.transaction() as write:
        write.set_packet(
            PacketRecord(
                lane="b.a",
                number=7,
                packet_id="b.a.000007.Q",
                direction="in",
                kind="Q",
                exchange="b.a.000007.Q",
                state="accepted",
                manifest_sha256="f" * 64,
                at=NOON - timedelta(days=1),
            )
        )
    (stored,) = ledger.packets(direction="in")
    assert (stored.state, stored.code, stored.manifest_sha256, stored.at) == (
        "accepted",
        None,
        "f" * 64,
        NOON - timedelta(days=1),
    )
    assert ledger.packets(lane="a.b") == [first, second]
    assert ledger.packets(exchange="k2", states=["numbered"]) == [other]
    assert ledger.packets(states=[]) == []
    assert ledger.verify() == []


def test_a_packet_id_has_one_number(ledger: SqlLedger) -> None:
    with ledger.transaction() as write:
        first = write.number_packet(lane="a.b", kind="Q", exchange="k1")
    twice = PacketRecord(
        lane="a.b", number=2, packet_id=first.packet_id, direction="out", kind="Q", exchange=None, state="numbered"
    )
    with pytest.raises(NeedsPerson) as refused, ledger.transaction() as write:
        write.set_packet(twice)
    assert refused.value.code == 404


def test_breaks_keep_their_identity(ledger: SqlLedger) -> None:
    with ledger.transaction() as write:
        write.set_breaks("r", [A_BREAK])
        write.set_breaks("r", [])
    assert list(ledger.breaks()) == [A_BREAK]
    closed = replace(A_BREAK, state="closed", last_exchange="k2", amounts={}, due_on=None)
    with ledger.transaction() as write:
        write.set_breaks("r", [closed, replace(A_BREAK, id="b2", info=True, line_no=None)])
        write.set_breaks("s", [replace(A_BREAK, route="s")])
    assert [b.id for b in ledger.breaks(route="r")] == ["b1", "b2"]
    assert ledger.breaks(route="r")[0] == closed
    assert ledger.breaks(route="r")[1].info is True
    assert [b.route for b in ledger.breaks()] == ["r", "r", "s"]


def test_an_alert_is_claimed_once_per_rule_case_and_day(ledger: SqlLedger) -> None:
    def claim(rule: str, case_no: str, day: int) -> bool:
        with ledger.transaction() as write:
            return write.claim_alert(rule=rule, case_no=case_no, day=date(2026, 10, day))

    asked = [("x", "1", 9), ("x", "1", 9), ("x", "2", 9), ("y", "1", 9), ("x", "1", 10), ("x", "1", 10)]
    assert [claim(*one) for one in asked] == [True, False, True, True, True, False]


def test_the_database_refuses_to_change_events(ledger: SqlLedger, database_url: str) -> None:
    say(ledger, "noted", key=None)
    attempts = ["UPDATE event SET actor = 'x'", "DELETE FROM event"]
    attempts += ["INSERT INTO event SELECT 3, at, kind, exchange, actor, body, hash, hash FROM event"]
    attempts += ["INSERT INTO event SELECT 2, at, kind, exchange, actor, body, prev_hash, hash FROM event"]
    if database_url.startswith("postgresql"):
        attempts += ["TRUNCATE event"]
    else:
        attempts += [
            "INSERT OR REPLACE INTO event SELECT seq, at, kind, exchange, 'x', body, prev_hash, hash FROM event"
        ]
    for attempt in attempts:
        with pytest.raises(Exception, match=r"append-only|continue the chain"):
            by_hand(database_url, attempt)
    assert ledger.verify() == []


@pytest.mark.parametrize(
    ("guard", "change", "found"),
    [
        ("event_no_update", "UPDATE event SET actor = 'li' WHERE seq = 2", "Event 2 (batch_extracted) was changed"),
        ("event_no_update", "UPDATE event SET body = '{}' WHERE seq = 1", "Event 1 cannot|Event 1 (exchange_opened)"),
        ("event_no_delete", "DELETE FROM event WHERE seq = 2", "Event 3 follows event 1"),
        ("event_no_delete", "DELETE FROM event WHERE seq = 3", "its record differs from its events in state"),
    ],
)
def test_tampering_with_events_is_found(
    ledger: SqlLedger, database_url: str, guard: str, change: str, found: str
) -> None:
    say(ledger, "exchange_opened", OPENING)
    say(ledger, "batch_extracted", {"batch": "b1"})
    say(ledger, "extracted")
    by_hand(database_url, unguarded(database_url, guard), change)
    problems = ledger.verify()
    assert any(one in problem for problem in problems for one in found.split("|"))
    assert f"The guard {guard} of the events is gone or switched off." in problems


@pytest.mark.parametrize(
    ("change", "found"),
    [
        (
            "UPDATE exchange SET state = 'approved', approved_by = 'li'",
            "Exchange k1: its record differs from its events",
        ),
        ("UPDATE exchange SET details = '{}'", "differs from its events in details"),
        ("DELETE FROM exchange", "Exchange k1 has events but no record."),
        ("UPDATE exchange SET key = 'k2'", "Exchange k2 has a record but no events."),
        ("UPDATE packet SET number = 3 WHERE number = 2", "Lane a.b jumps from packet 1 to 3."),
        ("DELETE FROM packet WHERE number = 1", "Lane a.b jumps from packet 0 to 2."),
    ],
)
def test_tampering_with_records_is_found(ledger: SqlLedger, database_url: str, change: str, found: str) -> None:
    with ledger.transaction() as write:
        write.append("exchange_opened", exchange="k1", actor="wang", body=OPENING)
        write.number_packet(lane="a.b", kind="Q", exchange="k1")
        write.number_packet(lane="a.b", kind="R", exchange=None)
    by_hand(database_url, change)
    assert any(found in problem for problem in ledger.verify())


@pytest.mark.parametrize("at_once", [1, 2, 100])
def test_a_long_ledger_is_verified_share_by_share(ledger: SqlLedger, database_url: str, at_once: int) -> None:
    """Seven exchanges and three alerts: however many are folded at once, each fault is told once."""
    for number in range(7):
        say(ledger, "exchange_opened", OPENING, key=f"k{number}")
        say(ledger, "alert_sent", {"rule": "major", "subject": f"s{number % 3}", "day": "2026-10-09"}, key=None)
    with create_engine(database_url, poolclass=NullPool).connect() as connection:
        assert list(problems(connection, (), at_once=at_once)) == []
    by_hand(
        database_url, "UPDATE exchange SET state = 'sent' WHERE key = 'k5'", "DELETE FROM exchange WHERE key = 'k2'",
        "UPDATE alert_item SET times = 9 WHERE subject = 's1'",
    )  # fmt: skip
    with create_engine(database_url, poolclass=NullPool).connect() as connection:
        told = sorted(problems(connection, ["f" * 64], at_once=at_once))
    assert [one.split(":")[0] for one in told if not one.startswith("Alert")] == [
        "Exchange k2 has events but no record.",
        "Exchange k5",
        f"The hash {'f' * 64} was once the head of this ledger and is not in it.",
    ]
    assert [one.partition(" (major)")[2] for one in told if one.startswith("Alert")] == [
        ": its record is not what its events say."
    ]


def test_what_nobody_confirmed_is_leafed_through(ledger: SqlLedger) -> None:
    for number in range(5):
        say(ledger, "exchange_opened", OPENING, key=f"k{number}")
        for kind in ("extracted", "checked", "released"):
            say(ledger, kind, {}, key=f"k{number}")
    say(ledger, "confirmed", {}, key="k1")
    first = ledger.unconfirmed(limit=3)
    rest = ledger.unconfirmed(limit=3, after=first[-1].seq)
    assert [[event.exchange for event in part] for part in (first, rest)] == [["k0", "k2", "k3"], ["k4"]]
    assert sorted(ledger.known_keys()) == [f"k{number}" for number in range(5)]


def test_a_switched_off_guard_is_found(postgres_url: str) -> None:
    ledger = open_ledger(postgres_url)
    by_hand(postgres_url, "ALTER TABLE event DISABLE TRIGGER event_no_update")
    assert ledger.verify() == ["The guard event_no_update of the events is gone or switched off."]
    ledger.close()


def test_a_cut_tail_is_found_by_a_head_named_to_others(ledger: SqlLedger, database_url: str) -> None:
    say(ledger, "noted", key=None)
    say(ledger, "noted", key=None)
    head = ledger.head()
    by_hand(database_url, unguarded(database_url, "event_no_delete"), "DELETE FROM event WHERE seq = 2")
    assert any(head in problem for problem in ledger.verify(anchors=[head]))


def test_a_text_the_database_cannot_hold_is_no_lost_connection(postgres_url: str) -> None:
    ledger = open_ledger(postgres_url)
    with pytest.raises(NeedsPerson) as refused:
        say(ledger, "no\0ted", key=None)
    assert refused.value.code == 504
    ledger.close()


def test_the_clock_may_be_anywhere(database_url: str) -> None:
    ledger = open_ledger(database_url, clock=lambda: datetime(2026, 10, 9, 20, tzinfo=timezone(timedelta(hours=8))))
    say(ledger, "noted", key=None)
    assert next(iter(ledger.events())).at == NOON
    ledger.close()
