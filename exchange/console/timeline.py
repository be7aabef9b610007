"""A case's time axis as shapes to draw: four lanes, labels that never overlap, limits as bars. Pure.

The same marks are drawn twice, wide for the screen and narrow in black for paper. Labels are measured by counting (a
Chinese character is one em, any other 0.55) and put centred, then to a side, then a row lower; what finds no place
keeps its mark, and its words stand in the list below the drawing.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import pairwise
from typing import Final, Literal

LANES: Final = ("proceedings", "claims", "exchange", "limits")
Lane = Literal["proceedings", "claims", "exchange"]
Tone = Literal["plain", "look", "late", "done", "planned"]
Anchor = Literal["start", "middle", "end"]

_GAP_DAYS: Final = 180
_MONTHS, _QUARTERS, _YEARS = 18, 72, 10_000
_HEAD, _FOOT = 26.0, 20.0
_ROW: Final = 15.0
_ROWS: Final = 4
_NEAR: Final = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """One thing that happened, or is set for a day. `href` leads to it, `id` names its line in the list."""

    lane: Lane
    on: date
    label: str
    id: str
    tone: Tone = "plain"
    important: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Clock:
    """A limit: from a day to a day, with its words; it looks done, running or late."""

    begins: date
    due: date
    label: str
    tone: Tone


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A line, a colour's name and whether it is dashed."""

    x1: float
    y1: float
    x2: float
    y2: float
    ink: str
    width: float = 1.0
    dash: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """A text: `y` is its base line, `size` in units of the drawing."""

    x: float
    y: float
    text: str
    anchor: Anchor
    size: float
    ink: str
    bold: bool = False
    plain: bool = False

    @property
    def box(self) -> tuple[float, float, float, float]:
        """Left, top, right, bottom, as counted."""
        wide = measure(self.text, self.size)
        left = self.x - {"start": 0.0, "middle": wide / 2, "end": wide}[self.anchor]
        return left, self.y - self.size, left + wide, self.y + self.size * 0.25


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """A mark drawn: a dot, a diamond, a square or a bar (`wide`, `high`), hollow for what is planned."""

    kind: Literal["dot", "diamond", "square", "bar"]
    x: float
    y: float
    tone: Tone
    id: str = ""
    title: str = ""
    wide: float = 0.0
    high: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawing:
    """What the template writes as SVG, in this order."""

    width: float
    height: float
    lines: tuple[Line, ...]
    shapes: tuple[Shape, ...]
    words: tuple[Words, ...]
    first: date
    last: date


def measure(text: str, size: float) -> float:
    """A text's width by counting."""
    return size * sum(1.0 if unicodedata.east_asian_width(c) in "WF" else 0.55 for c in text)


@dataclass(slots=True, kw_only=True)
class _Sheet:
    """A drawing being made."""

    width: float
    left: float
    size: float
    at: Callable[[date], float]
    lines: list[Line] = field(default_factory=list)
    shapes: list[Shape] = field(default_factory=list)
    words: list[Words] = field(default_factory=list)

    def free(self, box: tuple[float, float, float, float]) -> bool:
        """Whether nothing written or drawn as a mark is in the way, and the box is within the lanes."""
        if box[0] < self.left + 2 or box[2] > self.width - 2:
            return False
        wide = (box[0] - 3, box[1], box[2] + 3, box[3])
        return not any(_meet(wide, other) for other in (*(w.box for w in self.words), *map(_extent, self.shapes)))


def timeline(
    marks: Sequence[Mark],
    clocks: Sequence[Clock],
    *,
    today: date,
    width: float,
    names: Mapping[str, str],
    today_words: str,
    month: Callable[[date, bool], str],
) -> Drawing:
    """The drawing of a case. `names` are the lanes' names, `month` writes the head of the axis (with the year or
    without)."""
    days = sorted({*(m.on for m in marks), *(d for c in clocks for d in (c.begins, c.due)), today})
    pieces = _pieces(days)
    size = 12.0 if width > 900 else 9.6
    left = 8 + max(measure(name, size) for name in names.values()) + 14
    sheet = _Sheet(width=width, left=left, size=size, at=_axis(pieces, left, width))
    _head(sheet, pieces, month)
    top = _HEAD
    for lane in LANES[:-1]:
        top = _lane(sheet, lane, names[lane], [m for m in marks if m.lane == lane], top, today)
    top = _limits(sheet, names["limits"], clocks, top)
    return _finished(sheet, top, pieces, today, today_words)


def _pieces(days: Sequence[date]) -> list[tuple[date, date]]:
    """The stretches of time that are drawn: all of it, or over six years those between long gaps."""
    first, last = days[0] - timedelta(days=12), days[-1] + timedelta(days=24)
    if (last - first).days <= 6 * 365:
        return [(first, last)]
    pieces, begin = [], first
    for one, after in pairwise(days):
        if (after - one).days > _GAP_DAYS:
            pieces.append((begin, one + timedelta(days=20)))
            begin = after - timedelta(days=20)
    return [*pieces, (begin, last)]


def _axis(pieces: Sequence[tuple[date, date]], left: float, width: float) -> Callable[[date], float]:
    room = width - left - 12 * (len(pieces) - 1)
    whole = sum((b - a).days for a, b in pieces)

    def at(day: date) -> float:
        x = left
        for begin, end in pieces:
            if day <= end:
                return round(x + max((day - begin).days, 0) * room / whole, 1)
            x += (end - begin).days * room / whole + 12
        return width

    return at


def _head(sheet: _Sheet, pieces: Sequence[tuple[date, date]], month: Callable[[date, bool], str]) -> None:
    """Months, quarters or years above; a mark where time is left out."""
    months = sum((b - a).days for a, b in pieces) / 30.4
    every = 1 if months <= _MONTHS else 3 if months <= _QUARTERS else 12
    year = None
    for begin, end in pieces:
        if begin != pieces[0][0]:
            x = sheet.at(begin) - 6
            sheet.lines += [Line(x1=x - 4, y1=_HEAD + 6, x2=x + 1, y2=_HEAD - 6, ink="axis", width=1.5),
                            Line(x1=x, y1=_HEAD + 6, x2=x + 5, y2=_HEAD - 6, ink="axis", width=1.5)]  # fmt: skip
        for tick in _ticks(begin, end, every):
            x = sheet.at(tick)
            told = Words(x=x + 4, y=16, text=month(tick, tick.year != year), anchor="start", size=sheet.size, ink="dim")
            sheet.lines.append(Line(x1=x, y1=24, x2=x, y2=0, ink="grid"))
            if sheet.free(told.box):
                sheet.words.append(told)
                year = tick.year


def _ticks(begin: date, end: date, every: int) -> Iterator[date]:
    tick = date(begin.year, begin.month, 1)
    while tick <= end:
        if tick >= begin and (tick.month - 1) % every == 0:
            yield tick
        tick = date(tick.year + tick.month // 12, tick.month % 12 + 1, 1)


_KINDS: Final[Mapping[str, Literal["dot", "diamond", "square"]]] = {
    "proceedings": "dot", "claims": "diamond", "exchange": "square",
}  # fmt: skip


def _lane(sheet: _Sheet, lane: str, name: str, marks: Sequence[Mark], top: float, today: date) -> float:
    """Draw a lane below `top`; where the next one begins."""
    _named(sheet, name, top)
    y = top + 18
    groups = _together(sheet, sorted(marks, key=lambda m: m.on))
    if lane == "proceedings" and groups:
        past = [m.on for group in groups for m in group if m.on <= today]
        if past:
            sheet.lines.append(
                Line(x1=sheet.at(past[0]), y1=y, x2=sheet.at(today), y2=y, ink="main", width=2)
            )  # fmt: skip
    for group in groups:
        one = group[0]
        title = "\n".join(f"{m.on.isoformat()} {m.label}" for m in group)
        tone = next((m.tone for m in group if m.tone in ("late", "look")), one.tone)
        sheet.shapes.append(Shape(kind=_KINDS[lane], x=sheet.at(one.on), y=y, tone=tone, id=one.id, title=title))
    lowest = y
    for group in sorted(groups, key=lambda g: (not any(m.important for m in g), g[0].on)):
        lowest = max(lowest, _labelled(sheet, group, y, dated=lane == "proceedings"))
    return max(lowest + 10, top + 40)


def _named(sheet: _Sheet, name: str, top: float) -> None:
    sheet.lines.append(Line(x1=0, y1=top, x2=sheet.width, y2=top, ink="axis"))
    sheet.words.append(Words(x=8, y=top + 22, text=name, anchor="start", size=sheet.size, ink="dim", bold=True))


def _together(sheet: _Sheet, marks: Sequence[Mark]) -> list[list[Mark]]:
    """Marks that would lie on each other, as one; the more important one first."""
    groups: list[list[Mark]] = []
    for one in marks:
        if groups and sheet.at(one.on) - sheet.at(groups[-1][0].on) < _NEAR:
            groups[-1].append(one)
        else:
            groups.append([one])
    return [sorted(group, key=lambda m: (not m.important, m.on)) for group in groups]


def _labelled(sheet: _Sheet, group: Sequence[Mark], y: float, *, dated: bool) -> float:
    """Write a mark's label where there is room; the lowest edge written, or `y`."""
    one = group[0]
    text = one.label + (f" +{len(group) - 1}" if len(group) > 1 else "")
    ink = {"late": "late", "look": "look"}.get(next((m.tone for m in group if m.tone in ("late", "look")), ""), "ink")
    day = one.on.isoformat()[5:] if dated else ""
    for row in range(_ROWS):
        below = y + 20 + row * (_ROW * (2 if dated else 1))
        for anchor, x in _places(sheet.at(one.on)):
            told = Words(
                x=x, y=below, text=text, anchor=anchor, size=sheet.size, ink=ink, bold=dated or ink != "ink"
            )  # fmt: skip
            under = Words(x=x, y=below + 14, text=day, anchor=anchor, size=sheet.size - 1, ink="dim")
            if sheet.free(told.box) and (not dated or sheet.free(under.box)):
                sheet.words += [told, under] if dated else [told]
                return (under if dated else told).box[3]
    return y


def _places(x: float) -> tuple[tuple[Anchor, float], ...]:
    return (("middle", x), ("start", x - 5), ("end", x + 5), ("start", x + 11), ("end", x - 11))


def _limits(sheet: _Sheet, name: str, clocks: Sequence[Clock], top: float) -> float:
    """Draw the limits as bars, each in the first row where it and its words have room."""
    _named(sheet, name, top)
    size, lowest = sheet.size - 0.5, top + 24
    signs = {"done": "✓ ", "late": "▲ ", "plain": "○ ", "look": "○ ", "planned": "○ "}
    for clock in sorted(clocks, key=lambda c: (c.begins, c.due)):
        x, end = sheet.at(clock.begins), sheet.at(clock.due)
        wide = max(end - x, 3.0)
        text, ink = signs[clock.tone] + clock.label, "late" if clock.tone == "late" else "ink"
        for row in range(40):
            y = top + 6 + row * 17
            bar = Shape(kind="bar", x=x, y=y, wide=wide, high=11, tone=clock.tone, title=clock.label)
            sides: tuple[tuple[Anchor, float], ...] = (("start", x + wide + 5), ("end", x - 5))
            told = [
                Words(x=at, y=y + 10, text=text, anchor=anchor, size=size, ink=ink, bold=ink == "late")
                for anchor, at in sides
            ]  # fmt: skip
            room = next((words for words in told if sheet.free(words.box)), None)
            if room is not None and sheet.free(_extent(bar)):
                sheet.shapes.append(bar)
                sheet.words.append(room)
                lowest = max(lowest, y + 15)
                break
    return lowest + 4


def _finished(
    sheet: _Sheet, bottom: float, pieces: Sequence[tuple[date, date]], today: date, today_words: str
) -> Drawing:
    x, size = sheet.at(today), sheet.size - 1
    wide = measure(today_words, size) + 10
    centre = min(max(x, wide / 2), sheet.width - wide / 2)
    sheet.lines = [Line(x1=o.x1, y1=o.y1, x2=o.x2, y2=bottom, ink=o.ink) if o.ink == "grid" else o for o in sheet.lines]
    sheet.lines.append(Line(x1=x, y1=20, x2=x, y2=bottom + 2, ink="today", width=1.5, dash=True))
    shapes = [*sheet.shapes, Shape(kind="bar", x=centre - wide / 2, y=bottom + 2, wide=wide, high=16, tone="plain",
                                   id="today")]  # fmt: skip
    words = [*sheet.words, Words(x=centre, y=bottom + 14, text=today_words, anchor="middle", size=size, ink="paper",
                                 plain=True)]  # fmt: skip
    return Drawing(
        width=sheet.width, height=bottom + _FOOT, lines=tuple(sheet.lines), shapes=tuple(shapes), words=tuple(words),
        first=pieces[0][0], last=pieces[-1][1],
    )  # fmt: skip


def _extent(shape: Shape) -> tuple[float, float, float, float]:
    if shape.kind == "bar":
        return shape.x, shape.y, shape.x + shape.wide, shape.y + shape.high
    return shape.x - 6, shape.y - 6, shape.x + 6, shape.y + 6


def _meet(one: tuple[float, float, float, float], other: tuple[float, float, float, float]) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


def overlaps(drawing: Drawing) -> Iterable[tuple[str, str]]:
    """Pairs of texts that lie on each other; there are none."""
    words = drawing.words
    for n, one in enumerate(words):
        for other in words[n + 1 :]:
            if _meet(one.box, other.box):
                yield one.text, other.text
