"""Which cases differ, by the hashes of their rows: none that differs is missed."""

from __future__ import annotations

import random
from collections.abc import Mapping

import pandas as pd
import pytest

from exchange.domain.changes import case_in_exchange, unchanged
from exchange.domain.row_hash import NO_ROW, HashedRows, differing, hashes_array, row_hashes
from exchange.domain.text import among, as_array
from tests.unit.test_changes import CASE, ROUTE, Frames, a_world


def hashed(frames: Frames) -> Mapping[str, HashedRows]:
    return {
        name: HashedRows(
            cases=as_array(frame["case_no"]),
            hashes=hashes_array(b"".join(row_hashes(ROUTE.wire(name).names, wide(name, frame)))),
        )
        for name, frame in frames.items()
    }


def wide(dataset: str, frame: pd.DataFrame) -> pd.DataFrame:
    """As a source gives it and the ledger keeps it: every column of the contract, nothing as missing."""
    shaped = frame.reindex(columns=[*ROUTE.wire(dataset).names, "_record"]).astype("str")
    return shaped.mask(shaped == "")


@pytest.mark.parametrize("seed", range(60))
def test_the_reasons_are_those_of_looking_at_every_row(seed: int) -> None:
    rng = random.Random(seed)
    now, then = ({name: wide(name, rows) for name, rows in a_world(rng).items()} for _ in range(2))
    if seed % 3:
        then = {name: now.get(name, rows).sample(frac=1, random_state=seed) for name, rows in then.items()}
        then[CASE.dataset] = then[CASE.dataset].assign(judge="丙") if seed % 3 == 2 else then[CASE.dataset]
    then = {name: then.get(name, pd.DataFrame(columns=rows.columns, dtype="str")) for name, rows in now.items()}
    others, known = differing(now, hashed(then), ROUTE)
    assert set(known.to_pylist()) <= set(others.to_pylist())
    fresh = {name: rows.loc[among(rows["case_no"], others)] for name, rows in now.items()}
    before = {name: rows.loc[among(rows["case_no"], known)] for name, rows in then.items()}
    same = now[CASE.dataset].loc[~among(now[CASE.dataset]["case_no"], others)]
    told = pd.concat([case_in_exchange(fresh, before, ROUTE), unchanged(same)])
    meant = case_in_exchange(now, then, ROUTE)
    pd.testing.assert_frame_equal(
        told.sort_values("case_no", ignore_index=True), meant.sort_values("case_no", ignore_index=True)
    )
    if seed % 3 == 1 and set(now) == set(then):
        assert set(told["why"]) <= {"unchanged"}


def test_a_case_nobody_looked_at_differs() -> None:
    now = {CASE.dataset: wide(CASE.dataset, pd.DataFrame({"case_no": ["a", "b"], "stage": ["open", "open"]}))}
    then = dict(hashed(now))
    one = then[CASE.dataset]
    assert [found.to_pylist() for found in differing(now, then, ROUTE)] == [[], []]
    then[CASE.dataset] = HashedRows(
        cases=as_array([*one.cases.to_pylist(), "a"]), hashes=hashes_array(b"".join([*one.hashes.to_pylist(), NO_ROW]))
    )
    assert [found.to_pylist() for found in differing(now, then, ROUTE)] == [["a"], ["a"]]
    assert differing({}, then, ROUTE)[0].to_pylist() == []
