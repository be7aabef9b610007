"""Bringing a database to the newest form: a new one at once, an older one by its migrations.

Alembic is imported only for the latter."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from sqlalchemy import Engine, inspect, text
from sqlalchemy.engine import Connection

from exchange.adapters.ledger_sql import desk
from exchange.adapters.ledger_sql.engine import reading, writing
from exchange.adapters.ledger_sql.making import make
from exchange.domain.errors import NeedsPerson

HEAD: Final = "0013"
"""The newest revision under `migrations/versions` (a test compares)."""

_CASES: Final = "0008"
"""The last revision that made a table of cases."""


def migrate(engine: Engine, where: str) -> None:
    """Bring the ledger to `HEAD`; starters wait for each other. NeedsPerson 905 when it is newer."""
    with reading(engine, where) as connection:
        if _revision(connection) == HEAD:
            return
    with writing(engine, where) as connection:
        found = _revision(connection)
        if found is None:
            make(connection, HEAD)
        elif found != HEAD:
            upgrade(connection, found, where)


def _revision(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    found: str | None = connection.scalar(text("SELECT version_num FROM alembic_version"))
    return found


def upgrade(connection: Connection, found: str | None, where: str) -> None:
    """Every migration after the one found, none being before the first. NeedsPerson 905 when it is newer."""
    if found is not None and found > HEAD:
        raise NeedsPerson(
            905,
            f"The ledger is of a newer version of this software (revision {found}).",
            where=where,
            next_step="Install that version here too.",
        )
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
    if found is not None and found < _CASES:
        _note_cases(connection)
    desk.fill(connection)


def _note_cases(connection: Connection) -> None:
    """Make what is kept of cases beside the landed rows: after migrations that made its tables."""
    from exchange.adapters.ledger_sql import landing

    for lane in connection.execute(text("SELECT DISTINCT lane FROM landed")).scalars().all():
        landing.note_anew(connection, lane)
