"""On PostgreSQL: why each case is in a quarter, what differs from the last one, source drift, both checkers."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

from bench.ends import release
from exchange import journeys
from exchange.domain.period import Period
from exchange.steps.check_source import check_source
from exchange.steps.diff import diff
from tests.servers import PostgresServer
from tests.two_ends.postgres_world import ROUTE, World, postgres_world

Q2, Q3 = ("2026Q2", date(2026, 7, 3)), ("2026Q3", date(2026, 10, 9))
EXPLAINED = {"category": "void_number", "reason": "收案后作废"}


def goes(world: World, period: str, day: date) -> str:
    """A quarter that arrives, its missing serials explained."""
    key = world.quarter(period, day)
    for point in world.points(key).values():
        world.explain(key, point.id, **EXPLAINED)
    release(world.court, key)
    world.arrive(key)
    return key


def why(parts: Any) -> dict[str, tuple[str, str | None]]:
    rows = parts.ledger.landed(parts.agreement.route(ROUTE), "case_in_exchange").set_index("case_no")
    return {number.rpartition("破")[2]: (row["why"], row["changed_columns"]) for number, row in rows.iterrows()}


def test_each_case_says_why_and_a_source_that_changes_is_told(tmp_path: Path, postgres_server: PostgresServer) -> None:
    with postgres_world(tmp_path, postgres_server) as world:
        first = goes(world, *Q2)
        assert {one[0] for one in why(world.tax).values()} == {"new"}
        world.sql(
            "UPDATE pc_aj SET cbr = '钱承办' WHERE ajbs = 1",
            "UPDATE pc_zwr SET zcdz = '衡水市新址1号' WHERE ajbs = 2",
            "UPDATE pc_aj SET ajzt_dm = '80', zjrq = '2026-08-20' WHERE ajbs = 4",
            "INSERT INTO pc_aj SELECT 17, '（2026）冀1103破17号', fydm, ajlx_dm, ajzt_dm, larq, slrq, ggrq, zqsbjzrq, "
            "dychyrq, xgrq, zjrq, cbr, sjy, sfzd, bz, gxsj FROM pc_aj WHERE ajbs = 5",
            "INSERT INTO pc_zwr SELECT 17, 17, '衡水新收有限公司', tyshxydm, nsrsbh, zcdz, fddbr, fddbrsfz, hydm, cym "
            "FROM pc_zwr WHERE ajbs = 5",
        )
        second = goes(world, *Q3)
        told = why(world.tax)
        assert told["1号"] == ("changed", "judge")
        assert told["2号"] == ("changed", "case_debtor.address")
        assert told["4号"][0] == "closed"
        assert told["17号"][0] == "new"
        assert {told[number][0] for number in told.keys() - {"1号", "2号", "4号", "17号"}} == {"unchanged"}
        for parts, keys in ((world.court, (second, first)), (world.tax, (packet(world, second), packet(world, first)))):
            found = journeys.call(diff, parts, *keys, actor="liaison-1")
            assert found["counts"] | {"unchanged": 0} == {
                "left_only": 0, "right_only": 1, "both": 13, "changed": 3, "unchanged": 0,
            }  # fmt: skip
        world.sql("UPDATE pc_aj SET ajlx_dm = 'X7'")
        drifts = journeys.call(check_source, world.court, ROUTE, Period.parse("2026Q3"))["drifts"]
        assert [one["place"] for one in drifts] == ["bankruptcy_case.procedure|code"]
        assert len(world.court.ledger.exchanges(kind="Q")) == 2


def packet(world: World, key: str) -> str:
    return str(journeys.record(world.court, key).packet_id)


def test_great_expectations_and_the_masks_alone_find_the_same(tmp_path: Path, postgres_server: PostgresServer) -> None:
    """A quarter in which rules are broken, once checked by Great Expectations and once by the masks: the same outcome,
    and a page that masks what it shows and loads nothing."""
    told, pages = [], []
    for checker in ("gx", "plain"):
        with postgres_world(tmp_path / checker, postgres_server, checker=checker) as world:
            world.sql(
                "UPDATE pc_zwr SET tyshxydm = '91131103MA0ABCDE6A' WHERE ajbs = 1",
                "UPDATE pc_aj SET slrq = '2027-01-01' WHERE ajbs = 2",
                "UPDATE pc_zqsh SET sbje = -5 WHERE ajbs = 4",
                "UPDATE pc_aj SET dychyrq = ggrq WHERE ajbs = 5",
            )
            key = world.quarter(*Q2)
            outcome = world.outcome(key)
            told.append({name: outcome[name] for name in ("selected", "sent", "quarantined", "warned", "findings")})
            pages.append(world.court.vault.get(key, "report.html").decode())
    assert told[0] == told[1]
    rules = {one["rule"] for one in told[0]["quarantined"]}
    assert {"uscc_check_digit", "accepted_on_in_future", "negative_amount"} <= rules
    assert not any(
        word in page for page in pages for word in ("91131103MA0ABCDE6A", "http://", "https://", "<script src")
    )
    assert json.dumps(told[0]).count("meeting_before_claims_due") >= 1
