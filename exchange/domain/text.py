"""Text as Unicode has it: what is a blank, what is a bracket, and functions applied once per distinct value.

A question about a whole column is asked of Arrow where Arrow can answer it, or narrow down who has to be asked.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

_RANGES: Final = (
    (0x09, 0x0D), (0x1C, 0x20), (0x85, 0x85), (0xA0, 0xA0), (0x1680, 0x1680), (0x2000, 0x200A), (0x2028, 0x2029),
    (0x202F, 0x202F), (0x205F, 0x205F), (0x3000, 0x3000),
    (0xAD, 0xAD), (0x34F, 0x34F), (0x61C, 0x61C), (0x115F, 0x1160), (0x17B4, 0x17B5), (0x180E, 0x180E),
    (0x200B, 0x200F), (0x202A, 0x202E), (0x2060, 0x206F), (0x3164, 0x3164), (0xFEFF, 0xFEFF), (0xFFA0, 0xFFA0),
    (0xFFF9, 0xFFFB), (0xE0001, 0xE007F),
)  # fmt: skip

BLANKS: Final = "".join(chr(code) for first, last in _RANGES for code in range(first, last + 1))
"""Every Unicode white space and every zero-width character. Variation selectors are none: they belong to a glyph."""

_NO_BLANKS: Final = dict.fromkeys(map(ord, BLANKS))


def nfkc(text: str) -> str:
    """Compatibility-composed text: full-width letters and digits become plain ones."""
    return unicodedata.normalize("NFKC", text)


def without_blanks(text: str) -> str:
    """The text less every blank, inside and out."""
    return text.translate(_NO_BLANKS)


def trimmed(text: str) -> str:
    """The text less its outer blanks."""
    return text.strip(BLANKS)


def as_array(values: pd.Series | Iterable[str | None]) -> pa.LargeStringArray:
    """Text as an Arrow array, None where it is missing; a text column's own memory where it is one."""
    made = pa.array(values, type=pa.large_string(), from_pandas=True)
    return made.combine_chunks() if isinstance(made, pa.ChunkedArray) else made


def as_series(array: pa.Array, *, index: pd.Index | None = None, name: Any = None) -> pd.Series:
    """An Arrow array of text as a column."""
    return pd.Series(array.to_pandas().array, index=index, dtype="str", name=name)


def as_list(series: pd.Series) -> list[str | None]:
    """A text column's values, None where one is missing."""
    found: list[str | None] = as_array(series).to_pylist()
    return found


def distinct(series: pd.Series) -> tuple[npt.NDArray[np.intp], list[str]]:
    """Each row's place in the list of distinct values (-1 where missing), and that list."""
    encoded = as_array(series).dictionary_encode()
    return encoded.indices.fill_null(-1).to_numpy().astype(np.intp), encoded.dictionary.to_pylist()


def among(series: pd.Series, known: Iterable[str] | pa.Array) -> npt.NDArray[np.bool_]:
    """Whether each value is one of those known, which may be an Arrow array. Missing never is."""
    listed = known if isinstance(known, pa.Array) else as_array([one for one in known if isinstance(one, str)])
    return np.asarray(pc.is_in(as_array(series), value_set=listed, skip_nulls=True), dtype=bool)


def by_value(series: pd.Series, change: Callable[[str], str]) -> pd.Series:
    """A text column with each distinct value changed once. Missing stays missing; what becomes empty is missing."""
    encoded = as_array(series).dictionary_encode()
    changed = as_array([change(value) or None for value in encoded.dictionary.to_pylist()])
    return as_series(changed.take(encoded.indices), index=series.index, name=series.name)


def looked_up(series: pd.Series, known: pa.Array, told: pa.Array) -> pd.Series:
    """For each value what is told at its first place among those known; missing where it is not among them."""
    return as_series(told.take(pc.index_in(as_array(series), known, skip_nulls=True)), index=series.index)


def all_differ(array: pa.Array) -> bool:
    """Whether no value stands twice."""
    return bool(pc.count_distinct(array, mode="all").as_py() == len(array))


def passes(series: pd.Series, test: Callable[[str], Any]) -> npt.NDArray[np.bool_]:
    """Whether each value passes, asked once per distinct value. Missing never passes."""
    codes, values = distinct(series)
    passed = np.array([*(bool(test(value)) for value in values), False], dtype=bool)
    return np.asarray(passed[codes], dtype=bool)


def passes_among(series: pd.Series, asked: npt.NDArray[np.bool_], test: Callable[[str], Any]) -> npt.NDArray[np.bool_]:
    """Whether each value passes, where only those `asked` could; the rest are not looked at and don't pass."""
    out = np.zeros(len(series), dtype=bool)
    if asked.any():
        out[asked] = passes(series.loc[asked], test)
    return out


def once_each(series: pd.Series, read: Callable[[pd.Series], Any], missing: Any) -> npt.NDArray[Any]:
    """What a vectorised function says of the column's distinct values, each put where its value stands."""
    codes, values = distinct(series)
    said = np.asarray(read(pd.Series(values, dtype="str")))
    return np.append(said, np.array([missing], dtype=said.dtype))[codes]


def like(series: pd.Series, pattern: str) -> npt.NDArray[np.bool_]:
    """Which values hold a match of an RE2 pattern (`$` is the end and nothing else). Missing never does."""
    found = pc.match_substring_regex(as_array(series), pattern)
    return np.asarray(pc.fill_null(found, False), dtype=bool)


def any_of(masks: Iterable[npt.NDArray[np.bool_]], size: int) -> npt.NDArray[np.bool_]:
    """Element-wise or; all False for no masks."""
    out = np.zeros(size, dtype=bool)
    for mask in masks:
        out |= mask
    return out
