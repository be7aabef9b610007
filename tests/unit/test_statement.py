"""The statement against a naive reading, row by row in Decimal; any sequence of versions keeps its identities."""

from __future__ import annotations

from collections import defaultdict
from datetime import date
from decimal import Decimal
from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exchange.domain.capitals import capitals
from exchange.domain.statement import Table, statement_rows, sums
from exchange.domain.statement_terms import AMOUNTS, FILED, MOVES

FIRST_DAY = date(2026, 7, 1)
RANKS = ("tax", "social_insurance", "ordinary", "subordinated")
CASES = tuple(f"（2026）冀1103破{n}号" for n in (1, 2, 3))
CLAIM = ["claim_no", "version", "kind", "case_no", "filed_on", "_number"]
LINE = ["claim_no", "version", "line_no", "amount", "rank", "_number"]
REVIEW = ["case_no", "claim_no", "rank", "confirmed_amount"]
PAID = ["case_no", "claim_no", "rank", "payable_amount", "paid_amount"]


def frame(rows: list[tuple[Any, ...]], columns: list[str]) -> pd.DataFrame:
    return pd.DataFrame([[str(value) for value in row] for row in rows], columns=columns, dtype="str")


def table(reviews: Any = (), paid: Any = (), voids: Any = ()) -> Table:
    return Table(
        cases=frame([(case, "131103") for case in CASES], ["case_no", "court_code"]),
        reviews=frame(list(reviews), REVIEW),
        distributions=frame(list(paid), PAID),
        voids=frame([(case,) for case in voids], ["case_no"]),
    )


def made(claims: Any, lines: Any, *, after: int, until: int, opening: Table, closing: Table) -> pd.DataFrame:
    return statement_rows(
        frame(claims, CLAIM), frame(lines, LINE), opening=opening, closing=closing, after=after, until=until,
        first_day=FIRST_DAY,
    )  # fmt: skip


def figures(rows: pd.DataFrame, rank: str, *names: str) -> list[int]:
    found = rows.loc[rows["rank"] == rank, list(names)].sum()
    return [int(value) for value in found]


def live_now(claims: Any, lines: Any, until: int) -> dict[tuple[str, str, str], Decimal]:
    """What is claimed after the packets up to one, as an officer would add it up by hand."""
    word: dict[str, tuple[int, int, str, str]] = {}
    for claim, version, kind, case, _, number in sorted(claims, key=lambda row: (row[5], row[1])):
        if number <= until and (claim not in word or version >= word[claim][0]):
            word[claim] = (version, number, kind, case)
    total: dict[tuple[str, str, str], Decimal] = defaultdict(Decimal)
    for claim, version, _, amount, rank, number in lines:
        if claim in word and word[claim][:2] == (version, number) and word[claim][2] != "withdrawal":
            total[word[claim][3], claim, rank] += Decimal(amount)
    return {key: amount for key, amount in total.items() if amount}


def test_every_movement_shows_where_it_belongs() -> None:
    claims = [
        ("A", 1, "original", CASES[0], "2026-03-01", 1), ("B", 1, "original", CASES[0], "2026-03-01", 1),
        ("A", 2, "amendment", CASES[0], "2026-08-01", 2), ("B", 2, "withdrawal", CASES[0], "2026-08-01", 2),
        ("C", 1, "supplement", CASES[0], "2026-08-02", 2), ("D", 1, "original", CASES[1], "2026-05-02", 2),
    ]  # fmt: skip
    lines = [
        ("A", 1, 1, "100.00", "tax", 1), ("A", 1, 2, "7.01", "ordinary", 1), ("B", 1, 1, "50.00", "tax", 1),
        ("A", 2, 1, "60.00", "tax", 2), ("A", 2, 2, "47.01", "ordinary", 2), ("C", 1, 1, "9.99", "tax", 2),
        ("D", 1, 1, "1000.00", "tax", 2),
    ]  # fmt: skip
    before = table(paid=[(CASES[0], "A", "tax", "30.00", "10.00")])
    now = table(
        reviews=[(CASES[0], "A", "tax", "55.00")],
        paid=[(CASES[0], "A", "tax", "30.00", "10.00"), (CASES[0], "A", "tax", "25.00", "20.00")],
    )
    rows = made(claims, lines, after=1, until=2, opening=before, closing=now)
    assert figures(rows, "tax", *FILED) == [15000, 100000, 999, 0, -4000, -5000, 0, 106999]
    assert figures(rows, "ordinary", *FILED) == [701, 0, 0, 4000, 0, 0, 0, 4701]
    assert figures(rows, "tax", "confirmed", "disputed", "unreviewed") == [5500, 500, 100999]
    assert figures(rows, "tax", "payable", "paid_before", "paid", "outstanding") == [5500, 1000, 2000, 2500]
    assert rows.loc[rows["late_known"], "claim_no"].tolist() == ["D"]


def test_a_case_taken_back_leaves_by_its_own_movement_and_may_come_again() -> None:
    claims = [("A", 1, "original", CASES[0], "2026-03-01", 1), ("A", 2, "amendment", CASES[0], "2026-08-01", 2)]
    lines = [("A", 1, 1, "100.00", "tax", 1), ("A", 2, 1, "110.00", "tax", 2)]
    held = table(reviews=[(CASES[0], "A", "tax", "100.00")])
    gone = table(voids=[CASES[0]])
    rows = made(claims, lines, after=1, until=2, opening=held, closing=gone)
    assert figures(rows, "tax", "opening", "amended_up", "voided", "closing", "confirmed") == [
        10000,
        1000,
        -11000,
        0,
        0,
    ]
    assert made(claims, lines, after=1, until=2, opening=gone, closing=gone).empty
    rows = made(claims, lines, after=1, until=2, opening=gone, closing=held)
    assert figures(rows, "tax", "opening", "amended_up", "voided", "closing", "disputed") == [
        0,
        1000,
        10000,
        11000,
        1000,
    ]


def test_an_older_version_that_comes_after_a_newer_changes_nothing_and_one_sent_again_replaces() -> None:
    claims = [
        ("A", 2, "amendment", CASES[0], "2026-03-01", 1), ("A", 1, "original", CASES[0], "2026-03-01", 2),
        ("A", 2, "amendment", CASES[1], "2026-03-01", 3),
    ]  # fmt: skip
    lines = [("A", 2, 1, "5.00", "tax", 1), ("A", 1, 1, "9.00", "tax", 2), ("A", 2, 1, "6.00", "tax", 3)]
    assert figures(made(claims, lines, after=1, until=2, opening=table(), closing=table()), "tax", *FILED) == [
        500, 0, 0, 0, 0, 0, 0, 500,
    ]  # fmt: skip
    rows = made(claims, lines, after=2, until=3, opening=table(), closing=table()).set_index("case_no")
    assert rows.loc[CASES[0], list(FILED)].tolist() == [500, 0, 0, 0, -500, 0, 0, 0]
    assert rows.loc[CASES[1], list(FILED)].tolist() == [0, 0, 0, 600, 0, 0, 0, 600]


def test_nothing_at_all_is_an_empty_statement() -> None:
    assert made([], [], after=0, until=9, opening=table(), closing=table()).empty


AMOUNT = st.integers(0, 10**13).map(lambda fen: f"{fen // 100}.{fen % 100:02d}")
VERSION = st.tuples(
    st.sampled_from("ABC"), st.integers(1, 4), st.integers(1, 4),
    st.sampled_from(("original", "amendment", "supplement", "withdrawal", "nil")), st.sampled_from(CASES),
    st.lists(st.tuples(st.sampled_from(RANKS), AMOUNT), max_size=3),
)  # fmt: skip
HELD = st.lists(
    st.tuples(st.sampled_from(CASES), st.sampled_from("ABC"), st.sampled_from(RANKS), AMOUNT, AMOUNT), max_size=4
)


@settings(max_examples=25, deadline=None)
@given(
    versions=st.lists(VERSION, max_size=12, unique_by=lambda one: one[:3]), held=HELD, earlier=HELD,
    voids=st.tuples(st.sets(st.sampled_from(CASES)), st.sets(st.sampled_from(CASES))),
    cuts=st.tuples(st.integers(0, 4), st.integers(0, 4)).map(sorted),
)  # fmt: skip
def test_any_sequence_of_versions_keeps_the_identities(
    versions: Any, held: Any, earlier: Any, voids: Any, cuts: Any
) -> None:
    claims = [(claim, v, kind, case, "2026-07-09", n) for claim, v, n, kind, case, _ in versions]
    lines = [
        (claim, v, at, amount, rank, n)
        for claim, v, n, _, _, given_ in versions for at, (rank, amount) in enumerate(given_)
    ]  # fmt: skip
    before = table(paid=earlier, voids=voids[0])
    now = table(
        reviews=[(*row[:3], row[3]) for row in {one[:3]: one for one in held}.values()], paid=held, voids=voids[1]
    )
    rows = made(claims, lines, after=cuts[0], until=cuts[1], opening=before, closing=now)
    assert (rows[["opening", *MOVES]].sum(axis=1) == rows["closing"]).all()
    assert (rows[["confirmed", "disputed", "unreviewed"]].sum(axis=1) == rows["closing"]).all()
    assert (rows["confirmed"] - rows["paid_before"] - rows["paid"] == rows["outstanding"]).all()
    for column, cut, gone in (("opening", cuts[0], voids[0]), ("closing", cuts[1], voids[1])):
        naive = {key: int(fen * 100) for key, fen in live_now(claims, lines, cut).items() if key[0] not in gone}
        ours = {(r.case_no, r.claim_no, r.rank): getattr(r, column) for r in rows.itertuples() if getattr(r, column)}
        assert ours == naive
    for by in (["rank"], ["case_no"], ["court_code", "rank"]):
        assert sums(rows, by)[list(AMOUNTS)].sum().tolist() == rows[list(AMOUNTS)].sum().tolist()


@pytest.mark.parametrize(
    ("fen", "said"),
    [
        (0, "零元整"), (1, "壹分"), (10, "壹角整"), (100, "壹元整"), (105, "壹元零伍分"), (150, "壹元伍角整"),
        (1000, "壹拾元整"), (100500, "壹仟零伍元整"), (10000000, "壹拾万元整"), (1000000000, "壹仟万元整"),
        (1000100000, "壹仟万壹仟元整"), (100000000001, "壹拾亿元零壹分"), (140950, "壹仟肆佰零玖元伍角整"),
        (600714, "陆仟零柒元壹角肆分"), (10700053, "壹拾万柒仟元伍角叁分"), (1640902, "壹万陆仟肆佰零玖元零贰分"),
        (-32504, "负叁佰贰拾伍元零肆分"), (10**12, "壹佰亿元整"), (10**10 + 10**5, "壹亿零壹仟元整"),
    ],
)  # fmt: skip
def test_an_amount_in_capitals(fen: int, said: str) -> None:
    assert capitals(fen) == f"人民币{said}"
