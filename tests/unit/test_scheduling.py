"""The order of a test run names files that are there, and puts the dearest first."""

from __future__ import annotations

from pathlib import Path

from tests.scheduling import DEAREST, TOGETHER, dearest_first

ROOT = Path(__file__).parents[2]


def test_every_named_file_is_there() -> None:
    assert [path for path in (*DEAREST, *sorted(TOGETHER)) if not (ROOT / path).is_file()] == []


def test_the_dearest_come_first_in_their_order_and_the_others_as_they_came() -> None:
    paths = ["tests/unit/test_b.py", DEAREST[1], "tests/unit/test_a.py", DEAREST[0], DEAREST[1]]
    assert dearest_first(paths) == [3, 1, 4, 0, 2]
