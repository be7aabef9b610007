"""The ledger's chain: how an event is hashed, how events fold into an exchange's record, how both are verified.

`hash = SHA-256(previous hash in hex + canonical JSON of seq, at, kind, exchange, actor, body)`, so an edited,
removed or inserted event no longer fits its neighbours. Pure: a ledger adapter stores what these functions say.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import UTC, date, datetime
from decimal import Decimal
from numbers import Integral
from typing import Any, Final, Literal

from exchange.domain import alert_life, break_life
from exchange.domain.alert_life import AlertRecord
from exchange.domain.break_life import BreakWork
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Verified:
    """What walking the chain found: problems in words, and every exchange, break and alert folded anew.

    `works` by (route, break id), `alerts` by (rule, subject); `sets` route → the hash of the breaks its last comparison
    found.
    """

    problems: tuple[str, ...]
    records: Mapping[str, ExchangeRecord]
    head: str
    works: Mapping[tuple[str, str], BreakWork] = field(default_factory=dict)
    sets: Mapping[str, str] = field(default_factory=dict)
    alerts: Mapping[tuple[str, str], AlertRecord] = field(default_factory=dict)


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


def verify_chain(events: Iterable[StoredEvent], *, anchors: Collection[str] = ()) -> Verified:
    """Walk the chain from its first event and fold every exchange; each problem names the event's number.

    `anchors` are hashes known from elsewhere (heads named in manifests that were sent); one that the chain
    does not hold means that its newest events were cut off or all were written anew.
    """
    problems: list[str] = []
    records: dict[str, ExchangeRecord] = {}
    works: dict[tuple[str, str], BreakWork] = {}
    sets: dict[str, str] = {}
    alerts: dict[tuple[str, str], AlertRecord] = {}
    head, last, missing = BEFORE_FIRST, 0, set(anchors) - {BEFORE_FIRST}
    for event in events:
        problems += _link_problems(event, last, head)
        if event.kind in break_life.KINDS:
            problems += _work_problems(event, works)
        elif event.kind in alert_life.KINDS:
            problems += _alert_problems(event, alerts)
        else:
            problems += _fold_problems(event, records)
        if event.kind == "reconciled" and event.exchange in records and "set_sha256" in (body := event.read().body):
            sets[records[event.exchange].route] = body["set_sha256"]
        head, last = event.hash, event.seq
        missing.discard(event.hash)
    problems += [f"The hash {anchor} was once the head of this ledger and is not in it." for anchor in sorted(missing)]
    return Verified(problems=tuple(problems), records=records, head=head, works=works, sets=sets, alerts=alerts)


def _link_problems(event: StoredEvent, last: int, head: str) -> list[str]:
    found = []
    if event.seq != last + 1:
        found.append(f"Event {event.seq} follows event {last}: the events between were removed.")
    if event.prev_hash != head:
        before = f"event {last}" if last else "the beginning"
        found.append(f"Event {event.seq} names another predecessor than {before}.")
    try:
        intact = event_hash(event) == event.hash and canonical_json(json.loads(event.body)).decode() == event.body
    except ValueError:
        intact = False
    if not intact:
        found.append(f"Event {event.seq} ({event.kind}) was changed after it was written: its hash does not fit it.")
    return found


def _fold_problems(event: StoredEvent, records: dict[str, ExchangeRecord]) -> list[str]:
    if event.exchange is None:
        return []
    try:
        record = fold(records.get(event.exchange), event.read())
    except NeedsPerson as problem:
        return [f"Event {event.seq}: {problem.what} [{problem.where}]"]
    except (ValueError, KeyError, TypeError, AttributeError):
        return [f"Event {event.seq} ({event.kind}) cannot be read."]
    if record is not None:
        records[event.exchange] = record
    return []


def _work_problems(event: StoredEvent, works: dict[tuple[str, str], BreakWork]) -> list[str]:
    try:
        read = event.read()
        key = (read.body["route"], read.body["id"])
        works[key] = break_life.fold(works.get(key), read)
    except NeedsPerson as problem:
        return [f"Event {event.seq}: {problem.what} [{problem.where}]"]
    except (ValueError, KeyError, TypeError, AttributeError):
        return [f"Event {event.seq} ({event.kind}) cannot be read."]
    return []


def _alert_problems(event: StoredEvent, alerts: dict[tuple[str, str], AlertRecord]) -> list[str]:
    try:
        read = event.read()
        place = alert_life.place_of(read.body)
        alerts[place] = alert_life.fold(alerts.get(place), read)
    except (ValueError, KeyError, TypeError, AttributeError):
        return [f"Event {event.seq} ({event.kind}) cannot be read."]
    return []


def alert_differences(
    folded: Mapping[tuple[str, str], AlertRecord], stored: Mapping[tuple[str, str], AlertRecord]
) -> tuple[str, ...]:
    """Where the stored alerts differ from the fold of their events, in words."""
    return tuple(
        f"Alert {alert_life.alert_key(*place)} ({place[0]}): its record is not what its events say."
        for place in sorted(folded.keys() | stored.keys())
        if folded.get(place) != stored.get(place)
    )


def work_differences(
    folded: Mapping[tuple[str, str], BreakWork], stored: Mapping[tuple[str, str], BreakWork]
) -> tuple[str, ...]:
    """Where the stored work on breaks differs from the fold of its events, in words."""
    return tuple(
        f"Break {id_} of {route}: its record is not what its events say."
        for route, id_ in sorted(folded.keys() | stored.keys())
        if folded.get((route, id_)) != stored.get((route, id_))
    )


def differences(folded: Mapping[str, ExchangeRecord], stored: Mapping[str, ExchangeRecord]) -> tuple[str, ...]:
    """Where the stored records differ from the events' own fold, in words, by exchange and field."""
    found = [f"Exchange {key} has events but no record." for key in sorted(folded.keys() - stored.keys())]
    found += [f"Exchange {key} has a record but no events." for key in sorted(stored.keys() - folded.keys())]
    for key in sorted(folded.keys() & stored.keys()):
        wrong = [f.name for f in fields(ExchangeRecord) if getattr(folded[key], f.name) != getattr(stored[key], f.name)]
        if wrong:
            found.append(f"Exchange {key}: its record differs from its events in {', '.join(wrong)}.")
    return tuple(found)
