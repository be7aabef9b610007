"""Reaching the database: one engine per ledger, and the translation of what a database may complain about."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from sqlalchemy import URL, Engine, create_engine, event, make_url
from sqlalchemy.engine import Connection
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from exchange.domain.errors import ExchangeError, NeedsPerson, RetryLater

WAIT_SECONDS: Final = 60
"""How long one writer waits for another before it gives up with RetryLater 907."""

_WRITES: Final = "ledger_writes"
_WRITER_LOCK: Final = 0x6C656467  # "ledg": the one advisory lock of the ledger's writers in this database


def make_engine(url: str) -> Engine:
    """An engine for a PostgreSQL or SQLite file URL; NeedsPerson 905 when the URL is of another kind."""
    try:
        parsed = make_url(url)
        if parsed.get_backend_name() == "postgresql":
            return _postgresql(parsed)
        if parsed.get_backend_name() == "sqlite" and parsed.database not in (None, "", ":memory:"):
            return _sqlite(parsed)
    except (ArgumentError, NoSuchModuleError, ValueError):
        pass
    raise NeedsPerson(
        905,
        "The ledger's address is neither a PostgreSQL nor an SQLite file URL.",
        where="setting ledger",
        next_step="Write it like postgresql://user:password@host:5432/ledger or sqlite:////path/ledger.sqlite.",
    )


def place(url: URL) -> str:
    """Kind, host and database of an address, never user or password, nor the rest of one with an unescaped `@`."""
    if not url.host:
        return url.set(username=None, password=None, query={}).render_as_string()
    port = f":{url.port}" if url.port else ""
    return f"{url.get_backend_name()}://" + f"{url.host}{port}/{url.database or ''}".rpartition("@")[2]


def _postgresql(url: URL) -> Engine:
    options = f"-c lock_timeout={WAIT_SECONDS}s -c datestyle=ISO,YMD -c timezone=UTC"
    return create_engine(
        url.set(drivername="postgresql+psycopg"),
        hide_parameters=True,
        pool_pre_ping=True,
        pool_size=3,
        max_overflow=12,
        connect_args={"options": options, "connect_timeout": 10, "application_name": "exchange-ledger"},
    )


def _sqlite(url: URL) -> Engine:
    path = Path(str(url.database))
    try:
        _private_file(path)
    except OSError as error:
        raise NeedsPerson(
            905,
            f"The ledger's file cannot be made ({type(error).__name__}).",
            where=str(path),
            next_step="Check that its folder exists and may be written by this user.",
        ) from None
    engine = create_engine(
        url.set(drivername="sqlite+pysqlite"), hide_parameters=True, connect_args={"timeout": WAIT_SECONDS}
    )
    event.listen(engine, "connect", _set_up_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _private_file(path: Path) -> None:
    """The ledger holds personal data: nobody else may read it."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))


def _set_up_sqlite(connection: sqlite3.Connection, _: Any) -> None:
    connection.isolation_level = None
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")


def _begin_sqlite(connection: Connection) -> None:
    writes = connection.get_execution_options().get(_WRITES, False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


@contextmanager
def writing(engine: Engine, where: str, *, alone: bool = True) -> Iterator[Connection]:
    """A transaction that no other writer's overlaps; committed at the end, rolled back on any exception.

    Without `alone` only SQLite, which knows nothing else, keeps writers apart.
    """
    with translated(where), engine.connect().execution_options(**{_WRITES: True}) as connection, connection.begin():
        if alone and connection.dialect.name == "postgresql":
            connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_WRITER_LOCK})")
        yield connection


@contextmanager
def reading(engine: Engine, where: str) -> Iterator[Connection]:
    """One consistent view of the database."""
    options = {"isolation_level": "REPEATABLE READ"} if engine.dialect.name == "postgresql" else {}
    with translated(where), engine.connect().execution_options(**options) as connection, connection.begin():
        yield connection


@contextmanager
def translated(where: str) -> Iterator[None]:
    """Turn a database's exceptions into ours. Its texts may quote rows, so only its class and code are kept."""
    try:
        yield
    except ExchangeError:
        raise
    except Exception as error:
        problem = explain(error, where)
        if problem is None:
            raise
        raise problem from None


def explain(error: Exception, where: str) -> ExchangeError | None:
    """What a database exception means to a caller; None when it is none."""
    if isinstance(error, PoolTimeoutError):
        return _problem("busy", where, "pool")
    origin: Any = error.orig if isinstance(error, DBAPIError) and error.orig is not None else error
    if isinstance(origin, sqlite3.Error):
        name = getattr(origin, "sqlite_errorname", "") or type(origin).__name__
        return _problem(_first(_SQLITE, name), where, name)
    if type(origin).__module__.startswith("psycopg"):
        name, state = type(origin).__name__, getattr(origin, "sqlstate", None)
        uncoded = "value" if name == "DataError" else _connection_words(str(origin))
        return _problem(_first(_SQLSTATE, state) if state else uncoded, where, state or name)
    return None


_SQLITE: Final = (
    ("SQLITE_BUSY", "busy"),
    ("SQLITE_LOCKED", "busy"),
    ("SQLITE_FULL", "full"),
    ("SQLITE_CANTOPEN", "closed"),
    ("SQLITE_READONLY", "closed"),
    ("SQLITE_PERM", "closed"),
    ("SQLITE_AUTH", "closed"),
    ("SQLITE_CORRUPT", "damaged"),
    ("SQLITE_NOTADB", "damaged"),
    ("SQLITE_IOERR_SHMSIZE", "full"),
    ("SQLITE_IOERR", "away"),
    ("SQLITE_CONSTRAINT_TRIGGER", "guarded"),
    ("SQLITE_CONSTRAINT_PRIMARYKEY", "twice"),
    ("SQLITE_CONSTRAINT_UNIQUE", "twice"),
)
_SQLSTATE: Final = (
    ("08", "away"),
    ("53100", "full"),
    ("53", "away"),
    ("57", "away"),
    ("28", "login"),
    ("3D000", "no_database"),
    ("42501", "closed"),
    ("25006", "closed"),
    ("55P03", "busy"),
    ("40", "busy"),
    ("P0001", "guarded"),
    ("23505", "twice"),
    ("22", "value"),
    ("XX", "damaged"),
)


def _first(table: tuple[tuple[str, str], ...], code: str) -> str:
    return next((meaning for start, meaning in table if code.startswith(start)), "refused")


def _connection_words(text: str) -> str:
    """libpq gives no code when a connection fails, only the server's words (English or Chinese)."""
    if any(word in text for word in ("authentication failed", "认证失败", "no password supplied", "pg_hba.conf")):
        return "login"
    if "database" in text and ("does not exist" in text or "不存在" in text):
        return "no_database"
    return "away"


_AGAIN: Final = "Nothing to do: it is tried again. If it stays so, "
_MEANINGS: Final[dict[str, tuple[type[ExchangeError], int, str, str]]] = {
    "away": (RetryLater, 901, "The ledger's database does not answer.", _AGAIN + "start the database or the network."),
    "busy": (RetryLater, 907, "Another run is writing to the ledger.", _AGAIN + "look for a run that hangs."),
    "login": (NeedsPerson, 902, "The ledger's database refused the login.", "Check user and password of the ledger."),
    "no_database": (NeedsPerson, 905, "The ledger's database does not exist.", "Create it, or mend the setting."),
    "closed": (NeedsPerson, 905, "The ledger's database may not be written.", "Check owner, mode and grants."),
    "full": (NeedsPerson, 906, "The ledger's disk is full. Nothing was stored.", "Free space, then run it again."),
    "damaged": (NeedsPerson, 909, "The ledger's database is damaged.", "Stop; restore the newest good backup."),
    "guarded": (NeedsPerson, 909, "The ledger refuses to change what was recorded.", "Find out who tried, and why."),
    "twice": (NeedsPerson, 506, "A row is there twice.", "Look at what was being stored; each key may occur once."),
    "value": (NeedsPerson, 504, "A value does not fit its column.", "Check the rows against their contract."),
    "refused": (NeedsPerson, 905, "The ledger's database refused a statement.", "Report this with the code shown."),
}


def _problem(meaning: str, where: str, code: str) -> ExchangeError:
    kind, number, what, next_step = _MEANINGS[meaning]
    return kind(number, what, where=f"{where} ({code})", next_step=next_step)
