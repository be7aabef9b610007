"""Books compared group by group give what they give whole, and nothing that is tied together is parted."""

from __future__ import annotations

from collections import Counter
from datetime import date
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exchange.domain.book_parts import NAMES, narrowed, together
from exchange.domain.books import Books
from exchange.domain.breaks import Result
from exchange.domain.clusters import LINKS, grouped, links
from exchange.domain.finding import Finding
from exchange.domain.reconciliation import reconcile_books
from exchange.domain.status_situations import register_read_on
from tests.unit import reconcile_worlds as worlds


@pytest.mark.parametrize(
    ("world", "size"), [pytest.param("sample", 1, marks=pytest.mark.long), ("sample", 60), ("sample2", 25)]
)
def test_groups_give_the_result_of_the_whole(world: str, size: int, tmp_path: Path) -> None:
    agreed, books = worlds.agreed(), worlds.books(world, tmp_path)
    compare = partial(
        reconcile_books, route_out=agreed.route("131100-cases"), levy=agreed.codes["levy"],
        as_of=date.fromisoformat(worlds.answers(world)["as_of"]),
    )  # fmt: skip
    frames = {name: getattr(books, name) for name in NAMES}
    groups = grouped([links(name, frame) for name, frame in frames.items()], size)
    assert groups.count > 1
    read_on = register_read_on(books.statuses, date.fromisoformat(worlds.answers(world)["as_of"]))
    parts, found = [], Counter[Finding]()
    for number in range(groups.count):
        some = Books(**{name: frame.loc[groups.of(name, frame) == number] for name, frame in frames.items()})
        one = compare(some, read_on=read_on)
        found.update(one.findings)
        parts.append(narrowed(one, some))
    whole, (result, kept) = compare(books), together(parts)
    assert [(b.id, b.amounts, b.facts, b.due_on) for b in result.breaks] == [
        (b.id, b.amounts, b.facts, b.due_on) for b in whole.breaks
    ]
    assert [b.id for b in result.infos] == [b.id for b in whole.infos]
    assert found == Counter(whole.findings)
    assert whole.estates
    assert estates_of(result, kept) == estates_of(whole, books)
    assert all(kept.cases["case_no"].iloc[b.case] == books.cases["case_no"].iloc[w.case] for b, w in zip(
        result.breaks, whole.breaks, strict=True) if w.case >= 0)  # fmt: skip


def estates_of(result: Result, books: Books) -> list[tuple[object, ...]]:
    """Every estate as the page shows it, with the debtor's number in place of a row."""
    numbers = books.debtors["debtor_no"]
    return [
        (one.case_no, numbers.iloc[one.row] if one.row >= 0 else None, one.claims, one.claimed, one.confirmed, one.paid)
        for one in result.estates
    ]


def test_every_book_has_its_links() -> None:
    assert set(LINKS) == set(NAMES)


@settings(max_examples=80, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 15), st.integers(0, 15)), min_size=1, max_size=25), st.integers(1, 6))
def test_what_is_tied_stays_together(ties: list[tuple[int, int]], size: int) -> None:
    debtors = pd.DataFrame([{"case_no": f"c{case}", "uscc": f"D{debtor}"} for case, debtor in ties], dtype="str")
    groups = grouped([links("debtors", debtors)], size)
    debtors["group"] = groups.of("debtors", debtors)
    for key in ("case_no", "uscc"):
        assert (debtors.groupby(key)["group"].nunique() == 1).all()
    alone = grouped([np.zeros((0, 2), np.uint64)], size)
    assert (alone.count, alone.of("debtors", debtors).tolist()) == (1, [0] * len(debtors))
