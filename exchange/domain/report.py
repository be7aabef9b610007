"""What the checks page of an exchange shows: the outcome in words, every name and identifier masked."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from exchange.domain.content import Content
from exchange.domain.examine import Examination, reach_of
from exchange.domain.finding import Finding
from exchange.domain.masking import mask_id, mask_name
from exchange.domain.prepare import Normalised, Prepared
from exchange.domain.remedies import NORMALISED, OUR_RULES, URGENT, Words, remedy
from exchange.domain.route import Agreement, Route

WHY = ("new", "changed", "closed", "unchanged")
_NAME_RULES = ("blanks_around_name",)
_ID_RULES = ("lower_case_uscc", "blanks_in_uscc")


def report_data(
    examination: Examination,
    content: Content,
    why: Mapping[str, int],
    *,
    prepared: Prepared,
    agreement: Agreement,
    route: Route,
    key: str,
    made_at: datetime,
) -> dict[str, Any]:
    """Everything the page `report.html` needs. `why` counts the sent cases by new, changed, closed, unchanged."""
    debtors = _debtors(prepared)
    rejects = [f for f in examination.findings if f.severity == "reject"]
    held = [f for f in rejects if reach_of(f, route) == "case"]
    rows = [f for f in rejects if reach_of(f, route) == "row"]
    sent = {*examination.sent, None}
    warned = [f for f in examination.findings if f.severity == "warn" and f.record in sent]
    counted = Counter((f.rule, f.dataset) for f in examination.findings)
    return {
        **_round(prepared, agreement, route, key, made_at),
        "stopped": examination.stopped,
        "held_share": f"{100 * len(examination.held) / max(1, len(examination.selected)):.1f} %",
        "held_limit": f"{route.held_share_limit * 100:.0f} %",
        "counts": _counts(examination, rows, warned) | {w: why.get(w, 0) for w in WHY},
        "held": [_told(f, route, debtors) for f in _once(held)],
        "rows": [_told(f, route, debtors) for f in rows],
        "warned": [_told(f, route, debtors) for f in _once(warned)],
        "normalised": [_normalised(one) for one in examination.normalised],
        "urgent": [
            {"case_no": u.case_no, "held": u.held, "reasons": [_words(URGENT, r) for r in u.reasons]}
            for u in examination.urgent
        ],
        "rules": [
            {"rule": _rule_words(route, rule, dataset), "dataset": _title(route, dataset), "count": count}
            for (rule, dataset), count in sorted(counted.items())
        ],
        **_content(content, route),
    }


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


def _round(prepared: Prepared, agreement: Agreement, route: Route, key: str, made_at: datetime) -> dict[str, Any]:
    """Which exchange this is, between whom."""
    sender, receiver = agreement.parties[route.sender], agreement.parties[route.receiver]
    return {
        "key": key,
        "period": str(prepared.period),
        "period_words": _period_words(prepared),
        "as_of": prepared.as_of.isoformat(),
        "made_at": made_at.astimezone(ZoneInfo("Asia/Shanghai")).strftime("%Y-%m-%d %H:%M"),
        "sender": (sender.name_zh, sender.name_en),
        "receiver": (receiver.name_zh, receiver.name_en),
        "party_kind": sender.kind,
        "route": (route.title_zh, route.title_en),
    }


def _content(content: Content, route: Route) -> dict[str, Any]:
    """What goes: files, sums, fingerprint."""
    return {
        "files": [
            {"name": f.path, "title": _title(route, f.dataset), "rows": f.rows, "bytes": f.bytes, "sha256": f.sha256}
            for f in content.files
        ],
        "totals": [
            {"dataset": _title(route, dataset), "column": _column(route, dataset, column), "sum": total}
            for dataset, sums in content.totals.items()
            for column, total in sums.items()
        ],
        "hash": content.hash,
    }


def _once(findings: Sequence[Finding]) -> list[Finding]:
    """One finding for each rule, case and column."""
    return list({(f.rule, f.record, f.column, f.dataset): f for f in reversed(findings)}.values())[::-1]


def _debtors(prepared: Prepared) -> Mapping[str, str]:
    """Record → its first debtor's name, masked."""
    frame = prepared.frames.get("case_debtor")
    if frame is None:
        return {}
    first = frame.loc[frame["name"].notna()].drop_duplicates("_record")
    return {str(r): mask_name(str(n)) for r, n in zip(first["_record"], first["name"], strict=True)}


def _told(finding: Finding, route: Route, debtors: Mapping[str, str]) -> dict[str, Any]:
    columns = (finding.column or "").split(",") if finding.column else []
    return {
        "case_no": finding.case_no or "",
        "record": finding.record or "",
        "debtor": debtors.get(finding.record or "", ""),
        "rule": _rule_words(route, finding.rule, finding.dataset),
        "law": next((r.law for r in route.contract(finding.dataset).rules if r.id == finding.rule), ""),
        "dataset": _title(route, finding.dataset),
        "row": (finding.row_key or "").split("|", 1)[-1],
        "columns": [_column(route, finding.dataset, c) for c in columns],
        "remedy": remedy(finding.rule),
        "note": finding.note,
    }


def _normalised(one: Normalised) -> dict[str, Any]:
    case_number = one.rule not in (*_NAME_RULES, *_ID_RULES) and one.to.endswith("号")
    shown = one.to if case_number else mask_name(one.to) if one.rule in _NAME_RULES else mask_id(one.to)
    return {"rule": _words(NORMALISED, one.rule), "case_no": one.case_no or "", "to": shown}


def _rule_words(route: Route, rule_id: str, dataset: str) -> Words:
    for rule in route.contract(dataset).rules:
        if rule.id == rule_id and rule.title_zh:
            return rule.title_zh, rule.title_en
    return _words(OUR_RULES, rule_id)


def _words(table: Mapping[str, Words], word: str) -> Words:
    return table.get(word, (word, word))


def _title(route: Route, dataset: str) -> Words:
    contract = route.contract(dataset)
    return contract.title_zh, contract.title_en


def _column(route: Route, dataset: str, name: str) -> Words:
    names = route.contract(dataset).names
    if name not in names:
        return name, name
    column = route.contract(dataset).column(name)
    return column.title_zh or name, column.title_en or name


def _period_words(prepared: Prepared) -> Words:
    period = prepared.period
    return f"{period.year}年第{'一二三四'[period.quarter - 1]}季度交换", f"Exchange of {period.year} Q{period.quarter}"
