"""How a dataset travels on a route: kinds of packets that carry it, columns that leave, files that may be absent."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pandas as pd

from exchange.domain.content import stage_content
from exchange.domain.contract import Rule
from exchange.domain.route import Agreement, Court, Party, RouteLine
from tests.fakes.routes import a_contract, a_route

CASE = a_contract("case", ("case_no",), {"case_no": "text", "judge": "text", "stage": "text"})
BREAK = a_contract("break_item", ("id",), {"id": "text"})


def test_a_dataset_travels_in_every_round_unless_its_line_says_otherwise() -> None:
    route = replace(a_route(CASE, BREAK), lines={"break_item": RouteLine(kinds=frozenset("B"))})
    assert [c.dataset for c in route.carries("Q")] == ["case"]
    assert [c.dataset for c in route.carries("B")] == ["break_item"]
    assert [c.dataset for c in route.carries("T")] == ["case", "break_item"]
    assert not route.carries("R")


def test_only_the_columns_of_the_line_leave_and_rules_about_others_stay(tmp_path: Path) -> None:
    rules = tuple(
        Rule(id=name, severity="warn", reach="row", columns=columns)
        for name, columns in (("kept", ("stage",)), ("left", ("stage", "judge")))
    )
    route = replace(a_route(replace(CASE, rules=rules)), lines={"case": RouteLine(columns=("case_no", "stage"))})
    assert route.wire("case").names == ("case_no", "stage")
    assert [rule.id for rule in route.wire("case").rules] == ["kept"]
    assert route.contract("case").names == ("case_no", "judge", "stage")
    rows = pd.DataFrame({"case_no": ["（2026）冀1103破1号"], "judge": ["李"], "stage": ["accepted"]}, dtype="str")
    stage_content({"case": rows}, route, tmp_path)
    written = (tmp_path / "data/case-0001.csv").read_text(encoding="utf-8-sig")
    assert "judge" not in written
    assert "李" not in written
    assert "accepted" in written


def test_a_route_to_nobody_connected_is_not_run_unless_none_is() -> None:
    court = Party(
        id="court-1", kind="court", name_zh="", name_en="", courts=(Court(id="A", name="", division="", codes=()),)
    )
    routes = {route.id: route for route in (a_route(CASE), a_route(CASE, receiver="ss-1"))}
    agreement = Agreement(parties={"court-1": court}, routes=routes, codes={})
    assert agreement.quarterly_routes("court-1", ["ss-1"]) == ("court-1-to-ss-1",)
    assert agreement.quarterly_routes("court-1", []) == tuple(routes)
    assert agreement.quarterly_routes("tax-1", ["court-1"]) == ()
