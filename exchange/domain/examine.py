"""From prepared rows to the verdict: run the rules, find who breaks what, say what is sent and what is held."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Final

import numpy as np
import pandas as pd

from exchange.domain.across import DUPLICATE_ROW, check_across, marked, marks, row_keys
from exchange.domain.checks import row_checks
from exchange.domain.contract import CodeList, Contract, Reach, Rule
from exchange.domain.finding import Finding
from exchange.domain.mistyped import hint
from exchange.domain.prepare import CASES, Normalised, Prepared, join, prepare, text
from exchange.domain.route import Party, Route
from exchange.domain.rowcheck import RowCheck, RunsChecks
from exchange.domain.text import among, as_list
from exchange.domain.urgency import Urgent, urgent_cases, urgent_limits

USCC_RULE: Final = "uscc_check_digit"
"""The function whose findings say what a code may be meant as."""

__all__ = ["Examination", "check_across", "check_rows", "conclude", "join", "prepare"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Examination:
    """The verdict on one exchange. Records are the source's ids, in its order.

    `held` record → ids of the rules it is held for; `left_out` dataset → rows that stay here by themselves;
    `frames_to_send` the rows of the sent cases less rows left out, by dataset, with `_record` (and `_case_no_raw` on
    bankruptcy_case), of what was prepared: the outlines alone where an exchange is judged by batches
    (`going` gives the rows of each); `findings` each (rule, row) once.
    """

    selected: tuple[str, ...]
    held: Mapping[str, tuple[str, ...]]
    sent: tuple[str, ...]
    left_out: Mapping[str, Collection[str]]
    frames_to_send: Mapping[str, pd.DataFrame]
    findings: tuple[Finding, ...]
    normalised: tuple[Normalised, ...]
    urgent: tuple[Urgent, ...]
    stopped: bool

    def sent_of(self, records: Iterable[str | None]) -> set[str]:
        """Those of some records that are sent: a set as small as they are, where all that are sent are a country's."""
        asked = set(records)
        return {record for record in self.sent if record in asked}

    @property
    def records(self) -> dict[str, str]:
        """Normalised case number of every sent case → its record."""
        if CASES not in self.frames_to_send:
            return {}
        cases = self.frames_to_send[CASES]
        pairs = zip(as_list(cases["case_no"]), as_list(cases["_record"]), strict=True)
        return {str(number): str(record) for number, record in pairs}


def check_rows(
    prepared: Prepared,
    *,
    route: Route,
    sender: Party,
    codes: Mapping[str, CodeList],
    as_of: date,
    is_workday: Callable[[date], bool],
    checker: RunsChecks,
) -> list[Finding]:
    """Every broken row rule of one batch, by dataset and row, and what was found while preparing it."""
    cases = prepared.cases
    numbers: dict[Any, Any] = dict(zip(as_list(cases["_record"]), as_list(cases["_case_no_raw"]), strict=True))
    found = list(prepared.notes)
    for dataset, frame in prepared.frames.items():
        contract = route.contract(dataset)
        checks = row_checks(
            contract, route=route, sender=sender, as_of=as_of, is_workday=is_workday, codes=codes
        )  # fmt: skip
        broken = checker.run(contract, checks, frame)
        keys = None if dataset == CASES else row_keys(frame, contract)
        for check in checks:
            if positions := broken.get(check.rule):
                found.extend(_findings(check, contract, frame.iloc[list(positions)], keys, numbers))
    return found


def conclude(
    prepared: Prepared,
    findings: Sequence[Finding],
    *,
    route: Route,
    as_of: date,
    overruled: Collection[tuple[str, str]] = (),
) -> Examination:
    """Hold the cases that break a reject rule, leave out single rows where the rule says so, send the rest.

    `overruled` are (rule, record) an officer has confirmed: those findings become `verify` and hold nothing, where
    the contract lets the rule be overruled. Warnings of cases that are not sent stay among the findings.
    """
    judged = [_overrule(f, route, overruled) for f in dict.fromkeys(findings)]
    rejects = [f for f in judged if f.severity == "reject" and f.record is not None]
    held: dict[str, dict[str, None]] = {}
    for finding in rejects:
        if reach_of(finding, route) == "case":
            held.setdefault(str(finding.record), {})[finding.rule] = None
    cases = prepared.cases
    selected = tuple(cases["_record"].astype(str))
    rows = marks(f for f in rejects if reach_of(f, route) == "row")
    return Examination(
        selected=selected,
        held={record: tuple(held[record]) for record in selected if record in held},
        sent=tuple(record for record in selected if record not in held),
        left_out=rows,
        frames_to_send=_going(prepared.frames, route, held, rows),
        findings=tuple(judged),
        normalised=prepared.normalised,
        urgent=urgent_cases(cases, as_of=as_of, limits=urgent_limits(route, as_of), held=held) if _urges(route) else (),
        stopped=route.stops(sum(record in held for record in selected), len(selected), as_of)
        or _rows_stop(prepared, rows, route, as_of),
    )


def _urges(route: Route) -> bool:
    """Whether single cases may travel on the route at once."""
    return any(contract.dataset == CASES for contract in route.carries("U"))


def _rows_stop(prepared: Prepared, out: Mapping[str, Collection[str]], route: Route, as_of: date) -> bool:
    """Whether of some dataset that stands alone so many rows are left out that a person has to look."""
    alone = [name for name in prepared.frames if not route.contract(name).of_case]
    return any(route.stops(len(out.get(name, ())), len(prepared.frames[name]), as_of) for name in alone)


def going(frames: Mapping[str, pd.DataFrame], examination: Examination, route: Route) -> dict[str, pd.DataFrame]:
    """The prepared rows of one batch that go out by the verdict on the whole exchange."""
    return _going(frames, route, examination.held, examination.left_out)


def reach_of(finding: Finding, route: Route) -> Reach:
    """What a broken reject holds: as its rule says; for a rule no contract lists, the row, or the case where the
    dataset says who the case is (its contract has a rule that reaches the case)."""
    contract = route.contract(finding.dataset)
    rule = _rule(contract, finding.rule)
    if rule is not None:
        return rule.reach
    if finding.rule == DUPLICATE_ROW:
        return "row"
    return default_reach(contract)


def default_reach(contract: Contract) -> Reach:
    """The reach of the checks a contract's columns imply."""
    return "case" if any(rule.reach == "case" for rule in contract.rules) else "row"


def _rule(contract: Contract, rule_id: str) -> Rule | None:
    return next((rule for rule in contract.rules if rule.id == rule_id), None)


def _overrule(finding: Finding, route: Route, overruled: Collection[tuple[str, str]]) -> Finding:
    if (finding.rule, finding.record) not in overruled or finding.severity != "reject":
        return finding
    rule = _rule(route.contract(finding.dataset), finding.rule)
    return replace(finding, severity="verify") if rule is not None and rule.overrulable else finding


def _findings(
    check: RowCheck,
    contract: Contract,
    rows: pd.DataFrame,
    keys: pd.Series | None,
    numbers: Mapping[str, str],
) -> Iterator[Finding]:
    rule_id = check.rule.partition(":")[0]
    rule = _rule(contract, rule_id)
    for position, owner in zip(rows.index, rows["_record"], strict=True):
        record = text(owner)
        yield Finding(
            rule=rule_id,
            severity=rule.severity if rule else "reject",
            dataset=contract.dataset,
            record=record,
            case_no=text(numbers.get(record or "")),
            row_key=None if keys is None else str(keys.iloc[position]),
            column=",".join(check.columns),
            note=_hint(rule, rows.at[position, check.columns[0]]),
            comparable=rule.comparable if rule else False,
        )


def _hint(rule: Rule | None, value: object) -> str:
    """What a broken USCC may be meant as, told by places and never by the code; nothing for any other rule."""
    if rule is None or (rule.function or rule.id) != USCC_RULE or not isinstance(value, str):
        return ""
    return " ".join(hint(value) or ())


def _going(
    frames: Mapping[str, pd.DataFrame], route: Route, held: Collection[str], rows: Mapping[str, Collection[str]]
) -> dict[str, pd.DataFrame]:
    """The rows of cases that are not held, less single rows that are left out."""
    return {name: _to_send(frame, route.contract(name), rows.get(name, ()), held) for name, frame in frames.items()}


def _to_send(frame: pd.DataFrame, contract: Contract, rows: Collection[str], held: Collection[str]) -> pd.DataFrame:
    keep = ~among(frame["_record"], held)
    if contract.dataset != CASES and rows:
        keep = keep & ~marked(frame, row_keys(frame, contract), rows)
    return frame if keep.all() else frame.loc[np.asarray(keep, dtype=bool)].reset_index(drop=True)
