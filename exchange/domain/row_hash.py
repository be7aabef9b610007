"""The hash of a row as the ledger keeps it: tells rows that are alike from others without reading them."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import pandas as pd
import pyarrow as pa
from pyarrow import compute

from exchange.domain.route import Route
from exchange.domain.text import as_array

SIZE: Final = 32
"""Bytes of one."""

NO_ROW: Final = bytes(SIZE)
"""What no row has: stands for rows of a case that nobody looked at."""

_AT_ONCE: Final = 20_000
"""Rows that are hashed together: their texts are made for it."""


def row_hashes(names: Sequence[str], frame: pd.DataFrame) -> list[bytes]:
    """SHA-256 of each row, over `name US value RS` of its present values, by column name.

    A column that a later contract adds is missing in older rows and changes none of their hashes.
    """
    if frame.empty:
        return []
    pieces: list[Any] = [pa.scalar("", pa.large_string())]
    for name in sorted(names):
        values = as_array(frame[name])
        before, after, between = (pa.scalar(mark, pa.large_string()) for mark in (f"{name}\x1f", "\x1e", ""))
        if values.null_count == 0:
            pieces += [before, values, after]
        elif values.null_count < len(values):
            pieces.append(compute.fill_null(compute.binary_join_element_wise(before, values, after, between), ""))
    rows = compute.binary_join_element_wise(*pieces, pieces[0])
    return [hashlib.sha256(row).digest() for row in rows.cast(pa.large_binary()).to_pylist()]


@dataclass(frozen=True, slots=True, kw_only=True)
class HashedRows:
    """Rows of a dataset by their hashes alone, and the case each belongs to, in no order."""

    cases: pa.Array
    hashes: pa.Array


def hashes_array(joined: bytes | bytearray) -> pa.FixedSizeBinaryArray:
    """Hashes put behind each other, as an array."""
    return pa.FixedSizeBinaryArray.from_buffers(pa.binary(SIZE), len(joined) // SIZE, [None, pa.py_buffer(joined)])


def differing(
    now: Mapping[str, pd.DataFrame], then: Mapping[str, HashedRows], route: Route
) -> tuple[pa.Array, pa.Array]:
    """The cases with a row that is there now and was not then, or the other way, in datasets of cases; and those of
    them that had any row then.

    What is no difference to an officer (a column no longer carried, another writing) may count as one here; two
    different rows never count as the same.
    """
    found = [as_array(())]
    for dataset, rows in then.items():
        if dataset in now:
            cases = as_array(now[dataset]["case_no"])
            hashes = _hashed(now[dataset], route.wire(dataset).names) if len(rows.hashes) else None
            found.append(cases if hashes is None else cases.filter(_missing(hashes, rows.hashes)))
            found += [] if hashes is None else [rows.cases.filter(_missing(rows.hashes, hashes))]
    others = compute.unique(pa.concat_arrays(found))
    known = pa.concat_arrays([as_array(()), *(rows.cases for rows in then.values())])
    return others, others.filter(compute.is_in(others, value_set=known))


def _missing(these: pa.Array, known: pa.Array) -> pa.Array:
    return compute.invert(compute.is_in(these, value_set=known))


def _hashed(frame: pd.DataFrame, names: Sequence[str]) -> pa.FixedSizeBinaryArray:
    joined = bytearray()
    for at in range(0, len(frame), _AT_ONCE):
        joined += b"".join(row_hashes(names, frame.iloc[at : at + _AT_ONCE]))
    return hashes_array(joined)
