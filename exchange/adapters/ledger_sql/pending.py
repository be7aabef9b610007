"""What a lane still waits for, asked of the indexes: the same work however long its past is.

A step that looks for unfinished business would otherwise read a lane's whole history at every sweep.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import Row, and_, func, not_, or_, select
from sqlalchemy.engine import Connection

from exchange.adapters.ledger_sql.records import stored_event
from exchange.adapters.ledger_sql.tables import event, packet
from exchange.domain.audit import Event
from exchange.domain.lane import lane_of
from exchange.domain.packet import SILENT_KINDS, packet_of
from exchange.domain.sequence import SETTLED

_REFUSALS: Final = ("packet_refused", "packet_fork")
_NEGATIVE: Final = '%"rung":"refused"%'
"""How a negative stands in the canonical text of a receipt_packed event."""


def last_settled(connection: Connection, lane: str) -> Row[tuple[object, ...]] | None:
    """The packet with the highest number up to which every one is settled; None when there is none.

    Without a gap as many are settled as the highest number says; only where there is one it is looked for.
    """
    settled = and_(packet.c.lane == lane, packet.c.state.in_(SETTLED))
    count, top = connection.execute(select(func.count(), func.max(packet.c.number)).where(settled)).one()
    if count != (top or 0):
        after = packet.alias()
        follows = (
            select(after.c.number)
            .where(after.c.lane == lane, after.c.number == packet.c.number + 1, after.c.state.in_(SETTLED))
            .exists()
        )
        top = connection.scalar(select(func.min(packet.c.number)).where(settled, not_(follows)))
        first = connection.scalar(select(func.min(packet.c.number)).where(settled))
        top = top if first == 1 else None
    return connection.execute(select(packet).where(packet.c.lane == lane, packet.c.number == top)).first()


def untaken(connection: Connection, lane: str) -> list[str]:
    """Keys of a lane's collected packets that were neither settled, refused nor found a fork; sorted."""
    key = event.c.exchange
    settled = and_(packet.c.direction == "in", packet.c.state != "held")
    refused = event.alias()
    wanted = (
        select(key)
        .where(event.c.kind == "collected", key.is_not(None))
        .where(~select(packet.c.number).where(settled, packet.c.packet_id == key).exists())
        .where(~select(packet.c.number).where(settled, packet.c.exchange == key).exists())
        .where(~select(refused.c.seq).where(refused.c.exchange == key, refused.c.kind.in_(_REFUSALS)).exists())
    )
    found = connection.execute(wanted).scalars()
    return sorted({str(one) for one in found if lane_of(packet_of(one)) == lane})


def unreceipted(connection: Connection, lane: str) -> list[str]:
    """Keys of a lane's incoming packets that may be owed a receipt yet; those of other bytes too. By number."""
    key = func.coalesce(packet.c.exchange, packet.c.packet_id)
    given = select(func.count()).where(event.c.exchange == key, event.c.kind == "receipt_packed").scalar_subquery()
    waiting = or_(packet.c.state == "held", and_(packet.c.state == "accepted", given < 2))
    packets = (
        select(key)
        .where(packet.c.lane == lane, packet.c.direction == "in", packet.c.kind.not_in(SILENT_KINDS), waiting)
        .order_by(packet.c.number)
    )
    told = event.alias()
    negative = told.c.body.like(_NEGATIVE)
    refused = (
        select(event.c.exchange)
        .where(event.c.kind.in_(_REFUSALS), event.c.exchange.is_not(None))
        .where(
            ~select(told.c.seq)
            .where(told.c.exchange == event.c.exchange, told.c.kind == "receipt_packed", negative)
            .exists()
        )
        .order_by(event.c.seq)
    )
    found = [*connection.execute(packets).scalars(), *connection.execute(refused).scalars()]
    return [str(one) for one in dict.fromkeys(found) if lane_of(packet_of(one)) == lane]


def unconfirmed(connection: Connection, limit: int, after: int) -> list[Event]:
    """Releases above a number of the chain that nobody has confirmed since, the oldest first."""
    later = event.alias()
    confirmed = select(later.c.seq).where(later.c.exchange == event.c.exchange, later.c.kind == "confirmed").exists()
    wanted = select(event).where(event.c.kind == "released", event.c.seq > after, not_(confirmed))
    wanted = wanted.order_by(event.c.seq).limit(limit)
    return [stored_event(row).read() for row in connection.execute(wanted)]
