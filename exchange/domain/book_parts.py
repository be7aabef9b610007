"""The books compared group by group: what of each group is kept, and the whole put together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields, replace

import numpy as np
import pandas as pd

from exchange.domain.books import Books
from exchange.domain.breaks import Break, Result, in_order_of_work
from exchange.domain.claims import own_lines
from exchange.domain.matching import joined
from exchange.domain.situations import RULES
from exchange.domain.text import among

NAMES = tuple(field.name for field in fields(Books))


def books_of(frames: dict[str, pd.DataFrame]) -> Books:
    """The books out of landed rows: of lines and payments those that came with their claim."""
    own = {name: own_lines(frames["claims"], frames[name]) for name in ("lines", "payments") if name in frames}
    return Books(**(frames | own))


def narrowed(result: Result, books: Books) -> tuple[Result, Books]:
    """A result with only the rows its breaks and infos speak of."""
    found = (*result.breaks, *result.infos)
    kept = np.unique(np.array([one.case for one in found if one.case >= 0], dtype=np.int64))
    places = {int(old): new for new, old in enumerate(kept)}

    def moved(several: Sequence[Break]) -> tuple[Break, ...]:
        return tuple(replace(one, case=places.get(one.case, -1)) for one in several)

    cases = books.cases.iloc[kept].reset_index(drop=True)
    numbers = [*cases["case_no"], *(one.case_no for one in found)] if len(cases.columns) else []
    claims = [one.claim_no for one in found if one.claim_no is not None]
    rows = {
        name: _those(
            getattr(books, name), "case_no" if "case_no" in getattr(books, name) else "claim_no", numbers, claims
        )
        for name in NAMES
    }
    return replace(result, breaks=moved(result.breaks), infos=moved(result.infos)), Books(**{**rows, "cases": cases})


def _those(frame: pd.DataFrame, key: str, numbers: Sequence[str], claims: Sequence[str]) -> pd.DataFrame:
    if key not in frame:
        return frame.iloc[:0]
    return frame.loc[among(frame[key], numbers if key == "case_no" else claims)].reset_index(drop=True)


def together(parts: Sequence[tuple[Result, Books]]) -> tuple[Result, Books]:
    """Several narrowed results as that of one comparison."""
    frames = {name: pd.concat([getattr(b, name) for _, b in parts], ignore_index=True) for name in NAMES}
    starts = np.cumsum([0, *(len(books.cases) for _, books in parts)])
    breaks, infos = (
        in_order_of_work(
            replace(one, case=one.case + int(start) if one.case >= 0 else -1)
            for (result, _), start in zip(parts, starts, strict=False)
            for one in getattr(result, name)
        )
        for name in ("breaks", "infos")
    )
    findings = sorted((f for result, _ in parts for f in result.findings), key=lambda f: RULES.index(f.rule))
    matches = joined(result.matches for result, _ in parts if result.matches)
    return Result(breaks=breaks, infos=infos, findings=tuple(findings), matches=matches), Books(**frames)
