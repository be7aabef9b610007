"""今日, 预警, 紧急传送 in a real browser: both ends and languages, wide and narrow; an urgent case live; the print."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from exchange import journeys
from exchange.console.work import work_once
from tests.console.browsing import NARROW, PICTURES, WIDE, at, served
from tests.console.kit import Console

PAGES = {"today": "/", "alerts": "/alerts", "urgent": "/urgent", "limits": "/limits"}


@pytest.mark.parametrize(
    ("end", "person", "language", "size"),
    [
        (0, "chief-1", "zh", WIDE),
        (0, "liaison-1", "en", NARROW),
        (1, "liaison-1", "zh", NARROW),
        (1, "chief-1", "en", WIDE),
    ],
    ids=["court-zh-wide", "court-en-narrow", "tax-zh-narrow", "tax-en-wide"],
)
def test_the_pages_are_right_to_look_at(
    chromium: Browser, sites: tuple[str, str], end: int, person: str, language: str, size: tuple[int, int]
) -> None:
    with at(chromium, sites[end], size=size, language=language) as desk:
        desk.sign_in(person)
        for name, path in PAGES.items():
            desk.go(path)
            desk.picture(f"{name}-{('court', 'tax')[end]}-{language}-{size[0]}", whole=size == NARROW)
            desk.check()


def test_an_urgent_case_goes_in_three_clicks_and_its_receipts_arrive_while_one_looks(
    chromium: Browser, fresh_ends: tuple[Console, Console]
) -> None:
    court, tax = fresh_ends
    with served(court) as address, at(chromium, address) as desk:
        desk.sign_in("chief-1")
        page = desk.go("/urgent/new?case=（2025）冀1102破3号")
        page.fill("#reason", "债权人会议在即，请即时传送")
        desk.picture("urgent-new-court-zh-1366")
        desk.check()
        page.click("text=查看将送出的内容")
        page.wait_for_url("**/urgent/jobs/*")
        assert work_once(court.house) is not None
        page.wait_for_selector("text=内容指纹（本次所见）")
        desk.picture("urgent-preview-court-zh-1366")
        desk.check()
        page.click("text=立即送出")
        page.wait_for_selector("text=正在送出")
        assert work_once(court.house) is not None
        page.wait_for_selector("text=已送出，等待回执")
        desk.picture("urgent-sent-court-zh-1366")
        for end in (tax, court):
            journeys.sweep(end.house.parts)
        page.wait_for_selector(".rungs li.ok:last-child")
        desk.picture("urgent-there-court-zh-1366")
        desk.check()


def test_an_alert_is_acknowledged_by_keyboard_and_a_typed_word_survives_a_lost_session(
    chromium: Browser, fresh_ends: tuple[Console, Console]
) -> None:
    court, _ = fresh_ends
    with served(court) as address, at(chromium, address) as desk:
        desk.sign_in("liaison-1")
        page = desk.go("/alerts?rule=held")
        page.focus(".alerts input >> nth=0")
        page.keyboard.press("Space")
        page.fill("#word", "已请承办庭更正")
        page = desk.go("/alerts?rule=held")
        expect(page.locator("#word")).to_have_value("已请承办庭更正")
        page.check(".alerts input >> nth=0")
        page.focus("#word")
        page.keyboard.press("Tab")
        page.keyboard.press("Enter")
        page.wait_for_selector("text=14 项未确认")
        desk.check()


def test_the_work_list_prints_on_paper_without_its_buttons(chromium: Browser, sites: tuple[str, str]) -> None:
    with at(chromium, sites[0]) as desk:
        desk.sign_in("chief-1")
        page = desk.go("/")
        page.emulate_media(media="print")
        assert page.is_visible("text=待办清单")
        assert not page.is_visible(".work .btn")
        assert not page.is_visible(".side")
        PICTURES.mkdir(parents=True, exist_ok=True)
        paper = Path(PICTURES / "today-print.pdf")
        page.pdf(path=str(paper), prefer_css_page_size=True)
        assert 1 <= len(re.findall(rb"/Type\s*/Page\b", paper.read_bytes())) <= 2
