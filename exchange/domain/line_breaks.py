"""Rules on the lines of a claim: late fee, rank, period."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal

import numpy as np
import pyarrow as pa

from exchange.domain.books import Matched
from exchange.domain.break_making import iso, on_claims, picked, whole, yuan
from exchange.domain.breaks import Break
from exchange.domain.claim_breaks import bankruptcies
from exchange.domain.columns import Bools, Days, Ints, codes, combine, equals, group, sums, to_days
from exchange.domain.contract import CodeList
from exchange.domain.latefee import fee_days, late_fees, one_days_fee, rates_on

Ranks = Mapping[tuple[str, str], str]


def line_breaks(matched: Matched, levy: CodeList, ranks: Ranks) -> Iterator[Break]:
    """Every break and info on a line."""
    if len(matched.lines.claim):
        yield from _late_fees(matched)
        yield from _ranks(matched, levy, ranks)
        yield from _after_acceptance(matched)


def cut_offs(matched: Matched) -> Days:
    """The day late fees stop, per claim: acceptance; in compulsory liquidation what the tax side states."""
    claims = matched.claims
    days = claims.cutoff_on.copy()
    some = bankruptcies(matched)
    days[some] = matched.cases.accepted_on[claims.case[some]]
    return days


def _late_fees(matched: Matched) -> Iterator[Break]:
    lines = matched.lines
    fees = np.flatnonzero(equals(lines.component, "late_fee"))
    principal, has_principal = _principal(matched, fees)
    yield from _on_lines(matched, "LATE_FEE_NO_PRINCIPAL", fees[~has_principal])
    fees, principal = fees[has_principal], principal[has_principal]
    cut_off = cut_offs(matched)[lines.claim[fees]]
    dated = ~np.isnat(cut_off) & ~np.isnat(lines.due_on[fees])
    yield from _computed(matched, fees[dated], principal[dated], cut_off[dated])
    over = lines.amount[fees] > principal
    rows, cap = fees[over], principal[over]
    amounts = {"filed": yuan(lines.amount[rows]), "capped": yuan(cap), "difference": yuan(lines.amount[rows] - cap)}
    yield from _on_lines(matched, "LATE_FEE_OVER_PRINCIPAL", rows, amounts=amounts)


def _principal(matched: Matched, fees: Ints) -> tuple[Ints, Bools]:
    """For each late-fee line the sum of its claim's principal lines of the same levy and period, if there is any."""
    lines = matched.lines
    (since, until), _ = codes(lines.period_start, lines.period_end)
    (levy,), _ = codes(lines.levy_code)
    same, count = group(combine(lines.claim, levy), since, until)
    owed = np.flatnonzero(equals(lines.component, "principal"))
    total = sums(same[owed], lines.amount[owed], count)
    there = np.zeros(count, bool)
    there[same[owed]] = True
    return total[same[fees]], there[same[fees]]


def _computed(matched: Matched, fees: Ints, principal: Ints, cut_off: Days) -> Iterator[Break]:
    """LATE_FEE_DIFFERS, or LATE_FEE_ONE_DAY where the whole difference is one day's unrounded fee."""
    lines, terms = matched.lines, matched.terms
    numerators, denominator = rates_on(terms.rates, cut_off)
    days = fee_days(lines.due_on[fees], cut_off)
    gap = lines.amount[fees] - late_fees(principal, days, numerators, denominator)
    differs = np.abs(gap) > terms.line_tolerance
    one_day = differs & one_days_fee(gap, principal, numerators, denominator, terms.line_tolerance)
    stated = matched.claims.cutoff_on[lines.claim[fees]]
    days_stated = np.where(np.isnat(stated), days, fee_days(lines.due_on[fees], stated))
    by_cutoff = np.abs(lines.amount[fees] - late_fees(principal, days_stated, numerators, denominator))
    same_cause = by_cutoff <= terms.line_tolerance
    for code, mask in (("LATE_FEE_DIFFERS", differs & ~one_day), ("LATE_FEE_ONE_DAY", one_day)):
        rows = fees[mask]
        amounts = {
            "filed": yuan(lines.amount[rows]),
            "computed": yuan(lines.amount[rows] - gap[mask]),
            "difference": yuan(gap[mask]),
            "principal": yuan(principal[mask]),
            "days": whole(days[mask]),
            "days_stated": whole(days_stated[mask]),
        }
        facts: dict[str, list[str | None]] = {
            "due_on": iso(lines.due_on[rows]),
            "cut_off": iso(cut_off[mask]),
            "cutoff_on": iso(stated[mask]),
            "rate": [str(Decimal(one) / denominator) for one in numerators[mask].tolist()],
            "cause": ["cutoff" if by_it else None for by_it in same_cause[mask].tolist()],
        }
        yield from _on_lines(matched, code, rows, amounts=amounts, facts=facts)


def _ranks(matched: Matched, levy: CodeList, ranks: Ranks) -> list[Break]:
    """A line whose component and levy kind have an agreed rank stands in another one."""
    lines = matched.lines
    expected = expected_ranks(matched, levy, ranks)
    (stated, agreed), words = codes(lines.rank, expected)
    rows = np.flatnonzero((agreed != len(words) - 1) & (stated != agreed))
    facts = {"rank": picked(lines.rank, rows), "expected_rank": picked(expected, rows)}
    return _on_lines(matched, "RANK_DIFFERS", rows, amounts={"amount": yuan(lines.amount[rows])}, facts=facts)


def expected_ranks(matched: Matched, levy: CodeList, ranks: Ranks) -> pa.Array:
    """The agreed rank of each line; missing where the levy is unknown or the parties agreed none."""
    lines = matched.lines
    (component,), components = codes(lines.component)
    (code,), levies = codes(lines.levy_code)
    kinds = [levy.extra.get(word, {}).get("kind", "") if word is not None else "" for word in levies]
    table = [[ranks.get((part or "", kind)) for kind in kinds] for part in components]
    flat = pa.array([rank for row in table for rank in row], pa.large_string())
    return flat.take(pa.array(component * len(levies) + code))


def _after_acceptance(matched: Matched) -> list[Break]:
    """An expense of the proceedings or a common-benefit debt, no claim (解释三 第3条); strictly after acceptance."""
    lines, claims = matched.lines, matched.claims
    some = np.flatnonzero(bankruptcies(matched)[lines.claim])
    begins = to_days(lines.period_start)[some]
    accepted = matched.cases.accepted_on[claims.case[lines.claim[some]]]
    late = begins > accepted
    rows = some[late]
    facts = {"period_start": iso(begins[late]), "accepted_on": iso(accepted[late])}
    amounts = {"amount": yuan(lines.amount[rows])}
    return _on_lines(matched, "POST_ACCEPTANCE_PERIOD", rows, amounts=amounts, facts=facts)


def _on_lines(
    matched: Matched,
    code: str,
    rows: Ints,
    *,
    amounts: Mapping[str, list[str]] | None = None,
    facts: Mapping[str, list[str | None]] | None = None,
) -> list[Break]:
    lines = matched.lines
    more = {"levy_code": picked(lines.levy_code, rows), **(facts or {})}
    given = amounts if amounts is not None else {"amount": yuan(lines.amount[rows])}
    return on_claims(
        matched, code, lines.claim[rows], place=lines.line_no[rows].tolist(), amounts=given, facts=more
    )  # fmt: skip
