"""Breaks are worked: what was done about each, folded; facts and the day of the first comparison beside the amounts."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Add the columns and the table; breaks found before have no facts and no day until they are compared again."""
    op.add_column("break_", sa.Column("facts", sa.Text, nullable=False, server_default="{}"))
    op.add_column("break_", sa.Column("found_on", sa.Text))
    op.create_table(
        "break_work",
        *[sa.Column(name, sa.Text, nullable=False) for name in ("route", "id", "state")],
        sa.Column("owner", sa.Text),
        *[sa.Column(name, sa.Text, nullable=False) for name in ("work", "updated_at")],
        sa.PrimaryKeyConstraint("route", "id"),
    )


def downgrade() -> None:
    """A ledger is never taken back."""
    raise RuntimeError("The ledger is append-only; restore a backup instead.")
