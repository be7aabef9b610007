"""The console's own tables, on SQLite and on PostgreSQL: people, sessions, drafts, jobs."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine, inspect, text

from exchange.adapters.desk_sql import SqlDesk, migrate, open_desk, tables
from exchange.adapters.ledger_sql import open_ledger
from exchange.domain.errors import NeedsPerson
from exchange.domain.person import Delegation, Person, Role

NOW = datetime(2026, 10, 9, 1, 30, tzinfo=UTC)


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty database of either kind."""
    found: str = (
        f"sqlite:///{tmp_path / 'desk.db'}" if request.param == "sqlite" else request.getfixturevalue("postgres_url")
    )
    return found


@pytest.fixture
def desk(url: str) -> SqlDesk:
    """A desk of one's own."""
    return open_desk(url)


def test_a_person_is_kept_whole(desk: SqlDesk) -> None:
    one = Person(
        id="liaison-1", name="𠀋龘", roles=frozenset({Role.handler, Role.auditor}), password="hash", must_change=True,
        failures=3, locked_until=NOW, subject="sub-1",
    )  # fmt: skip
    desk.save_person(one)
    desk.save_person(replace(one, active=False))
    assert desk.people() == [replace(one, active=False)]
    assert desk.person("nobody") is None


def test_a_session_is_found_by_its_secret_alone(desk: SqlDesk, url: str) -> None:
    secret = desk.open_session("liaison-1", NOW)
    other = desk.open_session("liaison-1", NOW)
    found = desk.session(secret)
    assert found is not None
    assert (found.person, found.began, found.revealed) == ("liaison-1", NOW, ())
    with create_engine(url.replace("postgresql://", "postgresql+psycopg://")).connect() as raw:
        assert secret not in str(raw.execute(text("SELECT * FROM desk_session")).all())
    desk.renew(secret, NOW, revealed=["case:1"])
    renewed = desk.session(secret)
    assert renewed is not None
    assert renewed.revealed == ("case:1",)
    desk.close_sessions(secret=secret)
    assert desk.session(secret) is None
    desk.close_sessions(person="liaison-1")
    assert desk.session(other) is None


def test_a_delegation_gets_its_number_and_may_be_cut_short(desk: SqlDesk) -> None:
    lent = Delegation(
        id=0, giver="chief-1", taker="liaison-1", role=Role.reviewer, first_day=date(2026, 10, 1),
        last_day=date(2026, 10, 9), made_by="chief-1",
    )  # fmt: skip
    kept = desk.delegate(lent)
    assert kept.id > 0
    desk.delegate(replace(kept, last_day=date(2026, 10, 2)))
    assert desk.delegations() == [replace(kept, last_day=date(2026, 10, 2))]


def test_an_equal_job_is_one_job_and_a_dead_workers_is_taken_again(desk: SqlDesk) -> None:
    first = desk.ask("sweep", {"a": 1}, by="liaison-1", now=NOW)
    assert desk.ask("sweep", {"a": 1}, by="chief-1", now=NOW).id == first.id
    second = desk.ask("sweep", {"a": 2}, by="chief-1", now=NOW)
    taken = desk.take()
    assert taken is not None
    assert (taken.id, taken.state) == (first.id, "running")
    again = desk.take()
    assert again is not None
    assert again.id == first.id
    desk.end(replace(taken, state="failed", code=905, what="No.", where="x"), NOW)
    ended = desk.job(first.id)
    assert ended is not None
    assert (ended.state, ended.code, ended.where, ended.ended_at) == ("failed", 905, "x", NOW)
    following = desk.take()
    assert following is not None
    assert following.id == second.id
    assert desk.ask("sweep", {"a": 1}, by="liaison-1", now=NOW).id not in (first.id, second.id)


def test_the_tables_are_what_the_newest_migration_leaves(url: str) -> None:
    open_desk(url).close()
    found = inspect(create_engine(url.replace("postgresql://", "postgresql+psycopg://")))
    for name, table in tables.metadata.tables.items():
        assert {c["name"]: c["nullable"] for c in found.get_columns(name)} == {
            c.name: c.nullable and not c.primary_key for c in table.columns
        }, name
    config = Config()
    config.set_main_option("script_location", str(Path(migrate.__file__).parent / "migrations"))
    config.set_main_option("path_separator", "os")
    assert ScriptDirectory.from_config(config).get_current_head() == migrate.HEAD


def test_ledger_and_desk_may_share_a_database(url: str) -> None:
    open_ledger(url).close()
    desk = open_desk(url)
    desk.save_person(Person(id="a-1", name="x", roles=frozenset({Role.auditor})))
    open_ledger(url).close()
    assert [p.id for p in desk.people()] == ["a-1"]


def test_a_newer_desk_is_not_touched(url: str) -> None:
    open_desk(url).close()
    with create_engine(url.replace("postgresql://", "postgresql+psycopg://")).begin() as raw:
        raw.execute(text("UPDATE desk_version SET version_num = '9999'"))
    with pytest.raises(NeedsPerson) as told:
        open_desk(url)
    assert told.value.code == 905
