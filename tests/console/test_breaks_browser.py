"""差异 in a real browser: by keyboard alone, two people at one break, both ends, both languages, wide and narrow."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from exchange.domain.break_view import seen
from tests.console.browsing import Desk, at, served
from tests.console.kit import Console, console, copied


@pytest.fixture(scope="module")
def worked(gone_round: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Console, Console]]:
    """Both ends, changed by the tests of this module: each works breaks of its own."""
    world = copied(gone_round, tmp_path_factory.mktemp("worked"))
    with console(world / "court") as court, console(world / "tax") as tax:
        yield court, tax


@pytest.fixture(scope="module")
def places(worked: tuple[Console, Console]) -> Iterator[tuple[str, str]]:
    """Where their consoles are."""
    with served(worked[0]) as court, served(worked[1]) as tax:
        yield court, tax


def _id(end: Console, code: str, at_: int = 0) -> str:
    parts = end.house.parts
    found = [one for one in seen(parts.ledger, parts.agreement, parts.party) if one.record.code == code]
    return found[at_].record.id


def _state(end: Console, id_: str) -> str:
    parts = end.house.parts
    return seen(parts.ledger, parts.agreement, parts.party, ids=[id_])[0].state


def _shown(desk: Desk) -> str | None:
    return desk.page.get_attribute("#det", "data-id")


def test_breaks_are_worked_by_keyboard_alone(
    chromium: Browser, worked: tuple[Console, Console], places: tuple[str, str]
) -> None:
    court, _ = worked
    with at(chromium, places[0]) as desk:
        desk.sign_in("liaison-1")
        page = desk.go("/breaks?code=LATE_FEE_DIFFERS")
        rows = [row.get_attribute("data-row") for row in page.query_selector_all("[data-row]")]
        for n in (0, 1, 0):
            page.keyboard.press("j" if n != 0 or _shown(desk) is None else "k")
            page.wait_for_selector(f"#det[data-id='{rows[n]}']")
        page.wait_for_url(f"**/breaks/{rows[0]}*")
        expect(page.locator("#object")).to_be_focused()
        page.evaluate(
            "document.dispatchEvent(new KeyboardEvent('keydown', {code: 'KeyJ', key: 'j', isComposing: true}))"
        )
        assert _shown(desk) == rows[0]
        second = page.locator(f"[data-row='{rows[1]}'] input")
        second.focus()
        page.keyboard.press("Space")
        expect(page.locator("#decide button[data-many]")).to_have_text("提交 2 条")
        page.keyboard.press("3")
        expect(page.locator("#why")).to_be_focused()
        page.keyboard.type("截止日应为受理裁定之日，请更正后重报。jk3?")
        desk.picture("breaks-several-court-zh-1366")
        desk.check()
        page.keyboard.press("Control+Enter")
        page.wait_for_selector("text=已记录 2 条")
        assert {_state(court, str(row)) for row in rows[:2]} == {"corrected_by_them"}
        page.wait_for_function("!Object.keys(sessionStorage).some((k) => k.startsWith('draft:'))")
        page.keyboard.press("Escape")
        page.keyboard.press("Shift+?")
        expect(page.locator("details.keys[open]")).to_be_visible()
        desk.picture("breaks-keys-court-zh-1366")
        page.check("#keys-off")
        page.keyboard.press("Escape")
        before = _shown(desk)
        page.keyboard.press("j")
        assert _shown(desk) == before
        page.go_back()
        page.wait_for_selector("header.top")


def test_two_people_at_one_break_lose_nothing(
    chromium: Browser, worked: tuple[Console, Console], places: tuple[str, str]
) -> None:
    court, _ = worked
    id_ = _id(court, "TOTAL_DIFFERS")
    with at(chromium, places[0]) as slow, at(chromium, places[0]) as quick:
        for desk, person in ((slow, "liaison-1"), (quick, "chief-1")):
            desk.sign_in(person)
            desk.go(f"/breaks/{id_}")
        slow.page.check("#decide [value=corrected_by_them]")
        slow.page.fill("#why", "总额多列一百元，请更正。")
        quick.page.check("#decide [value=disputed]")
        quick.page.fill("#why", "明细漏列一行，总额无误。")
        quick.page.click("#decide button[data-many]")
        quick.page.wait_for_selector("text=已记录")
        slow.page.click("#decide button[data-many]")
        slow.page.wait_for_selector(".clash")
        assert "林磊" in slow.page.inner_text(".clash")
        assert "明细漏列一行" in slow.page.inner_text(".cmp")
        assert slow.page.input_value("#why") == "总额多列一百元，请更正。"
        slow.picture("breaks-stale-court-zh-1366")
        slow.check()
        assert _state(court, id_) == "disputed"
        slow.page.check("#decide [value=corrected_by_them]")
        slow.page.click("#decide button[data-many]")
        slow.page.wait_for_selector("text=已记录")
        assert _state(court, id_) == "corrected_by_them"


def test_without_script_a_break_is_found_and_decided(
    chromium: Browser, worked: tuple[Console, Console], places: tuple[str, str]
) -> None:
    court, _ = worked
    with at(chromium, places[0], script=False) as desk:
        desk.sign_in("liaison-1")
        desk.go("/breaks?code=RANK_DIFFERS")
        desk.page.click(".brk .a a")
        desk.page.check("#decide [value=corrected_by_them]")
        desk.page.fill("#why", "应列入普通债权，请更正。")
        desk.page.click("#decide button[data-many]")
        desk.page.wait_for_selector("text=已记录")
        assert _state(court, _id(court, "RANK_DIFFERS")) == "corrected_by_them"
