"""Matches as one end has them now: every claim that came or went on its routes, with what officers decided about it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING, Any, Final, Protocol, TypeVar

import pandas as pd

from exchange.domain.books import Books, plain_numbers
from exchange.domain.columns import text
from exchange.domain.corrections import VOIDS
from exchange.domain.errors import NeedsPerson
from exchange.domain.identifiers import id_form
from exchange.domain.joins import match_books
from exchange.domain.match_book import Decision, book_of, decided
from exchange.domain.match_evidence import limits_of
from exchange.domain.match_words import matches_in_words
from exchange.domain.matching import CERTAIN, CONFIRMED, USCC, Candidate, Match, Matches, match_claims, proposals
from exchange.domain.route import Agreement, Route

if TYPE_CHECKING:
    from exchange.domain.audit import Event

Named = TypeVar("Named")

SHORTEST: Final = 4
"""Digits of an id that are asked for at least."""

_READ: Final = {"debtors": "case_debtor", "reviews": "claim_review", "voids": VOIDS}
"""Book → the dataset it is read from, where the route has it."""


class KeepsRows(Protocol):
    """What a view needs of a ledger."""

    @property
    def events(self) -> Callable[..., Iterable[Event]]:
        """What happened, by kind."""

    @property
    def rows_now(self) -> Callable[..., Sequence[Mapping[str, str | None]]]:
        """Those of a few keys, as plain values."""

    @property
    def landed(self) -> Callable[..., pd.DataFrame]:
        """The current rows of a route's dataset."""


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """One route's matches as of a day, and the decisions about them. `before` are the matches without these."""

    route: Route
    before: Matches
    matches: Matches
    book: tuple[Decision, ...]


def of_claim(
    ledger: KeepsRows, agreement: Agreement, route: Route, claim_no: str, day: date, *, named_otherwise: bool = False
) -> dict[str, Any] | None:
    """One claim's match in words, as `matches_in_words`; None where it is by its USCC (and `named_otherwise` is not
    told of it), or there is no such claim. Reads the claim and the debtors of the case it names; every debtor when that
    case was not sent."""
    if not route.answered_by or route not in routes_of(agreement, route.sender):
        return None
    if not named_otherwise and _plainly_by_id(ledger, agreement.route(route.answered_by), route, claim_no):
        return None
    claims = ledger.landed(agreement.route(route.answered_by), "tax_claim", keys=[claim_no])
    if claims.empty:
        return None
    stated = [number for number in plain_numbers(text(claims, "case_no")).to_pylist() if number]
    cases = ledger.landed(route, "bankruptcy_case", keys=stated)
    keys = stated if len(cases) else None
    if keys is None:
        cases = ledger.landed(route, "bankruptcy_case")
    frames = {name: ledger.landed(route, one, keys=keys) for name, one in _READ.items() if route.has(one)}
    view = _matched(route, cases, claims, frames, ledger, day, [claim_no] if named_otherwise else ())
    return matches_in_words(view.matches, view.book, agreement.codes, day).get(claim_no)


def _plainly_by_id(ledger: KeepsRows, back: Route, route: Route, claim_no: str) -> bool:
    """Whether every version of a claim names one and the same case sent, and by its USCC one debtor of it: what nearly
    all do, seen without matching."""
    stated = {(row["case_no"], row["debtor_uscc"]) for row in ledger.rows_now(back, "tax_claim", keys=[claim_no])}
    if len(stated) != 1:
        return False
    case, uscc = stated.pop()
    if not case or not uscc or not ledger.rows_now(route, "bankruptcy_case", keys=[case], columns=["case_no"]):
        return False
    debtors = ledger.rows_now(route, "case_debtor", keys=[case], columns=["case_no", "uscc"])
    return [id_form(row["uscc"]) for row in debtors if row["uscc"]].count(id_form(uscc)) == 1


def routes_of(agreement: Agreement, party: str) -> list[Route]:
    """Every route of this end, either way, on which cases go and claims come back."""
    return [
        route
        for route in agreement.routes.values()
        if party in (route.sender, route.receiver)
        and route.answered_by
        and route.has("bankruptcy_case")
        and route.has("case_debtor")
        and agreement.route(route.answered_by).has("tax_claim")
    ]


def view_of(
    ledger: KeepsRows, route: Route, back: Route, day: date, cut: tuple[int | None, int | None] = (None, None)
) -> View:
    """One route's matches, of all its rows or up to these packets' numbers (cases, claims)."""
    ours, theirs = cut
    frames = {name: ledger.landed(route, one, until=ours) for name, one in _READ.items() if route.has(one)}
    cases = ledger.landed(route, "bankruptcy_case", until=ours)
    return _matched(route, cases, ledger.landed(back, "tax_claim", until=theirs), frames, ledger, day)


def joined_otherwise(
    ledger: KeepsRows, agreement: Agreement, route: Route, day: date, *, cases: int, claims: int
) -> list[dict[str, Any]]:
    """The claims up to these packets' numbers that mean their debtor by something else than their own USCC: certain by
    another id, or confirmed by officers; in words, as `matches_in_words`."""
    if route not in routes_of(agreement, route.sender) or not route.answered_by:
        return []
    view = view_of(ledger, route, agreement.route(route.answered_by), day, (cases, claims))
    some = [m for m in view.matches.listed if m.standing == CONFIRMED or (m.standing == CERTAIN and m.rule != USCC)]
    words = matches_in_words(replace(view.matches, listed=tuple(some)), view.book, agreement.codes, day)
    return [words[one.claim_no] for one in some]


def _matched(
    route: Route,
    cases: pd.DataFrame,
    claims: pd.DataFrame,
    frames: Mapping[str, pd.DataFrame],
    ledger: KeepsRows,
    day: date,
    differently_named: Sequence[str] = (),
) -> View:
    none = pd.DataFrame()
    others = {"reviews": none, "distributions": none, "lines": none, "statuses": none}
    books = Books(**{"cases": cases, "claims": claims, **others, **frames})
    found = match_claims(
        match_books(books, route, day), limits=limits_of(route, day), differently_named=differently_named
    )
    book = book_of(ledger.events, route.id)
    return View(route=route, before=found, matches=decided(found, book, day), book=book)


def of_case(view: View, case: str | None) -> Sequence[Match]:
    """The listed matches whose claim names that case, or that may mean one of its debtors; all without a case."""
    return [
        one
        for one in view.matches.listed
        if case is None or case in one.stated or any(case in c.case_no for c in one.candidates)
    ]


def proposal(found: Sequence[View], given: str) -> tuple[View, Match, Candidate]:
    """What a short id names; NeedsPerson 933 when it names none or several, or is too short to be safe."""
    named = {
        (view.route.id, one.id): (view, match, one)
        for view in found
        for match, one in proposals(view.before.listed)
        if one.id.startswith(given)
    }
    return one_named(list(named.values()), given)


def decision(found: Sequence[View], given: str) -> tuple[View, Decision]:
    """The standing decision a short id names; NeedsPerson 933 as above."""
    return one_named([(view, one) for view in found for one in view.book if one.id.startswith(given)], given)


def one_named(named: Sequence[Named], given: str) -> Named:
    """The only one; NeedsPerson 933 otherwise."""
    if len(given) >= SHORTEST and len(named) == 1:
        return named[0]
    what = "names no match here" if not named else f"could be {len(named)} matches"
    raise NeedsPerson(
        933,
        f"This id is shorter than {SHORTEST} digits." if len(given) < SHORTEST else f"This id {what}.",
        where=f"match {given[:16]}",
        next_step="Take the id from `exchange match list`; it changes when an id or a name of either side does.",
    )
