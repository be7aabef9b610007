"""Values Arrow takes for formed are in their form: the functions that bring it about change nothing."""

from __future__ import annotations

import re

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from exchange.domain.columns import unlike
from exchange.domain.prepare import FORMS
from exchange.domain.text import as_array


def _python(pattern: str) -> re.Pattern[str]:
    """An RE2 pattern as Python writes it."""
    return re.compile(re.sub(r"\\x\{(\w{4})\}", r"\\u\1", pattern.removesuffix("$")) + r"\Z")


@pytest.mark.parametrize("word", FORMS)
@given(data=st.data())
def test_what_is_formed_stays_and_takes_nothing(word: str, data: st.DataObject) -> None:
    form = FORMS[word]  # type: ignore[index]
    value = data.draw(st.from_regex(_python(form.formed)))
    assert not unlike(as_array([value]), form.formed).any()
    assert (form.of(value), form.takes(value)) == (value, ())


@pytest.mark.parametrize("word", FORMS)
@given(value=st.text(alphabet="（）()〔2026０冀破申之一号-1 \u200b=A·ａa", min_size=1))
def test_what_is_not_in_its_form_is_looked_at(word: str, value: str) -> None:
    form = FORMS[word]  # type: ignore[index]
    if form.of(value) != value or form.takes(value):
        assert unlike(as_array([value]), form.formed).any()
    assert form.change(pd.Series([value], dtype="str")).iloc[0] == form.of(value) or not form.of(value)
