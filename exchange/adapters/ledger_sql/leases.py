"""Named leases: one living holder at a time, on whichever machine.

A lease is stale, and may be taken, when its process is gone on this machine (pid and start time), when this very
process no longer holds it (the database was away when it should have been given back), or when its time is up; a
living holder prolongs it from a thread. Time is the machine's own, whatever clock the exchange runs on.
"""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import uuid4

import psutil
from sqlalchemy import Engine, Row, select

from exchange.adapters.ledger_sql.engine import writing
from exchange.adapters.ledger_sql.tables import lease
from exchange.domain.audit import time_text
from exchange.domain.errors import ExchangeError, RetryLater

LASTS: Final = timedelta(minutes=5)
"""How long a lease outlives a machine that is gone; a living holder prolongs it every fifth of this."""

_HELD: Final[set[str]] = set()
"""Tokens of the leases this process holds now."""


@contextmanager
def held(engine: Engine, name: str, *, holder: str, where: str, lasts: timedelta = LASTS) -> Iterator[None]:
    """Hold the lease for the block; RetryLater 907 when somebody living holds it, or took it over meanwhile."""
    token = uuid4().hex
    _claim(engine, name, token, holder=holder, where=where, lasts=lasts)
    done = threading.Event()
    _HELD.add(token)
    prolonging = threading.Thread(
        target=_prolong, args=(engine, token, done), kwargs={"lasts": lasts, "where": where}, daemon=True
    )
    prolonging.start()
    try:
        yield
    except BaseException:
        _end(prolonging, done, token)
        with suppress(ExchangeError):
            _release(engine, name, token, where)
        raise
    _end(prolonging, done, token)
    if not _release(engine, name, token, where):
        raise RetryLater(
            907,
            "This run's lease was taken over by another run before it ended.",
            where=f"lease {name}",
            next_step="Nothing to do: it is tried again. If it recurs, look for a machine that sleeps.",
        )


def _end(prolonging: threading.Thread, done: threading.Event, token: str) -> None:
    done.set()
    prolonging.join()
    _HELD.discard(token)


def _claim(engine: Engine, name: str, token: str, *, holder: str, where: str, lasts: timedelta) -> None:
    now = datetime.now(UTC)
    with writing(engine, where) as connection:
        found = connection.execute(select(lease).where(lease.c.name == name)).first()
        if found is not None:
            if _living(found, now):
                raise _in_use(found)
            connection.execute(lease.delete().where(lease.c.name == name))
        connection.execute(
            lease.insert(),
            {
                "name": name,
                "token": token,
                "holder": holder,
                "host": socket.gethostname(),
                "pid": os.getpid(),
                "started": _start_time(os.getpid()),
                "since": time_text(now),
                "until": time_text(now + lasts),
            },
        )


def _living(found: Row[Any], now: datetime) -> bool:
    if datetime.fromisoformat(found.until) <= now:
        return False
    if found.host != socket.gethostname():
        return True
    if _start_time(found.pid) != found.started:
        return False
    return found.pid != os.getpid() or found.token in _HELD


def _start_time(pid: int) -> str | None:
    """When a process of this machine started, exactly as before for the same process; None when it is gone."""
    try:
        process = psutil.Process(pid)
        return None if process.status() == psutil.STATUS_ZOMBIE else f"{process.create_time():.2f}"
    except psutil.Error:
        return None


def _in_use(found: Row[Any]) -> RetryLater:
    return RetryLater(
        907,
        f"{found.holder} has held this since {found.since[:19]}Z (process {found.pid} on {found.host}).",
        where=f"lease {found.name}",
        next_step="Nothing to do: it is tried again. If that process hangs, end it.",
    )


def _prolong(engine: Engine, token: str, done: threading.Event, *, lasts: timedelta, where: str) -> None:
    while not done.wait(lasts.total_seconds() / 5):
        try:
            with writing(engine, where) as connection:
                connection.execute(
                    lease.update().where(lease.c.token == token),
                    {"until": time_text(datetime.now(UTC) + lasts)},
                )
        except ExchangeError:
            continue


def _release(engine: Engine, name: str, token: str, where: str) -> bool:
    with writing(engine, where) as connection:
        gone = connection.execute(lease.delete().where(lease.c.name == name, lease.c.token == token))
        return bool(gone.rowcount == 1)
