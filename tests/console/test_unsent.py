"""A case that did not go has a file at the court end: what stands in the register, why it stays, what to do."""

from __future__ import annotations

import json
import re
from urllib.parse import unquote

import pytest
from playwright.sync_api import Browser

from exchange.console.unsent_view import look_for
from tests.console.browsing import NARROW, WIDE, at
from tests.console.kit import Console, Person_, plain

KEY = "131100-cases.Q.2026Q3"
HELD = "（2026）冀1103破03号"


def _links(who: Person_) -> list[str]:
    found = re.findall(r'href="(/exchanges/[^"]+/case\?[^"]+)"', who.page(f"/exchanges/{KEY}?tab=held"))
    return [link.replace("&amp;", "&") for link in found]


def test_every_case_held_has_a_file_with_each_rule_and_remedy(ends: tuple[Console, Console]) -> None:
    court, _ = ends
    officer = court.as_("liaison-1")
    outcome = json.loads(court.house.parts.vault.get(KEY, "outcome.json"))
    links = _links(officer)
    assert len(set(links)) == len(outcome["held"]) == 14
    for link in links:
        said = plain(officer.page(link))
        assert "校验未通过" in said
        assert "如何更正" in said
        assert "来源数据" in said


@pytest.mark.parametrize("asked", [HELD, "(2026)冀1103破03", "冀州鑫达机械", "91131103MCUJHK7DEX"])
def test_the_search_leads_to_it_by_number_name_and_code(ends: tuple[Console, Console], asked: str) -> None:
    officer = ends[0].as_("liaison-1")
    answer = officer.get("/cases", params={"q": asked})
    assert answer.status_code == 303
    said = plain(officer.page(unquote(answer.headers["location"])))
    assert "案号格式不正确" in said
    assert "更正案号，序号不加零" in said


def test_a_case_nobody_asked_for_says_so(ends: tuple[Console, Console]) -> None:
    officer = ends[0].as_("audit-1")
    answer = officer.get("/cases/（2025）冀1103破29号")
    said = plain(officer.page(unquote(answer.headers["location"])))
    assert "已于 2026-05-02 终结" in said
    assert "不属本季度传送范围" in said


def test_persons_are_masked_until_a_look_that_is_recorded(fresh_ends: tuple[Console, Console]) -> None:
    court, _ = fresh_ends
    officer = court.as_("liaison-1")
    link = next(link for link in _links(officer) if link.endswith("record=34"))
    assert "孙**" in officer.page(link)
    shown = officer.post(f"/exchanges/{KEY}/case/reveal", {"record": "34"})
    assert "孙**" not in shown.text
    told = list(court.house.parts.ledger.events(kind="looked_at"))[-1]
    assert (told.actor, told.exchange, told.body["what"]) == ("liaison-1", KEY, "unsent-full")


def test_what_went_has_no_such_file_and_the_tax_end_knows_none(ends: tuple[Console, Console]) -> None:
    court, tax = ends
    officer, other = court.as_("liaison-1"), tax.as_("liaison-1")
    for path in (f"/exchanges/{KEY}/case?record=99999", f"/exchanges/{KEY}/case", "/exchanges/none/case?record=34"):
        assert officer.get(path).status_code == 404, path
    assert other.get(f"/exchanges/{KEY}/case?record=34").status_code == 404
    assert look_for(tax.house.parts, HELD) == (0, [])
    assert "法院尚未传送的案件" in plain(other.page(f"/cases?q={HELD}"))


@pytest.mark.parametrize(("language", "size"), [("zh", WIDE), ("en", NARROW)])
def test_it_is_right_to_look_at(
    chromium: Browser, sites: tuple[str, str], language: str, size: tuple[int, int]
) -> None:
    with at(chromium, sites[0], size=size, language=language) as desk:
        desk.sign_in("chief-1").go(f"/exchanges/{KEY}/case?record=34")
        desk.picture(f"unsent-court-{language}-{size[0]}", whole=True)
        desk.check()
        desk.go("/cases?q=破03")
        desk.go("/cases?q=1103")
        desk.picture(f"unsent-search-court-{language}-{size[0]}", whole=True)
        desk.check()
