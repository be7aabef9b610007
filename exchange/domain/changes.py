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
from exchange.domain.text import as_array

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
    numbers = cases["case_no"].astype(object)
    last = before[CASES].drop_duplicates("case_no").set_index("case_no") if CASES in before else None
    known = np.zeros(len(cases), dtype=bool) if last is None else numbers.isin(last.index).to_numpy(bool)
    changed = _changed(frames, before, route, known)
    told = pd.DataFrame(changed, index=cases.index)
    names = np.array(list(changed), dtype=object)
    lists = [BETWEEN.join(names[row]) for row in told.to_numpy(bool)] if len(names) else [""] * len(cases)
    why = np.where(~known, "new", np.where(told.any(axis=1).to_numpy(bool), "changed", "unchanged")).astype(object)
    if last is not None:
        ended = (cases["stage"] == "terminated").to_numpy(bool) & changed.get("stage", np.zeros(len(cases), dtype=bool))
        why[ended & known] = "closed"
    text = pd.Series(lists, index=cases.index, dtype="str")
    return pd.DataFrame(
        {
            "case_no": cases["case_no"],
            "why": pd.Series(why, index=cases.index, dtype="str"),
            "changed_columns": text.where(pd.Series(known, index=cases.index) & (text != "")),
            "corrects": pd.Series(None, index=cases.index, dtype="str"),
            "_record": cases["_record"],
        }
    )


def _changed(
    frames: Mapping[str, pd.DataFrame], before: Mapping[str, pd.DataFrame], route: Route, known: npt.NDArray[np.bool_]
) -> dict[str, npt.NDArray[np.bool_]]:
    """For each column of the case, and each other dataset and its columns: which cases differ from before."""
    cases = frames[CASES]
    columns = [name for name in route.wire(CASES).names if name not in UNTOLD]
    if not known.any():
        return dict.fromkeys([*columns, *(name for name in frames if name not in (CASES, DATASET))], known)
    changed: dict[str, npt.NDArray[np.bool_]] = {}
    then = _aligned(before.get(CASES), cases["case_no"], columns)
    for name in columns:
        now = cases[name].astype(object).fillna("").to_numpy()
        changed[name] = known & (now != then[name].astype(object).fillna("").to_numpy())
    for dataset, frame in frames.items():
        contract = route.wire(dataset)
        if dataset in (CASES, DATASET) or "case_no" not in contract.names:
            continue
        now_rows = _digest(frame, contract, cases["case_no"])
        differs = known & (now_rows != _digest(before.get(dataset), contract, cases["case_no"]))
        changed |= _by_column(frame, before.get(dataset), contract, cases["case_no"], differs)
    return changed


def _by_column(
    now: pd.DataFrame, then: pd.DataFrame | None, contract: Contract, numbers: pd.Series, differs: npt.NDArray[np.bool_]
) -> dict[str, npt.NDArray[np.bool_]]:
    """For the cases whose rows differ: the dataset where rows came or went, `dataset.column` where one changed."""
    wanted = set(numbers[differs])
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
    return {name: differs & numbers.isin(found).to_numpy(bool) for name, found in cases.items()}


def _keyed(frame: pd.DataFrame | None, contract: Contract, cases: set[str]) -> pd.DataFrame:
    """The rows of these cases by key, all text, missing as empty."""
    if frame is None or frame.empty:
        frame = pd.DataFrame({name: pd.Series([], dtype="str") for name in contract.names})
    some = frame.loc[frame["case_no"].isin(cases)].reindex(columns=list(contract.names))
    return some.astype(object).fillna("").set_index(list(contract.key), drop=False)


def _aligned(frame: pd.DataFrame | None, numbers: pd.Series, columns: list[str]) -> pd.DataFrame:
    """The rows of these cases in their order; missing ones empty."""
    if frame is None or frame.empty:
        return pd.DataFrame({name: pd.Series(None, index=range(len(numbers)), dtype="str") for name in columns})
    last = frame.drop_duplicates("case_no").set_index("case_no").reindex(columns=columns)
    return last.reindex(numbers.to_numpy(object)).reset_index(drop=True)


def _digest(frame: pd.DataFrame | None, contract: Contract, numbers: pd.Series) -> npt.NDArray[np.uint64]:
    """One figure per case over its rows, whatever their order; 0 for none."""
    if frame is None or frame.empty:
        return np.zeros(len(numbers), dtype=np.uint64)
    told = frame.reindex(columns=list(contract.names)).astype("str")
    columns = [pc.fill_null(as_array(told[name]), "") for name in told]
    rows = pc.binary_join_element_wise(*columns, pa.scalar("\x1f", pa.large_string()))
    hashed = pd.Series(
        pd.util.hash_array(rows.to_numpy(zero_copy_only=False), categorize=False),
        index=frame["case_no"].to_numpy(object),
    )
    sums = hashed.groupby(level=0, sort=False).sum()
    return np.asarray(sums.reindex(numbers.to_numpy(object), fill_value=0).to_numpy(), dtype=np.uint64)
