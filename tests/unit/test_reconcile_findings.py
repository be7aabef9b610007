"""What is found beyond the agreed codes is a finding, never a break, and never holds a value."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pandas as pd
import pytest

from exchange.domain.reconciliation import reconcile_books
from tests.unit.reconcile_kit import AS_OF, CASE, USCC, World
from tests.unit.reconcile_worlds import agreed

OTHER = "（2026）冀1103破2号"


def terminated(**status: str) -> World:
    world = World().set("cases", stage="terminated", terminated_on="2026-09-15")
    return world.set("statuses", **status)


def second_case() -> World:
    world = World().add("cases", case_no=OTHER, claims_due_on="2026-12-31", _record="8")
    return world.add("debtors", case_no=OTHER, _record="8")


def extra_claim(**changes: str | None) -> World:
    world = World().add("claims", claim_no="T2", filed_on="2026-05-02", total_amount="1.00", **changes)
    return world.add("lines", claim_no="T2", levy_code="10102", amount="1.00")


WORLDS = {
    "claim_unknown_to_tax": World().add("reviews", claim_no="T9"),
    "claim_in_another_case": second_case().add(
        "reviews", case_no=OTHER, rank="social_insurance", declared_amount="0.00", confirmed_amount="0.00"
    ).drop("debtors", 1),
    "first_version_missing": World()
    .set("claims", version="2")
    .set("lines", 0, version="2")
    .set("lines", 1, version="2"),
    "supplement_of_unknown_claim": extra_claim(kind="supplement", supplements="T7"),
    "branch_files_as_debtor": World()
    .set("claims", debtor_name="某某公司分公司")
    .set("debtors", former_name="某某公司分公司"),
    "line_without_claim": World().add("lines", claim_no="T9"),
    "several_debtors_in_case": World().add("debtors", debtor_no="2", uscc="SECOND"),
    "debtor_in_two_cases": second_case(),
    "debtor_is_a_branch": World().set("debtors", name="冀州某公司分公司").set("claims", debtor_name="冀州某公司分公司"),
    "stage_contradicts_termination": World().set("cases", terminated_on="2026-09-01"),
    "registration_went_back": terminated(registration="deregistered", as_of="2026-09-20").add("statuses"),
    "deregistered_while_case_open": World().set("statuses", registration="deregistered"),
}  # fmt: skip


@pytest.mark.parametrize("rule", WORLDS)
def test_the_situation_is_found(rule: str) -> None:
    result = WORLDS[rule].result()
    assert result.breaks == ()
    found = [f for f in result.findings if f.rule == rule]
    assert found
    assert all(not f.comparable and f.severity == "warn" for f in found)
    assert all(USCC not in (f.row_key or "") and USCC not in f.note for f in found)


def test_a_debtor_in_two_cases_is_found_only_while_both_go_on() -> None:
    world = second_case().set("cases", 1, stage="terminated", terminated_on="2026-09-30")
    assert world.result().findings == ()


def test_a_claim_in_ten_thousands_is_found_beside_its_break() -> None:
    world = World().set("reviews", declared_amount="10000000000.00", confirmed_amount="0.00")
    assert world.codes() == ["DECLARED_DIFFERS"]
    assert [f.rule for f in world.result().findings] == ["claim_may_be_in_ten_thousands"]


def test_an_old_id_that_holds_the_organisation_code_of_the_uscc_is_told() -> None:
    world = World().set("claims", debtor_uscc=None, debtor_old_taxpayer_id="131199MA0ABCDE6")
    assert world.codes() == ["DEBTOR_MISMATCH"]
    assert [f.rule for f in world.result().findings] == ["old_id_fits_uscc"]
    world.set("claims", debtor_old_taxpayer_id="131199MA0ABCDE5")
    assert world.result().findings == ()


def test_clearance_is_missing_more_than_ten_working_days_after_termination() -> None:
    def rules(world: World, as_of: date) -> list[str]:
        return [f.rule for f in world.result(as_of, is_workday=lambda day: day.weekday() < 5).findings]

    assert rules(terminated(), date(2026, 9, 29)) == []
    assert rules(terminated(), date(2026, 9, 30)) == ["clearance_missing"]
    assert rules(terminated(registration="deregistered"), date(2026, 12, 30)) == []
    assert rules(terminated().drop("statuses"), date(2026, 12, 30)) == ["clearance_missing"]


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
