"""Dated figures over whole columns: the value in force on each row's own day.

A law that changes is one more entry with its day; a case keeps the figure of its own day. A day before the first
entry is judged by the first.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from exchange.domain.columns import Days, Ints

if TYPE_CHECKING:
    from exchange.domain.route import LegalFigure


def begins(entries: Sequence[LegalFigure]) -> Days:
    """The days on which each entry begins. Entries are in order of their days; ValueError when there is none."""
    if not entries:
        raise ValueError("no figure is agreed")
    return np.array([entry.since for entry in entries], "datetime64[D]")


def entry_on(entries: Sequence[LegalFigure], on: Days) -> Ints:
    """Which entry is in force on each day; the last one on a day that is missing."""
    return np.maximum(np.searchsorted(begins(entries), on, side="right") - 1, 0).astype(np.int64)


def whole_on(entries: Sequence[LegalFigure], on: Days) -> Ints:
    """The whole value in force on each day: days, working days, months."""
    return np.array([int(entry.value) for entry in entries], np.int64)[entry_on(entries, on)]


def as_integers(entries: Sequence[LegalFigure]) -> tuple[Ints, int]:
    """Every entry's value as a whole numerator over one denominator."""
    places = max(-int(entry.value.as_tuple().exponent) for entry in entries)
    denominator = 10 ** max(places, 0)
    return np.array([int(entry.value * denominator) for entry in entries], np.int64), denominator
