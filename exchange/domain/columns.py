"""Text columns as whole numbers: money in fen, dates in days, texts as codes that can be joined.

Everything here is a vector over rows. Money is int64 fen (±92 quadrillion yuan), never float.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
Days = npt.NDArray[np.datetime64]

TEXT: Final = pa.large_string()


def text(frame: pd.DataFrame, name: str) -> pa.Array:
    """A column as Arrow text; all missing when the frame has no such column (an empty book)."""
    if name not in frame.columns:
        return pa.nulls(len(frame), TEXT)
    found = pa.array(frame[name], type=TEXT, from_pandas=True)
    return found.combine_chunks() if isinstance(found, pa.ChunkedArray) else found


def to_fen(values: pa.Array) -> tuple[Ints, Bools]:
    """Plain decimals as fen, and which rows have one. ValueError on more than two places or no number."""
    try:
        exact = pc.cast(values, pa.decimal128(38, 2))
    except pa.ArrowInvalid:
        raise ValueError("a money column holds something else") from None
    known = np.asarray(pc.is_valid(values).to_numpy(zero_copy_only=False), dtype=bool)
    if not len(exact):
        return np.zeros(0, np.int64), known
    low_words = np.frombuffer(exact.buffers()[1], np.int64)[::2][exact.offset : exact.offset + len(exact)]
    return np.where(known, low_words, 0), known


def to_days(values: pa.Array) -> Days:
    """ISO dates as days; NaT where missing. ValueError when one is no date."""
    try:
        days: Days = pc.cast(values, pa.date32()).to_numpy(zero_copy_only=False).astype("datetime64[D]")
    except pa.ArrowInvalid:
        raise ValueError("a date column holds something else") from None
    return days


def to_ints(values: pa.Array) -> Ints:
    """Whole numbers; -1 where missing. ValueError when one is no whole number."""
    try:
        numbers: Ints = pc.fill_null(pc.cast(values, pa.int64()), -1).to_numpy(zero_copy_only=False)
    except pa.ArrowInvalid:
        raise ValueError("an int column holds something else") from None
    return numbers


def equals(values: pa.Array, one: str) -> Bools:
    """Which rows hold this text."""
    return np.asarray(pc.fill_null(pc.equal(values, one), False).to_numpy(zero_copy_only=False), dtype=bool)


def among(values: pa.Array, several: tuple[str, ...]) -> Bools:
    """Which rows hold one of these texts."""
    return np.asarray(pc.is_in(values, pa.array(several, TEXT)).to_numpy(zero_copy_only=False), dtype=bool)


def positions(values: pa.Array, within: pa.Array) -> Ints:
    """Where each text first stands in another column; -1 where it doesn't, or is missing."""
    if values.null_count == len(values):
        return np.full(len(values), -1, np.int64)
    found = pc.fill_null(pc.index_in(values, within, skip_nulls=True), -1)
    return np.asarray(found.to_numpy(zero_copy_only=False), dtype=np.int64)


def codes(*columns: pa.Array) -> tuple[tuple[Ints, ...], pa.Array]:
    """The same small numbers for the same texts in all columns, and the text of each number; a missing text has the
    number after the last."""
    whole = pa.concat_arrays([c.cast(TEXT) for c in columns]).dictionary_encode()
    numbers = np.asarray(
        pc.fill_null(whole.indices, len(whole.dictionary)).to_numpy(zero_copy_only=False), dtype=np.int64
    )  # fmt: skip
    ends = np.cumsum([len(c) for c in columns])[:-1]
    return tuple(np.split(numbers, ends)), whole.dictionary


def combine(*keys: Ints) -> Ints:
    """One number for each distinct combination of non-negative keys."""
    joined = keys[0]
    for key in keys[1:]:
        width = int(key.max(initial=0)) + 1
        if int(joined.max(initial=0)) + 1 > 2**62 // width:
            joined = pd.factorize(joined)[0].astype(np.int64)
        joined = joined * width + key
    return joined


def group(*keys: Ints) -> tuple[Ints, int]:
    """Numbers 0 … n-1 for the distinct combinations of non-negative keys, and n."""
    numbers, distinct = pd.factorize(combine(*keys))
    return numbers.astype(np.int64), len(distinct)


def sums(groups: Ints, values: Ints, count: int) -> Ints:
    """The exact sum of the values of each group."""
    total = np.zeros(count, np.int64)
    np.add.at(total, groups, values)
    return total


def pairs(left: Ints, right: Ints) -> tuple[Ints, Ints]:
    """Row numbers of every pair of equal keys, by left row; right rows in their order."""
    order = np.argsort(right, kind="stable")
    ordered = right[order]
    first = np.searchsorted(ordered, left, side="left")
    count = np.searchsorted(ordered, left, side="right") - first
    rows = np.repeat(np.arange(len(left)), count)
    within = np.arange(len(rows)) - np.repeat(np.cumsum(count) - count, count)
    return rows, order[np.repeat(first, count) + within]


def mapped(values: pa.Array, needs: Bools, change: Callable[[pd.Series], pd.Series]) -> pa.Array:
    """The column with a function applied to the rows that need it."""
    if not needs.any():
        return values
    changed = text(pd.DataFrame({"v": change(pd.Series(values.filter(pa.array(needs)).to_pandas(), dtype="str"))}), "v")
    return pc.replace_with_mask(values, pa.array(needs), changed)


def unlike(values: pa.Array, pattern: str) -> Bools:
    """Which rows hold text that does not match an RE2 pattern."""
    matches = pc.fill_null(pc.match_substring_regex(values, pattern), True)
    return np.asarray(pc.invert(matches).to_numpy(zero_copy_only=False), dtype=bool)


def fen_text(fen: int) -> str:
    """Fen as plain yuan with two places, `-12.30`."""
    whole, rest = divmod(abs(fen), 100)
    return f"{'-' if fen < 0 else ''}{whole}.{rest:02d}"


def fen_of(amount: Decimal) -> int:
    """An agreed amount in yuan as fen."""
    return int((amount * 100).to_integral_exact())
