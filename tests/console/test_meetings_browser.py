"""联席会议 in a real browser at both ends: a question filed from a break, answered there, a figure proposed."""

from __future__ import annotations

import io
import re

import pytest
from docx import Document
from playwright.sync_api import Browser
from pypdf import PdfReader

from exchange import journeys
from exchange.domain.break_desk import TODO, DeskQuery
from tests.console.browsing import NARROW, at, served
from tests.console.kit import Console

pytestmark = pytest.mark.timeout(300)
DAY = "2026-10-20"


def _over(*ends: Console) -> None:
    for end in ends:
        journeys.sweep(end.house.parts)


def _told(end: Console) -> None:
    """Put forward by the handler, approved by a reviewer."""
    key = end.as_("liaison-1").post("/meetings/share").headers["location"]
    page = end.as_("chief-1").page(key)
    form = {name: re.findall(rf'name="{name}" value="([^"]*)"', page)[0] for name in ("content_hash", "version")}
    assert end.as_("chief-1").post(f"{key}/approve", form).status_code == 303


def test_a_break_goes_to_the_meeting_and_both_ends_see_the_same(
    fresh_ends: tuple[Console, Console], chromium: Browser
) -> None:
    court, tax = fresh_ends
    first = court.house.parts.ledger.break_desk(DeskQuery(today=court.house.today, stands=(TODO,)), limit=1)[0]
    with served(court) as here, served(tax) as there:
        with at(chromium, here) as desk:
            desk.sign_in("chief-1").go(f"/breaks/{first.id}")
            desk.follow("To the joint meeting")
            desk.page.wait_for_url(f"**break={first.id}*")
            desk.page.fill("#text", "该项差异双方口径不同，请会上议定")
            desk.seen("meeting-question-from-break-court-zh-1366")
            desk.press("File it")
            desk.page.wait_for_url("**/meetings")
            assert desk.main.locator(f"a[href='/breaks/{first.id}']").count() == 1
        [asked] = journeys.meeting_book(court.house.parts).questions.values()
        assert asked.about == {"break": first.id, "case": first.case_no}
        _told(court)
        _over(court, tax, court)
        with at(chromium, there) as desk:
            desk.sign_in("chief-1").go("/meetings")
            desk.reads("Answer")
            desk.main.locator("summary", has_text=desk.say("Answer")).first.click()
            desk.page.fill(f"#answer-{asked.id.replace('.', chr(92) + '.')}", "按受理日口径，双方各自核对")
            desk.main.locator(".pop[open] button").click()
            desk.page.wait_for_load_state()
            desk.page.fill("#day", DAY)
            desk.page.fill("#place", "税务局二楼会议室")
            desk.press("Call it")
            desk.reads("Put on the agenda")
            desk.press("Put on the agenda")
            desk.page.wait_for_url(f"**/meetings/{DAY}")
            desk.page.select_option("#figure", "131100-cases alert_acknowledge_workdays")
            desk.page.fill("#value", "2")
            desk.page.fill("#since", "2027-01-01")
            desk.page.fill("#source", "联席会议决议第一项")
            desk.press("Propose it")
            desk.main.locator(".rows b", has_text="预警确认期限（工作日） → 2").wait_for()
            desk.seen("meeting-both-tax-zh-1366")
            word, paper = (desk.taken(f"a[href$='agenda.{kind}']") for kind in ("docx", "pdf"))
        _told(tax)
        _over(tax, court, tax)
        for size, language in (((1366, 768), "zh"), (NARROW, "zh"), (NARROW, "en")):
            with at(chromium, here, size=size, language=language) as desk:
                desk.sign_in("liaison-1").go(f"/meetings/{DAY}")
                desk.reads("Proposed changes of the agreement")
                desk.seen(f"meeting-both-court-{language}-{size[0]}")
                assert "alert_acknowledge_workdays" not in desk.main.inner_text()
    written = "\n".join(p.text for p in Document(io.BytesIO(word)).paragraphs)
    printed = re.sub(r"\s", "", "".join(page.extract_text() for page in PdfReader(io.BytesIO(paper)).pages))
    for told in (re.sub(r"\s", "", written), printed):
        assert "预警确认期限（工作日）→2" in told
        assert f"差异{first.id[:10]}" in told
        assert "alert_acknowledge" not in told
