"""The rows a lane carried last of many cases, of several datasets at once: what a quarter is compared with.

The catalogue says which landing holds a case's rows, so that each is found by its table's own key, however much landed
before. PostgreSQL gives some thousand rows in one: each column's texts behind each other, and their lengths. So does
Arrow hold them; Python makes no text of its own. Where the hashes do, nothing else of a row is read.
"""

# ruff: noqa: S608  # table and column names are checked by shapes._check_names and quoted; values are bound

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, TypeVar

import numpy as np
import pandas as pd
import pyarrow as pa
from sqlalchemy import text
from sqlalchemy.engine import Connection

from exchange.adapters.ledger_sql.current import table_of
from exchange.adapters.ledger_sql.landing import landed
from exchange.adapters.ledger_sql.rowtext import columns_of, frame_from
from exchange.adapters.ledger_sql.shapes import as_text, shapes_of
from exchange.domain.row_hash import NO_ROW, HashedRows, hashes_array
from exchange.domain.text import as_array

if TYPE_CHECKING:
    from exchange.domain.route import Route

_Columns = list[pa.LargeStringArray]
_Hashes = tuple[pa.LargeStringArray, bytes]

_AT_ONCE: Final = 5_000
"""Cases asked for in one statement."""

_MANY: Final = 200
"""Cases of one landing that are asked for together."""

_Case = TypeVar("_Case")

_EACH: Final = {
    "postgresql": "json_array_elements_text(CAST(:told AS json)) w JOIN",
    "sqlite": "json_each(:told) w CROSS JOIN",
}
_PAIRS: Final = {
    "postgresql": (
        "json_array_elements(CAST(%(told)s AS json)) w JOIN",
        "r._landing = CAST(w.value ->> 0 AS integer) AND r.case_no = w.value ->> 1",
    ),
    "sqlite": (
        "json_each(:told) w CROSS JOIN",
        "r._landing = json_extract(w.value, '$[0]') AND r.case_no = json_extract(w.value, '$[1]')",
    ),
}
_AMONG: Final = {
    "postgresql": "r._landing = %(landing)s AND "
    "r.case_no = ANY(ARRAY(SELECT json_array_elements_text(CAST(%(told)s AS json))))",
    "sqlite": "r._landing = :landing AND r.case_no IN (SELECT value FROM json_each(:told))",
}
"""How each database reads a list, a list of pairs, and a list of one landing's cases, out of a text. SQLite takes a
CROSS JOIN in the order it is written: it would look the whole list through for every row of a table otherwise."""


def carried(
    connection: Connection, route: Route, datasets: Collection[str], cases: Collection[str]
) -> dict[str, pd.DataFrame]:
    """Of each dataset what `landing.landed` gives of these cases, however many, less `_number` and `_packet`, in
    no order. Every dataset's key begins with case_no."""
    numbers, landings = _carriers(connection, route.lane, cases)
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


def hashed(
    connection: Connection, route: Route, datasets: Collection[str], cases: Collection[str]
) -> dict[str, HashedRows]:
    """The hashes of the rows that `carried` gives. Of a case whose last packet lacks the dataset nobody looks: its
    hash is one that no row has."""
    numbers, landings = _carriers(connection, route.lane, cases)
    packets = _Packets.of(numbers)
    shapes = shapes_of(connection)
    found = {}
    for dataset in datasets:
        holding = landings.get(dataset, {})
        parts = _hashes(connection, dataset, packets, holding) if dataset in shapes else []
        lacking = [case for case, number in numbers.items() if number not in holding]
        if lacking and dataset in shapes and _ever_landed(connection, route.lane, dataset):
            parts.append((as_array(lacking), NO_ROW * len(lacking)))
        found[dataset] = HashedRows(
            cases=pa.concat_arrays([as_array(()), *(cases for cases, _ in parts)]),
            hashes=hashes_array(b"".join(hashes for _, hashes in parts)),
        )
    return found


@dataclass(frozen=True, slots=True)
class _Packets:
    """Some cases by the packet that carried them last: of a packet of `many`, as of the quarter before, lists of them
    as JSON; the `few` others, as of cases that were urgent since, one by one."""

    many: Mapping[int, Sequence[str]]
    few: Sequence[tuple[int, str]]

    @classmethod
    def of(cls, numbers: Mapping[str, int]) -> _Packets:
        by_number: dict[int, list[str]] = {}
        for case, number in numbers.items():
            by_number.setdefault(number, []).append(case)
        few = {number: cases for number, cases in by_number.items() if len(cases) < _MANY}
        return cls(
            {n: [*map(json.dumps, _at_once(cases))] for n, cases in by_number.items() if n not in few},
            [(number, case) for number, cases in few.items() for case in cases],
        )


def _carriers(
    connection: Connection, lane: str, cases: Collection[str]
) -> tuple[dict[str, int], dict[str, dict[int, int]]]:
    """(case → number of the packet that carried it last, dataset → such a number → landing)."""
    numbers = _numbers(connection, lane, sorted(set(cases)))
    return numbers, _landings(connection, lane, sorted(set(numbers.values())))


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
    for part in _at_once(there):
        parts += ask(connection, dataset, given, json.dumps(part))
    return frame_from([*(column.name for column in columns), "_record"], parts)


def _at_once(cases: Sequence[_Case]) -> Iterator[Sequence[_Case]]:
    for at in range(0, len(cases), _AT_ONCE):
        yield cases[at : at + _AT_ONCE]


def _fetched(connection: Connection, dataset: str, given: Sequence[str], pairs: str) -> Iterator[_Columns]:
    rows = connection.execute(text(f"SELECT {', '.join(given)} {_joined(connection, dataset)}"), {"told": pairs}).all()
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
        packed = cursor.execute(
            f"SELECT {both} FROM (SELECT {told} {_joined(connection, dataset)}) t", {"told": pairs}
        ).fetchone()
    if packed[1] is not None:
        yield [_unpacked(*one) for one in zip(packed[::2], packed[1::2], strict=True)]


def _hashes(connection: Connection, dataset: str, packets: _Packets, holding: Mapping[int, int]) -> list[_Hashes]:
    """Those of the packets' cases, by the landings that hold them."""
    among = f"FROM {table_of(dataset)} r WHERE {_AMONG[connection.dialect.name]}"
    many = [(holding[number], lists) for number, lists in packets.many.items() if number in holding]
    told: list[tuple[str, dict[str, Any]]]
    told = [(among, {"landing": landing, "told": cases}) for landing, lists in many for cases in lists]
    few = [(holding[number], case) for number, case in packets.few if number in holding]
    told += ((_joined(connection, dataset), {"told": json.dumps(part)}) for part in _at_once(few))
    ask = _packed_hashes if connection.dialect.name == "postgresql" else _fetched_hashes
    return [ask(connection, among, values) for among, values in told]


def _fetched_hashes(connection: Connection, among: str, values: Mapping[str, Any]) -> _Hashes:
    rows = connection.execute(text(f"SELECT r.case_no, r._row_sha256 {among}"), values).all()
    return as_array([row.case_no for row in rows]), b"".join(row._row_sha256 for row in rows)


def _packed_hashes(connection: Connection, among: str, values: Mapping[str, Any]) -> _Hashes:
    packed = (
        "string_agg(convert_to(r.case_no, 'UTF8'), ''), string_agg(int4send(octet_length(r.case_no)), ''), "
        "string_agg(r._row_sha256, '')"
    )
    cursor: Any = connection.connection.cursor(binary=True)
    with cursor:
        texts, lengths, hashes = cursor.execute(f"SELECT {packed} {among}", values).fetchone()
    return _unpacked(texts, lengths or b""), hashes or b""


def _joined(connection: Connection, dataset: str) -> str:
    among, same = _PAIRS[connection.dialect.name]
    return f"FROM {among} {table_of(dataset)} r ON {same}"


def _unpacked(texts: bytes | None, lengths: bytes) -> pa.LargeStringArray:
    """A column out of its texts, put together, and their lengths."""
    sizes = np.frombuffer(lengths, ">i4").astype(np.int64)
    ends = np.concatenate([np.zeros(1, np.int64), np.cumsum(np.maximum(sizes, 0))])
    valid = None if (sizes >= 0).all() else pa.array(sizes >= 0).buffers()[1]
    return pa.LargeStringArray.from_buffers(len(sizes), pa.py_buffer(ends), pa.py_buffer(texts or b""), valid)
