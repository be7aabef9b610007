"""Alerts as people work them: a part of the list, and how many there are."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import case, func, select
from sqlalchemy.engine import Connection

from exchange.adapters.ledger_sql import tables
from exchange.adapters.ledger_sql.records import alert_record
from exchange.domain.alert_life import OPEN
from exchange.ports import AlertRecord

_ALERT = tables.alert_item.c


def some(
    connection: Connection,
    *,
    state: str | None = None,
    rule: str | None = None,
    subject: str | None = None,
    escalated: bool | None = None,
    limit: int = 1000,
    offset: int = 0,
) -> Sequence[AlertRecord]:
    """Open ones first, escalated before others, then those longest open; of the acknowledged the latest first."""
    wanted = select(tables.alert_item)
    if state is not None:
        wanted = wanted.where(_ALERT.state == state)
    if rule is not None:
        wanted = wanted.where(_ALERT.rule == rule)
    if subject is not None:
        wanted = wanted.where(_ALERT.subject == subject)
    if escalated is not None:
        wanted = wanted.where(_ALERT.escalated_on.is_not(None) if escalated else _ALERT.escalated_on.is_(None))
    is_open = _ALERT.state == OPEN
    order = (
        case((is_open, 0), else_=1),
        case((is_open & _ALERT.escalated_on.is_not(None), 0), else_=1),
        case((is_open, _ALERT.first_day), else_=""),
        _ALERT.updated_at.desc(),
        _ALERT.rule,
        _ALERT.subject,
    )
    return [alert_record(row) for row in connection.execute(wanted.order_by(*order).limit(limit).offset(offset))]


def counts(connection: Connection) -> Sequence[tuple[str, str, int, int]]:
    """(state, rule, how many, how many of them escalated)."""
    told = select(_ALERT.state, _ALERT.rule, func.count(), func.count(_ALERT.escalated_on))
    grouped = told.group_by(_ALERT.state, _ALERT.rule).order_by(_ALERT.state, _ALERT.rule)
    return [(str(state), str(rule), int(n), int(up)) for state, rule, n, up in connection.execute(grouped)]
