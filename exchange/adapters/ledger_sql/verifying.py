"""Whether a ledger is whole: its chain, its fold, its guards, its lanes and its landed rows."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Final

from sqlalchemy import select, text
from sqlalchemy.engine import Connection

from exchange.adapters.ledger_sql import alerts, desk, tables
from exchange.adapters.ledger_sql.landing import stored_problems
from exchange.adapters.ledger_sql.records import break_record, break_work, exchange_record, stored_event
from exchange.domain.audit import StoredEvent, Verified, alert_differences, differences, verify_chain, work_differences
from exchange.domain.break_life import set_sha256

_PAGE: Final = 1000
_GUARDS: Final = {
    "postgresql": ("event_continues", "event_no_delete", "event_no_truncate", "event_no_update"),
    "sqlite": ("event_continues", "event_no_delete", "event_no_update"),
}


def problems(connection: Connection, anchors: Collection[str]) -> list[str]:
    """Each problem in words; `anchors` are heads the chain must hold."""
    walked = verify_chain(_stored_events(connection), anchors=anchors)
    rows = connection.execute(select(tables.exchange)).all()
    stored = {row.key: exchange_record(row) for row in rows}
    return [
        *walked.problems,
        *differences(walked.records, stored),
        *_break_problems(connection, walked),
        *alert_differences(walked.alerts, alerts.every(connection)),
        *desk.problems(connection),
        *_guard_problems(connection),
        *_lane_problems(connection),
        *stored_problems(connection),
    ]


def _stored_events(connection: Connection) -> Iterator[StoredEvent]:
    wanted = select(tables.event).order_by(tables.event.c.seq)
    for row in connection.execution_options(yield_per=_PAGE).execute(wanted):
        yield stored_event(row)


def _break_problems(connection: Connection, walked: Verified) -> list[str]:
    """Work that is not the fold of its events, and found breaks that are not those of the last comparison."""
    works = [break_work(row) for row in connection.execute(desk.by_id(tables.break_work, None, ""))]
    problems = list(work_differences(walked.works, {(work.route, work.id): work for work in works}))
    for route, sha256 in sorted(walked.sets.items()):
        found = [break_record(row) for row in connection.execute(desk.by_id(tables.break_, route, ""))]
        if set_sha256(found) != sha256:
            problems.append(f"The breaks of {route} are not those its last comparison found.")
    return problems


def _guard_problems(connection: Connection) -> list[str]:
    if connection.dialect.name == "postgresql":
        wanted = "SELECT tgname FROM pg_trigger WHERE tgrelid = 'event'::regclass AND tgenabled IN ('O', 'A')"
    else:
        wanted = "SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'event'"
    present = set(connection.execute(text(wanted)).scalars())
    return [
        f"The guard {name} of the events is gone or switched off."
        for name in _GUARDS[connection.dialect.name]
        if name not in present
    ]


def _lane_problems(connection: Connection) -> list[str]:
    """Numbers we gave must run from 1 without gaps."""
    wanted = select(tables.packet.c.lane, tables.packet.c.number).where(tables.packet.c.direction == "out")
    last: dict[str, int] = {}
    problems = []
    for lane, number in connection.execute(wanted.order_by(tables.packet.c.lane, tables.packet.c.number)):
        if number != last.get(lane, 0) + 1:
            problems.append(f"Lane {lane} jumps from packet {last.get(lane, 0)} to {number}.")
        last[lane] = number
    return problems
