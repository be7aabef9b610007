"""Matches kept under the packets they were made of: held against hundreds of thousands of claims, they take seconds.

What officers decided is applied when they are read, so that it counts at once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from datetime import date
from typing import Any, Final, Protocol

from exchange.domain.canonical import canonical_json, sha256_hex, strict_json
from exchange.domain.match_book import book_of, decided
from exchange.domain.match_evidence import Evidence, limits_of
from exchange.domain.match_view import KeepsRows, View, routes_of, view_of
from exchange.domain.matching import Candidate, Match, Matches
from exchange.domain.route import Agreement, Route

FORM: Final = 1
"""Raised when the rules of matching change: what was kept by the older ones is no longer read
(`tests/unit/test_match_form.py` notices)."""


class KeepsFiles(Protocol):
    """What is needed of a vault."""

    def has(self, exchange: str, name: str) -> bool:
        """Whether a file is stored."""

    def get(self, exchange: str, name: str) -> bytes:
        """Its bytes."""

    def put(self, exchange: str, name: str, data: bytes) -> str:
        """Store bytes."""


class Counts(Protocol):
    """What is needed of a ledger's tallies."""

    def landed_mark(self, lanes: Sequence[str]) -> tuple[int, str]:
        """How many rows landed on some lanes, and a text that changes with every landing."""


class KeepsMatches(KeepsRows, Protocol):
    """What is needed of a ledger."""

    @property
    def tallies(self) -> Counts:
        """What is counted."""


def kept_views(
    ledger: KeepsMatches, vault: KeepsFiles, agreement: Agreement, party: str, day: date, *, at_once: int | None = None
) -> list[View] | None:
    """`match_view.views`, made at the first asking after a landing and kept. With `at_once` None is given, and nothing
    made, when a route's is not kept and more rows than so many landed."""
    made = []
    for route in routes_of(agreement, party):
        back = agreement.route(str(route.answered_by))
        rows, mark = ledger.tallies.landed_mark([route.lane, back.lane])
        key, name = f"{route.id}.matches", _name(route, mark, day)
        if vault.has(key, name):
            before = _matches(strict_json(vault.get(key, name)))
        elif at_once is not None and rows > at_once:
            return None
        else:
            before = view_of(ledger, route, back, day).before
            vault.put(key, name, canonical_json(asdict(before)))
        made.append(decided_again(View(route=route, before=before, matches=before, book=()), ledger, day))
    return made


def decided_again(view: View, ledger: KeepsRows, day: date) -> View:
    """The same matches with what officers decided by now."""
    book = book_of(ledger.events, view.route.id)
    return replace(view, matches=decided(view.before, book, day), book=book)


def _name(route: Route, mark: str, day: date) -> str:
    said = [FORM, mark, asdict(limits) if (limits := limits_of(route, day)) else None]
    return f"matches-{sha256_hex(canonical_json(said))[:32]}.json"


def _matches(told: Mapping[str, Any]) -> Matches:
    return Matches(**{**told, "listed": tuple(map(_match, told["listed"]))})


def _match(told: Mapping[str, Any]) -> Match:
    return Match(**{**told, "candidates": tuple(map(_candidate, told["candidates"]))})


def _candidate(told: Mapping[str, Any]) -> Candidate:
    return Candidate(**{**told, "evidence": tuple(Evidence(**one) for one in told["evidence"])})
