"""How a source database is reached, and what its errors mean here."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.exc import ArgumentError, DBAPIError

from exchange.domain.errors import ExchangeError, NeedsPerson, RetryLater

WAIT_SECONDS: Final = 10

_LOGIN: Final = ("28P01", "28000", "42501", "3D000")
_MISSING: Final = ("42P01", "42703", "3F000")
_AWAY: Final = ("08", "40", "53", "55", "57")
_REFUSED: Final = re.compile(
    r"authentication|认证|pg_hba\.conf|no password supplied|(?:role|database) .* does not exist|不存在"
)


def make_engine(text: str, *, writing: bool = False) -> sa.Engine:
    """An engine without a pool for a PostgreSQL or SQLite address; opens nothing yet.

    Without `writing`, PostgreSQL transactions are repeatable-read, and a SQLite file must be there: RetryLater 901
    when it is not. NeedsPerson 905 for any other address.
    """
    try:
        url = sa.make_url(text)
    except (ArgumentError, ValueError):
        raise _address_error("source_url") from None
    backend = url.get_backend_name()
    if backend == "postgresql":
        url = url.set(drivername="postgresql+psycopg")
        told: dict[str, Any] = {"connect_timeout": WAIT_SECONDS}
        level = "READ COMMITTED" if writing else "REPEATABLE READ"
    elif backend == "sqlite" and url.database:
        if not writing and not Path(url.database).is_file():
            raise RetryLater(
                901,
                "The source database's file is not there.",
                where=url.database,
                next_step="Check the path and that its disk is mounted; load the dump first if there is one.",
            )
        told, level = {"timeout": WAIT_SECONDS}, "AUTOCOMMIT"
    else:
        raise _address_error(place(url))
    return sa.create_engine(url, poolclass=sa.NullPool, hide_parameters=True, isolation_level=level, connect_args=told)


def _address_error(where: str) -> NeedsPerson:
    step = "Write postgresql://user@host/database or sqlite:///path."
    return NeedsPerson(905, "This is no address of a source database.", where=where, next_step=step)


def place(url: sa.URL) -> str:
    """Host and database of an address, never the password, nor the rest of one that holds an unescaped `@`."""
    if not url.host:
        return str(url.database or "")
    port = f":{url.port}" if url.port else ""
    return f"{url.host}{port}/{url.database or ''}".rpartition("@")[2]


def translated(error: DBAPIError, *, where: str) -> ExchangeError:
    """A database's error as one of ours. Names the table or column, never a value."""
    cause: Any = error.orig
    state = getattr(cause, "sqlstate", None) or ""
    text = str(cause)
    if state in _MISSING or re.search(r"no such (?:table|column)", text):
        return NeedsPerson(
            903,
            f"The source has no {_object(cause, text)}.",
            where=where,
            next_step="Compare the query with the database; its maker may have renamed it.",
        )
    if state in _LOGIN or (not state and _is_psycopg(cause) and "FATAL" in text and _REFUSED.search(text)):
        return NeedsPerson(
            902,
            "The source database refuses this login, or may not be read with it.",
            where=where,
            next_step="Check user, password, database name and the right to read its tables.",
        )
    if state.startswith(_AWAY) or (not state and _is_away(cause, text)):
        return RetryLater(
            901,
            "The source database can't be reached or is busy.",
            where=where,
            next_step="Check that the database runs and the network reaches it; it is tried again.",
        )
    return NeedsPerson(
        905,
        f"The source database can't run the query{f' ({state})' if state else ''}.",
        where=where,
        next_step="Run the query by hand and mend it; check that the address names the right database.",
    )


def _is_psycopg(cause: object) -> bool:
    return type(cause).__module__.startswith("psycopg")


def _is_away(cause: object, text: str) -> bool:
    if _is_psycopg(cause):
        return type(cause).__name__ in ("OperationalError", "ConnectionTimeout", "InterfaceError")
    return any(words in text for words in ("is locked", "unable to open", "disk I/O", "is full"))


def _object(cause: Any, text: str) -> str:
    sqlite = re.search(r"no such (table|column): ([\w.]+)", text)
    if sqlite:
        return f"{sqlite[1]} {sqlite[2]}"
    primary = str(getattr(getattr(cause, "diag", None), "message_primary", "") or "")
    name = re.search(r'"([^"]+)"|([A-Za-z_]\w*\.\w+)', primary)
    kind = "column" if getattr(cause, "sqlstate", "") == "42703" else "table"
    return f"{kind} {(name[1] or name[2]) if name else ''}".strip()
