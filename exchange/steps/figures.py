"""Figures: an exchange's control totals, and what the receiver counted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from exchange.domain.canonical import strict_json
from exchange.domain.confirmed import side_by_side
from exchange.domain.content import load_content
from exchange.domain.gap_book import book_of, retold
from exchange.domain.outcome_file import OUTCOME, outcome_of
from exchange.domain.serials import parse_spans
from exchange.ports import Ledger, Vault

CONTENT: Final = "content/content.json"
RECEIPT: Final = "inside/receipt.json"


def figures(key: str, *, vault: Vault, ledger: Ledger) -> dict[str, Any]:
    """The outcome's `docket` (with what was said since), `control` and `late`; what was sent and counted there.

    That is under `confirmed`. Counts and sums alone, no row. What is not there yet is empty.
    """
    found: dict[str, Any] = {}
    if vault.has(key, OUTCOME):
        with vault.open(key, OUTCOME) as stored:
            found = outcome_of(stored, key, ("docket", "control", "late"))
    book = book_of(ledger.events)
    for one in found.get("docket", {}).get("series", ()):
        one.update(retold(one["series"], parse_spans(one["missing"]), book, key))
    lines = []
    if vault.has(key, CONTENT):
        lines = side_by_side(load_content(vault.get(key, CONTENT)), _receipt(key, vault, ledger))
    return {**found, "confirmed": [line.as_dict() for line in lines]}


def _receipt(key: str, vault: Vault, ledger: Ledger) -> Mapping[str, Any] | None:
    """The validated receipt on the exchange, the last one that came."""
    for event in reversed(list(ledger.events(exchange=key, kind="receipt_validated"))):
        if vault.has(str(event.body["receipt"]), RECEIPT):
            document: Mapping[str, Any] = strict_json(vault.get(str(event.body["receipt"]), RECEIPT))
            return document
    return None
