"""A chart is drawn within its page at both widths, and each of its figures is written."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from exchange.console.chart_drawing import NARROW, WIDTH, Named, drawn, wide
from exchange.domain.report_figures import Chart, Series

LONG = "债权申报期满仍无申报而管理人已列入债权表并经债权人会议核查的金额"


def _named(names: tuple[str, ...], series: int, **more: Any) -> Named:
    values = tuple(Decimal(10) ** min(n + 2, 5) for n in range(len(names)))
    told = tuple(Series(code=str(n), values=values) for n in range(series))
    chart = Chart(code="x", categories=names, series=told, **{"kind": "bars", **more})
    return Named(chart=chart, categories=names, series=tuple(f"{LONG[:9]}{n}" for n in range(series)), unit="单位：元")


@pytest.mark.parametrize("width", [WIDTH, NARROW])
@pytest.mark.parametrize(
    "named",
    [
        _named((LONG, "短"), 4, across=True, stacked=True),
        _named((LONG, "b", "c", "d"), 3),
        _named(("2025Q4", "2026Q1"), 2, stacked=True),
        _named(tuple(f"20{n}Q1" for n in range(15, 27)), 1, kind="line"),
        _named((), 2),
    ],
)
def test_nothing_is_drawn_beside_the_page(named: Named, width: float) -> None:
    drawing = drawn(named, width)
    share = {"start": 0.0, "middle": 0.5, "end": 1.0}
    for said in drawing.texts:
        left = said.x - wide(said.text) * share[said.anchor]
        assert left >= -1, said
        assert left + wide(said.text) <= width + 1, said
        assert 0 < said.y <= drawing.height, said
    for bar in drawing.rects:
        assert 0 <= bar.x <= bar.x + bar.width <= width, bar
        assert 0 <= bar.y <= bar.y + bar.height <= drawing.height, bar


def test_on_a_narrow_page_bars_lie_below_their_names_with_every_figure() -> None:
    texts = [said.text for said in drawn(_named(("税款", "普通"), 3), NARROW).texts]
    assert texts[-8:] == ["税款", "100", "100", "100", "普通", "1,000", "1,000", "1,000"]
    assert [said.text for said in drawn(_named(("2026Q1",), 2, stacked=True), NARROW).texts][-1] == "100 + 100"
