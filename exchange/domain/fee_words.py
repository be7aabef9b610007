"""A late fee taken apart for a person: each principal with its days, its rate and its rounded fee.

The same figures as `line_breaks` compares by, one line at a time; a test holds the two together.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING

import numpy as np

from exchange.domain.latefee import late_fees, rate_days, rates_on

if TYPE_CHECKING:
    from exchange.domain.route import LegalFigure


@dataclass(frozen=True, slots=True, kw_only=True)
class FeePart:
    """One part of a late fee: `principal` yuan from the day after `since` to `until`; `rate` is that of the last day
    (a rate that changed in between counts for its own days in `fee`)."""

    principal: Decimal
    since: date
    until: date
    days: int
    rate: Decimal
    fee: Decimal


def fee_parts(
    owed: Decimal,
    due_on: date,
    cut_off: date,
    paid: Iterable[tuple[date, Decimal]],
    rates: Sequence[LegalFigure],
) -> tuple[FeePart, ...]:
    """What is owed, to the cut-off; then each payment up to the cut-off, to its own day. ValueError without a rate."""
    in_time = sorted(one for one in paid if one[0] <= cut_off)
    parts = [(owed, cut_off), *((amount, day) for day, amount in in_time)]
    return tuple(_part(amount, due_on, until, rates) for amount, until in parts if amount)


def _part(principal: Decimal, since: date, until: date, rates: Sequence[LegalFigure]) -> FeePart:
    start, end = np.array([since], "datetime64[D]"), np.array([until], "datetime64[D]")
    fen = late_fees(np.array([int(principal * 100)], np.int64), *rate_days(rates, start, end))
    numerators, denominator = rates_on(rates, end)
    return FeePart(
        principal=principal, since=since, until=until, days=max((until - since).days, 0),
        rate=Decimal(int(numerators[0])) / denominator, fee=Decimal(int(fen[0])).scaleb(-2),
    )  # fmt: skip
