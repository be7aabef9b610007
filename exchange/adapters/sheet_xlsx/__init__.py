"""Spreadsheets for officers, by XlsxWriter: a rendering for people, never an exchange format.

Every text is written as a text cell with a quote prefix, so that nothing in the data can become a formula or a link;
amounts are numbers with two places, limits are days Excel can sort and filter. The same data gives the same bytes.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from typing import Any, Final

import xlsxwriter

from exchange.adapters.sheet_xlsx.break_list import break_list
from exchange.adapters.sheet_xlsx.look import OPTIONS, formats_of
from exchange.adapters.sheet_xlsx.tables import amounts, mixed, table

_CHANGES: Final = (
    ("案号（申报编号）", "Case or claim", 28), ("数据集", "", 18), ("", "Dataset", 22), ("行", "Row", 16),
    ("项目", "", 20), ("", "Column", 24), ("情形", "What", 12), ("前", "Before", 30), ("后", "After", 30),
)  # fmt: skip
_RANK: Final = ("顺位", "Rank")
_CASE: Final = ("案号", "Case")
_MOST: Final = 1_000_000
"""Rows a sheet holds."""
_SIDES: Final = (("案号（申报编号）", "Case or claim", 28), ("仅在", "Only on", 16))


class XlsxSheets:
    """Spreadsheets behind the port `Sheets`."""

    def breaks(self, data: Mapping[str, Any]) -> bytes:
        """The list of breaks: a summary, the breaks in order of work, the infos."""
        out = io.BytesIO()
        with xlsxwriter.Workbook(out, OPTIONS) as book:
            title = f"差异清单 List of breaks {data['key']}"
            made_on = datetime.fromisoformat(data["as_of"])
            book.set_properties({"title": title, "created": made_on, "author": data["party_zh"]})
            formats = formats_of(book)
            break_list(book, formats, data)
        return out.getvalue()

    def changes(self, data: Mapping[str, Any]) -> bytes:
        """What differs between two exchanges: a line a difference, then the cases on one side only."""
        out = io.BytesIO()
        with xlsxwriter.Workbook(out, OPTIONS) as book:
            made_on = datetime.fromisoformat(data["as_of"])
            title = f"交换之差异 Differences {data['key']}"
            book.set_properties({"title": title, "created": made_on, "author": data["sender"][0]})
            formats = formats_of(book)
            rows = [
                (one["subject"], *_both(row["dataset"]), row["row"], *_both(row["column"]), row["what"],
                 row["left"][0], row["right"][0])
                for one in data["changed"] for row in one["rows"]
            ]  # fmt: skip
            told = {"title": title, "detail": data["as_of"]}
            table(book, formats, "变化 Changed", _CHANGES, rows, **told)
            sides = [(one, side) for side in ("left_only", "right_only") for one in data[side]]
            table(book, formats, "仅一方 One side only", _SIDES, sides, **told)
        return out.getvalue()

    def lists(self, data: Mapping[str, Any]) -> bytes:
        """Plain lists, a sheet each (`name`, `heads` of title and width, `rows`), headed in one language."""
        out = io.BytesIO()
        with xlsxwriter.Workbook(out, OPTIONS) as book:
            book.set_properties({"title": data["title"], "created": datetime.fromisoformat(data["as_of"])})
            formats = formats_of(book)
            for sheet in data["sheets"]:
                heads = [(title, "", width) for title, width in sheet["heads"]]
                rows = sheet["rows"][:_MOST]
                table(book, formats, sheet["name"], heads, rows, title=data["title"], detail=data["as_of"])
        return out.getvalue()

    def report(self, data: Mapping[str, Any]) -> bytes:
        """A report: a sheet a table; texts as text, numbers as numbers, money with two places."""
        out = io.BytesIO()
        with xlsxwriter.Workbook(out, OPTIONS) as book:
            book.set_properties({"title": data["title"], "created": datetime.fromisoformat(data["as_of"])})
            formats = formats_of(book)
            for one in data["tables"]:
                mixed(book, formats, data, one)
        return out.getvalue()

    def statement(self, data: Mapping[str, Any]) -> bytes:
        """A statement: by rank, by case, quarter against quarter, every line; a row that adds up checks each total."""
        out = io.BytesIO()
        with xlsxwriter.Workbook(out, OPTIONS) as book:
            made_on = datetime.fromisoformat(f"{data['period'][:4]}-01-01")
            book.set_properties({"title": f"债权对账单 Statement {data['period']}", "created": made_on})
            formats = formats_of(book)
            told: dict[str, Any] = {
                "title": f"债权对账单 Statement of claims {data['period']}",
                "detail": f"{data['sender'][0]} → {data['receiver'][0]}　单位：元 in yuan",
            }  # fmt: skip
            for name, leads, rows, total in _statement(data):
                amounts(book, formats, name, leads, (data["filed"], data["held"]), rows, total=total, **told)
        return out.getvalue()


def _statement(data: Mapping[str, Any]) -> Iterator[tuple[str, Sequence[tuple[str, str]], Sequence[Any], bool]]:
    """A statement's sheets: name, headings of the texts, rows of texts and amounts, whether a row of sums ends them.
    Ranks have both languages where each stands once, Chinese alone beside a court's or a claim's name."""
    yield "汇总 By rank", (_RANK,), [((_two(one["name"]),), one) for one in data["ranks"]], True
    courts = [((_two(one["name"]), one["rank"][0]), one) for one in data["courts"]]
    yield "按法院 By court", (("法院", "Court"), _RANK), courts, False
    yield "按案件 By case", (_CASE,), [((one["case_no"],), one) for one in data["cases"]], True
    quarters = [((_two(r["name"]), q["period"]), q) for r in data["movement"] for q in r["quarters"]]
    yield "变动 Quarters", (_RANK, ("季度", "Quarter")), quarters, False
    names = {rank: zh for rank, (zh, _) in data["rank_names"].items()}
    lines = [
        ((one["case_no"], one["claim_no"], names[one["rank"]], _day(one["filed_on"])), one)
        for one in data["lines"][:_MOST]
    ]  # fmt: skip
    yield "明细 Lines", (_CASE, ("申报编号", "Claim"), _RANK, ("申报日", "Filed on")), lines, False


def _day(text: str) -> date | str:
    """Nothing where the administrator's table names a claim that was never filed."""
    return date.fromisoformat(text) if text else ""


def _two(words: Sequence[str]) -> str:
    return f"{words[0]} {words[1]}" if words[0] != words[1] else words[0]


def _both(words: Sequence[str]) -> tuple[str, str]:
    return words[0], words[1]
