"""An act of a joint meeting that is of no use there, a resolution past its day: 联席会议, 今日, 预警 in a browser."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from exchange import journeys
from exchange.domain.meeting_life import meeting_key
from tests.console.browsing import NARROW, WIDE, at, served
from tests.console.kit import Console, console, copied

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]
COURT, TAX, DAY, LATER = "court-131100", "tax-131100", "2026-10-12", date(2026, 11, 20)
SAID = {
    "court": "The other side could not use an entry of ours: %(act)s",
    "tax": "An entry that came last from the other side can't be used here; its receipt says which.",
}
WAYS = [(WIDE, "zh"), (WIDE, "en"), (NARROW, "zh"), (NARROW, "en")]


def _do(end: Console, act: str, **told: object) -> str:
    return journeys.meet(end.house.parts, act, told, by="liaison-1")


def _unusable(end: Console) -> None:
    """An act as another version of the software may let it pass: about a case that has no number."""
    parts = end.house.parts
    with parts.ledger.transaction() as write:
        [*_, filed] = parts.ledger.events(exchange=meeting_key(TAX), kind="question_filed")
        odd = {"act": f"{COURT}.odd", "subject": f"{COURT}.odd", "number": 9, "about": {"case": "没有号"}}
        write.append("question_filed", exchange=meeting_key(TAX), actor="liaison-1", body={**filed.body, **odd})


def _told(end: Console) -> None:
    key = end.as_("liaison-1").post("/meetings/share").headers["location"]
    page = end.as_("chief-1").page(key)
    form = {name: re.findall(rf'name="{name}" value="([^"]*)"', page)[0] for name in ("content_hash", "version")}
    assert end.as_("chief-1").post(f"{key}/approve", form).status_code == 303


def _met(court: Console, tax: Console) -> None:
    """A meeting held, two resolutions, one each; an act the bureau can't use."""
    asked = _do(court, "file", kind="interface", text="周五下午五点后发送的数据包，次一工作日才收到回执")
    _do(court, "call", day=DAY, period="2026Q3", place="中级人民法院第三会议室")
    _do(court, "put", id=asked, meeting=DAY)
    due = {"meeting": DAY, "due_on": "2026-10-30"}
    _do(court, "resolve", text="税务局发文告知各管理人，自受理次月起按月申报", owner=TAX, **due)
    _do(court, "resolve", text="法院公告中写明申报时点", owner="liaison-1", question=asked, **due)
    _unusable(court)
    _told(court)
    for end in (court, tax, court, tax):
        journeys.sweep(end.house.parts)


@pytest.fixture(scope="module")
def late(gone_round: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Both ends on a day three weeks past the resolutions' day, the watch gone through."""
    world = copied(gone_round, tmp_path_factory.mktemp("late"))
    with console(world / "court") as court, console(world / "tax") as tax:
        _met(court, tax)
        for end in (court, tax):
            journeys.watch(replace(end.house.parts, today=LATER))
    for settings in world.glob("*/exchange.toml"):
        told = re.sub(r"(?m)^today = .*\n", "", settings.read_text(encoding="utf-8"))
        settings.write_text(f'today = "{LATER}"\n{told}', encoding="utf-8")
    return world


@pytest.mark.parametrize("end", ["court", "tax"])
def test_what_is_of_no_use_and_what_is_overdue_is_said(late: Path, chromium: Browser, end: str) -> None:
    with console(late / end) as here, served(here) as address:
        for size, language in WAYS:
            with at(chromium, address, size=size, language=language) as desk:
                desk.sign_in("chief-1").go("/meetings")
                desk.main.get_by_text(desk.say(SAID[end], act="").strip()).first.wait_for()
                desk.seen(f"unusable-meetings-{end}-{language}-{size[0]}")
                desk.go("/alerts?rule=resolution_overdue")
                assert "申报" in desk.main.locator("ul.alerts li").inner_text(), "what was resolved, not its id"
                desk.seen(f"overdue-alerts-{end}-{language}-{size[0]}")
                desk.go("/")
                desk.seen(f"overdue-today-{end}-{language}-{size[0]}")
