"""The index of `landed_case` by number goes: a third of what a quarter's cases cost there, for one rare question."""

from __future__ import annotations

from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    """Drop the index; which packets lack a dataset is asked of the catalogue first (`current.py`)."""
    op.drop_index("landed_case_by_number", "landed_case")


def downgrade() -> None:
    """A ledger is never taken back."""
    raise RuntimeError("The ledger is append-only; restore a backup instead.")
