"""What officers come for, from signing in to the print or the download: a task of the console is a function here.

A story runs at either end, in either language, at either size (`Seat`); `test_stories.py` says which combinations run.
Words are message ids of the catalogue, so a story reads in English and works in both languages. Each leaves pictures
`<task>-<step>-<end>-<language>-<width>.png` in `build/pictures`.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import unquote

from docx import Document
from openpyxl import load_workbook
from playwright.sync_api import expect
from pypdf import PdfReader

from exchange import journeys
from exchange.console.work import work_once
from tests.console.browsing import Desk
from tests.console.kit import Console

PAID_SHORT: Final = "（2026）冀1182破4号"
SILENT, MANY = "（2026）冀1122破2号", "（2025）冀1126破5号"
"""No claim was filed; more happened than in any other."""
UNSENT: Final = "（2025）冀1102破3号"
"""A case that went with the quarter and not urgently."""


@dataclass(frozen=True, kw_only=True)
class Seat:
    """Where a story is played: a desk before one end's console, the worker of that end, and the other end."""

    desk: Desk
    end: Console
    other: Console
    task: str
    where: str
    """As court-zh-1366."""

    @property
    def court(self) -> bool:
        """Whether this is the court's end."""
        return self.end.house.settings.party.startswith("court")

    def seen(self, step: str = "") -> None:
        """The page pictured and checked."""
        self.desk.seen("-".join(part for part in (self.task, step, self.where) if part))

    def paper(self, step: str = "", *, most: int) -> str:
        """The page printed; its text."""
        return self.desk.paper("-".join(part for part in (self.task, step, self.where) if part), most=most)

    def work(self) -> None:
        """What the worker process does."""
        job = work_once(self.end.house)
        assert job is not None
        assert job.state == "done", (job.kind, job.code, job.what, job.where)


def today(seat: Seat) -> None:
    """What needs me now: the first line leads to its place; the limits to come; the list on paper."""
    desk = seat.desk.sign_in("chief-1" if seat.court else "liaison-1")
    seat.seen()
    assert "1" in seat.paper(most=2)
    desk.page.locator(".work a").first.click()
    desk.page.wait_for_url(lambda url: url.rstrip("/") != desk.address)
    desk.check()
    desk.go("/limits")
    seat.seen("limits")


def case(seat: Seat) -> None:
    """Before a hearing: found by its name, names shown and recorded, one side of A4."""
    desk = seat.desk.sign_in("liaison-1")
    desk.page.fill(".find input", "安泰瑞丰建材")
    desk.page.press(".find input", "Enter")
    desk.page.wait_for_url(lambda url: PAID_SHORT in unquote(url))
    seat.seen()
    desk.press("Show names (recorded)")
    desk.main.get_by_role("button", name=desk.say("Show names (recorded)")).wait_for(state="detached")
    with desk.page.expect_response("**/printed"):
        desk.press("Print")
    text = seat.paper(most=1)
    assert "1,466,171.66" in text
    assert [e.body["what"] for e in seat.end.house.parts.ledger.events(kind="looked_at")][-2:] == [
        "names", "case_printed",
    ]  # fmt: skip
    for other in (SILENT, MANY):
        desk.go(f"/cases/{other}")
        desk.check()
        seat.paper("other", most=1)


def breaks(seat: Seat) -> None:
    """The first break of a kind: read, decided or answered with a reason, the list as Excel, the break on paper."""
    desk = seat.desk.sign_in("liaison-1")
    desk.go("/breaks")
    seat.seen("list")
    desk.page.select_option("#filters [name=code]", "LATE_FEE_DIFFERS")
    desk.page.wait_for_url("**code=LATE_FEE_DIFFERS**")
    first = desk.page.get_attribute("[data-row]", "data-row")
    desk.page.locator(".brk .a a").first.click()
    desk.page.wait_for_selector(f"#det[data-id='{first}']")
    seat.seen("one")
    desk.page.locator("#decide [name=choice]").nth(2 if seat.court else 0).check()
    desk.page.fill("#why", "截止日应为受理裁定之日，请更正后重报。")
    desk.page.click("#decide button[data-many]")
    desk.reads("Recorded.")
    seat.seen("decided")
    assert "截止日应为受理裁定之日" in seat.paper(most=3)
    desk.go("/breaks?code=LATE_FEE_DIFFERS&stand=all")
    sheet = load_workbook(io.BytesIO(desk.taken("a[href^='/breaks/list.xlsx']"))).worksheets[0]
    assert sheet.max_row > 3


def urgent(seat: Seat) -> None:
    """A case that can't wait: what goes is seen, it goes, its receipts arrive. The bureau sees what came."""
    if seat.court:
        _urgent_goes(seat)
    else:
        _urgent_came(seat)


def _urgent_goes(seat: Seat) -> None:
    desk = seat.desk.sign_in("chief-1")
    desk.go("/urgent")
    desk.follow("Send a case")
    desk.page.fill("#uq", UNSENT)
    desk.press("Find")
    desk.page.fill("#reason", "债权人会议在即，请即时传送")
    seat.seen("new")
    desk.press("See what will go")
    desk.page.wait_for_url("**/urgent/jobs/*")
    seat.work()
    desk.reads("Fingerprint of these rows")
    seat.seen("preview")
    desk.press("Send now")
    desk.page.wait_for_selector("#job")
    seat.work()
    desk.page.wait_for_selector(".rungs")
    seat.seen("sent")
    for end in (seat.other, seat.end):
        journeys.sweep(end.house.parts)
    desk.page.wait_for_selector(".rungs li.ok:last-child")
    seat.seen("there")
    assert UNSENT[6:] in seat.paper(most=1)


def _urgent_came(seat: Seat) -> None:
    desk = seat.desk.sign_in("liaison-1")
    desk.go("/urgent")
    seat.seen("came")
    desk.main.locator("table a").first.click()
    desk.page.wait_for_selector(".rungs li.ok:last-child")
    seat.seen("there")
    assert "000" in seat.paper(most=1)
    desk.go("/urgent/new")
    desk.reads("This end sends no urgent cases; it receives them.")
    seat.seen("none")


def alerts(seat: Seat) -> None:
    """An alert acknowledged by keyboard; then who did what, and whether the chain is whole, on paper and as Excel."""
    desk = seat.desk.sign_in("liaison-1")
    desk.go("/alerts")
    seat.seen()
    waiting = desk.main.locator(".alerts input[type=checkbox]")
    if waiting.count():
        waiting.first.focus()
        desk.page.keyboard.press("Space")
        desk.page.fill("#word", "已请承办庭更正")
        desk.page.keyboard.press("Tab")
        desk.page.keyboard.press("Enter")
        expect(waiting).not_to_have_count(waiting.count())
    seat.paper(most=2)
    desk.go("/ledger?tab=events")
    seat.seen("events")
    desk.press("Verify the chain")
    desk.page.wait_for_url("**/ledger/verify/*")
    seat.work()
    desk.page.wait_for_selector("#job .banner.ok")
    seat.seen("whole")
    desk.go("/ledger")
    seat.seen("ledger")
    own = "131100-cases.Q.2026Q3" if seat.court else "131100-claims.A."
    assert own in seat.paper("ledger", most=4)
    assert load_workbook(io.BytesIO(desk.taken("a[href^='/ledger/sheet']"))).worksheets[0].max_row > 3


def meeting(seat: Seat) -> None:
    """A question filed from a case, a meeting called, its agenda as Word and PDF, a resolution noted."""
    desk = seat.desk.sign_in("chief-1")
    page = desk.go("/meetings/questions/new?case=（2026）冀1103破6号")
    page.fill("#text", "受理后新生税款的申报时点如何把握")
    seat.seen("question")
    desk.press("File it")
    page.wait_for_url("**/meetings")
    page.fill("#day", "2026-10-20")
    page.fill("#place", "中院三楼会议室")
    desk.press("Call it")
    desk.reads("Put on the agenda")
    seat.seen("list")
    page.locator('form[action="/meetings/2026-10-20/agenda"] button').first.click()
    page.wait_for_url("**/meetings/2026-10-20")
    page.fill("#text", "自受理次月起按月申报")
    page.fill("#due_on", "2026-11-30")
    desk.press("Note it")
    desk.main.locator(".rows b", has_text="自受理次月起按月申报").wait_for()
    seat.seen()
    seat.paper(most=3)
    word, paper = (desk.taken(f"a[href$='agenda.{kind}']") for kind in ("docx", "pdf"))
    assert "申报时点" in "".join(p.text for p in Document(io.BytesIO(word)).paragraphs)
    assert "2026" in PdfReader(io.BytesIO(paper)).pages[0].extract_text()


def reports(seat: Seat) -> None:
    """Day, week, month, quarter: figures, charts drawn, on paper, as Excel."""
    desk = seat.desk.sign_in("liaison-1")
    for kind in ("day", "week", "month", "quarter"):
        page = desk.go(f"/reports/{kind}?at=2026Q3" if kind == "quarter" else f"/reports/{kind}")
        if kind == "quarter":
            page.wait_for_selector(".onscreen svg")
            page.hover(".onscreen svg")
        seat.seen(kind)
    assert "127,813,754.34" in seat.paper(most=6)
    assert load_workbook(io.BytesIO(desk.taken("a[href*='.xlsx']"))).sheetnames


def evidence(seat: Seat) -> None:
    """A pack of a case, from its file: made, listed, taken along."""
    desk = seat.desk.sign_in("liaison-1")
    desk.go(f"/cases/{PAID_SHORT}")
    desk.follow("Evidence pack")
    desk.page.wait_for_url("**/evidence?case=*")
    desk.press("Make the pack")
    desk.page.wait_for_selector(".packs td a")
    seat.seen()
    with zipfile.ZipFile(io.BytesIO(desk.taken(".packs td a"))) as pack:
        assert "evidence/verify.sh" in pack.namelist()
    assert PAID_SHORT[6:] in seat.paper(most=1)


def admin(seat: Seat) -> None:
    """A colleague gets an account, and stands in for another from day to day; keys and health are looked at."""
    desk = seat.desk.sign_in("admin-1")
    page = desk.go("/admin?tab=people")
    page.fill("#id", "liaison-9")
    page.fill("#name", "沈默")
    page.check("[name=role][value=handler]")
    desk.press("Add")
    desk.reads("First password, shown only now")
    seat.seen("people")
    page = desk.go("/admin?tab=delegations")
    page.select_option("#giver", "chief-1")
    page.select_option("#taker", "liaison-9")
    page.select_option("#role", "reviewer")
    page.fill("#last_day", "2099-10-20")
    desk.press("Delegate")
    desk.reads("Stands")
    seat.seen("delegations")
    desk.go("/admin?tab=keys")
    seat.seen("keys")
    assert "131100" in seat.paper("keys", most=2)


TASKS: Final[Mapping[str, Callable[[Seat], None]]] = {
    "today": today, "case": case, "breaks": breaks, "urgent": urgent, "alerts": alerts, "meeting": meeting,
    "reports": reports, "evidence": evidence, "admin": admin,
}  # fmt: skip
"""Nine of the ten; the review of a quarter needs both ends at once (`test_review_story.py`)."""
