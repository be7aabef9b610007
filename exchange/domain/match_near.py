"""Broken USCCs: whose they may be. Only ever a proposal; an officer confirms."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import Final, Protocol

import numpy as np
import pandas as pd
import pyarrow as pa

from exchange.domain.columns import Bools, Ints, positions
from exchange.domain.identifiers import uscc_ok
from exchange.domain.mistyped import meant

RULE: Final = "near_uscc"


class Coded(Protocol):
    """The columns of claims or debtors that are looked at."""

    @property
    def uscc(self) -> pa.Array:
        """Normalised USCCs."""

    @property
    def case(self) -> Ints:
        """Rows of book A, -1 for none."""


def near_ids(given: Coded, debtors: Coded, open_: Ints) -> tuple[pd.DataFrame, frozenset[tuple[int, int]]]:
    """Pairs (claim, debtor, rule) whose USCCs are one slip apart, one of them valid; and those of them in which no
    other debtor that was looked at is so near.

    A claim on a known case looks at its debtors, and theirs may be the broken code; one on an unknown case at every
    debtor of the route.
    """
    found = {*_their_slip(given, debtors, open_), *_our_slip(given, debtors, open_)}
    whose: dict[int, set[str]] = defaultdict(set)
    for claim, row in found:
        whose[claim].add(debtors.uscc[row].as_py())
    table = pd.DataFrame(sorted(found), columns=["claim", "debtor"], dtype=int).assign(rule=RULE)
    alone = {(claim, row) for claim, row in found if given.case[claim] < 0 and len(whose[claim]) == 1}
    return table, frozenset(alone)


def _their_slip(given: Coded, debtors: Coded, open_: Ints) -> Iterator[tuple[int, int]]:
    """Claims whose code is broken: what it may mean, among the debtors."""
    broken = _broken(given.uscc, open_)
    wanted = {claim: meant(given.uscc[claim].as_py()) for claim in broken.tolist()}
    rows = _rows(debtors, {code for codes in wanted.values() for code in codes}, debtors.case >= 0)
    for claim, codes in wanted.items():
        case = given.case[claim]
        yield from ((claim, row) for code in codes for row in rows[code] if case in (-1, debtors.case[row]))


def _our_slip(given: Coded, debtors: Coded, open_: Ints) -> Iterator[tuple[int, int]]:
    """Debtors of the claims' cases whose code is broken (an officer let it go): what it may mean, among the claims."""
    known = open_[given.case[open_] >= 0]
    here = np.flatnonzero(np.isin(debtors.case, given.case[known]) & (debtors.case >= 0))
    for row in _broken(debtors.uscc, here).tolist():
        codes = meant(debtors.uscc[row].as_py())
        for claim in known[given.case[known] == debtors.case[row]].tolist():
            if given.uscc[claim].as_py() in codes:
                yield claim, row


def _broken(codes: pa.Array, some: Ints) -> Ints:
    """Of some rows those that have a code, and one that is none."""
    given = pd.Series(codes.take(pa.array(some)).to_pandas(), dtype="str")
    return some[(given.notna() & ~uscc_ok(given)).to_numpy(bool)]


def _rows(debtors: Coded, codes: set[str], sent: Bools) -> dict[str, list[int]]:
    """Rows of the debtors sent that have one of these codes, by code."""
    found: dict[str, list[int]] = defaultdict(list)
    wanted = pa.array(sorted(codes), debtors.uscc.type)
    for row in np.flatnonzero((positions(debtors.uscc, wanted) >= 0) & sent).tolist():
        found[debtors.uscc[row].as_py()].append(row)
    return found
