"""The China working-day calendar: announced years from `chinesecalendar`, newer or mended ones from override files.

An override file `<year>.yaml` replaces its year whole:

    year: 2027
    source: 国务院办公厅关于2027年部分节假日安排的通知
    supplied_by: liaison-1            # role id of who entered it
    days_off: [2027-01-01, {from: 2027-10-01, to: 2027-10-07}, ...]
    make_up_days: [2027-09-26, ...]

Light to import: the scheduler reads it at parse time.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any, Final

import yaml
from chinese_calendar import constants

from exchange.domain.calendar import WorkCalendar, fixed_rest_days
from exchange.domain.errors import NeedsPerson

LIBRARY_SOURCE: Final = "chinesecalendar (State Council notices)"
KEYS: Final = frozenset({"year", "source", "supplied_by", "days_off", "make_up_days"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Override:
    """One year as a person supplied it."""

    year: int
    source: str
    days_off: frozenset[date]
    make_up_days: frozenset[date]


def calendar(overrides: Path | None) -> WorkCalendar:
    """The calendar of this end: the library's years, each replaced by its override file when there is one.

    `overrides` names a folder of `<year>.yaml`; a folder that does not exist holds none. Years in neither are not
    official. Raises NeedsPerson 905 for a file that is not what this module describes.
    """
    days_off, worked = set(constants.holidays), set(constants.workdays)
    sources = {day.year: LIBRARY_SOURCE for day in days_off}
    for path in sorted(overrides.glob("*.yaml")) if overrides is not None else ():
        override = read_override(path)
        days_off = {day for day in days_off if day.year != override.year} | override.days_off
        worked = {day for day in worked if day.year != override.year} | override.make_up_days
        sources[override.year] = override.source
    return WorkCalendar(
        official=frozenset(sources), days_off=frozenset(days_off), make_up_days=frozenset(worked), sources=sources
    )


def read_override(path: Path) -> Override:
    """One override file, checked: its year, who announced and supplied it, and days that can be true together."""
    try:
        given = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError, OSError, ValueError):
        raise _wrong(path, "is not readable YAML in UTF-8") from None
    if not isinstance(given, dict) or set(given) != KEYS:
        raise _wrong(path, f"must hold exactly the keys {', '.join(sorted(KEYS))}")
    year = given["year"]
    if not isinstance(year, int) or path.stem != str(year):
        raise _wrong(path, "must be named after its year")
    source = _text(path, given, "source")
    supplied_by = _text(path, given, "supplied_by")
    days_off, worked = (_days(path, given[name], year) for name in ("days_off", "make_up_days"))
    if days_off & worked:
        raise _wrong(path, "lists a day both as off and as worked")
    if any(day.weekday() < 5 for day in worked):
        raise _wrong(path, "lists a make-up day that is not a Saturday or Sunday")
    if not fixed_rest_days(year) <= days_off:
        raise _wrong(path, "leaves out a statutory holiday that keeps its date, so it is not the whole notice")
    return Override(year=year, source=f"{source} ({supplied_by})", days_off=days_off, make_up_days=worked)


def _text(path: Path, given: Mapping[str, Any], name: str) -> str:
    value = given[name]
    if not isinstance(value, str) or not value.strip():
        raise _wrong(path, f"must say its {name}")
    return value.strip()


def _days(path: Path, given: object, year: int) -> frozenset[date]:
    if not isinstance(given, list):
        raise _wrong(path, "must give days_off and make_up_days as lists")
    found: set[date] = set()
    for entry in given:
        span = (entry.get("from"), entry.get("to")) if isinstance(entry, dict) and len(entry) == 2 else (entry, entry)
        first, last = span
        if type(first) is not date or type(last) is not date or not first <= last:
            raise _wrong(path, "holds something that is neither a day (2027-01-01) nor a span (from, to)")
        if {first.year, last.year} != {year}:
            raise _wrong(path, "holds a day of another year")
        found.update(first + timedelta(days=n) for n in range((last - first).days + 1))
    return frozenset(found)


def _wrong(path: Path, why: str) -> NeedsPerson:
    return NeedsPerson(
        905,
        f"The calendar file {why}.",
        where=str(path),
        next_step="Copy the year's days from the State Council's notice, in the form docs/operations.md shows.",
    )
