"""Similar names: only ever a proposal. Pairs are blocked first and counted before one of them is compared."""

from __future__ import annotations

from typing import Final, Protocol

import numpy as np
import pandas as pd
import pyarrow as pa
from rapidfuzz import fuzz, process

from exchange.domain.columns import Ints, codes, pairs
from exchange.domain.match_evidence import Limits
from exchange.domain.match_names import is_masked, plain_form

MOST_PAIRS: Final = 2_000_000
"""More pairs than this say that blocking has failed; comparing them would propose noise."""

_BLOCK: Final = 4
"""Characters a name begins with, of which an equal run makes two names worth comparing across cases."""


class Named(Protocol):
    """The columns of claims or debtors that are looked at."""

    @property
    def name(self) -> pa.Array:
        """Names as they are matched."""

    @property
    def former(self) -> pa.Array:
        """Former names."""

    @property
    def case(self) -> Ints:
        """Rows of book A, -1 for none."""


def similar(given: Named, debtors: Named, open_: Ints, limits: Limits) -> tuple[pd.DataFrame, int]:
    """Pairs (claim, debtor, rule) of names that are alike; `similar?` marks those that are only near.

    Within the case every debtor is compared, across cases those whose names begin alike. The second value is the
    number of pairs when they were too many: then there are none.
    """
    claim, row = _blocked(given, debtors, open_)
    if len(claim) > MOST_PAIRS:
        return _table(claim[:0], row[:0], np.zeros(0), limits), len(claim)
    ours = [name or "\x01" for name in _plain(given.name, claim)]
    score = np.zeros(len(claim))
    for theirs in (debtors.name, debtors.former):
        those = [name or "\x02" for name in _plain(theirs, row)]
        score = np.maximum(score, process.cpdist(ours, those, scorer=fuzz.ratio))
    return _table(claim, row, score, limits), 0


def _table(claim: Ints, row: Ints, score: np.ndarray, limits: Limits) -> pd.DataFrame:
    kept = score >= limits.near
    rule = np.where(score[kept] >= limits.propose, "similar", "similar?")
    return pd.DataFrame({"claim": claim[kept], "debtor": row[kept], "rule": rule})


def _blocked(given: Named, debtors: Named, open_: Ints) -> tuple[Ints, Ints]:
    known, strange = open_[given.case[open_] >= 0], open_[given.case[open_] < 0]
    a, b = pairs(given.case[known], debtors.case)
    found = [(known[a], b)]
    if len(strange):
        sent = np.flatnonzero(debtors.case >= 0)
        ours = pa.array([name[:_BLOCK] for name in _plain(given.name, strange)], pa.large_string())
        for column in (debtors.name, debtors.former):
            theirs = pa.array([name[:_BLOCK] or None for name in _plain(column, sent)], pa.large_string())
            (left, right), words = codes(ours, theirs)
            right = np.where(right == len(words), -2, right)
            if _count(left, right) > MOST_PAIRS:
                return np.zeros(_count(left, right), np.int64), np.zeros(0, np.int64)
            a, b = pairs(left, right)
            found.append((strange[a], sent[b]))
    claim, row = (np.concatenate(side) for side in zip(*found, strict=True))
    once = pd.DataFrame({"claim": claim, "row": row}).drop_duplicates()
    return once["claim"].to_numpy(), once["row"].to_numpy()


def _count(left: Ints, right: Ints) -> int:
    ordered = np.sort(right)
    return int((np.searchsorted(ordered, left, "right") - np.searchsorted(ordered, left, "left")).sum())


def _plain(names: pa.Array, rows: Ints) -> list[str]:
    """Names at those rows; masked ones are like nothing."""
    found = names.take(pa.array(rows)).to_pylist()
    return ["" if name is None or is_masked(name) else plain_form(name) for name in found]
