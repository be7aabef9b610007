"""The figures of a report 报表: of a day, a week, a month, a quarter; each by its code.

A share keeps what it is of, so that nobody has to trust a percentage. Nothing to measure is None, never 0 or 100 %.
What a code means and where it comes from is said in words beside every figure (`console/report_words.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import ROUND_HALF_UP, Decimal
from statistics import median
from typing import Final, Literal

from exchange.domain.moments import SHANGHAI

Unit = Literal["count", "share", "minutes", "days", "points"]
AGES: Final = ("0", "31", "91", "181")
"""Age classes of breaks, by the first day of each: up to 30 days, to 90, to 180, more."""
AGE_DAYS: Final = (30, 90, 180)

NthWorkday = Callable[[date, int], date]
"""The n-th working day after a day (`WorkCalendar.nth_workday_after`)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One figure. A share has `value` of `whole`; a count or duration `value` alone; None where nothing was measured.

    `least` is the agreed share it is held against.
    """

    code: str
    unit: Unit
    value: Decimal | None
    whole: int | None = None
    least: Decimal | None = None

    @property
    def share(self) -> Decimal | None:
        """Between 0 and 1, four places; None when there was nothing to measure."""
        if self.value is None or not self.whole:
            return None
        return (self.value / self.whole).quantize(Decimal("0.0001"), ROUND_HALF_UP)

    @property
    def short(self) -> bool:
        """Whether it stays below what was agreed."""
        return self.least is not None and self.share is not None and self.share < self.least


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """One row of bars: a code, a value a category (None: nothing there)."""

    code: str
    values: tuple[Decimal | None, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """What a chart draws and its table says: categories by code, series of values. `limit` is an agreed line.

    Money is yuan, a share 0 to 100. `across`: bars lie, one category a line. `stacked`: series upon each other.
    """

    code: str
    kind: Literal["bars", "line"]
    categories: tuple[str, ...]
    series: tuple[Series, ...]
    unit: Literal["count", "percent", "yuan"] = "count"
    limit: Decimal | None = None
    across: bool = False
    stacked: bool = False

    @property
    def empty(self) -> bool:
        """Whether there is nothing to draw."""
        return not any(value for one in self.series for value in one.values)


@dataclass(frozen=True, slots=True, kw_only=True)
class ExchangeTimes:
    """When what happened to one exchange. Ours: `sent_at` and the receipts that came. Theirs: `sent_at` is when its
    packet was collected here, the receipts are those this end sent."""

    key: str
    kind: str
    direction: str
    state: str
    opened_at: datetime
    sent_at: datetime | None = None
    opened_there_at: datetime | None = None
    validated_at: datetime | None = None
    refused: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertDays:
    """So many alerts told first on a day and acknowledged on another (None: still open)."""

    first_day: date
    acknowledged_on: date | None
    escalated: bool
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """One quarter's exchange: cases selected, sent and rejected, and what is new in it (None: this end can't know)."""

    period: str
    key: str
    state: str
    selected: int | None
    sent: int
    rejected: int
    new: int | None = None
    changed: int | None = None
    closed: int | None = None
    points: int = 0
    explained: int = 0


def count(code: str, number: int | None) -> Figure:
    """A plain number."""
    return Figure(code=code, unit="count", value=None if number is None else Decimal(number))


def part(code: str, number: int, whole: int, least: Decimal | None = None) -> Figure:
    """So many of so many."""
    return Figure(code=code, unit="share", value=Decimal(number) if whole else None, whole=whole, least=least)


def _duration(code: str, unit: Unit, values: Sequence[float]) -> Figure:
    middle = Decimal(str(median(values))).quantize(Decimal("0.1")) if values else None
    return Figure(code=code, unit=unit, value=middle, whole=len(values) or None)


def exchanged(one: Round | None) -> tuple[Figure, ...]:
    """What a quarter's round brought; nothing at all when there was none. At the receiving end the cases taken in and
    the records that were not: what it can't know it does not tell."""
    if one is None:
        return ()
    if one.selected is None:
        return count("taken_in", one.sent), count("not_landed", one.rejected)
    told = [count("selected", one.selected), count("sent", one.sent), part("rejected", one.rejected, one.selected)]
    told += [count(code, getattr(one, code)) for code in ("new", "changed", "closed")]
    return (*told, part("explained", one.explained, one.points))


def receipts(
    times: Iterable[ExchangeTimes], *, opened_days: int, validated_days: int, nth_workday: NthWorkday, today: date
) -> tuple[Figure, Figure]:
    """Receipts in time, by rung, over the receipts due: those given, and those whose last day has passed."""
    out = [one for one in times if one.sent_at is not None and one.kind != "R"]
    rungs = (
        ("receipts_opened", opened_days, [(one, one.opened_there_at or one.validated_at) for one in out]),
        ("receipts_validated", validated_days, [(one, one.validated_at) for one in out]),
    )
    found = []
    for code, days, pairs in rungs:
        due = [(nth_workday(local_day(one.sent_at), days), at) for one, at in pairs if one.sent_at and not one.refused]
        told = [(limit, at) for limit, at in due if at is not None or today > limit]
        good = sum(1 for limit, at in told if at is not None and local_day(at) <= limit)
        found.append(part(code, good, len(told)))
    return found[0], found[1]


def urgent(times: Iterable[ExchangeTimes]) -> tuple[Figure, ...]:
    """How many urgent transfers, and in the middle how many minutes until they were out, and received and checked."""
    ours = [one for one in times if one.kind == "U"]
    out = [one.sent_at - one.opened_at for one in ours if one.sent_at and one.direction == "out"]
    home = [one.validated_at - one.sent_at for one in ours if one.validated_at and one.sent_at]
    return (
        count("urgent", len(ours)),
        _duration("urgent_out", "minutes", [gap.total_seconds() / 60 for gap in out]),
        _duration("urgent_home", "minutes", [gap.total_seconds() / 60 for gap in home]),
    )


def alerts(told: Sequence[AlertDays], *, workdays: int, nth_workday: NthWorkday, today: date) -> tuple[Figure, ...]:
    """Alerts told, still open, escalated; acknowledged in time of those due; days it took in the middle."""
    good = due = 0
    waits: list[float] = []
    for one in told:
        limit = nth_workday(one.first_day, workdays)
        if one.acknowledged_on is not None:
            waits += [(one.acknowledged_on - one.first_day).days] * one.count
        if one.acknowledged_on is not None or today > limit:
            due += one.count
            good += one.count if one.acknowledged_on is not None and one.acknowledged_on <= limit else 0
    return (
        count("alerts", sum(one.count for one in told)),
        count("alerts_open", sum(one.count for one in told if one.acknowledged_on is None)),
        count("alerts_escalated", sum(one.count for one in told if one.escalated)),
        part("alerts_in_time", good, due),
        _duration("alerts_wait", "days", waits),
    )


def accepted(times: Iterable[ExchangeTimes]) -> Figure:
    """Exchanges the other side did not send back, over those it has answered."""
    answered = [one for one in times if one.refused or one.validated_at is not None]
    return part("accepted", sum(1 for one in answered if not one.refused), len(answered))


SCORE: Final[Mapping[str, str]] = {
    "receipts_validated": "score_receipts", "answered": "score_answered", "alerts_in_time": "score_alerts",
    "breaks_in_time": "score_breaks", "accepted": "score_accepted",
}  # fmt: skip
"""A part of the monthly score → the agreed figure that holds its weight."""


def score(parts: Iterable[Figure], weights: Mapping[str, Decimal]) -> Figure:
    """The monthly score of 100: each share times its weight, over the weights of what could be measured; one place."""
    measured = [(one.share, weights[one.code]) for one in parts if one.code in weights and one.share is not None]
    whole = sum((weight for _, weight in measured), Decimal(0))
    if not whole:
        return Figure(code="score", unit="points", value=None)
    got = sum((share * weight for share, weight in measured), Decimal(0)) * 100 / whole
    return Figure(code="score", unit="points", value=got.quantize(Decimal("0.1"), ROUND_HALF_UP), whole=100)


def local_day(at: datetime) -> date:
    """The day in Asia/Shanghai."""
    return at.astimezone(SHANGHAI).date()


def begins(day: date) -> datetime:
    """The first instant of a day in Asia/Shanghai."""
    return datetime.combine(day, time.min, SHANGHAI)


def age_from(today: date, age: str) -> date | None:
    """The latest `found_on` of an age class; None for the youngest, which has no end."""
    return today - timedelta(days=int(age)) if age != AGES[0] else None
