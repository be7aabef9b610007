"""The console's own tables, as the newest migration leaves them. Times are ISO text in UTC."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Boolean, Column, Index, Integer, MetaData, PrimaryKeyConstraint, Table, Text

metadata = MetaData()

VERSION_TABLE: Final = "desk_version"
"""Where Alembic notes the revision: the ledger's stands in `alembic_version`, so both may share a database."""

person = Table(
    "desk_person",
    metadata,
    Column("id", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("roles", Text, nullable=False),
    Column("active", Boolean, nullable=False),
    Column("password", Text),
    Column("must_change", Boolean, nullable=False),
    Column("failures", Integer, nullable=False),
    Column("locked_until", Text),
    Column("subject", Text, unique=True),
)

delegation = Table(
    "desk_delegation",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("giver", Text, nullable=False),
    Column("taker", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column("first_day", Text, nullable=False),
    Column("last_day", Text, nullable=False),
    Column("made_by", Text, nullable=False),
)

session = Table(
    "desk_session",
    metadata,
    Column("secret_sha256", Text, primary_key=True),
    Column("person", Text, nullable=False),
    Column("csrf", Text, nullable=False),
    Column("began", Text, nullable=False),
    Column("renewed", Text, nullable=False),
    Column("revealed", Text, nullable=False),
    Index("desk_session_by_person", "person"),
)

draft = Table(
    "desk_draft",
    metadata,
    Column("person", Text, nullable=False),
    Column("form", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("at", Text, nullable=False),
    PrimaryKeyConstraint("person", "form"),
)

job = Table(
    "desk_job",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("kind", Text, nullable=False),
    Column("arguments", Text, nullable=False),
    Column("by", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("asked_at", Text, nullable=False),
    Column("ended_at", Text),
    Column("found", Text, nullable=False),
    Column("code", Integer),
    Column("what", Text, nullable=False),
    Column("where", Text, nullable=False),
    Index("desk_job_by_state", "state", "id"),
)
