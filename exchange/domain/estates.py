"""Consolidated estates 合并破产: several debtors in one case, and what is claimed, confirmed and paid of each (R24)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from exchange.domain.books import Matched
from exchange.domain.columns import Ints, fen_text, sums


@dataclass(frozen=True, slots=True, kw_only=True)
class Affiliate:
    """One debtor of an estate: `row` of the debtors' frame, its live claims and their sums in yuan.

    `row` -1 is what claims name none of the estate's debtors.
    """

    case_no: str
    row: int
    claims: int
    claimed: str
    confirmed: str
    paid: str


def by_case(affiliates: Iterable[Affiliate]) -> tuple[Affiliate, ...]:
    """In order of the case number, each case's as they stand."""
    return tuple(sorted(affiliates, key=lambda one: one.case_no))


def estates(matched: Matched) -> Iterator[Affiliate]:
    """Every debtor of every case with more than one, each case's in the order of the register; strangers' claims
    last."""
    claims, cases, debtors, case = matched.claims, matched.cases, matched.books.debtors, matched.debtors.case
    several = np.bincount(case[case >= 0], minlength=len(cases.number)) > 1
    rows = np.flatnonzero(several[case] & (case >= 0)) if len(several) else np.zeros(0, np.int64)
    judged = np.flatnonzero(claims.judged)
    judged = judged[several[claims.case[judged]]]
    if not len(rows) and not len(judged):
        return
    strangers = claims.debtor[judged] < 0
    place = np.where(strangers, len(debtors) + claims.case[judged], claims.debtor[judged])
    size = len(debtors) + len(cases.number)
    number = np.bincount(place, minlength=size)
    totals = [sums(place, fen[judged], size) for fen in (_claimed(matched), _of_table(matched), _paid(matched))]
    odd = np.flatnonzero(number[len(debtors) :])
    of, at = np.concatenate([case[rows], odd]), np.concatenate([rows, len(debtors) + odd])
    for n in np.lexsort((at, of)).tolist():
        claimed, confirmed, paid = (fen_text(int(total[at[n]])) for total in totals)
        yield Affiliate(
            case_no=cases.number[int(of[n])].as_py(), row=int(at[n]) if at[n] < len(debtors) else -1,
            claims=int(number[at[n]]), claimed=claimed, confirmed=confirmed, paid=paid,
        )  # fmt: skip


def _claimed(matched: Matched) -> Ints:
    return sums(matched.lines.claim, matched.lines.amount, len(matched.claims.case))


def _of_table(matched: Matched) -> Ints:
    table = matched.reviewed
    rows = np.flatnonzero(table.claim >= 0)
    return sums(table.claim[rows], table.confirmed[rows], len(matched.claims.case))


def _paid(matched: Matched) -> Ints:
    table = matched.paid
    rows = np.flatnonzero((table.claim >= 0) & (table.paid_on <= matched.terms.day))
    return sums(table.claim[rows], table.paid[rows], len(matched.claims.case))
