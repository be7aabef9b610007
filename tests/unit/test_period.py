"""Quarters."""

from __future__ import annotations

from datetime import date

import pytest

from exchange.domain.errors import NeedsPerson
from exchange.domain.period import Period


def test_a_quarter_and_its_days() -> None:
    third = Period.parse("2026Q3")
    assert (third.first_day, third.last_day) == (date(2026, 7, 1), date(2026, 9, 30))
    assert str(third) == "2026Q3"
    assert (str(third.next()), str(third.previous())) == ("2026Q4", "2026Q2")


def test_the_year_turns() -> None:
    assert str(Period.parse("2026Q4").next()) == "2027Q1"
    assert str(Period.parse("2026Q1").previous()) == "2025Q4"
    assert Period.parse("2024Q1").last_day == date(2024, 3, 31)


@pytest.mark.parametrize(
    ("day", "quarter"), [((1, 1), 1), ((3, 31), 1), ((4, 1), 2), ((9, 30), 3), ((10, 1), 4), ((12, 31), 4)]
)
def test_the_quarter_of_a_day(day: tuple[int, int], quarter: int) -> None:
    assert Period.of(date(2026, *day)) == Period(year=2026, quarter=quarter)


@pytest.mark.parametrize("text", ["2026Q5", "2026q3", "2026-3", "26Q3", "", "2026Q3 "])
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(NeedsPerson) as refused:
        Period.parse(text)
    assert refused.value.code == 905
