"""What is kept of cases is written where it changed alone: no packet's number beside it, and room on its pages for the
numbers of `landed_case`, which every quarter changes."""

from __future__ import annotations

from alembic import op

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    """Drop two columns; PostgreSQL fills half of each page it writes from now on."""
    for table in ("case_index", "case_words"):
        op.drop_column(table, "number")
    if op.get_context().dialect.name == "postgresql":
        op.execute("ALTER TABLE landed_case SET (fillfactor = 50)")


def downgrade() -> None:
    """A ledger is never taken back."""
    raise RuntimeError("The ledger is append-only; restore a backup instead.")
