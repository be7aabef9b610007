"""台账 the ledger as people leaf through it: exchanges, packets and receipts, events; a page at a time."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any, Final
from zoneinfo import ZoneInfo

from exchange.domain.audit import BEFORE_FIRST, event_hash

if TYPE_CHECKING:
    from exchange.ports import Event, ExchangeRecord, PacketRecord, Parts, StoredEvent

PAGE: Final = 50
MOST_IN_SHEET: Final = 20_000
"""Lines of a list that is taken along as Excel."""
_SHANGHAI: Final = ZoneInfo("Asia/Shanghai")
_FIELDS: Final = ("kind", "exchange", "actor")


@dataclass(frozen=True, slots=True, kw_only=True)
class Leaf:
    """Lines of a list, and the number under which the next ones stand (None: none)."""

    rows: Sequence[Any]
    below: int | None


def exchanges(parts: Parts, wanted: Mapping[str, str], *, first: int, most: int = PAGE
              ) -> tuple[int, Sequence[ExchangeRecord]]:  # fmt: skip
    """How many exchanges of these filters there are, and a page of them."""
    told = {name: value for name in ("direction", "kind", "state") if (value := wanted.get(name))}
    return parts.ledger.listed_exchanges(told, first=first, most=most)


def packets(parts: Parts, wanted: Mapping[str, str], below: int | None, *, most: int = PAGE) -> Leaf:
    """A lane's packets, the highest number first."""
    lane = wanted.get("lane") or next(iter(parts.ledger.lanes()), "")
    kinds = [wanted["packet_kind"]] if wanted.get("packet_kind") else []
    found: Sequence[PacketRecord] = parts.ledger.listed_packets(lane, kinds=kinds, below=below, most=most + 1)
    return Leaf(rows=found[:most], below=found[most - 1].number if len(found) > most else None)


def events(parts: Parts, wanted: Mapping[str, str], below: int | None, *, most: int = PAGE) -> Leaf:
    """Events, the newest first; `since` and `until` are days in China, both included."""
    told = {name: value for name in _FIELDS if (value := wanted.get(name))}
    since, until = _day(wanted.get("since")), _day(wanted.get("until"))
    found: Sequence[Event] = parts.ledger.listed_events(
        told, since=_begins(since), until=_begins(until + timedelta(days=1)) if until else None, below=below,
        most=most + 1,
    )  # fmt: skip
    return Leaf(rows=found[:most], below=found[most - 1].seq if len(found) > most else None)


def _day(text: str | None) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        return None


def _begins(day: date | None) -> datetime | None:
    return None if day is None else datetime.combine(day, time(), _SHANGHAI)


def facts(event: StoredEvent) -> Sequence[tuple[str, str]]:
    """What an event says beside who and when, as (name, text)."""
    body: dict[str, Any] = json.loads(event.body)
    return [
        (name, value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))
        for name, value in body.items()
    ]


def fits(before: StoredEvent | None, this: StoredEvent, after: StoredEvent | None) -> Mapping[str, bool]:
    """Whether its hash is that of what it says, and whether it and its neighbours name each other."""
    return {
        "itself": event_hash(this) == this.hash,
        "before": this.prev_hash == (before.hash if before else BEFORE_FIRST),
        "after": after is None or after.prev_hash == this.hash,
    }
