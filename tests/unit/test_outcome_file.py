"""The file outcome.json is read as it was written, key by key; what is not whole is named as damaged."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from exchange.domain.errors import NeedsPerson
from exchange.domain.outcome_file import entries_of, load_outcome, outcome_json, outcome_of, walk_outcome

PLAIN = st.none() | st.booleans() | st.integers() | st.text(max_size=8)
ENTRIES = st.lists(st.dictionaries(st.text(max_size=4), PLAIN, max_size=3), max_size=4)
OUTCOMES = st.dictionaries(st.text(max_size=6), PLAIN | st.lists(PLAIN, max_size=3) | ENTRIES, max_size=5)
WHOLE: dict[str, Any] = {
    "period": "2026Q3", "sent": [1, "2"], "breaks": [{"code": "A\u2028B", "case_no": "（2026）冀1103破1号"}, {}],
    "findings": [], "held": {"1": ["rule"]},
}  # fmt: skip


def lines(data: bytes) -> list[bytes]:
    return data.splitlines(keepends=True)


def walked(data: bytes) -> dict[str, Any]:
    kept = walk_outcome(lines(data), "k")
    return {name: list(value) if isinstance(value, Iterator) else value for name, value in kept}


@settings(max_examples=150, deadline=None)
@given(OUTCOMES)
@example(WHOLE)
def test_it_is_read_as_it_was_written(document: dict[str, Any]) -> None:
    data = outcome_json(document)
    assert json.loads(data) == document == load_outcome(data, "k") == walked(data)
    assert list(walked(data)) == list(document)
    for name, value in document.items():
        assert outcome_of(lines(data), "k", (name,)) == {name: value}


def test_a_file_written_otherwise_is_read_too() -> None:
    for data in (json.dumps(WHOLE).encode(), json.dumps(WHOLE, indent=1).encode()):
        assert walked(data) == WHOLE
        assert list(entries_of(lines(data), "k", "breaks")) == WHOLE["breaks"]


def test_wherever_it_is_cut_or_goes_on_it_is_damaged() -> None:
    data = outcome_json(WHOLE)
    for cut in [
        *(data[:at] for at in range(len(data) - 2)),
        data + b"}",
        data + b"\n{}\n",
        data.replace(b"[1", b"[,1"),
    ]:
        with pytest.raises(NeedsPerson, match=r"E946.*k/outcome\.json"):
            walked(cut)


def test_what_is_left_of_a_list_is_skipped() -> None:
    many = outcome_json({"breaks": [{"n": n} for n in range(5)], "sent": [3]})
    for name, value in walk_outcome(lines(many), "k"):
        if name == "breaks":
            assert next(value) == {"n": 0}
        else:
            assert (name, value) == ("sent", [3])
