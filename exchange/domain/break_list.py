"""The list of breaks as people read it: names of codes, both figures, days left, groups in order of work.

Plain values only (text, numbers, lists), for the page and the spreadsheet alike.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from types import MappingProxyType
from typing import Any, Final

import pandas as pd

from exchange.domain.books import Books
from exchange.domain.break_life import BreakRecord, BreakWork, state_now
from exchange.domain.breaks import Break, Result
from exchange.domain.contract import CodeList
from exchange.domain.masking import mask_name
from exchange.domain.route import Agreement, Route
from exchange.domain.situation_file import Situations
from exchange.domain.situation_list import situation_list
from exchange.domain.wording import SHOWN

SOON_DAYS: Final = 30
"""Limits that end within so many days stand in a group of their own."""

FIGURES: Final[Mapping[str, tuple[str | None, str | None]]] = {
    "TOTAL_DIFFERS": ("total", "lines"),
    "LATE_FEE_DIFFERS": ("filed", "computed"),
    "LATE_FEE_ONE_DAY": ("filed", "computed"),
    "LATE_FEE_OVER_PRINCIPAL": ("filed", "capped"),
    "LATE_FEE_NO_PRINCIPAL": ("amount", None),
    "RANK_DIFFERS": ("amount", None),
    "POST_ACCEPTANCE_PERIOD": ("amount", None),
    "DECLARED_DIFFERS": ("claimed", "declared"),
    "UNIT_SUSPECT": ("claimed", "declared"),
    "CONFIRMED_DIFFERS": ("claimed", "confirmed"),
    "WITHDRAWN_STILL_LISTED": (None, "declared"),
    "PAID_DIFFERS": ("payable", "paid"),
    "DUPLICATE_CLAIM": ("amount", None),
}
"""Code → the figure as claimed (or due) and the one it is held against; any other code shows the claim's total."""

LABELS: Final[Mapping[str, tuple[str, str]]] = {
    "total": ("申报总额", "claim's total"),
    "lines": ("明细合计", "sum of lines"),
    "line_count": ("重复明细条数", "lines claimed twice"),
    "filed": ("申报滞纳金", "late fee as filed"),
    "computed": ("复算滞纳金", "late fee computed"),
    "principal": ("本金", "principal"),
    "paid_before": ("截止日前已缴本金", "principal paid before the cut-off"),
    "payments": ("已缴笔数（分段）", "payments, a segment each"),
    "capped": ("封顶数（本金）", "capped at the principal"),
    "amount": ("金额", "amount"),
    "declared": ("债权表登记额", "declared in the table"),
    "confirmed": ("管理人确认额", "confirmed"),
    "claimed": ("该顺位明细合计", "sum of the rank's lines"),
    "compared": ("对照额", "held against"),
    "payable": ("应付合计", "payable"),
    "paid": ("实付合计", "paid"),
    "difference": ("相差", "difference"),
    "days": ("天数", "days"),
    "days_stated": ("按申报截止日的天数", "days to the stated cut-off"),
    "days_late": ("逾期天数", "days late"),
    "rate": ("日率", "rate per day"),
    "due_on": ("缴款期限", "payment limit"),
    "cut_off": ("计算截止日", "cut-off used here"),
    "cutoff_on": ("申报所列截止日", "cut-off as filed"),
    "accepted_on": ("受理日", "accepted on"),
    "claims_due_on": ("债权申报期限", "claims due on"),
    "filed_on": ("首次申报日", "first filed on"),
    "period_start": ("所属期起", "period from"),
    "reviewed_on": ("核查日", "reviewed on"),
    "rank": ("申报顺位", "rank as filed"),
    "expected_rank": ("应列顺位", "rank as agreed"),
}
"""What amounts and facts are called; a fact without a name here is not shown."""

COUNTS: Final = frozenset({"line_count", "payments", "days", "days_stated", "days_late"})
"""Amounts that are no money."""

EXPLAINED: Final = frozenset({"DEBTOR_MISMATCH", "NAME_DIFFERS", "UNKNOWN_CASE"})
"""Codes beside which the claim's match is shown."""

NO_MATCHES: Final[Mapping[str, Mapping[str, Any]]] = MappingProxyType({})

GROUPS: Final = ("overdue", "soon", "later", "same_cause", "no_limit")


def break_list(
    result: Result,
    situations: Situations,
    *,
    key: str,
    period: str | None,
    as_of: date,
    route: Route,
    agreement: Agreement,
    books: Books,
    found: Mapping[str, BreakRecord],
    works: Mapping[str, BreakWork],
    matches: Mapping[str, Mapping[str, Any]] = NO_MATCHES,
) -> dict[str, Any]:
    """Everything the page and the spreadsheet show; of each group the page has the first alone.

    `found` are the breaks of this comparison, `works` what was done about them, both by id; `matches` the claims'
    matches in words, by claim number.
    """
    describe = _describer(agreement, route, books, found, works, as_of)
    rows = [
        {**describe(found), "match": matches.get(found.claim_no or "") if found.code in EXPLAINED else None}
        for found in result.breaks
    ]
    infos = [{**describe(found), "match": None} for found in result.infos]
    return {
        "key": key,
        "period": period or "",
        "as_of": as_of.isoformat(),
        "route": route.id,
        "route_zh": route.title_zh,
        "route_en": route.title_en,
        "party_zh": agreement.parties[route.sender].name_zh,
        "party_en": agreement.parties[route.sender].name_en,
        "party_kind": agreement.parties[route.sender].kind,
        "counterpart_zh": agreement.parties[route.receiver].name_zh,
        "counterpart_en": agreement.parties[route.receiver].name_en,
        "rows": rows,
        "infos": infos,
        "shown": SHOWN,
        "groups": [
            {"group": name, "rows": some} for name in GROUPS if (some := [r for r in rows if r["group"] == name])
        ],
        "counts": counts_of(rows),
        "info_counts": counts_of(infos),
        "open": sum(1 for row in rows if row["state"] == "open"),
        **situation_list(situations, result.estates, agreement=agreement, route=route, books=books),
    }


def counts_of(rows: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Breaks by code: how many, how many limits have passed, and what they are about in yuan."""
    by_code: dict[str, dict[str, Any]] = {}
    for row in rows:
        known = by_code.setdefault(
            row["code"],
            {"code": row["code"], "zh": row["zh"], "en": row["en"], "count": 0, "overdue": 0, "sum": Decimal(0)},
        )
        known["count"] += 1
        known["overdue"] += row["group"] == "overdue"
        known["sum"] += Decimal(row["worth"])
    ordered = sorted(by_code.values(), key=lambda one: (-one["count"], one["code"]))
    return [{**one, "sum": f"{one['sum']:.2f}"} for one in ordered]


def _describer(
    agreement: Agreement,
    route: Route,
    books: Books,
    records: Mapping[str, BreakRecord],
    works: Mapping[str, BreakWork],
    as_of: date,
) -> Callable[[Break], dict[str, Any]]:
    names, ranks = agreement.codes["break"], agreement.codes["rank"]
    levies, rules, debtors = agreement.codes["levy"], agreement.codes["break_rule"], _debtors(books, route)
    courts = _texts(books.cases, "court_name")

    def describe(found: Break) -> dict[str, Any]:
        left = (found.due_on - as_of).days if found.due_on else None
        levy = found.facts.get("levy_code")
        parties = debtors.get(found.case_no, ())
        return {
            **_plain(found),
            "zh": names.names_zh.get(found.code, found.code),
            "en": names.names_en.get(found.code, found.code),
            "rule_zh": rules.names_zh.get(found.code, ""),
            "rule_en": rules.names_en.get(found.code, ""),
            "law_zh": rules.extra.get(found.code, {}).get("law_zh", ""),
            "court": courts[found.case] if found.case >= 0 else "",
            "debtors": "、".join(parties),
            "debtors_masked": "、".join(mask_name(name) for name in parties),
            "rank_zh": ranks.names_zh.get(found.rank or "", found.rank or ""),
            "levy_zh": levies.names_zh.get(levy, levy) if levy else "",
            "details": details(found, ranks),
            "days_left": left,
            "group": group_of(found, left),
            **worked(records[found.id], works.get(found.id), agreement.codes, as_of),
        }

    return describe


def worked(record: BreakRecord, work: BreakWork | None, codes: Mapping[str, CodeList], as_of: date) -> dict[str, Any]:
    """What a list says of the work on a break: state, owner, decision, age, the other side's answer."""
    state = state_now(record, work)
    work = work or BreakWork(route=record.route, id=record.id)
    told: dict[str, Any] = {
        "state": state,
        "since": record.first_exchange,
        "found_on": record.found_on.isoformat() if record.found_on else "",
        "age_days": (as_of - record.found_on).days if record.found_on else None,
        "owner": work.owner or "",
        "comments": work.comments,
        "decision": work.decision or "",
        "decided_by": work.decided_by or "",
        "confirmed_by": work.confirmed_by or "",
        "answer": work.answer or "",
        "answered_by": work.answered_by or "",
        "answered_on": work.answered_on or "",
    }
    for name, listed in (("state", "break_state"), ("decision", "break_state"), ("answer", "break_answer")):
        told[f"{name}_zh"] = codes[listed].names_zh.get(told[name], told[name])
        told[f"{name}_en"] = codes[listed].names_en.get(told[name], told[name])
    return told


def _plain(found: Break) -> dict[str, Any]:
    """What needs no looking up; empty text where there is nothing."""
    claimed, against = FIGURES.get(found.code, ("total", None))
    return {
        "id": found.id,
        "code": found.code,
        "case_no": found.case_no,
        "claim_no": found.claim_no or "",
        "line_no": found.line_no,
        "rank": found.rank or "",
        "claimed": found.amounts.get(claimed, "") if claimed else "",
        "against": found.amounts.get(against, "") if against else "",
        "difference": found.amounts.get("difference", ""),
        "worth": f"{found.worth:.2f}",
        "due_on": found.due_on.isoformat() if found.due_on else "",
    }


def group_of(found: Break, left: int | None) -> str:
    """Where a break stands in the list: by its limit, or with its cause when it has none."""
    if left is not None:
        return "overdue" if left < 0 else "soon" if left <= SOON_DAYS else "later"
    return "same_cause" if found.code == "CUTOFF_DIFFERS" or found.facts.get("cause") == "cutoff" else "no_limit"


def details(found: Break | BreakRecord, ranks: CodeList) -> list[dict[str, Any]]:
    """Every figure and fact with its name, money marked as such."""
    told = {**found.amounts, **found.facts}
    shown = [(name, told[name]) for name in LABELS if name in told]
    return [
        {
            "zh": LABELS[name][0],
            "en": LABELS[name][1],
            "value": ranks.names_zh.get(value, value) if name.endswith("rank") else value,
            "money": name in found.amounts and name not in COUNTS,
        }
        for name, value in shown
    ]


def _debtors(books: Books, route: Route) -> dict[str, list[str]]:
    """Each case's debtors by case number; none where the contract calls the name personal."""
    if route.contract("case_debtor").column("name").personal:
        return {}
    pairs = zip(_texts(books.debtors, "case_no"), _texts(books.debtors, "name"), strict=True)
    named: dict[str, list[str]] = {}
    for case_no, name in pairs:
        named.setdefault(case_no, []).append(name)
    return named


def _texts(frame: pd.DataFrame, name: str) -> Sequence[str]:
    if name not in frame.columns:
        return [""] * len(frame)
    found: list[str] = frame[name].fillna("").tolist()
    return found
