"""One transaction of the ledger: the only place where its tables change."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from datetime import date
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select
from sqlalchemy.engine import Connection

from exchange.adapters.ledger_sql import desk, tables
from exchange.adapters.ledger_sql.records import (
    alert_record,
    alert_values,
    break_values,
    break_work,
    break_work_values,
    exchange_record,
    exchange_values,
    packet_values,
)
from exchange.domain import alert_life, break_life
from exchange.domain.audit import BEFORE_FIRST, Event, ExchangeRecord, fold, seal_event, time_text
from exchange.domain.break_view import ITEM
from exchange.domain.errors import NeedsPerson
from exchange.ports import BreakRecord, Clock, PacketRecord

if TYPE_CHECKING:
    from exchange.adapters.ledger_sql.landing import Landed
    from exchange.adapters.ledger_sql.named import Named
    from exchange.domain.route import Route
    from exchange.domain.runs import Rows


class Writer:
    """What may be said within one transaction (ports.LedgerWrite). The writers' lock is held all along."""

    def __init__(self, connection: Connection, clock: Clock) -> None:
        self._connection = connection
        self._clock = clock
        self._head: tuple[int, str] | None = None
        self._records: dict[str, ExchangeRecord | None] = {}
        self._landed: list[Landed] = []
        self._named: dict[str, Named] = {}

    def append(self, kind: str, *, exchange: str | None, actor: str, body: Mapping[str, Any]) -> None:
        """Add an event to the chain and fold it into what it is about; NeedsPerson 908, 924: not allowed."""
        seq, prev_hash = self._end()
        stored = seal_event(
            seq=seq + 1, at=self._clock(), kind=kind, exchange=exchange, actor=actor, body=body, prev_hash=prev_hash
        )
        if kind in break_life.KINDS:
            self._fold_work(stored.read())
        elif kind in alert_life.KINDS:
            self._fold_alert(stored.read())
        elif exchange is not None:
            before = self._record(exchange)
            after = fold(before, stored.read())
            if after is not None:
                self._store(after, opened_seq=None if before else stored.seq)
                self._records[exchange] = after
        self._connection.execute(tables.event.insert(), asdict(stored))
        self._head = (stored.seq, stored.hash)

    def _end(self) -> tuple[int, str]:
        if self._head is None:
            newest = select(tables.event.c.seq, tables.event.c.hash).order_by(tables.event.c.seq.desc()).limit(1)
            row = self._connection.execute(newest).first()
            self._head = (row.seq, row.hash) if row else (0, BEFORE_FIRST)
        return self._head

    def _record(self, key: str) -> ExchangeRecord | None:
        if key not in self._records:
            row = self._connection.execute(select(tables.exchange).where(tables.exchange.c.key == key)).first()
            self._records[key] = exchange_record(row) if row else None
        return self._records[key]

    def _fold_work(self, event: Event) -> None:
        place = {name: event.body[name] for name in ("route", "id")}
        row = self._connection.execute(select(tables.break_work).filter_by(**place)).first()
        work = break_life.fold(break_work(row) if row else None, event)
        tables.upsert(self._connection, tables.break_work, [break_work_values(work)])
        desk.worked(self._connection, work)

    def _fold_alert(self, event: Event) -> None:
        rule, subject = alert_life.place_of(event.body)
        row = self._connection.execute(select(tables.alert_item).filter_by(rule=rule, subject=subject)).first()
        alert = alert_life.fold(alert_record(row) if row else None, event)
        tables.upsert(self._connection, tables.alert_item, [alert_values(alert)])

    def _store(self, record: ExchangeRecord, *, opened_seq: int | None) -> None:
        values = exchange_values(record)
        if opened_seq is not None:
            self._connection.execute(tables.exchange.insert(), values | {"opened_seq": opened_seq})
            return
        self._connection.execute(tables.exchange.update().where(tables.exchange.c.key == record.key), values)

    def number_packet(self, *, lane: str, kind: str, exchange: str | None, answers: str | None = None) -> PacketRecord:
        """The next number of the lane for an outgoing packet, state `numbered`."""
        newest = select(func.coalesce(func.max(tables.packet.c.number), 0)).where(tables.packet.c.lane == lane)
        number = int(self._connection.execute(newest).scalar_one()) + 1
        packet = PacketRecord(
            lane=lane,
            number=number,
            packet_id=f"{lane}.{number:06d}.{kind}",
            direction="out",
            kind=kind,
            exchange=exchange,
            state="numbered",
            answers=answers,
            at=self._clock(),
        )
        self._connection.execute(tables.packet.insert(), packet_values(packet, self._clock()))
        return packet

    def set_packet(self, packet: PacketRecord) -> None:
        """Insert or replace a packet's record by (lane, number); NeedsPerson 404 when another number has its id."""
        same_id = select(tables.packet.c.lane, tables.packet.c.number).where(
            tables.packet.c.packet_id == packet.packet_id
        )
        other = self._connection.execute(same_id).first()
        if other is not None and (other.lane, other.number) != (packet.lane, packet.number):
            raise NeedsPerson(
                404,
                "Another number of a lane already has this packet id.",
                where=f"packet {packet.packet_id}",
                next_step="Two people decide: ask the sender which packet is meant.",
            )
        tables.upsert(self._connection, tables.packet, [packet_values(packet, self._clock())])

    def set_breaks(self, route: str, breaks: Sequence[BreakRecord]) -> None:
        """Insert or replace breaks by id."""
        tables.upsert(self._connection, tables.break_, [break_values(route, found) for found in breaks])
        desk.found(self._connection, route, [replace(found, route=route) for found in breaks])

    def claim_alert(self, *, rule: str, case_no: str, day: date) -> bool:
        """True exactly once per rule, case and day."""
        wanted = (
            tables.insert_or(self._connection, tables.alert).on_conflict_do_nothing().returning(tables.alert.c.rule)
        )
        said = {"rule": rule, "case_no": case_no, "day": day.isoformat(), "at": time_text(self._clock())}
        return self._connection.execute(wanted, said).first() is not None

    def land(self, route: Route, dataset: str, rows: Rows, *, number: int, packet_id: str) -> int:
        """Store a dataset's rows under the lane's number (again is safe: replaced), return how many."""
        from exchange.adapters.ledger_sql.landing import land
        from exchange.adapters.ledger_sql.named import Named

        landed = land(
            self._connection,
            route.wire(dataset),
            rows,
            lane=route.lane,
            number=number,
            packet_id=packet_id,
            at=time_text(self._clock()),
            named=self._named.setdefault(packet_id, Named()),
        )
        self._landed.append(landed)
        if dataset == ITEM:
            desk.listed_anew(self._connection, route.id, route.lane)
        return landed.rows

    def settle(self) -> None:
        """Bring what is kept beside landed rows up to them: the last thing before the commit."""
        if self._landed:
            from exchange.adapters.ledger_sql.landing import settle

            settle(self._connection, self._landed)
