"""A chart as shapes of an SVG, for paper and for browsers without script; `charts.svg.html` writes them down."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from math import ceil, floor, log10
from typing import Final, Literal

from exchange.domain.report_figures import Chart

WIDTH: Final = 660
NARROW: Final = 340
"""Of a telephone's page, or of a column: drawn for it, not made small for it."""
_LEFT, _RIGHT, _TOP, _BOTTOM, _HEIGHT = 58, 14, 34, 26, 236
_ROW, _NAMES, _LINE = 24, 236, 18
_SIZE: Final = 11


@dataclass(frozen=True, slots=True, kw_only=True)
class Rect:
    """A bar; `tone` is its series, counted from 0."""

    x: float
    y: float
    width: float
    height: float
    tone: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A line; `look` says whether it is of the grid, the agreed limit or the figures."""

    points: tuple[tuple[float, float], ...]
    look: Literal["grid", "limit", "figure"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """A text, its anchor at (x, y)."""

    x: float
    y: float
    text: str
    anchor: Literal["start", "middle", "end"] = "start"


@dataclass(slots=True, kw_only=True)
class Drawing:
    """What is drawn, in pixels of a page so wide; `top` is where the bars begin, below the names of their series."""

    width: float
    height: float = _HEIGHT
    top: float = _TOP
    rects: list[Rect] = field(default_factory=list)
    lines: list[Line] = field(default_factory=list)
    texts: list[Words] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """A chart with its names: of categories, series, limit; `scale` divides the values that are written."""

    chart: Chart
    categories: Sequence[str]
    series: Sequence[str]
    limit: str = ""
    scale: int = 1
    unit: str = ""


def wide(text: str) -> float:
    """A text's width: a Chinese character takes one size, others a little more than half."""
    return sum(_SIZE if ord(sign) > 0x2E7F else _SIZE * 0.56 for sign in text)


def cut(text: str, most: float) -> str:
    """The text, or as much of it as has room."""
    if wide(text) <= most:
        return text
    while text and wide(text) > most - _SIZE:
        text = text[:-1]
    return f"{text}…"


def drawn(told: Named, width: float = WIDTH) -> Drawing:
    """The shapes of a chart: lying bars, standing bars, or a line. On a narrow page bars lie, below their names."""
    drawing = Drawing(width=width)
    _legend(drawing, told)
    if told.chart.kind == "bars" and width < WIDTH:
        _below(drawing, told)
    elif told.chart.across:
        _across(drawing, told)
    else:
        _standing(drawing, told)
    return drawing


def _standing(drawing: Drawing, told: Named) -> None:
    most = _most(told.chart)
    drawing.height = _HEIGHT + drawing.top - _TOP
    _axis(drawing, told, most)
    step = (drawing.width - _LEFT - _RIGHT) / max(1, len(told.categories))
    every = 1 if drawing.width == WIDTH else max(1, ceil(max(map(wide, told.categories), default=0) / (step - 4)))
    for n, name in enumerate(told.categories):
        middle = _LEFT + step * (n + 0.5)
        if (len(told.categories) - 1 - n) % every == 0:
            text = cut(name, step * every - 4)
            drawing.texts.append(Words(x=middle, y=drawing.height - 8, text=text, anchor="middle"))
        if told.chart.kind == "bars":
            _bars(drawing, told, n, middle, step, most)
    if told.chart.kind == "line":
        _line(drawing, told, step, most)


def _most(chart: Chart) -> Decimal:
    """The end of the axis: a round number not below the largest bar."""
    if chart.unit == "percent":
        return Decimal(100)
    rows = [[value or Decimal(0) for value in one.values] for one in chart.series]
    tops = (
        [sum(at, Decimal(0)) for at in zip(*rows, strict=True)] if chart.stacked else [v for row in rows for v in row]
    )
    top = float(max(tops, default=Decimal(0)))
    if top <= 0:
        return Decimal(1)
    size = 10 ** floor(log10(top))
    return Decimal(str(next(size * n for n in (1, 2, 4, 5, 8, 10) if size * n >= top)))


def _height(value: Decimal | None, most: Decimal) -> float:
    return float((value or Decimal(0)) / most) * (_HEIGHT - _TOP - _BOTTOM)


def written(value: Decimal | None, told: Named) -> str:
    """A value as a chart writes it."""
    if value is None:
        return "—"
    scaled = value / told.scale
    places = 1 if told.scale > 1 or (told.chart.unit == "percent" and scaled % 1) else 0
    return f"{scaled:,.{places}f}" + ("%" if told.chart.unit == "percent" else "")


def _axis(drawing: Drawing, told: Named, most: Decimal) -> None:
    foot = drawing.height - _BOTTOM
    for n in range(5):
        value = most * n / 4
        if told.chart.unit == "count" and value % 1:
            continue
        y = foot - _height(value, most)
        drawing.lines.append(Line(points=((_LEFT, y), (drawing.width - _RIGHT, y)), look="grid"))
        drawing.texts.append(Words(x=_LEFT - 6, y=y + 4, text=written(value, told), anchor="end"))
    if told.chart.limit is not None:
        y = foot - _height(told.chart.limit, most)
        drawing.lines.append(Line(points=((_LEFT, y), (drawing.width - _RIGHT, y)), look="limit"))
        drawing.texts.append(Words(x=drawing.width - _RIGHT, y=y - 5, text=told.limit, anchor="end"))


def _bars(drawing: Drawing, told: Named, n: int, middle: float, step: float, most: Decimal) -> None:
    """One category's bars, upon or beside each other, each with its figure."""
    series, foot = told.chart.series, drawing.height - _BOTTOM
    beside = 1 if told.chart.stacked else len(series)
    width = min(56.0, (step - 12) / beside)
    total = Decimal(0)
    for tone, one in enumerate(series):
        value = one.values[n]
        if not value:
            continue
        at = middle - width * beside / 2 + (0 if told.chart.stacked else tone * width)
        high = _height(value, most)
        base = foot - (_height(total, most) if told.chart.stacked else 0)
        total += value
        drawing.rects.append(Rect(x=at, y=base - high, width=width - 2, height=high, tone=tone))
        if not told.chart.stacked:
            drawing.texts.append(Words(x=at + width / 2, y=base - high - 4, text=written(value, told), anchor="middle"))
    if told.chart.stacked and total:
        parts = " + ".join(written(one.values[n], told) for one in series if one.values[n])
        drawing.texts.append(Words(x=middle, y=foot - _height(total, most) - 4, text=parts, anchor="middle"))


def _line(drawing: Drawing, told: Named, step: float, most: Decimal) -> None:
    """The points that were measured, joined where neighbours were."""
    values = told.chart.series[0].values
    foot = drawing.height - _BOTTOM
    run: list[tuple[float, float]] = []
    for n, value in enumerate(values):
        if value is None:
            run = []
            continue
        x, y = _LEFT + step * (n + 0.5), foot - _height(value, most)
        run.append((x, y))
        drawing.rects.append(Rect(x=x - 4, y=y - 4, width=8, height=8, tone=0))
        drawing.texts.append(Words(x=x, y=y + 18, text=written(value, told), anchor="middle"))
        if len(run) > 1:
            drawing.lines.append(Line(points=tuple(run[-2:]), look="figure"))


def _across(drawing: Drawing, told: Named) -> None:
    """Lying bars, a category a line: its name, the bar, the sum."""
    drawing.height = drawing.top + _ROW * len(told.categories) + 6
    room = float(drawing.width) - _NAMES - 60
    for n, name in enumerate(told.categories):
        y = drawing.top + _ROW * n
        drawing.texts.append(Words(x=_NAMES - 8, y=y + 15, text=cut(name, _NAMES - 12), anchor="end"))
        _lying(drawing, told, n, (_NAMES, y, room))


def _below(drawing: Drawing, told: Named) -> None:
    """Lying bars below their category's name, as wide as the page: stacked in one row, else a row for each series."""
    rows = 1 if told.chart.stacked else len(told.chart.series)
    high, room = _LINE + _ROW * rows + 2, drawing.width - 2 - max(72.0, _widest(told) + 8)
    drawing.height = drawing.top + high * len(told.categories) + 4
    for n, name in enumerate(told.categories):
        y = drawing.top + high * n
        drawing.texts.append(Words(x=0, y=y + 13, text=cut(name, drawing.width)))
        if rows == 1:
            _lying(drawing, told, n, (1, y + _LINE - 2, room))
            continue
        for tone in range(rows):
            _lying(drawing, told, n, (1, y + _LINE - 2 + _ROW * tone, room), only=tone)


def _widest(told: Named) -> float:
    """Of the sums written behind the bars."""
    return max((wide(_sums(told, n)) for n in range(len(told.categories))), default=0)


def _sums(told: Named, n: int) -> str:
    """What stands behind a bar: the parts it is made of on charts of standing bars, else their sum."""
    values = [one.values[n] for one in told.chart.series]
    known = [value for value in values if value is not None]
    if told.chart.stacked and not told.chart.across:
        return " + ".join(written(value, told) for value in values if value) or written(Decimal(0), told)
    return written(sum(known, Decimal(0)) if known else None, told)


def _lying(drawing: Drawing, told: Named, n: int, at: tuple[float, float, float], *, only: int | None = None) -> None:
    """One lying bar in the row that begins at (x, y) and has so much room; of one series, or of all upon each other."""
    (x, y, room), most = at, _most(told.chart)
    for tone, one in enumerate(told.chart.series):
        value = one.values[n]
        if value and only in (None, tone):
            width = float(value / most) * room
            drawing.rects.append(Rect(x=x, y=y + 4, width=width, height=_ROW - 8, tone=tone))
            x += width
    text = _sums(told, n) if only is None else written(told.chart.series[only].values[n], told)
    drawing.texts.append(Words(x=x + 6, y=y + 15, text=text))


def _legend(drawing: Drawing, told: Named) -> None:
    """Names of the series and the unit, in as many lines as they need."""
    x, y = 0.0, 5.0
    for tone, name in enumerate(told.series if len(told.series) > 1 else ()):
        long = 17 + wide(name)
        if x and x + long > drawing.width:
            x, y = 0.0, y + _LINE
        drawing.rects.append(Rect(x=x, y=y, width=12, height=12, tone=tone))
        drawing.texts.append(Words(x=x + 17, y=y + 10, text=name))
        x += long + 18
    if told.unit:
        y += _LINE if x + wide(told.unit) > drawing.width - _RIGHT else 0
        drawing.texts.append(Words(x=drawing.width - _RIGHT, y=y + 10, text=told.unit, anchor="end"))
    drawing.top = _TOP + y - 5
