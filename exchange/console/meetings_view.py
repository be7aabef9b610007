"""What the joint meeting's pages show: questions in words, the agenda, the quarter's figures, proposed changes."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING
from urllib.parse import quote

from exchange import journeys
from exchange.console import report_words, reports_view
from exchange.console.today_words import person_name
from exchange.domain import lifecycle
from exchange.domain import meeting_life as life
from exchange.domain.break_view import seen
from exchange.domain.meeting_sharing import KIND, partners, way_to
from exchange.domain.outcome_file import OUTCOME, outcome_of
from exchange.domain.period import Period

if TYPE_CHECKING:
    from exchange.console.report_words import Picture, Shown
    from exchange.console.visit import Visit
    from exchange.ports import Parts


@dataclass(kw_only=True)
class Table:
    """The meetings with one party as the pages show them. `others`: with whom this end meets at all; `at` goes behind
    every address where these are several."""

    visit: Visit
    other: str
    others: Sequence[str]

    @cached_property
    def book(self) -> life.Book:
        """Everything as it stands."""
        return journeys.meeting_book(self.visit.parts, self.other)

    @property
    def at(self) -> str:
        """What an address needs to mean this party."""
        return f"?with={quote(self.other)}" if len(self.others) > 1 else ""

    @property
    def shared(self) -> bool:
        """Whether the other side hears of what is noted here."""
        return way_to(self.visit.parts.agreement, self.visit.parts.party, self.other) is not None

    @cached_property
    def untold(self) -> frozenset[str]:
        """What was done here and is not on its way to the other side: ids of acts."""
        return frozenset(act.id for act in journeys.meeting_untold(self.visit.parts, self.other))

    @cached_property
    def unheard(self) -> Sequence[tuple[str, str, str]]:
        """(exchange, act, its words) of what was told and the other side could not use."""
        told = journeys.meeting_unheard(self.visit.parts, self.other)
        return [
            (key, self.visit.name("meeting_act", act.code), self.words(act.told.get("text_sha256")))
            for key, act in told
        ]  # fmt: skip

    @property
    def left_out(self) -> tuple[str, int] | None:
        """The packet that came last, and how many of its acts are of no use here."""
        return journeys.meeting_left_out(self.visit.parts, self.other)

    @cached_property
    def waiting(self) -> Sequence[str]:
        """Exchanges with such acts that wait for the second officer."""
        way = way_to(self.visit.parts.agreement, self.visit.parts.party, self.other)
        if way is None:
            return ()
        found = self.visit.parts.ledger.exchanges(route=way.id, kind=KIND, states=[lifecycle.PREPARED])
        return [exchange.key for exchange in found]

    def words(self, sha256: str | None) -> str:
        """A text by its hash; empty for none."""
        return journeys.meeting_text(self.visit.parts, self.other, sha256)

    def named(self, party: str) -> str:
        """A party's name."""
        parties = self.visit.parts.agreement.parties
        return self.visit.titled(parties[party]) if party in parties else party

    def route(self, id: str) -> str:
        """A route's title; its id for one that is no longer there."""
        known = self.visit.parts.agreement.routes.get(id)
        return self.visit.titled_of(known) if known else id

    def who(self, party: str, by: str | None) -> str:
        """Who did it: an officer here by name, one of the other side by party and role."""
        if party == self.visit.parts.party:
            return person_name(self.visit, by) or self.visit.say("This side")
        return f"{self.named(party)} {by or ''}".strip()

    def ours(self, resolution: life.Resolution) -> bool:
        """Whether this end sees to it, or says for the other side when it is done."""
        return resolution.owner_party == self.visit.parts.party or not self.shared

    def about(self, question: life.Question) -> Sequence[tuple[str, str, str]]:
        """(sort, key, address) of what a question is about; no address for what this end does not have."""
        return [(sort, of, self._address(sort, of)) for sort, of in question.about.items()]

    def named_about(self, sort: str, of: str) -> str:
        """What a question is about, on paper: a case's number, a break by its first characters, an exchange's key."""
        return f"{self.visit.say('Break')} {of[:10]}" if sort == "break" else of

    def _address(self, sort: str, of: str) -> str:
        parts = self.visit.parts
        if sort == "case":
            return f"/cases/{quote(of)}"
        if sort == "break":
            return f"/breaks/{quote(of)}" if seen(parts.ledger, parts.agreement, parts.party, ids=[of]) else ""
        return f"/exchanges/{quote(of)}" if parts.ledger.exchange(of) else ""


def table(visit: Visit) -> Table:
    """The meetings with the party the address names, else the first this end meets with; NeedsPerson 905 for none."""
    others = partners(visit.parts.agreement, visit.parts.party)
    asked = visit.request.query_params.get("with") or (others[0] if others else None)
    return Table(visit=visit, other=journeys.meeting_with(visit.parts, asked), others=others)


def last_period(parts: Parts) -> str:
    """The quarter a meeting called today is about: the last one that has ended."""
    return str(Period.of(parts.today).previous())


def quarter(visit: Visit, period: str) -> tuple[Sequence[Shown], Sequence[Picture]]:
    """The quarter's figures and charts, as the quarterly review tells them; nothing where there is no such route."""
    routes = reports_view.routes_of(visit.parts)
    if not routes:
        return (), ()
    told = reports_view.report(visit.parts, "quarter", period, route=routes[0])
    if told.adding:
        reports_view.ask_to_add_up(visit, told)
    shown = [report_words.shown(visit, one) for section in told.sections for one in section.figures]
    return shown, [report_words.picture(visit, told, chart) for chart in told.charts]


def breaks_shown(visit: Visit, period: str, pictures: Sequence[Picture]) -> Sequence[tuple[str, str]]:
    """Breaks by kind in words: those of the quarter's comparison; at an end that compares nothing, as the chart has
    those that stand today."""
    own = breaks_by_code(visit.parts, period)
    if own:
        return [(visit.name("break", code), f"{count:,}") for code, count in own]
    live = [one.live for one in pictures if one.code == "breaks" and not one.empty]
    sums = (
        [sum(values[n] or 0 for values in live[0]["values"]) for n in range(len(live[0]["categories"]))] if live else []
    )
    return [(name, f"{count:,.0f}") for name, count in zip(live[0]["categories"], sums, strict=True)] if live else []


def breaks_by_code(parts: Parts, period: str) -> Sequence[tuple[str, int]]:
    """The breaks of a quarter by their code, the most frequent first."""
    for route in parts.agreement.routes_from(parts.party):
        key = f"{route.id}.Q.{period}"
        if parts.vault.has(key, OUTCOME):
            with parts.vault.open(key, OUTCOME) as stored:
                counts = outcome_of(stored, key, ("break_counts",)).get("break_counts", {})
            return sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return ()


def changed_route(proposal: life.Proposal, source: str, text: str) -> str:
    """The route's document (`text`) with the figure agreed on added: what both sides would put into `contracts/`.

    Of a figure that stands in the terms, not in the route, the entry alone.
    """
    told = json.dumps(source, ensure_ascii=False)
    entry = f"    - {{value: {proposal.value}, since: {proposal.since}, source: {told}}}"
    lines = text.splitlines()
    head = f"  {proposal.figure}:"
    if head not in lines:
        return f"figures:\n{head}\n{entry}\n"
    end = lines.index(head) + 1
    while end < len(lines) and lines[end].startswith("    "):
        end += 1
    return "\n".join([*lines[:end], entry, *lines[end:]]) + "\n"
