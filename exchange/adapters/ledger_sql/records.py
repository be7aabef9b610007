"""Rows of the ledger's tables as the values the ports speak of, and back."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, cast

from sqlalchemy import Row

from exchange.domain.audit import Direction, ExchangeRecord, StoredEvent, plain, time_text
from exchange.domain.canonical import canonical_json
from exchange.ports import AlertRecord, BreakRecord, BreakWork, PacketRecord

AnyRow = Row[Any]


def stored_event(row: AnyRow) -> StoredEvent:
    """A row of `event`."""
    return StoredEvent(**row._mapping)


def exchange_record(row: AnyRow) -> ExchangeRecord:
    """A row of `exchange`."""
    return ExchangeRecord(
        key=row.key,
        route=row.route,
        direction=cast("Direction", row.direction),
        kind=row.kind,
        period=row.period,
        as_of=_day(row.as_of),
        state=row.state,
        content_hash=row.content_hash,
        prepared_by=row.prepared_by,
        approved_by=row.approved_by,
        packet_id=row.packet_id,
        details=json.loads(row.details),
        opened_at=datetime.fromisoformat(row.opened_at),
        updated_at=datetime.fromisoformat(row.updated_at),
    )


def exchange_values(record: ExchangeRecord) -> dict[str, Any]:
    """The columns of `exchange`, all but `opened_seq`."""
    if record.opened_at is None or record.updated_at is None:
        raise ValueError("A folded exchange has its times.")
    return {
        "key": record.key,
        "route": record.route,
        "direction": record.direction,
        "kind": record.kind,
        "period": record.period,
        "as_of": _day_text(record.as_of),
        "state": record.state,
        "content_hash": record.content_hash,
        "prepared_by": record.prepared_by,
        "approved_by": record.approved_by,
        "packet_id": record.packet_id,
        "details": _json(record.details),
        "opened_at": time_text(record.opened_at),
        "updated_at": time_text(record.updated_at),
    }


def packet_record(row: AnyRow) -> PacketRecord:
    """A row of `packet`."""
    return PacketRecord(
        lane=row.lane,
        number=row.number,
        packet_id=row.packet_id,
        direction=cast("Direction", row.direction),
        kind=row.kind,
        exchange=row.exchange,
        state=row.state,
        manifest_sha256=row.manifest_sha256,
        answers=row.answers,
        code=row.code,
        at=datetime.fromisoformat(row.at),
    )


def packet_values(record: PacketRecord, at: datetime) -> dict[str, Any]:
    """The columns of `packet`; `at` counts where the record has no time."""
    return {
        "lane": record.lane,
        "number": record.number,
        "packet_id": record.packet_id,
        "direction": record.direction,
        "kind": record.kind,
        "exchange": record.exchange,
        "state": record.state,
        "manifest_sha256": record.manifest_sha256,
        "answers": record.answers,
        "code": record.code,
        "at": time_text(record.at or at),
    }


def break_record(row: AnyRow) -> BreakRecord:
    """A row of `break_`."""
    return BreakRecord(
        id=row.id,
        route=row.route,
        code=row.code,
        case_no=row.case_no,
        claim_no=row.claim_no,
        line_no=row.line_no,
        rank=row.rank,
        info=bool(row.info),
        state=row.state,
        amounts=json.loads(row.amounts),
        first_exchange=row.first_exchange,
        last_exchange=row.last_exchange,
        due_on=_day(row.due_on),
        facts=json.loads(row.facts),
        found_on=_day(row.found_on),
    )


def break_work(row: AnyRow) -> BreakWork:
    """A row of `break_work`."""
    return BreakWork(
        route=row.route, id=row.id, state=row.state, owner=row.owner, updated_at=datetime.fromisoformat(row.updated_at),
        **json.loads(row.work),
    )  # fmt: skip


def break_work_values(work: BreakWork) -> dict[str, Any]:
    """The columns of `break_work`."""
    if work.updated_at is None:
        raise ValueError("Folded work has its time.")
    own = {"route": work.route, "id": work.id, "state": work.state, "owner": work.owner}
    told = {n: getattr(work, n) for n in BreakWork.__slots__ if n not in own and n != "updated_at"}
    return {**own, "work": _json(told), "updated_at": time_text(work.updated_at)}


def alert_record(row: AnyRow) -> AlertRecord:
    """A row of `alert_item`."""
    return AlertRecord(
        rule=row.rule, subject=row.subject, state=row.state, first_day=date.fromisoformat(row.first_day),
        last_day=date.fromisoformat(row.last_day), times=row.times, escalated_on=_day(row.escalated_on),
        acknowledged_by=row.acknowledged_by, acknowledged_on=_day(row.acknowledged_on), word_sha256=row.word_sha256,
        updated_at=datetime.fromisoformat(row.updated_at),
    )  # fmt: skip


def alert_values(record: AlertRecord) -> dict[str, Any]:
    """The columns of `alert_item`."""
    told = {name: getattr(record, name) for name in AlertRecord.__slots__}
    days = {name: _day_text(told[name]) for name in ("first_day", "last_day", "escalated_on", "acknowledged_on")}
    return {**told, **days, "updated_at": time_text(record.updated_at)}


def break_values(route: str, record: BreakRecord) -> dict[str, Any]:
    """The columns of `break_`."""
    return {
        "id": record.id,
        "route": route,
        "code": record.code,
        "case_no": record.case_no,
        "claim_no": record.claim_no,
        "line_no": record.line_no,
        "rank": record.rank,
        "info": record.info,
        "state": record.state,
        "amounts": _json(record.amounts),
        "first_exchange": record.first_exchange,
        "last_exchange": record.last_exchange,
        "due_on": _day_text(record.due_on),
        "facts": _json(record.facts),
        "found_on": _day_text(record.found_on),
    }


def _json(value: Mapping[str, Any]) -> str:
    return canonical_json(plain(value)).decode()


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None


def _day_text(day: date | None) -> str | None:
    return day.isoformat() if day else None
