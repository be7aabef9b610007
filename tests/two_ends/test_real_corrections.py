"""Corrections on PostgreSQL and OpenSSH at both ends: corrected, taken back, sent again as sent, known by day."""

from __future__ import annotations

import hashlib
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest

from bench.ends import release
from exchange import journeys
from exchange.domain.moments import moment_of
from exchange.ports import Parts
from exchange.steps.correct import correct
from exchange.steps.diff import diff
from exchange.steps.reissue import reissue
from exchange.steps.trace import trace
from exchange.steps.void_case import void_case
from tests.two_ends.real_ends import COURT, PAIR, TAX, RealEnds, real_ends, servers

ROUTE = f"{PAIR}-cases"


def _rest(*ends: Parts) -> None:
    for _ in range(8):
        swept = [journeys.sweep(parts) for parts in ends]
        assert [problem for one in swept for problem in one.problems] == []
        if all(one.idle for one in swept):
            return
    pytest.fail("the ends do not come to rest")


def _goes(key: str, court: Parts, tax: Parts) -> str:
    release(court, key)
    _rest(court, tax)
    assert journeys.record(court, key).state == "accepted"
    return str(journeys.record(court, key).packet_id)


def _hashes(folder: Path) -> dict[str, str]:
    return {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in folder.iterdir()}


def _traced(parts: Parts, case: str, on: str | None = None) -> Any:
    return journeys.call(trace, parts, case, on=moment_of(on) if on else None)[0]


@pytest.mark.slow
def test_a_case_is_corrected_taken_back_and_sent_again_on_real_servers(tmp_path: Path) -> None:
    (tmp_path / "point").mkdir()
    with (
        servers() as (postgres, server),
        real_ends(postgres, server, tmp_path, tmp_path / "point", "sample2") as ends,
        ends.open() as (court, tax),
    ):
        _story(ends, court, tax)


def _story(ends: RealEnds, court: Parts, tax: Parts) -> None:
    key = journeys.quarterly(court, ROUTE, ends.period, date.fromisoformat(ends.as_of))
    first = _goes(key, court, tax)
    route = court.agreement.route(ROUTE)
    mended, voided = sorted(court.ledger.landed(route, "bankruptcy_case")["case_no"])[:2]
    record = court.ledger.landed(route, "bankruptcy_case").set_index("case_no").loc[mended, "_record"]
    source = ends.postgres.url(ends.databases["source"]).replace("+psycopg", "")
    with psycopg.connect(source) as db:
        db.execute("UPDATE pc_aj SET cbr = '赵更正' WHERE ajbs = %s", [int(record)])

    asked: dict[str, Any] = {"reason": "承办法官录入有误", "actor": "liaison-1"}
    (corrected,) = journeys.call(correct, court, cases=(mended,), **asked)
    second = _goes(corrected, court, tax)
    (taken_back,) = journeys.call(
        void_case, court, voided, code="dismissed", decided_on=court.today, document_no="（2026）1号", **asked
    )
    third = _goes(taken_back, court, tax)
    assert [name.rpartition(".")[2] for name in (first, second, third)] == ["Q", "C", "C"]

    today = f"{datetime.now(UTC) + timedelta(hours=8):%Y-%m-%d}"
    for parts in (court, tax):
        rows = parts.ledger.landed(route, "bankruptcy_case").set_index("case_no")
        assert rows.loc[mended, "judge"] == "赵更正"
        assert voided not in rows.index
        assert parts.ledger.landed(route, "case_void")["case_no"].tolist() == [voided]
        assert parts.ledger.history(route, "bankruptcy_case", case_no=mended)["_packet"].tolist() == [first, second]
        told = [(p["packet"], p["why"], p["corrects"]) for p in _traced(parts, mended)["packets"]]
        assert told == [(first, "new", None), (second, "corrected", first)]
        now, before = _traced(parts, voided, today), _traced(parts, voided, "2026-01-01")
        assert (now["known"], now["by"], before["known"]) == ("taken_back", third, "nothing")

    far = ends.root / f"{COURT}.{TAX}"
    sent = _hashes(far / "taken" / first)
    done = journeys.call(reissue, court, key, actor="liaison-1")
    assert dict(done.files) == _hashes(far / first) == sent
    _rest(tax, court)
    assert not (far / first).exists()
    assert len(list(tax.ledger.events(kind="taken_in", exchange=first))) == 1
    found = journeys.call(diff, tax, second, actor="liaison-1")
    assert [[d["column"] for d in one["differences"]] for one in found["changed"]] == [["judge"]]
    assert [court.ledger.verify(), tax.ledger.verify()] == [[], []]
