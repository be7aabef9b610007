"""Rules on the administrator's table and on distributions, by claim and rank."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import date, timedelta

import numpy as np
import pyarrow as pa

from exchange.domain.books import Matched, Terms
from exchange.domain.break_making import iso, no_limit, on_claims, picked, yuan
from exchange.domain.breaks import Break
from exchange.domain.columns import Days, Ints, codes, group, sums, text, to_days, to_fen
from exchange.domain.figures import whole_on

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
    frame, terms, claim = matched.books.reviews, matched.terms, matched.reviewed.claim
    rows = np.flatnonzero(claim >= 0)
    rows = rows[matched.claims.judged[claim[rows]]]
    claim = claim[rows]
    rank = text(frame, "rank")
    claimed = claimed_by_rank(matched, claim, rank, rows)
    declared, has_declared = to_fen(text(frame, "declared_amount").take(pa.array(rows)))
    confirmed, has_confirmed = to_fen(text(frame, "confirmed_amount").take(pa.array(rows)))
    differs = has_declared & (np.abs(declared - claimed) > terms.rank_tolerance)
    unit = differs & (np.abs(declared * terms.unit_factor - claimed) <= terms.unit_tolerance)
    agreed = has_declared & ~differs
    refused = agreed & has_confirmed & (np.abs(confirmed - claimed) > terms.rank_tolerance)
    for code, mask in (("DECLARED_DIFFERS", differs & ~unit), ("UNIT_SUSPECT", unit)):
        amounts = {"declared": yuan(declared[mask]), "claimed": yuan(claimed[mask])}
        amounts["difference"] = yuan(declared[mask] - claimed[mask])
        yield from on_claims(matched, code, claim[mask], place=_ranks(rank, rows[mask]), amounts=amounts)
    reviewed = to_days(text(frame, "reviewed_on"))[rows[refused]]
    amounts = {
        "declared": yuan(declared[refused]),
        "confirmed": yuan(confirmed[refused]),
        "claimed": yuan(claimed[refused]),
        "difference": yuan(confirmed[refused] - claimed[refused]),
    }
    yield from on_claims(
        matched,
        "CONFIRMED_DIFFERS",
        claim[refused],
        place=_ranks(rank, rows[refused]),
        due=_objection_limits(reviewed, terms, is_workday),
        amounts=amounts,
        facts={"reviewed_on": iso(reviewed)},
    )


def claimed_by_rank(matched: Matched, claim: Ints, rank: pa.Array, rows: Ints) -> Ints:
    """The sum of the claim's lines of a rank, for each (claim, row of `rank`); 0 where it has none."""
    lines = matched.lines
    (of_rows, of_lines), ranks = codes(rank, lines.rank)
    width = len(ranks) + 1
    total = sums(lines.claim * width + of_lines, lines.amount, len(matched.claims.case) * width)
    claimed: Ints = total[claim * width + of_rows[rows]]
    return claimed


def _ranks(rank: pa.Array, rows: Ints) -> Sequence[str]:
    return [word or "" for word in picked(rank, rows)]


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
    frame, claims, claim = matched.books.reviews, matched.claims, matched.reviewed.claim
    listed = np.flatnonzero(claim >= 0)
    declared = sums(claim[listed], to_fen(text(frame, "declared_amount"))[0][listed], len(claims.case))
    still = np.zeros(len(claims.case), bool)
    still[claim[listed]] = True
    rows = np.flatnonzero(still & claims.heads.withdrawn)
    return on_claims(matched, "WITHDRAWN_STILL_LISTED", rows, amounts={"declared": yuan(declared[rows])})


def _paid(matched: Matched) -> list[Break]:
    """Paid against payable of every distribution up to as-of, that day included."""
    frame, claims, claim = matched.books.distributions, matched.claims, matched.paid.claim
    rows = np.flatnonzero((claim >= 0) & (to_days(text(frame, "paid_on")) <= matched.terms.day))
    rows = rows[claims.judged[claim[rows]]]
    if not len(rows):
        return []
    rank = text(frame, "rank")
    (ranks,), _ = codes(rank)
    key, count = group(claim[rows], ranks[rows])
    payable = sums(key, to_fen(text(frame, "payable_amount"))[0][rows], count)
    paid = sums(key, to_fen(text(frame, "paid_amount"))[0][rows], count)
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
        matched, "PAID_DIFFERS", claim[at], place=_ranks(rank, at), due=no_limit(at), amounts=amounts
    )  # fmt: skip
