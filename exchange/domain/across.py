"""Rules that need more than one row: duplicates, a case without debtor."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from exchange.domain.calendar import WorkCalendar
from exchange.domain.case_number import parse, serials_alike
from exchange.domain.checks import claim_limits, court_code_fits, days
from exchange.domain.contract import Contract, Rule
from exchange.domain.finding import Finding
from exchange.domain.prepare import CASES, Prepared, text
from exchange.domain.route import Party, Route
from exchange.domain.text import all_differ, among, as_array, as_list, as_series, passes

Mask = npt.NDArray[np.bool_]
DEBTORS = "case_debtor"
DUPLICATE_KEY, DUPLICATE_ROW = "duplicate_key", "duplicate_row"


def check_across(prepared: Prepared, row_findings: Sequence[Finding], *, route: Route, sender: Party) -> list[Finding]:
    """What is wrong between the rows of one whole exchange, by the rules its contract names.

    Rows that are left out already (`row_findings`) do not count as the other one of two rows with the same key.
    """
    within = check_within(prepared, row_findings, route=route)
    return in_order([*check_numbers(prepared, route=route, sender=sender), *within], route)


def check_numbers(prepared: Prepared, *, route: Route, sender: Party) -> list[Finding]:
    """What is wrong between the cases of a whole exchange: two with the same number."""
    return [
        finding
        for rule in _rules(prepared, route, "duplicate_case_no")
        for finding in _case_findings(prepared.cases, rule, duplicate_case_no(prepared.cases, sender))
    ]


def check_within(prepared: Prepared, row_findings: Sequence[Finding], *, route: Route) -> list[Finding]:
    """What is wrong between the rows of one case (no debtor, two rows with the same key), or between those of a dataset
    that stands alone, which has to be there whole."""
    found = [
        finding
        for rule in _rules(prepared, route, "case_without_debtor")
        for finding in _case_findings(prepared.cases, rule, ~_has_rows(prepared.cases, prepared.frames.get(DEBTORS)))
    ]
    for dataset, frame in prepared.frames.items():
        if dataset != CASES:
            found.extend(_same_keys(frame, route.contract(dataset), row_findings, prepared.cases))
    return found


def in_order(findings: Iterable[Finding], route: Route) -> list[Finding]:
    """Findings across rows by rule of the cases' contract, then by dataset: the same however the cases were parted."""
    datasets = [contract.dataset for contract in route.datasets]
    rules = [rule.id for rule in route.contract(CASES).rules] if CASES in datasets else []

    def place(finding: Finding) -> tuple[int, int]:
        if finding.dataset == CASES and finding.rule in rules:
            return 0, rules.index(finding.rule)
        return 1, datasets.index(finding.dataset)

    return sorted(findings, key=place)


def _rules(prepared: Prepared, route: Route, function: str) -> list[Rule]:
    """The rules of the cases' contract that run this function."""
    return [rule for rule in route.contract(CASES).rules if rule.runs == function] if CASES in prepared.frames else []


def duplicate_case_no(cases: pd.DataFrame, sender: Party) -> Mask:
    """Whether another record has the same number, and it is not the only one of them whose number fits.

    A number fits when it is well formed and its court code is one of its court's, whatever else the case breaks.
    Empty numbers are no duplicates.
    """
    several = (cases["case_no"].notna() & cases["case_no"].duplicated(keep=False)).to_numpy(bool)
    out, cases = np.zeros(len(several), dtype=bool), cases.loc[several]
    numbers = cases["case_no"]
    formed = passes(serials_alike(numbers), lambda number: parse(number).form != "malformed")
    fits = formed & court_code_fits(numbers, cases["court_code"], sender)
    fitting = pd.Series(fits, index=cases.index).groupby(numbers, sort=False).transform("sum").fillna(0).to_numpy()
    out[several] = ~(fits & (fitting == 1))
    return out


def unofficial_years(prepared: Prepared, route: Route, calendar: WorkCalendar) -> Iterator[Finding]:
    """One warning for each year whose working days some claim period's limit was guessed from."""
    rules = route.contract(CASES).rules if CASES in prepared.frames else ()
    rule = next((rule for rule in rules if rule.runs == "claim_period_longer_than_3_months"), None)
    if rule is None:
        return
    cases = prepared.frames[CASES]
    announced = days(cases["announced_on"])[cases["claims_due_on"].notna().to_numpy(bool)]
    years = {limit.year for limit in claim_limits(announced, rule, route, calendar.is_workday)[1]}
    for year in sorted(year for year in years if not calendar.is_official(year)):
        yield Finding(
            rule="calendar_not_official", severity="warn", dataset=CASES, record=None, case_no=None,
            column="claims_due_on", note=str(year), comparable=False,
        )  # fmt: skip


def row_keys(frame: pd.DataFrame, contract: Contract) -> pd.Series:
    """Each row's key, its columns joined by `|`; the second row of the same key of a case ends in `#2`, and so on."""
    keys, whole = _keys(frame, contract)
    made = as_series(keys, index=frame.index)
    return made if all_differ(whole) else _numbered(made, as_series(whole))


def _keys(frame: pd.DataFrame, contract: Contract) -> tuple[pa.Array, pa.Array]:
    """(each row's key as text, the same with its case before it)."""
    parts = [pc.fill_null(as_array(frame[column]), "") for column in contract.key]
    keys = pc.binary_join_element_wise(*parts, pa.scalar("|", pa.large_string()))
    records = pc.fill_null(as_array(frame["_record"]), "")
    return keys, pc.binary_join_element_wise(records, keys, pa.scalar("\x1f", pa.large_string()))


def _numbered(keys: pd.Series, whole: pd.Series) -> pd.Series:
    again = whole.groupby(whole, sort=False).cumcount().to_numpy()
    return keys.where(again == 0, keys + "#" + pd.Series(again + 1, index=keys.index).astype("str"))


def _has_rows(cases: pd.DataFrame, rows: pd.DataFrame | None) -> Mask:
    if rows is None:
        return np.zeros(len(cases), dtype=bool)
    return among(cases["_record"], rows["_record"].dropna())


def _case_findings(cases: pd.DataFrame, rule: Rule, broken: Mask) -> Iterator[Finding]:
    for n in np.flatnonzero(broken):
        yield Finding(
            rule=rule.id, severity=rule.severity, dataset=CASES, record=text(cases["_record"].iloc[n]),
            case_no=text(cases["_case_no_raw"].iloc[n]), column=",".join(rule.columns), comparable=rule.comparable,
        )  # fmt: skip


def _same_keys(
    frame: pd.DataFrame, contract: Contract, row_findings: Sequence[Finding], cases: pd.DataFrame
) -> Iterator[Finding]:
    """Rows of one case with the same key: of rows that are alike the first stays, rows that differ are all left out."""
    if all_differ(_keys(frame, contract)[1]):
        return
    keys = row_keys(frame, contract)
    gone = marks([f for f in row_findings if f.severity == "reject"]).get(contract.dataset, ())
    left = frame.loc[~marked(frame, keys, gone)]
    columns = [*contract.key, "_record"]
    doubled = left.loc[left.duplicated(columns, keep=False)]
    if doubled.empty:
        return
    groups = doubled.groupby(columns, dropna=False, sort=False).ngroup()
    variants = groups.loc[doubled.drop_duplicates().index].value_counts()
    differ = (groups.map(variants) > 1).to_numpy(bool)
    later = groups.duplicated().to_numpy(bool)
    numbers: dict[Any, Any] = dict(zip(as_list(cases["_record"]), as_list(cases["_case_no_raw"]), strict=True))
    told = keys.loc[doubled.index]
    for n in np.flatnonzero(differ | later):
        record = doubled["_record"].iloc[n]
        yield Finding(
            rule=DUPLICATE_KEY if differ[n] else DUPLICATE_ROW, severity="reject", dataset=contract.dataset,
            record=text(record), case_no=text(numbers.get(record)), row_key=str(told.iloc[n]),
            column=",".join(contract.key), comparable=False,
        )  # fmt: skip


def marks(findings: Iterable[Finding]) -> dict[str, set[str]]:
    """Dataset → the rows that findings name by record and row key, as `marked` looks for them."""
    found: dict[str, set[str]] = {}
    for finding in findings:
        if finding.row_key is not None:
            found.setdefault(finding.dataset, set()).add(f"{finding.record}\x1f{finding.row_key}")
    return found


def marked(frame: pd.DataFrame, keys: pd.Series, among: Collection[str]) -> Mask:
    """Which rows of a dataset are among those."""
    if not among:
        return np.zeros(len(frame), dtype=bool)
    return np.asarray((frame["_record"].astype(object) + "\x1f" + keys).isin(among), dtype=bool)
