"""The frame of every page in a real browser: signing in, language, narrow, keys."""

from __future__ import annotations

import gc

from fastapi.testclient import TestClient
from playwright.sync_api import Browser, expect

from tests.console.browsing import NARROW, at, served
from tests.console.kit import PASSWORD, Console


def test_the_slash_leads_to_the_search_and_escape_back(chromium: Browser, sites: tuple[str, str]) -> None:
    with at(chromium, sites[0]) as desk:
        desk.sign_in("liaison-1")
        desk.page.keyboard.press("/")
        box = desk.page.locator(".find input")
        expect(box).to_be_focused()
        desk.page.keyboard.type("2026")
        expect(box).to_have_value("2026")
        desk.page.keyboard.press("Escape")
        expect(box).not_to_be_focused()


def test_without_script_one_signs_in_and_out(chromium: Browser, sites: tuple[str, str]) -> None:
    with at(chromium, sites[1], script=False) as desk:
        desk.sign_in("chief-1")
        desk.page.click("details.who summary")
        desk.page.click("text=退出登录")
        desk.page.wait_for_url("**/sign-in")


def test_typed_text_survives_a_lost_connection_and_an_ended_session(
    chromium: Browser, fresh_ends: tuple[Console, Console]
) -> None:
    court, _ = fresh_ends
    text = "半小时写成的一段话，不能丢"
    with served(court) as address, at(chromium, address) as desk:
        page = desk.sign_in("liaison-1").go("/meetings/questions/new")
        page.fill("#text", text)
        page.context.set_offline(True)
        page.wait_for_selector("#notice .banner")
        desk.picture("offline-court-zh-1366")
        page.context.set_offline(False)
        page.wait_for_selector("#notice .banner", state="detached")
        court.house.desk.close_sessions(person="liaison-1")
        page.click("main button.p")
        page.wait_for_selector("#signin")
        desk.picture("session-ended-court-zh-1366")
        desk.check()
        page.click("#signin a")
        page.fill("#person", "liaison-1")
        page.fill("#password", PASSWORD)
        page.click("main form button")
        page.wait_for_url("**/meetings/questions/new")
        expect(page.locator("#text")).to_have_value(text)
        page.click("main button.p")
        page.wait_for_url("**/meetings")
        assert text in page.inner_text("main")
        page = desk.go("/meetings/questions/new")
        assert page.input_value("#text") == ""


def test_a_word_typed_comes_back_as_a_draft(chromium: Browser, fresh_ends: tuple[Console, Console]) -> None:
    court, _ = fresh_ends
    with served(court) as address, at(chromium, address) as desk:
        desk.sign_in("liaison-1")
        page = desk.go("/alerts?rule=held")
        page.focus(".alerts input >> nth=0")
        page.keyboard.press("Space")
        page.fill("#word", "已请承办庭更正")
        page = desk.go("/alerts?rule=held")
        expect(page.locator("#word")).to_have_value("已请承办庭更正")


def test_what_is_read_in_at_the_start_is_set_aside_before_the_first_request(ends: tuple[Console, Console]) -> None:
    try:
        with TestClient(ends[0].app):
            assert gc.get_freeze_count() > 10_000
    finally:
        gc.unfreeze()


def test_the_tab_one_is_on_is_in_sight_on_a_phone(chromium: Browser, sites: tuple[str, str]) -> None:
    with at(chromium, sites[0], size=NARROW) as desk:
        page = desk.sign_in("admin-1").go("/admin?tab=health")
        expect(page.locator(".tabs [aria-current]")).to_be_in_viewport(ratio=0.9)
        expect(page.locator(".side > a[aria-current]")).to_be_in_viewport()
