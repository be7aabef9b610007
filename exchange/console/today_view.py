"""今日 beside the work list: where the quarter stands, how each lane is, which limits come next."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Final
from urllib.parse import quote
from zoneinfo import ZoneInfo

from exchange import journeys
from exchange.console.today_items import certificates, quarter_due
from exchange.domain import lifecycle
from exchange.domain.case_index import case_routes
from exchange.domain.lane import lane
from exchange.domain.period import Period

if TYPE_CHECKING:
    from exchange.domain.route import Route
    from exchange.ports import Event, ExchangeRecord, PacketRecord, Parts

SHANGHAI: Final = ZoneInfo("Asia/Shanghai")
LIMITS: Final = ("claims_end", "meeting", "announce", "quarter")
"""Sorts of limits that come."""
_COLUMNS: Final = {"claims_end": "claims_due_on", "meeting": "first_meeting_on"}
_MOST: Final = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step of the quarter: `ok`, `now` or `todo`; when it was done, or by when it should be."""

    name: str
    stands: str
    at: datetime | None = None
    due: date | None = None
    late: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """The running quarter on one route, from extract to reconciled. `exchange` is None while nothing has begun."""

    route: Route
    period: Period
    exchange: ExchangeRecord | None
    ours: bool
    steps: Sequence[Step]
    due: date
    sent: int | None
    held: int | None
    href: str


def runs(parts: Parts) -> Sequence[Run]:
    """The last quarter that is over, on each route by which this end sends or receives its cases."""
    period = Period.of(parts.today).previous()
    sending = [parts.agreement.route(id) for id in journeys.quarterly_routes(parts)]
    coming = [
        r for r in parts.agreement.routes.values()
        if r.receiver == parts.party and r.answered_by and r.sender in parts.channels and not r.test
    ]  # fmt: skip
    own = [_run(route, period, parts, ours=True) for route in sending]
    theirs = [_run(route, period, parts, ours=False) for route in coming if _brings_cases(route)]
    return [*own, *theirs]


def _brings_cases(route: Route) -> bool:
    return route.has("bankruptcy_case")


def _run(route: Route, period: Period, parts: Parts, *, ours: bool) -> Run:
    known = [e for e in parts.ledger.exchanges(route=route.id, kind="Q") if e.period == str(period)]
    exchange = known[-1] if known else None
    due = quarter_due(route, period, parts)
    events = list(parts.ledger.events(exchange=exchange.key)) if exchange else []
    steps = _sent_steps(route, exchange, events, due, parts) if ours else _came_steps(route, events, due, parts)
    checked = next((e.body for e in reversed(events) if e.kind in ("checked", "stopped")), {})
    return Run(
        route=route, period=period, exchange=exchange, ours=ours, steps=_placed(steps, parts.today), due=due,
        sent=checked.get("sent"), held=checked.get("held"),
        href=f"/exchanges/{quote(exchange.key)}" if exchange else "/exchanges",
    )  # fmt: skip


_Raw = tuple[str, datetime | None, date | None]


def _sent_steps(
    route: Route, exchange: ExchangeRecord | None, events: Sequence[Event], due: date, parts: Parts
) -> list[_Raw]:
    at = _moments(events)
    stands = exchange is not None and exchange.state not in (*lifecycle.SENT_BACK, lifecycle.EXTRACTED)
    sent = at.get("sent")
    sent_on = sent.astimezone(SHANGHAI).date() if sent else due
    receipt_due = parts.calendar.add_workdays(sent_on, route.days("receipt_validated_workdays", sent_on))
    answered = _answered(route, sent, parts)
    decided = lifecycle.CHECKED if exchange is None else exchange.state
    undone = decided in (lifecycle.CHECKED, lifecycle.STOPPED, lifecycle.OPENED)
    return [
        ("Extract", at.get("extracted"), None),
        ("Checks", at.get("checked") or at.get("stopped") if stands else None, None),
        ("Submit", None if undone else at.get("prepared"), None),
        ("Review", None if undone or decided == lifecycle.PREPARED else at.get("approved") or at.get("released"), None),
        ("Send", sent, due),
        ("Receipt", at.get("receipt_validated"), receipt_due),
        ("Answer", answered, None),
        ("Reconcile", at.get("reconciled"), None),
    ]


def _came_steps(route: Route, events: Sequence[Event], due: date, parts: Parts) -> list[_Raw]:
    at = _moments(events)
    taken = at.get("taken_in")
    answer = _given(route, taken, parts)
    told = _moments(parts.ledger.events(exchange=answer.key)) if answer else {}
    sent = told.get("sent")
    receipt, owed = (_receipt_due(route, since, due, parts) for since in (sent, taken))
    undone = answer is None or answer.state in (lifecycle.CHECKED, lifecycle.STOPPED, lifecycle.OPENED)
    return [
        ("Arrive", at.get("collected"), due),
        ("Take in", taken, None),
        ("Our receipt", at.get("receipt_sent"), owed),
        ("Make the answer", told.get("checked"), None),
        ("Submit", None if undone else told.get("prepared"), None),
        ("Review", told.get("approved") or told.get("released"), None),
        ("Send", sent, None),
        ("Receipt", told.get("receipt_validated"), receipt),
    ]


def _moments(events: Iterable[Event]) -> dict[str, datetime]:
    """When each kind of event happened last."""
    return {event.kind: event.at for event in events}


def _given(route: Route, taken: datetime | None, parts: Parts) -> ExchangeRecord | None:
    """The last answer this end has opened since it took the quarter in."""
    if taken is None or route.answered_by is None:
        return None
    answers = parts.ledger.exchanges(route=route.answered_by, kind="A")
    since = [e for e in answers if e.direction == "out" and e.opened_at and e.opened_at > taken]
    return since[-1] if since else None


def _receipt_due(route: Route, since: datetime | None, due: date, parts: Parts) -> date | None:
    if since is None:
        return None
    return parts.calendar.add_workdays(since.astimezone(SHANGHAI).date(), route.days("receipt_validated_workdays", due))


def _answered(route: Route, sent: datetime | None, parts: Parts) -> datetime | None:
    """When the first answer came in after the quarter was sent."""
    if sent is None or route.answered_by is None:
        return None
    came = parts.ledger.exchanges(route=route.answered_by, kind="A")
    later = [e.opened_at for e in came if e.direction == "in" and e.opened_at and e.opened_at > sent]
    return min(later, default=None)


def _placed(raw: Sequence[_Raw], today: date) -> Sequence[Step]:
    """Done up to the last step that is, `now` the next, the others to do."""
    last = max((n for n, (_, at, _) in enumerate(raw) if at is not None), default=-1)
    return [
        Step(name=name, at=at, due=due, late=n > last and due is not None and due < today,
             stands="ok" if n <= last else "now" if n == last + 1 else "todo")
        for n, (name, at, due) in enumerate(raw)
    ]  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """How a lane to one counterpart is: packets and receipts both ways, and when certificates end."""

    party: str
    out: PacketRecord | None
    their_receipt: PacketRecord | None
    came: PacketRecord | None
    our_receipt: PacketRecord | None
    keys: Sequence[tuple[str, str, date | None, int | None]]
    owed: bool


def health(parts: Parts) -> Sequence[Health]:
    """Of every counterpart with a channel. `owed`: a packet of ours is out and its receipt is not here."""
    keys = [(party, role, until, (until - parts.today).days if until else None)
            for party, role, until in certificates(parts)]  # fmt: skip
    waiting = {
        parts.agreement.routes[e.route].receiver
        for e in parts.ledger.exchanges(states=[lifecycle.SENT, lifecycle.RECEIVED])
        if e.direction == "out" and e.route in parts.agreement.routes
    }
    return [_health(other, parts, keys, owed=other in waiting) for other in parts.channels]


def _health(
    other: str, parts: Parts, keys: Sequence[tuple[str, str, date | None, int | None]], *, owed: bool
) -> Health:
    out, back = lane(parts.party, other), lane(other, parts.party)
    newest = parts.ledger.newest
    return Health(
        party=other, out=newest(out, receipts=False), their_receipt=newest(back, receipts=True),
        came=newest(back, receipts=False), our_receipt=newest(out, receipts=True),
        keys=[key for key in keys if key[0] in (parts.party, other)], owed=owed,
    )  # fmt: skip


def last_verified(parts: Parts) -> Event | None:
    """When somebody last verified the ledger's chain here."""
    return parts.ledger.last_event("chain_verified")


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """A day on which one sort of limit ends, of how many cases; `case_no` the case, or the first of them."""

    day: date
    sort: str
    count: int
    case_no: str = ""
    debtor: str = ""
    name: str = ""


def limits(parts: Parts, *, days: int, kind: str = "") -> Sequence[Limit]:
    """The limits that come within so many days, by day."""
    last = parts.today + timedelta(days=days)
    found = [
        limit for sort, column in _COLUMNS.items() if kind in ("", sort)
        for limit in _of_cases(sort, column, last, parts)
    ]  # fmt: skip
    if kind in ("", "announce"):
        found += _announcements(last, parts)
    if kind in ("", "quarter"):
        found += _quarters(last, parts)
    return sorted(found, key=lambda one: (one.day, LIMITS.index(one.sort), one.case_no))


def _of_cases(sort: str, column: str, last: date, parts: Parts) -> list[Limit]:
    lanes = sorted({route.lane for route in case_routes(parts.agreement, parts.party)})
    entries = parts.ledger.cases_due(lanes, column, parts.today, last, limit=_MOST)
    return [
        Limit(day=date.fromisoformat(getattr(one, column)), sort=sort, count=1, case_no=one.case_no,
              debtor=one.debtor or "")
        for one in entries if not one.terminated_on
    ]  # fmt: skip


def _announcements(last: date, parts: Parts) -> list[Limit]:
    """Announcements of acceptance this end owes (企业破产法第十四条)."""
    found = []
    for route in case_routes(parts.agreement, parts.party):
        if route.sender != parts.party:
            continue
        within = timedelta(days=route.days("announcement_max_days", parts.today))
        begun, ended = parts.today - within, last - within
        for one in parts.ledger.cases_due([route.lane], "accepted_on", begun, ended, limit=_MOST):
            if not one.announced_on and not one.terminated_on:
                due = date.fromisoformat(str(one.accepted_on)) + within
                found.append(Limit(day=due, sort="announce", count=1, case_no=one.case_no, debtor=one.debtor or ""))
    return found


def _quarters(last: date, parts: Parts) -> list[Limit]:
    """When the exchanges of quarters that are not out yet are due."""
    found = []
    for id in journeys.quarterly_routes(parts):
        route = parts.agreement.route(id)
        for period in (Period.of(parts.today).previous(), Period.of(parts.today)):
            due = quarter_due(route, period, parts)
            if parts.today <= due <= last and not _is_out(id, period, parts):
                found.append(Limit(day=due, sort="quarter", count=1, name=str(period)))
    return found


def _is_out(route: str, period: Period, parts: Parts) -> bool:
    known = parts.ledger.exchanges(route=route, kind="Q")
    return any(e.period == str(period) and e.state in lifecycle.GONE for e in known)


def folded(found: Sequence[Limit]) -> Sequence[Limit]:
    """Limits of one sort on one day as one line."""
    days: dict[tuple[date, str], list[Limit]] = {}
    for one in found:
        days.setdefault((one.day, one.sort), []).append(one)
    return [
        Limit(day=day, sort=sort, count=len(some), case_no=some[0].case_no, debtor=some[0].debtor, name=some[0].name)
        for (day, sort), some in days.items()
    ]  # fmt: skip


def tomorrow(parts: Parts) -> Mapping[str, object]:
    """What is odd about the day after: `make_up` worked though a rest day, `rest` a weekday off; nothing otherwise."""
    day = parts.today + timedelta(days=1)
    works = parts.calendar.is_workday(day)
    odd = "make_up" if works and day.weekday() >= 5 else "rest" if not works and day.weekday() < 5 else ""
    return {"day": day, "odd": odd}
