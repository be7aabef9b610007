"""Tables on a sheet: texts, days and numbers under their headings; amounts with their sums."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any, Final

from xlsxwriter.utility import xl_rowcol_to_cell

from exchange.adapters.sheet_xlsx.look import height, page, side_by_side, signs

Heads = Sequence[tuple[str, str, float]]
_WRAPPED: Final = 24
"""A column this wide, or wider, wraps; a narrower one holds a number or a name that stands on one line."""


def table(
    book: Any, formats: Mapping[str, Any], name: str, heads: Heads, rows: Sequence[Any], *, title: str, detail: str
) -> None:
    """Columns under headings in both languages (or one), frozen, with a filter; printed one page wide."""
    sheet = book.add_worksheet(name)
    page(sheet, f"{title}　{name}", detail)
    right = {at for row in rows[:1] for at, value in enumerate(row) if isinstance(value, int)}
    first = _heads(sheet, formats, 0, heads, right)
    for number, row in enumerate(rows, start=first):
        for at, (value, (_, _, width)) in enumerate(zip(row, heads, strict=True)):
            _cell(sheet, formats, number, at, value, "wide" if width >= _WRAPPED else "text")
        height(sheet, number, [(str(v), w) for v, (_, _, w) in zip(row, heads, strict=True) if w >= _WRAPPED])
    sheet.freeze_panes(first, 1)
    sheet.autofilter(first - 1, 0, len(rows) + first - 1, len(heads) - 1)


def mixed(book: Any, formats: Mapping[str, Any], data: Mapping[str, Any], table: Mapping[str, Any]) -> None:
    """Texts and numbers under their headings, the report's title above."""
    sheet = book.add_worksheet(table["name"])
    page(sheet, f"{data['title']}　{table['name']}", data["as_of"])
    sheet.set_row(0, 28)
    sheet.write_string(0, 0, data["title"], formats["title"])
    numbers = {at for row in table["rows"] for at, value in enumerate(row) if not isinstance(value, str | None)}
    first = _heads(sheet, formats, 1, [(head, "", width) for head, width in table["heads"]], numbers)
    for number, row in enumerate(table["rows"], start=first):
        for at, value in enumerate(row):
            if isinstance(value, str | None):
                _cell(sheet, formats, number, at, value, "wide")
            else:
                money = table["money"] or value != int(value)
                sheet.write_number(number, at, float(value), formats["money" if money else "whole"])
        height(sheet, number, [(v, w) for v, (_, w) in zip(row, table["heads"], strict=True) if isinstance(v, str)])
    sheet.freeze_panes(first, 1)


def amounts(
    book: Any, formats: Mapping[str, Any], name: str, leads: Sequence[tuple[str, str]], blocks: Sequence[Sequence[Any]],
    rows: Sequence[tuple[Sequence[str | date], Mapping[str, str]]], *, title: str, detail: str, total: bool = False,
) -> None:  # fmt: skip
    """Texts, then amounts as numbers, zero as a dash; with `total` a last row of Excel's own sums, to hold against the
    statement's. Each block of amounts is printed on a page of its own, beside the texts."""
    sheet = book.add_worksheet(name)
    page(sheet, f"{title}　{name}", detail)
    columns = [one for block in blocks for one in block]
    narrow = [_width([*words, *(str(texts[at]) for texts, _ in rows)]) for at, words in enumerate(leads)]
    fens = [[_fen(row[column]) for _, row in rows] for column, _ in columns]
    sums = [sum(one) for one in fens]
    wide = [_width([*words, f"{min((fen, *one)) / 100:,.2f}", f"{max((fen, *one)) / 100:,.2f}"])
            for fen, one, (_, words) in zip(sums, fens, columns, strict=True)]  # fmt: skip
    side_by_side(sheet, narrow, _split(wide, blocks))
    heads = [*((*words, w) for words, w in zip(leads, narrow, strict=True)),
             *((*words, w) for (_, words), w in zip(columns, wide, strict=True))]  # fmt: skip
    _heads(sheet, formats, 0, heads, set(range(len(leads), len(heads))))
    for number, (texts, row) in enumerate(rows, start=2):
        for at, text in enumerate(texts):
            _cell(sheet, formats, number, at, text, "text")
        for at, (column, _) in enumerate(columns, start=len(leads)):
            sheet.write_number(number, at, float(row[column]), formats["dashed"])
    sheet.freeze_panes(2, len(leads))
    if total and rows:
        _total(sheet, formats, len(rows) + 2, len(leads), sums)


def _heads(sheet: Any, formats: Mapping[str, Any], row: int, heads: Heads, right: set[int]) -> int:
    """The headings, both languages one above the other where there are two, on every page; the row after them."""
    two = any(en for _, en, _ in heads)
    for at, (zh, en, width) in enumerate(heads):
        side = "_right" if at in right else ""
        sheet.set_column(at, at, width)
        sheet.write_string(row, at, zh, formats[f"head{side}" if two else f"only_head{side}"])
        if two:
            sheet.write_string(row + 1, at, en, formats[f"head_en{side}"])
    sheet.set_row(row, 20)
    sheet.repeat_rows(0, row + two)
    return row + 1 + two


def _cell(sheet: Any, formats: Mapping[str, Any], row: int, at: int, value: Any, text: str) -> None:
    """A text as text, a day and a moment as Excel's own, a number as a number; an empty cell for none."""
    if value is None or value == "":
        sheet.write_blank(row, at, None, formats["text"])
    elif isinstance(value, datetime):
        sheet.write_datetime(row, at, value.replace(tzinfo=None), formats["moment"])
    elif isinstance(value, date):
        sheet.write_datetime(row, at, datetime(value.year, value.month, value.day), formats["day"])  # noqa: DTZ001
    elif isinstance(value, int):
        sheet.write_number(row, at, value, formats["whole"])
    else:
        sheet.write_string(row, at, str(value), formats[text])


def _total(sheet: Any, formats: Mapping[str, Any], row: int, leads: int, sums: Sequence[int]) -> None:
    for at in range(leads):
        sheet.write_string(row, at, "" if at else "合计 In all", formats["total_text"])
    for at, fen in enumerate(sums, start=leads):
        cells = f"{xl_rowcol_to_cell(2, at)}:{xl_rowcol_to_cell(row - 1, at)}"
        sheet.write_formula(row, at, f"=SUM({cells})", formats["total_money"], fen / 100)


def _width(texts: Sequence[str]) -> float:
    """The width of a column that shows all of these, whose signs are a tenth smaller than Excel's own."""
    return 0.92 * max(map(signs, texts)) + 1.8


def _split(widths: Sequence[float], blocks: Sequence[Sequence[Any]]) -> list[Sequence[float]]:
    ends = [sum(len(block) for block in blocks[: n + 1]) for n in range(len(blocks))]
    return [widths[end - len(block) : end] for end, block in zip(ends, blocks, strict=True)]


def _fen(amount: str) -> int:
    return int(amount.replace(".", ""))
