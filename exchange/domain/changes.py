"""Dataset `case_in_exchange`: why each case is in this exchange, against what the route carried before."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from exchange.domain.contract import Contract
from exchange.domain.prepare import CASES
from exchange.domain.route import Route
from exchange.domain.text import among, as_array

DATASET: Final = "case_in_exchange"
COLUMNS: Final = ("case_no", "why", "changed_columns", "corrects", "_record")
UNTOLD: Final = ("case_no", "source_updated_at")
"""The time of the last keystroke is no change of the case."""

BETWEEN: Final = "|"
"""Between the names in `changed_columns`, as its contract says."""


def case_in_exchange(
    frames: Mapping[str, pd.DataFrame], before: Mapping[str, pd.DataFrame], route: Route
) -> pd.DataFrame:
    """One row for each sent case: new, closed (terminated since), changed or unchanged.

    `before` are the rows that last landed on the route, by dataset. `changed_columns` names what differs: a column of
    bankruptcy_case by its name, a column of another dataset's row as `case_debtor.address`, and a dataset alone
    where rows came or went. The order of rows is no difference.
    """
    frames = {name: frame for name, frame in frames.items() if route.contract(name).of_case}
    if CASES not in frames:
        return pd.DataFrame({name: pd.Series([], dtype="str") for name in COLUMNS})
    cases = frames[CASES]
    last = _last(before.get(CASES), cases["case_no"])
    known = np.asarray(last.is_valid(), dtype=bool)
    changed = _changed(frames, before, route, last, known)
    why = np.where(known, "unchanged", "new").astype(object)
    told = np.column_stack(list(changed.values())) if changed else np.zeros((len(cases), 0), dtype=bool)
    some = told.any(axis=1)
    why[some] = "changed"
    if CASES in before:
        ended = (cases["stage"] == "terminated").to_numpy(bool)
        why[ended & changed.get("stage", np.zeros(len(cases), dtype=bool))] = "closed"
    names, lists = np.array(list(changed), dtype=object), np.full(len(cases), None, dtype=object)
    for n in np.flatnonzero(some):
        lists[n] = BETWEEN.join(names[told[n]])
    return pd.DataFrame(
        {
            "case_no": cases["case_no"],
            "why": pd.Series(why, index=cases.index, dtype="str"),
            "changed_columns": pd.Series(lists, index=cases.index, dtype="str"),
            "corrects": pd.Series(None, index=cases.index, dtype="str"),
            "_record": cases["_record"],
        }
    )


def unchanged(cases: pd.DataFrame) -> pd.DataFrame:
    """The same for cases all of whose rows are known to be those that were carried before."""
    told = cases[["case_no", "_record"]].assign(why="unchanged", changed_columns=None, corrects=None)
    return told[list(COLUMNS)].astype("str")


def _last(before: pd.DataFrame | None, numbers: pd.Series) -> pa.Array:
    """Where among the cases carried before each case stands; null for none."""
    known = before["case_no"] if before is not None else pd.Series([], dtype="str")
    return pc.index_in(as_array(numbers), value_set=as_array(known), skip_nulls=True)


def _changed(
    frames: Mapping[str, pd.DataFrame],
    before: Mapping[str, pd.DataFrame],
    route: Route,
    last: pa.Array,
    known: npt.NDArray[np.bool_],
) -> dict[str, npt.NDArray[np.bool_]]:
    """For each column of the case, and each other dataset and its columns: which cases differ from before."""
    cases = frames[CASES]
    columns = [name for name in route.wire(CASES).names if name not in UNTOLD]
    if not known.any():
        return dict.fromkeys([*columns, *(name for name in frames if name not in (CASES, DATASET))], known)
    changed: dict[str, npt.NDArray[np.bool_]] = {}
    for name in columns:
        then = _column(before[CASES], name).take(last)
        differs = pc.not_equal(_column(cases, name), pc.fill_null(then, ""))
        changed[name] = known & np.asarray(differs, dtype=bool)
    for dataset, frame in frames.items():
        contract = route.wire(dataset)
        if dataset in (CASES, DATASET) or "case_no" not in contract.names:
            continue
        then_frame = before.get(dataset)
        differ = _differing(frame, then_frame, contract)
        changed |= _by_column(frame, then_frame, contract, cases["case_no"], known & among(cases["case_no"], differ))
    return changed


def _column(frame: pd.DataFrame, name: str) -> pa.Array:
    """A column's text, missing as empty."""
    if name not in frame:
        return pa.array([""] * len(frame), pa.large_string())
    values = as_array(frame[name].astype("str"))
    return pc.fill_null(values, "") if values.null_count else values


def _differing(now: pd.DataFrame, then: pd.DataFrame | None, contract: Contract) -> pa.Array:
    """The cases with a row that is there now and was not then, or the other way."""
    left, right = (_rows(frame, contract) for frame in (now, then))
    came, went = (pc.invert(pc.is_in(one, value_set=other)) for one, other in ((left, right), (right, left)))
    owners = [_column(now, "case_no").filter(came)]
    owners += [_column(then, "case_no").filter(went)] if then is not None else []
    return pa.concat_arrays(owners)


def _rows(frame: pd.DataFrame | None, contract: Contract) -> pa.Array:
    """Each row as one text."""
    if frame is None or frame.empty:
        return pa.array([], pa.large_string())
    between = pa.scalar("\x1f", pa.large_string())
    return pc.binary_join_element_wise(*(_column(frame, name) for name in contract.names), between)


def _by_column(
    now: pd.DataFrame, then: pd.DataFrame | None, contract: Contract, numbers: pd.Series, differs: npt.NDArray[np.bool_]
) -> dict[str, npt.NDArray[np.bool_]]:
    """For the cases whose rows differ: the dataset where rows came or went, `dataset.column` where one changed."""
    if not differs.any():
        return {contract.dataset: differs}
    wanted = as_array(numbers[differs])
    rows = [_keyed(frame, contract, wanted) for frame in (now, then)]
    cases: dict[str, set[str]] = {}
    came, went = (one["case_no"][~one.index.isin(other.index)] for one, other in (rows, rows[::-1]))
    cases[contract.dataset] = {*came, *went}
    both = rows[0].index.intersection(rows[1].index)
    left, right = (frame.loc[both] for frame in rows)
    owner = left["case_no"].to_numpy(object)
    for name in (name for name in contract.names if name not in contract.key):
        changed = (left[name] != right[name]).to_numpy(bool)
        if changed.any():
            cases[f"{contract.dataset}.{name}"] = set(owner[changed])
    return {name: differs & among(numbers, found) for name, found in cases.items()}


def _keyed(frame: pd.DataFrame | None, contract: Contract, cases: pa.Array) -> pd.DataFrame:
    """The rows of these cases by key, all text, missing as empty."""
    if frame is None or frame.empty:
        frame = pd.DataFrame({name: pd.Series([], dtype="str") for name in contract.names})
    some = frame.loc[among(frame["case_no"], cases)].reindex(columns=list(contract.names))
    return some.astype(object).fillna("").set_index(list(contract.key), drop=False)
