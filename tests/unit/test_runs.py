"""Cases in shares: each case once, with all its rows, in their order."""

from __future__ import annotations

import pandas as pd
import pytest

from exchange.domain.runs import shares

CASES = pd.DataFrame({"_record": [f"r{n}" for n in range(10)], "case_no": [f"c{n}" for n in range(10)]}, dtype="str")
EVENTS = pd.DataFrame(
    {"_record": [f"r{n % 10}" for n in range(7, 32)], "event_no": [str(n) for n in range(25)]}, dtype="str"
)
FRAMES = {"bankruptcy_case": CASES, "case_event": EVENTS}


def test_few_cases_are_one_share() -> None:
    assert [list(share) for share in shares(FRAMES, CASES["_record"])] == [list(FRAMES)]
    assert [*shares({}, CASES["_record"].iloc[:0])] == [{}]


@pytest.mark.parametrize("most", [1, 3, 4, 9, 10, 11])
def test_each_case_is_in_one_share_with_all_its_rows(most: int) -> None:
    found = [*shares(FRAMES, CASES["_record"], most=most)]
    assert len(found) == -(-10 // most)
    for share in found:
        assert 0 < len(share["bankruptcy_case"]) <= most
        assert set(share["case_event"]["_record"]) == set(share["bankruptcy_case"]["_record"])
    for name, frame in FRAMES.items():
        together = pd.concat([share[name] for share in found])
        pd.testing.assert_frame_equal(together.sort_index(), frame)
        assert all(share[name].index.is_monotonic_increasing for share in found)
