"""A database dump (CREATE TABLE and INSERT statements) loaded into SQLite or PostgreSQL, whole or not at all.

Only statements a dump is made of are run: CREATE TABLE, CREATE INDEX, INSERT. Transaction commands and settings are
skipped, for the load is one transaction of its own; anything else is refused. A table of our own remembers which
dump was loaded, so that loading it again does nothing and another one replaces it, and only tables that came from
a dump are ever dropped.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from exchange.adapters.source_sql.engine import make_engine, place, translated
from exchange.domain.errors import NeedsPerson, RetryLater

MARK: Final = "exchange_dump"
BATCH: Final = 500
_LOCK: Final = 0x65786368  # any number that is always the same
_TOKEN: Final = re.compile(
    r"""'[^']*(?:''[^']*)*'|"[^"]*(?:""[^"]*)*"|--[^\n]*|/\*.*?\*/|(?P<end>;)|(?P<open>'|"|/\*)""", re.DOTALL
)
_LEAD: Final = re.compile(r"(?:\s+|--[^\n]*|/\*.*?\*/)*", re.DOTALL)
_RUN: Final = re.compile(
    r'(?:CREATE\s+TABLE(?:\s+IF\s+NOT\s+EXISTS)?\s+(?P<table>"?\w+"?)\s*\(|CREATE\s+(?:UNIQUE\s+)?INDEX\s'
    r'|INSERT\s+INTO\s+"?\w+"?\s*(?:\([^()]*\)\s*)?VALUES\b)',
    re.IGNORECASE,
)
_SKIP: Final = re.compile(r"(?:BEGIN|START\s+TRANSACTION|COMMIT|END|SET|PRAGMA)\b", re.IGNORECASE)
_OPENS: Final = re.compile(r"(?:BEGIN|START)\b", re.IGNORECASE)
_ENDS: Final = re.compile(r"(?:COMMIT|END)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """One statement of the dump and where it begins. `table` is set where it creates one."""

    sql: str
    line: int
    table: str | None


def load_dump(sql_file: Path, url: str) -> None:
    """Load a dump into a database; the same dump again does nothing, another one replaces what the last one made.

    Raises NeedsPerson 904 with the line when the dump is empty, cut off, malformed or more than a dump; 905 when the
    database has tables no dump of ours made; RetryLater 901 and NeedsPerson 902 as for reading.
    """
    try:
        data = sql_file.read_bytes()
    except OSError:
        raise _malformed(sql_file, None, "The dump can't be read.") from None
    digest = hashlib.sha256(data).hexdigest()
    statements = list(_statements(data, sql_file))
    if not any(statement.table for statement in statements):
        raise _malformed(sql_file, None, "The dump creates no table.")
    database = sa.make_url(url).database
    if url.startswith("sqlite") and database:
        _private_file(Path(database))
    engine = make_engine(url, writing=True)
    try:
        with engine.connect() as connection:
            _load(connection, statements, digest, sql_file)
    except DBAPIError as error:
        raise translated(error, where=place(engine.url)) from None
    finally:
        engine.dispose()


def _private_file(path: Path) -> None:
    """A copy of a court's register holds what never leaves it: nobody but its owner reads it."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
    path.chmod(0o600)


def _load(connection: sa.Connection, statements: Sequence[Statement], digest: str, file: Path) -> None:
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql("BEGIN IMMEDIATE")
    else:
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_LOCK})")
    connection.exec_driver_sql(f"CREATE TABLE IF NOT EXISTS {MARK} (sha256 TEXT, loaded_at TEXT, tables TEXT)")
    before = connection.exec_driver_sql(f"SELECT sha256, tables FROM {MARK}").all()  # noqa: S608
    if before and before[0][0] == digest:
        connection.exec_driver_sql("ROLLBACK")
        return
    _make_room(connection, [s.table for s in statements if s.table], json.loads(before[0][1]) if before else [])
    for created, group in groupby(statements, key=lambda s: s.table is not None):
        several = list(group)
        size = 1 if created or connection.dialect.name == "sqlite" else BATCH
        for start in range(0, len(several), size):
            _run(connection, several[start : start + size], file)
    connection.exec_driver_sql(f"DELETE FROM {MARK}")  # noqa: S608
    told = {
        "sha256": digest,
        "loaded_at": datetime.now(UTC).isoformat(),
        "tables": json.dumps([s.table for s in statements if s.table]),
    }
    connection.execute(sa.text(f"INSERT INTO {MARK} VALUES (:sha256, :loaded_at, :tables)"), told)  # noqa: S608
    connection.exec_driver_sql("COMMIT")


def _make_room(connection: sa.Connection, tables: Sequence[str], ours: Sequence[str]) -> None:
    there = {name.lower() for name in sa.inspect(connection).get_table_names()}
    foreign = sorted(t for t in tables if t.strip('"').lower() in there and t not in ours)
    if foreign:
        raise NeedsPerson(
            905,
            f"The database already has {', '.join(foreign)}, which no dump made here.",
            where=place(connection.engine.url),
            next_step="Name an empty database; a live one is never overwritten by a dump.",
        )
    for table in ours:
        connection.exec_driver_sql(f"DROP TABLE IF EXISTS {table}")


def _run(connection: sa.Connection, several: Sequence[Statement], file: Path) -> None:
    """Run statements; when one fails, find and name its line."""
    cursor: Any = connection.connection.cursor()
    together = len(several) > 1
    try:
        if together:
            cursor.execute("SAVEPOINT several")
        cursor.execute(";\n".join(s.sql for s in several))
    except connection.dialect.loaded_dbapi.Error as error:
        if _busy(error):
            step = "It is tried again; end whoever holds it if this lasts."
            where = place(connection.engine.url)
            raise RetryLater(901, "The database is busy, full or was lost.", where=where, next_step=step) from None
        if not together:
            raise _malformed(file, several[0].line, "The database refuses a statement of the dump.") from None
        cursor.execute("ROLLBACK TO SAVEPOINT several")
        for statement in several:
            _run(connection, [statement], file)
    finally:
        cursor.close()


def _busy(error: Exception) -> bool:
    state = getattr(error, "sqlstate", None) or ""
    return state.startswith(("08", "53", "55", "57")) or any(
        w in str(error) for w in ("is locked", "is full", "disk I/O")
    )


def _statements(data: bytes, file: Path) -> Iterator[Statement]:
    """The dump's statements in order, those that are skipped left out; NeedsPerson 904 with the line."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise _malformed(file, line, "The dump is not UTF-8.") from None
    started, line, counted, opened = _LEAD.match(text, 0).end(), 1, 0, False  # type: ignore[union-attr]
    for token in _TOKEN.finditer(text, started):
        if token["open"]:
            line += text.count("\n", counted, token.start())
            raise _malformed(file, line, "A quoted text or comment begins here and never ends.")
        if not token["end"]:
            continue
        sql = text[started : token.start()]
        line += text.count("\n", counted, started)
        counted = started
        if _SKIP.match(sql):
            opened = bool(_OPENS.match(sql)) or (opened and not _ENDS.match(sql))
        elif sql:
            yield _statement(sql, line, file)
        started = _LEAD.match(text, token.end()).end()  # type: ignore[union-attr]
    line += text.count("\n", counted, started)
    if started < len(text):
        raise _malformed(file, line, "The dump ends inside the statement that begins here.")
    if opened:
        raise _malformed(file, line, "The dump begins a transaction and ends before its COMMIT.")


def _statement(sql: str, line: int, file: Path) -> Statement:
    found = _RUN.match(sql)
    if found is None:
        raise _malformed(file, line, "A dump holds only CREATE TABLE, CREATE INDEX and INSERT ... VALUES.")
    return Statement(sql=sql, line=line, table=found["table"])


def _malformed(file: Path, line: int | None, what: str) -> NeedsPerson:
    step = "Look at that line, or export the dump again. Nothing was loaded."
    return NeedsPerson(904, what, where=f"{file}:{line}" if line else str(file), next_step=step)
