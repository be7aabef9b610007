"""Two quarters on PostgreSQL: numbers that are missing and turn up, figures that agree, events that come late."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from bench.ends import release
from exchange import journeys
from exchange.adapters.source_sql import SqlSource
from exchange.domain.errors import NeedsPerson
from exchange.domain.points import Point, standing
from exchange.steps.figures import figures
from exchange.steps.readings import readings
from exchange.steps.review import review
from exchange.steps.void_case import void_case
from tests.servers import PostgresServer
from tests.two_ends.postgres_world import ROUTE, World, postgres_world

ROOT = Path(__file__).parents[2]


@pytest.fixture
def world(tmp_path: Path, postgres_server: PostgresServer) -> Iterator[World]:
    with postgres_world(tmp_path, postgres_server) as made:
        yield made


def test_nothing_is_lost_from_quarter_to_quarter(world: World) -> None:
    key = world.quarter("2026Q2", date(2026, 7, 3))
    (point,) = world.points(key).values()
    assert (point.rule, point.row_key, point.note) == ("docket_gap", "冀1103|2026|破", "3, 7-8")

    world.explain(key, point.id, category="void_number", reason="收案后作废", serials="3")
    with pytest.raises(NeedsPerson) as waits:
        journeys.call(review, world.court, key, "prepare", by="liaison-1")
    assert waits.value.code == 921
    world.explain(key, point.id, category="sealed", reason="七号与八号涉密")
    release(world.court, key)
    world.arrive(key)
    after_second_quarter = datetime.now(UTC)

    packet = str(journeys.record(world.court, key).packet_id)
    (told,) = json.loads(world.tax.vault.get(packet, "inside/reasons.json"))
    assert told["reason"] == "3号：编号作废或未使用，收案后作废；2个编号依法不公开"
    assert not any("7" in str(told[name]) for name in told if name not in ("point", "at"))
    confirmed = journeys.call(figures, world.court, key)["confirmed"]
    assert {line["agrees"] for line in confirmed} == {True}
    assert ("bankruptcy_case", "rows", "13", "13") in {
        (line["dataset"], line["measure"], line["sent"], line["received"]) for line in confirmed
    }
    control = world.outcome(key)["control"]
    assert (control["checked"], control["variances"]) == (True, [])

    _keyed_later(world)
    later = world.quarter("2026Q3", date(2026, 10, 9))
    outcome = world.outcome(later)
    (series,) = outcome["docket"]["series"]
    assert (series["missing"], series["open"]) == ("3, 8, 17", "17")
    assert [(one["serials"], one["category"], one["reused"]) for one in series["explained"]] == [
        ("3", "void_number", True), ("8", "sealed", True),
    ]  # fmt: skip
    assert outcome["docket"]["turned_up"] == [{"series": "冀1103|2026|破", "serials": "7"}]
    late = {(one["record"], one["what"], one["quarter"], one["because"]) for one in outcome["late"]}
    assert (7, "acceptance", "2026Q2", "keyed_later") in late
    assert {one[0] for one in late} == {7}
    assert world.points(later)["docket_gap"].note == "17"
    assert "补录" in world.court.vault.get(later, "report.html").decode()

    release(world.court, later)
    world.arrive(later)
    for end in (world.court, world.tax):
        found = journeys.call(readings, end, date(2026, 6, 30), known_on=after_second_quarter, route="131100-cases")
        assert (found["right_only"], found["left_only"]) == (["（2026）冀1103破7号"], [])
        assert [e.body["what"] for e in end.ledger.events(kind="looked_at")] == ["asof"]
        assert end.ledger.verify() == []
    _one_case_alone(world, after_second_quarter)


def _one_case_alone(world: World, known_on: datetime) -> None:
    """Against the register, a case named is the only one that is read of it."""
    read: list[int] = []

    class Watched(SqlSource):
        def read(self, *args: Any, **more: Any) -> Mapping[str, pd.DataFrame]:
            frames = super().read(*args, **more)
            read.append(len(frames["bankruptcy_case"]))
            return frames

    court = replace(world.court, source=Watched(world.source, folder=ROOT / "sources/court-131100"))
    for given, rows in ((" (2026)冀1103破７号", 1), (None, 14)):
        found = journeys.call(
            readings, court, date(2026, 6, 30), known_on=known_on, route="131100-cases", case=given, from_source=True
        )
        assert (found["right_only"], found["left_only"]) == (["（2026）冀1103破7号"], [])
        assert found["rows"]["now"]["bankruptcy_case"] == rows
    assert read[0] == 1 < read[1]


def _keyed_later(world: World) -> None:
    """Number 7 was accepted in April and keyed in August; number 18 is new, 17 is not there."""
    for number, record, accepted in ((7, 7, "2026-04-20"), (18, 18, "2026-07-20")):
        world.sql(
            "INSERT INTO pc_aj SELECT "
            f"{record}, '（2026）冀1103破{number}号', fydm, ajlx_dm, ajzt_dm, larq, '{accepted}', '{accepted}', "
            "'2026-09-01', '2026-09-10', xgrq, zjrq, cbr, sjy, sfzd, bz, '2026-08-01 09:30:00' "
            "FROM pc_aj WHERE ajbs = 1",
            f"INSERT INTO pc_zwr SELECT {record}, {record}, '衡水补录{number}有限公司', tyshxydm, nsrsbh, zcdz, fddbr, "
            "fddbrsfz, hydm, cym FROM pc_zwr WHERE ajbs = 1",
        )


def test_a_case_the_other_side_waits_for_and_nobody_selects_is_explained(world: World) -> None:
    def open_points(key: str) -> dict[str | None, Point]:
        now = standing(key, world.court.ledger.events(exchange=key), partial(world.court.vault.get, key))
        return {point.case_no: point for point in now.open if point.rule == "sent_case_not_selected"}

    first = world.quarter("2026Q2", date(2026, 7, 3))
    world.explain(first, world.points(first)["docket_gap"].id, category="void_number", reason="收案后作废")
    release(world.court, first)
    world.arrive(first)
    world.sql(
        "UPDATE pc_aj SET ah = '（2026）冀1103破16号之一' WHERE ajbs = 16",
        "UPDATE pc_aj SET ah = '（2026）冀1103破3号' WHERE ajbs = 2",
        "UPDATE pc_aj SET ajzt_dm = '90' WHERE ajbs = 5", "DELETE FROM pc_aj WHERE ajbs = 6",
    )  # fmt: skip
    key = world.quarter("2026Q3", date(2026, 10, 9))
    assert {number: point.note for number, point in open_points(key).items()} == {
        "（2026）冀1103破2号": "现案号 now （2026）冀1103破3号 #2",
        "（2026）冀1103破5号": "程序阶段 stage not_accepted #5",
        "（2026）冀1103破6号": "登记中已无 not in the register #6",
    }
    with pytest.raises(NeedsPerson) as waits:
        journeys.call(review, world.court, key, "prepare", by="liaison-1")
    assert waits.value.code == 921

    (back,) = journeys.call(
        void_case, replace(world.court, actor="liaison-1"), "（2026）冀1103破2号", code="sent_in_error",
        decided_on=date(2026, 10, 9), reason="案号录入有误，已改为3号",
    )  # fmt: skip
    release(world.court, back)
    world.arrive(back)
    journeys.call(review, world.court, key, "refuse", by="chief-1", reason="误录案号已撤回")
    again = world.quarter("2026Q3", date(2026, 10, 9))
    assert [*open_points(again)] == ["（2026）冀1103破5号", "（2026）冀1103破6号"]
    for point in [*open_points(again).values(), world.points(again)["docket_gap"]]:
        world.explain(again, point.id, category="transferred", reason="已移送他院审理")
    release(world.court, again)
    world.arrive(again)
    told = json.loads(world.tax.vault.get(str(journeys.record(world.court, again).packet_id), "inside/reasons.json"))
    assert {one["note"] for one in told if one["rule"] == "sent_case_not_selected"} == {""}
    numbers = set(world.tax.ledger.landed(world.tax.agreement.route(ROUTE), "bankruptcy_case")["case_no"])
    assert "（2026）冀1103破2号" not in numbers
    assert {f"（2026）冀1103破{n}号" for n in (3, 5, 6, 16)} <= numbers


def test_what_a_query_loses_is_found_before_anybody_approves(world: World, tmp_path: Path) -> None:
    folder = tmp_path / "sources/court-131100"
    shutil.copytree(ROOT / "sources/court-131100", folder)
    prelude = (folder / "_cases.sql").read_text(encoding="utf-8")
    (folder / "_cases.sql").write_text(prelude.replace("IN :courts", "IN :courts AND aj.ajbs <> 5"), encoding="utf-8")
    court = replace(world.court, source=SqlSource(world.source, folder=folder))
    key = replace(world, court=court).quarter("2026Q3", date(2026, 10, 9))
    points = world.points(key)
    assert set(points) == {"docket_gap", "case_not_read", "control_total_differs"}
    assert (points["case_not_read"].case_no, points["case_not_read"].note) == ("（2026）冀1103破5号", "#5")
    lost = {(one["dataset"], one["measure"]) for one in world.outcome(key)["control"]["variances"]}
    assert {("bankruptcy_case", "rows"), ("case_debtor", "rows"), ("claim_review", "confirmed_amount")} <= lost
