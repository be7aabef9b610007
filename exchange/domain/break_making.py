"""Rows that broke a rule become breaks: texts looked up, limits set, identities made."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any

import numpy as np
import pyarrow as pa

from exchange.domain.books import Matched
from exchange.domain.breaks import Break, break_id
from exchange.domain.columns import Days, Ints, fen_text

Texts = Mapping[str, Sequence[str | None]]


def yuan(fen: Ints) -> list[str]:
    """Fen as amounts in yuan."""
    return [fen_text(value) for value in fen.tolist()]


def whole(numbers: Ints) -> list[str]:
    """Counts and days as text."""
    return [str(value) for value in numbers.tolist()]


def iso(days: Days) -> list[str | None]:
    """Days as ISO text, None where missing."""
    return [None if value is None else value.isoformat() for value in days.tolist()]


def picked(column: pa.Array, rows: Ints) -> list[str | None]:
    """The texts of some rows."""
    found: list[str | None] = column.take(pa.array(rows)).to_pylist()
    return found


def on_cases(
    matched: Matched, code: str, cases: Ints, *, amounts: Texts | None = None, facts: Texts | None = None
) -> list[Break]:
    """Breaks on cases without a claim; due on the case's claim deadline, also when it has passed."""
    return _made(
        matched,
        code,
        cases,
        case_no=picked(matched.cases.number, cases),
        claim_no=[None] * len(cases),
        place=[None] * len(cases),
        due=iso_dates(matched.cases.claims_due_on[cases]),
        amounts=amounts or {},
        facts=facts or {},
    )


def on_claims(
    matched: Matched,
    code: str,
    claims: Ints,
    *,
    place: Sequence[int | str | None] | None = None,
    due: Sequence[date | None] | None = None,
    amounts: Texts | None = None,
    facts: Texts | None = None,
) -> list[Break]:
    """Breaks on claims, or on a `place` in them: a line number or a rank.

    Due on the case's claim deadline while that still runs (a claim may be restated until then), else without limit.
    """
    return _made(
        matched,
        code,
        matched.claims.case[claims],
        case_no=picked(matched.claims.case_no, claims),
        claim_no=picked(matched.claims.heads.claim_no, claims),
        place=place if place is not None else [None] * len(claims),
        due=due if due is not None else _running_deadlines(matched, claims),
        amounts=amounts or {},
        facts=facts or {},
    )


def no_limit(rows: Ints) -> list[date | None]:
    """No last day for any of the rows."""
    return [None] * len(rows)


def iso_dates(days: Days) -> list[date | None]:
    """Days as dates, None where missing."""
    found: list[date | None] = days.tolist()
    return found


def _running_deadlines(matched: Matched, claims: Ints) -> list[date | None]:
    case = matched.claims.case[claims]
    known = case >= 0
    days = np.full(len(claims), np.datetime64("NaT", "D"))
    days[known] = matched.cases.claims_due_on[case[known]]
    days[~(days >= matched.terms.day)] = np.datetime64("NaT", "D")
    return iso_dates(days)


def _made(
    matched: Matched,
    code: str,
    cases: Ints,
    *,
    case_no: Sequence[str | None],
    claim_no: Sequence[str | None],
    place: Sequence[int | str | None],
    due: Sequence[date | None],
    amounts: Texts,
    facts: Texts,
) -> list[Break]:
    rows = zip(case_no, claim_no, place, due, cases.tolist(), _by_row(amounts, len(cases)), _by_row(facts, len(cases)),
               strict=True)  # fmt: skip
    return [
        Break(
            id=break_id(matched.route, code, number or "", claim, where),
            code=code,
            case_no=number or "",
            claim_no=claim,
            line_no=where if isinstance(where, int) else None,
            rank=where if isinstance(where, str) else None,
            amounts=figures,
            facts=told,
            due_on=day,
            case=case,
        )
        for number, claim, where, day, case, figures, told in rows
    ]


def _by_row(columns: Texts, count: int) -> Iterable[dict[str, Any]]:
    """What each row has of the columns."""
    names = tuple(columns)
    if not names:
        return ({} for _ in range(count))
    return (
        {name: value for name, value in zip(names, values, strict=True) if value is not None}
        for values in zip(*columns.values(), strict=True)
    )
