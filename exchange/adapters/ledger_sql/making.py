"""A new ledger in its newest form, made at once. A test holds that the migrations lead to the same.

Alembic's own advice for a database from scratch: make what there is to be, and write down its revision; the steps that
led there are for ledgers that were made on the way.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import Column, MetaData, PrimaryKeyConstraint, String, Table, insert, text
from sqlalchemy.engine import Connection

from exchange.adapters.ledger_sql.tables import metadata

_version = Table(
    "alembic_version",
    MetaData(),
    Column("version_num", String(32), nullable=False),
    PrimaryKeyConstraint("version_num", name="alembic_version_pkc"),
)

_POSTGRESQL: Final = (
    """
    CREATE FUNCTION event_guard() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            IF TG_OP = 'INSERT' THEN
                IF NEW.seq <> COALESCE((SELECT max(seq) FROM event), 0) + 1
                   OR NEW.prev_hash <> COALESCE((SELECT hash FROM event ORDER BY seq DESC LIMIT 1), repeat('0', 64))
                THEN
                    RAISE EXCEPTION 'event % does not continue the chain', NEW.seq;
                END IF;
                RETURN NEW;
            END IF;
            RAISE EXCEPTION 'the ledger is append-only';
        END
        $$
    """,
    "CREATE TRIGGER event_continues BEFORE INSERT ON event FOR EACH ROW EXECUTE FUNCTION event_guard()",
    "CREATE TRIGGER event_no_update BEFORE UPDATE ON event FOR EACH ROW EXECUTE FUNCTION event_guard()",
    "CREATE TRIGGER event_no_delete BEFORE DELETE ON event FOR EACH ROW EXECUTE FUNCTION event_guard()",
    "CREATE TRIGGER event_no_truncate BEFORE TRUNCATE ON event EXECUTE FUNCTION event_guard()",
)
_SQLITE: Final = (
    """
        CREATE TRIGGER event_continues BEFORE INSERT ON event
        WHEN NEW.seq <> COALESCE((SELECT max(seq) FROM event), 0) + 1
          OR NEW.prev_hash <> COALESCE(
              (SELECT hash FROM event ORDER BY seq DESC LIMIT 1), hex(zeroblob(32)))
        BEGIN SELECT RAISE(ABORT, 'event does not continue the chain'); END
    """,
    "CREATE TRIGGER event_no_update BEFORE UPDATE ON event BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END",
    "CREATE TRIGGER event_no_delete BEFORE DELETE ON event BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END",
)


def make(connection: Connection, revision: str) -> None:
    """Every table and index, the guards of the events, and the revision they are of, in the caller's transaction."""
    metadata.create_all(connection, checkfirst=False)
    for statement in _POSTGRESQL if connection.dialect.name == "postgresql" else _SQLITE:
        connection.execute(text(statement))
    _version.create(connection, checkfirst=False)
    connection.execute(insert(_version).values(version_num=revision))
