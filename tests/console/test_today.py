"""今日, 预警, 紧急传送 of both ends: what waits, for whom, and what becomes of it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from exchange import journeys
from exchange.console.counts import forget
from exchange.console.today_items import Item, items
from exchange.console.work import work_once
from tests.console.kit import Console, Person_, plain

CASE = "（2026）冀1103破10号"
UNSENT = "（2025）冀1102破3号"
"""A case that went with the quarter and not urgently."""
LATER = date(2026, 10, 20)


def _sorts(console: Console) -> dict[str, Item]:
    forget(console.house)
    return {item.sort: item for item in items(console.house)}


def _worked(console: Console) -> str:
    """The oldest job done; where its page leads on to."""
    job = work_once(console.house)
    assert job is not None
    assert job.state == "done", job
    return str(job.found.get("exchange", ""))


def test_the_work_list_goes_by_days_left_and_each_line_leads_somewhere(ends: tuple[Console, Console]) -> None:
    court, tax = ends
    for end in ends:
        limits = [item.due for item in items(end.house) if item.due]
        assert limits == sorted(limits)
        assert all(item.href.startswith("/") for item in items(end.house))
    page = plain(court.as_("chief-1").page("/"))
    assert "2026年第三季度交换" in page
    assert "债权申报期限届满 （2026）冀1103破10号" in page
    assert "10 件紧急传送待事后复核" in page
    assert page.index("剩 3 日") < page.index("剩 5 日") < page.index("七日以后")
    assert "请按期申报" in plain(tax.as_("liaison-1").page("/"))


def test_mine_is_what_my_role_may_do_and_all_is_one_click_away(ends: tuple[Console, Console]) -> None:
    court, _ = ends
    assert "待事后复核" not in plain(court.as_("liaison-1").page("/"))
    assert "待事后复核" in plain(court.as_("liaison-1").page("/?all=1"))
    assert "没有等待您办理的事项" in plain(court.as_("audit-1").page("/"))
    assert court.as_("admin-1").get("/").headers["location"] == "/admin"


def test_the_quarter_waits_at_its_gates_and_nobody_is_shown_his_own_work(fresh_ends: tuple[Console, Console]) -> None:
    court, _ = fresh_ends
    court.house.settings = court.house.settings.model_copy(update={"today": date(2027, 1, 6)})
    key = "131100-cases.Q.2026Q4"
    assert _sorts(court)["begin"].key == "131100-cases"
    body = {"route": "131100-cases", "direction": "out", "kind": "Q", "period": "2026Q4", "as_of": "2027-01-06"}
    _said(court, key, ("exchange_opened", body), ("extracted", {}), ("checked", {"content_hash": "ab", "sent": 7}))
    assert (_sorts(court)["prepare"].key, _sorts(court)["prepare"].due) == (key, date(2027, 1, 8))
    told = court.as_("liaison-1").page("/")
    assert 'aria-current="step"' in told
    assert "待办环节：经办提交" in plain(told)
    assert "核对并提交复核：2026年第四季度交换" in plain(told)
    _said(court, key, ("prepared", {"by": "chief-1", "content_hash": "ab"}), by="chief-1")
    forget(court.house)
    assert "复核并批准：2026年第四季度交换" not in plain(court.as_("chief-1").page("/"))
    page = court.as_("chief-2").page("/")
    assert "复核并批准：2026年第四季度交换" in plain(page)
    assert "待办环节：复核" in plain(page)
    assert 'class="btn s p" href="/exchanges/131100-cases.Q.2026Q4"' in page


def _said(console: Console, key: str, *events: tuple[str, Mapping[str, Any]], by: str = "system") -> None:
    with console.house.parts.ledger.transaction() as write:
        for kind, body in events:
            write.append(kind, exchange=key, actor=by, body=body)


def test_the_tax_end_is_asked_for_its_answer_until_it_gives_one(fresh_ends: tuple[Console, Console]) -> None:
    _, tax = fresh_ends
    assert "answer" not in _sorts(tax)
    taken = next(e for e in tax.house.parts.ledger.exchanges(kind="Q"))
    body = {**taken.details, "packet_id": "court-131100.tax-131100.000099.Q"}
    with tax.house.parts.ledger.transaction() as write:
        write.append("taken_in", exchange="court-131100.tax-131100.000099.Q", actor="system", body=body)
    assert _sorts(tax)["answer"].key == "court-131100.tax-131100.000099.Q"


def test_the_next_limits_are_listed_and_folded(ends: tuple[Console, Console]) -> None:
    court, _ = ends
    page = plain(court.as_("audit-1").page("/limits?days=90"))
    assert "第一次债权人会议" in page
    assert "受理公告期限届满" in page
    only = plain(court.as_("audit-1").page("/limits?kind=claims_end"))
    assert "第一次债权人会议 （" not in only
    assert CASE in only
    assert court.as_("audit-1").get("/limits?days=x").status_code == 404
    assert "剩" in plain(court.as_("audit-1").page("/limits?days=12345&kind=nothing&page=9"))


@pytest.fixture
def liaison(fresh_ends: tuple[Console, Console]) -> Person_:
    return fresh_ends[0].as_("liaison-1")


def test_an_alert_is_acknowledged_with_a_word_that_is_kept(liaison: Person_) -> None:
    page = plain(liaison.page("/alerts"))
    assert "15 项未确认" in page
    assert "紧急案件被校验拦下，未能传送" in page
    told = {"alert": ["calendar_not_official 2027Q1"], "word": "已告知信息中心"}
    assert liaison.post("/alerts/acknowledge", told).headers["location"] == "/alerts"
    assert "14 项未确认" in plain(liaison.page("/alerts"))
    seen = plain(liaison.page("/alerts?show=acknowledged"))
    assert "何建海 于 2026-10-09 确认" in seen
    assert "已告知信息中心" in seen
    ledger = liaison.console.house.parts.ledger
    assert [e.actor for e in ledger.events(kind="alert_acknowledged")] == ["liaison-1"]
    assert [e.body["what"] for e in ledger.events(kind="looked_at")][-1] == "alerts"
    assert ledger.verify() == []


def test_a_word_that_is_none_or_no_tick_keeps_what_was_typed(liaison: Person_) -> None:
    none = liaison.post("/alerts/acknowledge", {"word": "半句没有勾选的话"})
    assert none.status_code == 422
    assert "请至少勾选一项预警" in none.text
    assert "半句没有勾选的话" in none.text
    short = liaison.post("/alerts/acknowledge", {"alert": ["major x"], "word": "好"})
    assert short.status_code == 422
    assert "预警说明2至500字" in short.text
    gone = liaison.post("/alerts/acknowledge", {"alert": ["major x"], "word": "已办理"})
    assert gone.status_code == 404
    auditor = liaison.console.as_("audit-1")
    assert auditor.post("/alerts/acknowledge", {"alert": ["major x"], "word": "已办理"}).status_code == 403
    assert 'type="checkbox"' not in auditor.page("/alerts")


def test_an_escalated_alert_comes_first_and_is_marked(fresh_ends: tuple[Console, Console]) -> None:
    court, _ = fresh_ends
    court.house.parts = replace(court.house.parts, today=LATER)
    court.house.settings = court.house.settings.model_copy(update={"today": LATER})
    journeys.watch(court.house.parts)
    page = plain(court.as_("chief-1").page("/alerts"))
    assert "项已报复核" in page
    assert "已报复核 " in page[page.index("未确认 ") :]
    assert _sorts(court)["alert"].due == date(2026, 10, 10)


def _previewed(person: Person_, case: str = UNSENT, reason: str = "债权人会议在即") -> str:
    """The page that shows what will go."""
    answer = person.post("/urgent/preview", {"case": case, "reason": reason})
    assert answer.status_code == 303, plain(answer.text)
    _worked(person.console)
    return str(answer.headers["location"])


def test_a_reviewer_sends_in_three_clicks_exactly_what_was_seen(fresh_ends: tuple[Console, Console]) -> None:
    court, tax = fresh_ends
    chief = court.as_("chief-1")
    found = plain(chief.page("/urgent/new?q=2025冀1102破3"))
    assert UNSENT in found
    place = _previewed(chief, "(2025)冀1102破3号")
    seen = chief.page(place)
    assert "案件债务人" in seen
    assert "债权人会议在即" in seen
    sent = chief.post("/urgent/send", {"job": place.rpartition("/")[2]})
    key = _worked(court)
    assert chief.get(str(sent.headers["location"])).headers["location"] == f"/urgent/{key}"
    assert "已送出，等待回执" in plain(chief.page(f"/urgent/{key}"))
    for end in (tax, court):
        assert journeys.sweep(end.house.parts).problems == []
    one = plain(chief.page(f"/urgent/{key}"))
    assert "放行" in one
    assert "林磊" in one
    assert "对方已入库" in one
    assert "人员提出" in one
    assert _sorts(court)["confirm"].count == 11
    assert chief.post(f"/urgent/{key}/confirm").status_code == 422
    assert court.as_("chief-2").post(f"/urgent/{key}/confirm").status_code == 303
    assert _sorts(court)["confirm"].count == 10


def test_a_handler_submits_and_a_reviewer_lets_it_go(fresh_ends: tuple[Console, Console]) -> None:
    court, _ = fresh_ends
    liaison, chief = court.as_("liaison-1"), court.as_("chief-1")
    place = _previewed(liaison)
    assert "提交复核" in plain(liaison.page(place))
    liaison.post("/urgent/send", {"job": place.rpartition("/")[2]})
    key = _worked(court)
    assert "本件由您提交，须由他人复核" in plain(liaison.page(f"/urgent/{key}"))
    assert "approve" in {item.sort for item in items(court.house)}
    record = court.house.parts.ledger.exchange(key)
    assert record is not None
    stale = chief.post(f"/urgent/{key}/approve", {"seen": "0" * 64})
    assert stale.status_code == 409
    assert chief.post(f"/urgent/{key}/approve", {"seen": record.content_hash}).status_code == 303
    after = court.house.parts.ledger.exchange(key)
    assert after is not None
    assert (after.state, after.approved_by) == ("approved", "chief-1")


def test_nothing_goes_when_the_register_changed_after_it_was_seen(fresh_ends: tuple[Console, Console]) -> None:
    court, _ = fresh_ends
    chief = court.as_("chief-1")
    place = _previewed(chief)
    _sql(court, "UPDATE pc_aj SET sfzd = 1 - sfzd")
    before = len(court.house.parts.ledger.exchanges(kind="U"))
    answer = chief.post("/urgent/send", {"job": place.rpartition("/")[2]})
    job = work_once(court.house)
    assert job is not None
    assert (job.state, job.code) == ("failed", 911)
    assert len(court.house.parts.ledger.exchanges(kind="U")) == before
    assert "返回案件" in plain(chief.page(str(answer.headers["location"])))


def _sql(console: Console, statement: str) -> None:
    import sqlite3

    with sqlite3.connect(console.house.settings.home / "source.db") as source:
        source.execute(statement)


@pytest.mark.parametrize(
    ("case", "code"), [("（2026）冀1123破6号", 601), ("（2099）冀1103破1号", 914), ("<b>x</b>", 914)]
)
def test_a_case_that_can_not_go_is_said_and_why(liaison: Person_, case: str, code: int) -> None:
    answer = liaison.post("/urgent/preview", {"case": case, "reason": "债权人会议在即"})
    job = work_once(liaison.console.house)
    assert job is not None
    assert job.code == code
    page = liaison.page(str(answer.headers["location"]))
    assert f"E{code}" in page
    assert "<b>x</b>" not in page


def test_a_state_that_was_sent_already_is_not_offered_again(liaison: Person_) -> None:
    page = liaison.page(_previewed(liaison, CASE))
    assert "此状态已送出" in plain(page)
    assert "/urgent/send" not in page


def test_an_urgent_form_without_a_reason_comes_back(liaison: Person_) -> None:
    answer = liaison.post("/urgent/preview", {"case": CASE, "reason": "急"})
    assert answer.status_code == 422
    assert "理由5至500字" in answer.text
    assert liaison.get("/urgent/jobs/999").status_code == 404
    assert liaison.post("/urgent/send", {"job": "999"}).status_code == 404
    assert liaison.get("/urgent/131100-cases.Q.2026Q3").status_code == 404


def test_the_tax_end_says_that_it_sends_none_and_shows_what_came(ends: tuple[Console, Console]) -> None:
    _, tax = ends
    page = plain(tax.as_("liaison-1").page("/urgent"))
    assert "本端不送出紧急案件，只接收" in page
    assert CASE in page
    assert "本端不送出紧急案件" in plain(tax.as_("liaison-1").page("/urgent/new"))
    [first, *_] = tax.house.parts.ledger.exchanges(kind="U")
    assert "已发回执" in plain(tax.as_("audit-1").page(f"/urgent/{first.key}"))


def test_a_statement_is_put_forward_and_signed_by_two(fresh_ends: tuple[Console, Console]) -> None:
    court, _ = fresh_ends
    journeys.open_quarter(court.house.parts, "131100-cases", "2026Q4", court.house.today)
    assert journeys.statement(court.house.parts, "2026Q4", "131100-cases").version == 1
    waits = _sorts(court)["put_forward"]
    liaison, chief = court.as_("liaison-1"), court.as_("chief-1")
    page = liaison.page(waits.href)
    seen = {"seen": re.search(r'name="seen" value="(\w{64})"', page).group(1)}  # type: ignore[union-attr]
    assert liaison.post(f"{waits.href}/sign", {"seen": "0" * 64}).status_code == 409
    assert liaison.post(f"{waits.href}/sign", seen).status_code == 303
    assert "本件由您提交，须由另一人签署" in plain(liaison.page(waits.href)) or "复核签署" in plain(
        liaison.page(waits.href)
    )
    assert _sorts(court)["sign"].not_by == "liaison-1"
    assert chief.post(f"{waits.href}/sign", seen).status_code == 303
    assert "已签署" in plain(chief.page(waits.href))
    assert court.as_("audit-1").post(f"{waits.href}/sign", seen).status_code == 403
    assert chief.get("/statements/131100-cases/2020Q1").status_code == 404
