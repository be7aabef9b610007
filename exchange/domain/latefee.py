"""The late fee on unpaid tax: principal x rate x days, rounded half up to the fen.

征管法32 and 细则75: it runs from the day after the payment limit to the cut-off, that day included, so the days are
the plain difference of the two dates; 法释〔2012〕9号 and 公告2025年24号 end it on the day the court accepted the case.
The rate is a dated figure of the route (0.05 % a day since 2001-05-01); each day is charged at the rate of that day.
What was paid late before the cut-off is a segment of its own, from the payment limit to the day it was paid; every
segment is rounded by itself. The cap of 行政强制法45 is shown, never applied.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Final

import numpy as np

from exchange.domain.columns import Bools, Days, Ints
from exchange.domain.figures import as_integers, begins, entry_on

if TYPE_CHECKING:
    from exchange.domain.route import LegalFigure

_ROOM: Final = 2**62


def fee_days(due_on: Days, cut_off: Days) -> Ints:
    """Days the fee runs, none when the limit is the cut-off or later. Both dates known."""
    return np.maximum((cut_off - due_on).astype("timedelta64[D]").astype(np.int64), 0)


def rates_on(figures: Sequence[LegalFigure], on: Days) -> tuple[Ints, int]:
    """The rate in force on each day as whole numerators over one denominator; before the first one, the first.

    ValueError when there is none at all.
    """
    known = _in_order(figures)
    numerators, denominator = as_integers(known)
    return numerators[entry_on(known, on)], denominator


def rate_days(figures: Sequence[LegalFigure], since: Days, until: Days) -> tuple[Ints, int]:
    """The rates of all days after `since` up to `until` added up, as whole numerators over one denominator.

    None when `until` is `since` or earlier. A day before the first rate has the first. ValueError without any rate.
    """
    known = _in_order(figures)
    numerators, denominator = as_integers(known)
    day_before = begins(known) - np.timedelta64(1, "D")
    total = np.zeros(len(since), np.int64)
    for at, numerator in enumerate(numerators.tolist()):
        first = since if at == 0 else np.maximum(since, day_before[at])
        last = until if at == len(known) - 1 else np.minimum(until, day_before[at + 1])
        total += numerator * fee_days(first, last)
    return total, denominator


def _in_order(figures: Sequence[LegalFigure]) -> list[LegalFigure]:
    if not figures:
        raise ValueError("no late-fee rate is agreed")
    return sorted(figures, key=lambda f: f.since)


def late_fees(principal_fen: Ints, rates: Ints, denominator: int) -> Ints:
    """Principal x the rates of its days (`rate_days`) in fen, half a fen rounded up (away from zero below it)."""
    return round_half_up(product(principal_fen, rates), denominator)


def one_days_fee(
    difference_fen: Ints, principal_fen: Ints, numerators: Ints, denominator: int, tolerance_fen: int
) -> Bools:
    """Whether a difference, of either sign, is one day's unrounded fee give or take the tolerance (inclusive)."""
    fee = np.abs(product(principal_fen, numerators))
    gap = np.abs(product(np.abs(difference_fen), np.full(len(difference_fen), denominator)) - fee)
    return np.asarray(gap <= tolerance_fen * denominator, dtype=bool)


def round_half_up(values: Ints, denominator: int) -> Ints:
    """values / denominator to the nearest whole number, a half away from zero, exactly."""
    doubled = (2 * np.abs(values) + denominator) // (2 * denominator)
    return np.asarray(np.where(values < 0, -doubled, doubled), dtype=np.int64)


def product(*factors: Ints) -> Ints:
    """The exact product, as Python integers where int64 has no room for twice of it."""
    largest = 2
    for factor in factors:
        largest *= max(int(np.abs(factor).max(initial=0)), 1)
    wide = [f.astype(object) for f in factors] if largest > _ROOM else list(factors)
    result = wide[0]
    for factor in wide[1:]:
        result = result * factor
    return result


def late_fee(principal: Decimal, rate: Decimal, days: int) -> Decimal:
    """One fee in yuan with two places, for explaining a line to a person."""
    denominator = 10 ** max(-int(rate.as_tuple().exponent), 0)
    fen = late_fees(
        np.array([int(principal * 100)], np.int64),
        np.array([max(days, 0) * int(rate * denominator)], np.int64),
        denominator,
    )
    return Decimal(int(fen[0])).scaleb(-2)
