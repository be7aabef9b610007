"""今日 in words: an item's title, the line under it, and what its button says."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Final

from exchange import journeys
from exchange.console.alerts_view import title as alert_title
from exchange.console.render import clock, day
from exchange.domain.period import Period
from exchange.domain.wording import KINDS

if TYPE_CHECKING:
    from exchange.console.today_items import Item
    from exchange.console.visit import Visit
    from exchange.ports import ExchangeRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One item as it is read. `mine`: this person may do it; `main`: its button is the page's first."""

    item: Item
    days: int | None
    title: str
    sub: str
    button: str
    mine: bool
    main: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """Items whose limits stand alike."""

    title: str
    lines: Sequence[Line]


def mine(visit: Visit, item: Item) -> bool:
    """Whether this person may do it: by role, and by the four eyes."""
    return visit.may(item.action) and item.not_by != visit.person.id


def sections(visit: Visit, found: Sequence[Item]) -> Sequence[Section]:
    """The work list: overdue, within seven days, later, without a limit."""
    lines = [line(visit, item) for item in found]
    parts: Mapping[str, Callable[[int | None], bool]] = {
        visit.say("Overdue"): lambda days: days is not None and days < 0,
        visit.say("Within seven days"): lambda days: days is not None and 0 <= days <= 7,
        visit.say("Later"): lambda days: days is not None and days > 7,
        visit.say("Without a limit"): lambda days: days is None,
    }
    made = [Section(title=title, lines=[one for one in lines if holds(one.days)]) for title, holds in parts.items()]
    return [section for section in made if section.lines]


def line(visit: Visit, item: Item) -> Line:
    """One item in words."""
    title, sub, button = _WORDS[item.sort](visit, item)
    days = (item.due - visit.today).days if item.due else None
    return Line(item=item, days=days, title=title, sub=sub, button=button, mine=mine(visit, item),
                main=item.sort == "approve" and mine(visit, item))  # fmt: skip


def exchange_name(visit: Visit, one: ExchangeRecord) -> str:
    """What an officer calls an exchange."""
    if one.kind in ("Q", "N") and one.period:
        return quarter_name(visit, Period.parse(one.period))
    return KINDS.get(one.kind, (one.kind, one.kind))[0 if visit.language == "zh" else 1]


def quarter_name(visit: Visit, period: Period) -> str:
    """2026年第三季度交换."""
    words: Mapping[int, str] = {
        1: visit.say("Exchange of the first quarter of %(year)s", year=period.year),
        2: visit.say("Exchange of the second quarter of %(year)s", year=period.year),
        3: visit.say("Exchange of the third quarter of %(year)s", year=period.year),
        4: visit.say("Exchange of the fourth quarter of %(year)s", year=period.year),
    }
    return words[period.quarter]


def person_name(visit: Visit, id: str | None) -> str:
    """Who is behind an id of this end; the id itself for a rule, the system, or somebody gone."""
    person = visit.house.desk.person(id) if id else None
    return person.name if person else id or ""


def _gap(visit: Visit, *told: str) -> str:
    return ("　" if visit.language == "zh" else " · ").join(text for text in told if text)


def _explain(visit: Visit, item: Item) -> tuple[str, str, str]:
    name = exchange_name(visit, item.facts["exchange"])
    sub = visit.say("%(count)s points wait for an officer's reason", count=item.count)
    return visit.say("Give the reasons: %(what)s", what=name), sub, visit.say("Explain")


def _prepare(visit: Visit, item: Item) -> tuple[str, str, str]:
    one = item.facts["exchange"]
    return (visit.say("Check and submit: %(what)s", what=exchange_name(visit, one)),
            visit.say("read and checked %(when)s", when=clock(one.updated_at)), visit.say("Submit"))  # fmt: skip


def _approve(visit: Visit, item: Item) -> tuple[str, str, str]:
    one = item.facts["exchange"]
    who = person_name(visit, item.facts["by"])
    sub = visit.say("submitted by %(who)s, %(when)s", who=who, when=clock(item.facts["at"]))
    return visit.say("Review and approve: %(what)s", what=exchange_name(visit, one)), sub, visit.say("Review")


def _lift(visit: Visit, item: Item) -> tuple[str, str, str]:
    name = exchange_name(visit, item.facts["exchange"])
    sub = visit.say("Too many cases were held by the checks; a reviewer decides whether it goes on")
    return visit.say("Stopped: %(what)s", what=name), sub, visit.say("Decide on it")


def _refused(visit: Visit, item: Item) -> tuple[str, str, str]:
    name = exchange_name(visit, item.facts["exchange"])
    sub = visit.say("sent back by a reviewer; mend what was said and begin anew")
    return visit.say("Begin anew: %(what)s", what=name), sub, visit.say("Look")


def _rejected(visit: Visit, item: Item) -> tuple[str, str, str]:
    name = exchange_name(visit, item.facts["exchange"])
    sub = visit.say("refused by the other side; mend it as the receipt's code says and send it anew")
    return visit.say("Refused by the other side: %(what)s", what=name), sub, visit.say("Look")


def _confirm(visit: Visit, item: Item) -> tuple[str, str, str]:
    title = visit.say("%(count)s urgent transfers went out by rule or by one officer", count=item.count)
    return title, visit.say("another officer looks at them afterwards"), visit.say("Look at them")


def _begin(visit: Visit, item: Item) -> tuple[str, str, str]:
    name = quarter_name(visit, item.facts["period"])
    return visit.say("Begin: %(what)s", what=name), visit.titled_of(item.facts["route"]), visit.say("Begin")


def _answer(visit: Visit, item: Item) -> tuple[str, str, str]:
    one = item.facts["exchange"]
    title = visit.say("Answer: %(what)s", what=exchange_name(visit, one))
    sub = visit.say("came in %(when)s; claims and status are owed", when=clock(one.opened_at))
    return title, sub, visit.say("Make the answer")


def _alert(visit: Visit, item: Item) -> tuple[str, str, str]:
    title = alert_title(visit, item.key)
    many = visit.say("%(count)s alerts", count=item.count) if item.count > 1 else visit.say("alert")
    up = visit.say("%(count)s with the reviewers", count=item.facts["escalated"]) if item.facts["escalated"] else ""
    return title, _gap(visit, many, up), visit.say("Acknowledge")


def _claims_end(visit: Visit, item: Item) -> tuple[str, str, str]:
    court = visit.house.party_kind == "court"
    title = visit.say("The claim period ends") if court else visit.say("The claim period ends: file in time")
    return title, _case_sub(visit, item), visit.say("Case file") if item.count == 1 else visit.say("All of them")


def _announce(visit: Visit, item: Item) -> tuple[str, str, str]:
    law = visit.say("within %(days)s days of acceptance (Enterprise Bankruptcy Law, article 14)",
                    days=item.facts["within"])  # fmt: skip
    return (visit.say("The acceptance is not announced yet"), _gap(visit, _case_sub(visit, item), law),
            visit.say("Case file") if item.count == 1 else visit.say("All of them"))  # fmt: skip


def _case_sub(visit: Visit, item: Item) -> str:
    if item.count > 1:
        return visit.say("%(count)s more cases, the first until %(day)s", count=item.count, day=day(item.due))
    return _gap(visit, item.facts.get("debtor") or "", visit.say("until %(day)s", day=day(item.due)))


def _break(visit: Visit, item: Item) -> tuple[str, str, str]:
    named = visit.name("break", item.key)
    name = named[:1].upper() + named[1:]
    many = visit.say("%(count)s breaks", count=item.count) if item.count > 1 else ""
    late = visit.say("%(count)s past their limit", count=item.facts["overdue"]) if item.facts["overdue"] else ""
    due = visit.say("the first until %(day)s", day=day(item.due)) if item.due else ""
    return name, _gap(visit, many, late, due), visit.say("Work")


def _second(visit: Visit, item: Item) -> tuple[str, str, str]:
    title = visit.say("%(count)s decisions about breaks wait for a second officer", count=item.count)
    return title, visit.say("who decided may not confirm"), visit.say("Confirm")


def _match(visit: Visit, item: Item) -> tuple[str, str, str]:
    second = item.sort == "match_second"
    if item.count > 1:
        title = visit.say("%(count)s more claims whose debtor is to be confirmed", count=item.count)
    elif second:
        title = visit.say("A match waits for a second officer")
    else:
        title = visit.say("Confirm which debtor a claim means")
    claim = visit.say("claim %(number)s", number=item.key) if item.key else ""
    due = visit.say("until %(day)s", day=day(item.due)) if item.due else ""
    ended = item.facts.get("ended")
    past = visit.say("the claim period ended on %(day)s", day=day(ended)) if ended else ""
    who = visit.say("who decided may not confirm") if second else ""
    return title, _gap(visit, claim, due, past, who), visit.say("Confirm") if second else visit.say("Match")


def _statement(visit: Visit, item: Item) -> tuple[str, str, str]:
    period = Period.parse(item.facts["period"])
    words: Mapping[str, str] = {
        "put_forward": visit.say("Put the statement forward: %(period)s", period=str(period)),
        "sign": visit.say("Sign the statement: %(period)s", period=str(period)),
        "differs": visit.say("The statement differs from the other side's: %(period)s", period=str(period)),
        "untaken": visit.say("The statement was sent back: %(period)s", period=str(period)),
    }
    return words[item.sort], visit.say("two officers sign, then this end's key"), visit.say("Statement")


def _resolution(visit: Visit, item: Item) -> tuple[str, str, str]:
    one = item.facts["one"]
    text = journeys.meeting_text(visit.parts, item.facts["other"], one.text_sha256)
    return (
        visit.say("See to the resolution: %(what)s", what=text[:40]),
        person_name(visit, one.owner),
        visit.say("Look"),
    )


def _untold(visit: Visit, item: Item) -> tuple[str, str, str]:
    title = visit.say("Send the joint meeting's entries: %(count)s", count=item.count)
    return title, visit.titled(visit.parts.agreement.parties[item.key]), visit.say("Submit")


def _unheard(visit: Visit, item: Item) -> tuple[str, str, str]:
    title = visit.say("The other side could not use the joint meeting's entries: %(count)s", count=item.count)
    return title, visit.titled(visit.parts.agreement.parties[item.key]), visit.say("Look")


def _key(visit: Visit, item: Item) -> tuple[str, str, str]:
    party = visit.house.parts.agreement.parties[item.facts["party"]]
    name = visit.titled(party)
    words: Mapping[str, str] = {
        "sign": visit.say("The signing certificate ends"), "decrypt": visit.say("The encryption certificate ends"),
    }  # fmt: skip
    return words[item.key], _gap(visit, name, visit.say("until %(day)s", day=day(item.due))), visit.say("To the keys")


_WORDS: Final[Mapping[str, Callable[[Visit, Item], tuple[str, str, str]]]] = {
    "explain": _explain, "prepare": _prepare, "approve": _approve, "lift": _lift, "refused": _refused,
    "rejected": _rejected, "confirm": _confirm, "begin": _begin, "answer": _answer, "alert": _alert,
    "claims_end": _claims_end, "announce": _announce, "break": _break, "second": _second,
    "match": _match, "match_second": _match, "put_forward": _statement,
    "sign": _statement, "differs": _statement, "untaken": _statement, "resolution": _resolution, "untold": _untold,
    "unheard": _unheard,
    "key": _key,
}  # fmt: skip
"""Sort of item → how it is said."""


def weekday(visit: Visit, when: date) -> str:
    """The day of the week, short."""
    words = (
        visit.say("Mon"), visit.say("Tue"), visit.say("Wed"), visit.say("Thu"), visit.say("Fri"), visit.say("Sat"),
        visit.say("Sun"),
    )  # fmt: skip
    return words[when.weekday()]
