"""The list of breaks: a summary, the breaks in order of work, the infos, situations and estates."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal

from exchange.adapters.sheet_xlsx.look import height, page

Kind = Literal["text", "wide", "money", "whole", "day"]
_GROUPS: Final[Mapping[str, str]] = {
    "overdue": "已超期 overdue",
    "soon": "三十日内 within 30 days",
    "later": "期限内 in time",
    "same_cause": "同因：截止日 same cause: cut-off",
    "no_limit": "未设期限 no limit",
    "closed": "已消除（消除前的数字） closed: figures before it did",
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
    _Column(zh="期限", en="Limit", name="due_on", kind="day", width=12),
    _Column(zh="差异种类", en="Difference", name="zh", kind="wide", width=25),
    _Column(zh="案号", en="Case", name="case_no", kind="text", width=22),
    _Column(zh="债务人", en="Debtor", name="debtors", kind="wide", width=28),
    _Column(zh="申报编号", en="Claim", name="claim_no", kind="text", width=22),
    _Column(zh="行", en="Line", name="line_no", kind="whole", width=5),
    _Column(zh="顺位", en="Rank", name="rank_zh", kind="wide", width=13),
    _Column(zh="申报（应付）额", en="Claimed or payable", name="claimed", kind="money", width=17),
    _Column(zh="对照额", en="Held against", name="against", kind="money", width=15),
    _Column(zh="相差", en="Difference", name="difference", kind="money", width=15),
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
    _Column(zh="匹配", en="Match", name="match_both", kind="text", width=60),
)
_WORKED: Final = frozenset({"state_both", "owner", "decision_both", "answer_both"})
_OF_INFOS: Final = tuple(column for column in _COLUMNS if column.name not in _WORKED)
"""Nobody works an info: it has no state."""

_SITUATIONS: Final = (
    _Column(zh="轻重", en="Weight", name="urgency", kind="wide", width=13),
    _Column(zh="情形", en="Situation", name="situation", kind="wide", width=38),
    _Column(zh="案号", en="Case", name="case_no", kind="text", width=22),
    _Column(zh="数据集", en="Dataset", name="dataset", kind="wide", width=16),
    _Column(zh="栏目", en="Column", name="column", kind="wide", width=17),
    _Column(zh="行", en="Row", name="row_key", kind="wide", width=24),
    _Column(zh="办法", en="What to do", name="remedy", kind="wide", width=58),
    _Column(zh="依据", en="Basis", name="law_zh", kind="wide", width=26),
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
"""So many columns go on paper; all of them on one A4 page could not be read. Only these wrap: a row is no higher than
what is printed of it, and the last column runs on."""


def break_list(book: Any, formats: Mapping[str, Any], data: Mapping[str, Any]) -> None:
    """All its sheets; those without a row are left out, but for breaks and infos."""
    _summary(book, formats, data)
    _listing(book, formats, data, "差异 Breaks", data["rows"], _COLUMNS)
    _listing(book, formats, data, "提示 Infos", data["infos"], _OF_INFOS)
    _plain_list(book, formats, data, "其他情形 Situations", _SITUATIONS, _places(data["situations"]))
    _plain_list(book, formats, data, "合并破产 Estates", _ESTATES, _affiliates(data["estates"]))


def _page(sheet: Any, data: Mapping[str, Any], name: str, *, landscape: bool = True) -> None:
    page(sheet, f"差异清单 List of breaks　{name}", f"{data['key']}　{data['as_of']}", landscape=landscape)
    sheet.set_default_row(18)


def _summary(book: Any, formats: Mapping[str, Any], data: Mapping[str, Any]) -> None:
    sheet = book.add_worksheet("汇总 Summary")
    _page(sheet, data, "汇总 Summary", landscape=False)
    sheet.set_column(0, 0, 30)
    sheet.set_column(1, 1, 52)
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


def _listing(
    book: Any,
    formats: Mapping[str, Any],
    data: Mapping[str, Any],
    name: str,
    rows: Sequence[Any],
    columns: Sequence[_Column],
) -> None:
    sheet = book.add_worksheet(name)
    _page(sheet, data, name)
    _heads(sheet, formats, columns)
    sheet.freeze_panes(2, 5)
    sheet.repeat_rows(0, 1)
    sheet.autofilter(1, 0, max(len(rows), 1) + 1, len(columns) - 1)
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
        height(sheet, number + 1, _wrapped(columns, row))
        for at, column in enumerate(columns):
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
    _page(sheet, data, name)
    _heads(sheet, formats, columns)
    sheet.freeze_panes(2, 1)
    sheet.repeat_rows(0, 1)
    sheet.autofilter(1, 0, len(rows) + 1, len(columns) - 1)
    for number, row in enumerate(rows, start=2):
        height(sheet, number, _wrapped(columns, row))
        for at, column in enumerate(columns):
            _cell(sheet, number, at, column, row, formats)


def _heads(sheet: Any, formats: Mapping[str, Any], columns: Sequence[_Column]) -> None:
    for at, column in enumerate(columns):
        right = "_right" if column.kind in ("money", "whole") else ""
        sheet.set_column(at, at, column.width)
        sheet.write_string(0, at, column.zh, formats[f"head{right}"])
        sheet.write_string(1, at, column.en, formats[f"head_en{right}"])
    sheet.set_row(0, 20)


def _wrapped(columns: Sequence[_Column], values: Mapping[str, Any]) -> list[tuple[str, float]]:
    return [(str(values[one.name] or ""), one.width) for one in columns if one.kind == "wide"]


def _cell(
    sheet: Any, row: int, at: int, column: _Column, values: Mapping[str, Any], formats: Mapping[str, Any]
) -> None:
    value = values[column.name]
    if value is None or value == "":
        sheet.write_blank(row, at, None, formats[column.kind])
    elif column.kind == "money":
        sheet.write_number(row, at, float(value), formats["money"])
    elif column.kind == "day":
        sheet.write_datetime(row, at, datetime.fromisoformat(value), formats["day"])
    elif column.kind == "whole":
        tone = (
            {"overdue": "late", "soon": "soon"}.get(values["group"], "whole") if column.name == "days_left" else "whole"
        )
        sheet.write_number(row, at, value, formats[tone])
    else:
        sheet.write_string(row, at, str(value), formats[column.kind])
