"""A list under somebody's hands: nothing moves, a bar says how much has changed since, and shows it when asked."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st
from playwright.sync_api import Browser

from exchange.console.updates import changed, marks
from tests.console.browsing import NARROW, at, served
from tests.console.kit import Console, Person_, plain

THINGS = st.dictionaries(st.text(max_size=6), st.integers(0, 9), max_size=12)


@given(before=THINGS, after=THINGS)
def test_a_change_counts_once(before: dict[str, int], after: dict[str, int]) -> None:
    stayed = before.keys() & after.keys()
    differ = sum(before[one] != after[one] for one in stayed)
    moved = max(len(before.keys() - stayed), len(after.keys() - stayed))
    assert changed(marks(before), after) == differ + moved
    assert changed(marks(before), before) == 0


def test_more_beyond_the_page_counts_too_and_nonsense_is_read_as_something_else() -> None:
    assert changed(marks({"a": 1}), {"a": 1}, more=3) == 3
    assert changed("<script>" * 9, {"a": 1}) >= 1
    assert changed("", {}) == 0


def test_what_others_do_is_counted_and_ones_own_reading_is_not(fresh_ends: tuple[Console, Console]) -> None:
    court, _ = fresh_ends
    reader, other = court.as_("chief-1"), court.as_("liaison-1")
    for page in ("/?all=1", "/breaks", "/alerts?rule=held"):
        text = reader.page(page)
        asked = re.search(r'id="fresh".*?hx-get="([^"]+)"', text, re.DOTALL)
        assert asked is not None, page
        address = asked[1].replace("&amp;", "&")
        assert reader.get(address).status_code == 204, page
        _something_of(page, other)
        told = reader.get(address, headers={"hx-request": "true"})
        assert "更新 · 显示" in plain(told.text), page
        assert reader.get(re.sub(r"told=\d+", "told=1", address)).status_code in (200, 204)


def _something_of(page: str, who: Person_) -> None:
    """Let another officer do something that page tells."""
    if page.startswith("/alerts"):
        subject = re.search(r'name="alert" value="([^"]+)"', who.page(page))
        assert subject is not None
        who.post("/alerts/acknowledge", {"alert": subject[1], "word": "已请承办庭更正"})
        return
    listed = who.page("/breaks")
    first = re.search(r'data-row="(\w+)"', listed)
    assert first is not None
    version = re.search(r'name="version" value="([^"]+)"', who.page(f"/breaks/{first[1]}"))
    assert version is not None
    told = {"version": version[1], "choice": "explained", "text": "已核对原件，双方一致"}
    assert who.post(f"/breaks/{first[1]}/decide", told).status_code == 303


def test_today_says_so_and_moves_nothing_until_asked(chromium: Browser, fresh_ends: tuple[Console, Console]) -> None:
    court, _ = fresh_ends
    other = court.as_("liaison-1")
    with served(court) as address, at(chromium, address, language="en") as desk:
        page = desk.sign_in("chief-1").go("/?all=1")
        before = page.inner_text(".work")
        _something_of("/", other)
        page.wait_for_selector("#fresh a")
        assert page.inner_text(".work") == before
        desk.picture("updates-today-court-en-1366")
        desk.check()
        page.focus("#fresh a")
        page.keyboard.press("Enter")
        page.wait_for_selector("#fresh a", state="detached")
        assert page.inner_text(".work") != before


def test_what_is_typed_and_ticked_stays_while_the_list_is_shown_anew(
    chromium: Browser, fresh_ends: tuple[Console, Console]
) -> None:
    court, _ = fresh_ends
    other = court.as_("liaison-1")
    with served(court) as address, at(chromium, address) as desk:
        page = desk.sign_in("chief-1").go("/breaks")
        page.click("li.brk:nth-of-type(6) a")
        page.wait_for_selector("#why")
        page.fill("#why", "正在斟酌的一句话")
        page.check("#decide [name=choice] >> nth=1")
        first = page.inner_text("#list")
        _something_of("/breaks", other)
        page.wait_for_selector("#fresh a")
        assert page.inner_text("#list") == first
        desk.picture("updates-breaks-court-zh-1366")
        desk.check()
        page.click("#fresh a")
        page.wait_for_selector("#fresh a", state="detached")
        assert page.inner_text("#list") != first
        assert page.input_value("#why") == "正在斟酌的一句话"
        assert page.is_checked("#decide [name=choice] >> nth=1")
        assert page.evaluate("document.activeElement.id") == "fresh"
        page.set_viewport_size({"width": NARROW[0], "height": NARROW[1]})
        page = desk.go("/alerts")
        page.check(".alerts input >> nth=4")
        kept = page.get_attribute(".alerts input:checked", "value")
        page.fill("#word", "已请承办庭更正，下周复核")
        _something_of("/alerts", other)
        page.wait_for_selector("#fresh a")
        desk.picture("updates-alerts-court-zh-390")
        desk.check()
        page.click("#fresh a")
        page.wait_for_selector("#fresh a", state="detached")
        assert page.get_attribute(".alerts input:checked", "value") == kept
        assert page.locator(".alerts input:checked").count() == 1
        assert page.input_value("#word") == "已请承办庭更正，下周复核"
