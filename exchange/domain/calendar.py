"""China working days: the officially announced ones where a year's notice is known, a visible guess where not.

Legal periods count natural days and roll forward off a rest day (民事诉讼法 第85条); working days rule only the
days the parties agreed among themselves. The notice for a year appears in the last weeks of the year before, so
a quarter's run in January regularly asks for a year nobody has announced yet: `is_official` tells.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Final

ONE_DAY: Final = timedelta(days=1)
FIXED_REST_DAYS: Final = ((1, 1), (5, 1), (5, 2), (10, 1), (10, 2), (10, 3))
"""Month and day of the statutory holidays that keep their date (全国年节及纪念日放假办法, as of 2025)."""


def qingming(year: int) -> date:
    """Tomb-sweeping day of a year from 2001 to 2099, by the usual solar-term formula."""
    short = year % 100
    return date(year, 4, int(short * 0.2422 + 4.81) - short // 4)


def fixed_rest_days(year: int) -> frozenset[date]:
    """The statutory holidays of a year that follow from its number alone; those of the lunar calendar are missing."""
    return frozenset({qingming(year), *(date(year, month, day) for month, day in FIXED_REST_DAYS)})


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkCalendar:
    """Which days are worked. `days_off` and `make_up_days` (worked rest days, 调休上班) cover the `official` years.

    `sources` says for each official year who announced it. A year outside `official` is answered from Monday to
    Friday less `fixed_rest_days`: without the lunar holidays and make-up days, so its answers are not official.
    """

    official: frozenset[int]
    days_off: frozenset[date]
    make_up_days: frozenset[date]
    sources: Mapping[int, str] = field(default_factory=dict)

    def is_official(self, year: int) -> bool:
        """Whether the year's working days were announced and are known here."""
        return year in self.official

    def is_workday(self, day: date) -> bool:
        """Whether the day is worked, by notice for an official year and by the weekday rule for any other."""
        if day.year in self.official:
            return day in self.make_up_days or (day.weekday() < 5 and day not in self.days_off)
        return day.weekday() < 5 and day not in fixed_rest_days(day.year)

    def roll_forward(self, day: date) -> date:
        """The day itself when it is worked, else the next working day (民事诉讼法 第85条)."""
        while not self.is_workday(day):
            day += ONE_DAY
        return day

    def add_workdays(self, day: date, workdays: int) -> date:
        """The day so many working days later (earlier when negative); the day itself for none."""
        step = ONE_DAY if workdays >= 0 else -ONE_DAY
        for _ in range(abs(workdays)):
            day += step
            while not self.is_workday(day):
                day += step
        return day

    def nth_workday_after(self, day: date, n: int) -> date:
        """The n-th working day after a day, counted from 1; ValueError for less."""
        if n < 1:
            raise ValueError("working days after a day are counted from 1")
        return self.add_workdays(day, n)

    def quarter_start_run(self, period_end: date) -> date:
        """The first working day after a quarter's last day: when its exchange is opened."""
        return self.nth_workday_after(period_end, 1)

    def quarter_limit(self, period_end: date) -> date:
        """The fifth working day after a quarter's last day: when its exchange is due."""
        return self.nth_workday_after(period_end, 5)

    def unconfirmed(self, since: date, until: date) -> tuple[int, ...]:
        """The years from one day to another whose working days are not official."""
        return tuple(year for year in range(since.year, until.year + 1) if year not in self.official)
