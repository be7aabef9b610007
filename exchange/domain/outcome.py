"""outcome.json: the machine-readable outcome of an exchange, local to its end."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from datetime import date
from typing import Any

import pandas as pd

from exchange.domain.examine import Examination, reach_of
from exchange.domain.period import Period
from exchange.domain.prepare import CASES
from exchange.domain.route import Route


def record_id(record: str | None) -> int | str | None:
    """A source's id as it is there: a number where it is written as one."""
    if record is None:
        return None
    return int(record) if record.isascii() and record.isdigit() and str(int(record)) == record else record


def examined(
    examination: Examination, *, route: Route, period: Period | None, as_of: date, exchange: Mapping[str, Any]
) -> dict[str, Any]:
    """The part of the checks: what was selected, held, warned of, sent, is urgent. `exchange` describes the round."""
    ids = [record_id(record) for record in examination.selected]
    all_sent = examination.sent == examination.selected
    return {
        "period": str(period) if period else None,
        "as_of": as_of.isoformat(),
        "selected": ids,
        "sent": ids if all_sent else [record_id(record) for record in examination.sent],
        "normalised": [_with_id(asdict(one)) for one in examination.normalised],
        "quarantined": quarantined(examination, route),
        "warned": warned(examination),
        "breaks": [],
        "infos": [],
        "break_counts": {},
        "urgent": [_with_id(asdict(one)) | {"reasons": list(one.reasons)} for one in examination.urgent],
        "findings": [_with_id(one.as_dict()) for one in examination.findings],
        "exchanges": [dict(exchange)],
        "held": {record: list(rules) for record, rules in examination.held.items()},
        "stopped": examination.stopped,
    }


def voided(row: pd.DataFrame, *, period: Period, as_of: date, exchange: Mapping[str, Any]) -> dict[str, Any]:
    """The outcome of an exchange that takes a case back: nothing is selected or sent, `voids` says what is."""
    nothing: dict[str, Any] = {
        name: [] for name in ("selected", "sent", "normalised", "quarantined", "warned", "breaks", "infos")
    }
    return {
        "period": str(period), "as_of": as_of.isoformat(), **nothing, "break_counts": {}, "urgent": [], "findings": [],
        "exchanges": [dict(exchange)], "voids": row.astype(object).where(row.notna(), None).to_dict("records"),
    }  # fmt: skip


def quarantined(examination: Examination, route: Route) -> list[dict[str, Any]]:
    """What was held by the agreed rules: whole cases under bankruptcy_case, single rows under their dataset."""
    found: dict[tuple[str, str, str | None, str | None], None] = {}
    for finding in examination.findings:
        if finding.severity == "reject" and finding.comparable:
            dataset = CASES if reach_of(finding, route) == "case" else finding.dataset
            found[finding.rule, dataset, finding.record, finding.case_no] = None
    return [
        {"rule": rule, "dataset": dataset, "record": record_id(record), "case_no": case_no}
        for rule, dataset, record, case_no in found
    ]


def warned(examination: Examination) -> list[dict[str, Any]]:
    """Agreed warnings, of the cases that are sent only, each (rule, case) once."""
    told = [finding for finding in examination.findings if finding.severity == "warn" and finding.comparable]
    sent = examination.sent_of(finding.record for finding in told)
    found = dict.fromkeys((one.rule, one.record, one.case_no) for one in told if one.record in sent)
    return [{"rule": rule, "record": record_id(record), "case_no": case_no} for rule, record, case_no in found]


def _with_id(one: dict[str, Any]) -> dict[str, Any]:
    return one | {"record": record_id(one["record"])}
