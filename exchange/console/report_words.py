"""What a report's codes mean: a figure's name, its definition, where it comes from; the sentence above a chart."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from exchange.console.chart_drawing import NARROW, Drawing, Named, drawn, written
from exchange.domain.report_figures import SCORE

if TYPE_CHECKING:
    from datetime import date

    from exchange.console.reports_view import Report
    from exchange.console.visit import Visit
    from exchange.domain.report_figures import Chart, Figure
    from exchange.domain.route import Route

KINDS: Final[Mapping[str, str]] = {
    "day": "Daily look", "week": "Weekly report", "month": "Monthly score", "quarter": "Quarterly review",
}  # fmt: skip

SECTIONS: Final[Mapping[str, str]] = {
    "exchange": "The quarter's exchange", "answers": "Kept in time", "urgent": "Urgent transfers",
    "breaks": "Breaks today", "alerts": "Alerts of these days", "done": "What was done", "score": "Score",
    "now": "What waits today",
}  # fmt: skip

_CHECKED: Final = "the round's event checked; at the receiving end taken_in"
_REPORT: Final = "the round's own report"
_RECEIPTS: Final = "events sent and receipt_…; at the receiving end collected and receipt_sent"
_DESK: Final = "the desk of breaks as it stands today"
_ALERTS: Final = "events alert_sent, alert_escalated, alert_acknowledged"
_EVENTS: Final = "the ledger's events of these days"

FIGURES: Final[Mapping[str, tuple[str, str, str]]] = {
    "selected": ("Cases selected", "Cases the agreed rule takes into the quarter.", _CHECKED),
    "sent": ("Cases exchanged", "Cases that went over.", _CHECKED),
    "rejected": (
        "Cases rejected",
        "Cases a rule of the agreement held back, of those selected.",
        _CHECKED,
    ),
    "taken_in": ("Cases taken in", "Cases that came in the quarter's packets and were landed.", _CHECKED),
    "not_landed": (
        "Records not taken in",
        "Rows of the quarter's packets the checks refused here; their sender was told each one by the receipt.",
        _CHECKED,
    ),
    "new": ("New cases", "Cases no earlier quarter carried.", _REPORT),
    "changed": ("Changed cases", "Cases that read otherwise than when they were last sent.", _REPORT),
    "closed": ("Closed cases", "Cases that ended since they were last sent.", _REPORT),
    "explained": (
        "Points explained",
        "Points an officer gave a reason for, of those the checks raised.",
        "events checked and explained",
    ),
    "answered": (
        "Answered in time",
        "Of the cases whose claim period ended in these days, those with a claim filed within it.",
        "the index of cases; breaks NO_RESPONSE and FILED_LATE",
    ),
    "receipts_opened": (
        "Receipts of arrival in time",
        "Packets whose arrival was confirmed within the agreed working days, of those due.",
        _RECEIPTS,
    ),
    "receipts_validated": (
        "Receipts of content in time",
        "Packets whose content was confirmed within the agreed working days, of those due.",
        _RECEIPTS,
    ),
    "urgent": ("Urgent transfers", "Urgent exchanges opened in these days.", "the ledger's exchanges"),
    "urgent_out": ("Until an urgent case was out", "From opening to sending; the middle of all of them.", _RECEIPTS),
    "urgent_home": (
        "Until it was confirmed",
        "From sending to the confirmed content; the middle of all of them.",
        _RECEIPTS,
    ),
    "breaks_todo": ("Breaks for us", "Breaks that wait for somebody at this end, on all its routes.", _DESK),
    "breaks_waiting": ("Breaks for the other side", "Breaks that wait for the other side, or for the books.", _DESK),
    "breaks_settled": ("Breaks settled", "Breaks a decision stands about while the books still differ.", _DESK),
    "breaks_closed": ("Breaks closed", "Breaks the books agree about again.", _DESK),
    "breaks_in_time": (
        "Breaks within their limit",
        "Breaks not settled whose limit has not passed, or that have none.",
        _DESK,
    ),
    "breaks_overdue": ("Breaks overdue", "Breaks for us whose limit has passed.", _DESK),
    "alerts": ("Alerts told", "Alerts first told in these days.", _ALERTS),
    "alerts_open": ("Alerts open", "Alerts nobody has acknowledged yet.", _ALERTS),
    "alerts_escalated": ("Alerts escalated", "Alerts that went on to the reviewers.", _ALERTS),
    "alerts_in_time": (
        "Acknowledged in time",
        "Alerts acknowledged within the agreed working days, of those due.",
        _ALERTS,
    ),
    "alerts_wait": (
        "Until acknowledged",
        "Days from the alert to its acknowledgement; the middle of all of them.",
        _ALERTS,
    ),
    "packets_sent": ("Packets sent", "Packets that went out, receipts aside.", _EVENTS),
    "packets_taken_in": ("Packets taken in", "Packets of the other side that were verified and landed.", _EVENTS),
    "receipts_came": ("Receipts received", "Receipts of the other side on our packets.", _EVENTS),
    "receipts_given": ("Receipts given", "Receipts this end sent.", _EVENTS),
    "refusals": ("Refusals", "Packets one side or the other refused.", _EVENTS),
    "approvals": ("Approvals", "Exchanges a second officer approved.", _EVENTS),
    "breaks_decided": ("Breaks decided", "Decisions, confirmations and answers about breaks.", _EVENTS),
    "alerts_told": ("Alerts told or told again", "Every telling counts, of one alert too.", _EVENTS),
    "alerts_done": ("Alerts acknowledged", "Acknowledgements given in these days.", _EVENTS),
    "looks": ("Looks at personal data", "Times somebody looked at data of persons.", _EVENTS),
    "waiting_exchanges": ("Exchanges that wait", "Exchanges that wait for an officer.", "the ledger's exchanges"),
    "accepted": ("Not sent back", "Exchanges the other side accepted, of those it answered.", _RECEIPTS),
    "score": (
        "Score of 100",
        "The shares below by their agreed weights; what was not measured is left out.",
        "the terms of the agreement, figures score_…",
    ),
}

SERIES: Final[Mapping[str, str]] = {
    "sent": "Exchanged", "taken_in": "Cases taken in", "rejected": "Rejected",
    "answered": "Answered in time", "age 0": "Up to 30 days",
    "age 31": "31 to 90 days", "age 91": "91 to 180 days", "age 181": "Over 180 days", "declared": "Declared",
    "confirmed": "Confirmed", "paid": "Paid", "packets_sent": "Packets sent", "packets_taken_in": "Packets taken in",
    "share": "Share",
}  # fmt: skip

_MYRIAD: Final = 10_000
_MILLION: Final = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A figure in words. `short` where it stays below what was agreed."""

    name: str
    value: str
    definition: str
    source: str
    short: bool
    least: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """A chart in words: its finding, its names, its shapes (`narrow`: for a telephone or a column), and `live` for the
    script that draws it on screen."""

    code: str
    finding: str
    head: str
    categories: tuple[str, ...]
    series: tuple[str, ...]
    rows: tuple[tuple[str, tuple[str, ...]], ...]
    drawing: Drawing
    narrow: Drawing
    live: Mapping[str, Any]
    empty: bool


def shown(visit: Visit, one: Figure) -> Shown:
    """A figure's name, value, definition and source in this person's language."""
    name, definition, source = FIGURES[one.code]
    return Shown(
        name=visit.say(name), value=value_of(visit, one), definition=visit.say(definition), source=visit.say(source),
        short=one.short, least="" if one.least is None else f"{one.least * 100:.0f}%",
    )  # fmt: skip


def value_of(visit: Visit, one: Figure) -> str:
    """A figure as people read it; a dash where nothing was measured."""
    if one.value is None:
        return "—"
    if one.unit == "share":
        share = one.share or Decimal(0)
        return f"{share * 100:.1f}%（{one.value} / {one.whole:,}）" if visit.language == "zh" else (
            f"{share * 100:.1f}% ({one.value} / {one.whole:,})"
        )  # fmt: skip
    if one.unit == "count":
        return f"{int(one.value):,}"
    units = {"minutes": "%(value)s minutes", "days": "%(value)s days", "points": "%(value)s points"}
    return visit.say(units[one.unit], value=f"{one.value}")


def weights(visit: Visit, route: Route, on: date) -> Sequence[tuple[str, str, date, str]]:
    """(part of the score, its weight, since when, by which agreement) as in force on a day; parts without one aside."""
    found = []
    for code, name in SCORE.items():
        known = [one for one in route.figures.get(name, ()) if one.since <= on]
        if known:
            last = max(known, key=lambda one: one.since)
            found.append((visit.say(FIGURES[code][0]), f"{last.value.normalize():f}", last.since, last.source))
    return found


def picture(visit: Visit, told: Report, chart: Chart) -> Picture:
    """A chart with its names and its one-line finding."""
    categories = tuple(_category(visit, chart, one) for one in chart.categories)
    series = tuple(visit.say(SERIES[one.code]) for one in chart.series)
    money = chart.unit == "yuan"
    scale = 1 if not money else _MYRIAD if visit.language == "zh" else _MILLION
    limit = visit.say("agreed: %(share)s", share=f"{chart.limit:.0f}%") if chart.limit is not None else ""
    unit = visit.say("Unit: ten thousand yuan" if scale == _MYRIAD else "Unit: million yuan") if money else ""
    named = Named(chart=chart, categories=categories, series=series, limit=limit, scale=scale, unit=unit)
    table = tuple(
        (name, tuple(_cell(one.values[n], chart, named) for one in chart.series)) for n, name in enumerate(categories)
    )
    return Picture(
        code=chart.code, finding=_finding(visit, told, chart, categories), head=visit.say(_HEADS[chart.code]),
        categories=categories, series=series, rows=table, drawing=drawn(named), narrow=drawn(named, NARROW),
        live=_live(chart, named),
        empty=chart.empty,
    )  # fmt: skip


_HEADS: Final[Mapping[str, str]] = {
    "exchanged": "Quarter", "answered": "Quarter", "breaks": "Kind", "amounts": "Rank", "by_day": "Day",
    "parts": "Part of the score",
}  # fmt: skip


def _category(visit: Visit, chart: Chart, code: str) -> str:
    if chart.code == "breaks":
        return visit.name("break", code)
    if chart.code == "amounts":
        return visit.name("rank", code)
    return visit.say(FIGURES[code][0]) if chart.code == "parts" else code


def _cell(value: Decimal | None, chart: Chart, named: Named) -> str:
    return f"{value:,.2f}" if chart.unit == "yuan" and value is not None else written(value, named)


def _live(chart: Chart, named: Named) -> Mapping[str, Any]:
    return {
        "kind": chart.kind, "categories": list(named.categories), "names": list(named.series),
        "values": [[None if v is None else float(v / named.scale) for v in one.values] for one in chart.series],
        "across": chart.across, "stacked": chart.stacked, "percent": chart.unit == "percent",
        "limit": None if chart.limit is None else float(chart.limit), "limitName": named.limit, "unit": named.unit,
    }  # fmt: skip


def _finding(visit: Visit, told: Report, chart: Chart, categories: tuple[str, ...]) -> str:
    """What the chart says in one line."""
    if chart.empty:
        return visit.say("Nothing to draw: nothing was measured.")
    totals = [sum((v for v in one.values if v is not None), Decimal(0)) for one in chart.series]
    last = [one.values[-1] for one in chart.series]
    if chart.code == "exchanged" and len(last) == 1:
        return visit.say("%(quarter)s: %(taken)s cases taken in", quarter=categories[-1], taken=f"{last[0]:,}")
    if chart.code == "exchanged":
        return visit.say("%(quarter)s: %(sent)s cases exchanged, %(rejected)s rejected", quarter=categories[-1],
                         sent=f"{last[0]:,}", rejected=f"{last[1]:,}")  # fmt: skip
    if chart.code == "answered":
        share = "—" if last[0] is None else f"{last[0]:.1f}%"
        return visit.say("%(quarter)s: %(share)s answered within the claim period", quarter=categories[-1], share=share)
    if chart.code == "breaks":
        return visit.say("%(count)s breaks not settled; the largest amounts: %(kind)s", count=f"{sum(totals):,}",
                         kind=categories[0])  # fmt: skip
    if chart.code == "amounts":
        share = f"{totals[2] / totals[1] * 100:.1f}%" if totals[1] else "—"
        return visit.say("Of the confirmed amounts %(share)s are paid", share=share)
    if chart.code == "by_day":
        return visit.say("%(sent)s packets sent, %(taken)s taken in", sent=f"{totals[0]:,}", taken=f"{totals[1]:,}")
    return visit.say("Score: %(score)s", score=value_of(visit, told.sections[0].figures[0]))
