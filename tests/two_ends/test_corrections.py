"""Corrections between two ends: records superseded with lineage, cases taken back, sent again as sent, known by day."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from bench.ends import AS_OF, PAIR, PERIOD, both_ends
from bench.world import build
from exchange import journeys
from exchange.adapters.ledger_sql import open_ledger
from exchange.domain.errors import NeedsPerson
from exchange.domain.moments import SHANGHAI, moment_of
from exchange.ports import Parts
from exchange.steps.correct import correct
from exchange.steps.diff import diff
from exchange.steps.explain import explain
from exchange.steps.reissue import reissue
from exchange.steps.review import review
from exchange.steps.trace import trace
from exchange.steps.void_case import void_case

ROUTE = f"{PAIR}-cases"
QUARTER = f"{ROUTE}.Q.{PERIOD}"
LANE = f"court-{PAIR}.tax-{PAIR}"
OFFICERS = {"liaison-1": ("prepare",), "chief-1": ("approve",)}


class World:
    """A court with six cases, none urgent by itself, and its tax bureau; a clock that is moved by hand."""

    def __init__(self, court: Parts, tax: Parts, source: Path, home: Path) -> None:
        self.now = datetime.now(UTC)
        self.source, self.home = source, home
        self.court, self.tax = self._parts(court, "court"), self._parts(tax, "tax")
        self.numbers = [row[0] for row in self.sql("SELECT ah FROM pc_aj ORDER BY ajbs")]

    def _parts(self, parts: Parts, end: str) -> Parts:
        def clock() -> datetime:
            return self.now

        ledger = open_ledger(f"sqlite:///{self.home}/{end}/ledger.db", clock=clock)
        return replace(parts, ledger=ledger, clock=clock, actor="liaison-1", officers=OFFICERS)

    def day(self, days: int, at: str = "") -> str:
        """A day before or after now, as an officer writes it."""
        return f"{(self.now + timedelta(days=days)).astimezone(SHANGHAI):%Y-%m-%d}{at}"

    def sql(self, *statements: str) -> list[Any]:
        """Statements at the court's database; rows of the last."""
        with sqlite3.connect(self.source) as db:
            return [row for statement in statements for row in db.execute(statement).fetchall()]

    def later(self, **delta: float) -> None:
        self.now += timedelta(**delta)

    def quarter(self, period: str = PERIOD) -> str:
        """A quarter read and checked."""
        return journeys.quarterly(self.court, ROUTE, period, AS_OF)

    def correct(self, *cases: int, exchange: str | None = None) -> str:
        named = tuple(self.numbers[n - 1] for n in cases)
        (key,) = journeys.call(correct, self.court, cases=named, exchange=exchange, reason="来源已更正")
        return str(key)

    def void(self, case: int, code: str = "dismissed", on: date = AS_OF) -> str:
        (key,) = journeys.call(
            void_case, self.court, self.numbers[case - 1], code=code, decided_on=on,
            document_no="（2026）冀11破1号之三", reason="裁定驳回破产申请",
        )  # fmt: skip
        return str(key)

    def release(self, key: str) -> None:
        for decision, by in (("prepare", "liaison-1"), ("approve", "chief-1")):
            journeys.call(review, self.court, key, decision, by=by)

    def goes(self, key: str) -> str:
        """Released, sent, taken in, receipted; the packet's id."""
        self.release(key)
        self.rest()
        record = journeys.record(self.court, key)
        assert record.state == "accepted"
        return str(record.packet_id)

    def rest(self) -> None:
        """Both ends sweep until neither has anything to do."""
        for _ in range(8):
            swept = [journeys.sweep(parts) for parts in (self.court, self.tax)]
            assert [problem for one in swept for problem in one.problems] == []
            if all(one.idle for one in swept):
                return
        pytest.fail("the ends do not come to rest")

    def current(self, parts: Parts, dataset: str = "bankruptcy_case") -> pd.DataFrame:
        return parts.ledger.landed(parts.agreement.route(ROUTE), dataset).set_index("case_no")

    def why(self, key: str) -> dict[str, tuple[Any, ...]]:
        """Case → (why, changed columns, corrects) as an exchange tells it."""
        rows = pd.read_csv(
            self.home / "court/vault" / key / "content/data/case_in_exchange-0001.csv",
            dtype=object,
            keep_default_na=False,
        )
        return {row.case_no: (row.why, row.changed_columns, row.corrects) for row in rows.itertuples()}

    def traced(self, parts: Parts, case: int, on: str | None = None, **more: Any) -> Any:
        at = moment_of(on) if on else None
        (found,) = journeys.call(trace, parts, self.numbers[case - 1], on=at, **more)
        return found


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    source = build(tmp_path / "court.db", 6)
    with sqlite3.connect(source) as db:
        db.execute(
            "UPDATE pc_aj SET slrq = '2026-01-05', ggrq = '2026-01-05', zqsbjzrq = '2026-03-05', dychyrq = '2026-03-20'"
        )
    with both_ends(tmp_path / "ends", source, checker="plain", today=AS_OF) as (court, tax):
        yield World(court, tax, source, tmp_path / "ends")


def refused(problem: int, action: Any, *args: Any, **more: Any) -> None:
    with pytest.raises(NeedsPerson) as caught:
        action(*args, **more)
    assert caught.value.code == problem
    assert caught.value.next_step


def test_a_correction_supersedes_named_records_and_leaves_the_old_ones_readable(world: World) -> None:
    first = world.goes(world.quarter())
    refused(703, world.correct, 1)
    world.sql("UPDATE pc_aj SET cbr = '赵法官' WHERE ajbs = 1", "UPDATE pc_zwr SET zcdz = '新址' WHERE zwrbs = 1")
    key = world.correct(1)
    assert world.correct(1) == key
    assert world.why(key) == {world.numbers[0]: ("corrected", "judge|case_debtor.address", first)}
    page = world.court.vault.get(key, "report.html").decode()
    assert "赵法官" not in page
    assert "赵**" in page
    assert "来源已更正" in page
    refused(910, journeys.call, review, world.court, key, "approve", by="chief-1")
    second = world.goes(key)
    assert second.endswith(".C")
    manifest = json.loads(world.tax.vault.get(second, "packet/manifest.json"))
    assert (manifest["corrects"], manifest["kind"]) == (first, "C")
    for parts in (world.court, world.tax):
        assert world.current(parts).loc[world.numbers[0], ["judge", "_packet"]].tolist() == ["赵法官", second]
        assert len(world.current(parts)) == 6
        told = parts.ledger.history(parts.agreement.route(ROUTE), "bankruptcy_case", case_no=world.numbers[0])
        assert told["judge"].tolist() == ["李法官", "赵法官"]
        packets = world.traced(parts, 1)["packets"]
        assert [(p["packet"], p["why"], p["corrects"], p["prepared_by"], p["approved_by"]) for p in packets] == [
            (first, "new", None, "liaison-1", "chief-1"),
            (second, "corrected", first, "liaison-1", "chief-1"),
        ]
        assert packets[1]["changed_columns"] == ["judge", "case_debtor.address"]
        assert [r["rung"] for r in packets[1]["receipts"]] == ["opened", "validated"]
        assert parts.ledger.verify() == []
    again = world.quarter("2026Q4"[:4] + "Q2")
    assert {why for why, *_ in world.why(again).values()} == {"unchanged"}


def test_a_case_taken_back_is_counted_no_more_until_a_new_acceptance(world: World) -> None:
    first = world.goes(world.quarter())
    refused(
        504,
        journeys.call,
        void_case,
        world.court,
        world.numbers[1],
        code="dismissed",
        decided_on=AS_OF,
        reason="裁定驳回申请",
    )
    key = world.void(2)
    assert world.void(2) == key
    assert "受理后裁定驳回申请" in world.court.vault.get(key, "report.html").decode()
    second = world.goes(key)
    for parts in (world.court, world.tax):
        assert world.numbers[1] not in world.current(parts).index
        assert world.numbers[1] not in world.current(parts, "case_debtor").index
        assert world.current(parts, "case_void").loc[world.numbers[1], ["reason", "corrects"]].tolist() == [
            "dismissed",
            first,
        ]
        assert [p["why"] for p in world.traced(parts, 2)["packets"]] == ["new", "void"]
    refused(703, world.void, 2)

    held = world.quarter("2026Q2")
    assert world.numbers[1] not in world.why(held)
    outcome = json.loads(world.court.vault.get(held, "outcome.json"))
    assert [f["rule"] for f in outcome["findings"] if f["rule"] == "case_taken_back"] == ["case_taken_back"]
    assert outcome["quarantined"] == []
    world.sql(
        "UPDATE pc_aj SET slrq = '2026-10-10', ggrq = '2026-10-10', zqsbjzrq = '2026-12-10', dychyrq = '2026-12-20' "
        "WHERE ajbs = 2"
    )
    late = replace(world.court, today=date(2026, 10, 20))
    journeys.call(review, world.court, held, "refuse", by="chief-1", reason="该案已重新受理")
    anew = journeys.quarterly(late, ROUTE, "2026Q2", date(2026, 10, 20))
    assert world.why(anew)[world.numbers[1]][0] == "new"
    world.goes(anew)
    assert world.numbers[1] in world.current(world.tax).index
    assert world.current(world.tax, "case_void").empty
    assert second != first
    journeys.reconcile(late, anew)
    found = {f["rule"] for f in json.loads(late.vault.get(anew, "outcome.json"))["findings"]}
    assert not found & {"acceptance_day_changed", "stage_went_back"}


def test_taken_back_by_mistake_is_corrected(world: World) -> None:
    world.goes(world.quarter())
    void = world.goes(world.void(3, code="sent_in_error"))
    key = world.correct(3)
    assert world.why(key) == {world.numbers[2]: ("corrected", "", void)}
    world.goes(key)
    for parts in (world.court, world.tax):
        assert world.numbers[2] in world.current(parts).index
        assert world.current(parts, "case_void").empty


def test_a_past_quarter_is_corrected_as_a_whole_and_backfilled_without_duplicates(world: World) -> None:
    renamed = world.numbers[3].replace("破", "破9")
    world.sql("UPDATE pc_aj SET ajzt_dm = '10' WHERE ajbs = 6")
    world.goes(world.quarter())
    world.sql(
        "UPDATE pc_aj SET ajzt_dm = '40' WHERE ajbs = 6", "UPDATE pc_aj SET cbr = '赵法官' WHERE ajbs = 1",
        "DELETE FROM pc_aj WHERE ajbs = 5", f"UPDATE pc_aj SET ah = '{renamed}' WHERE ajbs = 4",
    )  # fmt: skip
    key = world.correct(exchange=QUARTER)
    assert {case: why for case, (why, *_) in world.why(key).items()} == {
        world.numbers[0]: "corrected", world.numbers[5]: "new", renamed: "new",
    }  # fmt: skip
    findings = json.loads(world.court.vault.get(key, "outcome.json"))["findings"]
    assert [f["case_no"] for f in findings if f["rule"] == "sent_case_gone_from_source"] == world.numbers[3:5]
    world.goes(key)
    refused(921, world.release, world.quarter("2026Q1"))
    for case in (4, 5):
        world.goes(world.void(case, "sent_in_error"))
    journeys.call(review, world.court, "131100-cases.Q.2026Q1", "refuse", by="chief-1", reason="误录案件已撤回")
    backfill = world.quarter("2026Q1")
    assert {why for why, *_ in world.why(backfill).values()} == {"unchanged"}
    journeys.call(explain, world.court, backfill, (), by="liaison-1", rule="docket_gap", reason="案号改动前的编号作废")
    world.goes(backfill)
    rows = world.current(world.tax)
    assert sorted(rows.index) == sorted([*world.numbers[:3], world.numbers[5], renamed])
    assert rows.index.is_unique


def test_reissued_bytes_are_the_bytes_that_were_sent(world: World, tmp_path: Path) -> None:
    packet = world.goes(world.quarter())
    taken = world.home / f"point/{LANE}/taken/{packet}"
    sent = {f.name: hashlib.sha256(f.read_bytes()).hexdigest() for f in taken.iterdir()}
    events = len(list(world.tax.ledger.events(kind="taken_in")))
    done = journeys.call(reissue, world.court, QUARTER)
    assert dict(done.files) == sent
    there = world.home / f"point/{LANE}/{packet}"
    assert {f.name: hashlib.sha256(f.read_bytes()).hexdigest() for f in there.iterdir()} == sent
    world.rest()
    assert not there.exists()
    assert len(list(world.tax.ledger.events(kind="taken_in"))) == events
    assert len(list(world.tax.ledger.events(kind="packet_duplicate"))) == 1
    assert len(world.current(world.tax)) == 6
    onto = journeys.call(reissue, world.court, packet, into=tmp_path / "disc")
    assert {f.name: hashlib.sha256(f.read_bytes()).hexdigest() for f in (tmp_path / "disc" / packet).iterdir()} == sent
    assert dict(onto.files) == sent
    assert [e.body["to"] for e in world.court.ledger.events(kind="reissued")] == ["channel", "folder"]
    refused(905, journeys.call, reissue, world.court, packet, into=tmp_path / "disc")
    refused(914, journeys.call, reissue, world.court, f"{LANE}.000099.Q")


def test_what_was_known_on_a_day_is_replayed_by_the_receipts(world: World) -> None:
    first = world.goes(world.quarter())
    world.later(days=3)
    world.sql("UPDATE pc_aj SET cbr = '赵法官' WHERE ajbs = 1")
    key = world.correct(1)
    world.release(key)
    journeys.onward(world.court, key)
    world.later(days=2)
    on_its_way = world.traced(world.court, 1, world.day(-1))
    assert (on_its_way["known"], on_its_way["by"]) == ("known", first)
    assert [p["standing"] for p in on_its_way["packets"]] == ["known", "unconfirmed"]
    world.rest()
    void = None
    for parts in (world.court, world.tax):
        assert world.traced(parts, 1, world.day(-6))["known"] == "nothing"
        before, after = world.traced(parts, 1, world.day(-1, "T12:00")), world.traced(parts, 1, world.day(0), full=True)
        assert before["rows"]["bankruptcy_case"][0]["judge"] == "李**"
        assert after["rows"]["bankruptcy_case"][0]["judge"] == "赵法官"
        assert after["by"] == journeys.record(world.court, key).packet_id
        proof = after["packets"][1]
        assert len(proof["manifest_sha256"]) == 64
        assert proof["receipts"][-1]["rung"] == "validated"
        looks = [e.body for e in parts.ledger.events(kind="looked_at")]
        assert [look["full"] for look in looks if look["what"] == "known"][-1] is True
    void = world.goes(world.void(1))
    world.later(days=1)
    now = world.traced(world.court, 1, world.day(0))
    assert (now["known"], now["by"], list(now["rows"])) == ("taken_back", void, ["case_void"])


def test_differences_between_two_exchanges_for_people_and_machines(world: World) -> None:
    world.goes(world.quarter("2026Q2"))
    world.sql(
        "UPDATE pc_aj SET cbr = '赵法官', ajzt_dm = '50' WHERE ajbs = 1",
        "UPDATE pc_zwr SET fddbr = '李四' WHERE ajbs = 1", "DELETE FROM pc_jd WHERE ajbs = 2 AND jdlx_dm = '05'",
        "UPDATE pc_aj SET ajzt_dm = '10' WHERE ajbs = 3",
    )  # fmt: skip
    key = world.quarter()
    found = journeys.call(diff, world.court, key)
    assert found["left"] == f"{ROUTE}.Q.2026Q2"
    assert found["counts"] == {"left_only": 1, "right_only": 0, "both": 5, "changed": 2, "unchanged": 3}
    assert found["left_only"] == [world.numbers[2]]
    changed = {one["subject"]: one["differences"] for one in found["changed"]}
    told = {
        (d["dataset"], d.get("column")): (d["what"], d.get("left"), d.get("right")) for d in changed[world.numbers[0]]
    }
    assert told == {
        ("bankruptcy_case", "judge"): ("changed", "李**", "赵**"),
        ("bankruptcy_case", "stage"): ("changed", "meeting_held", "declared"),
        ("case_debtor", "legal_representative"): ("changed", "张**", "李**"),
    }
    assert [(d["dataset"], d["what"]) for d in changed[world.numbers[1]]] == [("case_event", "went")]
    page = world.court.vault.get(key, f"diff-{found['left']}.html").decode()
    assert "赵**" in page
    assert "赵法官" not in page + json.dumps(found, ensure_ascii=False)
    assert world.court.vault.get(key, f"diff-{found['left']}.xlsx")[:2] == b"PK"
    journeys.call(
        explain, world.court, key, (), by="liaison-1", rule="sent_case_not_selected", reason="退回立案审查，另行撤回"
    )
    assert world.goes(key)
    (packets) = [p.packet_id for p in world.tax.ledger.packets(direction="in") if p.kind == "Q"]
    at_tax = journeys.call(diff, world.tax, packets[1], packets[0])
    assert {**at_tax, "left": "", "right": ""} == {**found, "left": "", "right": ""}
    assert journeys.call(diff, world.tax, packets[1])["counts"] == found["counts"]
    assert [e.body["what"] for e in world.court.ledger.events(kind="looked_at")] == [f"diff-{found['left']}"]


def test_what_was_told_meanwhile_is_not_taken_back_by_what_waited(world: World) -> None:
    first = world.goes(world.quarter("2026Q2"))
    waits = world.quarter()
    world.sql("UPDATE pc_aj SET cbr = '赵法官' WHERE ajbs = 1", "UPDATE pc_zwr SET tyshxydm = '9113' WHERE ajbs = 2")
    refused(601, world.correct, 2)
    other = world.correct(1)
    urgent = journeys.urgent(replace(world.court, actor="chief-1"), world.numbers[0], "即将处置土地", "chief-1")
    world.rest()
    sent = str(journeys.record(world.court, urgent).packet_id)
    for late in (waits, other):
        world.release(late)
        refused(920, journeys.onward, world.court, late)
        assert journeys.record(world.court, late).state == "approved"
        journeys.call(review, world.court, late, "refuse", by="chief-1", reason="其间已另行送出")
    refused(703, world.correct, 1)
    world.sql("UPDATE pc_aj SET cbr = '钱法官' WHERE ajbs = 1")
    key = world.correct(1)
    assert world.why(key) == {world.numbers[0]: ("corrected", "judge", sent)}
    world.goes(key)
    assert world.current(world.tax).loc[world.numbers[0], "judge"] == "钱法官"
    assert sent != first
    again = world.quarter()
    assert again == f"{waits}.2"
    assert world.why(again)[world.numbers[0]][0] == "unchanged"
    world.goes(again)
    assert world.court.ledger.verify() == world.tax.ledger.verify() == []


def test_a_refused_correction_counts_as_never_sent(world: World) -> None:
    first = world.goes(world.quarter())
    world.sql("UPDATE pc_aj SET cbr = '赵法官' WHERE ajbs = 1")
    key = world.correct(1)
    world.release(key)
    journeys.onward(world.court, key)
    packet = str(journeys.record(world.court, key).packet_id)
    payload = world.home / f"point/{LANE}/{packet}/payload-0001.p7m"
    payload.write_bytes(payload.read_bytes()[:-1])
    world.rest()
    assert journeys.record(world.court, key).state == "rejected"
    assert world.current(world.court).loc[world.numbers[0], "_packet"] == first
    traced = world.traced(world.court, 1, world.day(1))
    assert (traced["by"], [p["standing"] for p in traced["packets"]]) == (first, ["known", "refused"])
    anew = world.correct(1)
    assert anew == f"{key}.2"
    world.goes(anew)
    assert world.current(world.tax).loc[world.numbers[0], "judge"] == "赵法官"
