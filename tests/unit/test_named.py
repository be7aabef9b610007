"""Which cases a packet named so far: exact, in whatever order they come."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from exchange.adapters.ledger_sql.named import Named, Watch
from exchange.domain.text import as_array

NUMBERS = st.lists(st.text(alphabet="冀a1破（\U00020000", min_size=1, max_size=3), max_size=12)


@given(named=st.lists(NUMBERS, max_size=3), asked=NUMBERS)
def test_held_is_what_was_named(named: list[list[str]], asked: list[str]) -> None:
    known = Named()
    for part in named:
        known.take(as_array(part))
    assert known.hold(as_array(asked)) == (set(asked) <= {one for part in named for one in part})
    assert known.hold(as_array(asked)) == (set(asked) <= {one for part in named for one in part})


@given(before=NUMBERS, parts=st.lists(NUMBERS, max_size=3))
def test_a_dataset_with_a_row_a_case_names_its_own(before: list[str], parts: list[list[str]]) -> None:
    known = Named()
    known.take(as_array(before))
    watch = Watch(known, alone=True)
    for part in parts:
        watch.see(as_array(part))
    theirs = {one for part in parts for one in part}
    assert watch.all_named == (theirs <= set(before))
    assert known.hold(as_array(sorted(theirs)))


def test_rows_of_many_a_case_name_nothing() -> None:
    known = Named()
    watch = Watch(known, alone=False)
    watch.see(as_array(["a"]))
    assert not watch.all_named
    assert not known.hold(as_array(["a"]))
