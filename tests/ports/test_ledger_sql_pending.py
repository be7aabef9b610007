"""What a lane waits for, on SQLite and PostgreSQL: the questions of the sweep against a plain reading of everything."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from exchange.adapters.ledger_sql import SqlLedger, open_ledger
from exchange.domain.packet import SILENT_KINDS, other_bytes_key, packet_of
from exchange.domain.sequence import top_settled
from exchange.ports import PacketRecord

NOON = datetime(2026, 10, 9, 4, tzinfo=UTC)
LANE, OTHER = "court-1.tax-1", "court-2.tax-1"


@pytest.fixture
def ledger(database_url: str) -> Iterator[SqlLedger]:
    opened = open_ledger(database_url, clock=lambda: NOON)
    yield opened
    opened.close()


def arrive(
    ledger: SqlLedger, number: int, state: str | None, *, lane: str = LANE, kind: str = "Q", key: str = ""
) -> str:
    """A packet collected, and what became of it (None: nothing yet)."""
    packet_id = f"{lane}.{number:06d}.{kind}"
    key = key or packet_id
    with ledger.transaction() as write:
        write.append("collected", exchange=key, actor="system", body={"packet_id": packet_id})
        if state in ("accepted", "refused", "held", "void"):
            write.set_packet(
                PacketRecord(
                    lane=lane, number=number, packet_id=packet_id, direction="in", kind=kind, exchange=key, state=state
                )
            )
        if state in ("refused", "fork"):
            body = {"packet_id": packet_id, "code": 404}
            write.append(f"packet_{state}", exchange=key, actor="system", body=body)
    return key


def receipt(ledger: SqlLedger, key: str, *rungs: str) -> None:
    with ledger.transaction() as write:
        for rung in rungs:
            write.append("receipt_packed", exchange=key, actor="system", body={"packet_id": "p", "rung": rung})


def number_of(found: PacketRecord | None) -> int:
    return found.number if found else 0


def test_an_empty_lane_waits_for_nothing(ledger: SqlLedger) -> None:
    assert (ledger.settled(LANE), ledger.newest(LANE)) == (None, None)
    assert (ledger.untaken(LANE), ledger.unreceipted(LANE)) == ([], [])


@pytest.mark.parametrize(
    ("states", "top"),
    [
        ({1: "accepted", 2: "refused", 3: "void"}, 3),
        ({1: "accepted", 2: "held", 3: "accepted"}, 1),
        ({1: "accepted", 3: "accepted", 4: "accepted"}, 1),
        ({2: "accepted", 3: "accepted"}, 0),
        ({2: "accepted"}, 0),
        ({1: "held"}, 0),
        ({1: "accepted", 2: "accepted", 4: "accepted", 6: "held"}, 2),
    ],
)
def test_the_last_before_the_first_gap(ledger: SqlLedger, states: dict[int, str], top: int) -> None:
    for number, state in states.items():
        arrive(ledger, number, state)
    arrive(ledger, 1, "accepted", lane=OTHER)
    assert number_of(ledger.settled(LANE)) == top == top_settled(ledger.packets(lane=LANE))
    assert number_of(ledger.newest(LANE)) == max(states)
    assert [p.number for p in ledger.packets(lane=LANE, above=2)] == [n for n in sorted(states) if n > 2]


def test_what_is_left_to_take_in(ledger: SqlLedger) -> None:
    arrive(ledger, 1, "accepted")
    arrive(ledger, 2, "refused")
    held, waiting = arrive(ledger, 4, "held"), arrive(ledger, 5, None)
    first = f"{LANE}.000001.Q"
    arrive(ledger, 1, "fork", key=other_bytes_key(first, "ab" * 32))
    other = arrive(ledger, 1, None, key=other_bytes_key(first, "cd" * 32))
    arrive(ledger, 1, None, lane=OTHER)
    assert ledger.untaken(LANE) == sorted([held, waiting, other])


def test_what_may_be_owed_a_receipt(ledger: SqlLedger) -> None:
    done, half, none = (arrive(ledger, number, "accepted") for number in (1, 2, 3))
    refused, told, held = arrive(ledger, 4, "refused"), arrive(ledger, 5, "refused"), arrive(ledger, 7, "held")
    arrive(ledger, 8, "accepted", kind="R")
    arrive(ledger, 1, "accepted", lane=OTHER)
    fork = arrive(ledger, 1, "fork", key=other_bytes_key(done, "ab" * 32))
    receipt(ledger, done, "opened", "validated")
    receipt(ledger, half, "opened")
    receipt(ledger, told, "missing", "refused")
    receipt(ledger, refused, "missing")
    assert ledger.unreceipted(LANE) == [half, none, held, refused, fork]


@pytest.mark.parametrize("seed", range(6))
def test_random_lanes_against_a_plain_reading(ledger: SqlLedger, seed: int) -> None:
    rng = random.Random(seed)
    for number in range(1, 25):
        state = rng.choice(("accepted", "accepted", "accepted", "refused", "held", "fork", None, None))
        key = arrive(ledger, number, state, kind=rng.choice("QUR"), lane=rng.choice((LANE, LANE, OTHER)))
        receipt(ledger, key, *rng.choice(((), ("opened",), ("opened", "validated"), ("missing",), ("refused",))))
    for lane in (LANE, OTHER):
        packets = ledger.packets(lane=lane)
        assert number_of(ledger.settled(lane)) == top_settled(packets)
        told = {e.exchange for kind in ("packet_refused", "packet_fork") for e in ledger.events(kind=kind)}
        done = {p.exchange for p in packets if p.state != "held"} | told
        collected = {str(e.exchange) for e in ledger.events(kind="collected")}
        assert ledger.untaken(lane) == sorted(k for k in collected - done if packet_of(k).startswith(f"{lane}."))
        given = [(e.exchange, e.body["rung"]) for e in ledger.events(kind="receipt_packed")]
        owed = {str(k) for k in told if packet_of(str(k)).startswith(f"{lane}.") and (k, "refused") not in given}
        for packet in packets:
            both = sum(key == packet.exchange for key, _ in given) >= 2
            waits = packet.state == "held" or (packet.state == "accepted" and not both)
            owed |= {str(packet.exchange)} if waits and packet.kind not in SILENT_KINDS else set()
        assert set(ledger.unreceipted(lane)) == owed
