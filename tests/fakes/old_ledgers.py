"""A ledger put back into a form it had before, by SQL alone, as an old version of the software would have left it."""

from __future__ import annotations

import json

from sqlalchemy import Connection, create_engine, text
from sqlalchemy.pool import NullPool

_TYPES = {
    "postgresql": {"date": "date", "money": "numeric(18,2)", "int": "bigint", "bool": "boolean"},
    "sqlite": {"int": "INTEGER", "bool": "INTEGER"},
}
_CATALOGUE = (
    "lane text NOT NULL", "number integer NOT NULL", "dataset text NOT NULL", "packet_id text NOT NULL",
    "contract_version text NOT NULL", "rows integer NOT NULL", "sha256 text NOT NULL", "landed_at text NOT NULL",
    "PRIMARY KEY (lane, number, dataset)",
)  # fmt: skip
_OWN = (
    "_lane text NOT NULL", "_number integer NOT NULL", "_packet text NOT NULL", "_record text",
    "_row_sha256 text NOT NULL", "_landed_at text NOT NULL",
)  # fmt: skip


def before_landings(url: str) -> None:
    """Revision 0010: every landed row holds its lane, number, packet and moment, and its hash as text."""
    with create_engine(url, poolclass=NullPool).begin() as connection:
        for shape in connection.execute(text("SELECT dataset, columns, key FROM landed_shape")).all():
            _rows(connection, shape.dataset, json.loads(shape.columns), json.loads(shape.key))
        names = ", ".join(one.split()[0] for one in _CATALOGUE[:-1])
        _anew(connection, "landed", _CATALOGUE, f"SELECT {names} FROM landed")
        connection.execute(text("CREATE INDEX landed_case_by_number ON landed_case (lane, number)"))
        for table in ("case_index", "case_words"):
            connection.execute(text(f"ALTER TABLE {table} ADD COLUMN number integer NOT NULL DEFAULT 0"))
        connection.execute(text("UPDATE alembic_version SET version_num = '0010'"))


def _rows(connection: Connection, dataset: str, columns: dict[str, str], key: list[str]) -> None:
    dialect = connection.dialect.name
    types = [f"{name} {_TYPES[dialect].get(kind, 'text')}" for name, kind in columns.items()]
    lines = (*_OWN, *types, f"PRIMARY KEY (_lane, _number, {', '.join(key)})")
    kept = "encode(r._row_sha256, 'hex')" if dialect == "postgresql" else "lower(hex(r._row_sha256))"
    told = ", ".join(f"r.{name}" for name in columns)
    wanted = (
        f"SELECT p.lane, p.number, p.packet_id, r._record, {kept}, p.landed_at, {told} "
        f"FROM landed_{dataset} r JOIN landed p ON p.landing = r._landing"
    )
    _anew(connection, f"landed_{dataset}", lines, wanted, " WITHOUT ROWID" if dialect == "sqlite" else "")


def _anew(connection: Connection, table: str, lines: tuple[str, ...], wanted: str, form: str = "") -> None:
    connection.execute(text(f"CREATE TABLE before_{table} ({', '.join(lines)}){form}"))
    connection.execute(text(f"INSERT INTO before_{table} {wanted}"))
    connection.execute(text(f"DROP TABLE {table}"))
    connection.execute(text(f"ALTER TABLE before_{table} RENAME TO {table}"))
