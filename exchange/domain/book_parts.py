"""The books compared group by group: what of each group is kept, and the whole put together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields, replace

import numpy as np
import pandas as pd

from exchange.domain.books import Books
from exchange.domain.breaks import Break, Result, in_order_of_work
from exchange.domain.claims import own_lines
from exchange.domain.columns import Bools
from exchange.domain.estates import by_case
from exchange.domain.matching import joined
from exchange.domain.text import among

NAMES = tuple(field.name for field in fields(Books))


def books_of(frames: dict[str, pd.DataFrame]) -> Books:
    """The books out of landed rows: of lines and payments those that came with their claim."""
    own = {name: own_lines(frames["claims"], frames[name]) for name in ("lines", "payments") if name in frames}
    return Books(**(frames | own))


def narrowed(result: Result, books: Books) -> tuple[Result, Books]:
    """A result with only the rows its breaks, infos and estates speak of."""
    found = (*result.breaks, *result.infos)
    kept = np.unique(np.array([one.case for one in found if one.case >= 0], dtype=np.int64))
    places = {int(old): new for new, old in enumerate(kept)}

    def moved(several: Sequence[Break]) -> tuple[Break, ...]:
        return tuple(replace(one, case=places.get(one.case, -1)) for one in several)

    cases = books.cases.iloc[kept].reset_index(drop=True)
    numbers = [*cases["case_no"], *(one.case_no for one in found)] if len(cases.columns) else []
    claims = [one.claim_no for one in found if one.claim_no is not None]
    spoken_of = {name: _spoken_of(getattr(books, name), numbers, claims) for name in NAMES}
    spoken_of["debtors"][[one.row for one in result.estates if one.row >= 0]] = True
    place = np.cumsum(spoken_of["debtors"]) - 1
    estates = tuple(replace(one, row=int(place[one.row])) if one.row >= 0 else one for one in result.estates)
    rows = {name: getattr(books, name).loc[mask].reset_index(drop=True) for name, mask in spoken_of.items()}
    short = replace(result, breaks=moved(result.breaks), infos=moved(result.infos), estates=estates)
    return short, Books(**{**rows, "cases": cases})


def _spoken_of(frame: pd.DataFrame, numbers: Sequence[str], claims: Sequence[str]) -> Bools:
    """Which rows are of these cases, or of these claims where the frame knows no cases."""
    for key, known in (("case_no", numbers), ("claim_no", claims)):
        if key in frame:
            return among(frame[key], known)
    return np.zeros(len(frame), dtype=bool)


def together(parts: Sequence[tuple[Result, Books]]) -> tuple[Result, Books]:
    """Several narrowed results as that of one comparison; their findings were put aside (`situation_file`)."""
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
    debtors = np.cumsum([0, *(len(books.debtors) for _, books in parts)])
    estates = by_case(
        replace(one, row=one.row + int(start)) if one.row >= 0 else one
        for (result, _), start in zip(parts, debtors, strict=False)
        for one in result.estates
    )
    matches = joined(result.matches for result, _ in parts if result.matches)
    result = Result(breaks=breaks, infos=infos, findings=(), estates=estates, matches=matches)
    return result, Books(**frames)
