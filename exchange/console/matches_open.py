"""Claims whose debtor waits for an officer: as the last comparison left them, less what was decided since. By key."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Final

from exchange.console.unsent_view import sending
from exchange.domain.break_desk import UNDONE, DeskQuery
from exchange.domain.canonical import strict_json
from exchange.domain.match_book import MATCHES_WAITING, Waiting, book_of, undecided

if TYPE_CHECKING:
    from exchange.ports import Parts

_LOOK: Final = 4
"""Quarters back a comparison is looked for."""
SHOWN: Final = 8
"""Claims whose limit is looked up; more of them are told as a number."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenMatch:
    """One claim. `due` is the limit of its first open break, where it has none the end of its case's claim period, as
    long as that is to come; `ended` that end once it has passed. `by` confirmed it, where another has to as well."""

    claim_no: str
    case_no: str
    by: str
    due: date | None
    ended: date | None = None


def open_matches(parts: Parts) -> tuple[int, Sequence[OpenMatch]]:
    """(how many, the first of them); nothing at an end that compares no books."""
    total, found = 0, list[OpenMatch]()
    for route in sending(parts):
        wanted = {"route": route.id, "kind": "Q", "direction": "out"}
        _, records = parts.ledger.listed_exchanges(wanted, most=_LOOK)
        compared = next((one.key for one in records if parts.vault.has(one.key, MATCHES_WAITING)), None)
        if compared is None:
            continue
        waits = strict_json(parts.vault.get(compared, MATCHES_WAITING))
        count, left = undecided(waits, book_of(parts.ledger.events, route.id), parts.today)
        total += count
        found += [_open(parts, route.lane, one) for one in left[:SHOWN]]
    return total, found


def _open(parts: Parts, lane: str, one: Waiting) -> OpenMatch:
    first = parts.ledger.break_desk(DeskQuery(today=parts.today, stands=UNDONE, claim_no=one.claim_no), limit=1)
    due, ended = first[0].due_on if first else None, None
    case = parts.ledger.case(lane, one.case_no) if due is None and one.case_no else None
    if case is not None and case.claims_due_on:
        until = date.fromisoformat(str(case.claims_due_on))
        due, ended = (until, None) if until >= parts.today else (None, until)
    return OpenMatch(claim_no=one.claim_no, case_no=one.case_no, by=one.by, due=due, ended=ended)
