"""The late fee to the cent: golden cases, rounding and days, against exact arithmetic."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from exchange.domain.latefee import fee_days, late_fee, late_fees, one_days_fee, rates_on, round_half_up
from exchange.domain.route import LegalFigure

RATE = Decimal("0.0005")
PRINCIPAL = Decimal("343479.61")

days_between = st.dates(date(1990, 1, 1), date(2040, 12, 31))
principals = st.integers(-(10**13), 10**13)


@pytest.mark.parametrize(
    ("days", "fee"), [(2022, "347257.89"), (2023, "347429.63"), (2024, "347601.37"), (0, "0.00"), (-5, "0.00")]
)
def test_golden_cases(days: int, fee: str) -> None:
    assert late_fee(PRINCIPAL, RATE, days) == Decimal(fee)


def test_golden_days_and_excess() -> None:
    (days,) = fee_days(np.array(["2010-05-31"], "datetime64[D]"), np.array(["2015-12-14"], "datetime64[D]"))
    assert days == 2023
    assert late_fee(PRINCIPAL, RATE, int(days)) - PRINCIPAL == Decimal("3950.02")


@given(days_between, days_between)
def test_days_are_the_difference_and_never_negative(due: date, cut_off: date) -> None:
    (days,) = fee_days(np.array([due], "datetime64[D]"), np.array([cut_off], "datetime64[D]"))
    assert days == max(0, (cut_off - due).days)
    (more,) = fee_days(np.array([due], "datetime64[D]"), np.array([cut_off + timedelta(1)], "datetime64[D]"))
    assert more - days in (0, 1)


@given(principals, st.integers(0, 20_000), st.integers(1, 20), st.sampled_from([1_000, 10_000, 100_000]))
def test_fees_are_rounded_half_up_exactly(principal: int, days: int, numerator: int, denominator: int) -> None:
    (fen,) = late_fees(np.array([principal]), np.array([days * numerator]), denominator)
    exact = Decimal(principal) * numerator * days / denominator
    assert fen == int(exact.quantize(Decimal(1), rounding=ROUND_HALF_UP))


@given(st.lists(st.integers(-(10**15), 10**15), min_size=1), st.integers(1, 10**6))
def test_round_half_up_of_many(values: list[int], denominator: int) -> None:
    for value, rounded in zip(values, round_half_up(np.array(values), denominator).tolist(), strict=True):
        gap = abs(Fraction(value, denominator) - rounded)
        assert gap < Fraction(1, 2) or (gap == Fraction(1, 2) and abs(rounded) * denominator >= abs(value))


@given(st.integers(0, 10**12), st.integers(-(10**10), 10**10))
def test_one_day_within_five_fen_of_the_unrounded_fee_on_either_side(principal: int, difference: int) -> None:
    (is_day,) = one_days_fee(np.array([difference]), np.array([principal]), np.array([5]), 10_000, 5)
    assert is_day == (abs(Fraction(abs(difference)) - Fraction(principal * 5, 10_000)) <= 5)


def test_huge_principals_stay_exact() -> None:
    (fen,) = late_fees(np.array([10**18 - 1]), np.array([3650 * 5]), 10_000)
    assert fen == (10**18 - 1) * 3650 * 5 // 10_000 + ((10**18 - 1) * 3650 * 5 % 10_000 >= 5_000)


def test_the_rate_in_force_on_the_day() -> None:
    figures = [
        LegalFigure(value=Decimal("0.0005"), since=date(2001, 5, 1), source="征管法32"),
        LegalFigure(value=Decimal("0.002"), since=date(1993, 1, 1), source="old"),
    ]
    on = np.array(["1990-01-01", "2001-04-30", "2001-05-01", "2026-01-01"], "datetime64[D]")
    numerators, denominator = rates_on(figures, on)
    assert [Decimal(int(n)) / denominator for n in numerators] == [
        Decimal(x) for x in ("0.002", "0.002", "0.0005", "0.0005")
    ]
    with pytest.raises(ValueError, match="no late-fee rate"):
        rates_on([], on)
