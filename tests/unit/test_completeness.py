"""Is anything missing: figures that must agree, cases that were lost on the way, events that come late."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

import pandas as pd
import pytest

from exchange.domain.asof import as_of
from exchange.domain.completeness import Completeness, History, completeness
from exchange.domain.confirmed import side_by_side
from exchange.domain.content import Content, ContentFile
from exchange.domain.control import COLUMNS as CONTROL_COLUMNS
from exchange.domain.late import Run
from exchange.domain.period import Period
from exchange.domain.prepare import join, prepare
from tests.unit.court_rows import AS_OF, PERIOD, ROUTE, SENDER, Court

REGISTER = ("_record", "case_no", "court_code", "stage", "terminated_on", "source_updated_at")
Figure = tuple[str, str, str, str]
RUN = Run(key="131100-cases.Q.2026Q2", period=Period.parse("2026Q2"), as_of=date(2026, 7, 3))


def found(
    court: Court,
    *figures: Figure,
    register: pd.DataFrame | None = None,
    before: Court | None = None,
    runs: tuple[Run, ...] = (),
    held: frozenset[str] = frozenset(),
    change: Callable[[dict[str, pd.DataFrame]], None] = lambda _: None,
) -> Completeness:
    """What the completeness of one court's quarter is; `figures` are the source's own (dataset, stage, measure, n)."""
    frames = court.frames
    private: dict[str, pd.DataFrame] = {}
    if figures:
        private["_control"] = pd.DataFrame(
            [("冀1103", *one) for one in figures], columns=list(CONTROL_COLUMNS), dtype="str"
        )
    if register is not None:
        private["_docket"] = register
    change(frames)
    prepared = join([prepare(frames, route=ROUTE, sender=SENDER, period=PERIOD, as_of=AS_OF)])
    history = History(book=(), before=before.frames if before else {}, runs=runs, held_in=lambda _: held)
    return completeness(
        [private], prepared, court.examine(), route=ROUTE, sender=SENDER, key="k", history=history
    )  # fmt: skip


def register(*cases: Mapping[str, str]) -> pd.DataFrame:
    plain = {"court_code": "冀1103", "stage": "claims_open", "source_updated_at": "2026-07-20T09:30:00+08:00"}
    return pd.DataFrame([{**plain, **case} for case in cases], columns=list(REGISTER), dtype="str")


def rules(complete: Completeness) -> list[tuple[str, str, str]]:
    return [(f.rule, f.row_key or f.case_no or "", f.note) for f in complete.findings]


ALL: tuple[Figure, ...] = (
    ("bankruptcy_case", "claims_open", "rows", "2"), ("case_debtor", "", "rows", "2"),
    ("asset_disposal", "", "rows", "3"), ("asset_disposal", "", "deal_amount", "-9799"),
)  # fmt: skip


def two_cases() -> Court:
    court = Court().case(1).case(2, accepted_on=None)
    court.row("asset_disposal", 1, deal_amount="1.01").row("asset_disposal", 1, deal_amount="-100.00")
    return court.row("asset_disposal", 2, deal_amount="1.00")


def test_figures_that_agree_make_no_point_and_add_up() -> None:
    complete = found(two_cases(), *ALL)
    assert rules(complete) == []
    control = complete.outcome["control"]
    assert control["checked"] is True
    (line,) = [line for line in control["courts"] if line["court"] == "冀1103"]
    assert line == {"court": "冀1103", "selected": 2, "sent": 1, "held": 1}
    sums = {(one["dataset"], one["measure"]): one for one in control["datasets"]}
    assert sums["asset_disposal", "deal_amount"] == {
        "dataset": "asset_disposal", "measure": "deal_amount", "source": "-97.99", "selected": "-97.99",
        "sent": "1.01", "held": "1.00", "left_out": "-100.00",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("figure", "place", "note"),
    [
        (("bankruptcy_case", "claims_open", "rows", "3"), "冀1103|bankruptcy_case|claims_open|rows|read", "3 ≠ 2"),
        (("case_debtor", "", "rows", "1"), "冀1103|case_debtor|rows|read", "1 ≠ 2"),
        (("asset_disposal", "", "deal_amount", "-9798"), "冀1103|asset_disposal|deal_amount|read", "-97.98 ≠ -97.99"),
        (("asset_disposal", "", "rows", "three"), "冀1103|asset_disposal|rows|read", "0 ≠ 3"),
    ],
)
def test_any_figure_that_differs_is_a_point(figure: Figure, place: str, note: str) -> None:
    others = [one for one in ALL if one[:3] != figure[:3]]
    assert rules(found(two_cases(), *others, figure)) == [("control_total_differs", place, note)]


def test_what_is_lost_between_reading_and_sending_is_a_point() -> None:
    def lose(frames: dict[str, pd.DataFrame]) -> None:
        frames["case_debtor"] = pd.concat([frames["case_debtor"], frames["case_debtor"].iloc[:1]])

    complete = found(two_cases(), *ALL, change=lose)
    assert ("control_total_differs", "冀1103|case_debtor|rows|sent_held_left_out", "3 ≠ 2") in rules(complete)


def test_a_source_that_counts_nothing_says_so() -> None:
    complete = found(two_cases())
    assert (complete.outcome["docket"], complete.outcome["control"]["checked"]) == ({"checked": False}, False)
    assert complete.findings == ()


def test_a_case_the_query_lost_is_named() -> None:
    rows = register(
        {"_record": "1", "case_no": "（2026）冀1103破1号"}, {"_record": "7", "case_no": "（2026）冀1103破2号"},
        {"_record": "8", "case_no": "（2026）冀1103破3号", "stage": "petition"},
        {"_record": "9", "case_no": "甲某的案子"},
    )  # fmt: skip
    complete = found(Court().case(1), register=rows)
    assert rules(complete) == [("case_not_read", "（2026）冀1103破2号", "#7"), ("case_not_read", "冀1103|2", "#9")]
    (line,) = [line for line in complete.outcome["control"]["courts"] if line["court"] == "冀1103"]
    assert (line["register"], line["not_accepted"], line["selected"]) == (4, 1, 1)


def test_an_ended_case_that_never_went_out_is_named() -> None:
    ended = {"stage": "terminated", "terminated_on": "2026-05-01", "source_updated_at": "2026-05-01T09:00:00+08:00"}
    rows = register(
        {"_record": "1", "case_no": "（2026）冀1103破1号"},
        {"_record": "2", "case_no": "（2026）冀1103破2号", **ended},
        {"_record": "3", "case_no": "（2026）冀1103破3号", **ended},
        {"_record": "4", "case_no": "（2026）冀1103破4号", **ended, "terminated_on": "2025-05-01"},
    )  # fmt: skip
    before = Court().case(2, stage="terminated", terminated_on="2026-05-01")
    assert rules(found(Court().case(1), register=rows)) == []
    assert rules(found(Court().case(1), register=rows, before=before, runs=(RUN,))) == [
        ("ended_case_never_sent", "（2026）冀1103破3号", "#3")
    ]


def test_what_the_other_side_has_as_open_and_is_not_selected_is_named() -> None:
    rows = register(
        {"_record": "1", "case_no": "（2026）冀1103破1号"},
        {"_record": "2", "case_no": "（2026）冀1103破20号"},
        {"_record": "3", "case_no": "（2026）冀1103破3号", "stage": "not_accepted"},
        {"_record": "4", "case_no": "（2026）冀1103破4号", "stage": "terminated", "terminated_on": "2026-05-01",
         "source_updated_at": "2026-05-01T09:00:00+08:00"},
        {"_record": "5", "case_no": "（2026）冀1103破5号", "court_code": "冀0102"},
        {"_record": "8", "case_no": "（2026）冀1103破8号", "stage": None},
        {"_record": "9", "case_no": "（2026）冀1103破9号"},
    )  # fmt: skip
    before, now = Court(), Court().case(1).case(2, case_no="（2026）冀1103破20号").case(8, stage=None)
    for number in (1, 2, 3, 4, 5, 6, 8, 9):
        before.case(number)
    before.case(7, stage="terminated", terminated_on="2026-04-01")
    told = [one for one in rules(found(now, register=rows, before=before)) if one[0] != "docket_gap"]
    assert told == [
        ("sent_case_not_selected", "（2026）冀1103破2号", "现案号 now （2026）冀1103破20号 #2"),
        ("sent_case_not_selected", "（2026）冀1103破3号", "程序阶段 stage not_accepted #3"),
        ("sent_case_not_selected", "（2026）冀1103破4号", "已终结 ended 2026-05-01 #4"),
        ("sent_case_not_selected", "（2026）冀1103破5号", "承办法院 court 冀0102 #5"),
        ("sent_case_not_selected", "（2026）冀1103破6号", "登记中已无 not in the register #6"),
        ("case_not_read", "（2026）冀1103破9号", "#9"),
    ]


def late(complete: Completeness) -> list[tuple[Any, ...]]:
    return [(o["record"], o["what"], o["happened_on"], o["quarter"], o["because"]) for o in complete.outcome["late"]]


def test_what_a_quarter_should_have_carried_comes_late() -> None:
    court = Court().case(1).case(2).row("case_event", 1).row("case_event", 1, event="declaration")
    court.row("claim_review", 2, reviewed_on="2026-06-30").row("distribution", 2, paid_on="2026-07-01")
    before = Court().case(1, announced_on=None).row("case_event", 1)
    complete = found(court, before=before, runs=(RUN,))
    assert late(complete) == [
        (1, "declaration", "2026-05-20", "2026Q2", "keyed_later"),
        (2, "acceptance", "2026-05-20", "2026Q2", "keyed_later"),
        (1, "announcement", "2026-06-01", "2026Q2", "keyed_later"),
        (2, "announcement", "2026-06-01", "2026Q2", "keyed_later"),
        (2, "review", "2026-06-30", "2026Q2", "keyed_later"),
    ]
    assert {one["days_late"] for one in complete.outcome["late"]} == {98}


def test_nothing_is_late_on_a_route_that_only_begins() -> None:
    assert found(Court().case(1)).outcome["late"] == []
    before_first = Court().case(1, accepted_on="2026-03-31", announced_on="2026-03-31")
    assert found(before_first, runs=(RUN,)).outcome["late"] == []


def test_late_says_why() -> None:
    old = {"source_updated_at": "2026-07-02T09:30:00+08:00", "announced_on": None}
    assert late(found(Court().case(1, **old), runs=(RUN,)))[0][-1] == "not_carried"
    assert late(found(Court().case(1, **old), runs=(RUN,), held=frozenset({"1"})))[0][-1] == "held_then"


def test_a_mended_number_makes_nothing_late() -> None:
    before = Court().case(1, case_no="（2026）冀1103破01号")
    assert found(Court().case(1), before=before, runs=(RUN,)).outcome["late"] == []


def test_another_record_of_the_same_number_makes_late_what_is_new_alone() -> None:
    number = {"case_no": "（2026）冀1103破1号"}
    told = Court().case(1).row("case_event", 1, **number).row("claim_review", 1, **number, reviewed_on="2026-06-30")
    now = Court().case(9, **number, judge="钱法官", announced_on="2026-06-02")
    now.row("case_event", 9, **number).row("case_event", 9, **number, event="declaration")
    now.row("claim_review", 9, **number, reviewed_on="2026-06-30")
    assert late(found(now, before=told, runs=(RUN,))) == [
        (9, "declaration", "2026-05-20", "2026Q2", "keyed_later"),
        (9, "announcement", "2026-06-02", "2026Q2", "keyed_later"),
    ]


def test_a_quarter_that_was_skipped_belongs_to_the_next_that_ran() -> None:
    first = Run(key="q1", period=Period.parse("2026Q1"), as_of=date(2026, 4, 3))
    assert found(Court().case(1), runs=(first,)).outcome["late"] == []
    q4 = Period.parse("2025Q4")
    runs = (Run(key="q4", period=q4, as_of=date(2026, 1, 5)), RUN)
    assert {o["exchange"] for o in found(Court().case(1, accepted_on="2026-02-01"), runs=runs).outcome["late"]} == {
        RUN.key
    }


def test_both_ends_figures_stand_side_by_side() -> None:
    file = ContentFile(path="data/distribution-0001.csv", bytes=1, sha256="", rows=2, totals={"paid_amount": "2.00"})
    content = Content(hash="", files=(file,), totals={"distribution": {"paid_amount": "2.00"}})
    none = side_by_side(content, None)
    assert [(one.measure, one.sent, one.received, one.as_dict()["agrees"]) for one in none] == [
        ("rows", "2", None, None), ("paid_amount", "2.00", None, None),
    ]  # fmt: skip
    receipt = {
        "counts": {"distribution": {"received": 2, "landed": 1}}, "totals": {"distribution": {"paid_amount": "2.00"}}
    }  # fmt: skip
    assert [(one.measure, one.agrees) for one in side_by_side(content, receipt)] == [
        ("rows", False), ("paid_amount", True),
    ]  # fmt: skip


def test_a_reading_holds_nothing_that_had_not_happened() -> None:
    court = Court().case(1, stage="terminated", terminated_on="2026-09-30").case(2, accepted_on="2026-09-01")
    one, two = ({"case_no": f"（2026）冀1103破{n}号"} for n in (1, 2))
    court.row("case_event", 1, **one).row("case_event", 1, event="termination", happened_on="2026-09-30", **one)
    court.row("claim_review", 2, reviewed_on="2026-05-01", **two).row("asset_disposal", 1, dealt_on="rubbish", **one)
    cut = as_of(court.frames, date(2026, 6, 30), ROUTE)
    (case,) = cut["bankruptcy_case"].to_dict("records")
    assert case["_record"] == "1"
    assert pd.isna([case["terminated_on"], case["stage"]]).all()
    assert (case["announced_on"], case["claims_due_on"]) == ("2026-06-01", "2026-07-10")
    assert cut["case_event"]["event"].tolist() == ["acceptance"]
    assert (len(cut["claim_review"]), len(cut["asset_disposal"])) == (0, 1)
