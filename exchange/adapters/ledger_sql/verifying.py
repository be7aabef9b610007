"""Is the ledger what it was written as: its chain, the records folded from it, its guards, lanes and landed rows.

Everything is read row by row in one consistent view; what is kept at a time is one share of the records, one part of a
table's rows, and 32 bytes a row of one packet.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import Select, func, select, text
from sqlalchemy.engine import Connection

from exchange.adapters.ledger_sql import current, desk, tables
from exchange.adapters.ledger_sql.landing import carriers_among
from exchange.adapters.ledger_sql.records import (
    AnyRow,
    alert_record,
    break_record,
    break_work,
    exchange_record,
    stored_event,
)
from exchange.adapters.ledger_sql.rowtext import RowHashes, frames_of
from exchange.adapters.ledger_sql.shapes import as_text, shapes_of
from exchange.domain.alert_life import AlertRecord, alert_key
from exchange.domain.audit import ExchangeRecord, StoredEvent
from exchange.domain.break_life import BreakWork, break_key, set_sha256
from exchange.domain.chain import (
    Share,
    alert_differences,
    differences,
    verify_chain,
    work_differences,
)
from exchange.domain.row_hash import row_hashes

if TYPE_CHECKING:
    import pandas as pd

_AT_ONCE: Final = 1000
_ROWS: Final = 20_000
RECORDS: Final = 20_000
"""So many records of exchanges, breaks and alerts are folded in one walk over the chain."""

_GUARDS: Final = {
    "postgresql": ("event_continues", "event_no_delete", "event_no_truncate", "event_no_update"),
    "sqlite": ("event_continues", "event_no_delete", "event_no_update"),
}


def problems(connection: Connection, anchors: Collection[str], *, at_once: int = RECORDS) -> Iterator[str]:
    """Each problem in words; none when all is well. `at_once` as `RECORDS`."""
    sets: dict[str, tuple[int, str]] = {}
    shares = _shares(connection, at_once)
    for share in shares:
        walked = verify_chain(_stored_events(connection), anchors=anchors, share=share)
        sets |= {route: told for route, told in walked.sets.items() if told > sets.get(route, (0, ""))}
        yield from walked.problems
        yield from differences(walked.records, _exchanges(connection, share))
        yield from work_differences(walked.works, _works(connection, share))
        yield from alert_differences(walked.alerts, _alerts(connection, share))
    yield from _set_problems(connection, sets)
    yield from desk.problems(connection)
    yield from _guard_problems(connection)
    yield from _lane_problems(connection)
    yield from _landed_problems(connection)


def _shares(connection: Connection, at_once: int) -> list[Share]:
    counted = [
        connection.scalar(select(func.count()).select_from(table)) or 0
        for table in (tables.exchange, tables.break_work, tables.alert_item)
    ]
    of = sum(counted) // at_once + 1
    return [Share(number, of) for number in range(of)]


def _streamed(connection: Connection, wanted: Select[Any]) -> Iterator[AnyRow]:
    yield from connection.execute(wanted, execution_options={"yield_per": _AT_ONCE})


def _stored_events(connection: Connection) -> Iterator[StoredEvent]:
    for row in _streamed(connection, select(tables.event).order_by(tables.event.c.seq)):
        yield stored_event(row)


def _exchanges(connection: Connection, share: Share) -> Iterator[tuple[str, ExchangeRecord]]:
    for row in _streamed(connection, select(tables.exchange).order_by(tables.exchange.c.opened_seq)):
        if share.has(row.key):
            yield row.key, exchange_record(row)


def _works(connection: Connection, share: Share) -> Iterator[tuple[tuple[str, str], BreakWork]]:
    table = tables.break_work
    for row in _streamed(connection, select(table).order_by(table.c.route, table.c.id)):
        if share.has(break_key(row.route, row.id)):
            yield (row.route, row.id), break_work(row)


def _alerts(connection: Connection, share: Share) -> Iterator[tuple[tuple[str, str], AlertRecord]]:
    table = tables.alert_item
    for row in _streamed(connection, select(table).order_by(table.c.rule, table.c.subject)):
        if share.has(alert_key(row.rule, row.subject)):
            yield (row.rule, row.subject), alert_record(row)


def _set_problems(connection: Connection, sets: dict[str, tuple[int, str]]) -> Iterator[str]:
    """Found breaks that are not those of the last comparison."""
    table = tables.break_
    for route, (_, sha256) in sorted(sets.items()):
        wanted = select(table).where(table.c.route == route).order_by(table.c.id)
        if set_sha256(map(break_record, _streamed(connection, wanted))) != sha256:
            yield f"The breaks of {route} are not those its last comparison found."


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


def _lane_problems(connection: Connection) -> Iterator[str]:
    """Numbers we gave must run from 1 without gaps."""
    wanted = select(tables.packet.c.lane, tables.packet.c.number).where(tables.packet.c.direction == "out")
    last: dict[str, int] = {}
    for row in _streamed(connection, wanted.order_by(tables.packet.c.lane, tables.packet.c.number)):
        lane, number = row.lane, row.number
        if number != last.get(lane, 0) + 1:
            yield f"Lane {lane} jumps from packet {last.get(lane, 0)} to {number}."
        last[lane] = number


def _landed_problems(connection: Connection) -> list[str]:
    """Landed rows that no longer have the hash they were landed with, by dataset and packet, in words."""
    shapes = shapes_of(connection)
    found = _catalogue_problems(connection)
    for dataset, (columns, _) in sorted(shapes.items()):
        found += _changed_rows(connection, dataset, columns)
    return found or current.problems(connection, carriers_among(shapes))


def _catalogue_problems(connection: Connection) -> list[str]:
    """Entries of the catalogue whose packet's id is not of their lane and number."""
    wanted = select(tables.landed).order_by(tables.landed.c.landing)
    return [
        f"Landing {row.landing} of {row.dataset} is not of the packet it names, {row.packet_id}."
        for row in _streamed(connection, wanted)
        if not row.packet_id.startswith(f"{row.lane}.{row.number:06d}.")
    ]


def _changed_rows(connection: Connection, dataset: str, columns: Mapping[str, str]) -> list[str]:
    known = connection.execute(select(tables.landed).where(tables.landed.c.dataset == dataset)).all()
    waiting = {packet.landing: packet for packet in known}
    changed: list[str] = []
    strangers: list[int] = []
    for name, hashes, intact in _landings(connection, dataset, columns):
        packet = waiting.pop(name, None)
        if packet is None:
            strangers.append(name)
        elif not (intact and (len(hashes), hashes.together()) == (packet.rows, packet.sha256)):
            changed.append(packet.packet_id)
    nothing = (0, RowHashes().together())
    changed += [gone.packet_id for gone in waiting.values() if (gone.rows, gone.sha256) != nothing]
    return [
        *(f"Rows of {dataset} landed from packet {packet} were changed afterwards." for packet in sorted(changed)),
        *(f"Rows of {dataset} name landing {number}, by which nothing of it was landed." for number in strangers),
    ]


def _landings(
    connection: Connection, dataset: str, columns: Mapping[str, str]
) -> Iterator[tuple[int, RowHashes, bool]]:
    """(landing, its rows' hashes made anew, whether they are those kept), one after the other."""
    place: int | None = None
    hashes, intact = RowHashes(), True
    for frame in _rows_by_landing(connection, dataset, columns):
        made, kept = row_hashes(list(columns), frame), list(frame["_row_sha256"])
        for at in frame.groupby("_landing", sort=False).indices.values():
            first, last = int(at[0]), int(at[-1]) + 1
            here = int(frame["_landing"].iloc[first])
            if place != here:
                if place is not None:
                    yield place, hashes, intact
                place, hashes, intact = here, RowHashes(), True
            hashes.take(made[first:last])
            intact = intact and [one.hex() for one in made[first:last]] == kept[first:last]
    if place is not None:
        yield place, hashes, intact


def _rows_by_landing(connection: Connection, dataset: str, columns: Mapping[str, str]) -> Iterator[pd.DataFrame]:
    parts = [as_text(connection, name, kind) for name, kind in columns.items()]
    kept = "encode(r._row_sha256, 'hex')" if connection.dialect.name == "postgresql" else "lower(hex(r._row_sha256))"
    wanted = (
        f"SELECT {', '.join(parts)}, {kept}, CAST(r._landing AS text) "  # noqa: S608
        f"FROM {current.table_of(dataset)} r ORDER BY r._landing"
    )
    streamed = {"stream_results": True, "max_row_buffer": _ROWS}
    rows = connection.execute(text(wanted), execution_options=streamed)
    yield from frames_of([*columns, "_row_sha256", "_landing"], rows)
