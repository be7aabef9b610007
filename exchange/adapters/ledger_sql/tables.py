"""The ledger's own tables, as the newest migration leaves them (a test compares the two).

Times and dates are ISO text and bodies canonical JSON text, so that both databases give back the very bytes that were
hashed. The tables of landed rows are made from contracts in `landing.py`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Index,
    Integer,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    Text,
    literal_column,
    text,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Connection

metadata = MetaData()

_MANY: Final = 200
_PART: Final = 5_000
"""From so many rows on an upsert goes by parts, each of so many."""

_Seq = BigInteger().with_variant(Integer, "sqlite")
_Plain = Text().with_variant(Text(collation="C"), "postgresql")
"""Text both databases order alike: by its code points."""

event = Table(
    "event",
    metadata,
    Column("seq", _Seq, primary_key=True, autoincrement=False),
    Column("at", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("exchange", Text),
    Column("actor", Text, nullable=False),
    Column("body", Text, nullable=False),
    Column("prev_hash", Text, nullable=False),
    Column("hash", Text, nullable=False),
    Index("event_by_exchange_kind", "exchange", "kind", "seq"),
    Index("event_by_kind", "kind", "seq"),
    Index("event_by_actor", "actor", "seq"),
)
"""Append-only, held by triggers: no UPDATE, DELETE or TRUNCATE, and an INSERT must continue the chain."""

exchange = Table(
    "exchange",
    metadata,
    Column("key", Text, primary_key=True),
    Column("opened_seq", _Seq, nullable=False),
    Column("route", Text, nullable=False),
    Column("direction", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("period", Text),
    Column("as_of", Text),
    Column("state", Text, nullable=False),
    Column("content_hash", Text),
    Column("prepared_by", Text),
    Column("approved_by", Text),
    Column("packet_id", Text),
    Column("details", Text, nullable=False),
    Column("opened_at", Text, nullable=False),
    Column("updated_at", Text, nullable=False),
    Index("exchange_by_route", "route", "opened_seq"),
    Index("exchange_by_state", "state", "opened_seq"),
    Index("exchange_by_kind", "route", "kind", "opened_seq"),
    Index("exchange_by_opened", "opened_seq"),
    Index("exchange_by_direction", "direction", "opened_seq"),
)
"""Each exchange's events, folded; can be thrown away and made anew from `event`."""

packet = Table(
    "packet",
    metadata,
    Column("lane", Text, nullable=False),
    Column("number", Integer, nullable=False),
    Column("packet_id", Text, nullable=False, unique=True),
    Column("direction", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("exchange", Text),
    Column("state", Text, nullable=False),
    Column("manifest_sha256", Text),
    Column("answers", Text),
    Column("code", Integer),
    Column("at", Text, nullable=False),
    PrimaryKeyConstraint("lane", "number"),
    Index("packet_by_exchange", "exchange"),
    Index("packet_by_state", "state", "lane", "number"),
)

RECEIPT: Final = packet.c.kind == literal_column("'R'")
"""Said in the statement itself: a partial index serves only what is known to fit it."""
Index("packet_receipts", packet.c.lane, packet.c.number, postgresql_where=RECEIPT, sqlite_where=RECEIPT)
Index("packet_others", packet.c.lane, packet.c.number, postgresql_where=~RECEIPT, sqlite_where=~RECEIPT)

break_ = Table(
    "break_",
    metadata,
    Column("route", Text, nullable=False),
    Column("id", Text, nullable=False),
    Column("code", Text, nullable=False),
    Column("case_no", Text, nullable=False),
    Column("claim_no", Text),
    Column("line_no", Integer),
    Column("rank", Text),
    Column("info", Boolean, nullable=False),
    Column("state", Text, nullable=False),
    Column("amounts", Text, nullable=False),
    Column("first_exchange", Text, nullable=False),
    Column("last_exchange", Text, nullable=False),
    Column("due_on", Text),
    Column("facts", Text, nullable=False, server_default="{}"),
    Column("found_on", Text),
    PrimaryKeyConstraint("route", "id"),
)
"""What the last comparison left; the event that tells of it names the hash of those still open."""

break_work = Table(
    "break_work",
    metadata,
    Column("route", Text, nullable=False),
    Column("id", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("owner", Text),
    Column("work", Text, nullable=False),
    Column("updated_at", Text, nullable=False),
    PrimaryKeyConstraint("route", "id"),
)
"""Each touched break's events, folded; can be thrown away and made anew from `event`."""

break_desk = Table(
    "break_desk",
    metadata,
    Column("route", Text, nullable=False),
    Column("id", _Plain, nullable=False),
    Column("ours", Boolean, nullable=False),
    Column("code", Text, nullable=False),
    Column("case_no", _Plain, nullable=False),
    Column("court", Text, nullable=False),
    Column("claim_no", Text),
    Column("rank", Text),
    Column("stand", Text, nullable=False),
    Column("undone", Boolean, nullable=False),
    Column("state", Text, nullable=False),
    Column("asked", Text, nullable=False),
    Column("owner", Text),
    Column("worth_fen", BigInteger, nullable=False),
    Column("due_on", _Plain, nullable=False),
    Column("found_on", _Plain, nullable=False),
    Column("cause", _Plain, nullable=False),
    PrimaryKeyConstraint("route", "id"),
)
Index("break_desk_by_due", break_desk.c.undone, break_desk.c.due_on, break_desk.c.cause, break_desk.c.worth_fen.desc(),
      break_desk.c.id)  # fmt: skip
Index("break_desk_by_code", break_desk.c.undone, break_desk.c.code, break_desk.c.due_on, break_desk.c.cause,
      break_desk.c.worth_fen.desc(), break_desk.c.id)  # fmt: skip
Index("break_desk_by_worth", break_desk.c.undone, break_desk.c.worth_fen.desc(), break_desk.c.id)
Index("break_desk_by_case", break_desk.c.case_no, break_desk.c.claim_no)
"""Every break and info this end has, as its desk lists them (`desk.py`); made anew from `break_`, `break_work` and the
landed list of a counterpart. No limit is the last day there is, no cause sorts behind every claim number."""

alert = Table(
    "alert",
    metadata,
    Column("rule", Text, nullable=False),
    Column("case_no", Text, nullable=False),
    Column("day", Text, nullable=False),
    Column("at", Text, nullable=False),
    PrimaryKeyConstraint("rule", "case_no", "day"),
)

alert_item = Table(
    "alert_item",
    metadata,
    Column("rule", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("first_day", Text, nullable=False),
    Column("last_day", Text, nullable=False),
    Column("times", Integer, nullable=False),
    Column("escalated_on", Text),
    Column("acknowledged_by", Text),
    Column("acknowledged_on", Text),
    Column("word_sha256", Text),
    Column("updated_at", Text, nullable=False),
    PrimaryKeyConstraint("rule", "subject"),
    Index("alert_item_by_state", "state", "first_day"),
    Index("alert_item_by_subject", "subject"),
)
"""Each alert's events, folded; can be thrown away and made anew from `event`."""

lease = Table(
    "lease",
    metadata,
    Column("name", Text, primary_key=True),
    Column("token", Text, nullable=False),
    Column("holder", Text, nullable=False),
    Column("host", Text, nullable=False),
    Column("pid", Integer, nullable=False),
    Column("started", Text, nullable=False),
    Column("since", Text, nullable=False),
    Column("until", Text, nullable=False),
)

landed_shape = Table(
    "landed_shape",
    metadata,
    Column("dataset", Text, primary_key=True),
    Column("columns", Text, nullable=False),
    Column("key", Text, nullable=False),
)
"""Which columns (name → contract type) and key each `landed_<dataset>` table has."""

landed = Table(
    "landed",
    metadata,
    Column("lane", Text, nullable=False),
    Column("number", Integer, nullable=False),
    Column("dataset", Text, nullable=False),
    Column("packet_id", Text, nullable=False),
    Column("contract_version", Text, nullable=False),
    Column("rows", Integer, nullable=False),
    Column("sha256", Text, nullable=False),
    Column("landed_at", Text, nullable=False),
    Column("landing", Integer, nullable=False, unique=True),
    PrimaryKeyConstraint("lane", "number", "dataset"),
)
"""What was landed from which packet; `sha256` is over the sorted hashes of its rows, each of which names its
`landing`."""

landed_case = Table(
    "landed_case",
    metadata,
    Column("lane", Text, nullable=False),
    Column("case_no", Text, nullable=False),
    Column("number", Integer, nullable=False),
    PrimaryKeyConstraint("lane", "case_no"),
    sqlite_with_rowid=False,
    postgresql_with={"fillfactor": 50},
)
"""Which packet of a lane carried each case last (`current.py`); can be made anew from the landed rows.

A quarter gives every open case another number. PostgreSQL has room for it on the same page, and leaves the key's index
as it is."""


case_index = Table(
    "case_index",
    metadata,
    Column("lane", Text, nullable=False),
    Column("case_no", Text, nullable=False),
    *[Column(name, Text) for name in ("court_code", "court_name", "procedure", "stage", "administrator_name")],
    Column("is_major", Boolean, nullable=False),
    Column("filed_on", Text),
    Column("accepted_on", Text, nullable=False),
    *[Column(name, Text) for name in ("announced_on", "claims_due_on", "first_meeting_on")],
    *[Column(name, Text) for name in ("declared_on", "terminated_on")],
    Column("taken_back", Boolean, nullable=False),
    PrimaryKeyConstraint("lane", "case_no"),
    Index("case_by_accepted_on", "accepted_on"),
)
"""Each case of a lane as its last packet says (`case_noting.py`); can be made anew from the landed rows."""
for _name in ("claims_due_on", "first_meeting_on", "declared_on", "terminated_on"):
    _told = case_index.c[_name].is_not(None)
    Index(f"case_by_{_name}", case_index.c[_name], postgresql_where=_told, sqlite_where=_told)

case_words = Table(
    "case_words",
    metadata,
    Column("lane", Text, nullable=False),
    Column("case_no", Text, nullable=False),
    Column("debtor", Text),
    Column("words", Text, nullable=False),
    PrimaryKeyConstraint("lane", "case_no"),
)
"""The texts a case is found by, squeezed, one a line; beside them its first debtor's name."""

case_claim = Table(
    "case_claim",
    metadata,
    *[Column(name, Text, nullable=False) for name in ("lane", "case_no", "claim_no")],
    PrimaryKeyConstraint("lane", "case_no", "claim_no"),
)
"""Which claims of a lane ever named a case, its number in its one form."""


def insert_or(connection: Connection, table: Table) -> Any:
    """An INSERT that can say what to do on a conflict, in this database's dialect."""
    return postgresql.insert(table) if connection.dialect.name == "postgresql" else sqlite.insert(table)


def upsert(connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert rows, replacing those with the same primary key."""
    if not rows:
        return
    if connection.dialect.name == "postgresql" and len(rows) > _MANY:
        _upsert_many(connection, table, rows)
        return
    wanted = insert_or(connection, table)
    keys = [column.name for column in table.primary_key]
    changed = {c.name: wanted.excluded[c.name] for c in table.c if c.name not in keys}
    connection.execute(wanted.on_conflict_do_update(index_elements=keys, set_=changed), list(rows))


def _upsert_many(connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """The same in one statement a part: PostgreSQL reads the rows out of JSON."""
    names = ", ".join(f'"{column.name}"' for column in table.c)
    keys = [column.name for column in table.primary_key]
    changed = ", ".join(f'"{c.name}" = excluded."{c.name}"' for c in table.c if c.name not in keys)
    wanted = text(
        f'INSERT INTO "{table.name}" ({names}) SELECT {names} '  # noqa: S608  # names are this module's own
        f'FROM json_populate_recordset(NULL::"{table.name}", CAST(:rows AS json)) '
        f"ON CONFLICT ({', '.join(keys)}) DO UPDATE SET {changed}"
    )
    for at in range(0, len(rows), _PART):
        connection.execute(wanted, {"rows": json.dumps([dict(row) for row in rows[at : at + _PART]])})
