"""Every officer's task in a real browser, at both ends, in both languages, wide and narrow.

`make test` plays each task once, spread so that every end, language and size occurs; `make browser` plays all of them,
with both ends' ledgers on PostgreSQL.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from itertools import product
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.console.browsing import NARROW, WIDE, at, served
from tests.console.kit import Console, console, copied, on_postgres
from tests.console.stories import TASKS, Seat
from tests.servers import PostgresServer

pytestmark = pytest.mark.timeout(900)
Way = tuple[str, str, str, tuple[int, int]]
SHORT: tuple[Way, ...] = (
    ("today", "court", "zh", WIDE), ("case", "tax", "en", NARROW), ("breaks", "court", "zh", NARROW),
    ("urgent", "court", "zh", WIDE), ("alerts", "court", "en", WIDE), ("meeting", "tax", "zh", NARROW),
    ("reports", "court", "en", NARROW), ("evidence", "tax", "zh", WIDE), ("admin", "tax", "en", WIDE),
)  # fmt: skip
FULL: tuple[Way, ...] = tuple(product(TASKS, ("court", "tax"), ("zh", "en"), (WIDE, NARROW)))
Worlds = Callable[[str], tuple[Console, Console, str, str]]


@pytest.fixture(scope="module")
def worlds(
    gone_round: Path, tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> Iterator[Worlds]:
    """A world by name, both ends' consoles and their addresses; made when first asked for.

    The short form plays in one, on SQLite; each way of the full form in its own, on PostgreSQL.
    """
    made: dict[str, tuple[Console, Console, str, str]] = {}
    with ExitStack() as open_:

        def world(name: str) -> tuple[Console, Console, str, str]:
            if name not in made:
                home = copied(gone_round, tmp_path_factory.mktemp(f"stories-{name}"))
                if name != "short":
                    server: PostgresServer = request.getfixturevalue("postgres_server")
                    on_postgres(home, lambda: server.url(server.new_database()))
                court, tax = (open_.enter_context(console(home / end)) for end in ("court", "tax"))
                made[name] = (court, tax, *(open_.enter_context(served(end)) for end in (court, tax)))
            return made[name]

        yield world


def _ways() -> list[object]:
    ways = []
    for way in FULL:
        name = f"{way[2]}-{way[3][0]}"
        marks = [] if way in SHORT else [pytest.mark.browser, pytest.mark.xdist_group(name)]
        ways.append(pytest.param(way, "short" if way in SHORT else name, id=f"{way[0]}-{way[1]}-{name}", marks=marks))
    return ways


@pytest.mark.parametrize(("way", "name"), _ways())
def test_a_task_from_signing_in_to_paper(chromium: Browser, worlds: Worlds, way: Way, name: str) -> None:
    task, end, language, size = way
    court, tax, here, there = worlds(name)
    first, second, address = (court, tax, here) if end == "court" else (tax, court, there)
    with at(chromium, address, size=size, language=language) as desk:
        TASKS[task](Seat(desk=desk, end=first, other=second, task=task, where=f"{end}-{language}-{size[0]}"))


def test_the_short_form_meets_every_end_language_and_size() -> None:
    assert {way[0] for way in SHORT} == set(TASKS)
    assert len({way[1:] for way in SHORT}) == 8
