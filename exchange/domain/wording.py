"""What every page says in both languages: which exchange, between whom, what it carries, what its codes mean."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from exchange.domain.content import Content
from exchange.domain.contract import CodeList, Column
from exchange.domain.period import Period
from exchange.domain.remedies import OUR_RULES, Words
from exchange.domain.route import Agreement, Route

SHOWN: Final = 500
"""Rows of one list a page shows; the rest is counted, and stands in the outcome or the receipt."""

SEVERITIES: Final[Mapping[str, Words]] = {
    "reject": ("退回", "reject"),
    "verify": ("待说明", "verify"),
    "warn": ("提示", "warn"),
}
"""What a broken rule does."""

KINDS: Final[Mapping[str, Words]] = {
    "Q": ("季度交换", "Quarterly exchange"),
    "U": ("紧急传送", "Urgent exchange"),
    "C": ("更正", "Correction"),
    "N": ("零报告", "Nil exchange"),
    "A": ("应答", "Answer"),
    "B": ("差异清单", "List of breaks"),
    "M": ("联席会议事项", "Acts of the joint meeting"),
    "S": ("对账单", "Statement"),
    "V": ("作废", "Void"),
    "T": ("测试", "Test"),
}
"""Kinds of packets."""


def round_words(agreement: Agreement, route: Route, key: str, as_of: str, made_at: datetime) -> dict[str, Any]:
    """Which exchange this is, between whom, made when (Asia/Shanghai); `party_kind` colours the page."""
    sender, receiver = agreement.parties[route.sender], agreement.parties[route.receiver]
    return {
        "key": key,
        "as_of": as_of,
        "made_at": local_time(made_at),
        "sender": (sender.name_zh, sender.name_en),
        "receiver": (receiver.name_zh, receiver.name_en),
        "party_kind": sender.kind,
        "route": (route.title_zh, route.title_en),
    }


def held_limit(route: Route, on: date) -> str:
    """The share of held cases over which an exchange of a day stops, as it is shown."""
    return f"{route.figure('held_share_limit', on) * 100:.0f} %"


def content_words(content: Content, route: Route) -> dict[str, Any]:
    """What goes: files, sums, fingerprint."""
    return {
        "files": [
            {
                "name": f.path,
                "title": dataset_words(route, f.dataset),
                "rows": f.rows,
                "bytes": f.bytes,
                "sha256": f.sha256,
            }
            for f in content.files
        ],
        "totals": totals_words(content.totals, route),
        "hash": content.hash,
    }


def totals_words(totals: Mapping[str, Mapping[str, str]], route: Route) -> list[dict[str, Any]]:
    """Dataset → money column → sum, as rows in the contract's order."""
    return [
        {"dataset": dataset_words(route, c.dataset), "column": column_words(route, c.dataset, name), "sum": sums[name]}
        for c in map(route.wire, (carried.dataset for carried in route.datasets))
        if (sums := totals.get(c.dataset))
        for name in c.names
        if name in sums
    ]


def local_time(at: datetime) -> str:
    """A time as officers read it, Asia/Shanghai, to the minute."""
    return at.astimezone(ZoneInfo("Asia/Shanghai")).strftime("%Y-%m-%d %H:%M")


def period_words(period: Period) -> Words:
    """2026年第三季度 and its English."""
    return f"{period.year}年第{'一二三四'[period.quarter - 1]}季度", f"{period.year} Q{period.quarter}"


def round_title(kind: str, period: str | None) -> Words:
    """What a round is called: a quarter's by its quarter, any other by its kind."""
    if kind != "Q" or not period:
        return words(KINDS, kind)
    zh, en = period_words(Period.parse(period))
    return f"{zh}交换", f"Exchange of {en}"


def share(part: int, whole: int) -> str:
    """A share in per cent, one place."""
    return f"{100 * part / max(1, whole):.1f} %"


def words(table: Mapping[str, Words], word: str) -> Words:
    """A word's entry, or the word itself."""
    return table.get(word, (word, word))


def code_words(codes: CodeList, code: str) -> Words:
    """A code's names, or the code itself."""
    return codes.names_zh.get(code, code), codes.names_en.get(code, code)


def value_words(column: Column, value: str, codes: Mapping[str, CodeList]) -> Words:
    """A cell as people read it: a code by its name, yes or no, a time in Asia/Shanghai, any other as it stands."""
    if not value:
        return "", ""
    if column.type == "bool":
        return ("是", "yes") if value == "true" else ("否", "no")
    if column.code_list is not None and column.code_list in codes:
        return code_words(codes[column.code_list], value)
    try:
        return (local_time(datetime.fromisoformat(value)),) * 2 if column.type == "time" else (value, value)
    except ValueError:
        return value, value


def dataset_words(route: Route, dataset: str) -> Words:
    """A dataset's titles."""
    contract = route.contract(dataset)
    return contract.title_zh, contract.title_en


def column_words(route: Route, dataset: str, name: str) -> Words:
    """A column's titles, or its name."""
    if name not in route.contract(dataset).names:
        return name, name
    column = route.contract(dataset).column(name)
    return column.title_zh or name, column.title_en or name


def rule_words(route: Route, rule_id: str, dataset: str) -> Words:
    """A rule's titles, from its contract or from our own list; `<column>_unknown` is a code off its list."""
    for rule in route.contract(dataset).rules:
        if rule.id == rule_id and rule.title_zh:
            return rule.title_zh, rule.title_en
    if rule_id not in OUR_RULES and rule_id.removesuffix("_unknown") in route.contract(dataset).names:
        return OUR_RULES["unknown_code"]
    return words(OUR_RULES, rule_id)
