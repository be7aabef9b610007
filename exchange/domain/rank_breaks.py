"""Rules on the administrator's table and on distributions, by claim and rank."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import date, timedelta

import numpy as np
import pyarrow as pa

from exchange.domain.books import Matched, Terms
from exchange.domain.break_making import iso, no_limit, on_claims, yuan
from exchange.domain.breaks import Break
from exchange.domain.columns import Coded, Days, Ints, group, sums, text, to_days
from exchange.domain.figures import whole_on
from exchange.domain.latefee import product

Workday = Callable[[date], bool]


def rank_breaks(matched: Matched, is_workday: Workday | None = None) -> Iterator[Break]:
    """Every break between book B and book C, and between payable and paid.

    With a calendar the objection limit rolls off rest days (民事诉讼法85).
    """
    yield from _reviews(matched, is_workday)
    yield from _withdrawn(matched)
    yield from _paid(matched)


def _reviews(matched: Matched, is_workday: Workday | None) -> Iterator[Break]:
    """Each row of book B against the sum of the claim's lines of its rank; its silence is no break."""
    table, terms = matched.reviewed, matched.terms
    declared, confirmed, claimed = table.declared, table.confirmed, table.claimed
    judged = table.judged & table.has_declared
    differs = judged & (np.abs(declared - claimed) > terms.rank_tolerance)
    unit = differs & (np.abs(product(declared, np.array([terms.unit_factor])) - claimed) <= terms.unit_tolerance)
    refused = judged & ~differs & table.has_confirmed & (np.abs(confirmed - claimed) > terms.rank_tolerance)
    for code, mask in (("DECLARED_DIFFERS", differs & ~unit), ("UNIT_SUSPECT", unit)):
        rows = np.flatnonzero(mask)
        amounts = {"declared": yuan(declared[rows]), "claimed": yuan(claimed[rows])}
        amounts["difference"] = yuan(declared[rows] - claimed[rows])
        yield from on_claims(matched, code, table.claim[rows], place=_ranks(table.rank, rows), amounts=amounts)
    rows = np.flatnonzero(refused)
    reviewed = to_days(text(matched.books.reviews, "reviewed_on").take(pa.array(rows)))
    amounts = {
        "declared": yuan(declared[rows]),
        "confirmed": yuan(confirmed[rows]),
        "claimed": yuan(claimed[rows]),
        "difference": yuan(confirmed[rows] - claimed[rows]),
    }
    yield from on_claims(
        matched,
        "CONFIRMED_DIFFERS",
        table.claim[rows],
        place=_ranks(table.rank, rows),
        due=_objection_limits(reviewed, terms, is_workday),
        amounts=amounts,
        facts={"reviewed_on": iso(reviewed)},
    )


def _ranks(rank: Coded, rows: Ints) -> Sequence[str]:
    return [word or "" for word in rank.texts(rows)]


def _objection_limits(reviewed: Days, terms: Terms, is_workday: Workday | None) -> list[date | None]:
    """解释三 第8条: so many natural days after the check, by the figure in force on its day."""
    last: list[date | None] = (reviewed + whole_on(terms.objection_days, reviewed)).tolist()
    return [_rolled(day, is_workday) for day in last]


def _rolled(day: date | None, is_workday: Workday | None) -> date | None:
    """The day itself, or the next working day where it is none (民事诉讼法85)."""
    while day is not None and is_workday is not None and not is_workday(day):
        day += timedelta(days=1)
    return day


def _withdrawn(matched: Matched) -> list[Break]:
    """Once per claim that book C withdrew and book B still lists."""
    claims, table = matched.claims, matched.reviewed
    listed = table.claim >= 0
    listed[listed] = claims.heads.withdrawn[table.claim[listed]]
    claim = table.claim[listed]
    declared = sums(claim, table.declared[listed], len(claims.case))
    rows = np.unique(claim)
    return on_claims(matched, "WITHDRAWN_STILL_LISTED", rows, amounts={"declared": yuan(declared[rows])})


def _paid(matched: Matched) -> list[Break]:
    """Paid against payable of every distribution up to as-of, that day included."""
    table, claim = matched.paid, matched.paid.claim
    rows = np.flatnonzero((claim >= 0) & (table.paid_on <= matched.terms.day))
    rows = rows[matched.claims.judged[claim[rows]]]
    if not len(rows):
        return []
    key, count = group(claim[rows], table.rank.numbers[rows])
    payable = sums(key, table.payable[rows], count)
    paid = sums(key, table.paid[rows], count)
    row = np.zeros(count, np.int64)
    row[key] = rows
    wrong = np.flatnonzero(np.abs(paid - payable) > matched.terms.paid_tolerance)
    amounts = {
        "payable": yuan(payable[wrong]),
        "paid": yuan(paid[wrong]),
        "difference": yuan(paid[wrong] - payable[wrong]),
    }
    at = row[wrong]
    return on_claims(
        matched, "PAID_DIFFERS", claim[at], place=_ranks(table.rank, at), due=no_limit(at), amounts=amounts
    )  # fmt: skip
