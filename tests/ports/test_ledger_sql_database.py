"""The ledger and its database: opened, migrated, away, full, refused."""

# ruff: noqa: PT012  # what is refused is a whole transaction

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine, inspect, text
from sqlalchemy.engine import Connection
from sqlalchemy.pool import NullPool

from exchange.adapters.ledger_sql import SqlLedger, open_ledger
from exchange.adapters.ledger_sql.migrate import HEAD, upgrade
from exchange.adapters.ledger_sql.tables import metadata
from exchange.domain.errors import NeedsPerson, RetryLater
from tests.fakes.ledgers import by_hand, say
from tests.servers import PostgresServer, running_postgres

NOON = datetime(2026, 10, 9, 12, 0, tzinfo=UTC)
OPENING = {"route": "r", "direction": "out", "kind": "Q", "period": "2026Q3", "as_of": "2026-10-09"}


@pytest.fixture
def ledger(database_url: str) -> Iterator[SqlLedger]:
    opened = open_ledger(database_url, clock=lambda: NOON)
    yield opened
    opened.close()


def test_the_tables_are_those_of_the_newest_migration(ledger: SqlLedger, database_url: str) -> None:
    from alembic.script import ScriptDirectory

    import exchange.adapters.ledger_sql as package

    folder = Path(str(package.__file__)).parent / "migrations"
    assert ScriptDirectory(str(folder)).get_current_head() == HEAD
    engine = create_engine(database_url, poolclass=NullPool)
    found = inspect(engine)
    assert set(found.get_table_names()) == {*metadata.tables, "alembic_version"}
    for table in metadata.tables.values():
        stored = {c["name"]: (str(c["type"]), c["nullable"]) for c in found.get_columns(table.name)}
        meant = {c.name: (c.type.compile(dialect=engine.dialect), bool(c.nullable)) for c in table.columns}
        assert stored == meant
        assert found.get_pk_constraint(table.name)["constrained_columns"] == [c.name for c in table.primary_key]
        assert {i["name"] for i in found.get_indexes(table.name) if not i["unique"]} == {i.name for i in table.indexes}


def test_a_new_ledger_is_what_the_migrations_lead_to(ledger: SqlLedger, database_url: str, tmp_path: Path) -> None:
    """Made at once or step by step: the same columns, keys, indexes, guards and revision."""
    with create_engine(database_url, poolclass=NullPool).connect() as made:
        at_once = _schema(made)
    url = f"sqlite:///{tmp_path / 'steps.sqlite'}" if database_url.startswith("sqlite") else database_url
    with create_engine(url, poolclass=NullPool).begin() as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(text("DROP SCHEMA public CASCADE"))
            connection.execute(text("CREATE SCHEMA public"))
        upgrade(connection, None, "here")
        assert _schema(connection) == at_once
    assert len(at_once) > 200


def _schema(connection: Connection) -> set[tuple[object, ...]]:
    """All that a database knows of its tables, their indexes and their triggers, and the ledger's revision.

    SQLite keeps statements as they were written: blanks and the two ways to write "unequal" say the same.
    """
    postgresql = connection.dialect.name == "postgresql"
    asked = _POSTGRESQL if postgresql else _SQLITE
    told = {(what, *row) for what, sql in asked.items() for row in connection.execute(text(sql)).all()}
    return {
        tuple(" ".join(one.replace("!=", "<>").split()) if isinstance(one, str) else one for one in row) for row in told
    }


_POSTGRESQL = {
    "column": "SELECT table_name, rank() OVER (PARTITION BY table_name ORDER BY ordinal_position), column_name, "
    "data_type, is_nullable, column_default, collation_name FROM information_schema.columns "
    "WHERE table_schema = 'public'",
    "table": "SELECT relname, reloptions::text FROM pg_class WHERE relnamespace = 'public'::regnamespace",
    "index": "SELECT indexdef FROM pg_indexes WHERE schemaname = 'public'",
    "key": "SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint "
    "WHERE connamespace = 'public'::regnamespace",
    "guard": "SELECT pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal",
    "function": "SELECT proname, prosrc FROM pg_proc WHERE pronamespace = 'public'::regnamespace",
    "revision": "SELECT version_num FROM alembic_version",
}
_SQLITE = {
    "table": "SELECT name, type, wr FROM pragma_table_list WHERE schema = 'main'",
    "column": "SELECT t.name, c.* FROM sqlite_master t, pragma_table_xinfo(t.name) c WHERE t.type = 'table'",
    "index": 'SELECT t.name, i."unique", i.origin, i.partial, x.seqno, x.name, x."desc", x.coll, x."key", '
    "CASE i.origin WHEN 'c' THEN i.name END, s.sql FROM sqlite_master t, pragma_index_list(t.name) i, "
    "pragma_index_xinfo(i.name) x LEFT JOIN sqlite_master s ON s.name = i.name WHERE t.type = 'table'",
    "guard": "SELECT name, sql FROM sqlite_master WHERE type = 'trigger'",
    "revision": "SELECT version_num FROM alembic_version",
}
"""What each database is asked about itself."""


def test_opening_again_is_quick_and_needs_no_alembic(database_url: str) -> None:
    open_ledger(database_url).close()
    took = []
    for _ in range(5):
        began = time.perf_counter()
        open_ledger(database_url).close()
        took.append(time.perf_counter() - began)
    assert min(took) < 0.15
    asked = (
        f"import sys; from exchange.adapters.ledger_sql import open_ledger; open_ledger({database_url!r}).head();"
        "print([m for m in ('alembic', 'pandas', 'pyarrow') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_many_may_open_a_new_ledger_at_once(database_url: str) -> None:
    problems: list[BaseException] = []

    def start() -> None:
        try:
            ledger = open_ledger(database_url)
            say(ledger, "noted", key=None)
            ledger.close()
        except BaseException as problem:
            problems.append(problem)

    threads = [threading.Thread(target=start) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert problems == []
    ledger = open_ledger(database_url)
    assert len(list(ledger.events())) == 6
    assert ledger.verify() == []
    ledger.close()


def test_a_ledger_of_a_newer_version_is_refused(ledger: SqlLedger, database_url: str) -> None:
    by_hand(database_url, "UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(NeedsPerson, match="newer version") as refused:
        open_ledger(database_url)
    assert refused.value.code == 905


def test_the_file_is_ours_alone_and_written_through(tmp_path: Path) -> None:
    path = tmp_path / "new" / "ledger.db"
    ledger = open_ledger(f"sqlite:///{path}")
    say(ledger, "noted", key=None)
    assert [f.stat().st_mode & 0o077 for f in path.parent.iterdir()] == [0] * len(list(path.parent.iterdir()))
    assert path.parent.stat().st_mode & 0o077 == 0
    with ledger.transaction() as write:
        connection: Any = write
        assert connection._connection.exec_driver_sql("PRAGMA synchronous").scalar() == 2
        assert connection._connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
    ledger.close()


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///:memory:", "mysql://h/d", "not a url", "oracle://x"])
def test_other_addresses_are_refused(url: str) -> None:
    with pytest.raises(NeedsPerson) as refused:
        open_ledger(url)
    assert refused.value.code == 905


def test_wrong_password_and_missing_database(postgres_server: PostgresServer) -> None:
    for url, code in [
        (postgres_server.url("postgres", password="wrong-password"), 902),
        (postgres_server.url("postgres", role="nobody_here"), 902),
        (postgres_server.url("no_such_database"), 905),
    ]:
        with pytest.raises(NeedsPerson) as refused:
            open_ledger(url)
        assert refused.value.code == code
        assert "password" not in refused.value.where
        assert "wrong-password" not in str(refused.value)


def test_a_database_that_goes_away_and_comes_back() -> None:
    with running_postgres() as server:
        ledger = open_ledger(server.url(server.new_database()))
        say(ledger, "noted", key=None)
        server.stop()
        with pytest.raises(RetryLater) as refused:
            say(ledger, "noted", key=None)
        assert refused.value.code == 901
        server.start()
        say(ledger, "noted", key=None)
        assert ledger.verify() == []
        with pytest.raises(RetryLater) as cut, ledger.transaction() as write:
            write.append("noted", exchange=None, actor="wang", body={})
            server.stop()
            write.append("noted", exchange=None, actor="wang", body={})
        assert cut.value.code == 901
        server.start()
        assert len(list(ledger.events())) == 2
        ledger.close()


def test_a_file_that_is_no_ledger(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    path.write_bytes(b"this is not a database" * 100)
    with pytest.raises(NeedsPerson) as refused:
        open_ledger(f"sqlite:///{path}")
    assert refused.value.code == 909


def test_a_full_disk_stores_nothing(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    ledger = open_ledger(f"sqlite:///{path}")
    say(ledger, "noted", key=None)
    with pytest.raises(NeedsPerson) as refused, ledger.transaction() as write:
        inner: Any = write
        pages = inner._connection.exec_driver_sql("PRAGMA page_count").scalar()
        inner._connection.exec_driver_sql(f"PRAGMA max_page_count = {pages}")
        write.append("noted", exchange=None, actor="wang", body={"words": "x" * 100_000})
    assert refused.value.code == 906
    ledger.close()
    assert len(list(ledger.events())) == 1
    say(ledger, "noted", {"words": "x" * 100_000}, key=None)
    assert ledger.verify() == []
    ledger.close()


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(NeedsPerson) as refused:
        open_ledger(f"sqlite:///{tmp_path / 'file' / 'ledger.db'}")
    assert refused.value.code == 905


def test_a_writer_that_waits_too_long_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("exchange.adapters.ledger_sql.engine.WAIT_SECONDS", 0.2)
    path = tmp_path / "ledger.db"
    ledger = open_ledger(f"sqlite:///{path}")
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(RetryLater) as refused:
        say(ledger, "noted", key=None)
    assert refused.value.code == 907
    other.close()
    say(ledger, "noted", key=None)
    ledger.close()


def test_a_forked_child_takes_connections_of_its_own(ledger: SqlLedger) -> None:
    say(ledger, "noted", key=None)
    child = os.fork()
    if child == 0:
        try:
            say(ledger, "noted", key=None)
            os._exit(0)
        finally:
            os._exit(1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    say(ledger, "noted", key=None)
    assert [event.seq for event in ledger.events()] == [1, 2, 3]
    assert ledger.verify() == []
