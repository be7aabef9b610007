"""Rows of packets at rest: one typed table per dataset, made from its contract when first needed.

| contract type | PostgreSQL | SQLite |
|---|---|---|
| text, code, time | text | TEXT |
| date | date | TEXT (ISO) |
| money | numeric(18,2) | TEXT, two places (SQLite would keep a float) |
| int | bigint | INTEGER |
| bool | boolean | INTEGER 0, 1 |

Times stay text, because the wire's offset must come back as it was. Beside the contract's columns a table has
`_lane`, `_number`, `_packet`, `_record`, `_row_sha256` and `_landed_at`; its key is lane, number and the dataset's key.
A contract version may add columns; it may not change the type of one, nor the key (NeedsPerson 406).
"""

# ruff: noqa: S608  # table and column names are checked by _check_names and quoted; values are bound

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import select, text
from sqlalchemy.engine import Connection

from exchange.adapters.ledger_sql import case_noting, current, tables
from exchange.adapters.ledger_sql.rowtext import STREAMED, frame_of, frames_of
from exchange.adapters.ledger_sql.storing import store
from exchange.domain.contract import Contract
from exchange.domain.errors import NeedsPerson

if TYPE_CHECKING:
    import pandas as pd

    from exchange.domain.route import Route
    from exchange.domain.runs import Rows

_table, _quoted = current.table_of, current.quoted
_NAME: Final = re.compile(r"[a-z][a-z0-9_]{0,54}")
_TYPES: Final[Mapping[str, Mapping[str, str]]] = {
    "postgresql": {"date": "date", "money": "numeric(18,2)", "int": "bigint", "bool": "boolean"},
    "sqlite": {"int": "INTEGER", "bool": "INTEGER"},
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Landed:
    """A dataset's rows a transaction landed: how many, and whether others of a case were there before."""

    lane: str
    number: int
    dataset: str
    rows: int
    replaced: bool


def land(
    connection: Connection, contract: Contract, rows: Rows, *, lane: str, number: int, packet_id: str, at: str
) -> Landed:
    """Replace the rows of (lane, number) in the dataset's table; `settle` does the rest, before the commit.

    Rows may come part by part. NeedsPerson 501, 502 for other columns than the contract's, 504 for a value its type
    does not take, 506 for a key twice.
    """
    import pandas as pd

    _ensure_table(connection, contract)
    where = {"lane": lane, "number": number, "dataset": contract.dataset}
    before = connection.scalar(
        text("SELECT sha256 FROM landed WHERE lane = :lane AND number = :number AND dataset = :dataset"), where
    )
    gone = f"DELETE FROM {_table(contract.dataset)} WHERE _lane = :lane AND _number = :number"
    connection.execute(text(gone), {"lane": lane, "number": number})
    own = {"_lane": lane, "_number": str(number), "_packet": packet_id, "_landed_at": at}
    hashes = store(connection, contract, [rows] if isinstance(rows, pd.DataFrame) else rows, own)
    catalogued = {
        "lane": lane,
        "number": number,
        "dataset": contract.dataset,
        "packet_id": packet_id,
        "contract_version": contract.version,
        "rows": len(hashes),
        "sha256": hashes.together(),
        "landed_at": at,
    }
    tables.upsert(connection, tables.landed, [catalogued])
    of_case = contract.key[0] == "case_no"
    replaced = of_case and before not in (None, catalogued["sha256"])
    if of_case and not replaced:
        current.note(connection, contract.dataset, lane=lane, number=number, rows=len(hashes))
    return Landed(lane=lane, number=number, dataset=contract.dataset, rows=len(hashes), replaced=replaced)


def settle(connection: Connection, landed: Sequence[Landed]) -> None:
    """Bring the index of cases up to what a transaction landed, once for each packet; where a case's rows were replaced
    by others, make all that is kept of their lane anew."""
    again = {one.lane for one in landed if one.replaced}
    for lane in sorted(again):
        current.rebuild(connection, carriers_among(shapes_of(connection)), lane=lane)
        case_noting.rebuild(connection, lane)
    packets: dict[tuple[str, int], dict[str, int]] = {}
    for one in landed:
        packets.setdefault((one.lane, one.number), {})[one.dataset] = one.rows
    for (lane, number), told in sorted(packets.items()):
        if lane not in again:
            case_noting.note(connection, told, lane=lane, number=number)


def carriers_among(shapes: Mapping[str, tuple[Mapping[str, str], Sequence[str]]]) -> list[str]:
    """The datasets whose rows belong to a case."""
    return [dataset for dataset, (_, key) in shapes.items() if key[0] == "case_no"]


def landed(
    connection: Connection,
    route: Route,
    dataset: str,
    *,
    until: str | int | None = None,
    keys: Sequence[str] | None = None,
    columns: Sequence[str] | None = None,
) -> pd.DataFrame:
    """The current rows as text, plus `_record`, `_number` and `_packet`, sorted by key.

    With `until`, a time as `time_text` writes it or a packet's number, those that were current then: nothing landed
    later, or under a higher number, counts.

    A dataset whose key begins with case_no: the rows of the latest packet that carried the case in any dataset of
    the route and held this dataset at all (a case whose rows here are gone has none). One that no quarter carries
    speaks only until another packet carries the case. Any other: the latest row of each key.
    `keys`: only the rows whose key begins with one of these texts; `columns`: of the contract's only these.
    """
    names, wanted, said = _wanted(connection, route, dataset, until, keys, columns)
    return frame_of(names, connection.execute(text(wanted), said) if wanted else None)


def rows_now(
    connection: Connection, route: Route, dataset: str, *, keys: Sequence[str], columns: Sequence[str] | None = None
) -> list[Mapping[str, str | None]]:
    """What `landed` gives, of a few keys, as plain values: a frame costs more than ten rows."""
    return _plain(connection, _wanted(connection, route, dataset, None, keys, columns))


def _plain(connection: Connection, asked: tuple[list[str], str, dict[str, Any]]) -> list[Mapping[str, str | None]]:
    names, wanted, said = asked
    return [dict(zip(names, row, strict=True)) for row in connection.execute(text(wanted), said)] if wanted else []


def landed_parts(connection: Connection, route: Route, dataset: str) -> Iterator[pd.DataFrame]:
    """The same rows part by part."""
    names, wanted, said = _wanted(connection, route, dataset, None, None, None)
    if wanted:
        yield from frames_of(names, connection.execute(text(wanted).execution_options(**STREAMED), said))


def _wanted(
    connection: Connection,
    route: Route,
    dataset: str,
    until: str | int | None,
    keys: Sequence[str] | None,
    columns: Sequence[str] | None,
) -> tuple[list[str], str, dict[str, Any]]:
    """(names, SQL, its values) of the current rows; no SQL where the dataset has no table yet."""
    contract = route.wire(dataset)
    given = [column for column in contract.columns if columns is None or column.name in columns]
    names = [*(column.name for column in given), "_record", "_number", "_packet"]
    shapes = shapes_of(connection)
    if dataset not in shapes:
        return names, "", {}
    known = shapes[dataset][0]
    parts = [as_text(connection, c.name, c.type) if c.name in known else "NULL" for c in given]
    parts += ["r._record", "CAST(r._number AS text)", "r._packet"]
    match = ["case_no"] if contract.key[0] == "case_no" else list(contract.key)
    said: dict[str, Any] = {"lane": route.lane, "dataset": dataset, "until": until}
    some = "" if keys is None else _among(connection, f"r.{_quoted(contract.key[0])}", keys, said)
    carriers: list[str] = []
    last_word = "Q" not in route.line(dataset).kinds
    if contract.key[0] == "case_no":
        carriers = [c.dataset for c in route.datasets if c.key[0] == "case_no" and c.dataset in shapes]
        newest = (
            current.LAST_WORD
            if last_word
            else current.newest_by_case(connection, carriers, dataset, lane=route.lane, cases=keys)
        )
    else:
        newest = _latest_by_key(dataset, contract.key, some)
    if until is not None:
        column = "number" if isinstance(until, int) else "landed_at"
        by_key = partial(_latest_by_key, dataset, contract.key, some, until=column)
        newest = current.newest_until(carriers, last_word=last_word, column=column) if carriers else by_key()
    if keys is not None and contract.key[0] == "case_no":
        newest = f"SELECT w.case_no, w.latest FROM ({newest}) w WHERE true{_among(connection, 'w.case_no', keys, said)}"
    same = " AND ".join(f"l.{_quoted(name)} = r.{_quoted(name)}" for name in match)
    order = ", ".join(_ordered(connection, name, contract.column(name).type) for name in contract.key)
    wanted = (
        f"SELECT {', '.join(parts)} FROM {_table(dataset)} r JOIN ({newest}) l "
        f"ON {same} AND l.latest = r._number WHERE r._lane = :lane{some} ORDER BY {order}"
    )
    return names, wanted, said


def _among(connection: Connection, column: str, keys: Sequence[str], said: dict[str, Any]) -> str:
    """SQL that keeps the rows whose column is one of some texts, however many."""
    if connection.dialect.name == "postgresql":
        said["keys"] = list(keys)
        return f" AND {column} = ANY(:keys)"
    said["keys"] = json.dumps(list(keys))
    return f" AND {column} IN (SELECT value FROM json_each(:keys))"


def history(
    connection: Connection,
    route: Route,
    dataset: str,
    *,
    case_no: str | None,
    number: int | None,
    keys: Sequence[str] | None = None,
) -> pd.DataFrame:
    """Every row ever landed of a case (a dataset with case_no in its key), of a packet, or of keys that begin with one
    of `keys`, as text, sorted by packet and key; `_record`, `_number`, `_packet` beside. Found by the table's key,
    packet for packet."""
    names, wanted, said = _ever(connection, route, dataset, case_no, number, keys)
    return frame_of(names, connection.execute(text(wanted), said) if wanted else None)


def rows_ever(
    connection: Connection,
    route: Route,
    dataset: str,
    *,
    case_no: str | None,
    number: int | None,
    keys: Sequence[str] | None,
) -> list[Mapping[str, str | None]]:
    """What `history` gives, of a case, a small packet or a few keys, as plain values."""
    return _plain(connection, _ever(connection, route, dataset, case_no, number, keys))


def _ever(
    connection: Connection,
    route: Route,
    dataset: str,
    case_no: str | None,
    number: int | None,
    keys: Sequence[str] | None,
) -> tuple[list[str], str, dict[str, Any]]:
    """(names, SQL, its values) of the rows `history` gives; no SQL where the dataset has no table yet."""
    contract = route.wire(dataset)
    names = [*contract.names, "_record", "_number", "_packet"]
    shapes = shapes_of(connection)
    if dataset not in shapes:
        return names, "", {}
    known = shapes[dataset][0]
    parts = [as_text(connection, c.name, c.type) if c.name in known else "NULL" for c in contract.columns]
    parts += ["r._record", "CAST(r._number AS text)", "r._packet"]
    order = ", ".join(_ordered(connection, name, contract.column(name).type) for name in contract.key)
    given = {"r.case_no = :case_no": case_no, "p.number = :number": number}
    narrowed = [condition for condition, value in given.items() if value is not None]
    said: dict[str, Any] = {"lane": route.lane, "dataset": dataset, "case_no": case_no, "number": number}
    some = "" if keys is None else _among(connection, f"r.{_quoted(contract.key[0])}", keys, said)
    wanted = (
        f"SELECT {', '.join(parts)} FROM landed p "
        f"JOIN {_table(dataset)} r ON r._lane = p.lane AND r._number = p.number "
        f"WHERE {' AND '.join(['p.lane = :lane', 'p.dataset = :dataset', *narrowed])}{some} ORDER BY p.number, {order}"
    )
    return names, wanted, said


def told(connection: Connection, route: Route, dataset: str, columns: Sequence[str]) -> pd.DataFrame:
    """Every combination of these columns ever landed on the route, as text, with `_number`, the last packet that told
    it; in that order. None when the dataset never landed."""
    contract, shapes = route.contract(dataset), shapes_of(connection)
    if dataset not in shapes or not set(columns) <= shapes[dataset][0].keys():
        return frame_of([*columns, "_number"], None)
    parts = [as_text(connection, name, contract.column(name).type) for name in columns]
    by = ", ".join(f"r.{_quoted(name)}" for name in columns)
    wanted = (
        f"SELECT {', '.join(parts)}, CAST(max(r._number) AS text) FROM {_table(dataset)} r "
        f"WHERE r._lane = :lane GROUP BY {by} ORDER BY max(r._number), {by}"
    )
    return frame_of([*columns, "_number"], connection.execute(text(wanted), {"lane": route.lane}))


def _latest_by_key(dataset: str, key: Sequence[str], some: str = "", *, until: str | None = None) -> str:
    """SQL for (key, latest). Packet for packet, so that some keys are found by the table's own key."""
    keys = ", ".join(f"r.{_quoted(name)}" for name in key)
    known = f" AND p.{until} <= :until" if until else ""
    return (
        f"SELECT {keys}, max(r._number) AS latest FROM landed p JOIN {_table(dataset)} r "
        "ON r._lane = p.lane AND r._number = p.number "
        f"WHERE p.lane = :lane AND p.dataset = :dataset{known}{some} GROUP BY {keys}"
    )


def shapes_of(connection: Connection) -> dict[str, tuple[dict[str, str], list[str]]]:
    """dataset → (column → contract type, key) of the tables that exist."""
    rows = connection.execute(select(tables.landed_shape)).all()
    return {row.dataset: (json.loads(row.columns), json.loads(row.key)) for row in rows}


def _ensure_table(connection: Connection, contract: Contract) -> None:
    """Make the dataset's table, or add the columns a newer contract brings. The writers' lock is held."""
    wanted = {column.name: column.type for column in contract.columns}
    shape = shapes_of(connection).get(contract.dataset)
    if shape is None:
        _check_names(contract)
        _create(connection, contract)
        known: dict[str, str] = {}
    else:
        known = shape[0]
        _check_same(contract, known, shape[1])
        for name in wanted.keys() - known.keys():
            _check_names(contract)
            kind = _sql_type(connection, wanted[name])
            connection.exec_driver_sql(f"ALTER TABLE {_table(contract.dataset)} ADD COLUMN {_quoted(name)} {kind}")
    if shape is None or wanted.keys() - known.keys():
        merged = json.dumps(known | wanted)
        said = {"dataset": contract.dataset, "columns": merged, "key": json.dumps(contract.key)}
        tables.upsert(connection, tables.landed_shape, [said])


def _create(connection: Connection, contract: Contract) -> None:
    lines = ["_lane text NOT NULL", "_number integer NOT NULL", "_packet text NOT NULL", "_record text"]
    lines += ["_row_sha256 text NOT NULL", "_landed_at text NOT NULL"]
    for column in contract.columns:
        need = " NOT NULL" if column.name in contract.key else ""
        lines.append(f"{_quoted(column.name)} {_sql_type(connection, column.type)}{need}")
    keys = ", ".join(_quoted(name) for name in contract.key)
    lines.append(f"PRIMARY KEY (_lane, _number, {keys})")
    form = " WITHOUT ROWID" if connection.dialect.name == "sqlite" else ""
    connection.exec_driver_sql(f"CREATE TABLE {_table(contract.dataset)} ({', '.join(lines)}){form}")


def _check_names(contract: Contract) -> None:
    wrong = [name for name in (contract.dataset, *contract.names) if not _NAME.fullmatch(name)]
    if wrong:
        raise NeedsPerson(
            905,
            f"{len(wrong)} names of this contract cannot name a table or column.",
            where=f"contract {contract.id}",
            next_step="Use lower-case letters, digits and _, at most 55 characters.",
        )


def _check_same(contract: Contract, known: Mapping[str, str], key: Sequence[str]) -> None:
    changed = [c.name for c in contract.columns if _kind(known.get(c.name, c.type)) != _kind(c.type)]
    if tuple(key) != contract.key:
        changed.append("the key")
    if changed:
        raise NeedsPerson(
            406,
            f"This version of the contract changes {', '.join(changed)}; rows landed before have the old form.",
            where=f"contract {contract.id} {contract.version}",
            next_step="Give the changed column a new name, or the changed dataset a new one.",
        )


def _kind(contract_type: str) -> str:
    return "text" if contract_type in ("text", "code", "time") else contract_type


def _sql_type(connection: Connection, contract_type: str) -> str:
    return _TYPES[connection.dialect.name].get(contract_type, "text")


def as_text(connection: Connection, name: str, contract_type: str) -> str:
    """SQL that gives a column of table `r` back in wire form."""
    column = f"r.{_quoted(name)}"
    if contract_type == "bool" and connection.dialect.name == "sqlite":
        return f"CASE {column} WHEN 1 THEN 'true' WHEN 0 THEN 'false' END"
    return f"CAST({column} AS text)"


def _ordered(connection: Connection, name: str, contract_type: str) -> str:
    """SQL that sorts a column of table `r` the same in both databases: text by its code points."""
    by_bytes = connection.dialect.name == "postgresql" and _kind(contract_type) == "text"
    return f"r.{_quoted(name)}" + (' COLLATE "C"' if by_bytes else "")
