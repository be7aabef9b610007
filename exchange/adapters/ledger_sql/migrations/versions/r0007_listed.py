"""Indexes for leafing: exchanges by when they were opened, events by who acted."""

from __future__ import annotations

from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Add the indexes."""
    op.create_index("exchange_by_opened", "exchange", ["opened_seq"])
    op.create_index("exchange_by_direction", "exchange", ["direction", "opened_seq"])
    op.create_index("event_by_actor", "event", ["actor", "seq"])


def downgrade() -> None:
    """A ledger is never taken back."""
    raise RuntimeError("The ledger is append-only; restore a backup instead.")
