"""An officer explains missing serials: all of a point's, or some; what is left stays open.

A point of the docket has its reason once every serial it asks about has one. What then travels is put together from
what was said serial by serial; of sealed serials the other side reads how many, and nothing else.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from exchange.domain.canonical import sha256_hex
from exchange.domain.errors import NeedsPerson
from exchange.domain.gap_book import Told, statement
from exchange.domain.points import Explanation, Point, dump_note
from exchange.domain.reason import LONGEST
from exchange.domain.serials import DOCKET_GAP, Spans, common, minus, parse_spans, spans_text


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """What an officer's words make: `docket` for the event, `note` (the words, for the vault), and `whole`: the
    explanations of the points nothing is left open of."""

    docket: tuple[Mapping[str, Any], ...]
    note: bytes
    whole: tuple[Explanation, ...]


def about_serials(points: Sequence[Point]) -> bool:
    """Whether points are the docket's."""
    return any(point.rule == DOCKET_GAP for point in points)


def give(
    points: Sequence[Point],
    said: Explanation,
    serials: str | None,
    *,
    book: Sequence[Told],
    reasons: Mapping[str, str],
    names: Mapping[str, str],
) -> Given:
    """One reason for serials of the docket's points: those named, else all that wait, else all.

    `book` is what was said in this exchange, `reasons` its words by note; `names` are the categories'. Raises
    NeedsPerson 922 when a named serial is none of those asked about, 905 when it is no serial.
    """
    wanted = parse_spans(serials) if serials else None
    if wanted is not None and len(points) > 1:
        raise _refused("Serials belong to one point.", "Name one point with --serials.")
    note = dump_note([replace(said, point=point.id) for point in points])
    stamp = sha256_hex(note)
    docket, whole = [], []
    for point in points:
        asked, earlier = parse_spans(point.note), [told for told in book if told.series == point.row_key]
        spans = _spans(asked, wanted, earlier)
        docket.append(
            {"series": point.row_key, "serials": spans_text(spans), "category": said.category, "note_sha256": stamp}
        )
        now = [replace(told, spans=minus(common(told.spans, asked), spans)) for told in earlier]
        now.append(
            Told(
                series=str(point.row_key), spans=spans, category=said.category, by=said.by, at=said.at, exchange="",
                note=stamp,
            )
        )  # fmt: skip
        now = [told for told in now if told.spans]
        if not _left(asked, now):
            whole.append(_whole(point, said, now, {**reasons, stamp: said.reason}, names))
    return Given(docket=tuple(docket), note=note, whole=tuple(whole))


def _spans(asked: Spans, wanted: Spans | None, earlier: Sequence[Told]) -> Spans:
    if wanted is None:
        return _left(asked, earlier) or asked
    strange = minus(wanted, asked)
    if strange:
        raise _refused(
            f"{spans_text(strange)} is not among the serials asked about: {spans_text(asked)}.",
            "Name serials the point lists.",
        )
    return wanted


def _left(asked: Spans, told: Sequence[Told]) -> Spans:
    for one in told:
        asked = minus(asked, one.spans)
    return asked


def _whole(
    point: Point, said: Explanation, told: Sequence[Told], reasons: Mapping[str, str], names: Mapping[str, str]
) -> Explanation:
    categories = {one.category for one in told}
    text = statement(told, reasons, names, longest=LONGEST)
    return replace(said, point=point.id, category=said.category if len(categories) == 1 else "other", reason=text)


def _refused(what: str, step: str) -> NeedsPerson:
    return NeedsPerson(922, what, where="--serials", next_step=step)
