"""Text columns as whole numbers: money in fen, dates in days, texts as codes that can be joined.

Everything here is a vector over rows. Money is int64 fen (±92 quadrillion yuan), never float.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
Days = npt.NDArray[np.datetime64]

TEXT: Final = pa.large_string()

_MOST: Final = 2**62


@dataclass(frozen=True, slots=True, kw_only=True)
class Coded:
    """A column of texts as numbers, one per row, and the text of each number; a missing text has the number after the
    last. Columns coded together (`coded`) have the same numbers for the same texts."""

    numbers: Ints
    words: pa.Array

    @property
    def missing(self) -> int:
        """The number of a missing text, which is also how many texts there are."""
        return len(self.words)

    def at(self, rows: Ints | slice) -> Coded:
        """The same column at some rows."""
        return Coded(numbers=self.numbers[rows], words=self.words)

    def texts(self, rows: Ints) -> list[str | None]:
        """The texts of some rows."""
        return self.array(rows).to_pylist()  # type: ignore[no-any-return]

    def array(self, rows: Ints) -> pa.Array:
        """The texts of some rows as Arrow text."""
        some = self.numbers[rows]
        return self.words.take(pa.array(some, mask=some == self.missing))

    def equals(self, one: str) -> Bools:
        """Which rows hold this text."""
        return np.asarray(self.numbers == self.words.index(pa.scalar(one, TEXT)).as_py(), dtype=bool)

    def days(self) -> Days:
        """The column as days; ValueError when a text is no date."""
        of_words = np.append(to_days(self.words), np.datetime64("NaT", "D"))
        return of_words[self.numbers]


def text(frame: pd.DataFrame, name: str) -> pa.Array:
    """A column as Arrow text; all missing when the frame has no such column (an empty book)."""
    if name not in frame.columns or frame.empty:
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


def valid(values: pa.Array) -> Bools:
    """Which rows hold something."""
    return np.asarray(pc.is_valid(values).to_numpy(zero_copy_only=False), dtype=bool)


def taken(values: pa.Array, rows: Ints) -> pa.Array:
    """Some rows of a column; the column itself where they are all of it in their order."""
    whole = len(rows) == len(values) and bool((rows == np.arange(len(values))).all())
    return values if whole else values.take(pa.array(rows))


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


def places(within: pa.Array, *columns: pa.Array) -> tuple[Ints, ...]:
    """`positions` of several columns, each looked up in the same one.

    A text that stands several times in a row is looked up once: tables are kept in the order of what they hang on.
    """
    begins = [_begins(values) for values in columns]
    once = [taken(values, rows) for values, rows in zip(columns, begins, strict=True)]
    (known, *found), _ = codes(within, *once)
    first = np.full(known.max(initial=-1) + 1, -1, np.int64)
    first[known[::-1]] = np.arange(len(known))[::-1]
    first[known[pc.is_null(within).to_numpy(zero_copy_only=False)]] = -1
    sizes = (np.diff(rows, append=len(values)) for values, rows in zip(columns, begins, strict=True))
    return tuple(np.repeat(_first_of(numbers, first), size) for numbers, size in zip(found, sizes, strict=True))


def _first_of(numbers: Ints, first: Ints) -> Ints:
    at = np.full(len(numbers), -1, np.int64)
    known = numbers < len(first)
    at[known] = first[numbers[known]]
    return at


def _begins(values: pa.Array) -> Ints:
    """The rows that do not hold the text of the row before."""
    other = pc.not_equal(values.slice(1), values.slice(0, max(len(values) - 1, 0)))
    changes = np.asarray(pc.fill_null(other, True).to_numpy(zero_copy_only=False), dtype=bool)
    return np.concatenate([np.zeros(min(len(values), 1), np.int64), np.flatnonzero(changes) + 1])


def codes(*columns: pa.Array) -> tuple[tuple[Ints, ...], pa.Array]:
    """The same small numbers for the same texts in all columns, and the text of each number; a missing text has the
    number after the last."""
    chunks = pa.chunked_array([c.cast(TEXT) for c in columns], TEXT).dictionary_encode().chunks
    words = chunks[0].dictionary if chunks else pa.array([], TEXT)
    numbers = np.concatenate([np.zeros(0, np.int64), *(_numbers(chunk, len(words)) for chunk in chunks)])
    return tuple(np.split(numbers, np.cumsum([len(c) for c in columns])[:-1])), words


def _numbers(chunk: pa.DictionaryArray, missing: int) -> Ints:
    return np.asarray(pc.fill_null(chunk.indices, missing).to_numpy(zero_copy_only=False), dtype=np.int64)


def coded(*columns: pa.Array) -> tuple[Coded, ...]:
    """Columns as `codes` numbers them, each with the words."""
    numbers, words = codes(*columns)
    return tuple(Coded(numbers=one, words=words) for one in numbers)


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
    """The exact sum of the values of each group. ValueError where the difference of two such sums may have no room."""
    exact = exact_sums(groups, values, count)
    if exact.dtype == object:
        if (np.abs(exact) >= _MOST).any():
            raise ValueError("a sum of amounts is larger than can be compared")
        return exact.astype(np.int64)
    return exact


def exact_sums(groups: Ints, values: Ints, count: int) -> npt.NDArray[Any]:
    """The exact sum of the values of each group, as Python's integers where 64 bits may have no room."""
    total = np.zeros(count, np.int64)
    if max(int(values.max(initial=0)), -int(values.min(initial=0))) * len(values) < _MOST:
        np.add.at(total, groups, values)
        return total
    low = total.copy()
    np.add.at(total, groups, values >> 32)
    np.add.at(low, groups, values & (2**32 - 1))
    return np.asarray(total.astype(object) * 2**32 + low.astype(object), dtype=object)


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
