"""The index of cases by their dates is a tenth as large: by the day alone, and only of cases that have it.

Days repeat, so that a database keeps them together; of one day's cases the few that are shown are put in order.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    """Make the five indexes anew."""
    for name in ("accepted_on", "claims_due_on", "first_meeting_on", "declared_on", "terminated_on"):
        op.drop_index(f"case_by_{name}", "case_index")
        told = None if name == "accepted_on" else sa.text(f"{name} IS NOT NULL")
        op.create_index(f"case_by_{name}", "case_index", [name], postgresql_where=told, sqlite_where=told)


def downgrade() -> None:
    """A ledger is never taken back."""
    raise RuntimeError("The ledger is append-only; restore a backup instead.")
