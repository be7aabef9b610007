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


KEY = st.one_of(st.none(), st.integers(0, 8))
ROWS = st.lists(st.tuples(KEY, KEY, KEY), max_size=30)


@settings(max_examples=80, deadline=None)
@given(debtors=ROWS, claims=ROWS, size=st.integers(1, 8))
def test_groups_are_those_of_a_walk_from_key_to_key(
    debtors: list[tuple[int | None, ...]], claims: list[tuple[int | None, ...]], size: int
) -> None:
    frames = {
        "debtors": told(debtors, {"case_no": "c", "uscc": "D", "old_taxpayer_id": "T"}),
        "claims": told(claims, {"claim_no": "k", "case_no": "c", "debtor_uscc": "D"}),
    }
    pairs = [links(book, rows) for book, rows in frames.items()]
    ties = [(int(one), int(other)) for part in pairs for one, other in part]
    walked: dict[int, int] = {}
    clusters: list[list[int]] = []
    for key in sorted({key for tie in ties for key in tie}):
        if key in walked:
            continue
        clusters.append([])
        waiting = [key]
        while waiting:
            if (at := waiting.pop()) not in walked:
                walked[at] = len(clusters) - 1
                clusters[-1].append(at)
                waiting += [b if a == at else a for a, b in ties if at in (a, b)]
    before = np.cumsum([0, *map(len, clusters)])
    numbers = sorted({int(n) // size for n in before[:-1]})
    groups = grouped(pairs, size)
    assert groups.keys.tolist() == sorted(walked)
    assert groups.group.tolist() == [numbers.index(int(before[walked[key]]) // size) for key in sorted(walked)]


def told(rows: list[tuple[int | None, ...]], columns: dict[str, str]) -> pd.DataFrame:
    texts = [
        [None if n is None else f"{mark}{n}" for n, mark in zip(row, columns.values(), strict=True)] for row in rows
    ]
    return pd.DataFrame(texts, columns=list(columns)).astype("str")
