"""What the page of a comparison shows: an exchange against another, or a correction against what was sent last."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

import pandas as pd

from exchange.domain.content import Content
from exchange.domain.contract import CodeList
from exchange.domain.differences import Difference, Differences
from exchange.domain.finding import Finding
from exchange.domain.remedies import Words
from exchange.domain.route import Agreement, Route
from exchange.domain.wording import (
    SHOWN,
    code_words,
    column_words,
    content_words,
    dataset_words,
    round_words,
    rule_words,
)

LAST_SENT: Words = ("最后送出", "last sent")
NOW: Words = ("本次更正", "this correction")


def comparison_data(
    found: Differences, *, left: str, right: str, route: Route, agreement: Agreement, key: str, as_of: str,
    made_at: datetime,
) -> dict[str, Any]:  # fmt: skip
    """Everything the page and the sheet of a comparison need; of each list the first 500 are shown on the page."""
    return {
        **round_words(agreement, route, key, as_of, made_at),
        "title": ("两次交换之差异", "What differs between two exchanges"),
        "left": (left, left),
        "right": (right, right),
        **_told(found, route, agreement),
        "voids": [],
        "taken_back": [{"case_no": case, "side": side} for case, side in found.taken_back],
        "reason": "",
        "findings": [],
        "files": [],
        "totals": [],
        "hash": "",
    }


def correction_data(
    found: Differences,
    told: pd.DataFrame,
    content: Content,
    *,
    key: str,
    route: Route,
    agreement: Agreement,
    as_of: date,
    made_at: datetime,
    reason: str,
    findings: Sequence[Finding] = (),
    voids: pd.DataFrame | None = None,
) -> dict[str, Any]:
    """Everything the page of a correction needs, that two officers decide by. `told` is its case_in_exchange."""
    corrects = dict(zip(told["case_no"], told["corrects"], strict=True))
    page = comparison_data(
        found, left="", right="", route=route, agreement=agreement, key=key, as_of=as_of.isoformat(), made_at=made_at
    )
    for one in page["changed"]:
        one["corrects"] = corrects.get(one["subject"]) or ""
    return page | {
        "title": ("撤回案件", "A case taken back") if voids is not None else ("更正", "Correction"),
        "left": LAST_SENT,
        "right": NOW,
        "voids": [] if voids is None else _voids(voids, agreement.codes["void_reason"]),
        "reason": reason,
        "findings": [
            {"case_no": f.case_no or "", "rule": rule_words(route, f.rule, f.dataset)} for f in findings[:SHOWN]
        ],
        **content_words(content, route),
    }


def _told(found: Differences, route: Route, agreement: Agreement) -> dict[str, Any]:
    by_subject: dict[str, list[Difference]] = {}
    for row in found.rows:
        by_subject.setdefault(row.subject, []).append(row)
    changed = [
        {"subject": subject, "corrects": "", "rows": [_row(row, route, agreement) for row in rows]}
        for subject, rows in by_subject.items()
    ]
    return {
        "counts": found.counts,
        "changed": changed,
        "left_only": list(found.left_only),
        "right_only": list(found.right_only),
        "shown": SHOWN,
    }


def _row(row: Difference, route: Route, agreement: Agreement) -> dict[str, Any]:
    codes = _codes_of(row, route, agreement)
    return {
        "dataset": dataset_words(route, row.dataset),
        "row": row.row,
        "what": row.what,
        "column": column_words(route, row.dataset, row.column) if row.column else ("", ""),
        "left": _value(row.left, codes),
        "right": _value(row.right, codes),
    }


def _codes_of(row: Difference, route: Route, agreement: Agreement) -> CodeList | None:
    listed = route.contract(row.dataset).column(row.column).code_list if row.column else None
    return agreement.codes.get(listed) if listed else None


def _value(value: str | None, codes: CodeList | None) -> Words:
    if value is None:
        return "", ""
    return code_words(codes, value) if codes is not None else (value, value)


def _voids(voids: pd.DataFrame, reasons: CodeList) -> list[Mapping[str, Any]]:
    rows = voids.astype(object).fillna("").to_dict("records")
    return [{**{str(k): v for k, v in row.items()}, "reason": code_words(reasons, str(row["reason"]))} for row in rows]
