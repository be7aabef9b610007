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


def case_in_exchange(
    frames: Mapping[str, pd.DataFrame], before: Mapping[str, pd.DataFrame], route: Route
) -> pd.DataFrame:
    """One row for each sent case: new, closed (terminated since), changed or unchanged.

    `before` are the rows that last landed on the route, by dataset. `changed_columns` names the columns of
    bankruptcy_case that differ, and the other datasets some row of which does, separated by commas.
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
    lists = [",".join(names[row]) for row in told.to_numpy(bool)] if len(names) else [""] * len(cases)
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
    """For each column of the case, and each other dataset: which cases differ from before."""
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
        if dataset in (CASES, DATASET):
            continue
        contract = route.wire(dataset)
        now_rows = _digest(frame, contract, cases["case_no"])
        changed[dataset] = known & (now_rows != _digest(before.get(dataset), contract, cases["case_no"]))
    return changed


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
