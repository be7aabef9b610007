"""Two browsers alone, one at each end, take a quarter from its records to reconciled books; pages at every size."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from exchange import journeys
from exchange.console.work import work_once
from tests.console.browsing import NARROW, WIDE, Desk, at, served
from tests.console.kit import ROOT, Console, console, copied

QUARTER = "131100-cases.Q.2026Q3"
RETURN = ROOT / "examples/2026Q3/tax_return"


@pytest.fixture
def begun(gone_round: Path, tmp_path: Path) -> Iterator[tuple[Console, Console]]:
    """Both ends with their keys and the court's records, and nothing exchanged yet; a shared folder between them."""
    world = copied(gone_round, tmp_path)
    (world / "between").mkdir()
    for end in ("court", "tax"):
        home = world / end
        (home / "ledger.db").unlink()
        shutil.rmtree(home / "vault")
        told = re.sub(r"(?s)\[channels\.(\S+)\].*", rf'[channels.\1]\nkind = "folder"\nroot = "{world / "between"}"\n',
                      (home / "exchange.toml").read_text())  # fmt: skip
        told = f"{told}\n[console]\nsample_size = 2\n"
        (home / "exchange.toml").write_text(told, encoding="utf-8")
    with console(world / "court") as court, console(world / "tax") as tax:
        yield court, tax


def work(end: Console) -> None:
    """What the worker process does: everything that was asked for."""
    while (job := work_once(end.house)) is not None:
        assert job.state == "done", (job.kind, job.code, job.what, job.where)
        assert not job.found.get("problems"), job.found


def test_two_browsers_take_a_quarter_from_extract_to_reconciled(
    chromium: Browser, begun: tuple[Console, Console]
) -> None:
    court, tax = begun
    with served(court) as here, served(tax) as there, at(chromium, here) as a, at(chromium, there) as b:
        a.sign_in("liaison-1").go("/exchanges")
        a.picture("review-none-court")
        a.page.select_option("#period", "2026Q3")
        a.page.fill("#as_of", "2026-10-09")
        a.page.click("button:has-text('取数并校验')")
        a.page.wait_for_url("**/jobs/*")
        work(court)
        a.page.wait_for_url(f"**/exchanges/{QUARTER}")
        a.check()
        explain(a)
        a.page.click("button:has-text('提交复核')")
        a.page.wait_for_selector("text=已提交复核。")
        approve(a, here, "review-court")
        collect(a, court)
        b.sign_in("liaison-1").go("/exchanges")
        collect(b, tax)
        b.go("/exchanges?direction=in")
        b.page.click("text=2026年第三季度交换")
        b.picture("review-incoming-tax", whole=True)
        b.check()
        b.page.click("main >> text=办理应答")
        b.page.set_input_files("#files", [str(file) for file in sorted(RETURN.glob("*.csv"))])
        b.page.click("button:has-text('校验并列出')")
        b.page.wait_for_url("**/jobs/*")
        work(tax)
        b.page.wait_for_url("**/exchanges/131100-claims.A.*")
        b.picture("review-answer-tax", whole=True)
        b.check()
        explain(b)
        b.page.click("button:has-text('提交复核')")
        b.page.wait_for_selector("text=已提交复核。")
        approve(b, there, "review-tax")
        collect(b, tax)
        collect(a, court)
        a.go(f"/exchanges/{QUARTER}")
        a.page.wait_for_selector("text=查看差异")
        a.picture("review-reconciled-court", whole=True)
        a.check()
    assert [e.kind for e in court.house.parts.ledger.events(exchange=QUARTER)][-1] == "reconciled"
    assert journeys.audit(court.house.parts) == []
    assert journeys.audit(tax.house.parts) == []


def explain(desk: Desk) -> None:
    """Give what is open its reason, rule by rule."""
    while desk.page.locator(".chk a:has-text('去办理')[href$='tab=points']").count():
        desk.page.click(".chk a:has-text('去办理')[href$='tab=points']")
        form = desk.page.locator("form[action$='/explain']:has(input[checked])").first
        form.locator("textarea").fill("已与案卷核对，数据无误")
        form.locator("text=保存说明").click()
        desk.page.wait_for_selector("text=已保存。")


def approve(desk: Desk, address: str, picture: str) -> None:
    """As another person: look through the sample, then approve."""
    where = desk.page.url.partition("?")[0]
    desk.page.click("details.who summary")
    desk.page.click("text=退出登录")
    desk.page.wait_for_url("**/sign-in")
    desk.sign_in("chief-1")
    desk.page.goto(where)
    assert desk.page.locator("button:has-text('批准并传送')").is_disabled()
    desk.picture(f"{picture}-waits")
    desk.page.click(".chk a[href$='tab=sample']")
    desk.page.click("td a:has-text('核对')")
    desk.picture(f"{picture}-sample", whole=True)
    desk.check()
    for _ in range(2):
        case = desk.page.url
        desk.page.click("button:has-text('与案卷一致')")
        desk.page.wait_for_url(lambda url, case=case: url != case)
    desk.page.wait_for_selector("text=抽样核对已完成 2 件")
    desk.page.click("button:has-text('批准并传送')")
    desk.page.wait_for_selector("text=已批准，将在下一次传送时送出。")
    desk.picture(f"{picture}-approved")


def collect(desk: Desk, end: Console) -> None:
    """Have what is ready sent, and what came taken in."""
    desk.go("/exchanges")
    desk.page.click("button:has-text('立即收取与传送')")
    desk.page.wait_for_url("**/jobs/*")
    work(end)
    desk.page.wait_for_selector("#job >> text=已完成")


PAGES = {
    "list": "/exchanges", "overview": f"/exchanges/{QUARTER}", "held": f"/exchanges/{QUARTER}?tab=held",
    "gaps": f"/exchanges/{QUARTER}?tab=gaps", "points": f"/exchanges/{QUARTER}?tab=points",
    "ledger": "/ledger", "packets": "/ledger?tab=packets", "events": "/ledger?tab=events",
    "event": "/ledger/events/60",
}  # fmt: skip


@pytest.mark.parametrize(("size", "language"), [(WIDE, "en"), (NARROW, "zh")], ids=["wide-en", "narrow-zh"])
def test_pages_fit_every_screen(
    chromium: Browser, sites: tuple[str, str], size: tuple[int, int], language: str
) -> None:
    with at(chromium, sites[0], size=size, language=language) as desk:
        desk.sign_in("chief-1")
        for name, path in PAGES.items():
            desk.go(path)
            desk.picture(f"review-{name}-{language}-{size[0]}", whole=True)
            desk.check()


def test_a_review_prints_without_its_buttons(chromium: Browser, sites: tuple[str, str]) -> None:
    with at(chromium, sites[0]) as desk:
        desk.sign_in("chief-1")
        desk.go(f"/exchanges/{QUARTER}")
        desk.page.emulate_media(media="print")
        assert not desk.page.locator(".tabs").is_visible()
        assert desk.page.locator("text=与上季度相比").is_visible()
        desk.picture("review-print", whole=True)
