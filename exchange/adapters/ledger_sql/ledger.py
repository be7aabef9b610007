"""The ledger over a database: events in a chain, folded exchanges, packets, breaks, leases, landed rows."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Collection, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime
from typing import Any, Final

from sqlalchemy import Engine, Select, make_url, select
from sqlalchemy.engine import Connection

from exchange.adapters.ledger_sql import alerts, desk, leases, pending, tables
from exchange.adapters.ledger_sql.engine import make_engine, place, reading, writing
from exchange.adapters.ledger_sql.landed_rows import LandedRows
from exchange.adapters.ledger_sql.listing import Leafing
from exchange.adapters.ledger_sql.migrate import migrate
from exchange.adapters.ledger_sql.records import (
    break_record,
    break_work,
    exchange_record,
    packet_record,
    stored_event,
)
from exchange.adapters.ledger_sql.tallies import SqlTallies
from exchange.adapters.ledger_sql.writer import Writer
from exchange.domain.audit import (
    BEFORE_FIRST,
    Event,
    ExchangeRecord,
)
from exchange.ports import (
    AlertRecord,
    BreakRecord,
    BreakWork,
    By,
    Clock,
    DeskCount,
    DeskQuery,
    DeskRow,
    Direction,
    LedgerWrite,
    PacketRecord,
)

_PAGE: Final = 1000


def _system_clock() -> datetime:
    return datetime.now(UTC)


def open_ledger(url: str, *, clock: Clock = _system_clock, actor: str = "system") -> SqlLedger:
    """The ledger at a SQLAlchemy URL, brought to the newest form first (made when there is none).

    Raises RetryLater 901, 907; NeedsPerson 902, 905, 906, 909.
    """
    ledger = SqlLedger(url, clock=clock, actor=actor)
    try:
        ledger.migrate()
    except BaseException:
        ledger.close()
        raise
    return ledger


class SqlLedger(Leafing, LandedRows):
    """A ledger in a database that has been migrated. `actor` is named as holder of this end's leases.

    May be shared by threads, and by a forked child (which takes connections of its own).
    """

    def __init__(self, url: str, *, clock: Clock = _system_clock, actor: str = "system") -> None:
        self._engine = make_engine(url)
        self._pid = os.getpid()
        self._clock = clock
        self._actor = actor
        self._where = "ledger " + place(make_url(url))
        self._inside = threading.local()
        self.tallies = SqlTallies(self._reading)

    def migrate(self) -> None:
        """Bring the database to the newest form; quick when it is."""
        migrate(self._own_engine(), self._where)

    def close(self) -> None:
        """Give all connections back. The ledger opens new ones when used again."""
        self._engine.dispose()

    def _own_engine(self) -> Engine:
        if self._pid != os.getpid():
            self._engine.dispose(close=False)
            self._pid = os.getpid()
        return self._engine

    @contextmanager
    def transaction(self) -> Iterator[LedgerWrite]:
        """Begin; commit at the end of the block, roll back on any exception. Writers wait for each other."""
        if getattr(self._inside, "writing", False):
            raise RuntimeError("A ledger transaction within another of the same thread would wait for itself.")
        self._inside.writing = True
        try:
            with writing(self._own_engine(), self._where) as connection:
                write = Writer(connection, self._clock)
                yield write
                write.settle()
        finally:
            self._inside.writing = False

    @contextmanager
    def one_moment(self) -> Iterator[None]:
        """Whatever this thread reads within the block is of one moment, and by one connection."""
        if self._held() is not None:
            yield
            return
        with reading(self._own_engine(), self._where) as connection:
            self._inside.view = (connection, os.getpid())
            try:
                yield
            finally:
                self._inside.view = None

    def _held(self) -> Connection | None:
        connection, pid = getattr(self._inside, "view", None) or (None, None)
        return connection if pid == os.getpid() else None

    @contextmanager
    def _reading(self) -> Iterator[Connection]:
        held = self._held()
        if held is not None:
            yield held
            return
        with reading(self._own_engine(), self._where) as connection:
            yield connection

    def _all(self, wanted: Select[Any]) -> Sequence[Any]:
        with self._reading() as connection:
            return connection.execute(wanted).all()

    def exchange(self, key: str) -> ExchangeRecord | None:
        """One exchange's record."""
        found = self._all(select(tables.exchange).where(tables.exchange.c.key == key))
        return exchange_record(found[0]) if found else None

    def exchanges(
        self, *, route: str | None = None, states: Sequence[str] | None = None, kind: str | None = None
    ) -> Sequence[ExchangeRecord]:
        """Exchanges in the order they were opened."""
        wanted = select(tables.exchange).order_by(tables.exchange.c.opened_seq)
        if route is not None:
            wanted = wanted.where(tables.exchange.c.route == route)
        if states is not None:
            wanted = wanted.where(tables.exchange.c.state.in_(states))
        if kind is not None:
            wanted = wanted.where(tables.exchange.c.kind == kind)
        return [exchange_record(row) for row in self._all(wanted)]

    def packets(
        self,
        *,
        lane: str | None = None,
        direction: Direction | None = None,
        exchange: str | None = None,
        states: Sequence[str] | None = None,
        above: int | None = None,
        numbers: Collection[int] | None = None,
    ) -> Sequence[PacketRecord]:
        """Packets by lane and number; with `above` those of a higher number, with `numbers` these alone."""
        wanted = select(tables.packet).order_by(tables.packet.c.lane, tables.packet.c.number)
        if lane is not None:
            wanted = wanted.where(tables.packet.c.lane == lane)
        if direction is not None:
            wanted = wanted.where(tables.packet.c.direction == direction)
        if exchange is not None:
            wanted = wanted.where(tables.packet.c.exchange == exchange)
        if states is not None:
            wanted = wanted.where(tables.packet.c.state.in_(states))
        if above is not None:
            wanted = wanted.where(tables.packet.c.number > above)
        if numbers is not None:
            wanted = wanted.where(tables.packet.c.number.in_(numbers))
        return [packet_record(row) for row in self._all(wanted)]

    def newest(self, lane: str, *, receipts: bool | None = None) -> PacketRecord | None:
        """The packet with the highest number of a lane; of its receipts alone, or of all others."""
        wanted = select(tables.packet).where(tables.packet.c.lane == lane)
        if receipts is not None:
            wanted = wanted.where(tables.RECEIPT if receipts else ~tables.RECEIPT)
        found = self._all(wanted.order_by(tables.packet.c.number.desc()).limit(1))
        return packet_record(found[0]) if found else None

    def settled(self, lane: str) -> PacketRecord | None:
        """The last packet of an incoming lane before the first gap: every number up to it is settled."""
        with self._reading() as connection:
            found = pending.last_settled(connection, lane)
        return packet_record(found) if found else None

    def untaken(self, lane: str) -> Sequence[str]:
        """Keys of a lane's collected packets that were neither settled, refused nor found a fork; sorted."""
        with self._reading() as connection:
            return pending.untaken(connection, lane)

    def unreceipted(self, lane: str) -> Sequence[str]:
        """Keys of a lane's incoming packets that may be owed a receipt yet."""
        with self._reading() as connection:
            return pending.unreceipted(connection, lane)

    def events(self, *, exchange: str | None = None, kind: str | None = None) -> Iterator[Event]:
        """Events in order, read page by page: what is appended meanwhile comes too."""
        wanted = select(tables.event).order_by(tables.event.c.seq).limit(_PAGE)
        if exchange is not None:
            wanted = wanted.where(tables.event.c.exchange == exchange)
        if kind is not None:
            wanted = wanted.where(tables.event.c.kind == kind)
        last, more = 0, True
        while more:
            page = self._all(wanted.where(tables.event.c.seq > last))
            yield from (stored_event(row).read() for row in page)
            more = len(page) == _PAGE
            last = page[-1].seq if page else last

    def last_event(self, kind: str) -> Event | None:
        """The newest event of a kind."""
        wanted = select(tables.event).where(tables.event.c.kind == kind).order_by(tables.event.c.seq.desc()).limit(1)
        found = self._all(wanted)
        return stored_event(found[0]).read() if found else None

    def unconfirmed(self, *, limit: int = 50, after: int = 0) -> Sequence[Event]:
        """Releases above a number of the chain that nobody has confirmed, the oldest first."""
        with self._reading() as connection:
            return pending.unconfirmed(connection, limit, after)

    def known_keys(self) -> Iterator[str]:
        """Every key an exchange or a packet goes by in the vault, read page by page."""
        for column in (tables.exchange.c.key, tables.packet.c.exchange):
            wanted, last = select(column).where(column.is_not(None)).distinct().order_by(column).limit(_PAGE), ""
            while page := [str(row[0]) for row in self._all(wanted.where(column > last))]:
                yield from page
                last = page[-1]

    def head(self) -> str:
        """Hash of the newest event (64 zeros when there is none)."""
        found = self._all(select(tables.event.c.hash).order_by(tables.event.c.seq.desc()).limit(1))
        return str(found[0].hash) if found else BEFORE_FIRST

    def breaks(
        self, *, route: str | None = None, prefix: str = "", ids: Collection[str] | None = None
    ) -> Sequence[BreakRecord]:
        """Breaks and infos by route and id."""
        return [break_record(row) for row in self._all(desk.by_id(tables.break_, route, prefix, ids))]

    def break_works(
        self, *, route: str | None = None, prefix: str = "", ids: Collection[str] | None = None
    ) -> Sequence[BreakWork]:
        """What was done about breaks, by route and id."""
        return [break_work(row) for row in self._all(desk.by_id(tables.break_work, route, prefix, ids))]

    def break_desk(self, query: DeskQuery, *, limit: int, offset: int = 0) -> Sequence[DeskRow]:
        """A part of this end's breaks, in the query's order."""
        with self._reading() as connection:
            return desk.rows(connection, query, limit=limit, offset=offset)

    def break_counts(self, query: DeskQuery, *, by: Sequence[By] = ()) -> Sequence[DeskCount]:
        """How many breaks a query asks for, by some values or in all."""
        with self._reading() as connection:
            return desk.counts(connection, query, by)

    def alert(self, rule: str, subject: str) -> AlertRecord | None:
        """Where one alert stands."""
        with self._reading() as connection:
            return next(iter(alerts.some(connection, rule=rule, subject=subject)), None)

    def alerts(
        self, *, state: str | None = None, rule: str | None = None, subject: str | None = None,
        escalated: bool | None = None, limit: int = 1000, offset: int = 0,
    ) -> Sequence[AlertRecord]:  # fmt: skip
        """Alerts, what needs somebody first: see `alerts.some`."""
        with self._reading() as connection:
            return alerts.some(
                connection, state=state, rule=rule, subject=subject, escalated=escalated, limit=limit, offset=offset
            )

    def alert_counts(self) -> Sequence[tuple[str, str, int, int]]:
        """(state, rule, how many, how many of them escalated)."""
        with self._reading() as connection:
            return alerts.counts(connection)

    def lock(self, name: str) -> AbstractContextManager[None]:
        """Hold a named lease for the block; RetryLater 907 when somebody living holds it."""
        holder = f"{self._actor}@{socket.gethostname()}"
        return leases.held(self._own_engine(), name, holder=holder, where=self._where)

    def verify(self, *, anchors: Collection[str] = ()) -> Sequence[str]:
        """Walk the chain, fold it anew, look at guards, lanes and landed rows; each problem in words.

        `anchors` are heads once named to others (in manifests): one that is not in the chain is a problem too.
        """
        from exchange.adapters.ledger_sql.verifying import problems

        with self._reading() as connection:
            return [*problems(connection, anchors)]
