"""Codes on lines and ranks: each clause of the table holds and does not hold, at its boundary."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from tests.unit.reconcile_kit import CASE, CLAIM, World

AS_OF = date(2026, 10, 9)


def with_fee(amount: str) -> World:
    """The late fee at an amount, and everything that sums it in step."""
    fen = int(amount.replace(".", ""))
    total = 100_000_000 + fen
    world = World().set("lines", 1, amount=amount).total(f"{total // 100}.{total % 100:02d}")
    return world.set("reviews", 1, declared_amount=amount, confirmed_amount=amount)


# LATE_FEE_DIFFERS


@pytest.mark.parametrize(
    ("amount", "expected"),
    [
        ("50000.05", []),
        ("49999.95", []),
        ("50000.06", ["LATE_FEE_DIFFERS"]),
        ("49999.94", ["LATE_FEE_DIFFERS"]),
        ("50499.94", ["LATE_FEE_DIFFERS"]),
        ("50499.95", ["LATE_FEE_ONE_DAY"]),
        ("50500.00", ["LATE_FEE_ONE_DAY"]),
        ("50500.05", ["LATE_FEE_ONE_DAY"]),
        ("50500.06", ["LATE_FEE_DIFFERS"]),
        ("49499.94", ["LATE_FEE_DIFFERS"]),
        ("49499.95", ["LATE_FEE_ONE_DAY"]),
        ("49500.05", ["LATE_FEE_ONE_DAY"]),
        ("49500.06", ["LATE_FEE_DIFFERS"]),
        ("51000.00", ["LATE_FEE_DIFFERS"]),
    ],
)
def test_late_fee_and_the_one_day_dispute(amount: str, expected: list[str]) -> None:
    assert with_fee(amount).codes() == expected


def test_one_day_is_of_the_unrounded_fee() -> None:
    """P = 33.00: a day is 0.0165 and lies within the tolerance; P = 333.00: a day is 0.1665."""
    world = with_fee("0.00").set("lines", 0, amount="333.00").total("333.00")
    world.set("reviews", 0, declared_amount="333.00", confirmed_amount="333.00")

    def at(fee: str) -> list[str]:
        total = 33300 + int(fee.replace(".", ""))
        world.set("lines", 1, amount=fee).set("reviews", 1, declared_amount=fee, confirmed_amount=fee)
        return world.total(f"{total // 100}.{total % 100:02d}").codes()

    assert at("16.65") == []
    assert at("16.77") == ["LATE_FEE_ONE_DAY"]
    assert at("16.86") == ["LATE_FEE_ONE_DAY"]
    assert at("16.87") == ["LATE_FEE_DIFFERS"]
    assert at("16.71") == ["LATE_FEE_DIFFERS"]


def test_principal_is_the_sum_of_equal_levy_and_period_in_the_same_claim() -> None:
    world = World().set("lines", 0, amount="400000.00").add("lines", line_no="3", amount="600000.00")
    assert world.codes() == []
    world.set("lines", 2, period_end="2025-09-29")
    assert world.codes() == ["LATE_FEE_DIFFERS"]


def test_the_limit_is_the_late_fee_lines_own() -> None:
    assert World().set("lines", 0, due_on="2020-01-01").codes() == []
    assert World().set("lines", 1, due_on="2025-11-28").codes() == ["LATE_FEE_DIFFERS"]


def test_a_limit_at_or_after_the_cut_off_leaves_no_fee() -> None:
    assert with_fee("0.00").set("lines", 1, due_on="2026-03-10").codes() == []
    assert with_fee("0.00").set("lines", 1, due_on="2026-06-01").codes() == []
    assert with_fee("0.00").codes() == ["LATE_FEE_DIFFERS"]


def test_the_cut_off_is_acceptance_whatever_the_claim_says() -> None:
    world = with_fee("55000.00").set("claims", cutoff_on="2026-03-20")
    assert world.codes() == ["CUTOFF_DIFFERS", "LATE_FEE_DIFFERS"]
    found = world.one("LATE_FEE_DIFFERS")
    assert found.facts["cause"] == "cutoff"
    assert (found.amounts["days"], found.amounts["days_stated"]) == ("100", "110")


def test_in_compulsory_liquidation_the_cut_off_is_what_the_tax_side_states() -> None:
    world = with_fee("55000.00").set("claims", cutoff_on="2026-03-20").set("cases", procedure="compulsory_liquidation")
    assert world.codes() == []


def test_no_principal_nothing_to_compare() -> None:
    world = with_fee("99999999.00").set("lines", 1, levy_code="10102")
    world.total("100999999.00")
    assert world.codes() == ["LATE_FEE_NO_PRINCIPAL"]
    assert World().set("lines", 1, levy_code="10102").one("LATE_FEE_NO_PRINCIPAL").line_no == 2


def test_an_older_versions_principal_does_not_count() -> None:
    world = World().add("claims", version="2", kind="amendment", total_amount="50000.00")
    world.add("lines", version="2", line_no="2", component="late_fee", amount="50000.00", rank="ordinary")
    world.drop("reviews", 0)
    assert world.codes() == ["LATE_FEE_NO_PRINCIPAL"]


def test_a_fee_over_its_principal_is_told_beside_any_other_code() -> None:
    over = with_fee("1000000.01").codes()
    assert over == ["LATE_FEE_DIFFERS", "LATE_FEE_OVER_PRINCIPAL"]
    assert with_fee("1000000.00").codes() == ["LATE_FEE_DIFFERS"]
    agreed = with_fee("1011500.00").set("lines", 1, due_on=(date(2026, 3, 10) - timedelta(2023)).isoformat())
    assert agreed.codes() == ["LATE_FEE_OVER_PRINCIPAL"]
    amounts = agreed.one("LATE_FEE_OVER_PRINCIPAL").amounts
    assert (amounts["filed"], amounts["capped"]) == ("1011500.00", "1000000.00")


def test_the_outcome_shape_on_a_line() -> None:
    found = with_fee("50000.06").one("LATE_FEE_DIFFERS")
    assert found.as_outcome() == {"code": "LATE_FEE_DIFFERS", "case_no": CASE, "claim_no": CLAIM, "line_no": 2}


# RANK_DIFFERS

VAT, EDUCATION, PENSION, UNION = "10101", "30203", "10210", "39900"


@pytest.mark.parametrize(
    ("levy", "component", "rank"),
    [
        (VAT, "principal", "tax"),
        (EDUCATION, "principal", "tax"),
        (PENSION, "principal", "social_insurance"),
        (UNION, "principal", "ordinary"),
        (VAT, "late_fee", "ordinary"),
        (EDUCATION, "late_fee", "ordinary"),
        (UNION, "late_fee", "ordinary"),
        (PENSION, "late_fee", "subordinated"),
        (VAT, "interest", "ordinary"),
        (PENSION, "interest", "ordinary"),
        (UNION, "interest", "ordinary"),
        (VAT, "fine", "subordinated"),
        (EDUCATION, "fine", "subordinated"),
        (PENSION, "fine", "subordinated"),
    ],
)
def test_rank_by_component_and_kind_of_levy(levy: str, component: str, rank: str) -> None:
    for stated in ("tax", "social_insurance", "ordinary", "subordinated"):
        world = World().add("lines", line_no="3", levy_code=levy, component=component, rank=stated, amount="0.00")
        world.set("lines", 2, period_start="2020-01-01", period_end="2020-01-31")
        expected = [] if stated == rank else ["RANK_DIFFERS"]
        assert [code for code in world.codes() if code != "LATE_FEE_NO_PRINCIPAL"] == expected


def test_a_levy_not_in_the_list_is_a_finding_and_no_break() -> None:
    world = World().set("lines", 0, levy_code="99999").set("lines", 1, levy_code="99999")
    assert world.codes() == []
    assert [f.rule for f in world.result().findings] == ["levy_unknown", "levy_unknown"]


# POST_ACCEPTANCE_PERIOD


def test_a_period_that_starts_after_acceptance() -> None:
    world = World().add("lines", line_no="3", amount="0.00", levy_code="10102", period_end="2026-12-31")
    assert world.set("lines", 2, period_start="2026-03-10").codes() == []
    assert world.set("lines", 2, period_start="2026-03-11").codes() == ["POST_ACCEPTANCE_PERIOD"]
    assert world.one("POST_ACCEPTANCE_PERIOD").line_no == 3
    assert world.set("cases", procedure="compulsory_liquidation").codes() == []


# DECLARED_DIFFERS, UNIT_SUSPECT, CONFIRMED_DIFFERS


@pytest.mark.parametrize(
    ("declared", "expected"),
    [
        ("1000000.01", []),
        ("999999.99", []),
        ("1000000.02", ["DECLARED_DIFFERS"]),
        ("999999.98", ["DECLARED_DIFFERS"]),
        ("100.00", ["UNIT_SUSPECT"]),
        ("100.01", ["DECLARED_DIFFERS"]),
    ],
)
def test_declared_within_one_fen_or_in_ten_thousands(declared: str, expected: list[str]) -> None:
    assert World().set("reviews", declared_amount=declared, confirmed_amount="1.00").codes() == (
        expected or ["CONFIRMED_DIFFERS"]
    )


@pytest.mark.parametrize(
    ("claimed", "code"),
    [
        ("1000050.00", "UNIT_SUSPECT"),
        ("1000050.01", "DECLARED_DIFFERS"),
        ("999950.00", "UNIT_SUSPECT"),
        ("999949.99", "DECLARED_DIFFERS"),
    ],
)
def test_fifty_yuan_is_within(claimed: str, code: str) -> None:
    world = World().drop("lines", 1).drop("reviews", 1).total(claimed).set("lines", amount=claimed)
    assert world.set("reviews", declared_amount="100.00").codes() == [code]


def test_a_rank_without_lines_is_nothing_claimed() -> None:
    world = World().add("reviews", rank="subordinated", declared_amount="7.00", confirmed_amount="7.00")
    assert world.codes() == ["DECLARED_DIFFERS"]
    assert world.one("DECLARED_DIFFERS").as_outcome() == {
        "code": "DECLARED_DIFFERS", "case_no": CASE, "claim_no": CLAIM, "rank": "subordinated",
    }  # fmt: skip
    world.set("reviews", 2, declared_amount="0.01", confirmed_amount="0.01")
    assert world.codes() == []


def test_book_bs_silence_is_no_break() -> None:
    assert World().drop("reviews").codes() == []


def test_a_nil_claim_that_book_b_lists_differs() -> None:
    world = (
        World().drop("lines").set("claims", kind="nil", total_amount="0.00").drop("reviews", 1).drop("distributions")
    )
    assert world.codes() == ["DECLARED_DIFFERS"]


@pytest.mark.parametrize(
    ("confirmed", "expected"),
    [
        ("1000000.01", []),
        ("999999.99", []),
        ("1000000.02", ["CONFIRMED_DIFFERS"]),
        ("999999.98", ["CONFIRMED_DIFFERS"]),
    ],
)
def test_confirmed_is_judged_when_declared_agrees(confirmed: str, expected: list[str]) -> None:
    assert World().set("reviews", confirmed_amount=confirmed).codes() == expected
    assert World().set("reviews", confirmed_amount=confirmed, declared_amount="5.00").codes() == ["DECLARED_DIFFERS"]


def test_confirmed_is_held_against_the_claim_not_against_declared() -> None:
    world = World().set("reviews", declared_amount="1000000.01", confirmed_amount="999999.99")
    assert world.codes() == []


def test_the_objection_period_is_fifteen_days_and_rolls_off_rest_days() -> None:
    world = World().set("reviews", confirmed_amount="0.00", reviewed_on="2026-09-19")
    assert world.one("CONFIRMED_DIFFERS").due_on == date(2026, 10, 4)
    (rolled,) = world.result(is_workday=lambda day: not date(2026, 10, 1) <= day <= date(2026, 10, 8)).breaks
    assert rolled.due_on == date(2026, 10, 9)


# WITHDRAWN_STILL_LISTED


def test_a_withdrawn_claim_still_listed_once_and_none_of_the_three() -> None:
    world = World().set("claims", kind="withdrawal", total_amount="0.00").drop("lines").set("cases", stage="terminated")
    world.set("reviews", 0, declared_amount="3.00", confirmed_amount="1.00")
    assert world.codes() == ["WITHDRAWN_STILL_LISTED"]
    assert world.one("WITHDRAWN_STILL_LISTED").amounts == {"declared": "50003.00"}
    assert world.drop("reviews").codes() == []


def test_a_withdrawn_claims_payments_are_a_finding_and_no_break() -> None:
    world = World().set("claims", kind="withdrawal").drop("reviews").set("cases", stage="terminated")
    world.set("cases", terminated_on="2026-09-01").set("distributions", paid_amount="1.00")
    assert world.codes() == []
    found = [f.rule for f in world.result().findings]
    assert found == ["paid_on_withdrawn_claim", "paid_without_review", "closed_by_court_alone"]


# PAID_DIFFERS


@pytest.mark.parametrize(
    ("paid", "expected"),
    [
        ("5000.01", []),
        ("4999.99", []),
        ("5000.02", ["PAID_DIFFERS"]),
        ("4999.98", ["PAID_DIFFERS"]),
    ],
)
def test_paid_within_one_fen(paid: str, expected: list[str]) -> None:
    assert World().set("distributions", paid_amount=paid).codes() == expected


def test_paid_over_all_rounds_up_to_as_of() -> None:
    world = World().set("distributions", paid_amount="4000.00")
    world.add("distributions", payable_amount="0.00", paid_amount="1000.00", paid_on="2026-10-09")
    assert world.codes() == []
    assert world.codes(date(2026, 10, 8)) == ["PAID_DIFFERS"]
    assert world.codes(date(2026, 9, 29)) == []


def test_ranks_are_not_paid_for_each_other() -> None:
    world = World().set("distributions", paid_amount="4000.00")
    world.add("distributions", rank="ordinary", payable_amount="0.00", paid_amount="1000.00")
    assert world.codes() == ["PAID_DIFFERS", "PAID_DIFFERS"]
    assert {b.rank for b in world.result().breaks} == {"tax", "ordinary"}
