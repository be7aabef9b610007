"""What officers meet in the administrator's table and the distributions, beyond the agreed breaks (R16 to R20, R25)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from exchange.domain.books import Matched
from exchange.domain.columns import Bools, Ints, codes, combine, equals, group, sums, text, to_fen
from exchange.domain.finding import Finding
from exchange.domain.latefee import product
from exchange.domain.situation_making import found, on_table, tables


def table_situations(matched: Matched) -> Iterator[Finding]:
    """Every situation of book B."""
    yield from _unknown_claims(matched)
    yield from _other_case(matched)
    yield from _unit_reversed(matched)
    yield from _paid_after_withdrawal(matched)
    yield from _older_version(matched)
    yield from _rank_missing(matched)
    yield from _reviews(matched)
    confirmed = _confirmed(matched)
    yield from _paid(matched, confirmed)
    yield from _shares(matched, confirmed)


def _unknown_claims(matched: Matched) -> Iterator[Finding]:
    """Book B names a claim number that book C doesn't know (R16)."""
    for dataset, frame, named in tables(matched):
        yield from on_table("claim_unknown_to_tax", dataset, frame, named.claim < 0, "claim_no")


def _other_case(matched: Matched) -> Iterator[Finding]:
    """Book B lists a claim in another case than book C files it in (R02, R24)."""
    for dataset, frame, named in tables(matched):
        known = named.claim >= 0
        theirs = np.full(len(known), -1, np.int64)
        theirs[known] = matched.claims.case[named.claim[known]]
        yield from on_table("claim_in_another_case", dataset, frame, known & (named.case != theirs), "case_no")


def _unit_reversed(matched: Matched) -> Iterator[Finding]:
    """Declared is ten thousand times what was claimed: the claim may be in ten thousands (R25)."""
    table, terms = matched.reviewed, matched.terms
    near = np.abs(table.declared - product(table.claimed, np.array([terms.unit_factor]))) <= terms.unit_tolerance
    mask = table.judged & (table.claimed > 0) & near
    yield from on_table("claim_may_be_in_ten_thousands", "claim_review", matched.books.reviews, mask, "declared_amount")


def _paid_after_withdrawal(matched: Matched) -> Iterator[Finding]:
    """Money was paid on a claim that book C withdrew."""
    frame, claims, claim = matched.books.distributions, matched.claims, matched.paid.claim
    mask = claim >= 0
    mask[mask] = claims.heads.withdrawn[claim[mask]]
    mask &= matched.paid.paid > 0
    yield from on_table("paid_on_withdrawn_claim", "distribution", frame, mask, "paid_amount")


def _older_version(matched: Matched) -> Iterator[Finding]:
    """The declared amount is not that of the live version, but to the fen that of an earlier one (R16, E21)."""
    frame, table, tolerance = matched.books.reviews, matched.reviewed, matched.terms.rank_tolerance
    rows = np.flatnonzero(table.judged & table.has_declared & (np.abs(table.declared - table.claimed) > tolerance))
    claim, declared = table.claim[rows], table.declared
    lines, of_line, version = matched.books.lines, matched.lines.of_claim, matched.lines.of_version
    wanted_of = np.zeros(len(matched.claims.case) + 1, bool)
    wanted_of[claim] = True
    earlier = np.flatnonzero(wanted_of[of_line])
    earlier = earlier[version[earlier] < matched.claims.heads.version[of_line[earlier]]]
    if not len(earlier):
        return
    (of_rows, of_lines), _ = codes(text(frame, "rank"), text(lines, "rank"))
    pair, count = group(
        combine(
            np.concatenate([claim, of_line[earlier]]), np.concatenate([of_rows[rows], of_lines[earlier]])
        )
    )  # fmt: skip
    wanted, pair = pair[: len(rows)], pair[len(rows) :]
    each, versions = group(pair, np.maximum(version[earlier], 0))
    summed = sums(each, to_fen(text(lines, "amount"))[0][earlier], versions)
    of_version = np.zeros(versions, np.int64)
    of_version[each] = pair
    told = np.full(count, -1, np.int64)
    told[wanted] = declared[rows]
    same = np.zeros(count, bool)
    same[of_version[np.abs(told[of_version] - summed) <= tolerance]] = True
    mask = np.zeros(len(frame), bool)
    mask[rows[same[wanted]]] = True
    yield from on_table("table_holds_older_version", "claim_review", frame, mask, "declared_amount")


def _rank_missing(matched: Matched) -> Iterator[Finding]:
    """The table lists a claim, but not in a rank the claim has lines of (R12, R16)."""
    lines, claims, table = matched.lines, matched.claims, matched.reviewed
    listed = np.zeros(len(claims.case), bool)
    listed[table.claim[table.judged]] = True
    missing = (matched.by_rank != 0) & listed[:, None]
    missing[table.claim[table.judged], table.rank.numbers[table.judged]] = False
    rows = np.flatnonzero(missing[lines.claim, lines.rank.numbers])
    _, first = np.unique(combine(lines.claim[rows], lines.rank.numbers[rows]), return_index=True)
    at = np.sort(rows[first])
    yield from found(
        "rank_missing_in_table", "claim_review", np.arange(len(at)),
        case_no=claims.case_no.take(lines.claim[at]),
        keys=(claims.heads.claim_no.take(lines.claim[at]), lines.rank.array(at)), column="rank",
    )  # fmt: skip


def _reviews(matched: Matched) -> Iterator[Finding]:
    """More confirmed than declared, or a status that says something else than the amounts (R17)."""
    frame, table, tolerance = matched.books.reviews, matched.reviewed, matched.terms.rank_tolerance
    declared, confirmed = table.declared, table.confirmed
    both, status = table.has_declared & table.has_confirmed, text(frame, "review_status")
    more = both & (confirmed - declared > tolerance)
    yield from on_table("confirmed_above_declared", "claim_review", frame, more, "confirmed_amount")
    whole, nothing = np.abs(confirmed - declared) <= tolerance, np.abs(confirmed) <= tolerance
    wrong = (
        (equals(status, "confirmed") & ~whole)
        | (equals(status, "not_confirmed") & ~nothing)
        | (equals(status, "partly_confirmed") & (nothing | whole))
    )
    yield from on_table("review_status_contradicts", "claim_review", frame, both & wrong, "review_status")


def _paid(matched: Matched, confirmed: _Confirmed) -> Iterator[Finding]:
    """Money set aside for a claim and rank that the table has not, or more than was confirmed (R20)."""
    frame, table, of_paid = matched.books.distributions, matched.paid, confirmed.of_paid
    due = np.asarray(table.paid_on <= matched.terms.day, dtype=bool)
    paid = sums(of_paid[due], table.payable[due], len(confirmed.fen))
    over = paid - confirmed.fen > matched.terms.paid_tolerance
    yield from on_table("paid_without_review", "distribution", frame, due & ~confirmed.listed[of_paid], "claim_no")
    above = due & confirmed.listed[of_paid] & over[of_paid] & _first(of_paid, due)
    yield from on_table("payable_above_confirmed", "distribution", frame, above, "payable_amount")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Confirmed:
    """What the table confirms of what was distributed, by case, claim and rank: the number `of_paid` of each row of the
    distributions and its `case`, and per number whether the table has it and the sum in fen."""

    of_paid: Ints
    case: Ints
    listed: Bools
    fen: Ints


def _confirmed(matched: Matched) -> _Confirmed:
    """Only rows of the table whose claim was paid something are numbered: few are, and these are all that is asked."""
    table, paid = matched.reviewed, matched.paid
    claim_of, claim = _numbered(matched, "claim_no", table.claim, paid.claim, len(matched.claims.case))
    case_of, case = _numbered(matched, "case_no", table.case, paid.case, len(matched.cases.number))
    asked = np.zeros(max(claim_of.max(initial=-1), claim.max(initial=-1)) + 1, bool)
    asked[claim] = True
    rows = np.flatnonzero(asked[claim_of])
    sides = ((claim_of[rows], claim), (case_of[rows], case), (table.rank.numbers[rows], paid.rank.numbers))
    number, count = group(*(np.concatenate(both) for both in sides))
    of_table, of_paid = np.split(number, [len(rows)])
    listed = np.zeros(count, bool)
    listed[of_table] = True
    return _Confirmed(of_paid=of_paid, case=case, listed=listed, fen=sums(of_table, table.confirmed[rows], count))


def _numbered(matched: Matched, column: str, reviewed: Ints, paid: Ints, known: int) -> tuple[Ints, Ints]:
    """What the rows of both tables name, with numbers from `known` on for texts that name nothing known."""
    strange = [np.flatnonzero(of < 0) for of in (reviewed, paid)]
    frames = (matched.books.reviews, matched.books.distributions)
    numbers, _ = codes(*(text(frame, column).take(pa.array(rows)) for frame, rows in zip(frames, strange, strict=True)))
    both = []
    for of, rows, number in zip((reviewed, paid), strange, numbers, strict=True):
        whole = of.copy()
        whole[rows] = known + number
        both.append(whole)
    return both[0], both[1]


def _first(key: Ints, among_: Bools) -> Bools:
    """The first of the chosen rows of each key."""
    rows = np.flatnonzero(among_)
    _, at = np.unique(key[rows], return_index=True)
    mask = np.zeros(len(key), bool)
    mask[rows[at]] = True
    return mask


def _shares(matched: Matched, of_table: _Confirmed) -> Iterator[Finding]:
    """Claims of one rank that do not get the same share of what was confirmed, in one case and on one day (R20).

    破产法113: within a rank in proportion. Each may be off by the agreed tolerance for every claim of the rank, since
    every payment was rounded; the proportion is that of all of them together.
    """
    frame, table = matched.books.distributions, matched.paid
    rows = np.flatnonzero((table.paid_on <= matched.terms.day) & (of_table.fen[of_table.of_paid] > 0))
    confirmed, payable = of_table.fen[of_table.of_paid[rows]], table.payable[rows]
    days = table.paid_on[rows].astype(np.int64)
    round_, rounds = group(of_table.case[rows], table.rank.numbers[rows], days - days.min(initial=0))
    number = np.bincount(round_, minlength=rounds)[round_]
    all_paid, all_confirmed = (sums(round_, fen, rounds)[round_] for fen in (payable, confirmed))
    some = np.flatnonzero((number > 1) & (all_confirmed > 0))
    payable, confirmed, all_paid, all_confirmed = (v[some] for v in (payable, confirmed, all_paid, all_confirmed))
    gap = product(payable, all_confirmed) - product(confirmed, all_paid)
    room = product(matched.terms.paid_tolerance * number[some], all_confirmed)
    mask = np.zeros(len(frame), bool)
    mask[rows[some[np.asarray(np.abs(gap) > room, dtype=bool)]]] = True
    yield from on_table("shares_differ_in_rank", "distribution", frame, mask, "payable_amount")
