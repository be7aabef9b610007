"""The three books, matched: cases of the register (A), the administrator's table (B), the tax bureau's claims (C).

Matching turns every text key into row numbers once; the rules then compare whole columns.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from exchange.domain.case_number import FORMED, normalise_case_no
from exchange.domain.claims import Heads, heads
from exchange.domain.columns import (
    Bools,
    Days,
    Ints,
    codes,
    combine,
    equals,
    fen_of,
    mapped,
    pairs,
    positions,
    text,
    to_days,
    to_fen,
    to_ints,
    unlike,
)
from exchange.domain.identifiers import ID_FORMED, compare_name, normalise_id
from exchange.domain.route import LegalFigure, Route


@dataclass(frozen=True, slots=True, kw_only=True)
class Books:
    """Text frames in wire form, with the columns of their contracts: everything ever sent and received on the route.

    A: cases (bankruptcy_case), debtors (case_debtor). B: reviews (claim_review), distributions (distribution).
    C: claims (tax_claim, all versions), lines (tax_claim_line), payments (tax_payment, where the parties exchange
    it), statuses (tax_status). `voids` (case_void) are cases that were sent and taken back: they are in no book.
    """

    cases: pd.DataFrame
    debtors: pd.DataFrame
    reviews: pd.DataFrame
    distributions: pd.DataFrame
    claims: pd.DataFrame
    lines: pd.DataFrame
    statuses: pd.DataFrame
    payments: pd.DataFrame = field(default_factory=pd.DataFrame)
    voids: pd.DataFrame = field(default_factory=pd.DataFrame)
    history: pd.DataFrame = field(default_factory=pd.DataFrame)
    """Every state a case was ever sent in: case_no, stage, accepted_on, and the number of the packet that told it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """The route's figures: amounts in fen as in force on the day of comparison; `rates` and `objection_days` with
    their days, for a case is judged by the figure of its own day."""

    as_of: date
    rates: Sequence[LegalFigure]
    total_tolerance: int
    line_tolerance: int
    rank_tolerance: int
    paid_tolerance: int
    unit_factor: int
    unit_tolerance: int
    objection_days: Sequence[LegalFigure]

    @property
    def day(self) -> np.datetime64:
        """As-of for comparison with columns of days."""
        return np.datetime64(self.as_of, "D")


def terms_of(route: Route, as_of: date) -> Terms:
    """The legal figures of a route; NeedsPerson 905 when one is missing."""

    def fen(name: str) -> int:
        return fen_of(route.figure(name, as_of))

    return Terms(
        as_of=as_of,
        rates=route.dated("late_fee_rate"),
        total_tolerance=fen("total_tolerance"),
        line_tolerance=fen("line_tolerance"),
        rank_tolerance=fen("rank_tolerance"),
        paid_tolerance=fen("paid_tolerance"),
        unit_factor=int(route.figure("unit_factor", as_of)),
        unit_tolerance=fen("unit_tolerance"),
        objection_days=route.dated("objection_days"),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Cases:
    """Book A, one entry per row of `cases`. `number` is normalised."""

    number: pa.Array
    stage: pa.Array
    accepted_on: Days
    claims_due_on: Days
    compulsory: Bools


@dataclass(frozen=True, slots=True, kw_only=True)
class Debtors:
    """The debtors of book A, one entry per row of `debtors`: the row of `cases` or -1, and the USCC in its one form."""

    case: Ints
    uscc: pa.Array


@dataclass(frozen=True, slots=True, kw_only=True)
class Claims:
    """Book C's claims, one entry per claim number, as of the highest version.

    `case` is the row of book A or -1. `debtor` the row of `debtors` the id names within the case, or -1;
    `named` the rows (claim, debtor) of all that match. `judged`: live and on a known case. `voided`: on one that was
    taken back.
    """

    heads: Heads
    case_no: pa.Array
    case: Ints
    debtor: Ints
    debtor_id: pa.Array
    named: tuple[Ints, Ints]
    name: pa.Array
    cutoff_on: Days
    total: Ints
    live: Bools
    judged: Bools
    voided: Bools


@dataclass(frozen=True, slots=True, kw_only=True)
class Lines:
    """The lines of the live versions of judged claims. `claim` is the entry of `Claims`; codes are row-wise texts."""

    claim: Ints
    line_no: Ints
    levy_code: pa.Array
    period_start: pa.Array
    period_end: pa.Array
    component: pa.Array
    rank: pa.Array
    amount: Ints
    due_on: Days


@dataclass(frozen=True, slots=True, kw_only=True)
class Payments:
    """What was paid of a levy before the claim, for the live versions of judged claims. `claim` as in `Lines`."""

    claim: Ints
    levy_code: pa.Array
    period_start: pa.Array
    period_end: pa.Array
    paid_on: Days
    amount: Ints


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """What each row of a table of book B names: the row of `cases` and the entry of `Claims`, -1 for none."""

    case: Ints
    claim: Ints


@dataclass(frozen=True, slots=True, kw_only=True)
class Matched:
    """The books side by side under the terms; `reviewed` and `paid` are book B's reviews and distributions."""

    route: str
    terms: Terms
    books: Books
    cases: Cases
    debtors: Debtors
    claims: Claims
    lines: Lines
    payments: Payments
    reviewed: Named
    paid: Named


def match_books(books: Books, route: Route, as_of: date) -> Matched:
    """Join the books by normalised case number, debtor's id and claim number.

    Raises ValueError when a column does not hold what its contract says, NeedsPerson 905 for a missing figure.
    """
    terms = terms_of(route, as_of)
    cases = _cases(books.cases)
    debtors = Debtors(
        case=positions(plain_numbers(text(books.debtors, "case_no")), cases.number),
        uscc=plain_ids(text(books.debtors, "uscc")),
    )
    claims = _claims(books, cases, debtors)
    return Matched(
        route=route.id,
        terms=terms,
        books=books,
        cases=cases,
        debtors=debtors,
        claims=claims,
        lines=_lines(books.lines, claims),
        payments=_payments(books.payments, claims),
        reviewed=_table(books.reviews, cases, claims),
        paid=_table(books.distributions, cases, claims),
    )


def plain_numbers(values: pa.Array) -> pa.Array:
    """Case numbers in their one form."""
    return mapped(values, unlike(values, FORMED), normalise_case_no)


def plain_ids(values: pa.Array) -> pa.Array:
    """USCC and taxpayer ids in their one form; blanks alone are missing."""
    return mapped(values, unlike(values, ID_FORMED), normalise_id)


def _cases(frame: pd.DataFrame) -> Cases:
    return Cases(
        number=plain_numbers(text(frame, "case_no")),
        stage=text(frame, "stage"),
        accepted_on=to_days(text(frame, "accepted_on")),
        claims_due_on=to_days(text(frame, "claims_due_on")),
        compulsory=equals(text(frame, "procedure"), "compulsory_liquidation"),
    )


def _claims(books: Books, cases: Cases, debtors: Debtors) -> Claims:
    head = heads(books.claims)
    latest = pa.array(head.latest)

    def column(name: str) -> pa.Array:
        return text(books.claims, name).take(latest)

    case_no = plain_numbers(column("case_no"))
    case = positions(case_no, cases.number)
    debtor, debtor_id, named = _named(books.debtors, debtors, case, column)
    live = ~head.withdrawn
    return Claims(
        heads=head,
        case_no=case_no,
        case=case,
        debtor=debtor,
        debtor_id=debtor_id,
        named=named,
        name=column("debtor_name"),
        cutoff_on=to_days(column("cutoff_on")),
        total=to_fen(column("total_amount"))[0],
        live=live,
        judged=live & (case >= 0),
        voided=(case < 0) & (positions(case_no, plain_numbers(text(books.voids, "case_no"))) >= 0),
    )


def _table(frame: pd.DataFrame, cases: Cases, claims: Claims) -> Named:
    return Named(
        case=positions(plain_numbers(text(frame, "case_no")), cases.number),
        claim=positions(text(frame, "claim_no"), claims.heads.claim_no),
    )


def _named(
    frame: pd.DataFrame, debtors: Debtors, case: Ints, column: Callable[[str], pa.Array]
) -> tuple[Ints, pa.Array, tuple[Ints, Ints]]:
    """Which debtors of its case each claim names: by USCC, or by the old taxpayer id when it gives no USCC."""
    uscc, old = plain_ids(column("debtor_uscc")), plain_ids(column("debtor_old_taxpayer_id"))
    by_uscc = np.asarray(pc.is_valid(uscc).to_numpy(zero_copy_only=False), dtype=bool)
    sides = (
        (uscc, debtors.uscc, by_uscc),
        (old, plain_ids(text(frame, "old_taxpayer_id")), ~by_uscc),
    )
    found = [_same_in_case(ours, theirs, case, debtors.case, chosen) for ours, theirs, chosen in sides]
    claim, row = (np.concatenate(side) for side in zip(*found, strict=True))
    debtor = np.full(len(case), -1, np.int64)
    debtor[claim[::-1]] = row[::-1]
    return debtor, pc.coalesce(uscc, old), (claim, row)


def _same_in_case(ours: pa.Array, theirs: pa.Array, case: Ints, debtor_case: Ints, chosen: Bools) -> tuple[Ints, Ints]:
    (left, right), words = codes(ours, theirs)
    missing = len(words)
    rows = np.flatnonzero(chosen & (left != missing) & (case >= 0))
    others = np.flatnonzero((right != missing) & (debtor_case >= 0))
    key = combine(
        np.concatenate([left[rows], right[others]]), np.concatenate([case[rows], debtor_case[others]])
    )  # fmt: skip
    a, b = pairs(key[: len(rows)], key[len(rows) :])
    return rows[a], others[b]


def same_name(matched: Matched) -> Bools:
    """Which claims name a debtor whose name or former name is theirs, compared NFKC without blanks."""
    claim, row = matched.claims.named
    agrees = np.zeros(len(matched.claims.case), bool)
    for column in ("name", "former_name"):
        open_ = ~agrees[claim]
        theirs = matched.claims.name.take(pa.array(claim[open_]))
        ours = text(matched.books.debtors, column).take(pa.array(row[open_]))
        agrees[claim[open_][equal_names(theirs, ours)]] = True
    return agrees


def equal_names(one: pa.Array, other: pa.Array) -> Bools:
    """Where two columns hold the same name, compared NFKC without blanks; a missing one equals none."""
    same = pc.equal(one, other)
    equal = np.asarray(pc.fill_null(same, False).to_numpy(zero_copy_only=False), dtype=bool)
    both = np.asarray(pc.is_valid(same).to_numpy(zero_copy_only=False), dtype=bool)
    open_ = np.flatnonzero(both & ~equal)
    a, b = (compare_name(pd.Series(v.take(pa.array(open_)).to_pandas(), dtype="str")) for v in (one, other))
    equal[open_] = ((a == b) & a.notna() & b.notna()).to_numpy(dtype=bool)
    return equal


def _lines(frame: pd.DataFrame, claims: Claims) -> Lines:
    claim, column = _of_judged(frame, claims)
    return Lines(
        claim=claim,
        line_no=to_ints(column("line_no")),
        levy_code=column("levy_code"),
        period_start=column("period_start"),
        period_end=column("period_end"),
        component=column("component"),
        rank=column("rank"),
        amount=to_fen(column("amount"))[0],
        due_on=to_days(column("due_on")),
    )


def _payments(frame: pd.DataFrame, claims: Claims) -> Payments:
    claim, column = _of_judged(frame, claims)
    return Payments(
        claim=claim,
        levy_code=column("levy_code"),
        period_start=column("period_start"),
        period_end=column("period_end"),
        paid_on=to_days(column("paid_on")),
        amount=to_fen(column("amount"))[0],
    )


def _of_judged(frame: pd.DataFrame, claims: Claims) -> tuple[Ints, Callable[[str], pa.Array]]:
    """The claim of each row that is of a judged claim's live version, and such rows' columns by name."""
    claim = positions(text(frame, "claim_no"), claims.heads.claim_no)
    version = to_ints(text(frame, "version"))
    rows = np.flatnonzero((claim >= 0) & claims.judged[claim] & (version == claims.heads.version[claim])) \
        if len(claims.case) else np.zeros(0, np.int64)  # fmt: skip
    take = pa.array(rows)
    return claim[rows], lambda name: text(frame, name).take(take)
