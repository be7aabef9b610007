"""预警: what the page of alerts shows, read a page at a time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from exchange import journeys
from exchange.console.paging import Pages, pages
from exchange.domain.alert_life import ACKNOWLEDGED, OPEN, alert_key
from exchange.domain.alert_words import TITLES, TO_DO
from exchange.domain.break_life import note_name
from exchange.domain.case_number import parse
from exchange.domain.meeting_sharing import partners

if TYPE_CHECKING:
    from exchange.console.visit import Visit
    from exchange.ports import AlertRecord, Parts

RESOLUTION: Final = "resolution_overdue"
SHOWN: Final = {"open": OPEN, "acknowledged": ACKNOWLEDGED, "all": None}
"""What the list may be narrowed to, and the state that means."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertLine:
    """One alert as the list shows it. `subject` is what it is about, in words where it is a resolution; `href` leads
    to its case or exchange; `word` is what was said of it."""

    record: AlertRecord
    title: str
    todo: str
    subject: str
    href: str
    is_case: bool
    days_left: int | None
    by: str
    word: str

    @property
    def value(self) -> str:
        """Its name in a form."""
        return f"{self.record.rule} {self.record.subject}"

    @property
    def id(self) -> str:
        """The same in an element's id: a tick stays with its alert when the list is shown anew."""
        return f"a-{alert_key(self.record.rule, self.record.subject)[-12:]}"


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertPage:
    """A part of the list; `rules` are (rule, title, how many) of the state shown, `counts` how many of each state."""

    lines: Sequence[AlertLine]
    pages: Pages
    show: str
    rule: str
    rules: Sequence[tuple[str, str, int]]
    counts: Mapping[str, int]
    escalated: int


def alert_page(visit: Visit, *, show: str, rule: str, page: str | None) -> AlertPage:
    """The page asked for; what is no filter is none."""
    show = show if show in SHOWN else "open"
    state = SHOWN[show]
    told = [(s, r, n, up) for s, r, n, up in visit.parts.ledger.alert_counts() if r in TITLES]
    rules = _rules(visit, [(r, n) for s, r, n, _ in told if state in (s, None)])
    rule = rule if rule in {name for name, _, _ in rules} else ""
    total = sum(n for name, _, n in rules if rule in ("", name))
    which = pages(total, page, "/alerts", {"show": "" if show == "open" else show, "rule": rule})
    found = visit.parts.ledger.alerts(state=state, rule=rule or None, limit=which.size, offset=which.offset)
    said = resolved(visit) if any(one.rule == RESOLUTION for one in found) else {}
    return AlertPage(
        lines=[alert_line(visit, one, said) for one in found], pages=which, show=show, rule=rule, rules=rules,
        counts={name: sum(n for s, _, n, _ in told if s == name) for name in (OPEN, ACKNOWLEDGED)},
        escalated=sum(up for s, _, _, up in told if s == OPEN),
    )  # fmt: skip


def _rules(visit: Visit, counted: Sequence[tuple[str, int]]) -> Sequence[tuple[str, str, int]]:
    sums: dict[str, int] = {}
    for rule, n in counted:
        sums[rule] = sums.get(rule, 0) + n
    return [(rule, title(visit, rule), n) for rule, n in sums.items()]


def title(visit: Visit, rule: str) -> str:
    """A rule in this person's language; the rule itself when nobody named it."""
    chinese, english = TITLES.get(rule, (rule, rule))
    return chinese if visit.language == "zh" else english[:1].upper() + english[1:]


def resolved(visit: Visit) -> Mapping[str, str]:
    """What was resolved at the meetings with every party, by the resolution's id."""
    parts = visit.parts
    found: dict[str, str] = {}
    for other in partners(parts.agreement, parts.party):
        book = journeys.meeting_book(parts, other)
        found |= {one.id: journeys.meeting_text(parts, other, one.text_sha256) for one in book.resolutions.values()}
    return found


def alert_line(visit: Visit, record: AlertRecord, said: Mapping[str, str]) -> AlertLine:
    """One alert in words; `said` are the resolutions'."""
    due = due_on(visit, record)
    is_case = parse(record.subject).form != "malformed"
    return AlertLine(
        record=record, title=title(visit, record.rule), subject=said.get(record.subject, record.subject),
        href=_href(visit, record, is_case=is_case),
        todo=TO_DO.get(record.rule, ("", ""))[0 if visit.language == "zh" else 1], is_case=is_case,
        days_left=(due - visit.today).days if due and record.state == OPEN else None,
        by=_name(visit, record.acknowledged_by), word=_word(visit, record),
    )  # fmt: skip


def due_on(visit: Visit, record: AlertRecord) -> date | None:
    """The last day to acknowledge it before it goes to the reviewers; None where no route says one."""
    days = acknowledge_days(visit.parts)
    return visit.parts.calendar.add_workdays(record.first_day, days) if days is not None else None


def acknowledge_days(parts: Parts) -> int | None:
    """The agreed working days to acknowledge an alert; the shortest of this end's routes, None where none has it."""
    name = "alert_acknowledge_workdays"
    routes = [r for r in parts.agreement.routes.values() if parts.party in (r.sender, r.receiver) and name in r.figures]
    return min((route.days(name, parts.today) for route in routes), default=None)


def _href(visit: Visit, record: AlertRecord, *, is_case: bool) -> str:
    subject = record.subject
    if record.rule == RESOLUTION:
        return "/meetings"
    if is_case:
        return f"/cases/{quote(subject)}"
    return f"/exchanges/{quote(subject)}" if visit.parts.ledger.exchange(subject) is not None else ""


def _name(visit: Visit, id: str | None) -> str:
    person = visit.house.desk.person(id) if id else None
    return person.name if person else id or ""


def _word(visit: Visit, record: AlertRecord) -> str:
    if record.word_sha256 is None:
        return ""
    key, name = alert_key(record.rule, record.subject), note_name(record.word_sha256)
    return visit.parts.vault.get(key, name).decode() if visit.parts.vault.has(key, name) else ""
