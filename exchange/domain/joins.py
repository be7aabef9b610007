"""Joining the three books: every text key becomes row numbers once; the rules then compare whole columns."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from exchange.domain.books import (
    Books,
    Cases,
    Claims,
    Debtors,
    Lines,
    Matched,
    Named,
    Paid,
    Payments,
    Reviewed,
    plain_ids,
    plain_numbers,
    terms_of,
)
from exchange.domain.claims import Heads, heads
from exchange.domain.columns import (
    Bools,
    Coded,
    Ints,
    coded,
    codes,
    combine,
    equals,
    pairs,
    places,
    positions,
    sums,
    taken,
    text,
    to_days,
    to_fen,
    to_ints,
    valid,
)
from exchange.domain.identifiers import compare_name
from exchange.domain.route import Route


def match_books(books: Books, route: Route, as_of: date) -> Matched:
    """Join the books by normalised case number, debtor's id and claim number.

    Raises ValueError when a column does not hold what its contract says, NeedsPerson 905 for a missing figure.
    """
    terms = terms_of(route, as_of)
    cases = _cases(books.cases)
    head = heads(books.claims)
    tables = (books.reviews, books.distributions)
    of_debtors, of_claims, *of_tables = _in_cases(
        cases.number,
        text(books.debtors, "case_no"),
        taken(text(books.claims, "case_no"), head.latest),
        *(text(frame, "case_no") for frame in tables),
    )
    claimed = places(
        head.claim_no, *(text(frame, "claim_no") for frame in (books.lines, books.payments, *tables))
    )  # fmt: skip
    ids = _ids(books, head)
    debtors = Debtors(case=of_debtors[0], uscc=ids[0][0], id=ids[0][1])
    claims = _claims(books, head, of_claims, debtors, ids[2])
    lines, payments, ranks = _lines(books, claims, claimed)
    by_rank = _by_rank(lines, len(claims.case))
    return Matched(
        route=route.id,
        terms=terms,
        books=books,
        cases=cases,
        debtors=debtors,
        claims=claims,
        status_ids=ids[1][1].numbers,
        lines=lines,
        payments=payments,
        by_rank=by_rank,
        reviewed=_reviewed(tables[0], claims, Named(case=of_tables[0][0], claim=claimed[2], rank=ranks[0]), by_rank),
        paid=_paid(tables[1], Named(case=of_tables[1][0], claim=claimed[3], rank=ranks[1])),
    )


_Id = tuple[pa.Array, Coded]


def _ids(books: Books, head: Heads) -> list[_Id]:
    """The USCC of the debtors, of the statuses and of the claims, in its one form, and its number."""
    columns = [
        plain_ids(column)
        for column in (
            text(books.debtors, "uscc"),
            text(books.statuses, "debtor_uscc"),
            taken(text(books.claims, "debtor_uscc"), head.latest),
        )
    ]
    return list(zip(columns, coded(*columns), strict=True))


def _in_cases(numbers: pa.Array, *columns: pa.Array) -> list[tuple[Ints, pa.Array]]:
    """For each column the row of the case each number names, -1 for none, and the numbers in their one form.

    Only what is not found as it stands is brought to that form first.
    """
    found = []
    for case, values in zip(places(numbers, *columns), columns, strict=True):
        strange = (case < 0) & valid(values)
        if strange.any():
            mask = pa.array(strange)
            plain = plain_numbers(values.filter(mask))
            case[strange] = positions(plain, numbers)
            found.append((case, pc.replace_with_mask(values, mask, plain)))
        else:
            found.append((case, values))
    return found


def _cases(frame: pd.DataFrame) -> Cases:
    return Cases(
        number=plain_numbers(text(frame, "case_no")),
        stage=text(frame, "stage"),
        accepted_on=to_days(text(frame, "accepted_on")),
        claims_due_on=to_days(text(frame, "claims_due_on")),
        compulsory=equals(text(frame, "procedure"), "compulsory_liquidation"),
    )


def _claims(books: Books, head: Heads, of_cases: tuple[Ints, pa.Array], debtors: Debtors, uscc: _Id) -> Claims:
    def column(name: str) -> pa.Array:
        return taken(text(books.claims, name), head.latest)

    case, case_no = of_cases
    old = plain_ids(column("debtor_old_taxpayer_id"))
    debtor, named = _named(books.debtors, debtors, case, (uscc[1], old))
    live = ~head.withdrawn
    return Claims(
        heads=head,
        case_no=case_no,
        case=case,
        debtor=debtor,
        debtor_id=pc.coalesce(uscc[0], old),
        named=named,
        name=column("debtor_name"),
        cutoff_on=to_days(column("cutoff_on")),
        total=to_fen(column("total_amount"))[0],
        live=live,
        judged=live & (case >= 0),
        voided=(case < 0) & (positions(case_no, plain_numbers(text(books.voids, "case_no"))) >= 0),
    )


def _named(
    frame: pd.DataFrame, debtors: Debtors, case: Ints, ids: tuple[Coded, pa.Array]
) -> tuple[Ints, tuple[Ints, Ints]]:
    """Which debtors of its case each claim names: by USCC, or by the old taxpayer id when it gives no USCC."""
    uscc, old = ids
    by_uscc = uscc.numbers != uscc.missing
    (ours, theirs), words = codes(old, plain_ids(text(frame, "old_taxpayer_id")))
    found = [
        _same_in_case(uscc.numbers, debtors.id.numbers, case, debtors.case, (by_uscc, debtors.id.missing)),
        _same_in_case(ours, theirs, case, debtors.case, (~by_uscc & (ours != len(words)), len(words))),
    ]
    claim, row = (np.concatenate(side) for side in zip(*found, strict=True))
    debtor = np.full(len(case), -1, np.int64)
    debtor[claim[::-1]] = row[::-1]
    return debtor, (claim, row)


def _same_in_case(
    ours: Ints, theirs: Ints, case: Ints, debtor_case: Ints, asked: tuple[Bools, int]
) -> tuple[Ints, Ints]:
    """Pairs of the asked claims and debtors of their case with the same id; `asked` with the number of a missing id."""
    chosen, missing = asked
    rows = np.flatnonzero(chosen & (case >= 0))
    others = np.flatnonzero((theirs != missing) & (debtor_case >= 0))
    if not len(rows) or not len(others):
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    key = combine(
        np.concatenate([ours[rows], theirs[others]]), np.concatenate([case[rows], debtor_case[others]])
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


def _lines(books: Books, claims: Claims, claimed: tuple[Ints, ...]) -> tuple[Lines, Payments, tuple[Coded, Coded]]:
    """Lines and payments with the same numbers for the same levies and periods, and the ranks of the tables of book B
    (reviews, distributions) with the numbers of the lines'."""
    frame, paid = books.lines, books.payments
    of_claim, of_payment, *_ = claimed
    of_version, rows = _of_judged(frame, of_claim, claims)
    _, paid_rows = _of_judged(paid, of_payment, claims)
    levy, since, until = (
        coded(text(frame, name), text(paid, name)) for name in ("levy_code", "period_start", "period_end")
    )
    rank, *tables = coded(*(text(one, "rank") for one in (frame, books.reviews, books.distributions)))
    lines = Lines(
        of_claim=of_claim,
        of_version=of_version,
        claim=of_claim[rows],
        line_no=to_ints(text(frame, "line_no"))[rows],
        levy_code=levy[0].at(rows),
        period_start=since[0].at(rows),
        period_end=until[0].at(rows),
        component=coded(text(frame, "component"))[0].at(rows),
        rank=rank.at(rows),
        amount=to_fen(text(frame, "amount"))[0][rows],
        due_on=to_days(text(frame, "due_on"))[rows],
    )
    payments = Payments(
        claim=of_payment[paid_rows],
        levy_code=levy[1].at(paid_rows),
        period_start=since[1].at(paid_rows),
        period_end=until[1].at(paid_rows),
        paid_on=to_days(text(paid, "paid_on"))[paid_rows],
        amount=to_fen(text(paid, "amount"))[0][paid_rows],
    )
    return lines, payments, (tables[0], tables[1])


def _of_judged(frame: pd.DataFrame, claim: Ints, claims: Claims) -> tuple[Ints, Ints | slice]:
    """The version of each row, and which rows are of a judged claim's live version."""
    version = to_ints(text(frame, "version"))
    if not len(claims.case):
        return version, np.zeros(0, np.int64)
    judged = (claim >= 0) & claims.judged[claim] & (version == claims.heads.version[claim])
    return version, slice(None) if judged.all() else np.flatnonzero(judged)


def _by_rank(lines: Lines, count: int) -> Ints:
    width = lines.rank.missing + 1
    return sums(lines.claim * width + lines.rank.numbers, lines.amount, count * width).reshape(count, width)


def _reviewed(frame: pd.DataFrame, claims: Claims, named: Named, by_rank: Ints) -> Reviewed:
    judged = named.claim >= 0
    judged[judged] = claims.judged[named.claim[judged]]
    declared, has_declared = to_fen(text(frame, "declared_amount"))
    confirmed, has_confirmed = to_fen(text(frame, "confirmed_amount"))
    claimed = np.zeros(len(judged), np.int64)
    claimed[judged] = by_rank[named.claim[judged], named.rank.numbers[judged]]
    return Reviewed(
        case=named.case,
        claim=named.claim,
        rank=named.rank,
        judged=judged,
        claimed=claimed,
        declared=declared,
        has_declared=has_declared,
        confirmed=confirmed,
        has_confirmed=has_confirmed,
    )


def _paid(frame: pd.DataFrame, named: Named) -> Paid:
    return Paid(
        case=named.case,
        claim=named.claim,
        rank=named.rank,
        payable=to_fen(text(frame, "payable_amount"))[0],
        paid=to_fen(text(frame, "paid_amount"))[0],
        paid_on=to_days(text(frame, "paid_on")),
    )
