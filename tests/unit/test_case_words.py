"""The words of many cases at once are those of each case alone, however the rows come parted."""

from __future__ import annotations

from itertools import groupby

import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from exchange.domain.case_index import squeezed, words_of
from exchange.domain.case_words import PLAIN, claims_by_case, words_by_case
from exchange.domain.columns import unlike
from exchange.domain.text import as_array

NUMBERS = st.sampled_from(["（2026）冀1103破1号", "（2026）冀1103破2号", "（2026）冀破申3号"])
ODD = st.text(st.sampled_from("冀物流（）()〔〕ａA1a ß·\u0301\u3000\n𠀀"), max_size=5)
TEXTS = st.one_of(st.none(), st.just(""), ODD, st.sampled_from(["恒润物流（集团）有限公司", "91131122KA11E0MA4K"]))
ROWS = st.lists(st.tuples(NUMBERS, TEXTS, TEXTS, TEXTS), min_size=1, max_size=8).map(
    lambda rows: sorted(rows, key=lambda row: row[0])
)
COLUMNS = ["case_no", "name", "former_name", "uscc"]


@settings(max_examples=150, deadline=None)
@given(ROWS, st.integers(1, 8))
def test_words_of_many_cases_are_those_of_each(rows: list[tuple[str | None, ...]], size: int) -> None:
    parts = [pd.DataFrame(rows[at : at + size], columns=COLUMNS, dtype="str") for at in range(0, len(rows), size)]
    found = pd.concat(list(words_by_case(parts)))
    meant = {}
    for case_no, told in groupby(rows, key=lambda row: str(row[0])):
        debtors = [row[1:] for row in told]
        meant[case_no] = (debtors[0][0] or "", words_of(case_no, [one for row in debtors for one in row]))
    got = {c: (d, w) for c, d, w in zip(found["case_no"], found["debtor"], found["words"], strict=True)}
    assert (got, len(found)) == (meant, len(meant))


@given(st.text(max_size=20))
def test_plain_text_is_squeezed_already(text: str) -> None:
    if not unlike(as_array([text]), PLAIN)[0]:
        assert squeezed(text) == text


def test_a_claim_names_its_case_in_one_form_once() -> None:
    rows = [("(2026)冀1103破2号", "K1"), ("（2026）冀1103破2号", "K1"), (None, "K2"), (" ", "K3"), ("没有", "K4")]
    found = claims_by_case(pd.DataFrame(rows, columns=["case_no", "claim_no"], dtype="str"))
    assert list(found.itertuples(index=False, name=None)) == [("没有", "K4"), ("（2026）冀1103破2号", "K1")]


def test_no_debtors_have_no_words() -> None:
    assert list(words_by_case([])) == []
