"""Every clause of the rules: what breaks them, what does not, what is then held, listed and sent."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from exchange.domain.checks import claim_limit
from tests.unit.court_rows import IS_WORKDAY, ROUTE, Court


def test_a_clean_case_is_sent_without_a_word() -> None:
    outcome = Court().case(1).row("asset_disposal", 1).row("claim_review", 1).row("distribution", 1).outcome()
    assert outcome["sent"] == [1]
    assert outcome["findings"] == []


# normalisation


def test_normalised_values_are_listed_with_the_number_as_it_stood() -> None:
    raw = "(2026) 冀1103破1号之一"
    debtor = {"name": " 甲公司", "former_name": "乙公司\u3000", "uscc": "91131103ma0abcde67"}
    outcome = Court().case(1, case_no=raw, debtors=(debtor,)).outcome()
    assert outcome["normalised"] == [
        {"rule": "half_width_brackets", "record": 1, "case_no": raw, "to": "（2026）冀1103破1号"},
        {"rule": "blanks_in_case_no", "record": 1, "case_no": raw, "to": "（2026）冀1103破1号"},
        {"rule": "blanks_around_name", "record": 1, "case_no": raw, "to": "甲公司"},
        {"rule": "blanks_around_name", "record": 1, "case_no": raw, "to": "乙公司"},
        {"rule": "lower_case_uscc", "record": 1, "case_no": raw, "to": "91131103MA0ABCDE67"},
    ]
    assert outcome["sent"] == [1]


def test_normalised_values_are_what_is_sent_in_every_dataset() -> None:
    debtor = {"name": " 甲 公司 ", "uscc": "９1131103ma0abcde67", "old_taxpayer_id": "131181 735124851"}
    court = (
        Court().case(1, case_no="〔2026〕冀1103破1号", debtors=(debtor,)).row("case_event", 1).row("claim_review", 1)
    )
    frames = court.examine().frames_to_send
    assert {str(frame["case_no"].iloc[0]) for frame in frames.values() if len(frame)} == {"（2026）冀1103破1号"}
    sent = frames["case_debtor"].iloc[0]
    assert (sent["name"], sent["uscc"], sent["old_taxpayer_id"]) == ("甲 公司", "91131103MA0ABCDE67", "131181735124851")


def test_held_cases_normalisation_is_listed_too() -> None:
    outcome = Court().case(1, case_no="(2026)冀1103破01号").outcome()
    assert outcome["normalised"][0]["to"] == "（2026）冀1103破01号"
    assert outcome["quarantined"] == [
        {"rule": "case_no_malformed", "dataset": "bankruptcy_case", "record": 1, "case_no": "(2026)冀1103破01号"}
    ]


def test_the_same_change_of_two_debtors_is_listed_once() -> None:
    outcome = Court().case(1, debtors=({"name": " 甲公司"}, {"name": "甲公司 "})).outcome()
    assert len(outcome["normalised"]) == 1


def test_a_suffix_alone_is_cut_without_a_word() -> None:
    outcome = Court().case(1, case_no="（2026）冀1103破1号之一").outcome()
    assert outcome["normalised"] == []
    assert outcome["sent"] == [1]


# case numbers


@pytest.mark.parametrize(
    "number", ["2026年破产第7号", "（2026）冀1103破03号", "2026冀1103破3号", None, " ", "（2026）冀1103执3号"]
)
def test_malformed_numbers_are_held(number: str | None) -> None:
    assert Court().case(1, case_no=number).held_for() == {"case_no_malformed"}


@pytest.mark.parametrize(
    ("number", "court", "differs"),
    [
        ("（2026）冀1103破3号", "冀1103", False),
        ("（2012）冀1181民破3号", "冀1103", False),
        ("（2026）冀1181破3号", "冀1103", False),
        ("（2026）冀1102破3号", "冀1103", True),
        ("（2026）冀11破3号", "冀1103", True),
        ("（2026）冀11破3号", "冀11", False),
        ("2016川14民破2号", "冀1103", True),
        ("2016冀1103民破2号", "冀1103", False),
        ("（2015）江宁商破字第17号", "冀1103", False),
        ("（2015）江宁商破第17号", "冀1103", False),
    ],
)
def test_the_court_code_is_one_of_the_courts(number: str, court: str, differs: bool) -> None:
    assert Court().case(1, case_no=number, court_code=court).held_for() == (
        {"court_code_differs_from_case_no"} if differs else set()
    )


def test_a_malformed_number_has_no_court_code_to_differ() -> None:
    assert Court().case(1, case_no="（2026）冀1102破03号").held_for() == {"case_no_malformed"}


def test_a_new_case_under_an_old_code_is_looked_at_and_sent() -> None:
    for number, found in (("（2017）冀1181破3号", []), ("（2018）冀1181破3号", ["old_court_code_on_new_case"])):
        outcome = Court().case(1, case_no=number).outcome()
        assert [f["rule"] for f in outcome["findings"]] == found
        assert outcome["sent"] == [1]
        assert outcome["warned"] == []


# duplicates


def duplicates(court: Court) -> set[Any]:
    return {q["record"] for q in court.outcome()["quarantined"] if q["rule"] == "duplicate_case_no"}


SAME = "（2026）冀1103破9号"


def test_two_fitting_records_of_one_number_are_both_held() -> None:
    assert duplicates(Court().case(1, case_no=SAME).case(2, case_no=SAME)) == {1, 2}


def test_however_the_number_is_written() -> None:
    assert duplicates(Court().case(1, case_no=SAME).case(2, case_no="(2026) 冀1103破9号之一")) == {1, 2}


def test_one_single_fitting_record_is_not_held_for_the_others() -> None:
    court = (
        Court()
        .case(1, case_no=SAME, court_code="冀1102")
        .case(2, case_no=SAME)
        .case(3, case_no=SAME, court_code="冀11")
    )
    assert duplicates(court) == {1, 3}
    assert court.held_for(1) == {"duplicate_case_no", "court_code_differs_from_case_no"}
    assert court.outcome()["sent"] == [2]


def test_the_fitting_record_fits_whatever_else_it_breaks() -> None:
    court = Court().case(1, case_no=SAME, stage=None).case(2, case_no=SAME, court_code="冀1102")
    assert duplicates(court) == {2}
    assert court.held_for(1) == {"unknown_stage_code"}


def test_two_fitting_of_three_hold_all_three() -> None:
    court = Court().case(1, case_no=SAME).case(2, case_no=SAME).case(3, case_no=SAME, court_code="冀1102")
    assert duplicates(court) == {1, 2, 3}


def test_malformed_twins_are_all_duplicates() -> None:
    court = Court().case(1, case_no="2026年破产第7号").case(2, case_no="2026年 破产第7号")
    assert duplicates(court) == {1, 2}
    assert court.held_for(1) == {"duplicate_case_no", "case_no_malformed"}


def test_empty_numbers_are_no_duplicates() -> None:
    assert duplicates(Court().case(1, case_no=None).case(2, case_no=None).case(3, case_no="\u200b")) == set()


def test_a_record_that_is_not_selected_is_no_twin() -> None:
    assert duplicates(Court().case(1, case_no=SAME).case(2, case_no=SAME, stage="petition")) == set()


def test_twins_of_the_zi_di_form_are_both_held() -> None:
    old = "（2015）江宁商破字第17号"
    assert duplicates(Court().case(1, case_no=old).case(2, case_no=old, court_code="冀1102")) == {1, 2}


# stages and days


@pytest.mark.parametrize("stage", [None, "47", "20", "ACCEPTED"])
def test_unknown_stages_are_held(stage: str | None) -> None:
    assert Court().case(1, stage=stage, accepted_on=None).held_for() == {"unknown_stage_code"}


@pytest.mark.parametrize(
    "stage", ["accepted", "claims_open", "meeting_held", "declared", "plan_approved", "distribution", "terminated"]
)
def test_an_accepted_case_has_a_day_of_acceptance(stage: str) -> None:
    assert Court().case(1, stage=stage, accepted_on=None).held_for() == {"accepted_on_missing"}


@pytest.mark.parametrize(("day", "held"), [("2026-10-09", set()), ("2026-10-10", {"accepted_on_in_future"})])
def test_acceptance_lies_not_after_the_as_of_day(day: str, held: set[str]) -> None:
    assert Court().case(1, accepted_on=day).held_for() == held


@pytest.mark.parametrize(("due", "held"), [("2026-06-01", False), ("2026-05-31", True), (None, False)])
def test_claims_are_not_due_before_the_announcement(due: str | None, held: bool) -> None:
    court = Court().case(1, announced_on="2026-06-01", claims_due_on=due, first_meeting_on=None)
    assert court.held_for() == ({"claims_due_before_announcement"} if held else set())


@pytest.mark.parametrize(("due", "warned"), [("2026-07-01", False), ("2026-06-30", True), ("2026-06-01", True)])
def test_a_claim_period_has_thirty_days(due: str, warned: bool) -> None:
    court = Court().case(1, announced_on="2026-06-01", claims_due_on=due, first_meeting_on=None)
    assert court.warned_for() == ({"claim_period_shorter_than_30_days"} if warned else set())


@pytest.mark.parametrize(
    ("announced", "last"),
    [
        ("2026-06-01", "2026-09-01"),
        ("2025-11-30", "2026-02-28"),
        ("2025-11-28", "2026-02-28"),
        ("2025-07-05", "2025-10-09"),
        ("2026-07-10", "2026-10-10"),
        ("2026-08-31", "2026-11-30"),
        ("2026-05-29", "2026-08-31"),
        ("2025-12-31", "2026-03-31"),
        ("2023-11-30", "2024-02-29"),
        ("2025-10-04", "2026-01-04"),
    ],
)
def test_a_claim_period_ends_after_three_months_on_a_working_day(announced: str, last: str) -> None:
    day = date.fromisoformat(last)
    assert claim_limit(date.fromisoformat(announced), 3, IS_WORKDAY) == day
    after = date.fromordinal(day.toordinal() + 1).isoformat()
    for due, warned in ((last, set()), (after, {"claim_period_longer_than_3_months"})):
        court = Court().case(1, announced_on=announced, claims_due_on=due, first_meeting_on=None)
        assert court.warned_for() == warned


def test_the_last_of_days_has_a_limit() -> None:
    assert Court().case(1, announced_on="9999-12-31", claims_due_on="9999-12-31", first_meeting_on=None).outcome()[
        "sent"
    ] == [1]


@pytest.mark.parametrize(("meeting", "warned"), [("2026-07-10", False), ("2026-07-09", True), (None, False)])
def test_the_meeting_is_not_before_claims_are_due(meeting: str | None, warned: bool) -> None:
    court = Court().case(1, claims_due_on="2026-07-10", first_meeting_on=meeting)
    assert court.warned_for() == ({"meeting_before_claims_due"} if warned else set())


def test_warnings_are_listed_for_sent_cases_only() -> None:
    court = Court().case(1, claims_due_on="2026-06-02", stage=None)
    outcome = court.outcome()
    assert outcome["warned"] == []
    assert {"unknown_stage_code", "claim_period_shorter_than_30_days"} <= {f["rule"] for f in outcome["findings"]}


# debtors


def test_a_case_without_debtor_is_held() -> None:
    assert Court().case(1, debtors=()).case(2).held_for(1) == {"case_without_debtor"}


@pytest.mark.parametrize(
    "code", ["91131103MA0ABCDE6A", "9113", "91131103MAOABCDE67", "91131103MA0ABCDE67 8", "91131103MA0ABCDE6?"]
)
def test_a_wrong_code_is_held(code: str) -> None:
    assert Court().case(1, debtors=({}, {"uscc": code})).held_for() == {"uscc_check_digit"}


@pytest.mark.parametrize(
    "code", ["91131103ma0abcde67", "９１１３１１０３ＭＡ０ＡＢＣＤＥ６７", " 9113 1103MA0ABCDE67\u200b", None, "\u3000"]
)
def test_a_code_is_judged_in_its_one_form(code: str | None) -> None:
    assert Court().case(1, debtors=({"uscc": code},)).held_for() == set()


@pytest.mark.parametrize("sign", list("=+-@＝＋－＠﹣﹢"))
@pytest.mark.parametrize("column", ["name", "former_name"])
@pytest.mark.parametrize("blank", ["", " ", "\u3000\u200b"])
def test_a_name_is_no_formula(sign: str, column: str, blank: str) -> None:
    debtor = {column: f"{blank}{sign}SUM(A1)公司"}
    assert Court().case(1, debtors=({}, debtor)).held_for() == {"name_is_a_formula"}


@pytest.mark.parametrize("name", ["甲=乙公司", "甲-乙", "（@）公司", "一号公司", "—公司"])
def test_signs_inside_a_name_are_none(name: str) -> None:
    assert Court().case(1, debtors=({"name": name},)).held_for() == set()


@pytest.mark.parametrize("name", ["冀州*公司", "*", "某＊＊公司", "公司*"])
@pytest.mark.parametrize("column", ["name", "former_name"])
def test_a_name_is_not_masked(name: str, column: str) -> None:
    assert Court().case(1, debtors=({column: name},)).held_for() == {"name_is_masked"}


def test_each_rule_and_case_is_listed_once() -> None:
    bad = {"name": "=1", "former_name": "=2", "uscc": "x"}
    outcome = Court().case(1, debtors=(bad, bad, bad)).outcome()
    assert sorted(q["rule"] for q in outcome["quarantined"]) == ["name_is_a_formula", "uscc_check_digit"]


@pytest.mark.parametrize(
    ("uscc", "old", "warned"),
    [
        (None, "131181735124851", True),
        (" ", "131181735124851", True),
        (None, "131181 735124851", True),
        (None, "13118173512485", False),
        (None, "1311817351248511", False),
        (None, None, False),
        ("91131103MA0ABCDE67", "131181735124851", False),
    ],
)
def test_an_old_taxpayer_id_alone_is_looked_at(uscc: str | None, old: str | None, warned: bool) -> None:
    court = Court().case(1, debtors=({"uscc": uscc, "old_taxpayer_id": old},))
    assert court.warned_for() == ({"uscc_missing_old_taxpayer_id"} if warned else set())
    assert court.outcome()["sent"] == [1]


def test_a_warning_of_two_debtors_is_listed_once() -> None:
    old = {"uscc": None, "old_taxpayer_id": "131181735124851"}
    assert len(Court().case(1, debtors=(old, old)).outcome()["warned"]) == 1


# amounts


@pytest.mark.parametrize(
    ("dataset", "column"),
    [
        ("asset_disposal", "deal_amount"), ("asset_disposal", "appraised_amount"), ("claim_review", "declared_amount"),
        ("claim_review", "confirmed_amount"), ("distribution", "payable_amount"), ("distribution", "paid_amount"),
    ],
)  # fmt: skip
def test_a_negative_amount_holds_its_row_alone(dataset: str, column: str) -> None:
    other = {"rank": "ordinary"} if dataset != "asset_disposal" else {}
    court = Court().case(1).row(dataset, 1, **{column: "-0.01"}).row(dataset, 1, **other)
    outcome = court.outcome()
    assert outcome["quarantined"] == [
        {"rule": "negative_amount", "dataset": dataset, "record": 1, "case_no": "（2026）冀1103破1号"}
    ]
    assert outcome["sent"] == [1]
    left = court.examine().frames_to_send[dataset]
    assert len(left) == 1
    assert not left[column].fillna("0").astype(float).lt(0).any()


@pytest.mark.parametrize("amount", ["0.00", "-0.00", None, "12.30"])
def test_what_is_not_below_zero_is_sent(amount: str | None) -> None:
    assert Court().case(1).row("asset_disposal", 1, deal_amount=amount).outcome()["quarantined"] == []


def test_a_negative_row_of_a_held_case_is_listed_too() -> None:
    court = Court().case(1, stage=None).row("distribution", 1, paid_amount="-1.00")
    assert court.held_for() == {"unknown_stage_code", "negative_amount"}
    assert len(court.examine().frames_to_send["distribution"]) == 0


def test_negative_rows_of_one_dataset_are_listed_once() -> None:
    court = Court().case(1)
    for _ in range(3):
        court.row("asset_disposal", 1, deal_amount="-1.00")
    assert len(court.outcome()["quarantined"]) == 1


def test_of_two_rows_with_one_key_the_negative_one_alone_is_left_out() -> None:
    court = Court().case(1).row("claim_review", 1, declared_amount="-2.00").row("claim_review", 1)
    assert court.examine().frames_to_send["claim_review"]["declared_amount"].tolist() == ["2.00"]


# the whole exchange


@pytest.mark.parametrize(
    ("held", "clean", "stopped"),
    [(4, 1, False), (5, 20, False), (5, 19, True), (6, 24, False), (6, 23, True), (5, 0, True)],
)
def test_too_many_held_cases_stop_the_exchange(held: int, clean: int, stopped: bool) -> None:
    court = Court()
    for n in range(held):
        court.case(n + 1, stage=None)
    for n in range(clean):
        court.case(100 + n)
    assert court.examine().stopped is stopped
    assert len(court.outcome()["sent"]) == clean


def test_left_out_rows_do_not_stop_the_exchange() -> None:
    court = Court()
    for n in range(10):
        court.case(n + 1).row("asset_disposal", n + 1, deal_amount="-1.00")
    assert not court.examine().stopped


# what is ours beside


@pytest.mark.parametrize(
    ("columns", "rule"),
    [
        ({"procedure": "09"}, "unknown_code"),
        ({"procedure": None}, "required_value_missing"),
        ({"judge": None}, "required_value_missing"),
        ({"announced_on": "2026-02-30"}, "value_unreadable"),
        ({"is_major": "2"}, "value_unreadable"),
        ({"source_updated_at": "yesterday"}, "value_unreadable"),
    ],
)
def test_what_the_wire_can_not_carry_is_held_and_not_compared(columns: dict[str, Any], rule: str) -> None:
    outcome = Court().case(1, **columns).outcome()
    assert outcome["sent"] == []
    assert outcome["quarantined"] == []
    assert [(f["rule"], f["comparable"]) for f in outcome["findings"]] == [(rule, False)]


def test_a_row_the_wire_can_not_carry_is_left_out_alone() -> None:
    court = Court().case(1).row("claim_review", 1, declared_amount="many").row("claim_review", 1, rank="ordinary")
    outcome = court.outcome()
    assert outcome["sent"] == [1]
    assert [f["rule"] for f in outcome["findings"]] == ["value_unreadable"]
    assert court.examine().frames_to_send["claim_review"]["rank"].tolist() == ["ordinary"]


def test_the_same_row_twice_is_sent_once_and_two_versions_not_at_all() -> None:
    court = Court().case(1).case(2)
    court.row("claim_review", 1).row("claim_review", 1)
    court.row("claim_review", 2).row("claim_review", 2, confirmed_amount="1.00")
    examination = court.examine()
    assert [f.rule for f in examination.findings] == ["duplicate_row", "duplicate_key", "duplicate_key"]
    assert examination.frames_to_send["claim_review"]["_record"].tolist() == ["1"]
    assert len(examination.sent) == 2


def test_of_several_administrators_the_last_appointed_is_sent() -> None:
    court = Court()
    for name, day in (("甲所", "2026-01-01"), ("乙所", "2026-03-01"), ("丙所", None)):
        court.case(1, administrator_name=name, administrator_appointed_on=day, debtors=())
    court.rows["case_debtor"] = Court().case(1).rows["case_debtor"]
    examination = court.examine()
    assert examination.selected == ("1",)
    assert examination.frames_to_send["bankruptcy_case"]["administrator_name"].tolist() == ["乙所"]
    assert [f.rule for f in examination.findings] == ["several_administrators"]


def test_a_confirmed_reject_becomes_a_verify_where_the_contract_lets_it() -> None:
    court = Court().case(1, debtors=({"uscc": "91131103MA0ABCDE6A"},)).case(2, stage=None)
    examination = court.examine(overruled={("uscc_check_digit", "1"), ("unknown_stage_code", "2")})
    assert examination.sent == ("1",)
    assert {(f.rule, f.severity) for f in examination.findings} == {
        ("uscc_check_digit", "verify"),
        ("unknown_stage_code", "reject"),
    }


def test_a_source_without_a_dataset_sends_none_of_it() -> None:
    frames = Court().case(1).examine().frames_to_send
    assert set(frames) == {c.dataset for c in ROUTE.carries("Q")} - {"case_in_exchange"}
    assert frames["distribution"].empty


def test_no_case_at_all() -> None:
    outcome = Court().outcome()
    assert all(outcome[name] == [] for name in ("selected", "sent", "quarantined", "warned", "urgent", "findings"))


def test_an_empty_number_is_told_from_none() -> None:
    outcome = Court().case(1, case_no="").case(2, case_no=None).outcome()
    assert [(q["rule"], q["case_no"]) for q in outcome["quarantined"]] == [
        ("case_no_malformed", ""),
        ("case_no_malformed", None),
    ]
    assert outcome["normalised"] == []
