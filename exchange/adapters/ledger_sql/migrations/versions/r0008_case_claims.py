"""Which claims name a case is found by the case's number, however it was written in the claim."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from exchange.adapters.ledger_sql import case_noting

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Add the table, and fill it from the claims that are landed."""
    op.create_table(
        "case_claim",
        *[sa.Column(name, sa.Text, nullable=False) for name in ("lane", "case_no", "claim_no")],
        sa.PrimaryKeyConstraint("lane", "case_no", "claim_no"),
    )
    connection = op.get_bind()
    for lane in connection.execute(sa.text("SELECT DISTINCT lane FROM landed")).scalars().all():
        case_noting.rebuild_claims(connection, lane)


def downgrade() -> None:
    """A ledger is never taken back."""
    raise RuntimeError("The ledger is append-only; restore a backup instead.")
