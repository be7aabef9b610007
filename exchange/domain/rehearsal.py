"""A proposed contract rehearsed on a quarter that was kept: what would fail that did not, what would pass that failed.

The same stored rows are examined under both agreements, so that only the change of the contract speaks. Findings name
rule, dataset and case number, never a value.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import pandas as pd

from exchange.domain.contract import Contract
from exchange.domain.finding import Finding
from exchange.domain.period import Period
from exchange.domain.rounds import Round, judged
from exchange.domain.route import Agreement, Route
from exchange.domain.rowcheck import RunsChecks
from exchange.domain.types import REQUIRED

Fault = tuple[str, str, str | None, str | None, str | None, str]
"""(rule, dataset, record, case_no, column, severity): one promise broken at one case."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """How one agreement judges a quarter: counts, whether it would stop, and every fault once."""

    selected: int
    held: int
    stopped: bool
    faults: frozenset[Fault]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rehearsed:
    """One quarter under the agreement in force and under the proposal.

    `without_data` are (dataset, column) the proposal requires and the stored rows never had: told once, not case by
    case. `left_behind` are (dataset, column) the rows hold and the proposal no longer carries.
    """

    key: str
    now: Verdict
    then: Verdict
    without_data: tuple[tuple[str, str], ...]
    left_behind: tuple[tuple[str, str], ...]

    @property
    def fails(self) -> tuple[Fault, ...]:
        """Faults the proposal finds and the agreement in force does not."""
        return _sorted(self.then.faults - self.now.faults)

    @property
    def passes(self) -> tuple[Fault, ...]:
        """Faults the agreement in force finds and the proposal does not."""
        return _sorted(self.now.faults - self.then.faults)

    @property
    def worse(self) -> bool:
        """Whether something would be held, refused or stopped that goes today."""
        held = any(fault[5] == "reject" for fault in self.fails)
        return held or bool(self.without_data) or (self.then.stopped and not self.now.stopped)

    def as_dict(self) -> dict[str, Any]:
        """A plain mapping for JSON."""
        return {
            "exchange": self.key,
            "now": _counts(self.now),
            "proposed": _counts(self.then),
            "would_fail": [_told(fault) for fault in self.fails],
            "would_pass": [_told(fault) for fault in self.passes],
            "required_without_data": [f"{dataset}.{column}" for dataset, column in self.without_data],
            "left_behind": [f"{dataset}.{column}" for dataset, column in self.left_behind],
            "worse": self.worse,
        }


def by_rule(faults: Sequence[Fault]) -> list[tuple[str, str, str, int]]:
    """(severity, rule, dataset, how many), the most first."""
    counted = Counter((fault[5], fault[0], fault[1]) for fault in faults)
    return [(s, r, d, n) for (s, r, d), n in sorted(counted.items(), key=lambda item: (-item[1], item[0]))]


def rehearse(
    batches: Sequence[Mapping[str, pd.DataFrame]],
    *,
    key: str,
    route: str,
    now: Agreement,
    then: Agreement,
    period: Period,
    as_of: date,
    is_workday: Callable[[date], bool],
    checker: RunsChecks,
) -> Rehearsed:
    """A stored quarter's batches examined under both agreements. Raises as the checks do (905, 915)."""
    stored = {name: set(frame.columns) for frames in batches for name, frame in frames.items()}
    absent = tuple(_without_data(then.route(route), stored))

    def under(agreement: Agreement) -> Verdict:
        quarter = Round(
            agreement=agreement, route=agreement.route(route), period=period, as_of=as_of, is_workday=is_workday,
            checker=checker,
        )  # fmt: skip
        _, examination = judged(batches, quarter)
        return Verdict(
            selected=len(examination.selected),
            held=len(examination.held),
            stopped=examination.stopped,
            faults=frozenset(fault_of(f) for f in examination.findings if not _of_absent(f, absent)),
        )

    return Rehearsed(
        key=key, now=under(now), then=under(then), without_data=absent,
        left_behind=tuple(_left_behind(now.route(route), then.route(route))),
    )  # fmt: skip


def _without_data(route: Route, stored: Mapping[str, set[str]]) -> list[tuple[str, str]]:
    """Required columns of the proposal that the stored rows of their dataset do not have."""
    return [
        (contract.dataset, column.name)
        for contract in route.carries("Q")
        if contract.dataset in stored
        for column in contract.columns
        if column.required and column.name not in stored[contract.dataset]
    ]


def _left_behind(now: Route, then: Route) -> list[tuple[str, str]]:
    """Columns that travel today and would no longer."""
    kept = {c.dataset: set(then.wire(c.dataset).names) for c in then.carries("Q")}

    def gone(contract: Contract) -> list[str]:
        return [name for name in contract.names if name not in kept.get(contract.dataset, ())]

    return [(c.dataset, name) for c in now.carries("Q") for name in gone(now.wire(c.dataset))]


def _of_absent(finding: Finding, absent: Sequence[tuple[str, str]]) -> bool:
    return finding.rule == REQUIRED and (finding.dataset, finding.column) in absent


def fault_of(finding: Finding) -> Fault:
    """A finding as the fault it is: on a row of an answer the row stands in for the case."""
    place = finding.case_no if finding.case_no is not None else finding.row_key
    return (finding.rule, finding.dataset, finding.record, place, finding.column, finding.severity)


def _sorted(faults: frozenset[Fault]) -> tuple[Fault, ...]:
    return tuple(sorted(faults, key=lambda fault: tuple(text or "" for text in fault)))


def _counts(verdict: Verdict) -> dict[str, Any]:
    return {"selected": verdict.selected, "held": verdict.held, "stopped": verdict.stopped}


def _told(fault: Fault) -> dict[str, Any]:
    names = ("rule", "dataset", "record", "case_no", "column", "severity")
    return dict(zip(names, fault, strict=True))
