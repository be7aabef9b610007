"""Several processes at one ledger: killed at any moment, appending at once, wanting the same lease."""

from __future__ import annotations

import multiprocessing
import os
import random
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from multiprocessing.connection import Connection
from typing import Any

import pandas as pd
import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.pool import NullPool

from exchange.adapters.ledger_sql import SqlLedger, leases, open_ledger
from exchange.adapters.ledger_sql.engine import make_engine
from exchange.domain.errors import RetryLater
from exchange.ports import LedgerWrite
from tests.fakes.routes import a_contract, a_route

FORK = multiprocessing.get_context("fork")
CASE = a_contract("bankruptcy_case", ("case_no",), {"case_no": "text", "debt": "money"})
ROUTE = a_route(CASE)
ROWS = pd.DataFrame({"case_no": [f"c{n:03}" for n in range(50)], "debt": "1.00"}).astype("str")
OPENING = {"route": ROUTE.id, "direction": "out", "kind": "Q", "period": None, "as_of": None}


@pytest.fixture
def ledger(database_url: str) -> Iterator[SqlLedger]:
    opened = open_ledger(database_url)
    yield opened
    opened.close()


def in_child(work: Callable[..., None], *args: Any) -> Any:
    child = FORK.Process(target=work, args=args, daemon=True)
    child.start()
    return child


def one_round(write: LedgerWrite, name: str, reached: Callable[[int], None]) -> None:
    """All a transaction of a step may do, telling after each part."""
    write.append("exchange_opened", exchange=name, actor="system", body=OPENING)
    reached(1)
    packet = write.number_packet(lane=ROUTE.lane, kind="Q", exchange=name)
    reached(2)
    write.land(ROUTE, "bankruptcy_case", ROWS, number=packet.number, packet_id=packet.packet_id)
    reached(3)
    write.append("extracted", exchange=name, actor="system", body={"packet_id": packet.packet_id})
    reached(4)
    write.claim_alert(rule="x", case_no=name, day=date(2026, 10, 9))
    reached(5)


def check_whole(ledger: SqlLedger) -> None:
    """Every round is there wholly or not at all."""
    assert ledger.verify() == []
    opened = [e.exchange for e in ledger.events(kind="exchange_opened")]
    assert [e.key for e in ledger.exchanges(states=["extracted"])] == opened
    assert [p.exchange for p in ledger.packets()] == opened
    assert [p.number for p in ledger.packets()] == list(range(1, len(opened) + 1))


@pytest.mark.parametrize("moment", [1, 2, 3, 4, 5])
def test_killed_within_a_transaction(ledger: SqlLedger, database_url: str, moment: int) -> None:
    with ledger.transaction() as write:
        one_round(write, "before", lambda _: None)
    theirs, ours = FORK.Pipe()

    def work(line: Connection) -> None:
        def reached(part: int) -> None:
            if part == moment:
                line.send("here")
                time.sleep(60)

        with open_ledger(database_url).transaction() as write:
            one_round(write, "killed", reached)

    child = in_child(work, theirs)
    assert ours.poll(20)
    os.kill(child.pid, signal.SIGKILL)
    child.join()
    assert ledger.exchange("killed") is None
    check_whole(ledger)
    with ledger.transaction() as write:
        one_round(write, "killed", lambda _: None)
    check_whole(ledger)
    assert len(ledger.packets()) == 2


def test_killed_at_any_moment(ledger: SqlLedger, database_url: str) -> None:
    def work(number: int, line: Connection) -> None:
        mine = open_ledger(database_url)
        for count in range(10_000):
            with mine.transaction() as write:
                one_round(write, f"{number}-{count}", lambda _: None)
            line.send("once round")

    chance = random.Random(20261009)  # moments to kill at
    for number in range(6):
        theirs, ours = FORK.Pipe()
        child = in_child(work, number, theirs)
        assert ours.poll(20)
        time.sleep(chance.uniform(0.005, 0.15))
        os.kill(child.pid, signal.SIGKILL)
        child.join()
        check_whole(ledger)
    assert len(ledger.packets()) >= 6


def test_processes_appending_at_once_keep_one_chain(ledger: SqlLedger, database_url: str) -> None:
    def work(who: int) -> None:
        mine = open_ledger(database_url)
        for count in range(40):
            with mine.transaction() as write:
                write.append("noted", exchange=None, actor=f"p{who}", body={"n": count})
                write.append("noted_too", exchange=None, actor=f"p{who}", body={"n": count})

    children = [in_child(work, who) for who in range(3)]
    for child in children:
        child.join(120)
        assert child.exitcode == 0
    events = list(ledger.events())
    assert Counter(e.actor for e in events) == {"p0": 80, "p1": 80, "p2": 80}
    assert [e.seq for e in events] == list(range(1, 241))
    for first, second in zip(events[::2], events[1::2], strict=True):
        assert (first.actor, first.body, first.kind, second.kind) == (second.actor, second.body, "noted", "noted_too")
    assert ledger.verify() == []


def test_numbering_at_once_gives_no_gap_and_no_double(ledger: SqlLedger, database_url: str) -> None:
    def work(who: int, line: Connection) -> None:
        mine, numbers = open_ledger(database_url), []
        for count in range(30):
            with suppress(ZeroDivisionError), mine.transaction() as write:
                packet = write.number_packet(lane="a.b", kind="Q", exchange=f"{who}-{count}")
                assert 1 // (count % 5) >= 0  # a round that fails gives its number back
            if count % 5:
                numbers.append(packet.number)
        line.send(numbers)

    lines = [FORK.Pipe() for _ in range(3)]
    children = [in_child(work, who, theirs) for who, (theirs, _) in enumerate(lines)]
    given = [number for _, ours in lines for number in (ours.recv() if ours.poll(120) else [])]
    for child in children:
        child.join()
    assert sorted(given) == list(range(1, 73))
    assert [p.number for p in ledger.packets(lane="a.b")] == list(range(1, 73))


def test_an_alert_claimed_at_once_is_claimed_once(ledger: SqlLedger, database_url: str) -> None:
    def work(line: Connection) -> None:
        mine, won = open_ledger(database_url), 0
        for case in range(25):
            with mine.transaction() as write:
                won += write.claim_alert(rule="x", case_no=str(case), day=date(2026, 10, 9))
        line.send(won)

    lines = [FORK.Pipe() for _ in range(4)]
    children = [in_child(work, theirs) for theirs, _ in lines]
    assert sum(ours.recv() if ours.poll(120) else 0 for _, ours in lines) == 25
    for child in children:
        child.join()


def test_two_make_a_dataset_s_table_at_once(ledger: SqlLedger, database_url: str) -> None:
    def work(number: int) -> None:
        with open_ledger(database_url).transaction() as write:
            write.land(ROUTE, "bankruptcy_case", ROWS, number=number, packet_id=f"{ROUTE.lane}.{number:06d}.Q")

    children = [in_child(work, number) for number in (1, 2, 3)]
    for child in children:
        child.join(60)
        assert child.exitcode == 0
    assert set(ledger.landed(ROUTE, "bankruptcy_case")["_number"]) == {"3"}
    assert ledger.verify() == []


def test_a_lease_has_one_holder(ledger: SqlLedger, database_url: str) -> None:
    other = open_ledger(database_url, actor="li")
    with ledger.lock("pack r"):
        with pytest.raises(RetryLater) as refused, other.lock("pack r"):
            pytest.fail("both hold it")
        with other.lock("pack s"):
            pass
    assert refused.value.code == 907
    assert f"process {os.getpid()} on" in refused.value.what
    assert "system@" in refused.value.what
    assert datetime.now(UTC).strftime("since %Y-%m-%dT") in refused.value.what
    with other.lock("pack r"):
        pass
    with pytest.raises(ZeroDivisionError), ledger.lock("pack r"):
        raise ZeroDivisionError
    with ledger.lock("pack r"):
        pass
    other.close()


def test_of_many_claimants_one_gets_the_lease(ledger: SqlLedger, database_url: str) -> None:
    gate, release = FORK.Event(), FORK.Event()

    def work(line: Connection) -> None:
        mine = open_ledger(database_url)
        gate.wait()
        try:
            with mine.lock("x"):
                line.send("held")
                release.wait()
        except RetryLater as problem:
            line.send(problem.code)

    lines = [FORK.Pipe() for _ in range(4)]
    children = [in_child(work, theirs) for theirs, _ in lines]
    gate.set()
    answers = [ours.recv() if ours.poll(60) else None for _, ours in lines]
    release.set()
    for child in children:
        child.join()
    assert Counter(answers) == {"held": 1, 907: 3}


def test_the_lease_of_a_killed_process_is_free(ledger: SqlLedger, database_url: str) -> None:
    theirs, ours = FORK.Pipe()

    def work(line: Connection) -> None:
        with open_ledger(database_url).lock("x"):
            line.send("held")
            time.sleep(60)

    child = in_child(work, theirs)
    assert ours.poll(20)
    with pytest.raises(RetryLater), ledger.lock("x"):
        pass
    os.kill(child.pid, signal.SIGKILL)
    child.join()
    with ledger.lock("x"):
        pass


@pytest.mark.parametrize(
    ("host", "pid", "started", "until", "free"),
    [
        ("elsewhere", "1", "0", timedelta(minutes=1), False),
        ("elsewhere", "1", "0", timedelta(minutes=-1), True),
        ("here", "1", "other start", timedelta(minutes=1), True),
        ("here", "1", "its own", timedelta(minutes=1), False),
        ("here", "1", "its own", timedelta(minutes=-1), True),
        ("here", "own", "own", timedelta(minutes=1), True),
    ],
    ids=["elsewhere", "elsewhere, over", "a number used again", "living", "living, over", "ours, not given back"],
)
def test_when_a_lease_is_stale(
    ledger: SqlLedger, database_url: str, host: str, pid: str, started: str, until: timedelta, free: bool
) -> None:
    with ledger.lock("x"), create_engine(database_url, poolclass=NullPool).begin() as connection:
        connection.execute(text("CREATE TABLE kept AS SELECT * FROM lease"))
    with create_engine(database_url, poolclass=NullPool).begin() as connection:
        connection.execute(text("INSERT INTO lease SELECT * FROM kept"))
        connection.execute(text("UPDATE lease SET until = :until"), {"until": (datetime.now(UTC) + until).isoformat()})
        if host != "here":
            connection.execute(text("UPDATE lease SET host = :host"), {"host": host})
        if pid != "own":
            began = leases._start_time(int(pid)) if started == "its own" else started
            connection.execute(text("UPDATE lease SET pid = :pid, started = :s"), {"pid": int(pid), "s": began})
    if free:
        with ledger.lock("x"):
            pass
        return
    with pytest.raises(RetryLater), ledger.lock("x"):
        pass


def test_a_living_holder_outlasts_the_lease_s_time(ledger: SqlLedger, database_url: str) -> None:
    engine = make_engine(database_url)
    lasts = timedelta(seconds=1)
    with leases.held(engine, "x", holder="wang", where="test", lasts=lasts):
        until = time.monotonic() + 2.5
        while time.monotonic() < until:
            with pytest.raises(RetryLater), ledger.lock("x"):
                pass
            time.sleep(0.3)
    engine.dispose()
    assert not [t for t in threading.enumerate() if "_prolong" in t.name]


def test_a_holder_whose_lease_was_taken_over_is_told(ledger: SqlLedger, database_url: str) -> None:
    raw = create_engine(database_url, poolclass=NullPool)
    with pytest.raises(RetryLater, match="taken over") as told, ledger.lock("x"), raw.begin() as connection:
        connection.execute(text("UPDATE lease SET token = 'another'"))
    assert told.value.code == 907
    with raw.begin() as connection:
        connection.execute(text("DELETE FROM lease"))
    with pytest.raises(ZeroDivisionError), ledger.lock("x"), raw.begin() as connection:
        assert connection.execute(text("UPDATE lease SET token = 'another'")).rowcount // 0
