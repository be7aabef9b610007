"""What officers said about missing serials, serial by serial: it holds as long as the serial stays missing.

Two events make it up. `explained` names under `docket` series, serials and categories; `docket_turned_up` says which
serials are in the register after all, and closes them. Reasons themselves are in the vault.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from exchange.domain.audit import Event
from exchange.domain.points import EXPLAINED
from exchange.domain.serials import Spans, common, count, minus, parse_spans, spans_text

if TYPE_CHECKING:
    from exchange.domain.docket import Series

TURNED_UP: Final = "docket_turned_up"
SEALED: Final = "sealed"
"""The category of which the other side learns the number of serials alone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What one officer said about serials of a series, in which exchange; `at` an ISO time, `note` the hash of the
    vault's file with the words."""

    series: str
    spans: Spans
    category: str
    by: str
    at: str
    exchange: str
    note: str = ""


def told_so_far(events: Iterable[Event]) -> tuple[Told, ...]:
    """What is said and not closed, from both kinds of events in order; of one serial the last word counts."""
    book: list[Told] = []
    for event in sorted(events, key=lambda e: e.seq):
        for part in event.body.get("docket", ()) if event.kind == EXPLAINED else (event.body,):
            series, spans = part["series"], parse_spans(part["serials"])
            book = [replace(t, spans=minus(t.spans, spans)) if t.series == series else t for t in book]
            if event.kind == EXPLAINED:
                book.append(
                    Told(
                        series=series, spans=spans, category=part["category"], by=event.body["by"],
                        at=event.at.isoformat(), exchange=str(event.exchange), note=part["note_sha256"],
                    )
                )  # fmt: skip
    return tuple(t for t in book if t.spans)


def book_of(events: Callable[..., Iterable[Event]], *, but_turned_up_in: str | None = None) -> tuple[Told, ...]:
    """The whole book out of a ledger's events (`Ledger.events`). What turned up in one exchange may be left out, as its
    own assembling, done again, wants it."""
    told = [event for kind in (EXPLAINED, TURNED_UP) for event in events(kind=kind)]
    return told_so_far(e for e in told if e.kind == EXPLAINED or e.exchange != but_turned_up_in)


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
    """A series as the outcome lists it."""
    document = {
        "series": series.key,
        "highest": series.highest,
        "held": series.held,
        "missing": spans_text(series.missing),
        "count": count(series.missing),
        "hints": [{"record": h.record, "why": h.why, "serial": h.serial} for h in series.hints],
    }
    return document | retold(series.key, series.missing, book, key)


def retold(series: str, missing: Spans, book: Sequence[Told], key: str) -> dict[str, Any]:
    """What is open of a series and what was said, as the outcome lists it, with all that was said since. `reused` marks
    what was said in another exchange than this one."""
    said = [(one, common(one.spans, missing)) for one in book if one.series == series]
    open_ = missing
    for _, spans in said:
        open_ = minus(open_, spans)
    return {
        "open": spans_text(open_),
        "explained": [
            {
                "serials": spans_text(spans), "category": one.category, "by": one.by, "at": one.at,
                "exchange": one.exchange, "reused": one.exchange != key,
            }
            for one, spans in said
            if spans
        ],
    }  # fmt: skip


def statement(told: Iterable[Told], reasons: Mapping[str, str], names: Mapping[str, str], *, longest: int) -> str:
    """What the other side reads about a series: serials, category and reason; of sealed ones the number alone.

    `reasons` is the text by `Told.note`; `names` category → its Chinese name. Where it would be too long the reasons,
    then the serials give way.
    """
    open_, sealed = [], 0
    for one in told:
        if one.category == SEALED:
            sealed += count(one.spans)
        else:
            open_.append(one)
    closed = [f"{sealed}个编号{names.get(SEALED, SEALED)}"] if sealed else []
    forms = (
        [f"{spans_text(t.spans)}号：{names.get(t.category, t.category)}，{reasons.get(t.note, '')}" for t in open_],
        [f"{spans_text(t.spans)}号：{names.get(t.category, t.category)}" for t in open_],
        [f"{count(t.spans)}个编号{names.get(t.category, t.category)}" for t in open_],
    )
    texts = ["；".join([*form, *closed]) for form in forms]
    return next((text for text in texts if len(text) <= longest), texts[-1][:longest])
