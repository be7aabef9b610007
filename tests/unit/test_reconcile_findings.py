"""What is found beyond the agreed codes is a finding, never a break, and never holds a value."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from typing import Any

import pandas as pd
import pytest

from exchange.domain.errors import NeedsPerson
from exchange.domain.reconciliation import reconcile_books
from exchange.domain.situation_making import SEVERITIES
from tests.unit.reconcile_kit import AS_OF, CASE, USCC, World
from tests.unit.reconcile_worlds import agreed

OTHER = "（2026）冀1103破2号"
BRANCH = "冀州某公司分公司"
LATE = {"filed_on": "2026-06-15"}


def terminated(**status: str) -> World:
    world = World().set("cases", stage="terminated", terminated_on="2026-09-15")
    return world.set("statuses", **status)


def second_case(**changes: Any) -> World:
    new = {"case_no": OTHER, "claims_due_on": "2026-12-31", "_record": "8"} | changes
    return World().add("cases", **new).add("debtors", case_no=OTHER, _record="8")


def extra_claim(levy: str = "10102", **changes: str | None) -> World:
    world = World().add("claims", **({"claim_no": "T2", "filed_on": "2026-05-02", "total_amount": "1.00"} | changes))
    return world.add("lines", claim_no="T2", levy_code=levy, amount="1.00")


def supplement(levy: str = "10102", **changes: str | None) -> World:
    return extra_claim(levy, kind="supplement", supplements="T1", **changes)


def versions(first: str = "900000.00") -> World:
    """Version 2 amended the principal up or down; the table still lists version 1."""
    world = World().add("claims", version="2", kind="amendment")
    for line in ({"version": "2"}, {"version": "2", "line_no": "2", "component": "late_fee", "rank": "ordinary"}):
        world.add("lines", **(line | {"amount": "50000.00" if "component" in line else "1000000.00"}))
    return world.set("lines", 0, amount=first).set("reviews", 0, declared_amount=first, confirmed_amount=first)


def two_claims_paid(second: str) -> World:
    """Two claims of rank tax, 1,000,000.00 and 1.00 × 10^5, the first paid 5,000.00 in one round."""
    world = extra_claim(total_amount="100000.00").set("lines", 2, amount="100000.00")
    world.add("reviews", claim_no="T2", declared_amount="100000.00", confirmed_amount="100000.00")
    return world.add("distributions", claim_no="T2", payable_amount=second, paid_amount=second)


def estate() -> World:
    return World().add("debtors", debtor_no="2", name="冀州第二有限公司", uscc="SECOND")


def liquidation() -> World:
    """A compulsory liquidation with a claim, and the bankruptcy it became."""
    return second_case(accepted_on="2026-08-01").set("cases", 0, procedure="compulsory_liquidation")


WORLDS: dict[str, Callable[[], World]] = {
    "claim_unknown_to_tax": lambda: World().add("reviews", claim_no="T9"),
    "claim_in_another_case": lambda: second_case().add(
        "reviews", case_no=OTHER, rank="social_insurance", declared_amount="0.00", confirmed_amount="0.00"
    ).drop("debtors", 1),
    "paid_on_withdrawn_claim": lambda: extra_claim().add("claims", version="2", kind="withdrawal").drop("reviews"),
    "rank_missing_in_table": lambda: World().drop("reviews", 1),
    "review_status_contradicts": lambda: World().set("reviews", review_status="not_confirmed"),
    "paid_without_review": lambda: World().drop("reviews"),
    "payable_above_confirmed": lambda: World().set(
        "distributions", payable_amount="1000000.02", paid_amount="1000000.02"
    ),
    "shares_differ_in_rank": lambda: two_claims_paid("500.05"),
    "first_version_missing": lambda: World()
    .set("claims", version="2")
    .set("lines", 0, version="2")
    .set("lines", 1, version="2"),
    "supplement_of_unknown_claim": lambda: extra_claim(kind="supplement", supplements="T7"),
    "supplement_of_withdrawn_claim": lambda: supplement()
    .add("claims", version="2", kind="withdrawal").drop("reviews").drop("distributions"),
    "supplement_in_another_case": lambda: supplement(case_no=OTHER)
    .add("cases", case_no=OTHER, claims_due_on="2026-12-31").add("debtors", case_no=OTHER, _record="8"),
    "branch_files_as_debtor": lambda: World().set("claims", debtor_name=BRANCH).set("debtors", former_name=BRANCH),
    "claim_left_in_old_case": liquidation,
    "payment_after_cutoff": lambda: World().add("payments", paid_on="2026-03-11"),
    "line_without_claim": lambda: World().add("lines", claim_no="T9"),
    "several_debtors_in_case": estate,
    "group_debtor_without_claim": estate,
    "debtor_in_two_cases": second_case,
    "debtor_is_a_branch": lambda: World().set("debtors", name=BRANCH).set("claims", debtor_name=BRANCH),
    "stage_contradicts_termination": lambda: World().set("cases", terminated_on="2026-09-01"),
    "ended_without_table": lambda: terminated().drop("reviews").drop("distributions"),
    "registration_went_back": lambda: terminated(registration="deregistered", as_of="2026-09-20").add("statuses"),
    "deregistered_while_case_open": lambda: World().set("statuses", registration="deregistered"),
    "taxpayer_not_in_register": lambda: (
        second_case(claims_due_on="2026-10-09")
        .set("debtors", 1, uscc="91131103730200012M")
        .set("statuses", as_of="2026-10-09")
    ),
    "debtor_abnormal": lambda: World().set("statuses", registration="abnormal"),
    "inspection_open": lambda: World().set("statuses", inspection_open="true"),
    "closed_by_court_alone": terminated,
}  # fmt: skip


def rules(world: World, as_of: date = AS_OF, **more: Any) -> list[str]:
    return [f.rule for f in world.result(as_of, **more).findings]


@pytest.mark.parametrize("rule", WORLDS)
def test_the_situation_is_found(rule: str) -> None:
    result = WORLDS[rule]().result()
    assert result.breaks == ()
    found = [f for f in result.findings if f.rule == rule]
    assert len(found) == (2 if rule == "debtor_in_two_cases" else len(found)) > 0
    assert all(not f.comparable and f.severity == SEVERITIES[rule] for f in found)
    assert all(USCC not in (f.row_key or "") and USCC not in f.note for f in found)


@pytest.mark.parametrize("name", ["中国某银行冀州支行", "某保险股份有限公司衡水支公司", "北京某公司衡水代表处"])
def test_a_branch_is_known_by_every_ending_that_matching_knows(name: str) -> None:
    world = World().set("debtors", name=name).set("claims", debtor_name=name)
    assert {"debtor_is_a_branch", "branch_files_as_debtor"} <= set(rules(world))


def test_books_that_agree_have_none() -> None:
    assert rules(World()) == []
    assert rules(two_claims_paid("500.02")) == []


def test_a_case_number_written_otherwise_in_one_table_is_the_same_case() -> None:
    written = CASE.replace("（", "(").replace("）", ")")
    assert rules(World().set("distributions", case_no=written)) == []
    assert rules(World().set("reviews", 0, case_no=written).set("reviews", 1, case_no=written)) == []


def test_the_largest_amounts_are_compared_exactly() -> None:
    """Sixteen digits of yuan, ten thousand times of which 64 bits have no room for."""
    most = "9999999999999999.99"
    world = World().set("reviews", declared_amount=most, confirmed_amount=most)
    assert world.codes() == ["DECLARED_DIFFERS"]
    assert "claim_may_be_in_ten_thousands" not in rules(world)
    for _ in range(5):
        world.add("lines", amount=most)
    with pytest.raises(NeedsPerson, match="larger than can be compared"):
        world.result()


def test_a_taxpayer_is_missed_once_the_register_was_read_after_the_claim_period() -> None:
    """E30: not before, not of a debtor without a USCC, not when a nil claim answers, nor while nothing was read."""
    world = WORLDS["taxpayer_not_in_register"]
    assert "taxpayer_not_in_register" not in rules(world().set("statuses", as_of="2026-10-08"))
    assert "taxpayer_not_in_register" not in rules(world().set("debtors", 1, uscc=None))
    assert "taxpayer_not_in_register" not in rules(world().drop("statuses"))
    nil = {"claim_no": "T2", "kind": "nil", "case_no": OTHER, "debtor_uscc": "91131103730200012M", "total_amount": "0"}
    assert "taxpayer_not_in_register" not in rules(world().add("claims", **nil))


def test_every_rule_has_words_and_a_remedy() -> None:
    listed = agreed().codes["situation"]
    assert list(listed.names_zh) == list(SEVERITIES)
    assert all(all(listed.extra[code].values()) for code in listed.names_zh)


def test_a_debtor_in_two_cases_is_found_only_while_both_go_on() -> None:
    world = second_case().set("cases", 1, stage="terminated", terminated_on="2026-09-30")
    assert "debtor_in_two_cases" not in rules(world)


def test_a_claim_in_ten_thousands_is_found_beside_its_break() -> None:
    world = World().set("reviews", declared_amount="10000000000.00", confirmed_amount="10000000000.00")
    assert world.codes() == ["DECLARED_DIFFERS"]
    assert "claim_may_be_in_ten_thousands" in rules(world)


def test_an_old_id_that_holds_the_organisation_code_of_the_uscc_is_told() -> None:
    world = World().set("claims", debtor_uscc=None, debtor_old_taxpayer_id="131199MA0ABCDE6")
    assert world.codes() == ["DEBTOR_MISMATCH"]
    assert rules(world) == ["old_id_fits_uscc"]
    assert rules(world.set("claims", debtor_old_taxpayer_id="131199MA0ABCDE5")) == ["name_fits_other_id"]
    assert rules(world.set("claims", debtor_name="另一公司")) == []


@pytest.mark.parametrize("declared", ["900000.00", "900000.01", "900000.02"])
def test_a_table_that_holds_an_earlier_version_is_told_to_the_tolerance(declared: str) -> None:
    """E21: the correction lowers or raises the amount; the administrator is still on version 1."""
    world = versions().set("reviews", 0, declared_amount=declared, confirmed_amount=declared)
    assert world.codes() == ["DECLARED_DIFFERS"]
    assert ("table_holds_older_version" in rules(world)) is (declared != "900000.02")


def test_more_confirmed_than_declared() -> None:
    world = World().set("reviews", confirmed_amount="1000000.02", review_status="partly_confirmed")
    assert world.codes() == ["CONFIRMED_DIFFERS"]
    assert rules(world) == ["confirmed_above_declared"]


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ({}, True),
        ({"period_start": "2025-09-30", "period_end": "2025-12-31"}, True),
        ({"period_start": "2025-10-01", "period_end": "2025-12-31"}, False),
        ({"component": "fine", "rank": "subordinated"}, False),
        ({"levy_code": "10104"}, False),
    ],
)
def test_a_supplement_overlaps_its_original_line_by_line(line: dict[str, str], found: bool) -> None:
    world = supplement("10101").set("lines", 2, **line)
    told = [f for f in world.result().findings if f.rule == "supplement_overlaps_original"]
    assert [f.row_key for f in told] == (["T2|1"] if found else [])
    assert ("DUPLICATE_CLAIM" in world.codes()) is (line == {})


@pytest.mark.parametrize(
    ("second", "start", "found"),
    [
        ("T1", "2025-12-31", ["T3|1"]),
        ("T1", "2026-01-01", []),
        ("T2", "2025-12-31", ["T3|1"]),
        ("T2", "2025-09-30", ["T3|1"]),
        ("T3", "2025-12-31", []),
    ],
)
def test_supplements_of_one_claim_overlap_each_other_by_a_day(second: str, start: str, found: list[str]) -> None:
    """The original's period ends on 30 September, the first supplement's on 31 December; the later one is told."""
    world = World()
    for claim, of, filed, begins, ends in (
        ("T3", second, "2026-05-12", start, "2026-03-31"), ("T2", "T1", "2026-05-10", "2025-10-01", "2025-12-31"),
    ):  # fmt: skip
        world.add("claims", claim_no=claim, kind="supplement", supplements=of, filed_on=filed, total_amount="10.00")
        world.add("lines", claim_no=claim, amount="10.00", period_start=begins, period_end=ends)
    told = world.result().findings
    assert [f.row_key for f in told if f.rule == "supplement_overlaps_original"] == found
    assert [f.row_key for f in told if f.rule == "supplement_of_unknown_claim"] == (["T3"] if second == "T3" else [])


def test_two_supplements_that_name_each_other_supplement_nothing_known() -> None:
    world = supplement("10101").set("claims", 1, supplements="T3")
    world.add("claims", claim_no="T3", kind="supplement", supplements="T2", total_amount="0.00")
    told = [(f.rule, f.row_key) for f in world.result().findings if f.rule.startswith("supplement")]
    assert told == [("supplement_of_unknown_claim", "T2"), ("supplement_of_unknown_claim", "T3")]


@pytest.mark.parametrize(
    ("stage", "filed", "rule"),
    [
        ("distribution", "2026-10-08", "filed_late_admissible"),
        ("terminated", "2026-09-30", "filed_late_admissible"),
        ("terminated", "2026-10-01", "filed_after_last_distribution"),
    ],
)
def test_a_late_claim_before_and_after_the_last_distribution(stage: str, filed: str, rule: str) -> None:
    """E19, 破产法56: while the case goes on there may be another distribution; paid out last on 2026-09-30."""
    world = World().set("claims", filed_on=filed).set("cases", stage=stage)
    if stage == "terminated":
        world.set("cases", terminated_on="2026-10-05")
    assert world.codes() == ["FILED_LATE"]
    assert [r for r in rules(world) if r.startswith("filed")] == [rule]


def test_without_any_distribution_the_end_of_the_case_counts() -> None:
    world = terminated().drop("distributions").set("claims", filed_on="2026-09-16")
    assert "filed_after_last_distribution" in rules(world)
    assert "filed_late_admissible" in rules(world.set("claims", filed_on="2026-09-15"))


def test_clearance_is_missing_more_than_ten_working_days_after_termination() -> None:
    def told(world: World, as_of: date) -> list[str]:
        return rules(world, as_of, is_workday=lambda day: day.weekday() < 5)

    known = terminated(as_of="2026-09-16")
    assert told(known, date(2026, 9, 29)) == ["closed_by_court_alone"]
    assert told(known, date(2026, 9, 30)) == ["clearance_missing"]
    assert told(terminated(registration="deregistered"), date(2026, 12, 30)) == []
    assert told(terminated().drop("statuses"), date(2026, 9, 29)) == []
    assert told(terminated().drop("statuses"), date(2026, 12, 30)) == ["clearance_missing"]


@pytest.mark.parametrize("procedure", ["reorganisation", "settlement"])
def test_a_debtor_that_goes_on_need_not_be_deregistered(procedure: str) -> None:
    world = terminated().set("cases", procedure=procedure)
    assert rules(world, date(2026, 12, 30), is_workday=lambda _: True) == []
    world.set("cases", declared_on="2026-08-01")
    assert rules(world, date(2026, 12, 30), is_workday=lambda _: True) == ["clearance_missing"]


def test_an_answer_is_awaited_in_the_last_days_and_a_nil_claim_is_one() -> None:
    """E37: nothing is owed, said so. R15 before the limit; after it NO_RESPONSE."""
    world = World().drop("claims").drop("lines").drop("reviews").drop("distributions")
    assert rules(world, date(2026, 5, 12)) == []
    assert rules(world, date(2026, 5, 13)) == rules(world, date(2026, 5, 20)) == ["answer_missing_near_deadline"]
    assert (rules(world, date(2026, 5, 21)), world.codes(date(2026, 5, 21))) == ([], ["NO_RESPONSE"])
    world.add("claims", kind="nil", total_amount="0.00")
    assert (rules(world, date(2026, 5, 20)), world.codes(date(2026, 5, 21))) == ([], [])


def test_a_conversion_ends_when_the_claim_is_filed_anew() -> None:
    """E26: the old case's claim stands as of its own day; the new case's ends on its acceptance."""
    world = liquidation().add("claims", claim_no="T2", case_no=OTHER, cutoff_on="2026-08-01", filed_on="2026-08-20")
    assert "claim_left_in_old_case" not in rules(world)


def history(world: World, *states: tuple[str, str, str], packet: str = "x.000009.Q") -> list[str]:
    """Rules found when the case was told before as (number, stage, accepted_on)."""
    world.set("cases", _number="9", _packet=packet)
    rows = [(CASE, stage, accepted, number) for number, stage, accepted in states]
    told = pd.DataFrame(rows, columns=["case_no", "stage", "accepted_on", "_number"], dtype="str")
    return rules(world, history=told)


@pytest.mark.parametrize(
    ("before", "now", "found"),
    [
        ("meeting_held", "claims_open", True),
        ("accepted", "claims_open", False),
        ("terminated", "accepted", True),
        ("terminated", "distribution", False),
        ("plan_approved", "declared", False),
        ("distribution", "declared", True),
    ],
)
def test_a_stage_that_goes_back_is_told_unless_the_law_lets_it(before: str, now: str, found: bool) -> None:
    world = World().set("cases", stage=now)
    assert ("stage_went_back" in history(world, ("3", before, "2026-03-10"))) is found
    assert "stage_went_back" not in history(world, ("3", before, "2026-03-10"), packet="x.000009.C")


def test_only_the_state_told_last_counts_and_another_day_of_acceptance_is_told() -> None:
    assert history(World(), ("2", "declared", "2026-03-10"), ("3", "accepted", "2026-03-10")) == []
    assert history(World(), ("9", "declared", "2026-03-10")) == []
    assert history(World(), ("3", "claims_open", "2026-03-09")) == ["acceptance_day_changed"]


def test_record_and_key_say_where() -> None:
    (found,) = World().add("reviews", claim_no="T9").result().findings
    assert (found.dataset, found.record, found.case_no, found.row_key, found.column) == (
        "claim_review", "7", CASE, "T9|tax", "claim_no",
    )  # fmt: skip


def test_a_claim_on_a_case_taken_back_is_no_unknown_case() -> None:
    world = extra_claim(case_no="(2026)冀1103破2号")
    assert world.codes() == ["UNKNOWN_CASE"]
    books = replace(world.books(), voids=pd.DataFrame({"case_no": [OTHER]}))
    agreement = agreed()
    out, levy = agreement.route("131100-cases"), agreement.codes["levy"]
    result = reconcile_books(books, route_out=out, levy=levy, as_of=AS_OF)
    assert (result.breaks, result.infos) == ((), ())
    (found,) = [f for f in result.findings if f.rule == "claim_on_voided_case"]
    assert (found.dataset, found.case_no, found.row_key, found.column) == ("tax_claim", OTHER, "T2", "case_no")
    withdrawn = world.set("claims", 1, kind="withdrawal").drop("lines", 2).books()
    again = reconcile_books(replace(withdrawn, voids=books.voids), route_out=out, levy=levy, as_of=AS_OF)
    assert [f.rule for f in again.findings if f.rule == "claim_on_voided_case"] == []
