"""Rows as read from the source, brought to the wire's form: selected, normalised, what was changed listed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import cache
from typing import Any, Final

import numpy as np
import pandas as pd
import pyarrow as pa

from exchange.domain import case_number, identifiers
from exchange.domain.columns import mapped, unlike
from exchange.domain.contract import MADE_HERE, Contract, Form
from exchange.domain.finding import Finding
from exchange.domain.period import Period
from exchange.domain.route import Party, Route
from exchange.domain.selection import of_quarter, of_sender, selected
from exchange.domain.text import among, as_array, as_list, as_series, looked_up, trimmed

CASES: Final = "bankruptcy_case"
COURT: Final = "court_code"
NOT_SUPPLIED: Final = "dataset_not_supplied"


@dataclass(frozen=True, slots=True, kw_only=True)
class Normalised:
    """One value of one case brought to its form: never silent. `case_no` as it stands in the source."""

    rule: str
    record: str
    case_no: str | None
    to: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """The selected rows, by dataset: the contract's columns, normalised, and `_record`.

    `_record` is the source's id of the case, or the dataset's own name where it stands alone (its key says which row).
    `bankruptcy_case` has `_case_no_raw` beside. `notes` are findings made on the way.
    """

    frames: Mapping[str, pd.DataFrame]
    normalised: tuple[Normalised, ...]
    notes: tuple[Finding, ...]
    period: Period
    as_of: date

    @property
    def cases(self) -> pd.DataFrame:
        """The selected cases; none on a route that carries no cases."""
        return self.frames.get(CASES, _NO_CASES)


_NO_CASES: Final = pd.DataFrame(
    {name: pd.Series([], dtype="str") for name in ("_record", "_case_no_raw", "case_no", COURT, "stage")}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Form:
    """How values are brought to their form, and what that takes. What matches the RE2 pattern `formed` is in it: Arrow
    finds those, and nobody looks at them one by one."""

    change: Callable[[pd.Series], pd.Series]
    of: Callable[[str], str]
    takes: Callable[[str], tuple[str, ...]]
    formed: str


_NUMBER: Final = _Form(
    change=case_number.normalise_case_no, of=case_number.normalise, takes=case_number.applied,
    formed=case_number.FORMED,
)  # fmt: skip
_ID: Final = _Form(
    change=identifiers.normalise_id, of=identifiers.id_form, takes=identifiers.id_applied, formed=identifiers.ID_FORMED
)  # fmt: skip
_NAME: Final = _Form(
    change=identifiers.sent_name, of=trimmed, takes=identifiers.name_applied,
    formed=identifiers.NAME_FORMED,
)  # fmt: skip
FORMS: Final[Mapping[Form, _Form]] = {"case_no": _NUMBER, "name": _NAME, "id": _ID}
"""A contract's word for a form → how it is brought about, what that is called, and one value's form."""


def prepare(
    frames: Mapping[str, pd.DataFrame], *, route: Route, sender: Party, period: Period, as_of: date
) -> Prepared:
    """The quarter's rows of the sender out of what its source holds, each value in its one form.

    Frames as the port `Source` gives them. An optional column the source has not is there, and empty; so is a dataset,
    which is noted.
    """
    contracts = [c for c in route.carries("Q") if c.dataset not in MADE_HERE]
    whole = {c.dataset: _shaped(frames.get(c.dataset), c.names) for c in contracts}
    notes = [*_not_supplied(frames, contracts)]
    numbers: dict[Any, Any] = {}
    if CASES in whole:
        cases, doubled = _one_row_each(_named(whole[CASES], frames.get(CASES), sender))
        whole[CASES] = cases.loc[selected(cases, sender=sender, first_day=period.first_day)].reset_index(drop=True)
        numbers = dict(zip(as_list(whole[CASES]["_record"]), as_list(whole[CASES]["_case_no_raw"]), strict=True))
        notes += [*_several_administrators(doubled, numbers), *_strangers(cases, CASES, sender)]
    records = as_array(list(numbers))
    for contract in contracts:
        if contract.dataset != CASES:
            whole[contract.dataset], strangers = _belonging(whole[contract.dataset], contract, records, sender, period)
            notes += strangers
    normalised: dict[Normalised, None] = {}
    for contract in contracts:
        for column in contract.columns:
            if column.normalise is not None:
                form = FORMS[column.normalise]
                normalised.update(dict.fromkeys(_normalise(whole[contract.dataset], column.name, form, numbers)))
    _number_rows({c.dataset: whole[c.dataset] for c in contracts if c.of_case})
    return Prepared(frames=whole, normalised=tuple(normalised), notes=tuple(notes), period=period, as_of=as_of)


def _named(cases: pd.DataFrame, given: pd.DataFrame | None, sender: Party) -> pd.DataFrame:
    """The register with each case's number as it stood and its court by name."""
    return cases.assign(_case_no_raw=_as_it_stood(given), court_name=_court_names(cases, sender))


def _belonging(
    rows: pd.DataFrame, contract: Contract, records: pa.Array, sender: Party, period: Period
) -> tuple[pd.DataFrame, list[Finding]]:
    """The rows that go with a selected case, or, of a dataset that stands alone, those of the sender and the quarter;
    and what is to be said of the others."""
    if contract.of_case:
        return rows.loc[among(rows["_record"], records)].reset_index(drop=True), []
    named = rows.assign(_record=contract.dataset)
    strangers = list(_strangers(named, contract.dataset, sender)) if COURT in rows else []
    ours = of_sender(rows[COURT], sender) if COURT in rows else np.ones(len(rows), dtype=bool)
    keep = ours & of_quarter(rows, contract.select_by, period.first_day)
    return named.loc[keep].astype("str").reset_index(drop=True), strangers


def _not_supplied(given: Mapping[str, pd.DataFrame], contracts: Sequence[Contract]) -> Iterator[Finding]:
    """Datasets the source does not hold at all: an empty file alone would say that there was nothing."""
    for contract in contracts:
        if contract.dataset not in given:
            yield Finding(
                rule=NOT_SUPPLIED, severity="warn", dataset=contract.dataset, record=None, case_no=None,
                comparable=False,
            )  # fmt: skip


OUTLINE: Final = (
    "_record", "_case_no_raw", "case_no", "court_code", "procedure", "stage", "is_major", "accepted_on",
    "announced_on", "claims_due_on",
)  # fmt: skip
"""What is looked at across the cases of a whole exchange, and kept of all of them in memory at once."""


def outline(batch: Prepared, route: Route) -> Prepared:
    """Of a batch what `OUTLINE` names of its cases, and the datasets that stand alone."""
    frames = {name: frame for name, frame in batch.frames.items() if not route.contract(name).of_case}
    if CASES in batch.frames:
        frames[CASES] = batch.cases[[name for name in OUTLINE if name in batch.cases]]
    return replace(batch, frames=frames)


def parted(batch: Prepared, route: Route) -> tuple[Prepared, Prepared]:
    """The datasets whose rows are part of a case, and those that stand alone."""
    of_case = {name: frame for name, frame in batch.frames.items() if route.contract(name).of_case}
    alone = {name: frame for name, frame in batch.frames.items() if name not in of_case}
    return replace(batch, frames=of_case), replace(batch, frames=alone)


def join(parts: Sequence[Prepared]) -> Prepared:
    """The batches of one exchange as one; ValueError for none."""
    if not parts:
        raise ValueError("an exchange has at least one batch")
    first = parts[0]
    if len(parts) == 1:
        return first
    frames = {name: pd.concat([p.frames[name] for p in parts], ignore_index=True) for name in first.frames}
    return Prepared(
        frames=frames,
        normalised=tuple(n for p in parts for n in p.normalised),
        notes=tuple(dict.fromkeys(n for p in parts for n in p.notes)),
        period=first.period,
        as_of=first.as_of,
    )


def _shaped(frame: pd.DataFrame | None, names: Sequence[str]) -> pd.DataFrame:
    """The contract's columns and `_record` as text, in order; empty text is missing."""
    columns = [*names, "_record"]
    if frame is None:
        return pd.DataFrame({name: pd.Series([], dtype="str") for name in columns})
    shaped = frame.reset_index(drop=True).reindex(columns=columns).astype("str")
    empty = shaped == ""
    return shaped.mask(empty) if empty.to_numpy().any() else shaped


def _as_it_stood(cases: pd.DataFrame | None) -> pd.Series:
    """Case numbers as they stand in the source, which may tell an empty one from none."""
    if cases is None:
        return pd.Series([], dtype="str")
    return cases["case_no"].reset_index(drop=True).astype("str")


def _court_names(cases: pd.DataFrame, sender: Party) -> pd.Series:
    """Each case's court by name, from the party's file where the source's own list of courts has no such row."""
    known = cases["court_code"].map({court.id: court.name for court in sender.courts})
    return cases["court_name"].fillna(known).astype("str")


def _one_row_each(cases: pd.DataFrame) -> tuple[pd.DataFrame, list[str]]:
    """One row for each case, and the cases that had several: of several administrators the last appointed counts."""
    doubled = cases["_record"].duplicated(keep=False).to_numpy(bool)
    if not doubled.any():
        return cases, []
    order = [c for c in ("administrator_appointed_on", "administrator_name") if c in cases]
    last = cases.sort_values(order, na_position="first", kind="stable").drop_duplicates("_record", keep="last")
    return last.sort_index().reset_index(drop=True), sorted(set(cases["_record"][doubled]))


def _several_administrators(records: Sequence[str], numbers: Mapping[str, Any]) -> Iterator[Finding]:
    for record in records:
        if record in numbers:
            yield Finding(
                rule="several_administrators", severity="warn", dataset=CASES, record=record,
                case_no=text(numbers[record]), column="administrator_name", comparable=False,
            )  # fmt: skip


def _strangers(rows: pd.DataFrame, dataset: str, sender: Party) -> Iterator[Finding]:
    """Rows whose court is not one this party speaks for: nobody exchanges them."""
    for n in np.flatnonzero(~of_sender(rows[COURT], sender)):
        yield Finding(
            rule="court_unknown", severity="warn", dataset=dataset, record=text(rows["_record"].iloc[n]),
            case_no=text(rows["case_no"].iloc[n]) if "case_no" in rows else None, column=COURT, comparable=False,
        )  # fmt: skip


def _normalise(frame: pd.DataFrame, column: str, form: _Form, numbers: Mapping[str, Any]) -> Iterator[Normalised]:
    """Bring one column to its form, in place; yield what was done, by value."""
    values = as_array(frame[column])
    odd, takes, of = unlike(values, form.formed), cache(form.takes), cache(form.of)
    for n in np.flatnonzero(odd):
        value = values[n].as_py()
        for rule in takes(value):
            record = str(frame["_record"].iloc[n])
            yield Normalised(rule=rule, record=record, case_no=text(numbers.get(record)), to=of(value))
    frame[column] = as_series(mapped(values, odd, form.change), index=frame.index, name=column)


def _number_rows(frames: Mapping[str, pd.DataFrame]) -> None:
    """Give every row of a case the case's normalised number."""
    if CASES not in frames:
        return
    records, numbers = (as_array(frames[CASES][name]) for name in ("_record", "case_no"))
    for name, frame in frames.items():
        if name != CASES:
            frame["case_no"] = looked_up(frame["_record"], records, numbers).rename("case_no")


def text(value: Any) -> str | None:
    """A cell as text, None where it is missing."""
    return None if pd.isna(value) else str(value)
