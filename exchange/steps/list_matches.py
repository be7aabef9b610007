"""List matches: what is proposed for an officer, what was decided, and what rests on it."""

from __future__ import annotations

from datetime import date
from typing import Any

from exchange.domain.match_view import of_case, views
from exchange.domain.match_words import matches_in_words
from exchange.domain.matching import CERTAIN, CONFIRMED, NONE, REJECTED
from exchange.domain.route import Agreement
from exchange.ports import Ledger

SETTLED = (CERTAIN, CONFIRMED, REJECTED, NONE)
"""Standings nobody is asked about."""


def list_matches(
    *, agreement: Agreement, party: str, ledger: Ledger, today: date, case: str | None = None, every: bool = False
) -> list[dict[str, Any]]:
    """Claims whose debtor is open, each with its candidates, their evidence in words and any decision; with `every`
    also those that are settled and those that nothing is like. Debtors by number: no names."""
    found = []
    for view in views(ledger, agreement, party, today):
        words = matches_in_words(view.matches, view.book, agreement.codes, today)
        found += [
            {"route": view.route.id, **words[one.claim_no]}
            for one in of_case(view, case)
            if every or one.standing not in SETTLED
        ]
    return found
