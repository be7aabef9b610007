"""Worlds and browsers for console tests; the round is gone once a test run, whatever the number of workers."""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.console.browsing import served, started
from tests.console.kit import Console, console, copied, go_round, peopled


@pytest.fixture(scope="session")
def gone_round(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Both ends' homes after a whole quarter, with their people; EXCHANGE_TEST_WORLD names a round that is kept."""
    own = tmp_path_factory.getbasetemp()
    shared = own.parent if "PYTEST_XDIST_WORKER" in os.environ else own
    kept, mark = os.environ.get("EXCHANGE_TEST_WORLD"), shared / "console-world.done"
    with (shared / "console-world.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not mark.exists():
            for left in ("console-round", "console-world"):
                shutil.rmtree(shared / left, ignore_errors=True)
            if not kept:
                go_round(shared / "console-round")
            peopled(Path(kept or shared / "console-round"), shared / "console-world")
            mark.touch()
    return shared / "console-world/world"


@pytest.fixture(scope="module")
def ends(gone_round: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Console, Console]]:
    """The consoles of court and tax after a quarter; tests of a module share them and only look."""
    world = copied(gone_round, tmp_path_factory.mktemp("ends"))
    with console(world / "court") as court, console(world / "tax") as tax:
        yield court, tax


@pytest.fixture
def fresh_ends(gone_round: Path, tmp_path: Path) -> Iterator[tuple[Console, Console]]:
    """The same, of one's own: a test that changes something asks for these."""
    world = copied(gone_round, tmp_path)
    with console(world / "court") as court, console(world / "tax") as tax:
        yield court, tax


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """One Chromium a worker."""
    with started() as browser:
        yield browser


@pytest.fixture(scope="module")
def sites(ends: tuple[Console, Console]) -> Iterator[tuple[str, str]]:
    """Addresses of both ends' consoles after a quarter."""
    with served(ends[0]) as court, served(ends[1]) as tax:
        yield court, tax
