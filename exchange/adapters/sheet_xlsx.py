"""Spreadsheets for officers, by XlsxWriter: a rendering for people, never an exchange format.

Every text is written as a text cell with a quote prefix, so that nothing in the data can become a formula or a link;
amounts are numbers with two places. The same data gives the same bytes.
"""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from math import ceil
from typing import Any, Final, Literal

import xlsxwriter
from xlsxwriter.utility import xl_rowcol_to_cell

Kind = Literal["text", "wide", "money", "whole"]

_INK, _GREY, _LINE, _HEAD, _RED, _AMBER = (
    "#1A2432", "#5F6B7C", "#D9DFE7", "#F4F6F9", "#B3231B", "#8A5200",
)  # fmt: skip
_FONT: Final = "微软雅黑"
_MONEY: Final = "#,##0.00;[Red]-#,##0.00;0.00"
_GROUPS: Final[Mapping[str, str]] = {
    "overdue": "已超期 overdue",
    "soon": "三十日内 within 30 days",
    "later": "期限内 in time",
    "same_cause": "同因：截止日 same cause: cut-off",
    "no_limit": "未设期限 no limit",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Column:
    """One column: headings, the key of its value, how it is written, width in characters."""

    zh: str
    en: str
    name: str
    kind: Kind
    width: float


_COLUMNS: Final = (
    _Column(zh="序号", en="No.", name="number", kind="whole", width=6),
    _Column(zh="剩余日数", en="Days left", name="days_left", kind="whole", width=10),
    _Column(zh="期限", en="Limit", name="due_on", kind="text", width=12),
    _Column(zh="差异种类", en="Difference", name="zh", kind="wide", width=30),
    _Column(zh="案号", en="Case", name="case_no", kind="text", width=24),
    _Column(zh="债务人", en="Debtor", name="debtors", kind="wide", width=32),
    _Column(zh="申报编号", en="Claim", name="claim_no", kind="text", width=23),
    _Column(zh="行", en="Line", name="line_no", kind="whole", width=6),
    _Column(zh="顺位", en="Rank", name="rank_zh", kind="text", width=14),
    _Column(zh="申报（应付）额", en="Claimed or payable", name="claimed", kind="money", width=17),
    _Column(zh="对照额", en="Held against", name="against", kind="money", width=17),
    _Column(zh="相差", en="Difference", name="difference", kind="money", width=16),
    _Column(zh="征收项目", en="Levy", name="levy_zh", kind="text", width=18),
    _Column(zh="法院", en="Court", name="court", kind="text", width=24),
    _Column(zh="分组", en="Group", name="group_name", kind="text", width=24),
    _Column(zh="状态", en="State", name="state_both", kind="text", width=18),
    _Column(zh="经办人", en="Owner", name="owner", kind="text", width=14),
    _Column(zh="处理意见", en="Decision", name="decision_both", kind="text", width=26),
    _Column(zh="对方答复", en="Their answer", name="answer_both", kind="text", width=26),
    _Column(zh="已存在日数", en="Days known", name="age_days", kind="whole", width=12),
    _Column(zh="首次发现", en="First seen in", name="since", kind="text", width=24),
    _Column(zh="差异代码", en="Code", name="code", kind="text", width=26),
    _Column(zh="编号", en="Id", name="id", kind="text", width=19),
    _Column(zh="匹配", en="Match", name="match_both", kind="wide", width=60),
)
_SITUATIONS: Final = (
    _Column(zh="轻重", en="Weight", name="urgency", kind="wide", width=20),
    _Column(zh="情形", en="Situation", name="situation", kind="wide", width=44),
    _Column(zh="案号", en="Case", name="case_no", kind="text", width=24),
    _Column(zh="数据集", en="Dataset", name="dataset", kind="wide", width=24),
    _Column(zh="栏目", en="Column", name="column", kind="wide", width=24),
    _Column(zh="行", en="Row", name="row_key", kind="wide", width=30),
    _Column(zh="办法", en="What to do", name="remedy", kind="wide", width=56),
    _Column(zh="依据", en="Basis", name="law_zh", kind="wide", width=36),
)
_ESTATES: Final = (
    _Column(zh="案号", en="Case", name="case_no", kind="text", width=24),
    _Column(zh="债务人", en="Debtor", name="name", kind="wide", width=32),
    _Column(zh="申报件数", en="Claims", name="claims", kind="whole", width=10),
    _Column(zh="申报", en="Claimed", name="claimed", kind="money", width=18),
    _Column(zh="确认", en="Confirmed", name="confirmed", kind="money", width=18),
    _Column(zh="已付", en="Paid", name="paid", kind="money", width=18),
)
_PRINTED: Final = 12
"""So many columns go on paper; all of them on one A4 page could not be read."""


_OPTIONS: Final = {
    "in_memory": True,
    "strings_to_formulas": False,
    "strings_to_urls": False,
    "strings_to_numbers": False,
}
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
        with xlsxwriter.Workbook(out, _OPTIONS) as book:
            title = f"差异清单 List of breaks {data['key']}"
            made_on = datetime.fromisoformat(data["as_of"])
            book.set_properties({"title": title, "created": made_on, "author": data["party_zh"]})
            formats = _formats(book)
            _summary(book, formats, data)
            _listing(book, formats, data, "差异 Breaks", data["rows"])
            _listing(book, formats, data, "提示 Infos", data["infos"])
            _plain_list(book, formats, data, "其他情形 Situations", _SITUATIONS, _places(data["situations"]))
            _plain_list(book, formats, data, "合并破产 Estates", _ESTATES, _affiliates(data["estates"]))
        return out.getvalue()

    def changes(self, data: Mapping[str, Any]) -> bytes:
        """What differs between two exchanges: a line a difference, then the cases on one side only."""
        out = io.BytesIO()
        with xlsxwriter.Workbook(out, _OPTIONS) as book:
            made_on = datetime.fromisoformat(data["as_of"])
            title = f"交换之差异 Differences {data['key']}"
            book.set_properties({"title": title, "created": made_on, "author": data["sender"][0]})
            formats = _formats(book)
            rows = [
                (one["subject"], *_both(row["dataset"]), row["row"], *_both(row["column"]), row["what"],
                 row["left"][0], row["right"][0])
                for one in data["changed"] for row in one["rows"]
            ]  # fmt: skip
            _table(book, formats, "变化 Changed", _CHANGES, rows)
            sides = [(one, side) for side in ("left_only", "right_only") for one in data[side]]
            _table(book, formats, "仅一方 One side only", _SIDES, sides)
        return out.getvalue()

    def lists(self, data: Mapping[str, Any]) -> bytes:
        """Plain lists, a sheet each (`name`, `heads` of title and width, `rows` of text), headed in one language."""
        out = io.BytesIO()
        with xlsxwriter.Workbook(out, _OPTIONS) as book:
            book.set_properties({"title": data["title"], "created": datetime.fromisoformat(data["as_of"])})
            formats = _formats(book)
            for sheet in data["sheets"]:
                heads = [(title, "", width) for title, width in sheet["heads"]]
                _table(book, formats, sheet["name"], heads, sheet["rows"][:_MOST])
        return out.getvalue()

    def report(self, data: Mapping[str, Any]) -> bytes:
        """A report: a sheet a table; texts as text, numbers as numbers, money with two places."""
        out = io.BytesIO()
        with xlsxwriter.Workbook(out, _OPTIONS) as book:
            book.set_properties({"title": data["title"], "created": datetime.fromisoformat(data["as_of"])})
            formats = _formats(book)
            for table in data["tables"]:
                _mixed(book, formats, data["title"], table)
        return out.getvalue()

    def statement(self, data: Mapping[str, Any]) -> bytes:
        """A statement: by rank, by case, quarter against quarter, every line; a row that adds up checks each total."""
        out = io.BytesIO()
        with xlsxwriter.Workbook(out, _OPTIONS) as book:
            made_on = datetime.fromisoformat(f"{data['period'][:4]}-01-01")
            book.set_properties({"title": f"债权对账单 Statement {data['period']}", "created": made_on})
            formats = _formats(book)
            every = [*data["filed"], *data["held"]]
            by_rank = [(_two(one["name"]), one) for one in data["ranks"]]
            _amounts(book, formats, "汇总 By rank", (("顺位", "Rank", 22),), every, by_rank, total=True)
            courts = [((*_two(one["name"]), *_two(one["rank"])), one) for one in data["courts"]]
            _amounts(book, formats, "按法院 By court", (("法院", "Court", 22), ("顺位", "Rank", 22)), every, courts)
            cases = [((one["case_no"],), one) for one in data["cases"]]
            _amounts(book, formats, "按案件 By case", (("案号", "Case", 28),), every, cases, total=True)
            quarters = [((*_two(r["name"]), q["period"]), q) for r in data["movement"] for q in r["quarters"]]
            _amounts(book, formats, "变动 Quarters", (("顺位", "Rank", 22), ("季度", "Quarter", 10)), every, quarters)
            lines = [
                ((one["case_no"], one["claim_no"], *_two(data["rank_names"][one["rank"]]), one["filed_on"]), one)
                for one in data["lines"][:_MOST]
            ]  # fmt: skip
            _amounts(book, formats, "明细 Lines", _LINE_LEADS, every, lines)
        return out.getvalue()


def _two(words: Sequence[str]) -> tuple[str]:
    return (f"{words[0]} {words[1]}" if words[0] != words[1] else words[0],)


def _amounts(
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


def _both(words: Sequence[str]) -> tuple[str, str]:
    return words[0], words[1]


def _table(
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


def _mixed(book: Any, formats: Mapping[str, Any], title: str, table: Mapping[str, Any]) -> None:
    """Texts and numbers under their headings, the report's title above."""
    sheet = book.add_worksheet(table["name"])
    sheet.set_paper(9)
    sheet.set_landscape()
    sheet.fit_to_pages(1, 0)
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


def _formats(book: Any) -> Mapping[str, Any]:
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
        "late": {**cell, "num_format": "0", "align": "right", "font_color": _RED, "bold": True},
        "soon": {**cell, "num_format": "0", "align": "right", "font_color": _AMBER, "bold": True},
        "label": {**base, "font_color": _GREY, "quote_prefix": True},
        "total": {**base, "bold": True, "top": 1, "num_format": "0", "align": "right"},
        "total_money": {**base, "bold": True, "top": 1, "num_format": _MONEY, "align": "right"},
        "total_text": {**base, "bold": True, "top": 1, "quote_prefix": True},
    }  # fmt: skip
    return {name: book.add_format(given) for name, given in kinds.items()}


def _summary(book: Any, formats: Mapping[str, Any], data: Mapping[str, Any]) -> None:
    sheet = book.add_worksheet("汇总 Summary")
    _page(sheet, data, landscape=False)
    sheet.set_column(0, 0, 30)
    sheet.set_column(1, 1, 40)
    sheet.set_column(2, 3, 12)
    sheet.set_column(4, 4, 20)
    sheet.set_row(0, 28)
    sheet.write_string(0, 0, "差异清单 List of breaks", formats["title"])
    facts = (
        ("交换批次 Exchange", data["key"]),
        ("期间 Period", data["period"] or "—"),
        ("对账日 As of", data["as_of"]),
        ("送出方 Sender", f"{data['party_zh']}（{data['party_en']}）"),
        ("对方 Counterpart", f"{data['counterpart_zh']}（{data['counterpart_en']}）"),
        ("差异 Breaks", f"{len(data['rows'])}，其中未处理 of which open {data['open']}"),
        ("提示 Infos", str(len(data["infos"]))),
        ("其他情形 Other findings", str(data["findings"])),
    )
    for row, (label, value) in enumerate(facts, start=2):
        sheet.write_string(row, 0, label, formats["label"])
        sheet.write_string(row, 1, value, formats["sub"])
    row = _counts(sheet, formats, len(facts) + 3, data["counts"], "差异种类 Breaks by kind")
    _counts(sheet, formats, row + 2, data["info_counts"], "提示 Infos by kind")


def _counts(sheet: Any, formats: Mapping[str, Any], row: int, counts: Sequence[Any], title: str) -> int:
    """A table of codes; returns the row after it."""
    heads = ((title, ""), ("", "English"), ("条数", "Count"), ("已超期", "Overdue"), ("涉及金额（元）", "Amount, yuan"))
    for at, (zh, en) in enumerate(heads):
        right = "_right" if at > 1 else ""
        sheet.write_string(row, at, zh, formats[f"head{right}"])
        sheet.write_string(row + 1, at, en, formats[f"head_en{right}"])
    row += 2
    for one in counts:
        sheet.write_string(row, 0, one["zh"], formats["text"])
        sheet.write_string(row, 1, f"{one['en']} ({one['code']})", formats["text"])
        sheet.write_number(row, 2, one["count"], formats["whole"])
        sheet.write_number(row, 3, one["overdue"], formats["late" if one["overdue"] else "whole"])
        sheet.write_number(row, 4, float(one["sum"]), formats["money"])
        row += 1
    sheet.write_string(row, 0, "合计 Total", formats["total_text"])
    sheet.write_string(row, 1, "", formats["total_text"])
    sheet.write_number(row, 2, sum(one["count"] for one in counts), formats["total"])
    sheet.write_number(row, 3, sum(one["overdue"] for one in counts), formats["total"])
    sheet.write_blank(row, 4, None, formats["total"])
    return row + 1


def _listing(book: Any, formats: Mapping[str, Any], data: Mapping[str, Any], name: str, rows: Sequence[Any]) -> None:
    sheet = book.add_worksheet(name)
    _page(sheet, data, landscape=True)
    _heads(sheet, formats, _COLUMNS)
    sheet.freeze_panes(2, 5)
    sheet.repeat_rows(0, 1)
    sheet.autofilter(1, 0, max(len(rows), 1) + 1, len(_COLUMNS) - 1)
    sheet.print_area(0, 0, max(len(rows), 1) + 1, _PRINTED - 1)
    for number, given in enumerate(rows, start=1):
        row = {
            **given,
            "number": number,
            "group_name": _GROUPS[given["group"]],
            "state_both": f"{given['state_zh']} {given['state_en']}",
            "decision_both": _said(given, "decision", "decided_by", "confirmed_by"),
            "match_both": given["match"]["line"] if given["match"] else "",
            "answer_both": _said(given, "answer", "answered_on"),
        }
        if (lines := max(_lines(column, row) for column in _COLUMNS)) > 1:
            sheet.set_row(number + 1, 15 * lines + 3)
        for at, column in enumerate(_COLUMNS):
            _cell(sheet, number + 1, at, column, row, formats)


def _said(given: Mapping[str, Any], name: str, *by: str) -> str:
    """A decision or answer with who gave it and when; nothing when there is none."""
    if not given[name]:
        return ""
    who = "、".join(given[one] for one in by if given[one])
    return f"{given[f'{name}_zh']} {given[f'{name}_en']}" + (f"（{who}）" if who else "")


def _places(situations: Sequence[Any]) -> list[dict[str, Any]]:
    """A row for each place, with its rule's words."""
    return [
        {
            "urgency": f"{one['urgency_zh']} {one['urgency_en']}",
            "situation": f"{one['zh']} {one['en']}",
            "remedy": f"{one['remedy_zh']} {one['remedy_en']}",
            "law_zh": one["law_zh"],
            "case_no": place["case_no"],
            "row_key": place["row_key"],
            "dataset": f"{place['dataset_zh']} {place['dataset_en']}",
            "column": f"{place['column_zh']} {place['column_en']}".strip(),
        }
        for one in situations
        for place in one["places"]
    ]


def _affiliates(estates: Sequence[Any]) -> list[dict[str, Any]]:
    """Each estate's total, then its debtors."""
    rows: list[dict[str, Any]] = []
    for one in estates:
        rows.append({**one, "name": "合计 Total"})
        rows += [{**debtor, "case_no": one["case_no"]} for debtor in one["rows"]]
    return rows


def _plain_list(
    book: Any,
    formats: Mapping[str, Any],
    data: Mapping[str, Any],
    name: str,
    columns: Sequence[_Column],
    rows: Sequence[Mapping[str, Any]],
) -> None:
    """A plain list under its headings; no sheet when there is nothing."""
    if not rows:
        return
    sheet = book.add_worksheet(name)
    _page(sheet, data, landscape=True)
    _heads(sheet, formats, columns)
    sheet.freeze_panes(2, 1)
    sheet.repeat_rows(0, 1)
    sheet.autofilter(1, 0, len(rows) + 1, len(columns) - 1)
    for number, row in enumerate(rows, start=2):
        if (lines := max(_lines(column, row) for column in columns)) > 1:
            sheet.set_row(number, 15 * lines + 3)
        for at, column in enumerate(columns):
            _cell(sheet, number, at, column, row, formats)


def _heads(sheet: Any, formats: Mapping[str, Any], columns: Sequence[_Column]) -> None:
    for at, column in enumerate(columns):
        right = "_right" if column.kind in ("money", "whole") else ""
        sheet.set_column(at, at, column.width)
        sheet.write_string(0, at, column.zh, formats[f"head{right}"])
        sheet.write_string(1, at, column.en, formats[f"head_en{right}"])
    sheet.set_row(0, 20)


def _lines(column: _Column, values: Mapping[str, Any]) -> int:
    """Lines a wrapped text takes; a Chinese character is two wide."""
    text = str(values[column.name] or "") if column.kind == "wide" else ""
    lines = (sum(1 + (ord(sign) > 0x2E7F) for sign in line) for line in text.split("\n"))
    return sum(ceil(wide / (column.width - 1)) or 1 for wide in lines)


def _cell(
    sheet: Any, row: int, at: int, column: _Column, values: Mapping[str, Any], formats: Mapping[str, Any]
) -> None:
    value = values[column.name]
    if value is None or value == "":
        sheet.write_blank(row, at, None, formats[column.kind])
    elif column.kind == "money":
        sheet.write_number(row, at, float(value), formats["money"])
    elif column.kind == "whole":
        tone = (
            {"overdue": "late", "soon": "soon"}.get(values["group"], "whole") if column.name == "days_left" else "whole"
        )
        sheet.write_number(row, at, value, formats[tone])
    else:
        sheet.write_string(row, at, str(value), formats[column.kind])


def _page(sheet: Any, data: Mapping[str, Any], *, landscape: bool) -> None:
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
