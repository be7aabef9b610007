"""Alerts are acknowledged: where each stands, folded from its events; those told before are open."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Make the table and fill it from the events of alerts told so far."""
    texts = ("rule", "subject", "state", "first_day", "last_day")
    op.create_table(
        "alert_item",
        *[sa.Column(name, sa.Text, nullable=False) for name in texts],
        sa.Column("times", sa.Integer, nullable=False),
        *[sa.Column(name, sa.Text) for name in ("escalated_on", "acknowledged_by", "acknowledged_on", "word_sha256")],
        sa.Column("updated_at", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("rule", "subject"),
    )
    op.create_index("alert_item_by_state", "alert_item", ["state", "first_day"])
    op.create_index("alert_item_by_subject", "alert_item", ["subject"])
    of = "body::json ->> '{}'" if op.get_bind().dialect.name == "postgresql" else "json_extract(body, '$.{}')"
    rule, subject, day = (of.format(name) for name in ("rule", "subject", "day"))
    op.execute(
        "INSERT INTO alert_item (rule, subject, state, first_day, last_day, times, updated_at) "  # noqa: S608
        f"SELECT {rule}, {subject}, 'open', min({day}), max({day}), count(*), max(at) "
        f"FROM event WHERE kind = 'alert_sent' GROUP BY {rule}, {subject}"
    )


def downgrade() -> None:
    """A ledger is never taken back."""
    raise RuntimeError("The ledger is append-only; restore a backup instead.")
