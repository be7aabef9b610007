"""Golden cases of the law to the cent, and what must hold of the comparison whatever the books say."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exchange.adapters.calendar_cn import calendar
from exchange.domain.breaks import Result
from exchange.domain.checks import claim_limit
from exchange.domain.errors import NeedsPerson
from exchange.domain.latefee import fee_days, rate_days, round_half_up
from exchange.domain.tabular import read_csv
from tests.unit.reconcile_kit import ROWS, World
from tests.unit.reconcile_worlds import agreed
from tests.unit.test_payments import with_fee

ROUTE = agreed().route("131100-cases")
FEES = ROUTE.dated("late_fee_rate")
WORKED = calendar(None).is_workday
DAYS = st.dates(date(2001, 5, 1), date(2040, 12, 31))


def golden(amount: str, accepted: str = "2015-12-14", due: str = "2010-05-31") -> list[tuple[str, dict[str, str]]]:
    """南京: 343,479.61 due 2010-05-31, accepted 2015-12-14; what is said of a fee of that amount."""
    world = World().set("cases", accepted_on=accepted, announced_on=accepted).set("claims", cutoff_on=accepted)
    world.set("lines", 0, amount="343479.61", due_on=due).set("lines", 1, amount=amount, due_on=due)
    world.total(str(Decimal("343479.61") + Decimal(amount))).drop("reviews")
    for line in (0, 1):
        world.set("lines", line, period_start="2010-01-01", period_end="2010-03-31")
    result = world.result()
    return [(found.code, dict(found.amounts)) for found in (*result.breaks, *result.infos)]


def test_the_nanjing_case_is_2023_days_and_over_its_principal_by_3950_02() -> None:
    ((code, amounts),) = golden("347429.63")
    assert (code, amounts["filed"], amounts["capped"]) == ("LATE_FEE_OVER_PRINCIPAL", "347429.63", "343479.61")
    assert amounts["difference"] == "3950.02"


@pytest.mark.parametrize(("amount", "accepted"), [("347257.89", "2015-12-13"), ("347601.37", "2015-12-15")])
def test_a_day_less_and_a_day_more_are_2022_and_2024_days(amount: str, accepted: str) -> None:
    assert [code for code, _ in golden(amount, accepted)] == ["LATE_FEE_OVER_PRINCIPAL"]
    found = dict(golden(amount))
    assert set(found) == {"LATE_FEE_ONE_DAY", "LATE_FEE_OVER_PRINCIPAL"}
    assert (found["LATE_FEE_ONE_DAY"]["computed"], found["LATE_FEE_ONE_DAY"]["days"]) == ("347429.63", "2023")


@pytest.mark.parametrize("due", ["2015-12-14", "2015-12-15", "2016-06-01"])
def test_a_limit_on_or_after_acceptance_leaves_no_fee(due: str) -> None:
    assert golden("0.00", due=due) == []
    assert dict(golden("1.00", due=due))["LATE_FEE_DIFFERS"]["computed"] == "0.00"


@pytest.mark.parametrize(
    ("start", "last"), [("2025-07-11", "2025-08-11"), ("2025-09-05", "2025-10-09"), ("2026-01-20", "2026-02-24")]
)
def test_thirty_days_roll_off_rest_days(start: str, last: str) -> None:
    """民事诉讼法85, the examples of law.md §3.1 and §8, by the objection limit of 30 days."""
    figure = replace(ROUTE.dated("objection_days")[0], value=Decimal(30), since=date(2025, 1, 1))
    route = replace(ROUTE, figures={**ROUTE.figures, "objection_days": (figure,)})
    world = World().set("reviews", confirmed_amount="1.00", reviewed_on=start)
    (found,) = world.result(route=route, is_workday=WORKED).breaks
    assert found.due_on == date.fromisoformat(last)


def test_a_claim_period_of_three_months_ends_on_a_working_day() -> None:
    """A make-up Saturday is worked and not rolled; a day within National Day is (E34)."""
    assert claim_limit(date(2026, 7, 10), 3, WORKED) == date(2026, 10, 10)
    assert claim_limit(date(2025, 7, 2), 3, WORKED) == date(2025, 10, 9)
    assert claim_limit(date(2025, 11, 30), 3, WORKED) == date(2026, 2, 28)


def test_thirty_seven_lines_are_each_within_their_own_tolerance() -> None:
    """E35: rounding line by line may part from rounding the sum; no line is off, so nothing is said."""
    world = World().drop("lines").drop("reviews")
    total = Decimal(0)
    for n in range(37):
        owed = Decimal(10_000_001 + 37 * n).scaleb(-2)
        fee = (owed * Decimal("0.0005") * 100).quantize(Decimal("0.01"), "ROUND_HALF_UP")
        period = {"period_start": f"20{10 + n // 4:02d}-01-01", "period_end": f"20{10 + n // 4:02d}-{n % 4 + 1:02d}-28"}
        world.add("lines", line_no=str(2 * n + 1), amount=str(owed), **period)
        part = {"line_no": str(2 * n + 2), "component": "late_fee", "rank": "ordinary"}
        world.add("lines", amount=str(fee), **part, **period)
        total += owed + fee
    assert world.total(str(total)).codes() == []


def test_a_rank_of_employees_a_sub_item_or_a_third_decimal_is_refused_at_the_tax_end() -> None:
    """E38, R11, R12: neither has a place on the wire."""
    contract = agreed().route("131100-claims").contract("tax_claim_line")
    assert "employee" not in agreed().codes["rank"]
    assert "101019901" not in agreed().codes["levy"]
    row = {**ROWS["lines"], "amount": "1.005"}
    csv = ",".join(contract.names) + "\n" + ",".join(row[name] for name in contract.names) + "\n"
    with pytest.raises(NeedsPerson, match="E504"):
        read_csv(csv.encode(), contract)


@given(DAYS, st.integers(0, 4000), st.integers(0, 4000))
def test_days_add_up_and_are_never_negative(due: date, first: int, second: int) -> None:
    def days(since: date, until: date) -> int:
        return int(fee_days(np.array([since], "M8[D]"), np.array([until], "M8[D]"))[0])

    middle, end = due + timedelta(days=first), due + timedelta(days=first + second)
    assert days(due, middle) + days(middle, end) == days(due, end) == first + second
    assert days(end, due) == 0 or first + second == 0


@given(DAYS, st.integers(0, 4000), st.integers(0, 4000), st.dates(date(2002, 1, 1), date(2040, 1, 1)))
def test_rates_of_days_add_up_whenever_the_rate_changes(due: date, first: int, second: int, change: date) -> None:
    entries = (*FEES, replace(FEES[0], value=Decimal("0.00033"), since=change))
    ends = [due, due + timedelta(days=first), due + timedelta(days=first + second)]
    one, two, whole = (
        int(rate_days(entries, np.array([a], "M8[D]"), np.array([b], "M8[D]"))[0][0])
        for a, b in ((ends[0], ends[1]), (ends[1], ends[2]), (ends[0], ends[2]))
    )
    assert one + two == whole >= 0


@given(st.integers(-(10**14), 10**14), st.sampled_from([1, 10, 10_000, 100_000]))
def test_rounding_is_decimals_half_up(value: int, denominator: int) -> None:
    exact = (Decimal(value) / denominator).quantize(Decimal(1), "ROUND_HALF_UP")
    assert int(round_half_up(np.array([value]), denominator)[0]) == int(exact)


@given(st.dates(date(2007, 6, 1), date(2060, 1, 1)), st.randoms())
def test_the_rank_table_is_total_and_does_not_depend_on_the_order_of_its_rules(on: date, shuffled: Any) -> None:
    rules = list(ROUTE.ranks)
    shuffled.shuffle(rules)
    table = replace(ROUTE, ranks=tuple(rules)).rank_table(on)
    kinds = {entry["kind"] for entry in agreed().codes["levy"].extra.values()}
    assert table == ROUTE.rank_table(on)
    assert set(table) == {(part, kind) for part in agreed().codes["component"].names_zh for kind in kinds}


def said(result: Result) -> tuple[set[tuple[Any, ...]], set[tuple[Any, ...]]]:
    """What a result says, without the order it is said in."""
    found = {(b.id, tuple(sorted(b.amounts.items())), b.due_on) for b in (*result.breaks, *result.infos)}
    return found, {(f.rule, f.dataset, f.case_no, f.row_key) for f in result.findings}


def troubled(seed: int) -> World:
    """A case with a few things wrong, chosen by the seed."""
    draw, world = random.Random(seed), World()
    changes = (
        lambda: world.total("1.00"),
        lambda: world.set("lines", 1, amount="50500.00"),
        lambda: world.set("lines", 0, rank="ordinary"),
        lambda: world.set("claims", cutoff_on="2026-03-11"),
        lambda: world.set("reviews", 0, declared_amount="100.00"),
        lambda: world.set("distributions", paid_amount="4000.00"),
        lambda: world.set("claims", debtor_name="另一公司"),
        lambda: world.add("claims", claim_no="T2", kind="supplement", supplements="T1", filed_on="2026-06-01")
        .add("lines", claim_no="T2"),
        lambda: world.add("payments", paid_on="2026-01-09", amount="1000.00"),
        lambda: world.add("debtors", debtor_no="2", uscc="SECOND"),
    )  # fmt: skip
    for change in draw.sample(changes, 5):
        change()
    return world


@settings(max_examples=8, deadline=None)
@given(st.integers(0, 10**6))
def test_the_order_of_rows_changes_nothing(seed: int) -> None:
    world = troubled(seed)
    before = said(world.result())
    draw = random.Random(seed + 1)
    for rows in world.rows.values():
        draw.shuffle(rows)
    assert said(world.result()) == before


@settings(max_examples=8, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 99_999_999))
def test_a_principal_line_in_two_parts_changes_nothing(seed: int, part: int) -> None:
    world = troubled(seed)
    before = world.result()
    rest = str(Decimal("1000000.00") - Decimal(part).scaleb(-2))
    rank = world.rows["lines"][0]["rank"]
    world.set("lines", 0, amount=rest).add("lines", line_no="9", amount=str(Decimal(part).scaleb(-2)), rank=rank)
    after = world.result()

    def on_others(result: Result) -> set[Any]:
        """Breaks but for those on the line that was split: of it there are two now."""
        return {
            one for one in said(result)[0] if one[0] not in {b.id for b in result.breaks if b.code == "RANK_DIFFERS"}
        }

    assert {b.code for b in before.breaks} == {b.code for b in after.breaks}
    assert on_others(before) == on_others(after) or "DUPLICATE_CLAIM" in {b.code for b in after.breaks}


@settings(max_examples=8, deadline=None)
@given(st.integers(0, 10**6))
def test_a_case_that_has_nothing_to_do_with_it_changes_nothing(seed: int) -> None:
    world = troubled(seed)
    before = said(world.result())
    other = {"case_no": "（2026）冀1103破99号"}
    world.add("cases", **other, claims_due_on="2026-12-31", _record="99")
    world.add("debtors", **other, uscc="91131181100000016H", _record="99")
    found, findings = said(world.result())
    assert (found, {f for f in findings if f[2] != other["case_no"]}) == before


@settings(max_examples=17, deadline=None)
@given(st.integers(-8, 8))
def test_a_late_fee_is_off_beyond_five_fen_on_either_side(fen: int) -> None:
    amount = Decimal("50000.00") + Decimal(fen).scaleb(-2)
    assert with_fee(str(amount)).codes() == ([] if abs(fen) <= 5 else ["LATE_FEE_DIFFERS"])


@settings(max_examples=14, deadline=None)
@given(st.integers(-3, 3), st.sampled_from(["total", "declared", "confirmed", "paid"]))
def test_amounts_are_off_beyond_one_fen_on_either_side(fen: int, what: str) -> None:
    def moved(amount: str) -> str:
        return str(Decimal(amount) + Decimal(fen).scaleb(-2))

    world = World()
    changes = {
        "total": lambda: world.total(moved("1050000.00")),
        "declared": lambda: world.set("reviews", declared_amount=moved("1000000.00")),
        "confirmed": lambda: world.set("reviews", confirmed_amount=moved("1000000.00")),
        "paid": lambda: world.set("distributions", paid_amount=moved("5000.00")),
    }
    changes[what]()
    code = {"declared": "DECLARED_DIFFERS", "confirmed": "CONFIRMED_DIFFERS", "paid": "PAID_DIFFERS"}.get(what)
    assert world.codes() == ([] if abs(fen) <= 1 else [code or "TOTAL_DIFFERS"])


def test_empty_books_say_nothing() -> None:
    world = World()
    for table in ROWS:
        world.drop(table)
    assert said(world.result(is_workday=WORKED)) == (set(), set())
    assert said(world.result(history=pd.DataFrame())) == (set(), set())
