"""How every sheet looks: fonts, colours, number formats, paper."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

_INK, _GREY, _LINE, _HEAD, _RED, _AMBER = (
    "#1A2432", "#5F6B7C", "#D9DFE7", "#F4F6F9", "#B3231B", "#8A5200",
)  # fmt: skip
_FONT: Final = "微软雅黑"
_MONEY: Final = "#,##0.00;[Red]-#,##0.00;0.00"
OPTIONS: Final = {
    "in_memory": True,
    "strings_to_formulas": False,
    "strings_to_urls": False,
    "strings_to_numbers": False,
}


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
        "text": {**cell, "num_format": "@", "quote_prefix": True, "indent": 1},
        "wide": {**cell, "num_format": "@", "quote_prefix": True, "text_wrap": True, "indent": 1},
        "money": {**cell, "num_format": _MONEY, "align": "right"},
        "whole": {**cell, "num_format": "0", "align": "right"},
        "day": {**cell, "num_format": "yyyy-mm-dd", "align": "left", "indent": 1},
        "late": {**cell, "num_format": "0", "align": "right", "font_color": _RED, "bold": True},
        "soon": {**cell, "num_format": "0", "align": "right", "font_color": _AMBER, "bold": True},
        "label": {**base, "font_color": _GREY, "quote_prefix": True},
        "total": {**base, "bold": True, "top": 1, "num_format": "0", "align": "right"},
        "total_money": {**base, "bold": True, "top": 1, "num_format": _MONEY, "align": "right"},
        "total_text": {**base, "bold": True, "top": 1, "quote_prefix": True},
    }  # fmt: skip
    return {name: book.add_format(given) for name, given in kinds.items()}


def page(sheet: Any, data: Mapping[str, Any], *, landscape: bool) -> None:
    """A4, one page wide, heading and page numbers; no grid."""
    sheet.hide_gridlines(2)
    sheet.set_paper(9)
    if landscape:
        sheet.set_landscape()
    sheet.set_margins(left=0.4, right=0.4, top=0.7, bottom=0.6)
    sheet.fit_to_pages(1, 0)
    plain = data["key"].replace("&", "&&")
    sheet.set_header(f"&L&9差异清单 List of breaks&R&9 {plain}　{data['as_of']}")
    sheet.set_footer("&C&9第 &P 页，共 &N 页　Page &P of &N")
    sheet.set_default_row(18)
    sheet.set_zoom(100)
