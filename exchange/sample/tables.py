"""Where the court's rows go as they are made: an SQL dump, a SQLite file, or CSV files for COPY."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import IO, Final, Protocol

from exchange.sample.register import INDEXES, TABLES, Value, names

BATCH: Final = 500
"""Rows of a table that one INSERT holds."""


class Sink(Protocol):
    """Takes rows table by table, in any order of tables."""

    def row(self, table: str, values: tuple[Value, ...]) -> None:
        """Take one row."""

    def close(self) -> None:
        """Write what is left."""


class SqlDump:
    """`court_db.sql`: loads into SQLite and PostgreSQL as it stands."""

    def __init__(self, folder: Path) -> None:
        self.file: IO[str] = (folder / "court_db.sql").open("w", encoding="utf-8", newline="\n")
        self.waiting: dict[str, list[str]] = {table: [] for table in TABLES}
        self.file.write(
            "-- A court's bankruptcy case tables, made by `exchange sample`. Runs on SQLite and PostgreSQL.\nBEGIN;\n"
        )
        for table, columns in TABLES.items():
            self.file.write(f"CREATE TABLE {table} ({columns});\n")

    def row(self, table: str, values: tuple[Value, ...]) -> None:
        """Take one row."""
        waiting = self.waiting[table]
        waiting.append("(" + ", ".join(map(_literal, values)) + ")")
        if len(waiting) >= BATCH:
            self._flush(table)

    def close(self) -> None:
        """Write what is left."""
        for table in TABLES:
            self._flush(table)
        self.file.writelines(f"CREATE INDEX {_index_name(index)} ON {index};\n" for index in INDEXES)
        self.file.write("COMMIT;\n")
        self.file.close()

    def _flush(self, table: str) -> None:
        rows, self.waiting[table] = self.waiting[table], []
        if rows:
            head = f"INSERT INTO {table} ({', '.join(names(table))}) VALUES\n"
            self.file.write(head + ",\n".join(rows) + ";\n")


class SqliteFile:
    """`court.db`: a SQLite file, for `source_url`."""

    def __init__(self, folder: Path) -> None:
        path = folder / "court.db"
        path.unlink(missing_ok=True)
        self.db = sqlite3.connect(path, isolation_level=None)
        self.waiting: dict[str, list[tuple[Value, ...]]] = {table: [] for table in TABLES}
        for command in ("PRAGMA journal_mode = OFF", "PRAGMA synchronous = OFF", "BEGIN"):
            self.db.execute(command)
        for table, columns in TABLES.items():
            self.db.execute(f"CREATE TABLE {table} ({columns})")

    def row(self, table: str, values: tuple[Value, ...]) -> None:
        """Take one row."""
        waiting = self.waiting[table]
        waiting.append(values)
        if len(waiting) >= BATCH:
            self._flush(table)

    def close(self) -> None:
        """Write what is left."""
        for table in TABLES:
            self._flush(table)
        for index in INDEXES:
            self.db.execute(f"CREATE INDEX {_index_name(index)} ON {index}")
        self.db.execute("COMMIT")
        self.db.close()

    def _flush(self, table: str) -> None:
        rows, self.waiting[table] = self.waiting[table], []
        if rows:
            marks = ", ".join("?" * len(rows[0]))
            self.db.executemany(f"INSERT INTO {table} VALUES ({marks})", rows)  # noqa: S608


class CsvFiles:
    """`court_csv/`: one file a table, and `load.sql` for psql, which copies them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "court_csv"
        self.folder.mkdir(exist_ok=True)
        self.files = {t: (self.folder / f"{t}.csv").open("w", encoding="utf-8", newline="\n") for t in TABLES}
        for table, file in self.files.items():
            file.write(",".join(names(table)) + "\n")

    def row(self, table: str, values: tuple[Value, ...]) -> None:
        """Take one row."""
        self.files[table].write(",".join(map(_cell, values)) + "\n")

    def close(self) -> None:
        """Write what is left."""
        for file in self.files.values():
            file.close()
        with (self.folder / "load.sql").open("w", encoding="utf-8", newline="\n") as file:
            file.write("-- psql -v ON_ERROR_STOP=1 -f load.sql DATABASE, from this folder.\nBEGIN;\n")
            for table, columns in TABLES.items():
                file.write(f"CREATE TABLE {table} ({columns});\n")
                file.write(f"\\copy {table} FROM '{table}.csv' WITH (FORMAT csv, HEADER, ENCODING 'UTF8')\n")
            file.writelines(f"CREATE INDEX {_index_name(index)} ON {index};\n" for index in INDEXES)
            file.write("COMMIT;\n")


FORMS: Final[Mapping[str, Callable[[Path], Sink]]] = {"sql": SqlDump, "sqlite": SqliteFile, "csv": CsvFiles}


def _literal(value: Value) -> str:
    if value is None:
        return "NULL"
    return str(value) if isinstance(value, int) else "'" + value.replace("'", "''") + "'"


def _cell(value: Value) -> str:
    """A quoted empty text is one, an unquoted one is NULL."""
    if value is None:
        return ""
    return str(value) if isinstance(value, int) else '"' + value.replace('"', '""') + '"'


def _index_name(index: str) -> str:
    return index.replace(" (", "_").rstrip(")")
