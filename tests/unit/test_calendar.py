"""China working days: the announced ones, the guess, and the override files."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import chinese_calendar
import pytest

from exchange.adapters.calendar_cn import calendar
from exchange.domain.calendar import WorkCalendar, fixed_rest_days, qingming
from exchange.domain.errors import NeedsPerson

GOOD = """\
year: 2027
source: 国务院办公厅关于2027年部分节假日安排的通知
supplied_by: liaison-1
days_off:
  - {from: 2027-01-01, to: 2027-01-03}
  - {from: 2027-02-05, to: 2027-02-12}
  - {from: 2027-04-03, to: 2027-04-05}
  - {from: 2027-05-01, to: 2027-05-05}
  - 2027-06-09
  - {from: 2027-10-01, to: 2027-10-07}
make_up_days: [2027-02-14, 2027-09-26]
"""


@pytest.fixture(scope="module")
def cal() -> WorkCalendar:
    return calendar(None)


def written(folder: Path, text: str, name: str = "2027.yaml") -> Path:
    (folder / name).write_text(text, encoding="utf-8")
    return folder


@pytest.mark.parametrize(
    ("quarter_end", "first", "fifth", "tenth"),
    [
        ("2025-03-31", "2025-04-01", "2025-04-08", "2025-04-15"),
        ("2025-06-30", "2025-07-01", "2025-07-07", "2025-07-14"),
        ("2025-09-30", "2025-10-09", "2025-10-14", "2025-10-21"),
        ("2025-12-31", "2026-01-04", "2026-01-08", "2026-01-15"),
        ("2026-03-31", "2026-04-01", "2026-04-08", "2026-04-15"),
        ("2026-06-30", "2026-07-01", "2026-07-07", "2026-07-14"),
        ("2026-09-30", "2026-10-08", "2026-10-13", "2026-10-20"),
    ],
)
def test_quarter_days_follow_the_notices(cal: WorkCalendar, quarter_end: str, first: str, fifth: str, tenth: str):
    end = date.fromisoformat(quarter_end)
    assert cal.quarter_start_run(end).isoformat() == first
    assert cal.quarter_limit(end).isoformat() == fifth
    assert cal.nth_workday_after(end, 10).isoformat() == tenth


@pytest.mark.parametrize(
    ("from_day", "natural_days", "rolled"),
    [
        ("2025-07-11", 30, "2025-08-11"),  # a Sunday
        ("2025-09-05", 30, "2025-10-09"),  # inside National Day
        ("2026-01-20", 30, "2026-02-24"),  # inside Spring Festival
        ("2025-09-11", 30, "2025-10-11"),  # a Saturday that is worked: not rolled
    ],
)
def test_periods_roll_off_rest_days(cal: WorkCalendar, from_day: str, natural_days: int, rolled: str):
    assert cal.roll_forward(date.fromisoformat(from_day) + timedelta(days=natural_days)).isoformat() == rolled


def test_make_up_days_are_worked(cal: WorkCalendar):
    for day in ("2025-01-26", "2025-02-08", "2025-04-27", "2025-09-28", "2025-10-11",
                "2026-01-04", "2026-02-14", "2026-02-28", "2026-05-09", "2026-09-20", "2026-10-10"):  # fmt: skip
        assert cal.is_workday(date.fromisoformat(day)), day


def test_every_announced_day_is_answered_as_the_library_answers(cal: WorkCalendar):
    day = date(2004, 1, 1)
    while day.year < 2027:
        assert cal.is_workday(day) == chinese_calendar.is_workday(day), day
        day += timedelta(days=1)


def test_a_year_without_a_notice_is_answered_and_told(cal: WorkCalendar):
    assert cal.is_official(2026)
    assert not cal.is_official(2027)
    assert not cal.is_official(2003)
    assert cal.unconfirmed(date(2026, 12, 31), date(2027, 1, 8)) == (2027,)
    assert cal.quarter_start_run(date(2026, 12, 31)) == date(2027, 1, 4)
    assert not cal.is_workday(date(2027, 4, 5))  # tomb-sweeping day, a Monday
    assert cal.quarter_limit(date(2027, 3, 31)) == date(2027, 4, 8)
    assert not any(cal.is_workday(day) for day in fixed_rest_days(2028))


def test_tomb_sweeping_day_as_announced_since_it_is_a_holiday():
    known = {d.year: d for d, name in chinese_calendar.constants.holidays.items() if name == "Tomb-sweeping Day"
             and d == qingming(d.year)}  # fmt: skip
    assert set(known) == set(range(2008, 2027))


def test_counting_backwards_and_none(cal: WorkCalendar):
    assert cal.add_workdays(date(2025, 10, 9), -1) == date(2025, 9, 30)
    assert cal.add_workdays(date(2025, 10, 4), 0) == date(2025, 10, 4)
    with pytest.raises(ValueError, match="from 1"):
        cal.nth_workday_after(date(2025, 10, 4), 0)


def test_an_override_file_makes_its_year_official(tmp_path: Path):
    cal = calendar(written(tmp_path, GOOD))
    assert cal.is_official(2027)
    assert "liaison-1" in cal.sources[2027]
    assert cal.is_workday(date(2027, 9, 26))
    assert not cal.is_workday(date(2027, 2, 10))
    assert cal.is_workday(date(2027, 2, 15))
    assert cal.quarter_start_run(date(2027, 9, 30)) == date(2027, 10, 8)
    assert calendar(tmp_path / "nothing-here").is_official(2026)


def test_an_override_file_replaces_an_announced_year_whole(tmp_path: Path):
    text = GOOD.replace("2027", "2026").replace("[2026-02-14, 2026-09-26]", "[2026-02-14]")
    cal = calendar(written(tmp_path, text, "2026.yaml"))
    assert not cal.is_workday(date(2026, 1, 4))  # worked by the notice, not by this file
    assert cal.is_workday(date(2025, 10, 11))  # other years stay


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("year: 2027", "year: 2028"),
        ("year: 2027", "year: '2027'"),
        ("source: 国务院办公厅关于2027年部分节假日安排的通知", "source: ''"),
        ("supplied_by: liaison-1\n", ""),
        ("make_up_days:", "made_up_days:"),
        ("[2027-02-14, 2027-09-26]", "[2027-02-15]"),  # a Monday
        ("[2027-02-14, 2027-09-26]", "[2027-10-02]"),  # off and worked
        ("[2027-02-14, 2027-09-26]", "[2028-01-01]"),
        ("[2027-02-14, 2027-09-26]", "2027-02-14"),
        ("2027-06-09", "June the ninth"),
        ("{from: 2027-01-01, to: 2027-01-03}", "2027-01-04"),  # no New Year's Day: not the whole notice
        ("{from: 2027-01-01, to: 2027-01-03}", "{from: 2027-01-03, to: 2027-01-01}"),
        (GOOD, "- a list"),
        (GOOD, "year: [2027"),
    ],
)
def test_a_malformed_override_file_is_refused(tmp_path: Path, old: str, new: str):
    with pytest.raises(NeedsPerson) as refused:
        calendar(written(tmp_path, GOOD.replace(old, new)))
    assert refused.value.code == 905
    assert refused.value.where.endswith("2027.yaml")
