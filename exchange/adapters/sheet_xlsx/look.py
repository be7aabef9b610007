"""How every sheet looks: fonts, colours, number formats, rows as high as their words, A4."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from math import ceil
from typing import Any, Final

_INK, _GREY, _LINE, _HEAD, _RED, _AMBER = (
    "#1A2432", "#5F6B7C", "#D9DFE7", "#F4F6F9", "#B3231B", "#8A5200",
)  # fmt: skip
_FONT: Final = "微软雅黑"
_MONEY: Final = "#,##0.00;[Red]-#,##0.00;0.00"
_DASHED: Final = '#,##0.00;[Red]-#,##0.00;"—"'
OPTIONS: Final = {
    "in_memory": True,
    "strings_to_formulas": False,
    "strings_to_urls": False,
    "strings_to_numbers": False,
}
_ROOM: Final = 277
"""Millimetres of an A4 page's long side between its margins."""
_SPARE: Final = 0.74
"""Of it a block of columns takes: without Calibri a column is a third wider than on Windows."""
_LINE_HEIGHT: Final = 15
_LONGEST_HEAD: Final = 120
"""Excel takes 255 characters of a page's heading, its own signs among them."""


def formats_of(book: Any) -> Mapping[str, Any]:
    """A workbook's formats by name."""
    base = {"font_name": _FONT, "font_size": 10, "font_color": _INK, "valign": "vcenter"}
    cell = {**base, "bottom": 1, "bottom_color": _LINE}
    kinds = {
        "title": {**base, "font_size": 16, "bold": True, "quote_prefix": True},
        "sub": {**base, "font_color": _GREY, "quote_prefix": True},
        "head": {
            **base, "bold": True, "bg_color": _HEAD, "top": 1, "top_color": _LINE, "quote_prefix": True, "indent": 1,
        },
        "head_en": {
            **base, "font_size": 9, "font_color": _GREY, "bg_color": _HEAD, "bottom": 1, "quote_prefix": True,
            "indent": 1,
        },
        "head_right": {**base, "bold": True, "bg_color": _HEAD, "top": 1, "top_color": _LINE, "align": "right"},
        "head_en_right": {
            **base, "font_size": 9, "font_color": _GREY, "bg_color": _HEAD, "bottom": 1, "align": "right",
        },
        "only_head": {**base, "bold": True, "bg_color": _HEAD, "bottom": 1, "quote_prefix": True, "indent": 1},
        "only_head_right": {**base, "bold": True, "bg_color": _HEAD, "bottom": 1, "align": "right"},
        "text": {**cell, "num_format": "@", "quote_prefix": True, "indent": 1},
        "wide": {**cell, "num_format": "@", "quote_prefix": True, "text_wrap": True, "indent": 1},
        "money": {**cell, "num_format": _MONEY, "align": "right"},
        "dashed": {**cell, "num_format": _DASHED, "align": "right"},
        "whole": {**cell, "num_format": "0", "align": "right"},
        "day": {**cell, "num_format": "yyyy-mm-dd", "align": "left", "indent": 1},
        "moment": {**cell, "num_format": "yyyy-mm-dd hh:mm", "align": "left", "indent": 1},
        "late": {**cell, "num_format": "0", "align": "right", "font_color": _RED, "bold": True},
        "soon": {**cell, "num_format": "0", "align": "right", "font_color": _AMBER, "bold": True},
        "label": {**base, "font_color": _GREY, "quote_prefix": True},
        "total": {**base, "bold": True, "top": 1, "num_format": "0", "align": "right"},
        "total_money": {**base, "bold": True, "top": 1, "num_format": _DASHED, "align": "right"},
        "total_text": {**base, "bold": True, "top": 1, "quote_prefix": True, "indent": 1},
    }  # fmt: skip
    return {name: book.add_format(given) for name, given in kinds.items()}


def page(sheet: Any, title: str, detail: str, *, landscape: bool = True) -> None:
    """A4, one page wide; the title and what it is of above each page, its number below; no grid."""
    sheet.hide_gridlines(2)
    sheet.set_paper(9)
    if landscape:
        sheet.set_landscape()
    sheet.set_margins(left=0.4, right=0.4, top=0.7, bottom=0.6)
    sheet.fit_to_pages(1, 0)
    left, right = (text[:_LONGEST_HEAD].replace("&", "&&") for text in (title, detail))
    sheet.set_header(f"&L&9 {left}&R&9 {right}")
    sheet.set_footer("&C&9第 &P 页，共 &N 页　Page &P of &N")


def side_by_side(sheet: Any, leads: Sequence[float], blocks: Sequence[Sequence[float]]) -> None:
    """Blocks of columns, a page of their own each, the leading columns on every one; as large as the widest allows.

    Takes the widths of all columns. Excel keeps no page break of a sheet that is fitted to pages, so it is scaled.
    """
    widest = max(_millimetres([*leads, *block]) for block in blocks)
    sheet.set_print_scale(max(10, min(100, int(100 * _SPARE * _ROOM / widest))))
    sheet.repeat_columns(0, len(leads) - 1)
    at = [len(leads) + sum(len(block) for block in blocks[: n + 1]) for n in range(len(blocks) - 1)]
    sheet.set_v_pagebreaks(at)


def _millimetres(widths: Iterable[float]) -> float:
    """How wide such columns are; Excel's unit is a digit of its own font, 7 pixels and 5 more a column."""
    return sum((7 * width + 5) * 25.4 / 96 for width in widths)


def signs(text: str) -> float:
    """The width of a text in digits of Excel's own font; a Chinese character of ours is a little less than two."""
    return sum(1.9 if ord(sign) > 0x2E7F else 1 for sign in text)


def lines(text: str, width: float) -> int:
    """Lines a text takes in a column that wraps; words that don't fit go to the next one."""
    room = max(1, width - 1.5)
    if 2 * len(text) <= room and "\n" not in text:
        return 1
    return sum(ceil(signs(line) / room) or 1 for line in text.split("\n"))


def height(sheet: Any, row: int, texts: Iterable[tuple[str, float]]) -> None:
    """Make a row as high as the longest of its texts in their columns; only what wraps is given."""
    most = max((lines(text, width) for text, width in texts), default=1)
    if most > 1:
        sheet.set_row(row, _LINE_HEIGHT * most + 3)
