"""The three books side by side: the register (A), the administrator's table (B), the tax bureau's claims (C)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date

import numpy as np
import pandas as pd
import pyarrow as pa

from exchange.domain.case_number import FORMED, normalise_case_no
from exchange.domain.claims import Heads
from exchange.domain.columns import Bools, Coded, Days, Ints, fen_of, mapped, unlike
from exchange.domain.identifiers import ID_FORMED, normalise_id
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
    """The debtors of book A, one entry per row of `debtors`: the row of `cases` or -1, and the USCC in its one form,
    as text and as `id`, numbered with the statuses' (`Matched.status_ids`)."""

    case: Ints
    uscc: pa.Array
    id: Coded


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
    """The lines of the live versions of judged claims. `claim` is the entry of `Claims`.

    `of_claim` (-1 for none) and `of_version` are of every row of the frame, older versions and withdrawn claims too.
    Levies and periods are numbered with the payments', ranks with those of the tables of book B.
    """

    of_claim: Ints
    of_version: Ints
    claim: Ints
    line_no: Ints
    levy_code: Coded
    period_start: Coded
    period_end: Coded
    component: Coded
    rank: Coded
    amount: Ints
    due_on: Days


@dataclass(frozen=True, slots=True, kw_only=True)
class Payments:
    """What was paid of a levy before the claim, for the live versions of judged claims. `claim` as in `Lines`."""

    claim: Ints
    levy_code: Coded
    period_start: Coded
    period_end: Coded
    paid_on: Days
    amount: Ints


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """What each row of a table of book B names: the row of `cases` and the entry of `Claims`, -1 for none, and the
    rank."""

    case: Ints
    claim: Ints
    rank: Coded


@dataclass(frozen=True, slots=True, kw_only=True)
class Reviewed(Named):
    """Each row of the claims table: whether its claim is judged, the sum of that claim's lines of the rank, and what is
    declared and confirmed, in fen, where it says so."""

    judged: Bools
    claimed: Ints
    declared: Ints
    has_declared: Bools
    confirmed: Ints
    has_confirmed: Bools


@dataclass(frozen=True, slots=True, kw_only=True)
class Paid(Named):
    """Each row of the distributions: what was to be paid and what was, in fen, and on which day."""

    payable: Ints
    paid: Ints
    paid_on: Days


@dataclass(frozen=True, slots=True, kw_only=True)
class Matched:
    """The books side by side under the terms; `reviewed` and `paid` are book B's reviews and distributions."""

    route: str
    terms: Terms
    books: Books
    cases: Cases
    debtors: Debtors
    claims: Claims
    status_ids: Ints
    """The number of each row of the statuses' debtor, as in `Debtors.id`."""
    lines: Lines
    payments: Payments
    by_rank: Ints
    """The sum of each claim's lines by rank, in fen: one row per claim, one column per number of `Lines.rank`."""
    reviewed: Reviewed
    paid: Paid


def plain_numbers(values: pa.Array) -> pa.Array:
    """Case numbers in their one form."""
    return mapped(values, unlike(values, FORMED), normalise_case_no)


def plain_ids(values: pa.Array) -> pa.Array:
    """USCC and taxpayer ids in their one form; blanks alone are missing."""
    return mapped(values, unlike(values, ID_FORMED), normalise_id)
