"""Columns of texts as numbers: looked up, coded, and what an empty or missing one gives."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from exchange.domain.columns import TEXT, coded, exact_sums, places, positions, sums, taken, text

WORDS = st.lists(st.sampled_from([None, "", "a", "b", "c"]), max_size=9)


def column(words: list[str | None]) -> pa.Array:
    return pa.array(words, TEXT)


@given(within=WORDS, columns=st.lists(WORDS, min_size=1, max_size=3))
def test_every_text_is_found_where_it_first_stands(within: list[str | None], columns: list[list[str | None]]) -> None:
    found = places(column(within), *(column(words) for words in columns))

    for rows, words in zip(found, columns, strict=True):
        wanted = [within.index(word) if word is not None and word in within else -1 for word in words]
        assert rows.tolist() == wanted
        assert positions(column(words), column(within)).tolist() == wanted


@given(columns=st.lists(WORDS, min_size=1, max_size=3))
def test_the_same_texts_have_the_same_number_in_all_columns(columns: list[list[str | None]]) -> None:
    made = coded(*(column(words) for words in columns))

    assert len(made) == len(columns)
    for one, words in zip(made, columns, strict=True):
        assert one.texts(np.arange(len(words))) == words
        assert one.missing == len({word for several in columns for word in several} - {None})
        for word in ("", "a", "unknown"):
            assert one.equals(word).tolist() == [given == word for given in words]
        assert one.at(np.arange(len(words))[::-1]).texts(np.arange(len(words))) == words[::-1]


def test_days_of_a_coded_column() -> None:
    (days,) = coded(column(["2026-03-10", None, "2026-03-10"]))

    assert days.days().tolist() == [date(2026, 3, 10), None, date(2026, 3, 10)]
    with pytest.raises(ValueError, match="a date column holds something else"):
        coded(column(["10 March"]))[0].days()


def test_an_empty_column_of_another_type_is_an_empty_text() -> None:
    nothing = text(pd.DataFrame({"a": []}), "a")

    assert (nothing.type, len(nothing)) == (TEXT, 0)


def test_all_rows_in_order_are_the_column_itself() -> None:
    words = column(["a", None, "b"])

    assert taken(words, np.arange(3)) is words
    assert taken(words, np.array([2, 0, 1])).to_pylist() == ["b", "a", None]
    assert taken(words, np.array([0, 1])).to_pylist() == ["a", None]


@given(rows=st.lists(st.tuples(st.integers(0, 2), st.integers(-(10**18), 10**18)), max_size=30))
def test_sums_are_exact_or_refused(rows: list[tuple[int, int]]) -> None:
    """Sixteen digits of yuan are the most a contract lets in; five of them have no room."""
    groups, values = (np.array([row[at] for row in rows], np.int64) for at in (0, 1))
    wanted = [sum(value for group, value in rows if group == one) for one in range(3)]

    assert exact_sums(groups, values, 3).tolist() == wanted
    if all(abs(one) < 2**62 for one in wanted):
        assert sums(groups, values, 3).tolist() == wanted
    else:
        with pytest.raises(ValueError, match="larger than can be compared"):
            sums(groups, values, 3)
