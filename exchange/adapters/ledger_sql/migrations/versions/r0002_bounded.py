"""Indexes, and each case's latest packet: what a sweep and a quarter ask costs the same however long the past is."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Add the indexes and the table; `migrate` fills it."""
    op.create_index("event_by_exchange_kind", "event", ["exchange", "kind", "seq"])
    op.drop_index("event_by_exchange", "event")
    op.create_index("exchange_by_state", "exchange", ["state", "opened_seq"])
    op.create_index("exchange_by_kind", "exchange", ["route", "kind", "opened_seq"])
    op.create_index("packet_by_state", "packet", ["state", "lane", "number"])
    op.create_table(
        "landed_case",
        sa.Column("lane", sa.Text, nullable=False),
        sa.Column("case_no", sa.Text, nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("lane", "case_no"),
        sqlite_with_rowid=False,
    )


def downgrade() -> None:
    """A ledger is never taken back."""
    raise RuntimeError("The ledger is append-only; restore a backup instead.")
