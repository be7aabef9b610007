"""报表: the figures of a day, a week, a month or a quarter as one end's ledger tells them, for page, sheet and paper.

`report(parts, kind, text, route=…)` gives everything; what its codes mean is said in `report_words.py`. It is kept
while the ledger has not grown, and half a minute in any case. Counts are asked of the ledger, a round's own of its
event `checked` and its report.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final
from weakref import WeakKeyDictionary

from exchange import journeys
from exchange.domain import report_figures as figures
from exchange.domain.break_desk import TODO, UNDONE, DeskQuery
from exchange.domain.period import Period
from exchange.domain.report_figures import AGES, Chart, Figure, Round, Series
from exchange.domain.report_span import Kind, Span, holding, span_of
from exchange.steps.add_up import AT_ONCE, add_up

if TYPE_CHECKING:
    from exchange.console.visit import Visit
    from exchange.domain.route import Route
    from exchange.ports import DeskCount, ExchangeRecord, Ledger, Parts

QUARTERS: Final = 8
"""Quarters a trend shows at most."""

CASES: Final = "bankruptcy_case"
DONE: Final[Mapping[str, tuple[str, ...]]] = {
    "packets_sent": ("sent",), "packets_taken_in": ("taken_in",),
    "receipts_came": ("receipt_opened", "receipt_validated"), "receipts_given": ("receipt_sent",),
    "refusals": ("receipt_refused", "packet_refused"), "approvals": ("approved",),
    "breaks_decided": ("break_decided", "break_confirmed", "break_answer_given"),
    "alerts_told": ("alert_sent",), "alerts_done": ("alert_acknowledged",), "looks": ("looked_at",),
}  # fmt: skip
"""What was done on a day: a figure's code → the events it counts."""

_KEPT: Final = 60
_SECONDS: Final = 30.0
_ADDING_SECONDS: Final = 3.0
_known: WeakKeyDictionary[Ledger, dict[tuple[Any, ...], tuple[float, str, Report]]] = WeakKeyDictionary()


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """Figures that belong together, under one heading."""

    code: str
    figures: Sequence[Figure]


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """A report. `first` to `last` are the days its events are counted of; `rules` (Chinese, English, how many) what
    cases were rejected by; `days` of a week each day's figures; `adding` that the amounts are still being added up."""

    span: Span
    route: str
    first: date
    last: date
    sections: Sequence[Section]
    charts: Sequence[Chart]
    rules: Sequence[tuple[str, str, int]] = ()
    rounds: Sequence[Round] = ()
    days: Sequence[tuple[date, Sequence[Figure]]] = ()
    adding: bool = False

    @property
    def empty(self) -> bool:
        """Whether nothing at all happened."""
        return not any(
            one.value for section in self.sections for one in section.figures if section.code not in ("now", "breaks")
        )


def routes_of(parts: Parts) -> list[Route]:
    """The routes a report can be of: answered ones of cases, this end's, those in use first."""
    found = [
        one for one in parts.agreement.routes.values()
        if parts.party in (one.sender, one.receiver) and one.answered_by and one.has(CASES) and not one.test
    ]  # fmt: skip
    return sorted(found, key=lambda one: ({one.sender, one.receiver}.isdisjoint(parts.channels), one.id))


def now_day(parts: Parts) -> date:
    """Today, or the day of the newest event where that is later (a rehearsal names another today)."""
    newest = parts.ledger.tallies.newest_at()
    return max(parts.today, figures.local_day(newest)) if newest else parts.today


def default_span(parts: Parts, kind: Kind, route: Route) -> Span:
    """The quarter exchanged last; of other kinds the one that runs."""
    periods = sorted({one.period for one in _quarters(parts, route) if one.period})
    if kind == "quarter" and periods:
        return span_of(kind, periods[-1])
    return holding(kind, now_day(parts))


def report(parts: Parts, kind: Kind, text: str = "", *, route: Route, at_once: int | None = AT_ONCE) -> Report:
    """The report of a span (`2026-10-09`, `2026-W41`, `2026-10`, `2026Q3`; empty: the default); NeedsPerson 905."""
    span = span_of(kind, text) if text else default_span(parts, kind, route)
    known = _known.setdefault(parts.ledger, {})
    asked, head = (parts.today, span, route.id), parts.ledger.head()
    made, then, told = known.get(asked, (0.0, "", None))
    age = time.monotonic() - made
    fresh = told is not None and (age < _ADDING_SECONDS if told.adding else then == head or age < _SECONDS)
    if told is None or not fresh:
        if len(known) > _KEPT:
            known.clear()
        told = _quarter(parts, span, route, at_once) if kind == "quarter" else _short(parts, span, route)
        known[asked] = (time.monotonic(), head, told)
    return told


def ask_to_add_up(visit: Visit, told: Report) -> None:
    """Leave the amounts to the worker, unless that was asked for already."""
    desk, wanted = visit.house.desk, {"period": told.span.text, "route": told.route}
    asked = any(
        (job.kind, job.arguments) == ("add_up", wanted) and job.state not in ("done", "failed")
        for job in desk.jobs(limit=20)
    )
    if not asked:
        desk.ask("add_up", wanted, by=visit.person.id, now=visit.house.now)


def _quarters(parts: Parts, route: Route) -> Sequence[ExchangeRecord]:
    return parts.ledger.exchanges(route=route.id, kind="Q")


def _quarter(parts: Parts, span: Span, route: Route, at_once: int | None) -> Report:
    records = _quarters(parts, route)
    first, last = _worked(parts, span, records)
    periods = _periods(span, records)
    rounds = [_round(parts, records, one) for one in periods]
    told = [one for one in rounds if one is not None]
    this = next((one for one in told if one.period == span.text), None)
    answered = parts.ledger.tallies.claims_answered(route.lane, [_ended(parts, *_days(one)) for one in periods])
    least = _figure(route, "answered_share", span.last)
    shares = [figures.part("answered", *one, least) for one in answered]
    amounts = _amounts(parts, span, route, at_once)
    rules, whys = _rejected(parts, this)
    sections = [
        Section(code="exchange", figures=figures.exchanged(_whys(this, whys))),
        Section(code="answers", figures=[shares[-1], *_receipts(parts, route, first, last)]),
        Section(code="urgent", figures=figures.urgent(_times(parts, route, first, last))),
        Section(code="breaks", figures=_breaks(parts)),
        Section(code="alerts", figures=_alerts(parts, route, first, last)),
    ]
    charts = [
        _exchanged(told), _answered(periods, shares, least), _by_kind_and_age(parts), _by_rank(parts, amounts or {})
    ]  # fmt: skip
    return Report(
        span=span, route=route.id, first=first, last=last, sections=sections, charts=charts, rules=rules, rounds=told,
        adding=amounts is None,
    )  # fmt: skip


def _short(parts: Parts, span: Span, route: Route) -> Report:
    """A day, a week or a month: what was done, how well, what waits."""
    done = _done(parts, span.first, span.last)
    sections = [Section(code="done", figures=done)]
    charts: list[Chart] = []
    days: list[tuple[date, Sequence[Figure]]] = []
    if span.kind == "week":
        days = [(day, _done(parts, day, day)) for day in span.days]
        charts = [_by_day(days)]
    if span.kind != "day":
        sections.append(Section(code="answers", figures=_receipts(parts, route, span.first, span.last)))
        sections.append(Section(code="urgent", figures=figures.urgent(_times(parts, route, span.first, span.last))))
        sections.append(Section(code="alerts", figures=_alerts(parts, route, span.first, span.last)))
    if span.kind == "month":
        score, measured = _score(parts, span, route)
        sections.insert(0, Section(code="score", figures=[score, *measured]))
        charts = [_parts(measured)]
    sections.append(Section(code="now", figures=_now(parts)))
    return Report(
        span=span, route=route.id, first=span.first, last=span.last, sections=sections, charts=charts, days=days
    )


def _days(period: str) -> tuple[date, date]:
    quarter = Period.parse(period)
    return quarter.first_day, quarter.last_day


def _ended(parts: Parts, first: date, last: date) -> tuple[date, date]:
    """The days of a span that are over."""
    return first, min(last, parts.today - timedelta(days=1))


def _periods(span: Span, records: Sequence[ExchangeRecord]) -> list[str]:
    """The quarters a trend shows: those exchanged up to this one, this one last."""
    known = {one.period for one in records if one.period and one.period < span.text}
    return [*sorted(known)[1 - QUARTERS :], span.text]


def _worked(parts: Parts, span: Span, records: Sequence[ExchangeRecord]) -> tuple[date, date]:
    """The days a quarter is worked: from its round's to the day before the next one's, or today."""
    begun: dict[str, date] = {}
    for one in records:
        if one.period and one.as_of:
            begun[one.period] = min(one.as_of, begun.get(one.period, one.as_of))
    if span.text not in begun:
        return span.first, span.last
    later = [day for period, day in begun.items() if period > span.text]
    last = min(later) - timedelta(days=1) if later else now_day(parts)
    return begun[span.text], max(begun[span.text], last)


def _round(parts: Parts, records: Sequence[ExchangeRecord], period: str) -> Round | None:
    """A quarter's exchange: the last attempt that was not sent back, else the last."""
    tries = [one for one in records if one.period == period]
    if not tries:
        return None
    chosen = next((one for one in reversed(tries) if one.state not in ("refused", "rejected")), tries[-1])
    if chosen.direction == "in":
        rows, rejected = chosen.details.get("rows", {}), chosen.details.get("rejected", 0)
        return Round(
            period=period, key=chosen.key, state=chosen.state, selected=None, sent=int(rows.get(CASES, 0)),
            rejected=int(rejected),
        )  # fmt: skip
    checked = list(parts.ledger.events(exchange=chosen.key, kind="checked"))
    body = checked[-1].body if checked else {}
    said = {
        point for event in parts.ledger.events(exchange=chosen.key, kind="explained") for point in event.body["points"]
    }  # fmt: skip
    return Round(
        period=period, key=chosen.key, state=chosen.state, selected=body.get("selected", 0), sent=body.get("sent", 0),
        rejected=body.get("held", 0), points=body.get("points", 0), explained=min(len(said), body.get("points", 0)),
    )  # fmt: skip


def _rejected(parts: Parts, this: Round | None) -> tuple[list[tuple[str, str, int]], Mapping[str, int]]:
    """By which rules cases or rows were rejected, most first, and the counts of the round's own report."""
    if this is None or this.selected is None or not parts.vault.has(this.key, "report.json"):
        return [], {}
    stored = json.loads(parts.vault.get(this.key, "report.json"))
    rules = [(*one["rule"], one["count"]) for one in stored["rules"] if one["count"] and one["severity"][1] == "reject"]
    return sorted(rules, key=lambda one: (-one[2], one[0])), stored["counts"]


def _whys(this: Round | None, whys: Mapping[str, int]) -> Round | None:
    if this is None or not whys:
        return this
    told: dict[str, Any] = {name: getattr(this, name) for name in Round.__slots__}
    return Round(**told | {name: whys.get(name) for name in ("new", "changed", "closed")})


def _figure(route: Route, name: str, on: date) -> Decimal | None:
    return route.figure(name, on) if name in route.figures else None


def _both(parts: Parts, route: Route) -> list[Route]:
    return [route, parts.agreement.route(str(route.answered_by))]


def _times(parts: Parts, route: Route, first: date, last: date) -> Sequence[figures.ExchangeTimes]:
    ends = figures.begins(first), figures.begins(last + timedelta(days=1))
    return parts.ledger.tallies.exchange_times([one.id for one in _both(parts, route)], *ends)


def _receipts(parts: Parts, route: Route, first: date, last: date) -> tuple[Figure, Figure]:
    return figures.receipts(
        _times(parts, route, first, last), opened_days=route.days("receipt_opened_workdays", last),
        validated_days=route.days("receipt_validated_workdays", last), today=now_day(parts),
        nth_workday=parts.calendar.nth_workday_after,
    )  # fmt: skip


def _alerts(parts: Parts, route: Route, first: date, last: date) -> tuple[Figure, ...]:
    return figures.alerts(
        parts.ledger.tallies.alert_days(first, last), workdays=route.days("alert_acknowledge_workdays", last),
        nth_workday=parts.calendar.nth_workday_after, today=parts.today,
    )  # fmt: skip


def _breaks(parts: Parts) -> list[Figure]:
    counted = parts.ledger.break_counts(DeskQuery(today=parts.today, stands=()), by=("stand",))
    stands = {one.values[0]: one for one in counted}
    undone = [stands[name] for name in UNDONE if name in stands]
    whole = sum(one.count for one in undone)
    found = [figures.count(f"breaks_{name}", stands[name].count if name in stands else 0)
             for name in (*UNDONE, "settled", "closed")]  # fmt: skip
    return [*found, figures.part("breaks_in_time", whole - sum(one.overdue for one in undone), whole)]


def _now(parts: Parts) -> list[Figure]:
    told = parts.ledger.alert_counts()
    waits = len(parts.ledger.exchanges(states=["checked", "stopped", "prepared"]))
    todo = parts.ledger.break_counts(DeskQuery(today=parts.today, stands=(TODO,)))
    return [
        figures.count("waiting_exchanges", waits), figures.count("breaks_todo", todo[0].count),
        figures.count("breaks_overdue", todo[0].overdue),
        figures.count("alerts_open", sum(many for state, _, many, _ in told if state == "open")),
    ]  # fmt: skip


def _done(parts: Parts, first: date, last: date) -> list[Figure]:
    kinds = [kind for kinds in DONE.values() for kind in kinds]
    told = parts.ledger.tallies.event_counts(kinds, figures.begins(first), figures.begins(last + timedelta(days=1)))
    return [figures.count(code, sum(told[kind] for kind in kinds)) for code, kinds in DONE.items()]


def _score(parts: Parts, span: Span, route: Route) -> tuple[Figure, list[Figure]]:
    answered = parts.ledger.tallies.claims_answered(route.lane, [_ended(parts, span.first, span.last)])[0]
    every = [
        *_receipts(parts, route, span.first, span.last),
        figures.part("answered", *answered, _figure(route, "answered_share", span.last)),
        *_alerts(parts, route, span.first, span.last), *_breaks(parts),
        figures.accepted(_times(parts, route, span.first, span.last)),
    ]  # fmt: skip
    measured = [one for code in figures.SCORE for one in every if one.code == code]
    weights = {code: weight for code, name in figures.SCORE.items() if (weight := _figure(route, name, span.last))}
    return figures.score(measured, weights), measured


def _amounts(parts: Parts, span: Span, route: Route, at_once: int | None) -> Mapping[str, Mapping[str, int]] | None:
    """By rank; None while they have still to be added up."""
    back = parts.agreement.route(str(route.answered_by))
    if not back.has("tax_claim") or not route.has("claim_review"):
        return {}
    told: Mapping[str, Mapping[str, int]] | None = journeys.call(add_up, parts, span.text, route.id, at_once=at_once)
    return told


def _exchanged(rounds: Sequence[Round]) -> Chart:
    """Cases that went and stayed; at the receiving end those taken in alone."""
    came = bool(rounds) and all(one.selected is None for one in rounds)
    parts = {"taken_in": "sent"} if came else {"sent": "sent", "rejected": "rejected"}
    return Chart(
        code="exchanged", kind="bars", categories=tuple(one.period for one in rounds), stacked=True,
        series=tuple(
            Series(code=code, values=tuple(Decimal(getattr(one, name)) for one in rounds))
            for code, name in parts.items()
        ),
    )  # fmt: skip


def _answered(periods: Sequence[str], shares: Sequence[Figure], least: Decimal | None) -> Chart:
    percent = tuple(None if one.share is None else one.share * 100 for one in shares)
    return Chart(
        code="answered", kind="line", categories=tuple(periods), unit="percent",
        series=(Series(code="answered", values=percent),), limit=None if least is None else least * 100,
    )  # fmt: skip


def _by_kind_and_age(parts: Parts) -> Chart:
    """Breaks not settled, the kinds with the largest amounts first."""
    counted = parts.ledger.break_counts(DeskQuery(today=parts.today, stands=UNDONE), by=("code", "age"))
    worth: dict[str, int] = {}
    for one in counted:
        worth[one.values[0]] = worth.get(one.values[0], 0) + one.worth_fen
    codes = sorted(worth, key=lambda code: (-worth[code], code))
    return Chart(
        code="breaks", kind="bars", categories=tuple(codes), across=True, stacked=True,
        series=tuple(Series(code=f"age {age}", values=_of_age(counted, codes, age)) for age in AGES),
    )  # fmt: skip


def _of_age(counted: Sequence[DeskCount], codes: Sequence[str], age: str) -> tuple[Decimal, ...]:
    told = {one.values[0]: one.count for one in counted if one.values[1] == age}
    return tuple(Decimal(told.get(code, 0)) for code in codes)


def _by_rank(parts: Parts, amounts: Mapping[str, Mapping[str, int]]) -> Chart:
    ranks = [rank for rank in parts.agreement.codes["rank"].names_zh if rank in amounts]
    return Chart(
        code="amounts", kind="bars", categories=tuple(ranks), unit="yuan",
        series=tuple(
            Series(code=name, values=tuple(Decimal(amounts[rank][name]) / 100 for rank in ranks))
            for name in ("declared", "confirmed", "paid")
        ),
    )  # fmt: skip


def _by_day(days: Sequence[tuple[date, Sequence[Figure]]]) -> Chart:
    return Chart(
        code="by_day", kind="bars", categories=tuple(day.isoformat() for day, _ in days),
        series=tuple(
            Series(code=code, values=tuple(next(f.value for f in told if f.code == code) for _, told in days))
            for code in ("packets_sent", "packets_taken_in")
        ),
    )  # fmt: skip


def _parts(measured: Sequence[Figure]) -> Chart:
    values = tuple(None if one.share is None else one.share * 100 for one in measured)
    return Chart(
        code="parts", kind="bars", categories=tuple(one.code for one in measured), unit="percent", across=True,
        series=(Series(code="share", values=values),),
    )  # fmt: skip
