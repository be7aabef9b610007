"""Rules on cases and whole claims (design: each code's clause of the table of breaks)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np
import pyarrow as pa

from exchange.domain.books import Matched
from exchange.domain.break_making import iso, on_cases, on_claims, whole, yuan
from exchange.domain.breaks import Break
from exchange.domain.columns import Bools, Ints, among, codes, group, sums
from exchange.domain.joins import same_name

AWAITED: Final = ("claims_open", "meeting_held", "declared", "plan_approved", "distribution")
"""Stages in which a case waits for claims or has them."""


def claim_breaks(matched: Matched) -> Iterator[Break]:
    """Every break on a case or a claim as a whole."""
    yield from _unknown_case(matched)
    yield from _no_response(matched)
    yield from _debtor(matched)
    yield from _total(matched)
    yield from _cutoff(matched)
    yield from _filed_late(matched)
    yield from _duplicate(matched)


def _unknown_case(matched: Matched) -> list[Break]:
    claims = matched.claims
    rows = np.flatnonzero(claims.live & (claims.case < 0) & ~claims.voided)
    return on_claims(matched, "UNKNOWN_CASE", rows, amounts={"total": yuan(claims.total[rows])})


def _no_response(matched: Matched) -> list[Break]:
    """Due strictly before as-of, and no live claim names the case; a nil claim is an answer."""
    cases, claims = matched.cases, matched.claims
    answered = np.zeros(len(cases.number), bool)
    answered[claims.case[claims.judged]] = True
    overdue = cases.claims_due_on < matched.terms.day
    rows = np.flatnonzero(among(cases.stage, AWAITED) & overdue & ~answered)
    return on_cases(matched, "NO_RESPONSE", rows, facts={"claims_due_on": iso(cases.claims_due_on[rows])})


def _debtor(matched: Matched) -> list[Break]:
    claims = matched.claims
    totals = claims.total
    strangers = np.flatnonzero(claims.judged & (claims.debtor < 0))
    renamed = np.flatnonzero(claims.judged & (claims.debtor >= 0) & ~same_name(matched))
    return [
        *on_claims(matched, "DEBTOR_MISMATCH", strangers, amounts={"total": yuan(totals[strangers])}),
        *on_claims(matched, "NAME_DIFFERS", renamed, amounts={"total": yuan(totals[renamed])}),
    ]


def _total(matched: Matched) -> list[Break]:
    claims = matched.claims
    of_lines = sums(matched.lines.claim, matched.lines.amount, len(claims.case))
    gap = claims.total - of_lines
    rows = np.flatnonzero(claims.judged & (np.abs(gap) > matched.terms.total_tolerance))
    amounts = {"total": yuan(claims.total[rows]), "lines": yuan(of_lines[rows]), "difference": yuan(gap[rows])}
    return on_claims(matched, "TOTAL_DIFFERS", rows, amounts=amounts)


def bankruptcies(matched: Matched) -> Bools:
    """Judged claims in a case that has a bankruptcy cut-off: every procedure but compulsory liquidation."""
    claims = matched.claims
    applies = claims.judged.copy()
    applies[claims.judged] = ~matched.cases.compulsory[claims.case[claims.judged]]
    return applies


def _cutoff(matched: Matched) -> list[Break]:
    claims = matched.claims
    some = np.flatnonzero(bankruptcies(matched))
    accepted, stated = matched.cases.accepted_on[claims.case[some]], claims.cutoff_on[some]
    wrong = ~np.isnat(accepted) & (stated != accepted)
    rows, accepted, stated = some[wrong], accepted[wrong], stated[wrong]
    days = np.where(np.isnat(stated), 0, (stated - accepted).astype(np.int64))
    facts = {"accepted_on": iso(accepted), "cutoff_on": iso(stated)}
    amounts = {"days": whole(days), "total": yuan(claims.total[rows])}
    return on_claims(matched, "CUTOFF_DIFFERS", rows, amounts=amounts, facts=facts)


def _filed_late(matched: Matched) -> list[Break]:
    """By the day version 1 was filed; admissible all the same until the last distribution (破产法56)."""
    claims = matched.claims
    some = np.flatnonzero(claims.judged)
    limit, filed = matched.cases.claims_due_on[claims.case[some]], claims.heads.filed_on[some]
    late = filed > limit
    rows, days = some[late], (filed[late] - limit[late]).astype(np.int64)
    facts = {"claims_due_on": iso(limit[late]), "filed_on": iso(filed[late])}
    amounts = {"days_late": whole(days), "total": yuan(claims.total[rows])}
    return on_claims(matched, "FILED_LATE", rows, amounts=amounts, facts=facts)


def _duplicate(matched: Matched) -> list[Break]:
    """At least one line whose case, debtor, levy, period and component an earlier live claim has as well."""
    claims, lines = matched.claims, matched.lines
    several = _several_in_case(matched)
    rows = np.flatnonzero(several[lines.claim]) if len(several) else np.zeros(0, np.int64)
    if not len(rows):
        return []
    of = lines.claim[rows]
    earlier = _filing_order(matched, several)[of]
    same, count = group(
        claims.case[of], _debtor_key(matched, several)[of],
        *(one.numbers[rows] for one in (lines.levy_code, lines.component, lines.period_start, lines.period_end)),
    )  # fmt: skip
    first = np.full(count, np.iinfo(np.int64).max, np.int64)
    np.minimum.at(first, same, earlier)
    again = first[same] < earlier
    overlap = sums(of[again], lines.amount[rows[again]], len(claims.case))
    number = np.bincount(of[again], minlength=len(claims.case))
    rows = np.flatnonzero(number)
    amounts = {"amount": yuan(overlap[rows]), "line_count": whole(number[rows]), "total": yuan(claims.total[rows])}
    return on_claims(matched, "DUPLICATE_CLAIM", rows, amounts=amounts)


def _several_in_case(matched: Matched) -> Bools:
    """The judged claims in whose case there is another."""
    claims = matched.claims
    several = claims.judged.copy()
    number = np.bincount(claims.case[several], minlength=len(matched.cases.number))
    several[several] = number[claims.case[several]] > 1
    return several


def _filing_order(matched: Matched, some: Bools) -> Ints:
    """Place of each of some claims by filing day of version 1, then claim number."""
    head, rows = matched.claims.heads, np.flatnonzero(some)
    names = np.asarray(head.claim_no.take(pa.array(rows)).to_pylist(), dtype=str)
    place = np.zeros(len(some), np.int64)
    place[rows[np.lexsort((names, head.filed_on[rows]))]] = np.arange(len(rows))
    return place


def _debtor_key(matched: Matched, some: Bools) -> Ints:
    """A number for the debtor of each of some claims: the debtor of its case, or the id where it is none of them."""
    claims, known = matched.claims, len(matched.debtors.case)
    strange = np.flatnonzero(some & (claims.debtor < 0))
    (ids,), _ = codes(claims.debtor_id.take(pa.array(strange)))
    key = claims.debtor.copy()
    key[strange] = known + ids
    return key
