"""Cases are found by number, name and id, and by their dates, however many: an index kept beside the landed rows."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Add the tables; `migrate` fills them."""
    op.create_table(
        "case_index",
        sa.Column("lane", sa.Text, nullable=False),
        sa.Column("case_no", sa.Text, nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        *[sa.Column(name, sa.Text) for name in ("court_code", "court_name", "procedure", "stage")],
        sa.Column("administrator_name", sa.Text),
        sa.Column("is_major", sa.Boolean, nullable=False),
        sa.Column("filed_on", sa.Text),
        sa.Column("accepted_on", sa.Text, nullable=False),
        *[sa.Column(name, sa.Text) for name in ("announced_on", "claims_due_on", "first_meeting_on")],
        *[sa.Column(name, sa.Text) for name in ("declared_on", "terminated_on")],
        sa.Column("taken_back", sa.Boolean, nullable=False),
        sa.PrimaryKeyConstraint("lane", "case_no"),
    )
    for name in ("accepted_on", "claims_due_on", "first_meeting_on", "declared_on", "terminated_on"):
        op.create_index(f"case_by_{name}", "case_index", ["lane", name, "case_no"])
    op.create_table(
        "case_words",
        *[sa.Column(name, sa.Text, nullable=False) for name in ("lane", "case_no")],
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("debtor", sa.Text),
        sa.Column("words", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("lane", "case_no"),
    )


def downgrade() -> None:
    """A ledger is never taken back."""
    raise RuntimeError("The ledger is append-only; restore a backup instead.")
