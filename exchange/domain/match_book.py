"""What officers decided about matches: remembered by the pair's ids and names, within a scope, until a day.

Three events make it up. `match_decided` names the proposal, its pair, the scope and the last day; `match_confirmed` is
the second officer's word where the route wants one; `match_revoked` takes it back. Reasons are in the vault.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Final

from exchange.domain.audit import Event
from exchange.domain.match_events import DECIDED, KINDS, REVOKED, SECONDED
from exchange.domain.matching import (
    AMBIGUOUS,
    CONFIRMED,
    NEAR,
    PROPOSED,
    REJECTED,
    Candidate,
    Match,
    Matches,
)

MATCHES_WAITING: Final = "matches_waiting.json"
"""Where a comparison keeps, in the vault under its exchange, what `waiting` says."""
MOST_WAITING: Final = 500
"""Claims that wait which are kept by name; the others are counted."""

CASE, ROUTE = "case", "route"
SCOPES: Final = (CASE, ROUTE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """One decision that was not revoked. `pair` the identity of both sides' ids and names; it holds through `until`.

    `said` is `confirmed` or `rejected`. `waits`: another officer has to confirm it, until then it counts for nothing.
    """

    id: str
    pair: str
    said: str
    scope: str
    by: str
    on: date
    until: date
    reason_sha256: str
    waits: bool
    second: str = ""

    def holds(self, day: date) -> bool:
        """Whether it counts on a day."""
        return not self.waits and day <= self.until

    def covers(self, id_: str, pair: str) -> bool:
        """Whether it is about this proposal: the same, or by the scope `route` the same pair in another case. No pair
        is given where the claim's case was never sent: what is decided of others never reaches there."""
        return id_ == self.id or (self.scope == ROUTE and pair == self.pair)


def book_of(events: Callable[..., Iterable[Event]], route: str) -> tuple[Decision, ...]:
    """Every standing decision of a route out of a ledger's events (`Ledger.events`); of one proposal the last."""
    told = [event for kind in KINDS for event in events(kind=kind) if event.body["route"] == route]
    return fold(told)


def fold(events: Iterable[Event]) -> tuple[Decision, ...]:
    """The decisions events in order come to, the latest last."""
    book: dict[str, Decision] = {}
    for event in sorted(events, key=lambda one: one.seq):
        body, id_ = event.body, event.body["id"]
        if event.kind == DECIDED:
            book.pop(id_, None)
            book[id_] = Decision(
                id=id_, pair=body["pair"], said=body["as"], scope=body["scope"], by=event.actor,
                on=date.fromisoformat(body["on"]), until=date.fromisoformat(body["until"]),
                reason_sha256=body["reason_sha256"], waits=body["two_people"],
            )  # fmt: skip
        elif event.kind == SECONDED and id_ in book:
            book[id_] = replace(book[id_], waits=False, second=event.actor)
        elif event.kind == REVOKED:
            book.pop(id_, None)
    return tuple(book.values())


def about(book: Iterable[Decision], match: Match, one: Candidate, day: date) -> Decision | None:
    """The decision about a proposal: one that has not expired before one that has, then its own before one of a wider
    scope; of several the latest."""
    return _of(book, one.id, _pair(match, one), day)


def _of(book: Iterable[Decision], id_: str, pair: str, day: date) -> Decision | None:
    found = [(d.until >= day, d.id == id_, at, d) for at, d in enumerate(book) if d.covers(id_, pair)]
    return max(found)[-1] if found else None


def _pair(match: Match, one: Candidate) -> str:
    return one.pair if match.known else ""


def decided(matches: Matches, book: Sequence[Decision], day: date) -> Matches:
    """The matches with what officers decided in them, as of a day.

    One confirmed candidate is the match; two are a contradiction and leave it ambiguous. Rejected ones count no more,
    but what is left over never becomes certain by that: one that fits is proposed, those that are only near are shown.
    A match that is certain by an id gives way to a rejection.
    """
    return replace(matches, listed=tuple(_decided(one, book, day) for one in matches.listed)) if book else matches


def _decided(match: Match, book: Sequence[Decision], day: date) -> Match:
    said: dict[str, tuple[Candidate, Decision]] = {}
    for one in match.candidates:
        decision = about(book, match, one, day)
        if decision is not None and decision.holds(day) and not one.barred:
            said[one.id] = (one, decision)
    confirmed = [pair for pair in said.values() if pair[1].said == CONFIRMED]
    if len(confirmed) > 1:
        return replace(match, standing=AMBIGUOUS, case_no=None, debtor_no=None)
    if confirmed:
        one, decision = confirmed[0]
        return replace(_with(match, one, CONFIRMED), decided_by=decision.id)
    if not said:
        return match
    left = [one for one in match.candidates if one.id not in said and not one.barred]
    if not left:
        one, decision = next(iter(said.values()))
        return replace(_with(match, one, REJECTED), decided_by=decision.id)
    fit = [one for one in left if not one.near]
    standing = (NEAR, PROPOSED, AMBIGUOUS)[min(len(fit), 2)]
    return replace(match, standing=standing, case_no=None, debtor_no=None, rule=left[0].rule)


def _with(match: Match, one: Candidate, standing: str) -> Match:
    """The match as officers decided about one of its candidates."""
    if standing == CONFIRMED:
        return replace(
            match, standing=CONFIRMED, case_no=one.case_no, debtor_no=one.debtor_no, rule=one.rule, decided_by=one.id
        )
    return replace(match, standing=standing, case_no=None, debtor_no=None, decided_by=one.id)


def waiting(matches: Matches) -> dict[str, Any]:
    """What an officer is asked: the claims that may mean a debtor and are not settled, the first of them by name; no
    names or ids of debtors. Kept beside a comparison, so that a list of what is to do needs no matching."""
    found = [
        {"claim_no": one.claim_no, "case_no": open_[0].case_no, "candidates": [c.id for c in open_],
         "pairs": [_pair(one, c) for c in open_], "near": [c.id for c in open_ if c.near]}
        for one in matches.listed
        if one.standing in (PROPOSED, AMBIGUOUS) and (open_ := [c for c in one.candidates if not c.barred])
    ]  # fmt: skip
    return {"count": len(found), "first": found[:MOST_WAITING]}


def undecided(waits: Mapping[str, Any], book: Sequence[Decision], day: date) -> tuple[int, list[Waiting]]:
    """(how many of those were not decided since, the first of them). A claim whose confirmation wants a second officer
    is among them, and one of which two candidates are confirmed: they contradict each other. What an older comparison
    left has neither pairs nor what is near."""
    found, settled = [], 0
    for one in waits["first"]:
        ids = one["candidates"]
        said = {id_: d for id_, pair in zip(ids, one.get("pairs", ids), strict=True)
                if (d := _of(book, id_, pair, day))}  # fmt: skip
        holding = {id_: d.said for id_, d in said.items() if d.holds(day)}
        confirmed = sum(word == CONFIRMED for word in holding.values())
        if confirmed == 1 or (not confirmed and {*ids} <= {*one.get("near", ()), *holding}):
            settled += 1
            continue
        by = next((d.by for d in said.values() if d.waits), "")
        found.append(Waiting(claim_no=one["claim_no"], case_no=one["case_no"], by=by))
    return waits["count"] - settled, found


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """A claim whose debtor waits for an officer; `by` confirmed it where a second one is wanted."""

    claim_no: str
    case_no: str
    by: str = ""


def uses(matches: Matches) -> Mapping[str, int]:
    """How many claims rest on each decision."""
    return Counter(one.decided_by for one in matches.listed if one.decided_by and one.standing == CONFIRMED)
