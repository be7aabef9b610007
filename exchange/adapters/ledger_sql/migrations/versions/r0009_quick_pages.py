"""Indexes for pages of a large ledger: the newest packet that is, or is no, receipt; breaks by their kind."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """Add the indexes."""
    for name, which in (("packet_receipts", "kind = 'R'"), ("packet_others", "kind <> 'R'")):
        where = sa.text(which)
        op.create_index(name, "packet", ["lane", "number"], postgresql_where=where, sqlite_where=where)
    op.create_index(
        "break_desk_by_code", "break_desk", ["undone", "code", "due_on", "cause", sa.text("worth_fen DESC"), "id"]
    )


def downgrade() -> None:
    """A ledger is never taken back."""
    raise RuntimeError("The ledger is append-only; restore a backup instead.")
