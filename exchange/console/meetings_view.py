"""What the joint meeting's pages show: questions in words, the agenda, the quarter's figures, proposed changes."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from exchange.console import report_words, reports_view
from exchange.domain import meeting_life as life
from exchange.domain.break_life import note_name
from exchange.domain.period import Period

if TYPE_CHECKING:
    from exchange.console.report_words import Picture, Shown
    from exchange.console.visit import Visit
    from exchange.ports import Parts


@dataclass(frozen=True, slots=True, kw_only=True)
class Texts:
    """Reads texts of meetings by their hash."""

    parts: Parts

    def __call__(self, sha256: str | None) -> str:
        """The words; empty for none."""
        if not sha256:
            return ""
        return self.parts.vault.get(life.meeting_key(self.parts.party), note_name(sha256)).decode("utf-8")


def book(parts: Parts) -> life.Book:
    """Everything as it stands."""
    return life.fold(event for kind in life.KINDS for event in parts.ledger.events(kind=kind))


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


def breaks_by_code(parts: Parts, period: str) -> Sequence[tuple[str, int]]:
    """The breaks of a quarter by their code, the most frequent first."""
    for route in parts.agreement.routes_from(parts.party):
        key = f"{route.id}.Q.{period}"
        if parts.vault.has(key, "outcome.json"):
            counts = json.loads(parts.vault.get(key, "outcome.json")).get("break_counts", {})
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
