"""What officers said about missing serials, serial by serial: it holds as long as the serial stays missing.

Two events make it up. `docket_explained` names a series, serials and a category; `docket_turned_up` says which of
them are in the register after all, and closes them. Reasons themselves are in the vault.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from exchange.domain.audit import Event
from exchange.domain.docket import Series
from exchange.domain.serials import Spans, common, count, minus, parse_spans, spans_text

EXPLAINED, TURNED_UP = "docket_explained", "docket_turned_up"
SEALED: Final = "sealed"
"""The category of which the other side learns the number of serials alone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What one officer said about serials of a series, in which exchange; `at` an ISO time."""

    series: str
    spans: Spans
    category: str
    by: str
    at: str
    exchange: str


def told_so_far(events: Iterable[Event]) -> tuple[Told, ...]:
    """What is said and not closed, from both kinds of events in order; of one serial the last word counts."""
    book: list[Told] = []
    for event in sorted(events, key=lambda e: e.seq):
        series, spans = event.body["series"], parse_spans(event.body["serials"])
        book = [replace(t, spans=minus(t.spans, spans)) if t.series == series else t for t in book]
        if event.kind == EXPLAINED:
            book.append(
                Told(
                    series=series, spans=spans, category=event.body["category"], by=event.body["by"],
                    at=event.at.isoformat(), exchange=str(event.exchange),
                )
            )  # fmt: skip
    return tuple(t for t in book if t.spans)


def still_open(series: Series, told: Iterable[Told]) -> Spans:
    """The missing serials of a series nobody explained."""
    spans = series.missing
    for one in told:
        if one.series == series.key:
            spans = minus(spans, one.spans)
    return spans


def turned_up(book: Sequence[Told], missing: Mapping[str, Spans], present: Mapping[str, int]) -> dict[str, Spans]:
    """Series → explained serials that are in the register now. `present`: series looked at → its highest serial."""
    found: dict[str, Spans] = {}
    for one in book:
        highest = present.get(one.series, 0)
        reached = common(one.spans, ((1, highest),)) if highest else ()
        there = minus(reached, missing.get(one.series, ()))
        if there:
            found[one.series] = tuple(sorted({*found.get(one.series, ()), *there}))
    return found


def series_document(series: Series, book: Sequence[Told], key: str) -> dict[str, Any]:
    """A series as the outcome lists it. `reused` marks what was said in another exchange than this one."""
    said = [(one, common(one.spans, series.missing)) for one in book if one.series == series.key]
    open_ = still_open(series, book)
    return {
        "series": series.key,
        "highest": series.highest,
        "held": series.held,
        "missing": spans_text(series.missing),
        "count": count(series.missing),
        "open": spans_text(open_),
        "hints": [{"record": h.record, "why": h.why, "serial": h.serial} for h in series.hints],
        "explained": [
            {
                "serials": spans_text(spans), "category": one.category, "by": one.by, "at": one.at,
                "exchange": one.exchange, "reused": one.exchange != key,
            }
            for one, spans in said
            if spans
        ],
    }  # fmt: skip


def statement(series: str, book: Iterable[Told], reasons: Mapping[str, str], names: Mapping[str, str]) -> str:
    """What the other side reads about one series: serials, category and reason; of sealed ones the number alone.

    `reasons` is the text by `Told.at`; `names` category → its Chinese name.
    """
    parts = []
    sealed = 0
    for one in book:
        if one.series != series:
            continue
        if one.category == SEALED:
            sealed += count(one.spans)
            continue
        reason = reasons.get(one.at, "")
        parts.append(
            f"{spans_text(one.spans)}号：{names.get(one.category, one.category)}{'，' if reason else ''}{reason}"
        )
    if sealed:
        parts.append(
            f"另有{sealed}个编号{names.get(SEALED, SEALED)}" if parts else f"{sealed}个编号{names.get(SEALED, SEALED)}"
        )
    return "；".join(parts)
