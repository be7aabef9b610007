"""Which claims name a case is found by the case's number, however it was written in the claim."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Add the table; `migrate` fills it."""
    op.create_table(
        "case_claim",
        *[sa.Column(name, sa.Text, nullable=False) for name in ("lane", "case_no", "claim_no")],
        sa.PrimaryKeyConstraint("lane", "case_no", "claim_no"),
    )


def downgrade() -> None:
    """A ledger is never taken back."""
    raise RuntimeError("The ledger is append-only; restore a backup instead.")
