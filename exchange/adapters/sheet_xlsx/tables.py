"""Tables on a sheet: plain text, texts and numbers, amounts with their sums."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from xlsxwriter.utility import xl_rowcol_to_cell


def table(
    book: Any, formats: Mapping[str, Any], name: str, heads: Sequence[tuple[str, str, float]], rows: Sequence[Any]
) -> None:
    """Plain text in columns: headings in both languages, frozen, with a filter."""
    sheet = book.add_worksheet(name)
    for at, (zh, en, width) in enumerate(heads):
        sheet.set_column(at, at, width)
        sheet.write_string(0, at, zh, formats["head"])
        sheet.write_string(1, at, en, formats["head_en"])
    for number, row in enumerate(rows, start=2):
        for at, value in enumerate(row):
            sheet.write_string(number, at, str(value), formats["text"])
    sheet.freeze_panes(2, 1)
    sheet.autofilter(1, 0, len(rows) + 1, len(heads) - 1)


def mixed(book: Any, formats: Mapping[str, Any], title: str, table: Mapping[str, Any]) -> None:
    """Texts and numbers under their headings, the report's title above."""
    sheet = book.add_worksheet(table["name"])
    sheet.set_paper(9)
    sheet.set_landscape()
    sheet.fit_to_pages(1, 0)
    sheet.repeat_rows(0, 1)
    sheet.write_string(0, 0, title, formats["title"])
    for at, (head, width) in enumerate(table["heads"]):
        sheet.set_column(at, at, width)
        sheet.write_string(1, at, head, formats["head"])
    for number, row in enumerate(table["rows"], start=2):
        for at, value in enumerate(row):
            if isinstance(value, str):
                sheet.write_string(number, at, value, formats["wide"])
            elif value is None:
                sheet.write_blank(number, at, None, formats["text"])
            else:
                money = table["money"] or value != int(value)
                sheet.write_number(number, at, float(value), formats["money" if money else "whole"])
    sheet.freeze_panes(2, 1)


def amounts(
    book: Any, formats: Mapping[str, Any], name: str, leads: Sequence[tuple[str, str, float]], columns: Sequence[Any],
    rows: Sequence[tuple[Sequence[str], Mapping[str, str]]], *, total: bool = False,
) -> None:  # fmt: skip
    """Texts, then amounts as numbers; with `total` a last row of Excel's own sums, to hold against the statement's."""
    sheet = book.add_worksheet(name)
    sheet.set_landscape()
    sheet.set_paper(9)
    sheet.fit_to_pages(1, 0)
    sheet.repeat_rows(0, 1)
    heads = [*leads, *((zh, en, 17) for _, (zh, en) in columns)]
    for at, (zh, en, width) in enumerate(heads):
        right = "_right" if at >= len(leads) else ""
        sheet.set_column(at, at, width)
        sheet.write_string(0, at, zh, formats[f"head{right}"])
        sheet.write_string(1, at, en, formats[f"head_en{right}"])
    sums = [0] * len(columns)
    for number, (texts, amounts) in enumerate(rows, start=2):
        for at, text in enumerate(texts):
            sheet.write_string(number, at, text, formats["text"])
        for at, (column, _) in enumerate(columns):
            sums[at] += int(amounts[column].replace(".", ""))
            sheet.write_number(number, len(leads) + at, float(amounts[column]), formats["money"])
    sheet.freeze_panes(2, len(leads))
    if total and rows:
        last = len(rows) + 2
        sheet.write_string(last, 0, "合计 In all", formats["total_text"])
        for at, fen in enumerate(sums, start=len(leads)):
            cells = f"{xl_rowcol_to_cell(2, at)}:{xl_rowcol_to_cell(last - 1, at)}"
            sheet.write_formula(last, at, f"=SUM({cells})", formats["total_money"], fen / 100)
