"""Spreadsheets for officers, by XlsxWriter: a rendering for people, never an exchange format.

Every text is written as a text cell with a quote prefix, so that nothing in the data can become a formula or a link;
amounts are numbers with two places, limits are days Excel can sort and filter. The same data gives the same bytes.
"""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

import xlsxwriter

from exchange.adapters.sheet_xlsx.break_list import break_list
from exchange.adapters.sheet_xlsx.look import OPTIONS, formats_of
from exchange.adapters.sheet_xlsx.tables import amounts, mixed, table

_CHANGES: Final = (
    ("案号（申报编号）", "Case or claim", 28), ("数据集", "", 18), ("", "Dataset", 22), ("行", "Row", 16),
    ("项目", "", 20), ("", "Column", 24), ("情形", "What", 12), ("前", "Before", 30), ("后", "After", 30),
)  # fmt: skip
_LINE_LEADS: Final = (
    ("案号", "Case", 28), ("申报编号", "Claim", 26), ("顺位", "Rank", 22), ("申报日", "Filed on", 12),
)  # fmt: skip
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
            table(book, formats, "变化 Changed", _CHANGES, rows)
            sides = [(one, side) for side in ("left_only", "right_only") for one in data[side]]
            table(book, formats, "仅一方 One side only", _SIDES, sides)
        return out.getvalue()

    def lists(self, data: Mapping[str, Any]) -> bytes:
        """Plain lists, a sheet each (`name`, `heads` of title and width, `rows` of text), headed in one language."""
        out = io.BytesIO()
        with xlsxwriter.Workbook(out, OPTIONS) as book:
            book.set_properties({"title": data["title"], "created": datetime.fromisoformat(data["as_of"])})
            formats = formats_of(book)
            for sheet in data["sheets"]:
                heads = [(title, "", width) for title, width in sheet["heads"]]
                table(book, formats, sheet["name"], heads, sheet["rows"][:_MOST])
        return out.getvalue()

    def report(self, data: Mapping[str, Any]) -> bytes:
        """A report: a sheet a table; texts as text, numbers as numbers, money with two places."""
        out = io.BytesIO()
        with xlsxwriter.Workbook(out, OPTIONS) as book:
            book.set_properties({"title": data["title"], "created": datetime.fromisoformat(data["as_of"])})
            formats = formats_of(book)
            for one in data["tables"]:
                mixed(book, formats, data["title"], one)
        return out.getvalue()

    def statement(self, data: Mapping[str, Any]) -> bytes:
        """A statement: by rank, by case, quarter against quarter, every line; a row that adds up checks each total."""
        out = io.BytesIO()
        with xlsxwriter.Workbook(out, OPTIONS) as book:
            made_on = datetime.fromisoformat(f"{data['period'][:4]}-01-01")
            book.set_properties({"title": f"债权对账单 Statement {data['period']}", "created": made_on})
            formats = formats_of(book)
            every = [*data["filed"], *data["held"]]
            by_rank = [(_two(one["name"]), one) for one in data["ranks"]]
            amounts(book, formats, "汇总 By rank", (("顺位", "Rank", 22),), every, by_rank, total=True)
            courts = [((*_two(one["name"]), *_two(one["rank"])), one) for one in data["courts"]]
            amounts(book, formats, "按法院 By court", (("法院", "Court", 22), ("顺位", "Rank", 22)), every, courts)
            cases = [((one["case_no"],), one) for one in data["cases"]]
            amounts(book, formats, "按案件 By case", (("案号", "Case", 28),), every, cases, total=True)
            quarters = [((*_two(r["name"]), q["period"]), q) for r in data["movement"] for q in r["quarters"]]
            amounts(book, formats, "变动 Quarters", (("顺位", "Rank", 22), ("季度", "Quarter", 10)), every, quarters)
            lines = [
                ((one["case_no"], one["claim_no"], *_two(data["rank_names"][one["rank"]]), one["filed_on"]), one)
                for one in data["lines"][:_MOST]
            ]  # fmt: skip
            amounts(book, formats, "明细 Lines", _LINE_LEADS, every, lines)
        return out.getvalue()


def _two(words: Sequence[str]) -> tuple[str]:
    return (f"{words[0]} {words[1]}" if words[0] != words[1] else words[0],)


def _both(words: Sequence[str]) -> tuple[str, str]:
    return words[0], words[1]
