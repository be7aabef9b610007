"""Every other page an officer can open: at both ends, in both languages, wide and narrow; empty, full and refused.

`make test` looks at each page once, `make browser` at all of them in every combination. All are read on PostgreSQL too.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from itertools import product
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from exchange.domain.break_view import seen
from tests.console.browsing import NARROW, WIDE, at, served
from tests.console.kit import Console, console, copied, on_postgres, unbegun
from tests.servers import PostgresServer

LOOKED = {
    "exchanges": "/exchanges", "came": "/exchanges?direction=in", "review": "/exchanges/KEY",
    "held": "/exchanges/KEY?tab=held", "gaps": "/exchanges/KEY?tab=gaps",
    "points": "/exchanges/KEY?tab=points", "checks": "/exchanges/KEY?tab=checks",
    "files": "/exchanges/KEY?tab=files", "new": "/exchanges/KEY?tab=new",
    "history": "/exchanges/KEY?tab=history", "sample": "/exchanges/KEY?tab=sample", "cases": "/cases",
    "no-case": "/cases?q=没有", "matches": "/breaks/matches?all=1", "no-break": "/breaks?stand=info&q=0",
    "acknowledged": "/alerts?show=acknowledged", "packets": "/ledger?tab=packets", "event": "/ledger/events/60",
    "question": "/meetings/questions/new", "evidence": "/evidence", "urgent-new": "/urgent/new", "account": "/account",
    "not-there": "/cases/none", "not-allowed": "/admin",
}  # fmt: skip
OVERSEEN = {
    "agreement": "/admin?tab=agreement", "settings": "/admin?tab=settings", "health": "/admin?tab=health",
    "person": "/admin/people/chief-1",
}  # fmt: skip
EMPTY = {
    "today": "/", "exchanges": "/exchanges", "cases": "/cases", "breaks": "/breaks", "alerts": "/alerts",
    "urgent": "/urgent", "limits": "/limits", "ledger": "/ledger", "meetings": "/meetings", "reports": "/reports",
    "evidence": "/evidence",
}  # fmt: skip
CASE = "（2026）冀1182破4号"
LONG = (
    "衡水市冀州区恒通瑞丰龘𠀋橡塑制品与矿山输送机械成套设备研究开发制造进出口贸易"
    "有限责任公司管理人清算组第一分公司驻石家庄联络处"
)
CROWDED = {
    "breaks": "/breaks?stand=all&page=3", "cases": "/cases", "case": f"/cases/{CASE}",
    "break": f"/breaks?stand=all&case={CASE}", "found": "/cases?q=冀1182",
}  # fmt: skip
pytestmark = pytest.mark.timeout(900)
Way = tuple[int, str, tuple[int, int]]
WAYS: tuple[Way, ...] = tuple(product((0, 1), ("zh", "en"), (WIDE, NARROW)))
SHORT: tuple[Way, ...] = ((0, "zh", WIDE), (0, "en", NARROW), (1, "zh", NARROW), (1, "en", WIDE))


def _ways(every: tuple[Way, ...] = SHORT) -> list[object]:
    """All combinations; those of the short form look at their share of the pages twice marked: once short, once all."""
    short = [pytest.param(way, (n, len(every)), id=_id(way)) for n, way in enumerate(every)]
    return short + [pytest.param(way, (0, 1), id=f"{_id(way)}-all", marks=pytest.mark.browser) for way in WAYS]


def _id(way: Way) -> str:
    return f"{('court', 'tax')[way[0]]}-{way[1]}-{way[2][0]}"


def _key(end: Console) -> str:
    """The exchange this end released: the court's quarter, the bureau's answer."""
    return next(str(e.exchange) for e in end.house.parts.ledger.events(kind="approved") if ".U." not in str(e.exchange))


def _look(browser: Browser, address: str, way: Way, person: str, pages: dict[str, str], start: str = "") -> None:
    with at(browser, address, size=way[2], language=way[1]) as desk:
        if "account" in pages:
            desk.go("/sign-in")
            desk.seen(f"sign-in-{_id(way)}")
        desk.sign_in(person)
        for name, path in pages.items():
            desk.go(path)
            desk.seen(f"{start}{name}-{_id(way)}")


def _share(pages: dict[str, str], part: tuple[int, int]) -> dict[str, str]:
    return dict(list(pages.items())[part[0] :: part[1]])


@pytest.mark.parametrize(("way", "part"), _ways())
def test_a_page_is_fit_to_be_seen(
    chromium: Browser, ends: tuple[Console, Console], sites: tuple[str, str], way: Way, part: tuple[int, int]
) -> None:
    key = _key(ends[way[0]])
    pages = {name: path.replace("KEY", key) for name, path in _share(LOOKED, part).items()}
    _look(chromium, sites[way[0]], way, "chief-1", pages)
    _look(chromium, sites[way[0]], way, "admin-1", _share(OVERSEEN, part))


@pytest.fixture(scope="module")
def new_ends(gone_round: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str]]:
    """Both ends on their first day: keys are exchanged and nothing else."""
    world = unbegun(gone_round, tmp_path_factory.mktemp("new"))
    with console(world / "court") as court, console(world / "tax") as tax, served(court) as here, served(tax) as there:
        yield here, there


@pytest.mark.parametrize(("way", "part"), _ways(SHORT[::3]))
def test_an_empty_page_says_why(chromium: Browser, new_ends: tuple[str, str], way: Way, part: tuple[int, int]) -> None:
    _look(chromium, new_ends[way[0]], way, "liaison-1", _share(EMPTY, part), "empty-")


@pytest.fixture(scope="module")
def crowded(gone_round: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str]]:
    """Both ends with a debtor whose name has sixty characters; the court with eleven hundred breaks more."""
    world = copied(gone_round, tmp_path_factory.mktemp("crowded"))
    for end in ("court", "tax"):
        with closing(sqlite3.connect(world / end / "ledger.db")) as raw, raw:
            raw.execute("UPDATE case_words SET debtor = ? WHERE case_no = ?", (LONG, CASE))
            raw.execute("UPDATE landed_case_debtor SET name = ? WHERE case_no = ?", (LONG, CASE))
    with console(world / "court") as court, console(world / "tax") as tax, served(court) as here, served(tax) as there:
        _crowd(court)
        yield here, there


def _crowd(end: Console) -> None:
    parts = end.house.parts
    pattern = seen(parts.ledger, parts.agreement, parts.party)[0].record
    more = [
        replace(pattern, id=f"{n:016x}", case_no=f"（2026）冀1103破{n}号之{n}", claim_no=f"131103TSSB{n:09d}")
        for n in range(1, 1101)
    ]
    with parts.ledger.transaction() as write:
        write.set_breaks(pattern.route, more)


@pytest.mark.parametrize(("way", "part"), _ways(SHORT[1:2]))
def test_a_thousand_rows_and_a_very_long_name_fit(
    chromium: Browser, crowded: tuple[str, str], way: Way, part: tuple[int, int]
) -> None:
    _look(chromium, crowded[way[0]], way, "liaison-1", CROWDED, "crowded-")


def test_every_page_is_read_through_on_postgresql(
    gone_round: Path, postgres_server: PostgresServer, tmp_path: Path
) -> None:
    world = copied(gone_round, tmp_path)
    on_postgres(world, lambda: postgres_server.url(postgres_server.new_database()))
    with console(world / "court") as court, console(world / "tax") as tax:
        for end in (court, tax):
            chief, admin, key = end.as_("chief-1"), end.as_("admin-1"), _key(end)
            for name, path in {**LOOKED, **EMPTY}.items():
                refused = {"not-there": 404, "not-allowed": 403}
                assert chief.get(path.replace("KEY", key)).status_code == refused.get(name, 200), path
            for path in OVERSEEN.values():
                admin.page(path)
            assert end.house.parts.ledger.verify() == []
