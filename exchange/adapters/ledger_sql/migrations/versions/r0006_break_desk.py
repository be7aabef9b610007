"""The desk of breaks: a row a break to filter, order and count by. Filled after the upgrade from what it is made of."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Add the table and its indexes."""
    plain = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
    op.create_table(
        "break_desk",
        sa.Column("route", sa.Text, nullable=False),
        sa.Column("id", plain, nullable=False),
        sa.Column("ours", sa.Boolean, nullable=False),
        sa.Column("code", sa.Text, nullable=False),
        sa.Column("case_no", plain, nullable=False),
        sa.Column("court", sa.Text, nullable=False),
        sa.Column("claim_no", sa.Text),
        sa.Column("rank", sa.Text),
        sa.Column("stand", sa.Text, nullable=False),
        sa.Column("undone", sa.Boolean, nullable=False),
        *[sa.Column(name, sa.Text, nullable=False) for name in ("state", "asked")],
        sa.Column("owner", sa.Text),
        sa.Column("worth_fen", sa.BigInteger, nullable=False),
        *[sa.Column(name, plain, nullable=False) for name in ("due_on", "found_on", "cause")],
        sa.PrimaryKeyConstraint("route", "id"),
    )
    worth = sa.text("worth_fen DESC")
    op.create_index("break_desk_by_due", "break_desk", ["undone", "due_on", "cause", worth, "id"])
    op.create_index("break_desk_by_worth", "break_desk", ["undone", worth, "id"])
    op.create_index("break_desk_by_case", "break_desk", ["case_no", "claim_no"])
    op.create_index("landed_case_by_number", "landed_case", ["lane", "number"])


def downgrade() -> None:
    """A ledger is never taken back."""
    raise RuntimeError("The ledger is append-only; restore a backup instead.")
