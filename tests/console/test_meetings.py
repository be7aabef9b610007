"""联席会议: filed, put on the agenda, resolved, done; the agenda as Word and PDF; a figure as a proposed change."""

from __future__ import annotations

import io
import re
from datetime import timedelta

import pytest
import yaml
from docx import Document
from openpyxl import load_workbook
from pypdf import PdfReader

from exchange import journeys
from exchange.domain.meeting_life import KINDS, Book
from exchange.domain.urgency import UrgentRound
from exchange.steps.watch import watch
from tests.console.kit import Console, plain


def _id(console: Console) -> str:
    return next(reversed(_book(console).questions))


def _book(console: Console) -> Book:
    return journeys.meeting_book(console.house.parts)


def test_a_question_goes_from_filing_to_a_resolution_that_is_done(fresh_ends: tuple[Console, Console]) -> None:
    for end in fresh_ends:
        handler, chief, today = end.as_("liaison-1"), end.as_("chief-1"), end.house.today
        asked = {"kind": "policy", "text": "破产程序中新产生税款的申报时点如何把握", "case": "（2026）冀1103破6号"}
        assert handler.post("/meetings/questions", asked).status_code == 303
        assert handler.post("/meetings/questions", asked).status_code == 303
        question, day = _id(end), (today + timedelta(days=11)).isoformat()
        called = {"day": day, "period": "2026Q3", "place": "中院三楼会议室"}
        assert chief.post("/meetings", called).headers["location"] == "/meetings"
        assert chief.post(f"/meetings/{day}/agenda", {"id": question}).status_code == 303
        page = plain(chief.page(f"/meetings/{day}"))
        assert "新产生税款的申报时点" in page
        assert "中院三楼会议室" in page
        told = {"text": "自受理次月起按月申报", "owner": "liaison-1", "due_on": day, "question": question}
        assert chief.post(f"/meetings/{day}/resolutions", told).status_code == 303
        assert "自受理次月起按月申报" in plain(handler.page("/meetings"))
        (resolution,) = _book(end).resolutions.values()
        assert (
            handler.post(f"/meetings/resolutions/{resolution.id}/finish", {"text": "已发文告知各管理人"}).status_code
            == 303
        )
        assert "没有未完成的决议" in plain(handler.page("/meetings"))
        assert handler.post(f"/meetings/resolutions/{resolution.id}/reopen").status_code == 303
        assert "自受理次月起按月申报" in plain(handler.page("/meetings"))
        events = [e for kind in KINDS for e in end.house.parts.ledger.events(kind=kind)]
        assert len(events) == 6
        assert "申报时点" not in str([e.body for e in events])
        assert list(end.house.parts.ledger.verify()) == []


@pytest.mark.parametrize(
    ("form", "said"),
    [
        ({"kind": "policy", "text": "短"}, "议题"),
        ({"kind": "policy", "text": "请核对身份证号 110101199001011234 的情况"}, "个人"),
        ({"kind": "other", "text": "一个足够长的问题"}, ""),
    ],
)
def test_a_question_that_cannot_be_is_refused_and_its_words_stay(
    ends: tuple[Console, Console], form: dict[str, str], said: str
) -> None:
    answer = ends[0].as_("liaison-1").post("/meetings/questions", form)
    assert answer.status_code == 422
    assert form["text"] in answer.text
    assert 'role="alert"' in answer.text
    assert said in answer.text


def test_only_who_filed_withdraws_and_an_auditor_only_looks(fresh_ends: tuple[Console, Console]) -> None:
    court, _ = fresh_ends
    court.as_("liaison-1").post("/meetings/questions", {"kind": "interface", "text": "回执常在周五晚间才到"})
    question = _id(court)
    assert court.as_("chief-1").post(f"/meetings/questions/{question}/withdraw").status_code == 422
    auditor = court.as_("audit-1")
    assert auditor.post(f"/meetings/questions/{question}/withdraw").status_code == 403
    assert '<form method="post" action="/meetings' not in auditor.page("/meetings")
    assert court.as_("liaison-1").post(f"/meetings/questions/{question}/withdraw").status_code == 303
    assert court.as_("liaison-1").get("/meetings/2020-01-01").status_code == 404


def test_a_meeting_of_the_past_cannot_be_called_nor_its_agenda_changed(fresh_ends: tuple[Console, Console]) -> None:
    court, _ = fresh_ends
    chief, today = court.as_("chief-1"), court.house.today.isoformat()
    assert chief.post("/meetings", {"day": "2020-01-01", "period": "2026Q3", "place": "x"}).status_code == 422
    assert chief.post("/meetings", {"day": today, "period": "2026-3", "place": "x"}).status_code == 422
    assert chief.post("/meetings", {"day": today, "period": "2026Q3", "place": "x"}).status_code == 303
    chief.post("/meetings/questions", {"kind": "interface", "text": "回执常在周五晚间才到"})
    assert chief.post(f"/meetings/{today}/held", {"day": today}).status_code == 303
    assert chief.post(f"/meetings/{today}/agenda", {"id": _id(court)}).status_code == 409


def test_the_agenda_is_word_to_edit_and_pdf_to_print(fresh_ends: tuple[Console, Console]) -> None:
    court, _ = fresh_ends
    chief, today = court.as_("chief-1"), court.house.today.isoformat()
    hostile = "{{ 7*7 }} <w:p/> & 元与万元混用如何避免"
    chief.post("/meetings/questions", {"kind": "interface", "text": hostile})
    chief.post("/meetings", {"day": today, "period": "2026Q3", "place": "税务局"})
    chief.post(f"/meetings/{today}/agenda", {"id": _id(court)})
    made = Document(io.BytesIO(chief.get(f"/meetings/{today}/agenda.docx").content))
    text = "\n".join(p.text for p in made.paragraphs)
    assert hostile in text
    assert "{%" not in text
    told = "\n".join(cell.text for table in made.tables for row in table.rows for cell in row.cells)
    assert "滞纳金计算不一致" in told
    kept = {str(part.partname): part.blob for part in made.part.package.iter_parts()}
    charts = [name for name in kept if name.startswith("/word/charts/")]
    assert len(charts) == text.count("2026Q3 ") + 2 == 4
    figures = [load_workbook(io.BytesIO(blob)).active for name, blob in kept.items() if name.endswith(".xlsx")]
    assert [cell.value for cell in figures[0][2]] == ["2026Q3", 132, 14]
    assert all(b"externalData" in kept[name] and b"numCache" in kept[name] for name in charts)
    printed = PdfReader(io.BytesIO(chief.get(f"/meetings/{today}/agenda.pdf").content))
    words = re.sub(r"\s", "", "".join(page.extract_text() for page in printed.pages))
    assert "元与万元混用如何避免" in words
    assert "滞纳金计算不一致" in words


def test_a_figure_agreed_on_becomes_a_document_that_loads(fresh_ends: tuple[Console, Console]) -> None:
    court, _ = fresh_ends
    chief, today = court.as_("chief-1"), court.house.today.isoformat()
    chief.post("/meetings", {"day": today, "period": "2026Q3", "place": "税务局"})
    told = {
        "figure": "131100-cases urgent_claims_due_days",
        "value": "10",
        "since": "2027-01-01",
        "source": "联席会议决议第1项",
    }
    assert chief.post(f"/meetings/{today}/proposals", told).status_code == 303
    assert chief.post(f"/meetings/{today}/proposals", {**told, "value": "ten"}).status_code == 422
    assert chief.post(f"/meetings/{today}/proposals", {**told, "figure": "131100-cases none"}).status_code == 422
    (proposal,) = _book(court).proposals.values()
    answer = chief.get(f"/meetings/proposals/{proposal.id}")
    entries = yaml.safe_load(answer.text)["figures"]["urgent_claims_due_days"]
    assert [str(e["value"]) for e in entries] == ["7", "10"]
    assert str(entries[-1]["since"]) == "2027-01-01"
    terms = {**told, "figure": "131100-cases late_fee_rate", "value": "0.0004"}
    chief.post(f"/meetings/{today}/proposals", terms)
    last = list(_book(court).proposals)[-1]
    assert "late_fee_rate" in yaml.safe_load(chief.get(f"/meetings/proposals/{last}").text)["figures"]


def _told(end: Console) -> str:
    """What was noted is put forward by the handler and approved by a reviewer, as any exchange."""
    at = str(end.as_("liaison-1").post("/meetings/share").headers["location"])
    chief = end.as_("chief-1")
    page = chief.page(at)
    form = {name: re.findall(rf'name="{name}" value="([^"]*)"', page)[0] for name in ("content_hash", "version")}
    assert chief.post(f"{at}/approve", form).status_code == 303, plain(page)[:800]
    return plain(page)


def test_what_one_side_files_the_other_answers_and_sees_to(fresh_ends: tuple[Console, Console]) -> None:
    court, tax = fresh_ends
    handler, theirs, today = court.as_("liaison-1"), tax.as_("liaison-1"), court.house.today.isoformat()
    asked = {"kind": "policy", "text": "破产程序中新产生税款的申报时点如何把握", "case": "（2026）冀1103破6号"}
    handler.post("/meetings/questions", asked)
    assert "有 1 项尚未送对方" in plain(handler.page("/meetings"))
    assert "联席会议事项待送对方" in plain(handler.page("/"))
    assert court.as_("chief-1").post("/meetings/share").status_code == 403
    assert "破产程序中新产生税款的申报时点如何把握" in _told(court)
    for end in (court, tax, court):
        journeys.sweep(end.house.parts)
    question = _id(tax)
    assert "liaison-1" in (page := plain(theirs.page("/meetings")))
    assert "申报时点如何把握" in page
    assert "撤回" not in page
    assert theirs.post(f"/meetings/questions/{question}/withdraw").status_code == 422
    assert theirs.post(f"/meetings/questions/{question}/settle").status_code == 409
    theirs.post(f"/meetings/questions/{question}/answer", {"text": "自受理次月起按月申报"})
    theirs.post("/meetings", {"day": today, "period": "2026Q3", "place": "税务局"})
    theirs.post(f"/meetings/{today}/agenda", {"id": question})
    due = {"text": "法院公告中写明申报时点", "owner": "court-131100", "due_on": "2026-11-30", "question": question}
    assert theirs.post(f"/meetings/{today}/resolutions", due).status_code == 303
    assert "由对方填写办理结果" in plain(theirs.page("/meetings"))
    _told(tax)
    for end in (tax, court, tax):
        journeys.sweep(end.house.parts)
    page = plain(handler.page("/meetings"))
    assert "自受理次月起按月申报" in plain(handler.page(f"/meetings/{today}"))
    assert "法院公告中写明申报时点" in page
    (resolution,) = _book(court).resolutions
    assert handler.post(f"/meetings/resolutions/{resolution}/assign", {"owner": "liaison-1"}).status_code == 303
    assert "何建海" in plain(handler.page("/meetings"))
    assert "办理联席会议决议：法院公告中写明申报时点" in plain(handler.page("/"))
    assert _book(tax).unfinished() != []


def test_an_entry_the_other_side_cannot_use_is_said_at_both_ends_until_it_is_mended(
    fresh_ends: tuple[Console, Console],
) -> None:
    court, tax = fresh_ends
    handler, parts = tax.as_("liaison-1"), tax.house.parts
    handler.post("/meetings/questions", {"kind": "interface", "text": "回执常在周五晚间才到"})
    [first] = parts.ledger.events(kind="question_filed")
    odd = "tax-131100.odd"
    body = {**first.body, "act": odd, "subject": odd, "number": 9, "about": {"case": "没有号"}}
    with parts.ledger.transaction() as write:
        write.append("question_filed", exchange=first.exchange, actor="liaison-1", body=body)
    _told(tax)
    for end in (tax, court, tax):
        journeys.sweep(end.house.parts)
    page = plain(handler.page("/meetings"))
    assert "我方一项内容对方无法使用：提出议题 回执常在周五晚间才到" in page
    assert "联席会议有 1 项对方无法使用，待改正" in plain(handler.page("/"))
    theirs = court.as_("liaison-1")
    here = theirs.page("/meetings")
    assert "有一项本端无法使用，已在回执中告知对方" in plain(here)
    packet = re.findall(r'href="(/exchanges/tax-131100\.court[^"]+)"', here)[0]
    assert "联席会议事项本端无法使用" in plain(theirs.page(packet))
    assert handler.post(f"/meetings/questions/{odd}/withdraw").status_code == 303
    assert "对方无法使用" not in plain(handler.page("/meetings"))


def test_a_resolution_past_its_day_is_an_alert_that_leads_to_the_meetings(fresh_ends: tuple[Console, Console]) -> None:
    court, _ = fresh_ends
    chief, today = court.as_("chief-1"), court.house.today
    chief.post("/meetings", {"day": today.isoformat(), "period": "2026Q3", "place": "税务局"})
    past = (today - timedelta(days=1)).isoformat()
    due = {"text": "法院公告中写明申报时点", "owner": "liaison-1", "due_on": past}
    assert chief.post(f"/meetings/{today}/resolutions", due).status_code == 303
    journeys.call(watch, court.house.parts, urgent=UrgentRound(cases=(), keys=()))
    alerts = court.as_("liaison-1").page("/alerts?rule=resolution_overdue")
    assert "联席会议决议逾期未办结" in plain(alerts)
    assert 'href="/meetings"' in alerts[alerts.index('class="alerts') :]
    assert "联席会议决议逾期未办结" in plain(court.as_("liaison-1").page("/"))
