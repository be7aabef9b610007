"""差异 and 匹配: the list, one break, and every act about it at either end, as a browser without script does it."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest
from openpyxl import load_workbook

from exchange.console.break_evidence import books_of, fee_of
from exchange.console.breaks_view import filters_of
from exchange.console.visit import Visit
from exchange.console.work import work_once
from exchange.domain.break_desk import DeskQuery
from exchange.domain.break_view import Seen, seen
from tests.console.kit import Console, Person_, console, copied, plain


@pytest.fixture(scope="module")
def worked(gone_round: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Console, Console]]:
    """Both ends, changed by the tests of this module: each works breaks of its own."""
    world = copied(gone_round, tmp_path_factory.mktemp("worked"))
    with console(world / "court") as court, console(world / "tax") as tax:
        yield court, tax


WHY = "截止日应为受理裁定之日，请更正后重报。"


def _found(end: Console, code: str = "") -> list[Seen]:
    parts = end.house.parts
    return [one for one in seen(parts.ledger, parts.agreement, parts.party) if code in ("", one.record.code)]


def _first(end: Console, code: str) -> str:
    return _found(end, code)[0].record.id


def _first_claim(end: Console, code: str) -> str | None:
    return _found(end, code)[0].record.claim_no


def _version(page: str) -> str:
    found = re.search(r'name="version" value="(\w+)"', page)
    assert found is not None
    return found[1]


def _decide(person: Person_, id_: str, choice: str = "disputed", **more: str | Sequence[str]) -> tuple[int, str]:
    told = {"version": _version(person.page(f"/breaks/{id_}")), "choice": choice, "text": WHY, **more}
    answer = person.post(f"/breaks/{id_}/decide", told)
    return answer.status_code, plain(answer.text)


def _state(end: Console, id_: str) -> str:
    return next(one for one in _found(end) if one.record.id == id_).state


def test_the_list_is_in_order_of_work_and_every_filter_is_in_the_address(worked: tuple[Console, Console]) -> None:
    for end in worked:
        person = end.as_("liaison-1")
        page = person.page("/breaks")
        expected = [one.record.id for one in _found(end) if not one.record.info]
        assert re.findall(r'data-row="(\w+)"', page)[:17] == expected[:17]
        assert "债权申报期满仍无申报" in page
        late = person.page("/breaks?code=LATE_FEE_DIFFERS&sort=amount&group=case")
        fees = _found(end, "LATE_FEE_DIFFERS")
        assert len(re.findall(r"data-row=", late)) == len(fees) > 3
        assert 'value="LATE_FEE_DIFFERS" selected' in late
        assert f"/breaks/{fees[0].record.id}?code=LATE_FEE_DIFFERS&amp;group=case&amp;sort=amount" in late
        assert "没有符合条件的差异" in person.page("/breaks?q=没有这样的案号")
        assert "No break answers to this" in end.as_("audit-1", language="en").page("/breaks?owner=chief-2")


def test_an_address_that_asks_for_nonsense_shows_the_list(worked: tuple[Console, Console]) -> None:
    person = worked[0].as_("audit-1")
    for asked in (
        "stand=x&limit=y&group=z&sort=w&page=-1",
        "page=999999",
        "q=%25%27%22%3Cb%3E&court=%00",
        "q=" + "9" * 9000,
    ):
        assert person.get(f"/breaks?{asked}").status_code == 200, asked
    assert filters_of({"stand": "x", "q": " a "}).told == {"q": "a"}
    assert person.get("/breaks/zz").status_code == 422


def test_a_break_shows_figures_rule_law_and_evidence_and_the_look_is_recorded(worked: tuple[Console, Console]) -> None:
    court, tax = worked
    for end in worked:
        text = plain(end.as_("audit-1").page(f"/breaks/{_first(end, 'LATE_FEE_DIFFERS')}"))
        for said in ("× 0.05% ×", "税收征收管理法第三十二条", "申报明细", "相差"):
            assert said in text, said
    id_ = _first(court, "CONFIRMED_DIFFERS")
    shown = plain(court.as_("audit-1").page(f"/breaks/{id_}"))
    assert "三册对照" in shown
    last = list(court.house.parts.ledger.events(exchange=f"131100-cases.break.{id_}"))[-1]
    assert (last.kind, last.actor) == ("looked_at", "audit-1")
    asked = plain(tax.as_("audit-1", language="en").page(f"/breaks/{id_}"))
    assert "please answer" in asked


def test_the_fee_in_parts_comes_to_the_figure_that_was_compared(worked: tuple[Console, Console]) -> None:
    """Whatever a formula on the page says, it says the very figure of the comparison."""
    court, _ = worked
    visit = _visit(court)
    fees = _found(court, "LATE_FEE_DIFFERS") + _found(court, "LATE_FEE_ONE_DAY")
    for one in fees:
        books = books_of(visit, one)
        total = sum(part.fee for part in fee_of(one, books, books.cut_off))
        assert f"{total:.2f}" == one.record.amounts["computed"]
    assert len(fees) > 5


def _visit(end: Console) -> Visit:
    person = end.house.desk.person("audit-1")
    assert person is not None
    return Visit(request=None, house=end.house, person=person, roles=person.roles, session=None, secret="",  # type: ignore[arg-type]
                 language="zh")  # fmt: skip


def test_deciding_goes_to_the_ledger_and_who_only_looks_may_not(worked: tuple[Console, Console]) -> None:
    court, _ = worked
    id_ = _first(court, "POST_ACCEPTANCE_PERIOD")
    status, _ = _decide(court.as_("liaison-1"), id_)
    assert (status, _state(court, id_)) == (303, "disputed")
    page = plain(court.as_("audit-1").page(f"/breaks/{id_}"))
    assert "何建海 处理 有争议" in page
    assert WHY in page
    assert court.as_("audit-1").post(f"/breaks/{id_}/comment", {"text": WHY}).status_code == 403
    other = _first(court, "TOTAL_DIFFERS")
    for text, code in (("短", 422), ("电话 13800000000，请联系。", 422), ("", 422)):
        assert court.as_("liaison-1").post(
            f"/breaks/{other}/decide", {"version": "", "choice": "disputed", "text": text}
        ).status_code == code, text  # fmt: skip
    assert court.as_("liaison-1").post(f"/breaks/{other}/decide", {"text": WHY}).status_code == 422
    assert court.as_("liaison-1").post(f"/breaks/{other}/nonsense", {"text": WHY}).status_code == 404
    assert _state(court, other) == "open"


def test_a_second_officer_confirms_and_the_author_may_withdraw(worked: tuple[Console, Console]) -> None:
    court, _ = worked
    id_ = _first(court, "CONFIRMED_DIFFERS")
    assert "须第二人复核" in court.as_("chief-1").page(f"/breaks/{id_}")
    assert _decide(court.as_("chief-1"), id_, "accepted")[0] == 303
    assert _state(court, id_) == "proposed"
    own = court.as_("chief-1").page(f"/breaks/{id_}")
    assert "撤回我的结论" in own
    assert "/confirm" not in own
    assert court.as_("chief-1").post(f"/breaks/{id_}/confirm", {"version": _version(own)}).status_code == 422
    assert court.as_("chief-1").post(
        f"/breaks/{id_}/withdraw", {"version": _version(own), "text": "金额有误，先撤回。"}
    ).status_code == 303  # fmt: skip
    assert _state(court, id_) == "open"
    assert _decide(court.as_("liaison-1"), id_, "accepted")[0] == 303
    second = court.as_("chief-2")
    page = second.page(f"/breaks/{id_}")
    assert second.post(f"/breaks/{id_}/confirm", {"version": _version(page)}).status_code == 303
    assert _state(court, id_) == "accepted"
    page = second.page(f"/breaks/{id_}")
    assert "何建海、徐明" in page
    assert (
        second.post(f"/breaks/{id_}/reopen", {"version": _version(page), "text": "须再议，重新打开。"}).status_code
        == 303
    )
    assert _state(court, id_) == "open"


def test_a_stale_decision_is_shown_beside_what_stands_and_may_be_insisted_on(
    worked: tuple[Console, Console],
) -> None:
    court, _ = worked
    id_ = _first(court, "CUTOFF_DIFFERS")
    slow, quick = court.as_("liaison-1"), court.as_("chief-1")
    told = {"version": _version(slow.page(f"/breaks/{id_}")), "choice": "corrected_by_them", "text": WHY}
    assert quick.post(f"/breaks/{id_}/comment", {"text": "先记一笔，不改结论。"}).status_code == 303
    assert _decide(quick, id_, "disputed")[0] == 303
    answer = slow.post(f"/breaks/{id_}/decide", {**told, "text": "我方认为应由对方更正。"})
    text = plain(answer.text)
    assert answer.status_code == 409
    for shown in ("林磊已更改本条差异", WHY, "我方认为应由对方更正。", "仍按我的结论提交", "采用现有结论"):
        assert shown in text, shown
    assert _state(court, id_) == "disputed"
    again = {**told, "text": "我方认为应由对方更正。", "insist": "1", "version": _version(answer.text)}
    assert slow.post(f"/breaks/{id_}/decide", again).status_code == 303
    assert _state(court, id_) == "corrected_by_them"


def test_equal_breaks_go_together_others_do_not_and_a_failure_names_which(
    worked: tuple[Console, Console],
) -> None:
    court, _ = worked
    person = court.as_("liaison-1")
    claim = _first_claim(court, "CUTOFF_DIFFERS")
    same = [one for one in _found(court, "LATE_FEE_DIFFERS") if one.record.claim_no == claim]
    boxes = dict(re.findall(r'value="(\w{16}):(\w{16})"', person.page("/breaks?stand=all")))
    also = [f"{one.record.id}:{boxes[one.record.id]}" for one in same]
    assert len(same) > 3
    mixed = [*also[:2], f"{_first(court, 'TOTAL_DIFFERS')}:x"]
    assert _decide(person, same[0].record.id, also=mixed)[0] == 422
    assert {_state(court, one.record.id) for one in same} == {"open"}
    assert _decide(court.as_("chief-1"), same[1].record.id, "disputed")[0] == 303
    status, _text = _decide(person, same[0].record.id, also=[*also[:1], *also[2:]])
    assert status == 303
    assert {_state(court, one.record.id) for one in same} == {"disputed"}
    ids = {one.record.id for one in same}
    events = [e for e in court.house.parts.ledger.events(kind="break_decided") if e.body["id"] in ids]
    assert sorted(e.actor for e in events) == ["chief-1", *["liaison-1"] * (len(same) - 1)]


def test_of_several_the_stale_one_is_named_and_the_others_stand(worked: tuple[Console, Console]) -> None:
    court, _ = worked
    person = court.as_("liaison-1")
    silent = _found(court, "NO_RESPONSE")[:3]
    boxes = dict(re.findall(r'value="(\w{16}):(\w{16})"', person.page("/breaks")))
    also = [f"{one.record.id}:{boxes[one.record.id]}" for one in silent[:2]] + [f"{silent[2].record.id}:{'0' * 16}"]
    status, text = _decide(person, silent[0].record.id, "disputed", also=also)
    assert status == 409
    assert silent[2].record.id[:10] in text
    assert "3 条中有 1 条未记录" in text
    assert [_state(court, one.record.id) for one in silent] == ["disputed", "disputed", "open"]


def test_the_bureau_answers_and_its_answers_are_made_ready(worked: tuple[Console, Console]) -> None:
    _, tax = worked
    id_ = _first(tax, "LATE_FEE_DIFFERS")
    person = tax.as_("liaison-1")
    page = person.page(f"/breaks/{id_}")
    told = {"version": _version(page), "choice": "contested", "text": WHY}
    assert person.post(f"/breaks/{id_}/decide", told).status_code == 409
    assert person.post(f"/breaks/{id_}/answer", told).status_code == 303
    ledger = tax.house.parts.ledger
    asked = DeskQuery(today=tax.house.today)
    assert id_ in [row.id for row in ledger.break_desk(replace(asked, stands=("waiting",)), limit=9)]
    assert id_ not in [row.id for row in ledger.break_desk(replace(asked, stands=("todo",)), limit=99)]
    assert "我方答复" in person.page(f"/breaks/{id_}")
    assert person.post("/breaks/share").status_code == 303
    job = work_once(tax.house)
    assert job is not None
    assert job.state == "done", job
    assert ".B." in str(job.found["exchange"])
    assert tax.as_("chief-1").post("/breaks/share").status_code == 403


def test_giving_to_somebody_and_notes_stay_at_this_end(worked: tuple[Console, Console]) -> None:
    court, _ = worked
    person, id_ = court.as_("chief-1"), _first(court, "DUPLICATE_CLAIM")
    assert person.post(f"/breaks/{id_}/assign", {"choice": "liaison-1"}).status_code == 303
    assert person.post(f"/breaks/{id_}/comment", {"text": "已电话告知联络员，待书面答复。"}).status_code == 303
    assert person.post(f"/breaks/{id_}/assign", {"choice": "nobody-1"}).status_code == 422
    text = plain(person.page(f"/breaks/{id_}"))
    for shown in ("转交 何建海", "已电话告知联络员", "责任人 何建海"):
        assert shown in text, shown
    assert re.findall(r'data-row="(\w+)"', person.page("/breaks?owner=liaison-1")) == [id_]


def test_a_draft_comes_back_and_goes_once_it_was_sent(worked: tuple[Console, Console]) -> None:
    court, _ = worked
    person, id_ = court.as_("liaison-1"), _first(court, "RANK_DIFFERS")
    person.client.put(f"/drafts/break-{id_}", data={"csrf": person.csrf, "text": "写到一半的理由"})
    assert "写到一半的理由" in person.page(f"/breaks/{id_}")
    assert "写到一半的理由" not in court.as_("chief-1").page(f"/breaks/{id_}")
    assert _decide(person, id_, "corrected_by_them")[0] == 303
    assert court.house.desk.draft("liaison-1", f"break-{id_}") == ""


def test_the_filtered_list_as_a_sheet_and_who_took_it(worked: tuple[Console, Console]) -> None:
    for end in worked:
        answer = end.as_("chief-1").get("/breaks/list.xlsx?code=LATE_FEE_DIFFERS")
        assert answer.status_code == 200
        sheet = load_workbook(io.BytesIO(answer.content))["差异 Breaks"]
        assert sheet.max_row == 2 + len(_found(end, "LATE_FEE_DIFFERS"))
        looked = list(end.house.parts.ledger.events(kind="looked_at"))[-1]
        assert looked.body == {"what": "breaks.xlsx", "rows": sheet.max_row - 2}
        assert looked.actor == "chief-1"


def test_a_closed_break_says_whose_figures_it_shows(fresh_ends: tuple[Console, Console]) -> None:
    court, _ = fresh_ends
    fee = next(one.record for one in _found(court, "LATE_FEE_DIFFERS"))
    late = next(one.record for one in _found(court, "NO_RESPONSE"))
    with court.house.parts.ledger.transaction() as write:
        write.set_breaks(fee.route, [replace(one, state="closed") for one in (fee, late)])
    officer = court.as_("liaison-1")
    for person, said in ((officer, "消除前最后一次比对"), (court.as_("audit-1", language="en"), "the last comparison")):
        page = plain(person.page(f"/breaks/{fee.id}"))
        assert said in page
        assert f"{Decimal(fee.amounts['difference']):,.2f}" in page
        head = person.page(f"/breaks/{late.id}").split('id="object"')[1].split("</h2>")[0]
        assert not re.search("超期|overdue", head)
        assert not re.search('title="(超期|.*overdue)', person.page("/breaks?stand=closed"))
    assert said not in plain(officer.page(f"/breaks/{_found(court, 'LATE_FEE_ONE_DAY')[0].record.id}"))
    sheet = load_workbook(io.BytesIO(officer.get("/breaks/list.xlsx?stand=closed").content))["差异 Breaks"]
    heads = [cell.value for cell in sheet[1]]
    told = {row[heads.index("编号")].value: row for row in sheet.iter_rows(min_row=3)}
    assert set(told) == {fee.id, late.id}
    assert told[late.id][heads.index("剩余日数")].value is None
    assert {row[heads.index("分组")].value[:3] for row in told.values()} == {"已消除"}


def test_a_match_is_confirmed_taken_back_and_rejected(worked: tuple[Console, Console]) -> None:
    court, _ = worked
    person = court.as_("liaison-1")
    page = person.page("/breaks/matches")
    (id_,) = set(re.findall(r"/breaks/matches/(\w{16})/confirm", page))
    assert "统一社会信用代码相同" in page
    assert person.post(f"/breaks/matches/{id_}/confirm", {"reason": "短"}).status_code == 422
    assert person.post(f"/breaks/matches/{id_}/confirm", {"reason": WHY}).status_code == 303
    assert WHY not in person.page("/breaks/matches")
    decided = person.page("/breaks/matches?all=1")
    assert "liaison-1" in decided
    assert f"/breaks/matches/{id_}/revoke" in decided, "who put it forward may take it back"
    other = court.as_("chief-1").page("/breaks/matches")
    assert "Confirm as the second officer" in other or "复核" in other
    assert 'name="scope"' not in other, "the second officer confirms it as it is"
    assert person.post(f"/breaks/matches/{id_}/revoke", {"reason": WHY}).status_code == 303
    assert person.post(f"/breaks/matches/{id_}/reject", {"reason": WHY, "scope": "nonsense"}).status_code == 303
    assert person.post(f"/breaks/matches/{id_}/else", {"reason": WHY}).status_code == 404
    assert court.as_("audit-1").post(f"/breaks/matches/{id_}/reject", {"reason": WHY}).status_code == 403


def test_a_thousand_rows_come_fifty_a_page(fresh_ends: tuple[Console, Console]) -> None:
    court, _ = fresh_ends
    pattern = _found(court, "TOTAL_DIFFERS")[0].record
    more = [
        replace(pattern, id=f"{n:016x}", case_no=f"（2026）冀1103破{n}号", claim_no=f"131103TSSB{n:09d}")
        for n in range(1, 1101)
    ]
    with court.house.parts.ledger.transaction() as write:
        write.set_breaks(pattern.route, more)
    person = court.as_("audit-1")
    page = person.page("/breaks?code=TOTAL_DIFFERS&page=3")
    assert len(re.findall(r"data-row=", page)) == 50
    assert "共 1,101 条，第 101–150 条" in page
    assert "code=TOTAL_DIFFERS&amp;page=4" in page
    assert len(page) < 120_000


@pytest.mark.parametrize("path", ["/breaks", "/breaks/matches"])
def test_a_part_asked_for_by_htmx_is_a_part_and_history_is_a_page(worked: tuple[Console, Console], path: str) -> None:
    court, _ = worked
    person, id_ = court.as_("audit-1"), _first(court, "LATE_FEE_DIFFERS")
    if path == "/breaks":
        part = person.get(f"/breaks/{id_}", headers={"hx-request": "true"}).text
        assert part.lstrip().startswith("<section")
        headers = {"hx-request": "true", "hx-history-restore-request": "true"}
        assert "<html" in person.get(f"/breaks/{id_}", headers=headers).text
    assert "<html" in person.page(path)
