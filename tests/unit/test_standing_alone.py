"""Datasets that stand alone, beside cases or without: selected, brought to form, checked, stopped as data says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import Any

import pandas as pd
import pytest

from exchange.adapters.checker_plain import PlainChecker
from exchange.domain.changes import case_in_exchange
from exchange.domain.contract import Column, Contract, Rule
from exchange.domain.examine import Examination, check_across, check_rows, conclude, prepare
from exchange.domain.period import Period
from exchange.domain.prepare import Prepared
from exchange.domain.route import Court, CourtCode, Party, Route, RouteLine
from exchange.domain.row_rules import ROW_RULES
from exchange.domain.selection import of_quarter
from tests.fakes.routes import a_contract, a_route
from tests.unit.court_rows import AGREEMENT, IS_WORKDAY, PERIOD, ROUTE, SENDER
from tests.unit.court_rows import Court as Rows

AS_OF = date(2026, 10, 9)
COURT = Party(
    id="court-1", kind="court", name_zh="", name_en="",
    courts=(Court(id="A1", name="", division="131103", codes=(CourtCode(code="冀1103"),)),),
)  # fmt: skip
NOTE = replace(
    a_contract("note", ("note_no",), {"note_no": "text", "court_code": "text", "holder": "text", "found_on": "date"}),
    select_by=("found_on",),
)


def note(number: int, **cells: Any) -> dict[str, Any]:
    return {"note_no": str(number), "court_code": "A1", "found_on": "2026-08-01", "_record": str(number), **cells}


def examined(contract: Contract, *rows: Mapping[str, Any], route: Route | None = None) -> tuple[Prepared, Examination]:
    frame = pd.DataFrame(rows, columns=[*contract.names, "_record"]).astype("str")
    route = route or a_route(contract)
    prepared = prepare({contract.dataset: frame}, route=route, sender=COURT, period=Period.parse("2026Q3"), as_of=AS_OF)
    found = check_rows(
        prepared, route=route, sender=COURT, codes={}, as_of=AS_OF, is_workday=IS_WORKDAY, checker=PlainChecker()
    )
    found += check_across(prepared, found, route=route, sender=COURT)
    return prepared, conclude(prepared, found, route=route, as_of=AS_OF)


def test_the_day_the_contract_names_decides_about_the_quarter() -> None:
    prepared, _ = examined(
        NOTE, note(1), note(2, found_on="2026-06-30"), note(3, found_on="2027-01-01"), note(4, found_on=None),
        note(5, found_on="morgen"), note(6, court_code="Z9"),
    )  # fmt: skip
    assert list(prepared.frames["note"]["note_no"]) == ["1", "3", "4", "5"]
    assert [(n.rule, n.dataset) for n in prepared.notes] == [("court_unknown", "note")]
    everything, _ = examined(replace(NOTE, select_by=()), note(1), note(2, found_on="2020-01-01"))
    assert len(everything.frames["note"]) == 2


def test_a_day_keyed_late_counts_by_any_of_the_columns() -> None:
    rows = pd.DataFrame(
        {
            "found_on": ["2026-05-01", "2026-05-01", None],
            "updated_at": ["2026-07-01T00:30:00+08:00", "2026-06-30T23:59:59+08:00", "2026-05-01T00:00:00Z"],
        },
        dtype="str",
    )
    assert of_quarter(rows, ("found_on", "updated_at"), date(2026, 7, 1)).tolist() == [True, False, False]


def test_a_route_without_cases_sends_its_rows_and_leaves_out_what_breaks_a_rule() -> None:
    rule = Rule(
        id="holder_unnamed", function="none_filled", severity="reject", reach="row", columns=("holder",),
        comparable=False,
    )  # fmt: skip
    prepared, verdict = examined(replace(NOTE, rules=(rule,)), note(1, holder="甲厂"), note(2))
    assert list(verdict.frames_to_send["note"]["note_no"]) == ["1"]
    assert [(f.rule, f.row_key, f.record) for f in verdict.findings] == [("holder_unnamed", "2", "note")]
    assert (verdict.selected, verdict.held, verdict.urgent, verdict.records) == ((), {}, (), {})
    assert not verdict.stopped
    assert len(case_in_exchange(prepared.frames, {}, a_route(NOTE))) == 0


def test_so_many_rows_left_out_stop_the_exchange_for_a_person() -> None:
    bad = [note(n, note_no=None) for n in range(5)]
    _, verdict = examined(NOTE, *[note(n) for n in range(5, 24)], *bad)
    assert verdict.stopped
    _, verdict = examined(NOTE, *[note(n) for n in range(5, 40)], *bad)
    assert not verdict.stopped


def test_two_rows_under_one_key_are_found_whatever_their_records() -> None:
    _, verdict = examined(NOTE, note(1), note(1, _record="7"), note(2), note(2, holder="乙厂", _record="9"))
    assert {(f.rule, f.row_key) for f in verdict.findings} == {
        ("duplicate_row", "1#2"), ("duplicate_key", "2"), ("duplicate_key", "2#2"),
    }  # fmt: skip
    assert list(verdict.frames_to_send["note"]["note_no"]) == ["1"]


def test_values_come_to_the_form_their_column_names() -> None:
    columns = (
        Column(name="note_no", type="text", required=True),
        Column(name="suit_no", type="text", required=False, normalise="case_no"),
        Column(name="holder", type="text", required=False, normalise="name"),
    )
    contract = replace(NOTE, columns=columns, select_by=())
    row = {"note_no": "1", "suit_no": "(2026)冀1103民初 5号", "holder": " 甲厂 ", "_record": "1"}
    prepared, _ = examined(contract, row)
    assert prepared.frames["note"].loc[0, ["suit_no", "holder"]].tolist() == ["（2026）冀1103民初5号", "甲厂"]
    assert {(n.rule, n.record, n.case_no) for n in prepared.normalised} == {
        ("half_width_brackets", "note", None), ("blanks_in_case_no", "note", None),
        ("blanks_around_name", "note", None),
    }  # fmt: skip


def test_beside_cases_rows_that_stand_alone_keep_out_of_them() -> None:
    route = replace(ROUTE, datasets=(*ROUTE.datasets, NOTE), lines={**ROUTE.lines, "note": RouteLine()})
    frames = Rows().case(1).case(2, stage=None).frames
    row = {**note(2), "court_code": "冀1103"}
    frames["note"] = pd.DataFrame([row], columns=[*NOTE.names, "_record"]).astype("str")
    prepared = prepare(frames, route=route, sender=SENDER, period=PERIOD, as_of=AS_OF)
    found = check_rows(
        prepared, route=route, sender=SENDER, codes=AGREEMENT.codes, as_of=AS_OF, is_workday=IS_WORKDAY,
        checker=PlainChecker(),
    )  # fmt: skip
    verdict = conclude(prepared, found, route=route, as_of=AS_OF)
    assert verdict.sent == ("1",)
    assert len(verdict.frames_to_send["note"]) == 1
    before = {name: frame.iloc[:0] for name, frame in verdict.frames_to_send.items()}
    reasons = case_in_exchange(verdict.frames_to_send, before, route)
    assert list(reasons["why"]) == ["new"]


def test_a_dataset_the_source_does_not_hold_is_said_not_silently_empty() -> None:
    frames = {name: frame for name, frame in Rows().case(1).frames.items() if name != "case_event"}
    prepared = prepare(frames, route=ROUTE, sender=SENDER, period=PERIOD, as_of=AS_OF)
    assert [(n.rule, n.severity, n.dataset) for n in prepared.notes] == [("dataset_not_supplied", "warn", "case_event")]


def test_why_a_case_is_sent_is_told_where_the_stage_does_not_travel() -> None:
    frames = Rows().case(1, stage="terminated", terminated_on="2026-08-01").frames
    columns = ("case_no", "terminated_on")
    route = replace(ROUTE, lines={**ROUTE.lines, "bankruptcy_case": RouteLine(columns=columns)})
    before = {
        name: frame.assign(terminated_on=None) if "terminated_on" in frame else frame for name, frame in frames.items()
    }
    reasons = case_in_exchange(frames, before, route)
    assert reasons.loc[0, ["why", "changed_columns"]].tolist() == ["changed", "terminated_on"]


SUIT = r"（\d{4}）(?P<code>\D\d{2,4})民初\d+号"


@pytest.mark.parametrize(
    ("function", "columns", "params", "rows", "broken"),
    [
        ("pattern", ("a",), {"pattern": "[0-9]+"}, ["12", "1x", None, "12\n"], [False, True, False, True]),
        ("none_filled", ("a", "b"), {}, [None, "1"], [True, False]),
        ("apart", ("a", "b"), {}, ["1", None], [True, False]),
        ("missing_when", ("a", "b"), {"values": ["other"]}, ["other", "x", None], [True, False, False]),
        ("after_as_of", ("a",), {}, ["2026-10-10", "2026-10-09", "soon", None], [True, False, False, False]),
        (
            "other_court", ("court", "a"), {"pattern": SUIT},
            ["（2026）冀1103民初5号", "（2026）冀1102民初5号", "（2026）冀1102执5号"], [False, True, False],
        ),
    ],
)  # fmt: skip
def test_rules_any_dataset_may_use(
    function: str, columns: tuple[str, ...], params: dict[str, Any], rows: list[str | None], broken: list[bool]
) -> None:
    frame = pd.DataFrame({"a": rows, "b": [None] * len(rows), "court": ["A1"] * len(rows)}, dtype="str")
    rule = Rule(id="r", function=function, severity="reject", reach="row", columns=columns, params=params)
    looked: Any = type("Looked", (), {"sender": COURT, "as_of": AS_OF})()
    assert ROW_RULES[function](frame, rule, looked).tolist() == broken
    assert ROW_RULES[function](frame.iloc[:0], rule, looked).tolist() == []
