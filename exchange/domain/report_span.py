"""What a report is of: a day, a week (Monday to Sunday), a month, a quarter."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final, Literal, get_args

from exchange.domain.errors import NeedsPerson
from exchange.domain.period import Period

Kind = Literal["day", "week", "month", "quarter"]
KINDS: Final[tuple[Kind, ...]] = get_args(Kind)
_FORMS: Final = {"day": "2026-10-09", "week": "2026-W41", "month": "2026-10", "quarter": "2026Q3"}
_ONE_DAY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """Days from `first` to `last`, both included; `text` as an address carries it."""

    kind: Kind
    first: date
    last: date
    text: str

    @property
    def days(self) -> tuple[date, ...]:
        """Every day of it."""
        return tuple(self.first + timedelta(days=n) for n in range((self.last - self.first).days + 1))

    def before(self) -> Span:
        """The one before."""
        return holding(self.kind, self.first - _ONE_DAY)

    def after(self) -> Span:
        """The one after."""
        return holding(self.kind, self.last + _ONE_DAY)


def holding(kind: Kind, day: date) -> Span:
    """The span of a kind that a day lies in."""
    if kind == "day":
        return Span(kind=kind, first=day, last=day, text=day.isoformat())
    if kind == "week":
        year, week, weekday = day.isocalendar()
        monday = day - timedelta(days=weekday - 1)
        return Span(kind=kind, first=monday, last=monday + timedelta(days=6), text=f"{year}-W{week:02d}")
    if kind == "month":
        after = date(day.year + day.month // 12, day.month % 12 + 1, 1)
        return Span(kind=kind, first=day.replace(day=1), last=after - _ONE_DAY, text=f"{day:%Y-%m}")
    quarter = Period.of(day)
    return Span(kind=kind, first=quarter.first_day, last=quarter.last_day, text=str(quarter))


def span_of(kind: Kind, text: str) -> Span:
    """The span a text names (2026-10-09, 2026-W41, 2026-10, 2026Q3); NeedsPerson 905 for anything else."""
    try:
        return holding(kind, _day_in(kind, text))
    except (ValueError, NeedsPerson):
        raise NeedsPerson(
            905, f"That is no {kind}.", where="report", next_step=f"Write it like {_FORMS[kind]}."
        ) from None


def _day_in(kind: Kind, text: str) -> date:
    if kind == "quarter":
        return Period.parse(text).first_day
    if kind == "week" and re.fullmatch(r"20\d\d-W\d\d", text, re.ASCII):
        return date.fromisocalendar(int(text[:4]), int(text[6:]), 1)
    if kind == "month" and re.fullmatch(r"20\d\d-\d\d", text, re.ASCII):
        return date.fromisoformat(f"{text}-01")
    if kind == "day" and re.fullmatch(r"20\d\d-\d\d-\d\d", text, re.ASCII):
        return date.fromisoformat(text)
    raise ValueError(text)
