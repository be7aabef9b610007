"""The first ledger: the chain of events with its guards, the folded exchanges, packets, breaks, alerts, leases."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def _seq() -> sa.types.TypeEngine[int]:
    return sa.BigInteger().with_variant(sa.Integer, "sqlite")


def _text(*names: str, null: bool = False) -> list[sa.Column[str]]:
    return [sa.Column(name, sa.Text, nullable=null) for name in names]


def upgrade() -> None:
    """Make every table and guard the events."""
    _events()
    _exchanges()
    _packets()
    _breaks_and_alerts()
    _landed()
    if op.get_bind().dialect.name == "postgresql":
        _guard_postgresql()
    else:
        _guard_sqlite()


def downgrade() -> None:
    """A ledger is never taken back."""
    raise RuntimeError("The ledger is append-only; restore a backup instead.")


def _events() -> None:
    op.create_table(
        "event",
        sa.Column("seq", _seq(), primary_key=True, autoincrement=False),
        *_text("at", "kind"),
        *_text("exchange", null=True),
        *_text("actor", "body", "prev_hash", "hash"),
    )
    op.create_index("event_by_exchange", "event", ["exchange", "seq"])
    op.create_index("event_by_kind", "event", ["kind", "seq"])


def _exchanges() -> None:
    op.create_table(
        "exchange",
        sa.Column("key", sa.Text, primary_key=True),
        sa.Column("opened_seq", _seq(), nullable=False),
        *_text("route", "direction", "kind"),
        *_text("period", "as_of", null=True),
        *_text("state"),
        *_text("content_hash", "prepared_by", "approved_by", "packet_id", null=True),
        *_text("details", "opened_at", "updated_at"),
    )
    op.create_index("exchange_by_route", "exchange", ["route", "opened_seq"])


def _packets() -> None:
    op.create_table(
        "packet",
        *_text("lane"),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("packet_id", sa.Text, nullable=False, unique=True),
        *_text("direction", "kind"),
        *_text("exchange", null=True),
        *_text("state"),
        *_text("manifest_sha256", "answers", null=True),
        sa.Column("code", sa.Integer),
        *_text("at"),
        sa.PrimaryKeyConstraint("lane", "number"),
    )
    op.create_index("packet_by_exchange", "packet", ["exchange"])


def _breaks_and_alerts() -> None:
    op.create_table(
        "break_",
        *_text("route", "id", "code", "case_no"),
        *_text("claim_no", null=True),
        sa.Column("line_no", sa.Integer),
        *_text("rank", null=True),
        sa.Column("info", sa.Boolean, nullable=False),
        *_text("state", "amounts", "first_exchange", "last_exchange"),
        *_text("due_on", null=True),
        sa.PrimaryKeyConstraint("route", "id"),
    )
    op.create_table("alert", *_text("rule", "case_no", "day", "at"), sa.PrimaryKeyConstraint("rule", "case_no", "day"))
    op.create_table(
        "lease",
        sa.Column("name", sa.Text, primary_key=True),
        *_text("token", "holder", "host"),
        sa.Column("pid", sa.Integer, nullable=False),
        *_text("started", "since", "until"),
    )


def _landed() -> None:
    op.create_table("landed_shape", sa.Column("dataset", sa.Text, primary_key=True), *_text("columns", "key"))
    op.create_table(
        "landed",
        *_text("lane"),
        sa.Column("number", sa.Integer, nullable=False),
        *_text("dataset", "packet_id", "contract_version"),
        sa.Column("rows", sa.Integer, nullable=False),
        *_text("sha256", "landed_at"),
        sa.PrimaryKeyConstraint("lane", "number", "dataset"),
    )


def _guard_postgresql() -> None:
    op.execute(
        """
        CREATE FUNCTION event_guard() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            IF TG_OP = 'INSERT' THEN
                IF NEW.seq <> COALESCE((SELECT max(seq) FROM event), 0) + 1
                   OR NEW.prev_hash <> COALESCE((SELECT hash FROM event ORDER BY seq DESC LIMIT 1), repeat('0', 64))
                THEN
                    RAISE EXCEPTION 'event % does not continue the chain', NEW.seq;
                END IF;
                RETURN NEW;
            END IF;
            RAISE EXCEPTION 'the ledger is append-only';
        END
        $$
        """
    )
    op.execute(
        "CREATE TRIGGER event_continues BEFORE INSERT ON event FOR EACH ROW EXECUTE FUNCTION event_guard()",
    )
    op.execute("CREATE TRIGGER event_no_update BEFORE UPDATE ON event FOR EACH ROW EXECUTE FUNCTION event_guard()")
    op.execute("CREATE TRIGGER event_no_delete BEFORE DELETE ON event FOR EACH ROW EXECUTE FUNCTION event_guard()")
    op.execute("CREATE TRIGGER event_no_truncate BEFORE TRUNCATE ON event EXECUTE FUNCTION event_guard()")


def _guard_sqlite() -> None:
    op.execute(
        """
        CREATE TRIGGER event_continues BEFORE INSERT ON event
        WHEN NEW.seq <> COALESCE((SELECT max(seq) FROM event), 0) + 1
          OR NEW.prev_hash <> COALESCE(
              (SELECT hash FROM event ORDER BY seq DESC LIMIT 1), hex(zeroblob(32)))
        BEGIN SELECT RAISE(ABORT, 'event does not continue the chain'); END
        """
    )
    for what in ("UPDATE", "DELETE"):
        op.execute(
            f"CREATE TRIGGER event_no_{what.lower()} BEFORE {what} ON event "
            "BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END"
        )
