"""People, delegations, sessions, drafts, jobs."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def _texts(*names: str) -> list[sa.Column[str]]:
    return [sa.Column(name, sa.Text, nullable=False) for name in names]


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "desk_person",
        sa.Column("id", sa.Text, primary_key=True),
        *_texts("name", "roles"),
        sa.Column("active", sa.Boolean, nullable=False),
        sa.Column("password", sa.Text),
        sa.Column("must_change", sa.Boolean, nullable=False),
        sa.Column("failures", sa.Integer, nullable=False),
        sa.Column("locked_until", sa.Text),
        sa.Column("subject", sa.Text, unique=True),
    )
    op.create_table(
        "desk_delegation",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
        *_texts("giver", "taker", "role", "first_day", "last_day", "made_by"),
    )
    op.create_table(
        "desk_session",
        sa.Column("secret_sha256", sa.Text, primary_key=True),
        *_texts("person", "csrf", "began", "renewed", "revealed"),
    )
    op.create_index("desk_session_by_person", "desk_session", ["person"])
    op.create_table("desk_draft", *_texts("person", "form", "text", "at"), sa.PrimaryKeyConstraint("person", "form"))
    op.create_table(
        "desk_job",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
        *_texts("kind", "arguments", "by", "state", "asked_at"),
        sa.Column("ended_at", sa.Text),
        *_texts("found"),
        sa.Column("code", sa.Integer),
        *_texts("what", "where"),
    )
    op.create_index("desk_job_by_state", "desk_job", ["state", "id"])


def downgrade() -> None:
    """Never taken back; restore a backup instead."""
    raise RuntimeError("Restore a backup instead.")
