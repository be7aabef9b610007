"""A query's result as a frame of the wire's form. Apart from `source.py`, because pandas comes with it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import pandas as pd
import pyarrow as pa
import sqlalchemy as sa

from exchange.adapters.source_sql.folder import SourceFolder
from exchange.domain.contract import Contract
from exchange.domain.text import as_array, as_series
from exchange.domain.wireform import to_wire

RECORD: Final = "_record"
_AT_ONCE: Final = 20_000
STREAMED: Final = {"stream_results": True, "max_row_buffer": _AT_ONCE}


def frame_of(
    result: sa.CursorResult[Any], columns: Sequence[str], contract: Contract, folder: SourceFolder
) -> pd.DataFrame:
    """A dataset's rows: the contract's columns in wire form, those the query has not empty, and `_record`."""
    return _in_form(_columns(result, columns), contract, folder)


def frames_of(
    result: sa.CursorResult[Any], columns: Sequence[str], contract: Contract, folder: SourceFolder
) -> Iterator[pd.DataFrame]:
    """The same part by part, so that no more than one part is in memory."""
    for rows in result.partitions(_AT_ONCE):
        raw = {name: as_series(_text(values)) for name, values in zip(columns, zip(*rows, strict=True), strict=True)}
        yield _in_form(raw, contract, folder)


def _in_form(raw: Mapping[str, pd.Series], contract: Contract, folder: SourceFolder) -> pd.DataFrame:
    index = raw[RECORD].index
    made = {
        column.name: to_wire(raw[column.name], column, codes=folder.codes.get(column.name, {}), offset=folder.offset)
        if column.name in raw
        else pd.Series(None, index=index, dtype="str")
        for column in contract.columns
    }
    if contract.key == ("case_no",):
        made["case_no"] = raw["case_no"]  # listed as it stood: an empty number is not a missing one
    return pd.DataFrame({**made, RECORD: raw[RECORD]}, index=index)


def private_frame(
    result: sa.CursorResult[Any], names: Sequence[str], contracts: Sequence[Contract], folder: SourceFolder
) -> pd.DataFrame:
    """A private query's rows as text; a column that bears the name of a contract's is in wire form, but for case_no."""
    raw = _columns(result, names)
    known = {column.name: column for contract in reversed(contracts) for column in contract.columns}
    made = {
        name: to_wire(values, known[name], codes=folder.codes.get(name, {}), offset=folder.offset)
        if name in known and name != "case_no"
        else values
        for name, values in raw.items()
    }
    return pd.DataFrame(made)


def _columns(result: sa.CursorResult[Any], names: Sequence[str]) -> dict[str, pd.Series]:
    """The result's columns as text, taken over part by part so that no more than one stands in memory twice."""
    parts = [[_text(values) for values in zip(*rows, strict=True)] for rows in result.partitions(_AT_ONCE)]
    whole = zip(*(parts or [[_text(()) for _ in names]]), strict=True)
    return {name: as_series(pa.concat_arrays(column)) for name, column in zip(names, whole, strict=True)}


def _text(values: Sequence[Any]) -> pa.Array:
    """Values as text; a query casts its own, this is for the one that forgot."""
    if set(map(type, values)) - {str, type(None)}:
        values = pd.Series(values, dtype="object").map(str, na_action="ignore").tolist()
    return as_array(values)
