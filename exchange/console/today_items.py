"""今日: everything that waits for somebody at this end, gathered by key, by index and by count, never by reading all.

Nothing here is in a language; `today_words.py` says it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote, urlencode
from weakref import WeakKeyDictionary

from exchange import journeys
from exchange.console.alerts_view import RESOLUTION, acknowledge_days
from exchange.console.matches_open import open_matches
from exchange.domain import lifecycle
from exchange.domain.alert_life import OPEN
from exchange.domain.break_desk import TODO, DeskQuery
from exchange.domain.break_life import PROPOSED
from exchange.domain.case_index import case_routes
from exchange.domain.errors import ExchangeError
from exchange.domain.meeting_sharing import partners
from exchange.domain.period import Period
from exchange.domain.points import standing
from exchange.domain.route import Route

if TYPE_CHECKING:
    from exchange.console.house import House
    from exchange.ports import ExchangeRecord, Ledger, Parts

SOON_DAYS: Final = 7
"""Limits of cases within so many days stand in the work list; later ones beside it."""
KEY_DAYS: Final = 60
"""A certificate that ends within so many days is work for an administrator."""
_MOST: Final = 8
"""Items of one sort that stand alone; more of them are told as a number."""
_LOOK: Final = 1000
_SECONDS: Final = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One thing that waits: what sort, until when, who may do it, and where.

    `key` is an exchange's key, a rule or a code; `case_no` the case, or the first of several. `not_by` may not do it
    (four eyes), `facts` are what the words need.
    """

    sort: str
    action: str
    href: str
    due: date | None = None
    count: int = 1
    key: str = ""
    case_no: str = ""
    worth_fen: int | None = None
    not_by: str | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)


_known: WeakKeyDictionary[Ledger, tuple[float, date, str, Sequence[Item]]] = WeakKeyDictionary()
"""When they were gathered, for which day, after which event."""


def items(house: House) -> Sequence[Item]:
    """What waits, the shortest limit first; asked at most every few seconds."""
    found = _known.get(house.parts.ledger)
    if found is None or time.monotonic() - found[0] > _SECONDS or found[1] != house.today:
        head = house.parts.ledger.head()
        told = gathered(replace(house.parts, today=house.today, officers=house.officers()))
        found = _known[house.parts.ledger] = (time.monotonic(), house.today, head, told)
    return found[3]


def forget_older(house: House) -> None:
    """Gather anew if the ledger grew since."""
    found = _known.get(house.parts.ledger)
    if found is not None and found[2] != house.parts.ledger.head():
        forget(house)


def forget(house: House) -> None:
    """Gather anew at the next page: somebody has just done something."""
    _known.pop(house.parts.ledger, None)


def gathered(parts: Parts) -> Sequence[Item]:
    """Everything that waits on a day, the shortest limit first, what has none last."""
    sources: tuple[Callable[[Parts], Iterator[Item]], ...] = (
        _exchanges, _sent_back, _unconfirmed, _to_begin, _to_answer, _alerts, _limits, _breaks, _matches, _statements,
        _meetings, _keys,
    )  # fmt: skip
    found = [item for source in sources for item in source(parts)]
    return sorted(found, key=lambda item: item.due or date.max)


def quarter_due(route: Route, period: Period, parts: Parts) -> date:
    """The day by which a quarter's exchange is out."""
    return parts.calendar.nth_workday_after(period.last_day, route.days("quarter_due_workdays", period.last_day))


def _exchange_href(key: str) -> str:
    return f"/exchanges/{quote(key)}"


def _due(exchange: ExchangeRecord, parts: Parts) -> date | None:
    route = parts.agreement.routes.get(exchange.route)
    if exchange.kind == "U":
        return parts.today
    if route is None or exchange.kind != "Q" or exchange.period is None:
        return None
    return quarter_due(route, Period.parse(exchange.period), parts)


def _exchanges(parts: Parts) -> Iterator[Item]:
    """Exchanges at a gate: a reason, a preparation, an approval, a stop."""
    for one in parts.ledger.exchanges(states=[lifecycle.CHECKED, lifecycle.STOPPED, lifecycle.PREPARED]):
        points = _open_points(one, parts) if one.state != lifecycle.PREPARED else 0
        sort, action = ("explain", "explain") if points else _GATES[one.state]
        yield Item(
            sort=sort, action=action, due=_due(one, parts), key=one.key, href=_exchange_href(one.key),
            count=points or 1, not_by=one.prepared_by if sort == "approve" else None,
            facts={"exchange": one, "by": one.prepared_by, "at": one.updated_at},
        )  # fmt: skip


_GATES: Final = {
    lifecycle.CHECKED: ("prepare", "prepare"),
    lifecycle.PREPARED: ("approve", "approve"),
    lifecycle.STOPPED: ("lift", "approve"),
}


def _open_points(one: ExchangeRecord, parts: Parts) -> int:
    try:
        return len(standing(one.key, parts.ledger.events(exchange=one.key), partial(parts.vault.get, one.key)).open)
    except ExchangeError:
        return 0


def _sent_back(parts: Parts) -> Iterator[Item]:
    """Exchanges of this quarter that an officer or the other side sent back, and nobody has tried anew."""
    since = Period.of(parts.today).previous().first_day

    def state_of(key: str) -> str | None:
        known = parts.ledger.exchange(key)
        return known.state if known else None

    for one in parts.ledger.exchanges(states=sorted(lifecycle.SENT_BACK)):
        base = ".".join(one.key.split(".")[:3])
        recent = one.updated_at is not None and one.updated_at.date() >= since
        if one.direction == "out" and recent and lifecycle.attempt(base, state_of, lambda *_: False) == one.key:
            yield Item(sort=one.state, action="run", due=_due(one, parts), key=one.key, href=_exchange_href(one.key),
                       facts={"exchange": one})  # fmt: skip


def _unconfirmed(parts: Parts) -> Iterator[Item]:
    """What went out by rule or by one officer, to be looked at afterwards by another."""
    waiting = parts.ledger.unconfirmed(limit=_LOOK)
    days = [due for event in waiting if (due := _confirm_due(str(event.exchange), event.at.date(), parts))]
    if waiting:
        first = waiting[0]
        yield Item(sort="confirm", action="approve", due=min(days, default=None), count=len(waiting), href="/urgent",
                   key=str(first.exchange), not_by=first.actor if len(waiting) == 1 else None)  # fmt: skip


def _confirm_due(key: str, released: date, parts: Parts) -> date | None:
    route = parts.agreement.routes.get(key.partition(".")[0])
    if route is None:
        return None
    return parts.calendar.add_workdays(released, route.days("review_after_workdays", released))


def _to_begin(parts: Parts) -> Iterator[Item]:
    """Quarters over of which this end has read nothing yet."""
    period = Period.of(parts.today).previous()
    for id in journeys.quarterly_routes(parts):
        if parts.ledger.exchange(f"{id}.Q.{period}") is None:
            due = quarter_due(parts.agreement.route(id), period, parts)
            yield Item(sort="begin", action="run", due=due, key=id, href="/exchanges",
                       facts={"period": period, "route": parts.agreement.route(id)})  # fmt: skip


def _to_answer(parts: Parts) -> Iterator[Item]:
    """Quarters that came in and were not answered since, at the end that answers."""
    for route in parts.agreement.routes_from(parts.party):
        asked = [r for r in parts.agreement.routes.values() if r.answered_by == route.id]
        came = [e for r in asked for e in parts.ledger.exchanges(route=r.id, kind="Q") if e.direction == "in"]
        if not came:
            continue
        given = [e for e in parts.ledger.exchanges(route=route.id, kind="A") if e.state not in lifecycle.SENT_BACK]
        last = came[-1]
        if not any(e.opened_at and last.opened_at and e.opened_at > last.opened_at for e in given):
            yield Item(sort="answer", action="run", key=last.key, href="/exchanges", facts={"exchange": last})


def _alerts(parts: Parts) -> Iterator[Item]:
    """Alerts nobody has acknowledged, by rule."""
    days = acknowledge_days(parts)
    for state, rule, n, escalated in parts.ledger.alert_counts():
        if state != OPEN:
            continue
        [first] = parts.ledger.alerts(state=OPEN, rule=rule, limit=1)
        due = parts.calendar.add_workdays(first.first_day, days) if days is not None else None
        subject = first.subject if rule != RESOLUTION else ""
        yield Item(sort="alert", action="acknowledge", due=due, count=n, key=rule, case_no=subject,
                   href=f"/alerts?{urlencode({'rule': rule})}", facts={"escalated": escalated})  # fmt: skip


def _limits(parts: Parts) -> Iterator[Item]:
    """Claim periods that end within days; at the court announcements that are owed."""
    routes = case_routes(parts.agreement, parts.party)
    lanes = sorted({route.lane for route in routes})
    last = parts.today + timedelta(days=SOON_DAYS)
    ending = parts.ledger.cases_due(lanes, "claims_due_on", parts.today, last, limit=_LOOK)
    yield from _by_case("claims_end", [(one.case_no, str(one.claims_due_on), one.debtor) for one in ending])
    for route in routes:
        if route.sender != parts.party:
            continue
        within = route.days("announcement_max_days", parts.today)
        begun, ended = (parts.today - timedelta(days=within * n) for n in (4, 1))
        accepted = parts.ledger.cases_due([route.lane], "accepted_on", begun, ended + timedelta(SOON_DAYS), limit=_LOOK)
        late = [
            (one.case_no, str(date.fromisoformat(str(one.accepted_on)) + timedelta(within)), one.debtor)
            for one in accepted if not one.announced_on and not one.terminated_on
        ]  # fmt: skip
        yield from _by_case("announce", late, within=within)


def _by_case(sort: str, found: Sequence[tuple[str, str, str | None]], **facts: Any) -> Iterator[Item]:
    for case_no, day, debtor in found[:_MOST]:
        yield Item(sort=sort, action="work", due=date.fromisoformat(day), case_no=case_no,
                   href=f"/cases/{quote(case_no)}", facts={**facts, "debtor": debtor})  # fmt: skip
    if len(found) > _MOST:
        case_no, day, _ = found[_MOST]
        yield Item(sort=sort, action="work", due=date.fromisoformat(day), count=len(found) - _MOST, case_no=case_no,
                   href=f"/limits?{urlencode({'kind': sort})}", facts=facts)  # fmt: skip


def _breaks(parts: Parts) -> Iterator[Item]:
    """Differences this end has to act on, by code; decisions that wait for a second officer."""
    query = DeskQuery(today=parts.today, stands=(TODO,))
    second = DeskQuery(today=parts.today, stands=(TODO,), state=PROPOSED)
    proposed = sum(one.count for one in parts.ledger.break_counts(second, by=("code",)))
    if proposed:
        yield Item(sort="second", action="work", count=proposed, href=f"/breaks?{urlencode({'state': PROPOSED})}")
    for counted in parts.ledger.break_counts(query, by=("code",)):
        [code] = counted.values
        first = parts.ledger.break_desk(DeskQuery(today=parts.today, stands=(TODO,), code=code), limit=1)
        if first:
            yield Item(
                sort="break", action="work", due=first[0].due_on, count=counted.count, key=code,
                case_no=first[0].case_no, worth_fen=counted.worth_fen or None,
                href=f"/breaks?{urlencode({'code': code})}", facts={"overdue": counted.overdue},
            )  # fmt: skip


def _matches(parts: Parts) -> Iterator[Item]:
    """Claims whose debtor an officer has to confirm; a confirmed one waits for another officer where two are wanted."""
    total, found = open_matches(parts)
    for one in found:
        yield Item(sort="match_second" if one.by else "match", action="work", due=one.due, key=one.claim_no,
                   case_no=one.case_no, not_by=one.by or None, facts={"ended": one.ended},
                   href=f"/breaks/matches?{urlencode({'claim': one.claim_no})}")  # fmt: skip
    if total > len(found):
        yield Item(sort="match", action="work", count=total - len(found), href="/breaks/matches")


_STATEMENT_WAITS: Final = {
    "made": ("put_forward", "prepare"),
    "prepared": ("sign", "approve"),
    "agrees": ("put_forward", "prepare"),
    "differs": ("differs", "approve"),
    "not_taken": ("untaken", "run"),
}
"""State of a statement → what an officer here does, and the action."""


def _statements(parts: Parts) -> Iterator[Item]:
    """Quarters' statements that wait for a signature here."""
    for told in journeys.statement_status(parts):
        ours = parts.agreement.route(told["route"]).sender == parts.party
        waits = _STATEMENT_WAITS.get(told["state"])
        if waits is None or (told["state"] == "made" and not ours):
            continue
        by = told["steps"][-1]["by"] if told["steps"] else None
        yield Item(sort=waits[0], action=waits[1], key=f"{told['route']}.statement.{told['period']}",
                   href=f"/statements/{quote(told['route'])}/{told['period']}",
                   not_by=by if told["state"] == "prepared" else None, facts=told)  # fmt: skip


def _meetings(parts: Parts) -> Iterator[Item]:
    """Resolutions this end sees to, and what the other side has not heard of its joint meeting."""
    for other in partners(parts.agreement, parts.party):
        for one in journeys.meeting_book(parts, other).unfinished():
            if one.owner_party == parts.party:
                yield Item(sort="resolution", action="meet", due=one.due_on, key=one.id,
                           facts={"other": other, "one": one}, href=f"/meetings?with={quote(other)}")  # fmt: skip
        refused = journeys.meeting_unheard(parts, other)
        if refused:
            yield Item(sort="unheard", action="meet", count=len(refused), key=other, facts={"other": other},
                       href=f"/meetings?with={quote(other)}")  # fmt: skip
        if untold := journeys.meeting_untold(parts, other):
            yield Item(sort="untold", action="prepare", count=len(untold), key=other, facts={"other": other},
                       href=f"/meetings?with={quote(other)}")  # fmt: skip


def _keys(parts: Parts) -> Iterator[Item]:
    """Certificates that end soon."""
    for party, role, until in certificates(parts):
        if until is not None and until - parts.today <= timedelta(days=KEY_DAYS):
            yield Item(sort="key", action="administer", due=until, key=role, href="/admin?tab=keys",
                       facts={"party": party})  # fmt: skip


def certificates(parts: Parts) -> list[tuple[str, str, date | None]]:
    """(party, role, last day) of what signs and opens here, and of the counterparts' newest; None: there is none."""
    asked: list[tuple[str, str, Callable[[], Any]]] = [
        (parts.party, "sign", lambda: parts.keys.signing()[1]),
        (parts.party, "decrypt", lambda: parts.keys.decrypting()[0][1]),
    ]
    for other in parts.channels:
        asked.append((other, "sign", lambda other=other: parts.keys.trusted(other, "sign")[0]))  # type: ignore[misc]
        asked.append((other, "decrypt", lambda other=other: parts.keys.trusted(other, "decrypt")[0]))  # type: ignore[misc]
    return [(party, role, _until(find)) for party, role, find in asked]


def _until(find: Callable[[], Any]) -> date | None:
    try:
        until: date = find().not_valid_after_utc.date()
    except (ExchangeError, IndexError):
        return None
    return until
