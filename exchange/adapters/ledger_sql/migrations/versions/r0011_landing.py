"""A landed row names its landing; what the rows of one share stands once in the catalogue `landed`.

Rows, keys and hashes come through as they are. A row that the catalogue does not know (its packet, number or moment is
another) is kept under a landing that is none, below 1, so that `verify` names it.
"""

# ruff: noqa: S608  # names are the ledger's own, checked when their table was made, and quoted

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"

_SAME = "k.lane = r._lane AND k.number = r._number AND k.packet_id = r._packet AND k.landed_at = r._landed_at"


def upgrade() -> None:
    """Number the landings, then make each table of rows anew; all in the transaction of the whole migration."""
    _number()
    connection = op.get_bind()
    if connection.dialect.name == "sqlite":
        raw: Any = connection.connection.driver_connection
        raw.create_function("hash_bytes", 1, _bytes, deterministic=True)
    shapes = connection.execute(sa.text("SELECT dataset, columns, key FROM landed_shape ORDER BY dataset")).all()
    for dataset, columns, key in shapes:
        _made_anew(connection, dataset, json.loads(columns), json.loads(key))


def downgrade() -> None:
    """A ledger is never taken back."""
    raise RuntimeError("The ledger is append-only; restore a backup instead.")


def _number() -> None:
    op.add_column("landed", sa.Column("landing", sa.Integer))
    op.execute(
        "UPDATE landed SET landing = n.landing FROM (SELECT lane, number, dataset, "
        "row_number() OVER (ORDER BY landed_at, lane, number, dataset) AS landing FROM landed) n "
        "WHERE n.lane = landed.lane AND n.number = landed.number AND n.dataset = landed.dataset"
    )
    with op.batch_alter_table("landed") as table:
        table.alter_column("landing", nullable=False, existing_type=sa.Integer)
        table.create_unique_constraint("landed_landing_key", ["landing"])


def _made_anew(connection: sa.Connection, dataset: str, columns: dict[str, str], key: Sequence[str]) -> None:
    old, new = f"landed_{dataset}", f"landing_{dataset}"
    names = ", ".join(map(_quoted, columns))
    primary = f"PRIMARY KEY (_landing, {', '.join(map(_quoted, key))})"
    connection.exec_driver_sql(_table(connection, new, columns, key, primary))
    postgresql = connection.dialect.name == "postgresql"
    kept = "CASE WHEN r._row_sha256 ~ '^[0-9a-f]{64}$' THEN decode(r._row_sha256, 'hex') ELSE '' END"
    of = f"FROM {_quoted(old)} r"
    connection.execute(
        sa.text(
            f"INSERT INTO {_quoted(new)} (_landing, _record, _row_sha256, {names}) "
            f"SELECT k.landing, r._record, {kept if postgresql else 'hash_bytes(r._row_sha256)'}, "
            f"{', '.join(f'r.{_quoted(name)}' for name in columns)} {of} JOIN ("
            "SELECT lane, number, packet_id, landed_at, landing FROM landed WHERE dataset = :dataset UNION ALL "
            "SELECT s.*, 1 - row_number() OVER (ORDER BY s._lane, s._number, s._packet, s._landed_at) FROM ("
            f"SELECT DISTINCT r._lane, r._number, r._packet, r._landed_at {of} "
            f"WHERE NOT EXISTS (SELECT 1 FROM landed k WHERE k.dataset = :dataset AND {_SAME})) s) k ON {_SAME}"
        ),
        {"dataset": dataset},
    )
    op.drop_table(old)
    op.rename_table(new, old)
    if postgresql:
        op.execute(f"ALTER TABLE {_quoted(old)} ADD {primary}")


def _table(connection: sa.Connection, name: str, columns: dict[str, str], key: Sequence[str], primary: str) -> str:
    """PostgreSQL makes the key's index when the rows are there."""
    postgresql = connection.dialect.name == "postgresql"
    types = (
        {"date": "date", "money": "numeric(18,2)", "int": "bigint", "bool": "boolean"}
        if postgresql
        else {"int": "INTEGER", "bool": "INTEGER"}
    )
    lines = ["_landing integer NOT NULL", "_record text", f"_row_sha256 {'bytea' if postgresql else 'blob'} NOT NULL"]
    for column, kind in columns.items():
        lines.append(f"{_quoted(column)} {types.get(kind, 'text')}{' NOT NULL' if column in key else ''}")
    if postgresql:
        return f"CREATE TABLE {_quoted(name)} ({', '.join(lines)})"
    return f"CREATE TABLE {_quoted(name)} ({', '.join((*lines, primary))}) WITHOUT ROWID"


def _bytes(hexadecimal: str) -> bytes:
    """A hash that is none becomes nothing, which no row has."""
    return bytes.fromhex(hexadecimal) if re.fullmatch("[0-9a-f]{64}", hexadecimal) else b""


def _quoted(name: str) -> str:
    return f'"{name}"'
