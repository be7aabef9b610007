"""紧急传送: which cases may be meant, what would go, and how far one has come."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, Final
from weakref import WeakKeyDictionary
from zoneinfo import ZoneInfo

from exchange.console.paging import Pages, pages
from exchange.domain import lifecycle
from exchange.domain.case_entry import CASES
from exchange.domain.case_index import case_routes, questions
from exchange.domain.errors import NeedsPerson

if TYPE_CHECKING:
    from exchange.console.visit import Visit
    from exchange.domain.case_entry import CaseEntry
    from exchange.domain.contract import Column
    from exchange.domain.route import Route
    from exchange.ports import Event, ExchangeRecord, Ledger, Parts

SHANGHAI: Final = ZoneInfo("Asia/Shanghai")
PREVIEW: Final = "preview.json"
_MOST: Final = 20


def sends(parts: Parts) -> Sequence[Route]:
    """The routes on which this end sends urgent cases."""
    return [r for r in parts.agreement.routes_from(parts.party) if CASES in [c.dataset for c in r.carries("U")]]


def candidates(parts: Parts, asked: str) -> Sequence[CaseEntry]:
    """Cases this end knows that may be meant, a few of them."""
    lanes = sorted({route.lane for route in case_routes(parts.agreement, parts.party)})
    for question in questions(asked):
        found = parts.ledger.find_cases(lanes, question, limit=_MOST, most=_MOST)
        if found.entries:
            return found.entries
    return ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Rows of one dataset as they leave: column titles, then cells in words."""

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Going:
    """What goes on one route, to whom. `exchange` carries this very state already."""

    receiver: str
    fresh: bool
    exchange: str | None
    points: int
    tables: Sequence[Table]
    empty: Sequence[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """What an urgent transfer would carry, as it was laid into the vault."""

    case_no: str
    sha256: str
    going: Sequence[Going]

    @property
    def gone(self) -> bool:
        """Whether every route has carried this very state already: there is nothing to send."""
        return all(part.exchange for part in self.going)


def preview(visit: Visit, key: str) -> Preview:
    """A preview that was made; NeedsPerson 914 when there is none."""
    told = json.loads(visit.parts.vault.get(key, PREVIEW))
    going = [_going(visit, part) for part in told["routes"]]
    return Preview(case_no=told["case_no"], sha256=told["sha256"], going=going)


def _going(visit: Visit, part: Mapping[str, Any]) -> Going:
    route = visit.parts.agreement.route(part["route"])
    tables = [_table(visit, route, one) for one in part["datasets"] if one["rows"]]
    empty = [visit.titled_of(route.contract(one["dataset"])) for one in part["datasets"] if not one["rows"]]
    receiver = visit.titled(visit.parts.agreement.parties[part["receiver"]])
    told = {name: part[name] for name in ("fresh", "exchange", "points")}
    return Going(receiver=receiver, tables=tables, empty=empty, **told)


def _table(visit: Visit, route: Route, told: Mapping[str, Any]) -> Table:
    contract = route.wire(told["dataset"])
    return Table(
        title=visit.titled_of(contract),
        columns=[(c.title_zh if visit.language == "zh" else c.title_en) or c.name for c in contract.columns],
        rows=[[_cell(visit, c, value) for c, value in zip(contract.columns, row, strict=True)] for row in told["rows"]],
    )


def _cell(visit: Visit, column: Column, value: str | None) -> str:
    if value is None:
        return ""
    if column.code_list and column.code_list in visit.parts.agreement.codes:
        return visit.name(column.code_list, value)
    if column.type == "bool":
        return visit.say("yes") if value == "true" else visit.say("no")
    return value


@dataclass(frozen=True, slots=True, kw_only=True)
class Rung:
    """One step of an urgent transfer: `ok`, `now`, `todo` or `bad`; when, by whom, until when."""

    name: str
    stands: str
    at: datetime | None = None
    by: str = ""
    due: date | None = None
    note: str = ""


_EVENTS: Final[Mapping[str, tuple[str, ...]]] = {
    "Asked for": ("exchange_opened",),
    "Released": ("released", "approved"),
    "Sealed": ("packed",),
    "Sent": ("sent",),
    "Opened there": ("receipt_opened", "receipt_validated"),
    "Taken in there": ("receipt_validated",),
}
"""Step → the events that show it done."""


def rungs(record: ExchangeRecord, events: Sequence[Event], parts: Parts) -> Sequence[Rung]:
    """How far an urgent transfer of ours has come, with the days its receipts are due."""
    route = parts.agreement.routes.get(record.route)
    first: dict[str, Event] = {}
    for event in events:
        first.setdefault(event.kind, event)
    made: list[Rung] = []
    over = record.state in lifecycle.SENT_BACK
    for name, kinds in _EVENTS.items():
        done = next((first[kind] for kind in kinds if kind in first), None)
        stands = "ok" if done else "bad" if over else "todo" if any(r.stands == "now" for r in made) else "now"
        made.append(Rung(name=name, stands=stands, at=done.at if done else None, by=done.actor if done else "",
                         due=_receipt_due(name, first.get("sent"), route, parts)))  # fmt: skip
    return made


_DUE: Final = {"Opened there": "receipt_opened_workdays", "Taken in there": "receipt_validated_workdays"}


def _receipt_due(name: str, sent: Event | None, route: Route | None, parts: Parts) -> date | None:
    if sent is None or route is None or name not in _DUE:
        return None
    on = sent.at.astimezone(SHANGHAI).date()
    return parts.calendar.add_workdays(on, route.days(_DUE[name], on))


@dataclass(frozen=True, slots=True, kw_only=True)
class Urgent:
    """One urgent transfer with all its page shows. `case_no` is None where this end holds no content of it."""

    record: ExchangeRecord
    rungs: Sequence[Rung]
    case_no: str | None
    reasons: Sequence[str]
    why: str
    confirmed_by: str | None
    unconfirmed: bool
    refusal: str


def urgent_of(parts: Parts, key: str) -> Urgent:
    """One urgent transfer, ours or theirs; NeedsPerson 914 when it is none."""
    record = parts.ledger.exchange(key)
    if record is None or record.kind != "U":
        raise NeedsPerson(914, "There is no such urgent transfer.", where=key, next_step="Go back to the list.")
    return _urgent(parts, record)


_TOLD: Final = (*dict.fromkeys(kind for kinds in _EVENTS.values() for kind in kinds), "receipt_refused", "confirmed",
                "collected", "taken_in", "receipt_sent")  # fmt: skip
"""The events that are read of a transfer; looks at it are many more."""


def _urgent(parts: Parts, record: ExchangeRecord) -> Urgent:
    key = record.key
    events = parts.ledger.listed_events({"exchange": key}, kinds=_TOLD)[::-1]
    confirmed = next((e.actor for e in events if e.kind == "confirmed"), None)
    released = any(e.kind == "released" for e in events)
    why = parts.vault.get(key, "reason.txt").decode() if parts.vault.has(key, "reason.txt") else ""
    refused = next((e.body for e in reversed(events) if e.kind == "receipt_refused"), {})
    return Urgent(
        record=record, rungs=rungs(record, events, parts) if record.direction == "out" else came(events),
        case_no=case_of(parts, record), reasons=record.details.get("reasons", ()), why=why, confirmed_by=confirmed,
        unconfirmed=released and confirmed is None and record.state not in lifecycle.SENT_BACK,
        refusal=str(refused.get("code", "")),
    )  # fmt: skip


def came(events: Sequence[Event]) -> Sequence[Rung]:
    """How far an urgent transfer of theirs has come here."""
    first: dict[str, Event] = {}
    for event in events:
        first.setdefault(event.kind, event)
    steps = (("Arrived", "collected"), ("Taken in", "taken_in"), ("Receipt sent", "receipt_sent"))
    return [
        Rung(name=name, stands="ok" if kind in first else "todo", at=first[kind].at if kind in first else None)
        for name, kind in steps
    ]  # fmt: skip


_MOST_KNOWN: Final = 2000
_known: WeakKeyDictionary[Ledger, dict[tuple[str, str], str | None]] = WeakKeyDictionary()
"""Exchange and its state → its case: that stays, and to look for it is most of the work of a list."""


def case_of(parts: Parts, record: ExchangeRecord) -> str | None:
    """The number of the case an urgent transfer carries, by its stored rows or those that were landed from it."""
    known = _known.setdefault(parts.ledger, {})
    asked = record.key, record.state
    found = known.get(asked) if asked in known else _case_of(parts, record)
    if len(known) >= _MOST_KNOWN:
        known.clear()
    known[asked] = found
    return found


def _case_of(parts: Parts, record: ExchangeRecord) -> str | None:
    if record.direction == "out":
        name = f"content/data/{CASES}-0001.csv"
        if not parts.vault.has(record.key, name):
            return None
        rows = csv.DictReader(io.StringIO(parts.vault.get(record.key, name).decode("utf-8"), newline=""))
        return next((row["case_no"] for row in rows), None)
    packets = [p for p in parts.ledger.packets(exchange=record.key) if p.kind == "U"]
    route = parts.agreement.routes.get(record.route)
    if route is None or not packets:
        return None
    landed = parts.ledger.rows_ever(route, CASES, number=packets[0].number)
    return landed[0]["case_no"] if landed else None


def case_by_key(parts: Parts, key: str) -> str | None:
    """The case of an exchange that may be an urgent one."""
    record = parts.ledger.exchange(key)
    return case_of(parts, record) if record is not None and record.kind == "U" else None


def listed(visit: Visit, page: str | None) -> tuple[Sequence[Urgent], Pages]:
    """The last urgent transfers, ours or theirs, a page of them."""
    parts = visit.parts
    with parts.ledger.one_moment():
        total, _ = parts.ledger.listed_exchanges({"kind": "U"}, most=0)
        which = pages(total, page, "/urgent", {}, size=20)
        _, found = parts.ledger.listed_exchanges({"kind": "U"}, first=which.offset, most=which.size)
        return [_urgent(parts, one) for one in found], which
