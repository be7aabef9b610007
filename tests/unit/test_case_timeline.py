"""The drawing of a case: every mark is drawn, no two texts lie on each other, whatever happened and when."""

from __future__ import annotations

import random
from datetime import date, timedelta

import pytest

from exchange.console.timeline import Clock, Drawing, Lane, Mark, overlaps, timeline

NAMES = {"proceedings": "程序", "claims": "债权与清偿", "exchange": "数据交换", "limits": "法定期限"}
TODAY = date(2026, 10, 9)
LANES: tuple[Lane, ...] = ("proceedings", "claims", "exchange")


def drawn(marks: list[Mark], clocks: list[Clock], width: float = 1166) -> Drawing:
    return timeline(
        marks, clocks, today=TODAY, width=width, names=NAMES, today_words="今日 10-09",
        month=lambda day, year: f"{day.year}年{day.month}月" if year else f"{day.month}月",
    )  # fmt: skip


def a_case(seed: int) -> tuple[list[Mark], list[Clock]]:
    chance = random.Random(seed)
    begin, span = date(2026, 10, 1) - timedelta(days=chance.choice((20, 300, 900, 4000))), chance.choice((5, 400, 4000))
    marks = [
        Mark(lane=chance.choice(LANES), on=begin + timedelta(days=chance.randrange(span)), id=f"m{n}",
             label="第一次债权人会议 1,234,567.00"[: chance.randrange(2, 22)], important=chance.random() < 0.3)
        for n in range(chance.choice((1, 5, 30, 200)))
    ]  # fmt: skip
    clocks = []
    for _ in range(chance.randrange(0, 9)):
        first = begin + timedelta(days=chance.randrange(span))
        clocks.append(Clock(begins=first, due=first + timedelta(days=chance.randrange(0, 90)), label="债权申报 75日",
                            tone=chance.choice(("done", "late", "plain"))))  # fmt: skip
    return marks, clocks


@pytest.mark.parametrize("width", [1166, 690])
def test_no_two_texts_overlap_and_all_lie_within(width: float) -> None:
    for seed in range(25):
        drawing = drawn(*a_case(seed), width=width)
        assert list(overlaps(drawing)) == [], seed
        for words in drawing.words:
            left, top, right, bottom = words.box
            assert left >= -1, (seed, words)
            assert right <= width + 1, (seed, words)
            assert 0 <= top < bottom <= drawing.height + 1, (seed, words)


def test_marks_of_one_day_are_one_mark_that_says_how_many() -> None:
    day = date(2026, 9, 1)
    marks = [Mark(lane="exchange", on=day, label=f"包{n}", id=f"p{n}") for n in range(3)]
    drawing = drawn(marks, [])
    squares = [shape for shape in drawing.shapes if shape.kind == "square"]
    assert len(squares) == 1
    assert squares[0].title.count("2026-09-01") == 3
    assert "包0 +2" in {words.text for words in drawing.words}


def test_years_with_nothing_in_them_are_left_out_after_six() -> None:
    old = [Mark(lane="proceedings", on=date(2012, 3, 1), label="收案", id="a")]
    drawing = drawn([*old, Mark(lane="proceedings", on=date(2026, 9, 1), label="宣告破产", id="b")], [])
    dots = {shape.id: shape.x for shape in drawing.shapes if shape.kind == "dot"}
    assert 0 < dots["b"] - dots["a"] < 500
    assert {"收案", "宣告破产"} <= {words.text for words in drawing.words}


def test_a_case_of_nothing_is_drawn_too() -> None:
    drawing = drawn([], [])
    assert {"程序", "债权与清偿", "数据交换", "法定期限", "今日 10-09"} <= {words.text for words in drawing.words}
