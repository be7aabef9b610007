"""Two browsers alone, one at each end, take a quarter from its records to reconciled books, from sign-in to print.

`make test` plays it once, the court wide in Chinese and the bureau narrow in English; `make browser` in every way.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

import pytest
from openpyxl import load_workbook
from playwright.sync_api import Browser

from exchange import journeys
from exchange.console.work import work_once
from tests.console.browsing import NARROW, WIDE, Desk, at, served
from tests.console.kit import ROOT, Console, console, unbegun

QUARTER = "131100-cases.Q.2026Q3"
RETURN = ROOT / "examples/2026Q3/tax_return"
ZH, EN = "zh", "en"
pytestmark = pytest.mark.timeout(900)


@pytest.fixture
def begun(gone_round: Path, tmp_path: Path) -> Iterator[tuple[Console, Console]]:
    """Both ends with their keys and the court's records, and nothing exchanged yet; a shared folder between them."""
    world = unbegun(gone_round, tmp_path)
    with console(world / "court") as court, console(world / "tax") as tax:
        yield court, tax


def work(end: Console) -> None:
    """What the worker process does: everything that was asked for."""
    while (job := work_once(end.house)) is not None:
        assert job.state == "done", (job.kind, job.code, job.what, job.where)
        assert not job.found.get("problems"), job.found


@pytest.mark.parametrize(
    ("left", "right"),
    [
        pytest.param((ZH, WIDE), (EN, NARROW), id="court-zh-1366"),
        pytest.param((EN, NARROW), (ZH, WIDE), id="court-en-390", marks=pytest.mark.browser),
        pytest.param((ZH, NARROW), (EN, WIDE), id="court-zh-390", marks=pytest.mark.browser),
        pytest.param((EN, WIDE), (ZH, NARROW), id="court-en-1366", marks=pytest.mark.browser),
    ],
)
def test_two_browsers_take_a_quarter_from_extract_to_reconciled(
    chromium: Browser, begun: tuple[Console, Console], left: tuple[str, tuple[int, int]],
    right: tuple[str, tuple[int, int]],
) -> None:  # fmt: skip
    court, tax = begun
    with (
        served(court) as here, served(tax) as there, at(chromium, here, language=left[0], size=left[1]) as a,
        at(chromium, there, language=right[0], size=right[1]) as b,
    ):  # fmt: skip
        ours, theirs = f"court-{left[0]}-{left[1][0]}", f"tax-{right[0]}-{right[1][0]}"
        start(a, court)
        explain(a)
        submit(a)
        approve(a, ours)
        collect(a, court)
        b.sign_in("liaison-1")
        collect(b, tax)
        answer(b, tax, theirs)
        explain(b)
        submit(b)
        approve(b, theirs)
        collect(b, tax)
        collect(a, court)
        reconciled(a, ours)
    assert "reconciled" in [event.kind for event in court.house.parts.ledger.events(exchange=QUARTER)]
    assert journeys.audit(court.house.parts) == []
    assert journeys.audit(tax.house.parts) == []


def start(desk: Desk, end: Console) -> None:
    """Have the quarter read and checked."""
    desk.sign_in("liaison-1").go("/exchanges")
    desk.page.select_option("#period", "2026Q3")
    desk.page.fill("#as_of", "2026-10-09")
    desk.press("Read and check")
    desk.page.wait_for_url("**/jobs/*")
    work(end)
    desk.page.wait_for_url(f"**/exchanges/{QUARTER}")
    desk.check()


def answer(desk: Desk, end: Console, where: str) -> None:
    """Look at what came, and lay out the answer from the bureau's files."""
    desk.go("/exchanges?direction=in")
    desk.page.locator("a.ti").first.click()
    desk.reads("Received:")
    desk.seen(f"review-came-{where}")
    desk.follow("Make an answer")
    desk.page.wait_for_selector("#files")
    desk.page.set_input_files("#files", [str(file) for file in sorted(RETURN.glob("*.csv"))])
    desk.press("Check and lay out")
    desk.page.wait_for_url("**/jobs/*")
    work(end)
    desk.page.wait_for_url("**/exchanges/131100-claims.A.*")
    desk.seen(f"review-answer-{where}")


def explain(desk: Desk) -> None:
    """Give what is open its reason, rule by rule."""
    todo = desk.page.locator(".chk a[href$='tab=points']", has_text=desk.say("Do it"))
    while todo.count():
        todo.first.click()
        desk.page.wait_for_url("**tab=points")
        form = desk.page.locator("form[action$='/explain']:has(input[checked])").first
        form.locator("textarea").fill("已与案卷核对，数据无误")
        form.get_by_role("button", name=desk.say("Keep the reason")).click()
        desk.reads("Kept.")


def submit(desk: Desk) -> None:
    """Hand it to a reviewer."""
    desk.press("Submit for review")
    desk.reads("Submitted for review.")


def approve(desk: Desk, where: str) -> None:
    """As another person: look through the sample, then approve, and print what was approved."""
    shown = desk.page.url.partition("?")[0]
    desk.go("/account")
    desk.press("Sign out")
    desk.page.wait_for_url("**/sign-in")
    desk.sign_in("chief-1")
    desk.page.goto(shown)
    assert desk.main.get_by_role("button", name=desk.say("Approve and send")).is_disabled()
    desk.seen(f"review-waits-{where}")
    desk.page.click(".chk a[href$='tab=sample']")
    desk.page.click("td a[href*='tab=sample&place=']")
    desk.seen(f"review-sample-{where}")
    for _ in range(2):
        case = desk.page.url
        desk.press("Agrees with its papers")
        desk.page.wait_for_url(lambda url, case=case: url != case)
    desk.reads("Sample checked: %(count)s", count=2)
    desk.press("Approve and send")
    desk.reads("Approved. The next sweep sends it.")
    desk.page.goto(shown)
    desk.seen(f"review-approved-{where}")
    assert "2026" in desk.paper(f"review-{where}", most=4)


def collect(desk: Desk, end: Console) -> None:
    """Have what is ready sent, and what came taken in."""
    desk.go("/exchanges")
    desk.press("Collect and send now")
    desk.page.wait_for_url("**/jobs/*")
    work(end)
    desk.page.wait_for_selector("#job .st.ok")


def reconciled(desk: Desk, where: str) -> None:
    """The quarter at its end: what differs is a click away, the lists go along as Excel."""
    desk.go(f"/exchanges/{QUARTER}")
    desk.reads("See the breaks")
    desk.seen(f"review-reconciled-{where}")
    assert load_workbook(io.BytesIO(desk.taken("a[href$='/sheet.xlsx']"))).sheetnames
