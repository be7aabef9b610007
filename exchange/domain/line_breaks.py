"""Rules on the lines of a claim: late fee, rank, period."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

import numpy as np
import pyarrow as pa

from exchange.domain.books import Matched
from exchange.domain.break_making import Texts, iso, on_claims, whole, yuan
from exchange.domain.breaks import Break
from exchange.domain.claim_breaks import bankruptcies
from exchange.domain.columns import TEXT, Bools, Coded, Days, Ints, coded, fen_text, group, pairs, sums
from exchange.domain.contract import CodeList
from exchange.domain.latefee import fee_days, late_fees, one_days_fee, rate_days, rates_on
from exchange.domain.route import RankRule, ranks_on


@dataclass(frozen=True, slots=True, kw_only=True)
class Owed:
    """What late-fee lines are computed on, one entry per line: `principal` still owed at the cut-off, what was `paid`
    of it up to then, whether there is either. `segments`: each (entry, row of payments) that is a segment of its own.
    """

    principal: Ints
    paid: Ints
    there: Bools
    segments: tuple[Ints, Ints]

    def take(self, mask: Bools) -> Owed:
        """The entries of some lines."""
        place = np.cumsum(mask) - 1
        entry, payment = self.segments
        kept = mask[entry]
        return Owed(
            principal=self.principal[mask],
            paid=self.paid[mask],
            there=self.there[mask],
            segments=(place[entry[kept]], payment[kept]),
        )


def line_breaks(matched: Matched, levy: CodeList, ranks: Sequence[RankRule]) -> Iterator[Break]:
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
    fees = np.flatnonzero(lines.component.equals("late_fee"))
    owed = _owed(matched, fees)
    yield from _on_lines(matched, "LATE_FEE_NO_PRINCIPAL", fees[~owed.there])
    fees, owed = fees[owed.there], owed.take(owed.there)
    cut_off = cut_offs(matched)[lines.claim[fees]]
    dated = ~np.isnat(cut_off) & ~np.isnat(lines.due_on[fees])
    yield from _computed(matched, fees[dated], owed.take(dated), cut_off[dated])
    most = owed.principal + owed.paid
    over = lines.amount[fees] > most
    rows, cap = fees[over], most[over]
    amounts = {"filed": yuan(lines.amount[rows]), "capped": yuan(cap), "difference": yuan(lines.amount[rows] - cap)}
    yield from _on_lines(matched, "LATE_FEE_OVER_PRINCIPAL", rows, amounts=amounts)


def _owed(matched: Matched, fees: Ints) -> Owed:
    """For each late-fee line the principal of the same claim, levy and period: Σ of its lines, and payments of it.

    Principal lines hold what is owed at the cut-off, so only what was paid up to that day is added to them; a later
    payment is still within them (破产法16).
    """
    lines, payments = matched.lines, matched.payments
    sides = [(one.claim, one.levy_code.numbers, one.period_start.numbers, one.period_end.numbers)
             for one in (lines, payments)]  # fmt: skip
    whole, count = group(*(np.concatenate(both) for both in zip(*sides, strict=True)))
    same, of_payments = np.split(whole, [len(lines.claim)])
    principal = np.flatnonzero(lines.component.equals("principal"))
    in_time = np.flatnonzero(payments.paid_on <= cut_offs(matched)[payments.claim])
    there = np.zeros(count, bool)
    there[same[principal]] = there[of_payments[in_time]] = True
    entry, at = pairs(same[fees], of_payments[in_time])
    return Owed(
        principal=sums(same[principal], lines.amount[principal], count)[same[fees]],
        paid=sums(of_payments[in_time], payments.amount[in_time], count)[same[fees]],
        there=there[same[fees]],
        segments=(entry, in_time[at]),
    )


def _fees(matched: Matched, due_on: Days, owed: Owed, cut_off: Days) -> Ints:
    """The late fee of each line in fen: what is owed to the cut-off, each payment to its day, rounded one by one."""
    rates, payments = matched.terms.rates, matched.payments
    fee = late_fees(owed.principal, *rate_days(rates, due_on, cut_off))
    entry, row = owed.segments
    ended = np.minimum(payments.paid_on[row], cut_off[entry])
    return fee + sums(
        entry, late_fees(payments.amount[row], *rate_days(rates, due_on[entry], ended)), len(fee)
    )  # fmt: skip


def _computed(matched: Matched, fees: Ints, owed: Owed, cut_off: Days) -> Iterator[Break]:
    """LATE_FEE_DIFFERS, or LATE_FEE_ONE_DAY where the whole difference is one day's unrounded fee.

    The day in dispute is the last one, when only the principal is owed, or the first one, when all of it was.
    """
    lines, terms = matched.lines, matched.terms
    due_on = lines.due_on[fees]
    stated = matched.claims.cutoff_on[lines.claim[fees]]
    stated = np.where(np.isnat(stated), cut_off, stated)
    gap = lines.amount[fees] - _fees(matched, due_on, owed, cut_off)
    differs = np.abs(gap) > terms.line_tolerance
    rate = rates_on(terms.rates, cut_off)
    one_day = differs & (
        one_days_fee(gap, owed.principal, *rate, terms.line_tolerance)
        | one_days_fee(gap, owed.principal + owed.paid, *rate, terms.line_tolerance)
    )
    by_cutoff = np.abs(lines.amount[fees] - _fees(matched, due_on, owed, stated)) <= terms.line_tolerance
    for code, mask in (("LATE_FEE_DIFFERS", differs & ~one_day), ("LATE_FEE_ONE_DAY", one_day)):
        told = _told(matched, fees[mask], owed.take(mask), (cut_off[mask], stated[mask]), gap[mask])
        told[1]["cause"] = ["cutoff" if by_it else None for by_it in by_cutoff[mask].tolist()]
        yield from _on_lines(matched, code, fees[mask], amounts=told[0], facts=told[1])


def _told(
    matched: Matched, rows: Ints, owed: Owed, until: tuple[Days, Days], gap: Ints
) -> tuple[dict[str, list[str | None]], dict[str, list[str | None]]]:
    """The figures and facts of lines whose fee differs. `until`: the cut-off used and the one stated."""
    lines = matched.lines
    cut_off, stated = until
    due_on = lines.due_on[rows]
    numerators, denominator = rates_on(matched.terms.rates, cut_off)
    segments = np.bincount(owed.segments[0], minlength=len(rows))
    amounts: dict[str, list[str | None]] = {
        "filed": [*yuan(lines.amount[rows])],
        "computed": [*yuan(lines.amount[rows] - gap)],
        "difference": [*yuan(gap)],
        "principal": [*yuan(owed.principal)],
        "paid_before": [fen_text(paid) if n else None for paid, n in zip(owed.paid, segments, strict=True)],
        "payments": [str(n) if n else None for n in segments.tolist()],
        "days": [*whole(fee_days(due_on, cut_off))],
        "days_stated": [*whole(fee_days(due_on, stated))],
    }
    facts: dict[str, list[str | None]] = {
        "due_on": iso(due_on),
        "cut_off": iso(cut_off),
        "cutoff_on": iso(matched.claims.cutoff_on[lines.claim[rows]]),
        "rate": [str(Decimal(one) / denominator) for one in numerators.tolist()],
    }
    return amounts, facts


def _ranks(matched: Matched, levy: CodeList, ranks: Sequence[RankRule]) -> list[Break]:
    """A line whose component and levy kind have an agreed rank stands in another one."""
    lines = matched.lines
    expected = expected_ranks(matched, levy, ranks)
    stated, agreed = lines.rank.numbers, expected.numbers
    rows = np.flatnonzero((agreed != expected.missing) & ((stated != agreed) | (stated == lines.rank.missing)))
    facts = {"rank": lines.rank.texts(rows), "expected_rank": expected.texts(rows)}
    return _on_lines(matched, "RANK_DIFFERS", rows, amounts={"amount": yuan(lines.amount[rows])}, facts=facts)


def expected_ranks(matched: Matched, levy: CodeList, ranks: Sequence[RankRule]) -> Coded:
    """The agreed rank of each line, by the rule in force on the day its case was accepted (before the first rule: the
    first; without a day: the last); missing where the levy is unknown or the parties agreed none. Numbered as the
    ranks of the lines are, those that no line has after them."""
    lines = matched.lines
    components, levies = ([*one.words.to_pylist(), None] for one in (lines.component, lines.levy_code))
    kinds = [levy.extra.get(word, {}).get("kind", "") if word is not None else "" for word in levies]
    days = sorted({rule.since for rule in ranks})
    tables = [ranks_on(ranks, day) for day in days]
    flat = [table.get((part or "", kind)) for table in tables for part in components for kind in kinds]
    if not flat:
        return Coded(numbers=np.zeros(len(lines.claim), np.int64), words=pa.array([], TEXT))
    accepted = matched.cases.accepted_on[matched.claims.case[lines.claim]]
    begun = np.searchsorted(np.array(days, "datetime64[D]"), accepted, side="right")
    table = np.maximum(begun - 1, 0)
    at = (table * len(components) + lines.component.numbers) * len(levies) + lines.levy_code.numbers
    return coded(lines.rank.words, pa.array(flat, TEXT))[1].at(at)


def _after_acceptance(matched: Matched) -> list[Break]:
    """An expense of the proceedings or a common-benefit debt, no claim (解释三 第3条); strictly after acceptance."""
    lines, claims = matched.lines, matched.claims
    some = np.flatnonzero(bankruptcies(matched)[lines.claim])
    begins = lines.period_start.days()[some]
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
    amounts: Texts | None = None,
    facts: Mapping[str, list[str | None]] | None = None,
) -> list[Break]:
    lines = matched.lines
    more = {"levy_code": lines.levy_code.texts(rows), **(facts or {})}
    given = amounts if amounts is not None else {"amount": yuan(lines.amount[rows])}
    return on_claims(
        matched, code, lines.claim[rows], place=lines.line_no[rows].tolist(), amounts=given, facts=more
    )  # fmt: skip
