"""People, sessions, drafts and jobs over a database. Secrets of sessions are kept as hashes only."""

from __future__ import annotations

import hashlib
import json
import os
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from typing import Any

from sqlalchemy import Delete, Engine, Row, delete, insert, make_url, select, update

from exchange.adapters.desk_sql import tables
from exchange.adapters.desk_sql.migrate import migrate
from exchange.adapters.ledger_sql.engine import make_engine, place, reading, writing
from exchange.desk import Job, Session
from exchange.domain.person import Delegation, Person, Role


def open_desk(url: str) -> SqlDesk:
    """The desk at a SQLAlchemy URL, brought to the newest form first. RetryLater 901, 907; NeedsPerson 902, 905."""
    desk = SqlDesk(url)
    try:
        desk.migrate()
    except BaseException:
        desk.close()
        raise
    return desk


class SqlDesk:
    """A desk in a database that has been migrated. May be shared by threads and a forked child."""

    def __init__(self, url: str) -> None:
        self._engine = make_engine(url)
        self._pid = os.getpid()
        self._where = "desk " + place(make_url(url))

    def migrate(self) -> None:
        """Bring the database to the newest form; quick when it is."""
        migrate(self._own(), self._where)

    def close(self) -> None:
        """Give all connections back."""
        self._engine.dispose()

    def _own(self) -> Engine:
        if self._pid != os.getpid():
            self._engine.dispose(close=False)
            self._pid = os.getpid()
        return self._engine

    def _rows(self, wanted: Any) -> Sequence[Row[Any]]:
        with reading(self._own(), self._where) as connection:
            found: Sequence[Row[Any]] = connection.execute(wanted).all()
            return found

    def _do(self, *statements: Any) -> None:
        with writing(self._own(), self._where, alone=False) as connection:
            for statement in statements:
                connection.execute(statement)

    def people(self) -> Sequence[Person]:
        """Everybody, by id."""
        return [_person(row) for row in self._rows(select(tables.person).order_by(tables.person.c.id))]

    def person(self, id: str) -> Person | None:
        """One person."""
        found = self._rows(select(tables.person).where(tables.person.c.id == id))
        return _person(found[0]) if found else None

    def save_person(self, person: Person) -> None:
        """Insert or replace by id."""
        values = {
            "id": person.id, "name": person.name, "roles": " ".join(sorted(person.roles)), "active": person.active,
            "password": person.password, "must_change": person.must_change, "failures": person.failures,
            "locked_until": _text(person.locked_until), "subject": person.subject,
        }  # fmt: skip
        self._do(delete(tables.person).where(tables.person.c.id == person.id), insert(tables.person).values(values))

    def delegations(self) -> Sequence[Delegation]:
        """Every delegation ever made, newest first."""
        newest_first = select(tables.delegation).order_by(tables.delegation.c.id.desc())
        return [_delegation(row) for row in self._rows(newest_first)]

    def delegate(self, delegation: Delegation) -> Delegation:
        """Store a delegation (its id is given here); with the id of one that is there, replace it."""
        values = {
            "giver": delegation.giver, "taker": delegation.taker, "role": str(delegation.role),
            "first_day": delegation.first_day.isoformat(), "last_day": delegation.last_day.isoformat(),
            "made_by": delegation.made_by,
        }  # fmt: skip
        table = tables.delegation
        with writing(self._own(), self._where, alone=False) as connection:
            if delegation.id:
                connection.execute(update(table).where(table.c.id == delegation.id).values(values))
                return delegation
            made = connection.execute(insert(table).values(values).returning(table.c.id)).scalar_one()
        return replace(delegation, id=int(made))

    def open_session(self, person: str, now: datetime) -> str:
        """A new session's secret; only its hash is kept."""
        secret = secrets.token_urlsafe(32)
        values = {
            "secret_sha256": _hash(secret), "person": person, "csrf": secrets.token_urlsafe(32),
            "began": now.isoformat(), "renewed": now.isoformat(), "revealed": "[]",
        }  # fmt: skip
        self._do(insert(tables.session).values(values))
        return secret

    def session(self, secret: str) -> Session | None:
        """The session of a secret."""
        found = self._rows(select(tables.session).where(tables.session.c.secret_sha256 == _hash(secret)))
        if not found:
            return None
        row = found[0]
        return Session(
            person=row.person, csrf=row.csrf, began=datetime.fromisoformat(row.began),
            renewed=datetime.fromisoformat(row.renewed), revealed=tuple(json.loads(row.revealed)),
        )  # fmt: skip

    def renew(self, secret: str, now: datetime, *, revealed: Sequence[str] | None = None) -> None:
        """Note that the person is still here, and what was revealed to them."""
        more = {} if revealed is None else {"revealed": json.dumps(list(revealed), ensure_ascii=False)}
        table = tables.session
        self._do(update(table).where(table.c.secret_sha256 == _hash(secret)).values(renewed=now.isoformat(), **more))

    def close_sessions(self, *, secret: str | None = None, person: str | None = None) -> None:
        """End one session, or all of a person's."""
        gone: list[Delete] = []
        if secret is not None:
            gone.append(delete(tables.session).where(tables.session.c.secret_sha256 == _hash(secret)))
        if person is not None:
            gone.append(delete(tables.session).where(tables.session.c.person == person))
        self._do(*gone)

    def draft(self, person: str, form: str) -> str:
        """What a person had typed into a form; empty for nothing."""
        table = tables.draft
        found = self._rows(select(table.c.text).where(table.c.person == person, table.c.form == form))
        return str(found[0].text) if found else ""

    def keep_draft(self, person: str, form: str, text: str, now: datetime) -> None:
        """Keep what was typed; empty text forgets it."""
        table = tables.draft
        gone = delete(table).where(table.c.person == person, table.c.form == form)
        kept = insert(table).values(person=person, form=form, text=text, at=now.isoformat())
        self._do(*([gone, kept] if text else [gone]))

    def ask(self, kind: str, arguments: Mapping[str, Any], *, by: str, now: datetime) -> Job:
        """A new job, waiting; the same one while an equal job waits or runs."""
        table, told = tables.job, json.dumps(dict(arguments), sort_keys=True, ensure_ascii=False)
        same = select(table).where(
            table.c.kind == kind, table.c.arguments == told, table.c.state.in_(["waiting", "running"])
        )
        values = {
            "kind": kind, "arguments": told, "by": by, "state": "waiting", "asked_at": now.isoformat(), "found": "{}",
            "what": "", "where": "",
        }  # fmt: skip
        with writing(self._own(), self._where, alone=False) as connection:
            found = connection.execute(same).first()
            if found is None:
                found = connection.execute(insert(table).values(values).returning(*table.c)).one()
        return _job(found)

    def take(self) -> Job | None:
        """The oldest job that is not ended, running from now on: also one whose worker died."""
        table = tables.job
        with writing(self._own(), self._where, alone=False) as connection:
            row = connection.execute(
                select(table).where(table.c.state.in_(["waiting", "running"])).order_by(table.c.id).limit(1)
            ).first()
            if row is None:
                return None
            connection.execute(update(table).where(table.c.id == row.id).values(state="running"))
        return replace(_job(row), state="running")

    def end(self, job: Job, now: datetime) -> None:
        """Store how a job ended (its state, `found`, `code`, `what`, `where`)."""
        values = {
            "state": job.state, "found": json.dumps(dict(job.found), ensure_ascii=False), "code": job.code,
            "what": job.what, "where": job.where, "ended_at": now.isoformat(),
        }  # fmt: skip
        self._do(update(tables.job).where(tables.job.c.id == job.id).values(values))

    def job(self, id: int) -> Job | None:
        """One job."""
        found = self._rows(select(tables.job).where(tables.job.c.id == id))
        return _job(found[0]) if found else None

    def jobs(self, *, limit: int = 20) -> Sequence[Job]:
        """The newest jobs."""
        return [_job(row) for row in self._rows(select(tables.job).order_by(tables.job.c.id.desc()).limit(limit))]


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def _text(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat()


def _time(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)


def _person(row: Row[Any]) -> Person:
    return Person(
        id=row.id, name=row.name, roles=frozenset(map(Role, row.roles.split())), active=row.active,
        password=row.password, must_change=row.must_change, failures=row.failures,
        locked_until=_time(row.locked_until), subject=row.subject,
    )  # fmt: skip


def _delegation(row: Row[Any]) -> Delegation:
    return Delegation(
        id=row.id, giver=row.giver, taker=row.taker, role=Role(row.role),
        first_day=date.fromisoformat(row.first_day), last_day=date.fromisoformat(row.last_day), made_by=row.made_by,
    )  # fmt: skip


def _job(row: Row[Any]) -> Job:
    asked = datetime.fromisoformat(row.asked_at)
    return Job(
        id=row.id, kind=row.kind, arguments=json.loads(row.arguments), by=row.by, state=row.state, asked_at=asked,
        ended_at=_time(row.ended_at), found=json.loads(row.found), code=row.code, what=row.what,
        where=row._mapping["where"],
    )  # fmt: skip
