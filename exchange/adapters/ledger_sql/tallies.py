"""What reports count, asked of the indexes: numbers and days alone, never a whole table.

A moment becomes a number of the chain by bisection (the ledger's clock runs forward), so that a span of events is read
by `(kind, seq)` without an index of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import date, datetime
from typing import Final

from sqlalchemy import case, func, select
from sqlalchemy.engine import Connection

from exchange.adapters.ledger_sql.records import AnyRow
from exchange.adapters.ledger_sql.tables import alert_item, break_desk, case_index, event, exchange, landed, packet
from exchange.domain.audit import time_text
from exchange.domain.report_figures import AlertDays, ExchangeTimes

MOST: Final = 20_000
"""Exchanges of a span that are looked at; of more the newest."""

_MOMENTS: Final = 500

_OURS: Final = ("sent", "receipt_opened", "receipt_validated", "receipt_refused")
_THEIRS: Final = ("collected", "receipt_sent")
_UNANSWERED: Final = ("NO_RESPONSE", "FILED_LATE")


class SqlTallies:
    """The port `Tallies` over a ledger's database."""

    def __init__(self, reading: Callable[[], AbstractContextManager[Connection]]) -> None:
        self._reading = reading
        self._known: dict[str, int] = {}

    def newest_at(self) -> datetime | None:
        """When the last event was written."""
        with self._reading() as connection:
            found = connection.scalar(select(event.c.at).order_by(event.c.seq.desc()).limit(1))
        return datetime.fromisoformat(found) if found else None

    def event_counts(self, kinds: Sequence[str], since: datetime, until: datetime) -> Mapping[str, int]:
        """How many events of each kind were written from one moment up to before another; zeros too."""
        with self._reading() as connection:
            after, last = self._before(connection, since), self._before(connection, until)
            wanted = (
                select(event.c.kind, func.count())
                .where(event.c.kind.in_(list(kinds)), event.c.seq > after, event.c.seq <= last)
                .group_by(event.c.kind)
            )
            told = {str(kind): int(number) for kind, number in connection.execute(wanted)}
        return {kind: told.get(kind, 0) for kind in kinds}

    def exchange_times(self, routes: Sequence[str], since: datetime, until: datetime) -> Sequence[ExchangeTimes]:
        """What happened when to the exchanges opened within two moments, of the newest twenty thousand."""
        with self._reading() as connection:
            after, last = self._before(connection, since), self._before(connection, until)
            chosen = (
                select(exchange)
                .where(exchange.c.route.in_(list(routes)), exchange.c.opened_seq > after, exchange.c.opened_seq <= last)
                .order_by(exchange.c.opened_seq.desc())
                .limit(MOST)
            )
            rows = connection.execute(chosen).all()
            keys = chosen.with_only_columns(exchange.c.key).subquery()
            wanted = (
                select(event.c.exchange, event.c.kind, func.min(event.c.at), func.max(event.c.at), func.count())
                .where(event.c.exchange.in_(select(keys.c.key)), event.c.kind.in_([*_OURS, *_THEIRS]))
                .group_by(event.c.exchange, event.c.kind)
            )
            told: dict[str, dict[str, tuple[str, str, int]]] = {}
            for key, kind, first, newest, number in connection.execute(wanted):
                told.setdefault(str(key), {})[str(kind)] = (first, newest, number)
        return [_times(row, told.get(row.key, {})) for row in rows]

    def _before(self, connection: Connection, moment: datetime) -> int:
        """The number of the last event written before a moment; 0 for none. One that is over keeps its number."""
        wanted = time_text(moment)
        if wanted not in self._known:
            newest = connection.scalar(select(event.c.at).order_by(event.c.seq.desc()).limit(1))
            number = _before(connection, wanted)
            if newest is None or newest < wanted:
                return number
            if len(self._known) >= _MOMENTS:
                self._known.clear()
            self._known[wanted] = number
        return self._known[wanted]

    def alert_days(self, first: date, last: date) -> Sequence[AlertDays]:
        """Alerts first told between two days, counted by that day and the day somebody acknowledged them."""
        days = (alert_item.c.first_day, alert_item.c.acknowledged_on, alert_item.c.escalated_on.is_not(None))
        wanted = (
            select(*days, func.count())
            .where(
                alert_item.c.state.in_(("open", "acknowledged")),
                alert_item.c.first_day.between(first.isoformat(), last.isoformat()),
            )
            .group_by(*days)
            .order_by(*days)
        )
        with self._reading() as connection:
            found = connection.execute(wanted).all()
        return [
            AlertDays(
                first_day=date.fromisoformat(day), acknowledged_on=date.fromisoformat(done) if done else None,
                escalated=bool(up), count=int(number),
            )
            for day, done, up, number in found
        ]  # fmt: skip

    def claims_answered(self, lane: str, spans: Sequence[tuple[date, date]]) -> Sequence[tuple[int, int]]:
        """For each span (ascending, days included) of the cases whose claim period ended in it: (with a claim filed
        within that period, all of them)."""
        c, d = case_index.c, break_desk.c
        numbers = case(
            *[(c.claims_due_on.between(span[0].isoformat(), span[1].isoformat()), n) for n, span in enumerate(spans)],
            else_=-1,
        ).label("span")
        due = select(c.case_no, numbers).where(
            c.lane == lane, c.taken_back.is_(False),
            c.claims_due_on.between(spans[0][0].isoformat(), spans[-1][1].isoformat()),
        ).subquery()  # fmt: skip
        late = select(d.case_no).where(d.code.in_(_UNANSWERED)).distinct().subquery()
        wanted = (
            select(due.c.span, func.count(), func.count(late.c.case_no))
            .select_from(due.outerjoin(late, late.c.case_no == due.c.case_no))
            .group_by(due.c.span)
        )
        with self._reading() as connection:
            told = {int(n): (int(whole - missing), int(whole)) for n, whole, missing in connection.execute(wanted)}
        return [told.get(n, (0, 0)) for n in range(len(spans))]

    def last_number(self, lane: str, states: Sequence[str], moment: datetime | None = None) -> int:
        """The highest number of a lane's packets in some states, up to a moment; 0 for none."""
        wanted = select(packet.c.number).where(packet.c.lane == lane, packet.c.state.in_(list(states)))
        if moment is not None:
            wanted = wanted.where(packet.c.at <= time_text(moment))
        with self._reading() as connection:
            return int(connection.scalar(wanted.order_by(packet.c.number.desc()).limit(1)) or 0)

    def landed_mark(self, lanes: Sequence[str]) -> tuple[int, str]:
        """How many rows landed on some lanes, and a text that changes with every landing."""
        c = landed.c
        wanted = (
            select(c.lane, func.sum(c.rows), func.count(), func.max(c.number), func.max(c.landed_at))
            .where(c.lane.in_(list(lanes)))
            .group_by(c.lane)
            .order_by(c.lane)
        )
        with self._reading() as connection:
            told = [tuple(row) for row in connection.execute(wanted)]
        return sum(int(row[1]) for row in told), " ".join(str(value) for row in told for value in row)

    def landed_rows(self, lanes: Sequence[str]) -> int:
        """How many rows ever landed from some lanes."""
        with self._reading() as connection:
            return int(connection.scalar(select(func.sum(landed.c.rows)).where(landed.c.lane.in_(list(lanes)))) or 0)


def _before(connection: Connection, wanted: str) -> int:
    """The number of the last event written before a moment; 0 for none."""
    low = 0
    high = int(connection.scalar(select(func.max(event.c.seq))) or 0)
    while low < high:
        middle = (low + high + 1) // 2
        at = connection.scalar(select(event.c.at).where(event.c.seq == middle))
        low, high = (middle, high) if at is not None and at < wanted else (low, middle - 1)
    return low


def _times(row: AnyRow, told: Mapping[str, tuple[str, str, int]]) -> ExchangeTimes:
    """An exchange and its times; of a packet that came the first receipt says opened, the second validated."""

    def moment(kind: str, at: int = 0) -> datetime | None:
        return datetime.fromisoformat(str(told[kind][at])) if kind in told else None

    ours = row.direction == "out"
    twice = "receipt_sent" in told and told["receipt_sent"][2] > 1
    return ExchangeTimes(
        key=row.key, kind=row.kind, direction=row.direction, state=row.state,
        opened_at=datetime.fromisoformat(row.opened_at),
        sent_at=moment("sent" if ours else "collected"),
        opened_there_at=moment("receipt_opened" if ours else "receipt_sent"),
        validated_at=moment("receipt_validated") if ours else moment("receipt_sent", 1) if twice else None,
        refused="receipt_refused" in told,
    )  # fmt: skip
