"""What the joint meeting's pages show: questions in words, the agenda, the quarter's figures, proposed changes."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from exchange.domain import meeting_life as life
from exchange.domain.break_life import note_name
from exchange.domain.period import Period

if TYPE_CHECKING:
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One figure of the quarter: `name` is of the catalogue; money where `yuan`."""

    name: str
    value: Decimal
    yuan: bool = False


def book(parts: Parts) -> life.Book:
    """Everything as it stands."""
    return life.fold(event for kind in life.KINDS for event in parts.ledger.events(kind=kind))


def last_period(parts: Parts) -> str:
    """The quarter a meeting called today is about: the last one that has ended."""
    return str(Period.of(parts.today).previous())


def figures(parts: Parts, period: str) -> Sequence[Figure]:
    """The quarter in a few figures, out of its outcome; nothing where this end ran no such quarter."""
    for route in parts.agreement.routes_from(parts.party):
        key = f"{route.id}.Q.{period}"
        if parts.vault.has(key, "outcome.json"):
            return _of_outcome(json.loads(parts.vault.get(key, "outcome.json")))
    return ()


_NAMED: Final = (
    ("Cases selected", "selected"), ("Cases sent", "sent"), ("Cases held back", "held"), ("Urgent cases", "urgent"),
    ("Breaks found", "breaks"),
)  # fmt: skip


def _of_outcome(outcome: Mapping[str, Any]) -> Sequence[Figure]:
    return [Figure(name=name, value=Decimal(len(outcome.get(of, ())))) for name, of in _NAMED]


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
