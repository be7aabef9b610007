"""Codes on cases and claims: each clause of the table holds and does not hold, at its boundary."""

from __future__ import annotations

from datetime import date

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exchange.domain.books import plain_ids, plain_numbers
from exchange.domain.case_number import normalise
from exchange.domain.errors import NeedsPerson
from exchange.domain.identifiers import id_form
from tests.unit.reconcile_kit import AS_OF, CASE, CLAIM, World

OTHER = "（2026）冀1103破99号"


def test_books_that_agree_have_no_break() -> None:
    result = World().result()
    assert result.as_outcome() == {"breaks": [], "infos": [], "break_counts": {}}
    assert result.findings == ()


def test_empty_books_have_no_break() -> None:
    world = World()
    for table in world.rows:
        world.drop(table)
    assert world.codes() == []


@pytest.mark.parametrize(
    ("table", "column"),
    [("claims", "total_amount"), ("claims", "filed_on"), ("claims", "version"), ("reviews", "declared_amount")],
)
def test_landed_rows_that_hold_something_else_are_refused_without_the_value(table: str, column: str) -> None:
    with pytest.raises(NeedsPerson, match="E504") as refused:
        World().set(table, **{column: "secret"}).result()
    assert "secret" not in str(refused.value)


# UNKNOWN_CASE


def test_a_claim_on_an_unknown_case_has_that_one_code_and_no_other() -> None:
    world = World().set("claims", case_no=OTHER, cutoff_on="2020-01-01", total_amount="1.00", debtor_uscc="X")
    world.set("lines", 1, amount="9999999.00", rank="tax").set("reviews", declared_amount="1.00")
    world.set("distributions", paid_amount="0.00").set("cases", claims_due_on="2026-12-31")
    assert world.codes() == ["UNKNOWN_CASE"]
    found = world.one("UNKNOWN_CASE")
    assert (found.case_no, found.claim_no, found.due_on) == (OTHER, CLAIM, None)


def test_the_case_number_is_normalised_before_it_is_looked_up() -> None:
    assert World().set("claims", case_no=" (2026)冀1103破１号之一 ").codes() == []
    assert World().set("claims", case_no="(2026)冀1103破99号").one("UNKNOWN_CASE").case_no == OTHER


def test_a_withdrawn_claim_on_an_unknown_case_is_nothing() -> None:
    world = World().drop("reviews").set("cases", claims_due_on="2026-12-31").drop("distributions")
    assert world.set("claims", case_no=OTHER, kind="withdrawal").codes() == []


# NO_RESPONSE


def unanswered() -> World:
    return World().drop("claims").drop("lines").drop("reviews").drop("distributions")


def test_no_response_after_the_deadline_only() -> None:
    assert unanswered().codes() == ["NO_RESPONSE"]
    assert unanswered().set("cases", claims_due_on="2026-10-08").codes() == ["NO_RESPONSE"]
    assert unanswered().set("cases", claims_due_on="2026-10-09").codes() == []
    assert unanswered().set("cases", claims_due_on=None).codes() == []


@pytest.mark.parametrize(
    ("stage", "expected"),
    [
        ("petition", []),
        ("accepted", []),
        ("claims_open", ["NO_RESPONSE"]),
        ("meeting_held", ["NO_RESPONSE"]),
        ("declared", ["NO_RESPONSE"]),
        ("plan_approved", ["NO_RESPONSE"]),
        ("distribution", ["NO_RESPONSE"]),
        ("terminated", []),
        ("not_accepted", []),
    ],
)
def test_no_response_in_stages_claims_open_to_distribution(stage: str, expected: list[str]) -> None:
    assert unanswered().set("cases", stage=stage).codes() == expected


def test_a_nil_claim_is_an_answer_a_withdrawn_one_is_not() -> None:
    nil = World().set("claims", kind="nil", total_amount="0.00").drop("lines").drop("reviews").drop("distributions")
    assert nil.codes() == []
    assert nil.set("claims", kind="withdrawal").codes() == ["NO_RESPONSE"]


def test_no_response_shape_and_limit() -> None:
    found = unanswered().one("NO_RESPONSE")
    assert found.as_outcome() == {"code": "NO_RESPONSE", "case_no": CASE, "claim_no": None}
    assert found.due_on == date(2026, 5, 20)


# versions


def test_only_the_highest_version_counts() -> None:
    world = World().add("claims", version="10", kind="amendment", total_amount="7.00", filed_on="2026-12-01")
    world.add("claims", version="9", kind="withdrawal").add("lines", version="10", amount="7.00")
    world.drop("reviews").drop("distributions")
    assert world.codes() == []
    world.set("claims", 1, total_amount="8.00")
    assert world.codes() == ["TOTAL_DIFFERS"]


def test_a_claim_can_come_back_after_its_withdrawal() -> None:
    world = World().set("claims", kind="withdrawal")
    world.add("claims", version="2", kind="amendment").add("lines", version="2").add("lines", version="2", line_no="2")
    world.set("lines", 3, component="late_fee", amount="50000.00", rank="ordinary")
    assert world.codes() == []


# DEBTOR_MISMATCH and NAME_DIFFERS


def test_debtor_by_uscc_normalised() -> None:
    assert World().set("claims", debtor_uscc=" 91131103ma0abcde67 ").codes() == []
    assert World().set("debtors", uscc="９1131103MA0ABCDE67").codes() == []
    assert World().set("claims", debtor_uscc="91131103MA0ABCDE68").codes() == ["DEBTOR_MISMATCH"]


def test_the_old_id_counts_only_when_the_uscc_is_empty() -> None:
    old = {"debtor_old_taxpayer_id": "131103123456789"}
    assert World().set("claims", debtor_uscc=None, **old).codes() == []
    assert World().set("claims", debtor_uscc="\u3000", **old).codes() == []
    assert World().set("claims", debtor_uscc="OTHER", **old).codes() == ["DEBTOR_MISMATCH"]
    assert World().set("claims", debtor_uscc=None, debtor_old_taxpayer_id="0").codes() == ["DEBTOR_MISMATCH"]


def test_both_ids_empty_is_a_mismatch_even_when_the_court_has_none_either() -> None:
    world = World().set("claims", debtor_uscc=None).set("debtors", uscc=None, old_taxpayer_id=None)
    assert world.codes() == ["DEBTOR_MISMATCH"]


def test_a_debtor_of_another_case_is_a_mismatch() -> None:
    world = World().add("cases", case_no=OTHER, claims_due_on="2026-12-31", _record="8")
    world.add("debtors", case_no=OTHER, uscc="OTHERCASE", _record="8").set("claims", debtor_uscc="OTHERCASE")
    assert world.codes() == ["DEBTOR_MISMATCH"]


def test_any_debtor_of_a_consolidated_estate_will_do() -> None:
    world = World().add("debtors", debtor_no="2", uscc="SECOND", name="第二有限公司", former_name=None)
    assert world.set("claims", debtor_uscc="SECOND", debtor_name="第二有限公司").codes() == []
    assert world.set("claims", debtor_name="冀州金桥有限公司").codes() == ["NAME_DIFFERS"]


def test_name_and_former_name_compared_without_width_and_blanks() -> None:
    assert World().set("claims", debtor_name="冀州 金桥\u3000有限公司\u200b").codes() == []
    assert World().set("claims", debtor_name="冀州老桥有限公司").codes() == []
    assert World().set("claims", debtor_name="冀州(金)有限公司").set("debtors", name="冀州（金）有限公司").codes() == []
    assert World().set("claims", debtor_name="冀州新桥有限公司").codes() == ["NAME_DIFFERS"]
    assert World().set("claims", debtor_name=None).codes() == ["NAME_DIFFERS"]
    assert World().set("debtors", former_name=None).codes() == []


def test_no_name_code_when_the_id_does_not_match() -> None:
    assert World().set("claims", debtor_uscc="X", debtor_name="别家").codes() == ["DEBTOR_MISMATCH"]


# TOTAL_DIFFERS


@pytest.mark.parametrize(
    ("total", "expected"),
    [
        ("1050000.01", []),
        ("1049999.99", []),
        ("1050000.02", ["TOTAL_DIFFERS"]),
        ("1049999.98", ["TOTAL_DIFFERS"]),
    ],
)
def test_total_within_one_fen(total: str, expected: list[str]) -> None:
    assert World().total(total).codes() == expected


def test_a_nil_claim_with_a_total_differs() -> None:
    world = World().drop("lines").drop("reviews").drop("distributions").set("claims", kind="nil", total_amount="5.00")
    assert world.codes() == ["TOTAL_DIFFERS"]
    assert world.one("TOTAL_DIFFERS").amounts == {"total": "5.00", "lines": "0.00", "difference": "5.00"}


# CUTOFF_DIFFERS


def test_cutoff_is_the_acceptance_day_but_not_in_compulsory_liquidation() -> None:
    nil = World().drop("lines").drop("reviews").drop("distributions").set("claims", kind="nil", total_amount="0.00")
    assert nil.set("claims", cutoff_on="2026-03-11").codes() == ["CUTOFF_DIFFERS"]
    assert nil.one("CUTOFF_DIFFERS").amounts["days"] == "1"
    assert nil.set("cases", procedure="compulsory_liquidation").codes() == []


# FILED_LATE


def test_filed_late_by_version_one() -> None:
    assert World().set("claims", filed_on="2026-05-20").codes() == []
    assert World().set("claims", filed_on="2026-05-21").codes() == ["FILED_LATE"]
    assert World().set("claims", filed_on="2026-05-21").set("cases", claims_due_on=None).codes() == []
    late_amendment = World().add("claims", version="2", kind="amendment", filed_on="2026-08-01")
    late_amendment.set("lines", version="2").set("lines", 1, version="2")
    assert late_amendment.codes() == []
    late_amendment.set("claims", 0, filed_on="2026-05-21").set("claims", 1, filed_on="2026-05-01")
    assert late_amendment.codes() == ["FILED_LATE"]


# DUPLICATE_CLAIM


def twice(**changes: str | None) -> World:
    world = World().add("claims", claim_no="T2", filed_on="2026-05-02", total_amount="9.00")
    world.add("lines", claim_no="T2", amount="9.00", **changes)
    return world


def test_the_later_claim_is_the_duplicate_whatever_the_amount() -> None:
    found = twice().one("DUPLICATE_CLAIM")
    assert (found.claim_no, found.amounts["line_count"]) == ("T2", "1")
    assert twice().set("claims", 1, filed_on="2026-04-30").one("DUPLICATE_CLAIM").claim_no == CLAIM
    assert twice().set("claims", 1, filed_on="2026-05-01").one("DUPLICATE_CLAIM").claim_no == "T2"


@pytest.mark.parametrize(
    "change",
    [
        {"levy_code": "10102"},
        {"period_start": "2025-07-02"},
        {"period_end": "2025-09-29"},
        {"component": "interest", "rank": "ordinary"},
    ],
)
def test_another_levy_period_or_component_is_no_duplicate(change: dict[str, str]) -> None:
    assert twice(**change).codes() == []


def test_a_duplicate_needs_an_earlier_live_claim_of_the_same_debtor_and_case() -> None:
    assert twice().set("claims", 1, kind="withdrawal").codes() == []
    other_debtor = twice().add("debtors", debtor_no="2", uscc="SECOND").set("claims", 1, debtor_uscc="SECOND")
    assert other_debtor.codes() == []
    other_case = twice().add("cases", case_no=OTHER, claims_due_on="2026-12-31").set("claims", 1, case_no=OTHER)
    assert other_case.add("debtors", case_no=OTHER).codes() == []


def test_the_same_debtor_named_once_by_uscc_and_once_by_old_id_is_one() -> None:
    world = twice().set("claims", 1, debtor_uscc=None, debtor_old_taxpayer_id="131103123456789")
    assert world.codes() == ["DUPLICATE_CLAIM"]


def test_two_equal_lines_of_one_claim_are_no_duplicate_claim() -> None:
    world = World().add("lines", line_no="3", component="fine", rank="subordinated", amount="1.00")
    world.add("lines", line_no="4", component="fine", rank="subordinated", amount="1.00").total("1050002.00")
    assert world.codes() == []


def test_order_of_filing_is_that_of_version_one() -> None:
    world = twice().set("claims", filed_on="2026-05-10")
    world.add("claims", version="2", kind="amendment", filed_on="2026-01-01")
    world.set("lines", 0, version="2").set("lines", 1, version="2")
    assert world.one("DUPLICATE_CLAIM").claim_no == CLAIM


# limits, order and identity


def test_a_claim_deadline_is_a_limit_only_while_it_runs() -> None:
    assert World().total("1.00").one("TOTAL_DIFFERS").due_on is None
    running = World().total("1.00").set("cases", claims_due_on="2026-10-09")
    assert running.one("TOTAL_DIFFERS").due_on == AS_OF


def test_order_of_work_is_days_left_then_amount() -> None:
    world = World().total("1.00").set("claims", cutoff_on="2026-03-11").set("distributions", paid_amount="4999.00")
    world.set("reviews", 0, confirmed_amount="999999.00", reviewed_on="2026-10-01")
    world.add("cases", case_no=OTHER, claims_due_on="2026-10-01")
    codes = [found.code for found in world.result().breaks]
    assert codes == ["NO_RESPONSE", "CONFIRMED_DIFFERS", "TOTAL_DIFFERS", "CUTOFF_DIFFERS", "PAID_DIFFERS"]


def test_identity_does_not_depend_on_amounts_or_day() -> None:
    first = World().total("1.00").one("TOTAL_DIFFERS")
    second = World().total("2.00").one("TOTAL_DIFFERS", date(2027, 1, 1))
    assert first.id == second.id
    assert first.amounts != second.amounts
    assert len(first.id) == 16


PIECES = [
    "（2026）冀1103破1号",
    "（",
    "）",
    "(",
    "冀",
    "破",
    "强清",
    "民",
    "终",
    "之",
    "一",
    "号",
    "-",
    "1",
    "１",
    "03",
    " ",
    "〔",
    "第",
]


@given(st.lists(st.sampled_from(PIECES), max_size=9).map("".join), st.text(max_size=6))
@settings(max_examples=400)
def test_case_numbers_taken_as_plain_are_in_their_one_form(built: str, any_text: str) -> None:
    given_ = [built, any_text, f"（2026）冀1103破{built}号", f"（2026）{built}号"]
    got = plain_numbers(pa.array(given_, pa.large_string())).to_pylist()
    assert got == [normalise(number) or None for number in given_]


@given(st.text(alphabet="09AZaz ０Ａ\u200b-", max_size=8))
def test_ids_taken_as_plain_are_in_their_one_form(identifier: str) -> None:
    assert plain_ids(pa.array([identifier], pa.large_string())).to_pylist() == [id_form(identifier) or None]
