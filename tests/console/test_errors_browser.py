"""Each way a request ends badly, seen in a real browser in both languages; what was typed stands on the page or in the
form again (a lost connection and an ended session: test_frame.py)."""

from __future__ import annotations

import pytest
from fastapi import APIRouter
from playwright.sync_api import Browser, Page
from starlette.exceptions import HTTPException

from exchange import journeys
from exchange.console.app import create_app
from exchange.console.pages import ROUTERS
from exchange.console.visit import needs
from exchange.domain.errors import RetryLater
from tests.console.browsing import NARROW, WIDE, Desk, at, served
from tests.console.kit import Console

pytestmark = pytest.mark.timeout(300)
TEXT = "半小时写成的一段话，不能丢"
broken = APIRouter()


@broken.post("/broken/{sort}")
def _broken(sort: str, _: object = needs("look")) -> None:
    if sort == "413":
        raise HTTPException(413)
    if sort == "503":
        raise RetryLater(901, "The ledger's database can't be reached.", where="ledger", next_step="Wait.")
    raise ValueError(sort)


def _sent(page: Page, path: str) -> None:
    """The page's form, sent elsewhere with what was typed."""
    page.fill("#text", TEXT)
    page.locator("main form").evaluate(f"form => form.setAttribute('action', '{path}')")
    with page.expect_navigation():
        page.locator("main form button.p").click()


@pytest.mark.parametrize(("language", "size"), [("zh", WIDE), pytest.param("en", NARROW, marks=pytest.mark.browser)])
def test_every_error_page_is_whole_and_shows_what_was_typed(
    chromium: Browser, fresh_ends: tuple[Console, Console], language: str, size: tuple[int, int]
) -> None:
    court = fresh_ends[0]
    court.app = create_app(court.house, (*ROUTERS, broken))
    told = {"kind": "interface", "text": "回执常在周五晚间才到", "about": {}}
    question = journeys.meet(court.house.parts, "file", told, by="liaison-1")
    journeys.meet(court.house.parts, "withdraw", {"id": question}, by="liaison-1")
    with served(court) as address, at(chromium, address, size=size, language=language) as desk:
        desk.sign_in("liaison-1")
        for status, path in ((404, "/nowhere"), (403, "/admin")):
            desk.go(path)
            _seen(desk, status)
        for status, path in (
            (409, f"/meetings/questions/{question}/answer"), (413, "/broken/413"), (503, "/broken/503"),
            (500, "/broken/500"), (403, "/meetings/share"), (404, "/meetings/questions/none/answer"),
        ):  # fmt: skip
            _sent(desk.go("/meetings/questions/new"), path if status != 403 else "/admin/people")
            assert desk.page.input_value("#typed-1") == TEXT
            _seen(desk, status)
        desk.go("/meetings/questions/new")
        assert desk.page.input_value("#text") == TEXT, "the form has it again"
        desk.page.fill("#text", "电话 13912345678，请核对回执")
        with desk.page.expect_navigation():
            desk.page.locator("main form button.p").click()
        assert desk.page.input_value("#text") == "电话 13912345678，请核对回执"
        _seen(desk, 422)


def _seen(desk: Desk, status: int) -> None:
    desk.problems[:] = [one for one in desk.problems if "status of 5" not in one]
    desk.seen(f"error-{status}-court-{desk.language}-{desk.page.viewport_size['width']}")
