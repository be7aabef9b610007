"""The situations beyond the breaks as people read them: by rule, with what to do, and the estates with their sums.

Plain values only, for the page and the spreadsheet alike. Places, never a value of a row; names masked.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from itertools import groupby
from typing import Any, Final

from exchange.domain.books import Books
from exchange.domain.contract import CodeList
from exchange.domain.estates import Affiliate
from exchange.domain.finding import Finding
from exchange.domain.masking import mask_name
from exchange.domain.route import Agreement, Route
from exchange.domain.situation_file import Situations
from exchange.domain.situation_making import SEVERITIES
from exchange.domain.wording import column_words, dataset_words

WEIGHT: Final = {"reject": 0, "verify": 1, "warn": 2}
URGENCY: Final[Mapping[str, tuple[str, str]]] = {
    "reject": ("须更正", "to be mended"),
    "verify": ("须核实", "to be looked into"),
    "warn": ("须知悉", "to be known"),
}
SUMS: Final = ("claimed", "confirmed", "paid")


def situation_list(
    situations: Situations, estates: Iterable[Affiliate], *, agreement: Agreement, route: Route, books: Books
) -> dict[str, Any]:
    """`situations` in order of weight, `estates` by case; `findings` counts the former. Per rule its first places."""
    order = list(SEVERITIES)
    rules = sorted(situations.counts, key=lambda rule: (WEIGHT[SEVERITIES[rule]], order.index(rule)))
    back = agreement.route(route.answered_by) if route.answered_by else route
    words = agreement.codes["situation"]
    return {
        "findings": situations.counts.total(),
        "situations": [
            _rule(rule, situations.counts[rule], situations.first[rule], words, (route, back)) for rule in rules
        ],
        "estates": [_estate(case_no, list(rows), books) for case_no, rows in groupby(estates, lambda one: one.case_no)],
    }


def _rule(rule: str, count: int, first: Sequence[Finding], words: CodeList, routes: Sequence[Route]) -> dict[str, Any]:
    severity, told = SEVERITIES[rule], words.extra[rule]
    return {
        "rule": rule,
        "severity": severity,
        "urgency_zh": URGENCY[severity][0],
        "urgency_en": URGENCY[severity][1],
        "zh": words.names_zh[rule],
        "en": words.names_en[rule],
        **{name: told[name] for name in ("remedy_zh", "remedy_en", "law_zh")},
        "count": count,
        "places": [_place(finding, routes) for finding in first],
    }


def _place(finding: Finding, routes: Sequence[Route]) -> dict[str, Any]:
    route = next((r for r in routes if finding.dataset in [c.dataset for c in r.datasets]), None)
    dataset = dataset_words(route, finding.dataset) if route else (finding.dataset, finding.dataset)
    column = column_words(route, finding.dataset, finding.column or "") if route else ("", "")
    return {
        "case_no": finding.case_no or "",
        "row_key": (finding.row_key or "").replace("|", " · "),
        "dataset_zh": dataset[0],
        "dataset_en": dataset[1],
        "column_zh": column[0],
        "column_en": column[1],
    }


def _estate(case_no: str, affiliates: Sequence[Affiliate], books: Books) -> dict[str, Any]:
    totals = {name: f"{sum(Decimal(getattr(one, name)) for one in affiliates):.2f}" for name in SUMS}
    names = books.debtors["name"]
    return {
        "case_no": case_no,
        "debtors": sum(one.row >= 0 for one in affiliates),
        "claims": sum(one.claims for one in affiliates),
        **totals,
        "rows": [
            {
                "name": mask_name(str(names.iloc[one.row])) if one.row >= 0 else "",
                "claims": one.claims,
                **{name: getattr(one, name) for name in SUMS},
            }
            for one in affiliates
        ],
    }
