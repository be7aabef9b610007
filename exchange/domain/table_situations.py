"""What officers meet in the administrator's table and the distributions, beyond the agreed breaks (R16 to R20, R25)."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from exchange.domain.books import Matched
from exchange.domain.columns import (
    Bools,
    Ints,
    codes,
    combine,
    equals,
    group,
    positions,
    sums,
    text,
    to_days,
    to_fen,
    to_ints,
)
from exchange.domain.finding import Finding
from exchange.domain.latefee import product
from exchange.domain.rank_breaks import claimed_by_rank
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
    pair, count = _pairs(matched)
    yield from _paid(matched, pair, count)
    yield from _shares(matched, pair, count)


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
    frame, terms = matched.books.reviews, matched.terms
    rows, claim = _judged_rows(matched)
    claimed = claimed_by_rank(matched, claim, text(frame, "rank"), rows)
    declared = to_fen(text(frame, "declared_amount"))[0][rows]
    near = (claimed > 0) & (np.abs(declared - claimed * terms.unit_factor) <= terms.unit_tolerance)
    mask = np.zeros(len(frame), bool)
    mask[rows[near]] = True
    yield from on_table("claim_may_be_in_ten_thousands", "claim_review", frame, mask, "declared_amount")


def _paid_after_withdrawal(matched: Matched) -> Iterator[Finding]:
    """Money was paid on a claim that book C withdrew."""
    frame, claims, claim = matched.books.distributions, matched.claims, matched.paid.claim
    mask = claim >= 0
    mask[mask] = claims.heads.withdrawn[claim[mask]]
    paid, _ = to_fen(text(frame, "paid_amount"))
    yield from on_table("paid_on_withdrawn_claim", "distribution", frame, mask & (paid > 0), "paid_amount")


def _judged_rows(matched: Matched) -> tuple[Ints, Ints]:
    """The rows of the table whose claim is judged, and that claim."""
    claim = matched.reviewed.claim
    rows = np.flatnonzero(claim >= 0)
    rows = rows[matched.claims.judged[claim[rows]]]
    return rows, claim[rows]


def _older_version(matched: Matched) -> Iterator[Finding]:
    """The declared amount is not that of the live version, but to the fen that of an earlier one (R16, E21)."""
    frame, terms = matched.books.reviews, matched.terms
    rows, claim = _judged_rows(matched)
    rank = text(frame, "rank")
    declared, known = to_fen(text(frame, "declared_amount"))
    off = known[rows] & (np.abs(declared[rows] - claimed_by_rank(matched, claim, rank, rows)) > terms.rank_tolerance)
    rows, claim = rows[off], claim[off]
    lines = matched.books.lines
    of_line = positions(text(lines, "claim_no"), matched.claims.heads.claim_no)
    version = to_ints(text(lines, "version"))
    earlier = np.flatnonzero(np.isin(of_line, claim) & (of_line >= 0))
    earlier = earlier[version[earlier] < matched.claims.heads.version[of_line[earlier]]]
    if not len(earlier) or not len(rows):
        return
    (of_rows, of_lines), _ = codes(rank, text(lines, "rank"))
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
    same[of_version[np.abs(told[of_version] - summed) <= terms.rank_tolerance]] = True
    mask = np.zeros(len(frame), bool)
    mask[rows[same[wanted]]] = True
    yield from on_table("table_holds_older_version", "claim_review", frame, mask, "declared_amount")


def _rank_missing(matched: Matched) -> Iterator[Finding]:
    """The table lists a claim, but not in a rank the claim has lines of (R12, R16)."""
    lines, claims = matched.lines, matched.claims
    rows, claim = _judged_rows(matched)
    (listed, of_lines), _ = codes(text(matched.books.reviews, "rank"), lines.rank)
    whole, count = group(combine(np.concatenate([claim, lines.claim]), np.concatenate([listed[rows], of_lines])))
    there = np.zeros(count, bool)
    there[whole[: len(claim)]] = True
    pair = whole[len(claim) :]
    total = sums(pair, lines.amount, count)
    first = np.full(count, -1, np.int64)
    first[pair[::-1]] = np.arange(len(pair))[::-1]
    in_table = np.zeros(len(claims.case), bool)
    in_table[claim] = True
    at = first[(first >= 0) & ~there & (total != 0)]
    at = np.sort(at[in_table[lines.claim[at]]])
    yield from found(
        "rank_missing_in_table", "claim_review", np.arange(len(at)),
        case_no=claims.case_no.take(lines.claim[at]),
        keys=(claims.heads.claim_no.take(lines.claim[at]), lines.rank.take(at)), column="rank",
    )  # fmt: skip


def _reviews(matched: Matched) -> Iterator[Finding]:
    """More confirmed than declared, or a status that says something else than the amounts (R17)."""
    frame, tolerance = matched.books.reviews, matched.terms.rank_tolerance
    declared, has_declared = to_fen(text(frame, "declared_amount"))
    confirmed, has_confirmed = to_fen(text(frame, "confirmed_amount"))
    both, status = has_declared & has_confirmed, text(frame, "review_status")
    more = both & (confirmed - declared > tolerance)
    yield from on_table("confirmed_above_declared", "claim_review", frame, more, "confirmed_amount")
    whole, nothing = np.abs(confirmed - declared) <= tolerance, np.abs(confirmed) <= tolerance
    wrong = (
        (equals(status, "confirmed") & ~whole)
        | (equals(status, "not_confirmed") & ~nothing)
        | (equals(status, "partly_confirmed") & (nothing | whole))
    )
    yield from on_table("review_status_contradicts", "claim_review", frame, both & wrong, "review_status")


def _paid(matched: Matched, pair: Ints, count: int) -> Iterator[Finding]:
    """Money set aside for a claim and rank that the table has not, or more than was confirmed (R20)."""
    frame, reviews = matched.books.distributions, matched.books.reviews
    of_review, of_paid = pair[: len(reviews)], pair[len(reviews) :]
    listed = np.zeros(count, bool)
    listed[of_review] = True
    confirmed = sums(of_review, to_fen(text(reviews, "confirmed_amount"))[0], count)
    payable = to_fen(text(frame, "payable_amount"))[0]
    due = np.asarray(to_days(text(frame, "paid_on")) <= matched.terms.day, dtype=bool)
    over = sums(of_paid[due], payable[due], count) - confirmed > matched.terms.paid_tolerance
    yield from on_table("paid_without_review", "distribution", frame, due & ~listed[of_paid], "claim_no")
    above = due & listed[of_paid] & over[of_paid] & _first(of_paid, due)
    yield from on_table("payable_above_confirmed", "distribution", frame, above, "payable_amount")


def _pairs(matched: Matched) -> tuple[Ints, int]:
    """One number per case, claim and rank, over the rows of the table and then of the distributions."""
    both = (matched.books.reviews, matched.books.distributions)
    keys = [np.concatenate(codes(*(text(f, name) for f in both))[0]) for name in ("case_no", "claim_no", "rank")]
    return group(*keys)


def _first(key: Ints, among_: Bools) -> Bools:
    """The first of the chosen rows of each key."""
    rows = np.flatnonzero(among_)
    _, at = np.unique(key[rows], return_index=True)
    mask = np.zeros(len(key), bool)
    mask[rows[at]] = True
    return mask


def _shares(matched: Matched, pair: Ints, count: int) -> Iterator[Finding]:
    """Claims of one rank that do not get the same share of what was confirmed, in one case and on one day (R20).

    破产法113: within a rank in proportion. Each may be off by the agreed tolerance for every claim of the rank, since
    every payment was rounded; the proportion is that of all of them together.
    """
    frame, reviews = matched.books.distributions, matched.books.reviews
    confirmed = sums(pair[: len(reviews)], to_fen(text(reviews, "confirmed_amount"))[0], count)[pair[len(reviews) :]]
    (case,), _ = codes(text(frame, "case_no"))
    (rank,), _ = codes(text(frame, "rank"))
    (day,), _ = codes(text(frame, "paid_on"))
    round_, rounds = group(case, rank, day)
    payable = to_fen(text(frame, "payable_amount"))[0]
    due = np.asarray(to_days(text(frame, "paid_on")) <= matched.terms.day, dtype=bool) & (confirmed > 0)
    number = np.bincount(round_[due], minlength=rounds)
    all_paid, all_confirmed = (sums(round_[due], v[due], rounds)[round_] for v in (payable, confirmed))
    rows = np.flatnonzero(due & (number[round_] > 1) & (all_confirmed > 0))
    if not len(rows):
        return
    room = matched.terms.paid_tolerance * number[round_[rows]]
    gap = product(payable[rows], all_confirmed[rows]) - product(confirmed[rows], all_paid[rows])
    wrong = np.asarray(np.abs(gap) > product(room, all_confirmed[rows]), dtype=bool)
    mask = np.zeros(len(frame), bool)
    mask[rows[wrong]] = True
    yield from on_table("shares_differ_in_rank", "distribution", frame, mask, "payable_amount")
