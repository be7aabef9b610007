"""Lists of the ledger as people leaf through them: a page at a time, by an index, newest first."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Any

from sqlalchemy import Select, func, select
from sqlalchemy.engine import Connection

from exchange.adapters.ledger_sql import tables
from exchange.adapters.ledger_sql.records import exchange_record, packet_record, stored_event
from exchange.domain.audit import Event, ExchangeRecord, StoredEvent, time_text
from exchange.domain.sequence import PacketRecord


class Leafing(ABC):
    """The part of the ledger that is leafed through."""

    @abstractmethod
    def _reading(self) -> AbstractContextManager[Connection]:
        """A consistent view of the database; the ledger has it."""

    def listed_exchanges(
        self, wanted: Mapping[str, str], *, first: int = 0, most: int = 50
    ) -> tuple[int, Sequence[ExchangeRecord]]:
        """How many exchanges have these values, and a page of them, the last opened first."""
        with self._reading() as connection:
            total, rows = exchanges(connection, wanted, first, most)
        return total, [exchange_record(row) for row in rows]

    def listed_packets(
        self, lane: str, *, kinds: Sequence[str] = (), states: Sequence[str] = (), below: int | None = None,
        most: int = 50,
    ) -> Sequence[PacketRecord]:  # fmt: skip
        """A lane's packets under a number, the highest number first."""
        with self._reading() as connection:
            return [packet_record(row) for row in packets(connection, lane, kinds, states, below, most)]

    def lanes(self) -> Sequence[str]:
        """Every lane a packet went on."""
        with self._reading() as connection:
            return lanes(connection)

    def listed_events(
        self, wanted: Mapping[str, str], *, kinds: Sequence[str] = (), since: datetime | None = None,
        until: datetime | None = None, below: int | None = None, most: int = 50,
    ) -> Sequence[Event]:  # fmt: skip
        """Events with these values, from one moment on and before another, under a number, the newest first."""
        with self._reading() as connection:
            rows = events(connection, wanted, kinds, since, until, below, most)
        return [stored_event(row).read() for row in rows]

    def event(self, seq: int) -> tuple[StoredEvent | None, StoredEvent | None, StoredEvent | None]:
        """The event before one, that one, and the one after it."""
        with self._reading() as connection:
            found = {row.seq: stored_event(row) for row in event(connection, seq)}
        return found.get(seq - 1), found.get(seq), found.get(seq + 1)


def exchanges(connection: Connection, wanted: Mapping[str, str], first: int, most: int) -> tuple[int, Sequence[Any]]:
    """How many exchanges have these values, and `most` of them from the `first`-th, the last opened first."""
    table = tables.exchange
    where = [table.c[name] == value for name, value in wanted.items()]
    total = connection.execute(select(func.count()).select_from(table).where(*where)).scalar_one()
    rows = select(table).where(*where).order_by(table.c.opened_seq.desc()).offset(first).limit(most)
    return total, connection.execute(rows).all()


def packets(
    connection: Connection, lane: str, kinds: Sequence[str], states: Sequence[str], below: int | None, most: int
) -> Sequence[Any]:
    """Packets of a lane under a number, the highest number first."""
    table = tables.packet
    wanted = select(table).where(table.c.lane == lane).order_by(table.c.number.desc()).limit(most)
    if kinds:
        wanted = wanted.where(table.c.kind.in_(kinds))
    if states:
        wanted = wanted.where(table.c.state.in_(states))
    if below is not None:
        wanted = wanted.where(table.c.number < below)
    return connection.execute(wanted).all()


def lanes(connection: Connection) -> Sequence[str]:
    """Every lane a packet went on, by one step in the index for each."""
    table, found = tables.packet, []
    last = ""
    while (lane := connection.execute(select(func.min(table.c.lane)).where(table.c.lane > last)).scalar()) is not None:
        found.append(str(lane))
        last = lane
    return found


def events(
    connection: Connection, wanted: Mapping[str, str], kinds: Sequence[str], since: datetime | None,
    until: datetime | None, below: int | None, most: int,
) -> Sequence[Any]:  # fmt: skip
    """Events with these values, of these kinds (all where none is named), under a number, from `since` on and before
    `until`, the newest first."""
    table = tables.event
    page: Select[Any] = select(table).where(*(table.c[name] == value for name, value in wanted.items()))
    if kinds:
        page = page.where(table.c.kind.in_(kinds))
    if since is not None:
        page = page.where(table.c.seq >= first_at(connection, since))
    if until is not None:
        page = page.where(table.c.seq < first_at(connection, until))
    if below is not None:
        page = page.where(table.c.seq < below)
    return connection.execute(page.order_by(table.c.seq.desc()).limit(most)).all()


def first_at(connection: Connection, moment: datetime) -> int:
    """The number of the first event at or after a moment, one more than the last for none: numbers follow time."""
    table, text = tables.event, time_text(moment)
    low, high = 1, (connection.execute(select(func.max(table.c.seq))).scalar() or 0) + 1
    while low < high:
        middle = (low + high) // 2
        at = connection.execute(select(table.c.at).where(table.c.seq == middle)).scalar()
        low, high = (middle + 1, high) if at is not None and at < text else (low, middle)
    return low


def event(connection: Connection, seq: int) -> Sequence[Any]:
    """An event with its neighbours, by number."""
    table = tables.event
    wanted = select(table).where(table.c.seq.between(seq - 1, seq + 1)).order_by(table.c.seq)
    return connection.execute(wanted).all()
