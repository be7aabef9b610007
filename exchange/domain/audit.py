"""The ledger's events: how one is hashed, and how they fold into an exchange's record. `chain.py` verifies both.

`hash = SHA-256(previous hash in hex + canonical JSON of seq, at, kind, exchange, actor, body)`, so an edited,
removed or inserted event no longer fits its neighbours. Pure: a ledger adapter stores what these functions say.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from decimal import Decimal
from numbers import Integral
from typing import Any, Final, Literal

from exchange.domain.canonical import canonical_json, sha256_hex
from exchange.domain.errors import NeedsPerson
from exchange.domain.lifecycle import MOVING, move

Direction = Literal["out", "in"]

BEFORE_FIRST: Final = "0" * 64
"""What the first event names as the hash before it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One line of the ledger. `body` holds no personal data. Hashes in hex."""

    seq: int
    at: datetime
    kind: str
    exchange: str | None
    actor: str
    body: Mapping[str, Any]
    prev_hash: str
    hash: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ExchangeRecord:
    """Where one exchange stands, derived from its events. `kind` as a packet's kind; `period` like 2026Q3."""

    key: str
    route: str
    direction: Direction
    kind: str
    period: str | None
    as_of: date | None
    state: str
    content_hash: str | None = None
    prepared_by: str | None = None
    approved_by: str | None = None
    packet_id: str | None = None
    details: Mapping[str, Any] = field(default_factory=dict)
    opened_at: datetime | None = None
    updated_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredEvent:
    """An event as the database keeps it: `at` as `time_text` writes it, `body` as canonical JSON text."""

    seq: int
    at: str
    kind: str
    exchange: str | None
    actor: str
    body: str
    prev_hash: str
    hash: str

    def read(self) -> Event:
        """The event with its time and body parsed."""
        return Event(
            seq=self.seq,
            at=datetime.fromisoformat(self.at),
            kind=self.kind,
            exchange=self.exchange,
            actor=self.actor,
            body=json.loads(self.body),
            prev_hash=self.prev_hash,
            hash=self.hash,
        )


def time_text(at: datetime) -> str:
    """An aware time as the ledger writes it: UTC, microseconds, `2026-07-16T01:30:00.000000+00:00`."""
    if at.tzinfo is None:
        raise ValueError("The ledger takes aware times only.")
    return at.astimezone(UTC).isoformat(timespec="microseconds")


def plain(value: Any) -> Any:
    """A value as JSON knows it: dates as ISO text, decimals as text, tuples as lists; TypeError for a float."""
    if value is None or isinstance(value, str | bool):
        return value
    if isinstance(value, Integral):
        return int(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(item) for item in (sorted(value) if isinstance(value, set | frozenset) else value)]
    raise TypeError(f"An event's body cannot hold a {type(value).__name__}.")


def seal_event(
    *, seq: int, at: datetime, kind: str, exchange: str | None, actor: str, body: Mapping[str, Any], prev_hash: str
) -> StoredEvent:
    """The event as it is stored, with its hash."""
    unsealed = StoredEvent(
        seq=seq,
        at=time_text(at),
        kind=kind,
        exchange=exchange,
        actor=actor,
        body=canonical_json(plain(body)).decode(),
        prev_hash=prev_hash,
        hash="",
    )
    return replace(unsealed, hash=event_hash(unsealed))


def event_hash(event: StoredEvent) -> str:
    """The hash an event must have; its own `hash` plays no part."""
    said = {
        "seq": event.seq,
        "at": event.at,
        "kind": event.kind,
        "exchange": event.exchange,
        "actor": event.actor,
        "body": json.loads(event.body),
    }
    return sha256_hex(event.prev_hash.encode() + canonical_json(said))


def fold(record: ExchangeRecord | None, event: Event) -> ExchangeRecord | None:
    """The exchange's record after one more of its events; None for a fact about an exchange never opened.

    NeedsPerson 908 when the lifecycle does not allow the move.
    """
    before = record.state if record else None
    state = move(before, event.kind)
    if event.kind in MOVING and state is None:
        raise NeedsPerson(
            908,
            f"An exchange in state {before!r} does not allow the event {event.kind!r}."
            if record
            else f"An exchange that was never opened does not allow the event {event.kind!r}.",
            where=f"exchange {event.exchange}",
            next_step="Look at the exchange's history; if a step was run twice or out of order, nothing is lost.",
        )
    if state is None:
        return None
    if record is None:
        return _opened(event, state)
    return replace(record, state=state, updated_at=event.at, **_learned(event))


def _opened(event: Event, state: str) -> ExchangeRecord:
    body = event.body
    missing = [name for name in ("route", "direction", "kind") if not body.get(name)]
    if missing or event.exchange is None:
        raise NeedsPerson(
            908,
            f"The opening event lacks: {', '.join(missing) or 'the exchange key'}.",
            where=f"exchange {event.exchange}",
            next_step="Report this: the step that opened it is wrong.",
        )
    as_of = body.get("as_of")
    return ExchangeRecord(
        key=event.exchange,
        route=body["route"],
        direction=body["direction"],
        kind=body["kind"],
        period=body.get("period"),
        as_of=date.fromisoformat(as_of[:10]) if as_of else None,
        state=state,
        packet_id=body.get("packet_id"),
        details=body,
        opened_at=event.at,
        updated_at=event.at,
    )


_LEARNS: Final[Mapping[str, tuple[str, str]]] = {
    "checked": ("content_hash", "content_hash"),
    "stopped": ("content_hash", "content_hash"),
    "prepared": ("prepared_by", "by"),
    "approved": ("approved_by", "by"),
    "released": ("approved_by", "by"),
    "packed": ("packet_id", "packet_id"),
}
"""Event → (field of the record, key of the body it is taken from)."""


def _learned(event: Event) -> dict[str, Any]:
    if event.kind not in _LEARNS:
        return {}
    name, key = _LEARNS[event.kind]
    return {name: event.body.get(key)}
