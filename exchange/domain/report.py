"""What the checks page of an exchange shows: the outcome in words, every name and identifier masked."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from exchange.domain.content import Content
from exchange.domain.examine import Examination, reach_of
from exchange.domain.finding import Finding
from exchange.domain.masking import mask_id, mask_name
from exchange.domain.prepare import Normalised, Prepared
from exchange.domain.remedies import NORMALISED, URGENT, remedy
from exchange.domain.route import Agreement, PacketKind, Route
from exchange.domain.text import among
from exchange.domain.wording import (
    SEVERITIES,
    SHOWN,
    column_words,
    content_words,
    dataset_words,
    held_limit,
    round_title,
    round_words,
    rule_words,
    share,
    words,
)

if TYPE_CHECKING:
    import pandas as pd

WHY = ("new", "changed", "closed", "unchanged")
_NAME_RULES = ("blanks_around_name",)
_ID_RULES = ("lower_case_uscc", "blanks_in_uscc")


def report_data(
    examination: Examination,
    content: Content,
    why: Mapping[str, int],
    *,
    prepared: Prepared,
    debtors: Mapping[str, str],
    agreement: Agreement,
    route: Route,
    key: str,
    made_at: datetime,
    kind: PacketKind = "Q",
    completeness: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Everything the page `report.html` needs. `why` counts the sent cases by new, changed, closed, unchanged;
    `debtors` are the masked names by record of the cases shown.

    A list shows its first 500 entries; `listed` says how many there are. `completeness` is what `completeness_words`
    says; a single case has none.
    """
    held, rows, warned = _sorted_out(examination, route)
    return {
        **round_words(agreement, route, key, prepared.as_of.isoformat(), made_at),
        "held_limit": held_limit(route, prepared.as_of),
        "kind": kind,
        "title": round_title(kind, str(prepared.period)),
        "automatic": kind == "U" and route.review.urgent == "automatic",
        "stopped": examination.stopped,
        "held_share": share(len(examination.held), len(examination.selected)),
        "counts": _counts(examination, rows, warned) | {w: why.get(w, 0) for w in WHY},
        "listed": {"held": len(held), "rows": len(rows), "warned": len(warned)},
        "held": [_told(f, route, debtors) for f in held[:SHOWN]],
        "rows": [_told(f, route, debtors) for f in rows[:SHOWN]],
        "warned": [_told(f, route, debtors) for f in warned[:SHOWN]],
        "normalised": [_normalised(one) for one in examination.normalised[:SHOWN]],
        "urgent": [
            {"case_no": u.case_no, "held": u.held, "reasons": [words(URGENT, r) for r in u.reasons]}
            for u in examination.urgent
        ],
        "rules": _rules(examination, content, route),
        "completeness": completeness,
        **content_words(content, route),
    }


def _sorted_out(examination: Examination, route: Route) -> tuple[list[Finding], list[Finding], list[Finding]]:
    """What holds a case, what leaves out a row, what a sent case is warned of."""
    rejects = [f for f in examination.findings if f.severity == "reject"]
    warned = [f for f in examination.findings if f.severity == "warn"]
    sent = {*examination.sent_of(f.record for f in warned), None}
    return (
        _once([f for f in rejects if reach_of(f, route) == "case"]),
        [f for f in rejects if reach_of(f, route) == "row"],
        _once([f for f in warned if f.record in sent]),
    )


def _rules(examination: Examination, content: Content, route: Route) -> list[dict[str, Any]]:
    """Every rule the contracts name, with the places it was found broken at, none included; then our own that were."""
    counted = Counter((f.rule, f.dataset) for f in examination.findings)
    severity = {(f.rule, f.dataset): f.severity for f in examination.findings}
    named = {
        (rule.id, contract.dataset): rule.severity
        for contract in route.datasets
        if contract.dataset in content.rows
        for rule in contract.rules
    }
    return [
        {
            "rule": rule_words(route, rule, dataset),
            "dataset": dataset_words(route, dataset),
            "severity": SEVERITIES[named.get((rule, dataset)) or severity[rule, dataset]],
            "count": counted[rule, dataset],
        }
        for rule, dataset in [*named, *sorted(counted.keys() - named.keys())]
    ]


def _counts(examination: Examination, rows: Sequence[Finding], warned: Sequence[Finding]) -> dict[str, int]:
    return {
        "selected": len(examination.selected),
        "sent": len(examination.sent),
        "held": len(examination.held),
        "rows_left_out": len({(f.dataset, f.record, f.row_key) for f in rows}),
        "warned": len({f.record for f in warned if f.record}),
        "urgent": len(examination.urgent),
        "normalised": len(examination.normalised),
    }


def _once(findings: Sequence[Finding]) -> list[Finding]:
    """One finding for each rule, case and column."""
    return list({(f.rule, f.record, f.column, f.dataset): f for f in reversed(findings)}.values())[::-1]


def shown_records(examination: Examination, route: Route) -> set[str]:
    """The records of the cases whose debtors the page names."""
    return {str(f.record) for found in _sorted_out(examination, route) for f in found[:SHOWN]}


def debtor_names(debtors: pd.DataFrame | None, records: Collection[str]) -> dict[str, str]:
    """Record → its first debtor's name, masked; of these records."""
    if debtors is None:
        return {}
    first = debtors.loc[debtors["name"].notna() & among(debtors["_record"], records)].drop_duplicates("_record")
    return {str(r): mask_name(str(n)) for r, n in zip(first["_record"], first["name"], strict=True)}


def _told(finding: Finding, route: Route, debtors: Mapping[str, str]) -> dict[str, Any]:
    columns = (finding.column or "").split(",") if finding.column else []
    return {
        "case_no": finding.case_no or "",
        "record": finding.record or "",
        "debtor": debtors.get(finding.record or "", ""),
        "rule": rule_words(route, finding.rule, finding.dataset),
        "law": next((r.law for r in route.contract(finding.dataset).rules if r.id == finding.rule), ""),
        "dataset": dataset_words(route, finding.dataset),
        "row": (finding.row_key or "").split("|", 1)[-1],
        "columns": [column_words(route, finding.dataset, c) for c in columns],
        "remedy": remedy(finding.rule),
        "note": finding.note,
    }


def _normalised(one: Normalised) -> dict[str, Any]:
    case_number = one.rule not in (*_NAME_RULES, *_ID_RULES) and one.to.endswith("号")
    shown = one.to if case_number else mask_name(one.to) if one.rule in _NAME_RULES else mask_id(one.to)
    return {"rule": words(NORMALISED, one.rule), "case_no": one.case_no or "", "to": shown}
