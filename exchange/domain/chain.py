"""The walk over the ledger's chain: does each event fit its neighbours, do the stored records say what events say?

A ledger may hold millions of events about a hundred thousand exchanges and alerts. The walk keeps the hash before, and
the records of one share of what events are about: with as many walks as shares memory stays the same however old the
ledger is.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, fields
from typing import Final, TypeVar
from zlib import crc32

from exchange.domain import alert_life, break_life
from exchange.domain.alert_life import AlertRecord, alert_key
from exchange.domain.audit import BEFORE_FIRST, ExchangeRecord, StoredEvent, event_hash, fold
from exchange.domain.break_life import BreakWork, break_key
from exchange.domain.canonical import canonical_json
from exchange.domain.errors import NeedsPerson

K = TypeVar("K", bound=tuple[str, ...] | str)
V = TypeVar("V")


@dataclass(frozen=True, slots=True)
class Share:
    """One part of so many of the keys that events are about: of exchanges, breaks and alerts."""

    number: int
    of: int

    def has(self, key: str) -> bool:
        """Whether the key belongs to it."""
        return self.of == 1 or crc32(key.encode("utf-8", "surrogatepass")) % self.of == self.number


WHOLE: Final = Share(0, 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Verified:
    """What one walk found: problems in words, and every exchange, break and alert of its share folded anew.

    `works` by (route, break id), `alerts` by (rule, subject); `sets` route → (number of the event, hash of the breaks)
    of the last comparison of an exchange of this share.
    """

    problems: tuple[str, ...]
    head: str
    records: dict[str, ExchangeRecord] = field(default_factory=dict)
    works: dict[tuple[str, str], BreakWork] = field(default_factory=dict)
    alerts: dict[tuple[str, str], AlertRecord] = field(default_factory=dict)
    sets: dict[str, tuple[int, str]] = field(default_factory=dict)


def verify_chain(events: Iterable[StoredEvent], *, anchors: Collection[str] = (), share: Share = WHOLE) -> Verified:
    """Walk the chain from its first event, fold what is of the share; each problem names the event's number.

    The first share's walk looks at the links too. `anchors` are hashes known from elsewhere (heads named in manifests
    that were sent); one that the chain does not hold means that its newest events were cut off or all were written
    anew.
    """
    problems: list[str] = []
    found = Verified(problems=(), head=BEFORE_FIRST)
    head, last, missing = BEFORE_FIRST, 0, set(anchors) - {BEFORE_FIRST}
    for event in events:
        if share.number == 0:
            problems += _link_problems(event, last, head)
            missing.discard(event.hash)
        problems += _fold_problems(event, share, found)
        head, last = event.hash, event.seq
    if share.number == 0:
        gone = sorted(missing)
        problems += [f"The hash {anchor} was once the head of this ledger and is not in it." for anchor in gone]
    return Verified(
        problems=tuple(problems), head=head, records=found.records, works=found.works, alerts=found.alerts,
        sets=found.sets,
    )  # fmt: skip


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


def _fold_problems(event: StoredEvent, share: Share, found: Verified) -> list[str]:
    """Fold an event of the share into what it is about; what is wrong with that, in words."""
    folds = _fold_work if event.kind in break_life.KINDS else _fold_exchange
    try:
        (_fold_alert if event.kind in alert_life.KINDS else folds)(event, share, found)
    except NeedsPerson as problem:
        return [f"Event {event.seq}: {problem.what} [{problem.where}]"]
    except (ValueError, KeyError, TypeError, AttributeError):
        unread = f"Event {event.seq} ({event.kind}) cannot be read."
        ours = share.number == 0 if event.exchange is None else share.has(event.exchange)
        return [unread] if ours else []
    return []


def _fold_exchange(event: StoredEvent, share: Share, found: Verified) -> None:
    if event.exchange is None or not share.has(event.exchange):
        return
    read = event.read()
    record = fold(found.records.get(event.exchange), read)
    if record is None:
        return
    found.records[event.exchange] = record
    if event.kind == "reconciled" and "set_sha256" in read.body:
        found.sets[record.route] = (event.seq, read.body["set_sha256"])


def _fold_work(event: StoredEvent, share: Share, found: Verified) -> None:
    read = event.read()
    key = (read.body["route"], read.body["id"])
    if share.has(break_key(*key)):
        found.works[key] = break_life.fold(found.works.get(key), read)


def _fold_alert(event: StoredEvent, share: Share, found: Verified) -> None:
    read = event.read()
    place = alert_life.place_of(read.body)
    if share.has(alert_key(*place)):
        found.alerts[place] = alert_life.fold(found.alerts.get(place), read)


def alert_differences(
    folded: Mapping[tuple[str, str], AlertRecord], stored: Iterable[tuple[tuple[str, str], AlertRecord]]
) -> Iterator[str]:
    """Where the stored alerts differ from the fold of their events, in words."""
    for place, _, _ in _unlike(folded, stored):
        yield f"Alert {alert_key(*place)} ({place[0]}): its record is not what its events say."


def work_differences(
    folded: Mapping[tuple[str, str], BreakWork], stored: Iterable[tuple[tuple[str, str], BreakWork]]
) -> Iterator[str]:
    """Where the stored work on breaks differs from the fold of its events, in words."""
    for (route, id_), _, _ in _unlike(folded, stored):
        yield f"Break {id_} of {route}: its record is not what its events say."


def differences(folded: Mapping[str, ExchangeRecord], stored: Iterable[tuple[str, ExchangeRecord]]) -> Iterator[str]:
    """Where the stored records differ from the events' own fold, in words, by exchange and field."""
    for key, meant, said in _unlike(folded, stored):
        if said is None:
            yield f"Exchange {key} has events but no record."
        elif meant is None:
            yield f"Exchange {key} has a record but no events."
        else:
            wrong = [f.name for f in fields(ExchangeRecord) if getattr(meant, f.name) != getattr(said, f.name)]
            yield f"Exchange {key}: its record differs from its events in {', '.join(wrong)}."


def _unlike(folded: Mapping[K, V], stored: Iterable[tuple[K, V]]) -> Iterator[tuple[K, V | None, V | None]]:
    """(key, folded, stored) of what differs: as the stored ones come, then those that are not stored."""
    unseen = set(folded)
    for key, said in stored:
        unseen.discard(key)
        if folded.get(key) != said:
            yield key, folded.get(key), said
    for key in sorted(unseen):
        yield key, folded[key], None
