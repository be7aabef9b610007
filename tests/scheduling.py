"""Which worker runs what, and when: files go whole, so that what a file builds is built once, the dearest first."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from xdist.scheduler import LoadFileScheduling

DEAREST: Final = (
    "tests/two_ends/test_round_airflow.py",
    "tests/two_ends/test_corrections.py",
    "tests/console/test_access.py",
    "tests/two_ends/test_real_parts.py",
    "tests/console/test_review_story.py",
    "tests/console/test_pages.py",
    "tests/console/test_stories.py",
    "tests/dags/test_scheduler.py",
    "tests/faults/test_demo_killed.py",
    "tests/dags/test_no_personal_data.py",
    "tests/two_ends/test_no_personal_data.py",
    "tests/two_ends/test_round.py",
    "tests/contracts/test_contracts_files.py",
    "tests/two_ends/test_closed_to_others.py",
    "tests/two_ends/test_bad_days.py",
    "tests/oracle/test_oracle.py",
)
"""Begun first, in this order: a long file that begins last leaves the other workers idle."""

TOGETHER: Final = frozenset(f"tests/dags/test_{name}.py" for name in ("border", "dags", "deploy", "parse", "timetable"))
"""Files that go to one worker, for they share an Airflow of one process."""


def dearest_first(paths: Sequence[str]) -> list[int]:
    """The order of collected tests, given their files: the dearest in their order, then the others as they came."""
    rank = {path: at for at, path in enumerate(DEAREST)}
    return sorted(range(len(paths)), key=lambda at: rank.get(paths[at], len(rank)))


class WholeFiles(LoadFileScheduling):
    """As `--dist loadfile`, but files that share something costly go together, and none is moved for its length."""

    def _split_scope(self, nodeid: str) -> str:
        path = str(super()._split_scope(nodeid))
        return "together" if path in TOGETHER else path

    def schedule(self) -> None:
        self.config.option.loadscopereorder = False
        super().schedule()
