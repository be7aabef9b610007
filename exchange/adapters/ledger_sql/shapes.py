"""The tables of landed rows: a typed one per dataset, made from its contract when first needed.

| contract type | PostgreSQL | SQLite |
|---|---|---|
| text, code, time | text | TEXT |
| date | date | TEXT (ISO) |
| money | numeric(18,2) | TEXT, two places (SQLite would keep a float) |
| int | bigint | INTEGER |
| bool | boolean | INTEGER 0, 1 |

Times stay text, because the wire's offset must come back as it was. Beside the contract's columns a table has
`_landing`, `_record` and `_row_sha256` (32 bytes); its key is landing and the dataset's key. What the rows of a landing
share (lane, number, packet, when) the catalogue `landed` says once.
A contract version may add columns; it may not change the type of one, nor the key (NeedsPerson 406).
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Final

from sqlalchemy import select
from sqlalchemy.engine import Connection

from exchange.adapters.ledger_sql import tables
from exchange.adapters.ledger_sql.current import quoted, table_of
from exchange.domain.contract import Contract
from exchange.domain.errors import NeedsPerson

_NAME: Final = re.compile(r"[a-z][a-z0-9_]{0,54}")
_TYPES: Final[Mapping[str, Mapping[str, str]]] = {
    "postgresql": {"date": "date", "money": "numeric(18,2)", "int": "bigint", "bool": "boolean"},
    "sqlite": {"int": "INTEGER", "bool": "INTEGER"},
}


def shapes_of(connection: Connection) -> dict[str, tuple[dict[str, str], list[str]]]:
    """dataset → (column → contract type, key) of the tables that exist."""
    rows = connection.execute(select(tables.landed_shape)).all()
    return {row.dataset: (json.loads(row.columns), json.loads(row.key)) for row in rows}


def ensure_table(connection: Connection, contract: Contract) -> None:
    """Make the dataset's table, or add the columns a newer contract brings. The writers' lock is held."""
    wanted = {column.name: column.type for column in contract.columns}
    shape = shapes_of(connection).get(contract.dataset)
    if shape is None:
        _check_names(contract)
        create(connection, contract)
        known: dict[str, str] = {}
    else:
        known = shape[0]
        _check_same(contract, known, shape[1])
        for name in wanted.keys() - known.keys():
            _check_names(contract)
            kind = _sql_type(connection, wanted[name])
            connection.exec_driver_sql(f"ALTER TABLE {table_of(contract.dataset)} ADD COLUMN {quoted(name)} {kind}")
    if shape is None or wanted.keys() - known.keys():
        merged = json.dumps(known | wanted)
        said = {"dataset": contract.dataset, "columns": merged, "key": json.dumps(contract.key)}
        tables.upsert(connection, tables.landed_shape, [said])


def create(connection: Connection, contract: Contract) -> None:
    binary = "bytea" if connection.dialect.name == "postgresql" else "blob"
    lines = ["_landing integer NOT NULL", "_record text", f"_row_sha256 {binary} NOT NULL"]
    for column in contract.columns:
        need = " NOT NULL" if column.name in contract.key else ""
        lines.append(f"{quoted(column.name)} {_sql_type(connection, column.type)}{need}")
    keys = ", ".join(quoted(name) for name in contract.key)
    lines.append(f"PRIMARY KEY (_landing, {keys})")
    form = " WITHOUT ROWID" if connection.dialect.name == "sqlite" else ""
    connection.exec_driver_sql(f"CREATE TABLE {table_of(contract.dataset)} ({', '.join(lines)}){form}")


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
    column = f"r.{quoted(name)}"
    if contract_type == "bool" and connection.dialect.name == "sqlite":
        return f"CASE {column} WHEN 1 THEN 'true' WHEN 0 THEN 'false' END"
    return f"CAST({column} AS text)"


def ordered(connection: Connection, name: str, contract_type: str) -> str:
    """SQL that sorts a column of table `r` the same in both databases: text by its code points."""
    by_bytes = connection.dialect.name == "postgresql" and _kind(contract_type) == "text"
    return f"r.{quoted(name)}" + (' COLLATE "C"' if by_bytes else "")
