"""The words cases are found by, of many debtors at once: what `words_of` says of each case, column by column."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import combinations, groupby
from typing import Final

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from exchange.domain.case_index import squeezed, words_of
from exchange.domain.case_number import FORMED, normalise_case_no
from exchange.domain.columns import Bools, mapped, unlike
from exchange.domain.text import any_of, as_array, as_series, by_value

PLAIN: Final = r"^[0-9A-Z\x{4e00}-\x{9fff}]*$"
"""Text that is squeezed already, as nearly all is once full-width brackets are gone."""

_NONE: Final = pa.scalar("", pa.large_string())
_END: Final = pa.scalar("\n", pa.large_string())


def words_by_case(parts: Iterable[pd.DataFrame]) -> Iterator[pd.DataFrame]:
    """Debtors' rows (case_no, the first debtor's name, the other texts), sorted by case and parted anywhere, as one
    row a case: case_no, `debtor` (the first one's name), `words`. Columns that begin with `_` are a case's own, the
    same in all its rows, and stay."""
    for whole_rows in _whole_cases(parts):
        kept = whole_rows.filter(regex="^_")
        rows = whole_rows.drop(columns=kept.columns)
        cases, *names = (as_array(rows[column]) for column in rows)
        squeezed_cases, *texts = (_squeezed(values) for values in (cases, *names))
        alone = _alone(rows["case_no"]) & ~_repeated([squeezed_cases, *texts])
        lines = pc.binary_join_element_wise(_END, _line(squeezed_cases), *map(_line, texts), _NONE)
        debtors = pc.fill_null(names[0], "") if names else pa.repeat(_NONE, len(cases))
        made = pd.DataFrame({"case_no": as_series(cases), "debtor": as_series(debtors), "words": as_series(lines)})
        found = pd.concat([made.loc[alone], _one_by_one(rows.loc[~alone])])
        yield found.join(kept).reset_index(drop=True)


def claims_by_case(claims: pd.DataFrame) -> pd.DataFrame:
    """Claims' rows (case_no, claim_no) with the case's number in its one form, each pair once, sorted; a claim that
    names no case is left out."""
    numbers = as_array(claims["case_no"])
    named = claims.assign(case_no=as_series(mapped(numbers, unlike(numbers, FORMED), normalise_case_no)))
    return named.dropna(subset=["case_no"]).drop_duplicates().sort_values(["case_no", "claim_no"])


def _whole_cases(parts: Iterable[pd.DataFrame]) -> Iterator[pd.DataFrame]:
    """The rows parted anew, so that all of a case are in one part."""
    held: list[pd.DataFrame] = []
    for part in parts:
        last = len(part) - int((part["case_no"] == part["case_no"].iloc[-1]).sum())
        if last:
            yield pd.concat([*held, part.iloc[:last]], ignore_index=True)
            held = []
        held.append(part.iloc[last:])
    if held:
        yield pd.concat(held, ignore_index=True)


def _squeezed(values: pa.Array) -> pa.Array:
    """Each text squeezed; one that is none stays none."""
    bare = pc.replace_substring(pc.replace_substring(values, "（", ""), "）", "")
    odd = unlike(bare, PLAIN)
    if not odd.any():
        return bare
    return pc.if_else(pa.array(odd), mapped(values, odd, lambda some: by_value(some, squeezed)), bare)


def _line(texts: pa.Array) -> pa.Array:
    """Each text with a line end; nothing for nothing."""
    some = pc.fill_null(pc.not_equal(texts, ""), False)
    return pc.if_else(some, pc.binary_join_element_wise(texts, _END, _NONE, null_handling="replace"), _NONE)


def _alone(cases: pd.Series) -> Bools:
    """Which rows are their case's only one."""
    values = as_array(cases)
    same = np.asarray(pc.equal(values.slice(1), values.slice(0, len(values) - 1)), dtype=bool)
    return np.asarray(~(np.append(same, False) | np.append(False, same)), dtype=bool)


def _repeated(texts: list[pa.Array]) -> Bools:
    """Which rows hold the same text twice."""
    pairs = (pc.fill_null(pc.equal(one, other), False) for one, other in combinations(texts, 2))
    return any_of((np.asarray(pair, dtype=bool) for pair in pairs), len(texts[0]))


def _one_by_one(rows: pd.DataFrame) -> pd.DataFrame:
    """The same for cases with several debtors, or with a text twice, each in the place of its first row."""
    told = ([None if pd.isna(value) else str(value) for value in row] for row in rows.itertuples(index=False))
    found = []
    for case_no, debtors in groupby(told, key=lambda row: str(row[0])):
        names = [row[1:] for row in debtors]
        first = names[0][0] if names[0] else None
        found.append((case_no, first or "", words_of(case_no, (one for row in names for one in row))))
    places = rows.index[~rows["case_no"].duplicated()]
    return pd.DataFrame(found, columns=["case_no", "debtor", "words"], index=places, dtype="str")
