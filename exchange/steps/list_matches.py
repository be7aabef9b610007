"""List matches: what is proposed for an officer, what was decided, and what rests on it."""

from __future__ import annotations

from datetime import date
from typing import Any

from exchange.domain.match_kept import kept_views
from exchange.domain.match_view import of_case
from exchange.domain.match_words import matches_in_words
from exchange.domain.matching import CERTAIN, CONFIRMED, NONE, REJECTED
from exchange.domain.route import Agreement
from exchange.ports import Ledger, Vault

SETTLED = (CERTAIN, CONFIRMED, REJECTED, NONE)
"""Standings nobody is asked about."""


def list_matches(
    *, agreement: Agreement, party: str, vault: Vault, ledger: Ledger, today: date, case: str | None = None,
    every: bool = False, at_once: int | None = None,
) -> list[dict[str, Any]] | None:  # fmt: skip
    """Claims whose debtor is open, each with its candidates, their evidence in words and any decision; with `every`
    also those that are settled and those that nothing is like. Debtors by number: no names. They are matched
    once for each new packet; with `at_once` None is given, and nothing done, when that has yet to be done over more
    landed rows than so many."""
    kept = kept_views(ledger, vault, agreement, party, today, at_once=at_once)
    if kept is None:
        return None
    found = []
    for view in kept:
        words = matches_in_words(view.matches, view.book, agreement.codes, today)
        found += [
            {"route": view.route.id, **words[one.claim_no]}
            for one in of_case(view, case)
            if every or one.standing not in SETTLED
        ]
    return found
