"""Bringing the console's own tables to the newest form; beside the ledger's, whose database they may share."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from sqlalchemy import Engine, inspect, text
from sqlalchemy.engine import Connection

from exchange.adapters.desk_sql.tables import VERSION_TABLE
from exchange.adapters.ledger_sql.engine import reading, writing
from exchange.domain.errors import NeedsPerson

HEAD: Final = "0001"
"""The newest revision under `migrations/versions` (a test compares)."""


def migrate(engine: Engine, where: str) -> None:
    """Bring the tables to `HEAD`; starters wait for each other. NeedsPerson 905 when they are newer."""
    with reading(engine, where) as connection:
        if _revision(connection) == HEAD:
            return
    with writing(engine, where) as connection:
        found = _revision(connection)
        if found is not None and found > HEAD:
            raise NeedsPerson(
                905, f"The console's tables are of a newer version of this software (revision {found}).", where=where,
                next_step="Install that version here too.",
            )  # fmt: skip
        if found != HEAD:
            _upgrade(connection)


def _revision(connection: Connection) -> str | None:
    if not inspect(connection).has_table(VERSION_TABLE):
        return None
    found: str | None = connection.scalar(text(f"SELECT version_num FROM {VERSION_TABLE}"))  # noqa: S608
    return found


def _upgrade(connection: Connection) -> None:
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    config.attributes["version_table"] = VERSION_TABLE
    command.upgrade(config, "head")
