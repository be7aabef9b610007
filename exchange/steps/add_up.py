"""Add up: a quarter's amounts by rank, declared, confirmed and paid, as its statement counts them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Final

import pandas as pd

from exchange.domain.canonical import canonical_json, strict_json
from exchange.domain.corrections import VOIDS
from exchange.domain.period import Period
from exchange.domain.prepare import CASES
from exchange.domain.route import Agreement, Route
from exchange.domain.statement import Cut, Table, statement_rows
from exchange.domain.statement_book import statement_key
from exchange.ports import Ledger, Vault

AT_ONCE: Final = 20_000
"""Landed rows that are added up while a page waits; more are left to a worker."""

Amounts = Mapping[str, Mapping[str, int]]
"""Rank → declared, confirmed, paid, in fen."""


def add_up(
    period: str, route: str, *, at_once: int | None = None, agreement: Agreement, vault: Vault, ledger: Ledger
) -> Amounts | None:
    """What is declared, confirmed and paid by rank when a quarter ends (until the next one is opened: now), in fen.

    The sum is kept under the packets it counts, so it is added up once for each new packet. With `at_once` None is
    given, and nothing added up, when it is not kept and more rows than so many have landed. Empty for a quarter that
    was not exchanged.
    """
    out = agreement.route(route)
    back = agreement.route(str(out.answered_by))
    quarter = Period.parse(period)
    cut = _cut(out, back, quarter, ledger)
    key, name = statement_key(route, quarter), f"amounts-{cut.cases}-{cut.claims}.json"
    if vault.has(key, name):
        kept: Amounts = strict_json(vault.get(key, name))
        return kept
    if cut == Cut(cases=0, claims=0):
        return {}
    if at_once is not None and ledger.tallies.landed_rows([out.lane, back.lane]) > at_once:
        return None
    told = _amounts(out, back, quarter, cut, ledger)
    vault.put(key, name, canonical_json(told))
    return told


def _amounts(out: Route, back: Route, quarter: Period, cut: Cut, ledger: Ledger) -> dict[str, dict[str, int]]:
    rows = statement_rows(
        ledger.history(back, "tax_claim"), ledger.history(back, "tax_claim_line"), opening=_table(out, 0, ledger),
        closing=_table(out, cut.cases, ledger), after=0, until=cut.claims, first_day=quarter.first_day,
    )  # fmt: skip
    rows["declared"] = rows["closing"]
    summed = rows.groupby("rank")[["declared", "confirmed", "paid"]].sum()
    return {
        str(rank): {str(name): int(fen) for name, fen in amounts.items()}
        for rank, amounts in summed.to_dict("index").items()
    }


def _table(route: Route, number: int, ledger: Ledger) -> Table:
    return Table(
        cases=ledger.landed(route, CASES, until=number), reviews=ledger.landed(route, "claim_review", until=number),
        distributions=ledger.landed(route, "distribution", until=number),
        voids=ledger.landed(route, VOIDS, until=number) if route.has(VOIDS) else pd.DataFrame(),
    )  # fmt: skip


def _cut(route: Route, back: Route, quarter: Period, ledger: Ledger) -> Cut:
    """The statement's own cut: the packets of both lanes when the first later quarter was opened."""
    rounds = [(Period.parse(e.period), e.opened_at) for e in ledger.exchanges(route=route.id, kind="Q") if e.period]
    if not any(period <= quarter for period, _ in rounds):
        return Cut(cases=0, claims=0)
    later = [opened for period, opened in rounds if period > quarter and opened is not None]
    moment: datetime | None = min(later) if later else None
    held = ("sent", "accepted")
    numbers = [ledger.tallies.last_number(one.lane, held, moment) for one in (route, back)]
    return Cut(cases=numbers[0], claims=numbers[1])
