"""The rows a lane carried last of many cases, of several datasets at once: what a quarter is compared with.

The catalogue says which landing holds a case's rows, so that each is found by its table's own key, however much landed
before. PostgreSQL gives some thousand rows in one: each column's texts behind each other, and their lengths. So does
Arrow hold them; Python makes no text of its own.
"""

# ruff: noqa: S608  # table and column names are checked by shapes._check_names and quoted; values are bound

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd
import pyarrow as pa
from sqlalchemy import text
from sqlalchemy.engine import Connection

from exchange.adapters.ledger_sql.current import table_of
from exchange.adapters.ledger_sql.landing import landed
from exchange.adapters.ledger_sql.rowtext import columns_of, frame_from
from exchange.adapters.ledger_sql.shapes import as_text, shapes_of

if TYPE_CHECKING:
    from exchange.domain.route import Route

_Columns = list[pa.LargeStringArray]

_AT_ONCE: Final = 5_000
"""Cases asked for in one statement."""

_EACH: Final = {
    "postgresql": "json_array_elements_text(CAST(:told AS json)) w JOIN",
    "sqlite": "json_each(:told) w CROSS JOIN",
}
_PAIRS: Final = {
    "postgresql": (
        "json_array_elements(CAST(%s AS json)) w JOIN",
        "r._landing = CAST(w.value ->> 0 AS integer) AND r.case_no = w.value ->> 1",
    ),
    "sqlite": (
        "json_each(:told) w CROSS JOIN",
        "r._landing = json_extract(w.value, '$[0]') AND r.case_no = json_extract(w.value, '$[1]')",
    ),
}
"""How each database reads a list, and a list of pairs, out of a text. SQLite takes a CROSS JOIN in the order it is
written: it would look the whole list through for every row of a table otherwise."""


def carried(
    connection: Connection, route: Route, datasets: Collection[str], cases: Collection[str]
) -> dict[str, pd.DataFrame]:
    """Of each dataset what `landing.landed` gives of these cases, however many, less `_number` and `_packet`, in
    no order. Every dataset's key begins with case_no."""
    numbers = _numbers(connection, route.lane, sorted(set(cases)))
    landings = _landings(connection, route.lane, sorted(set(numbers.values())))
    shapes = shapes_of(connection)
    found = {}
    for dataset in datasets:
        known = shapes.get(dataset, ({}, ()))[0]
        holding = landings.get(dataset, {})
        there = [(holding[number], case) for case, number in numbers.items() if number in holding]
        lacking = [case for case, number in numbers.items() if number not in holding]
        frame = _frame(connection, route, dataset, known, there)
        if known and lacking and _ever_landed(connection, route.lane, dataset):
            rest = landed(connection, route, dataset, keys=lacking)
            frame = pd.concat([frame, rest[list(frame)]], ignore_index=True)
        found[dataset] = frame
    return found


def _numbers(connection: Connection, lane: str, cases: Sequence[str]) -> dict[str, int]:
    """Case → number of the packet that carried it last, in the cases' order."""
    among = _EACH[connection.dialect.name]
    wanted = f"SELECT k.case_no, k.number FROM {among} landed_case k ON k.lane = :lane AND k.case_no = w.value"
    told = {"lane": lane, "told": json.dumps(cases)}
    last = {case: number for case, number in connection.execute(text(wanted), told)}  # noqa: C416  # rows are no pairs
    return {case: last[case] for case in cases if case in last}


def _landings(connection: Connection, lane: str, numbers: Sequence[int]) -> dict[str, dict[int, int]]:
    """Dataset → number → landing, of some packets."""
    among = _EACH[connection.dialect.name]
    wanted = (
        f"SELECT p.dataset, p.number, p.landing FROM {among} landed p "
        "ON p.lane = :lane AND p.number = CAST(w.value AS integer)"
    )
    landings: dict[str, dict[int, int]] = {}
    told = {"lane": lane, "told": json.dumps(numbers)}
    for dataset, number, landing in connection.execute(text(wanted), told):
        landings.setdefault(dataset, {})[number] = landing
    return landings


def _ever_landed(connection: Connection, lane: str, dataset: str) -> bool:
    wanted = text("SELECT 1 FROM landed WHERE lane = :lane AND dataset = :dataset LIMIT 1")
    return connection.execute(wanted, {"lane": lane, "dataset": dataset}).first() is not None


def _frame(
    connection: Connection, route: Route, dataset: str, known: Mapping[str, str], there: Sequence[tuple[int, str]]
) -> pd.DataFrame:
    """The rows of these (landing, case), with `_record`."""
    columns = route.wire(dataset).columns
    given = [as_text(connection, c.name, c.type) if c.name in known else "CAST(NULL AS text)" for c in columns]
    given.append("r._record")
    ask = _packed if connection.dialect.name == "postgresql" else _fetched
    parts: list[_Columns] = []
    for at in range(0, len(there), _AT_ONCE):
        parts += ask(connection, dataset, given, json.dumps(there[at : at + _AT_ONCE]))
    return frame_from([*(column.name for column in columns), "_record"], parts)


def _fetched(connection: Connection, dataset: str, given: Sequence[str], pairs: str) -> Iterator[_Columns]:
    rows = connection.execute(text(_joined(connection, dataset, ", ".join(given))), {"told": pairs}).all()
    if rows:
        yield columns_of(rows)


def _packed(connection: Connection, dataset: str, given: Sequence[str], pairs: str) -> Iterator[_Columns]:
    """Both texts and lengths (-1: none) are put together in one pass over the rows, and so in one order."""
    told = ", ".join(f"convert_to({one}, 'UTF8') AS c{n}" for n, one in enumerate(given))
    both = ", ".join(
        f"string_agg(c{n}, ''), string_agg(int4send(coalesce(octet_length(c{n}), -1)), '')" for n in range(len(given))
    )
    cursor: Any = connection.connection.cursor(binary=True)
    with cursor:
        packed = cursor.execute(f"SELECT {both} FROM ({_joined(connection, dataset, told)}) t", (pairs,)).fetchone()
    if packed[1] is not None:
        yield [_unpacked(*one) for one in zip(packed[::2], packed[1::2], strict=True)]


def _joined(connection: Connection, dataset: str, told: str) -> str:
    among, same = _PAIRS[connection.dialect.name]
    return f"SELECT {told} FROM {among} {table_of(dataset)} r ON {same}"


def _unpacked(texts: bytes | None, lengths: bytes) -> pa.LargeStringArray:
    """A column out of its texts, put together, and their lengths."""
    sizes = np.frombuffer(lengths, ">i4").astype(np.int64)
    ends = np.concatenate([np.zeros(1, np.int64), np.cumsum(np.maximum(sizes, 0))])
    valid = None if (sizes >= 0).all() else pa.array(sizes >= 0).buffers()[1]
    return pa.LargeStringArray.from_buffers(len(sizes), pa.py_buffer(ends), pa.py_buffer(texts or b""), valid)
