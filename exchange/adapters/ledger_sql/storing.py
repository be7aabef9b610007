"""Rows of a packet put into their table, however many: COPY on PostgreSQL, INSERT on SQLite."""

# ruff: noqa: S608  # table and column names are quoted; values are bound or copied

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import repeat
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from sqlalchemy.engine import Connection

from exchange.adapters.ledger_sql.current import quoted, table_of
from exchange.adapters.ledger_sql.rowtext import RowHashes, checked_rows
from exchange.domain.ahead import ahead
from exchange.domain.contract import Contract
from exchange.domain.text import as_array

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

_Part = tuple[dict[str, "pa.LargeStringArray"], list[bytes]]
"""Of a part of the rows its columns as text, and its rows' hashes."""

_AT_ONCE: Final = 20_000
_AHEAD: Final = 3
"""Parts, of some 10 MiB each, that may wait for PostgreSQL."""

_MARKS: Final = {"\\": r"\\", "\t": r"\t", "\n": r"\n", "\r": r"\r"}
"""What COPY's text has another meaning for, the backslash first, and how it is written."""


def store(
    connection: Connection,
    contract: Contract,
    parts: Iterable[pd.DataFrame],
    own: Mapping[str, str | int],
    *,
    cases: Callable[[pa.LargeStringArray], None] | None = None,
) -> RowHashes:
    """Put rows into the dataset's table, each with the columns of `own`; the hashes of the rows. `cases` is shown the
    case numbers of each part once they are checked.

    NeedsPerson 501, 502, 504, 506 as `rowtext.checked_rows`.
    """
    hashes = RowHashes()
    texts = _texts(contract, parts, hashes, cases)
    (_copy_in if connection.dialect.name == "postgresql" else _insert)(connection, contract, texts, own)
    return hashes


def put(connection: Connection, table: str, rows: pd.DataFrame, own: Mapping[str, str | int]) -> None:
    """Put text rows as they are into one of the ledger's own tables, each with the columns of `own`."""
    if rows.empty:
        return
    arrays = {str(name): as_array(rows[name]) for name in rows}
    if connection.dialect.name == "postgresql":
        cursor: Any = connection.connection.cursor()
        with cursor:
            fields = _fields(arrays, own)
            _copy(cursor, table, _columns(fields), _lines(fields))
        return
    raw: Any = connection.connection.cursor()
    _insert_many(raw, table, arrays, own, len(rows))
    raw.close()


def _texts(
    contract: Contract,
    parts: Iterable[pd.DataFrame],
    hashes: RowHashes,
    cases: Callable[[pa.LargeStringArray], None] | None,
) -> Iterator[_Part]:
    """Each part's columns as they are stored, by name, and its rows' hashes; parts without rows are passed over."""
    for part in parts:
        frame = checked_rows(contract, part)
        made = hashes.add(contract.names, frame)
        if made:
            if cases:
                cases(as_array(frame["case_no"]))
            yield {name: as_array(frame[name]) for name in (*contract.names, "_record") if name in frame}, made


def _columns(names: Iterable[str]) -> str:
    return ", ".join(map(quoted, names))


def _copy_in(
    connection: Connection,
    contract: Contract,
    texts: Iterable[_Part],
    own: Mapping[str, str | int],
) -> None:
    """PostgreSQL takes lines of text by COPY. While it stores a part, the next ones are made."""
    made = (
        _fields(arrays, own) | {"_row_sha256": as_array(rf"\\x{one.hex()}" for one in kept)} for arrays, kept in texts
    )
    cursor: Any = connection.connection.cursor()
    with cursor:
        for lines, columns in ahead(((_lines(fields), _columns(fields)) for fields in made), most=_AHEAD):
            _copy(cursor, table_of(contract.dataset), columns, lines)


def _fields(arrays: Mapping[str, Any], own: Mapping[str, str | int]) -> dict[str, Any]:
    """What rows have of their own and what they share, as COPY's text writes it."""
    return {name: _written(as_array([str(value)]))[0] for name, value in own.items()} | {
        name: _written(array) for name, array in arrays.items()
    }


def _lines(fields: Mapping[str, Any]) -> pa.Buffer:
    """Rows as COPY takes them: a line each, a tab between fields."""
    import pyarrow as pa
    from pyarrow import compute

    nothing, tab, end = (pa.scalar(mark, pa.large_string()) for mark in ("", "\t", "\n"))
    lines = compute.binary_join_element_wise(compute.binary_join_element_wise(*fields.values(), tab), nothing, end)
    _, ends, data = lines.buffers()
    return data[: np.frombuffer(ends, np.int64)[len(lines)]]


def _written(values: pa.LargeStringArray) -> pa.LargeStringArray:
    """Texts with COPY's marks written out; few columns hold one at all."""
    from pyarrow import compute

    data = values.buffers()[2]
    held = np.frombuffer(data, np.uint8) if data else np.empty(0, np.uint8)
    if (held == ord("\\")).any() or (held < ord(" ")).any():
        for mark, written in _MARKS.items():
            values = compute.replace_substring(values, mark, written)
    return compute.fill_null(values, r"\N") if values.null_count else values


def _copy(cursor: Any, table: str, columns: str, lines: pa.Buffer) -> None:
    with cursor.copy(f"COPY {table} ({columns}) FROM STDIN") as copy:
        copy.write(lines)


def _insert(
    connection: Connection,
    contract: Contract,
    texts: Iterable[_Part],
    own: Mapping[str, str | int],
) -> None:
    """SQLite takes text, which its columns turn to ints."""
    import pyarrow as pa
    from pyarrow import compute

    raw: Any = connection.connection.cursor()
    for arrays, kept in texts:
        for name in contract.of_type("bool"):
            arrays[name] = compute.if_else(compute.equal(arrays[name], "true"), "1", "0")
        arrays["_row_sha256"] = pa.array(kept, pa.binary(32))
        _insert_many(raw, table_of(contract.dataset), arrays, own, len(kept))
    raw.close()


def _insert_many(raw: Any, table: str, arrays: Mapping[str, Any], own: Mapping[str, str | int], size: int) -> None:
    places = ", ".join("?" * (len(own) + len(arrays)))
    wanted = f"INSERT INTO {table} ({_columns((*own, *arrays))}) VALUES ({places})"
    for at in range(0, size, _AT_ONCE):
        theirs = [array.slice(at, _AT_ONCE).to_pylist() for array in arrays.values()]
        ours = [repeat(value, len(theirs[0])) for value in own.values()]
        raw.executemany(wanted, zip(*ours, *theirs, strict=True))
