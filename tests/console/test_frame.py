"""The frame of every page in a real browser: signing in, language, narrow, keys."""

from __future__ import annotations

from playwright.sync_api import Browser, expect

from tests.console.browsing import at, served
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
