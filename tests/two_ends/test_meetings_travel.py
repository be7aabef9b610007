"""The joint meeting over two ends: filed by either side, one agenda at both, a resolution done there comes back."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from exchange import journeys
from exchange.domain import lifecycle
from exchange.domain.errors import NeedsPerson
from exchange.domain.meeting_life import Book, meeting_key
from exchange.domain.meeting_sharing import ACT, NOTED
from exchange.domain.urgency import UrgentRound
from exchange.ports import Parts
from exchange.steps.note_meeting import note_meeting
from exchange.steps.review import review
from exchange.steps.take_in import take_in
from exchange.steps.watch import watch
from tests.fakes.breaking import BACK, COURT, OUT, TAX, breaking_ends, round_trip
from tests.servers import PostgresServer

Ends = tuple[Parts, Parts]
DAY = "2026-10-20"
WHEN = {"period": "2026Q3", "place": "中院三楼会议室"}


@pytest.fixture
def ends(tmp_path: Path, postgres_server: PostgresServer) -> Iterator[Ends]:
    names = {party: postgres_server.new_database() for party in (COURT, TAX)}
    with breaking_ends(tmp_path, {party: postgres_server.url(name) for party, name in names.items()}) as made:
        yield made


@pytest.fixture
def light(tmp_path: Path) -> Iterator[Ends]:
    with breaking_ends(tmp_path, {party: f"sqlite:///{tmp_path}/{party}.db" for party in (COURT, TAX)}) as made:
        yield made


def do(parts: Parts, act: str, by: str = "liaison-1", **told: Any) -> str:
    return journeys.meet(parts, act, told, by=by)


def filed(parts: Parts, text: str, **about: str) -> str:
    return do(parts, "file", kind="policy", text=text, about=about)


def told(parts: Parts) -> str:
    """What was done here goes over: put forward by one officer, approved by another."""
    key = journeys.share_meeting(parts, by="liaison-1")
    assert key is not None
    journeys.call(review, parts, key, "approve", by="chief-1")
    return key


def book(parts: Parts) -> Book:
    return journeys.meeting_book(parts)


def read(parts: Parts) -> dict[str, Any]:
    """The book in words: what both ends must see alike."""
    made, other = book(parts), journeys.meeting_with(parts)

    def words(sha256: str | None) -> str:
        return journeys.meeting_text(parts, other, sha256)

    return {
        "questions": [
            (q.id, q.kind, words(q.text_sha256), dict(q.about), q.party, q.by, q.meeting, q.open,
             [(a.party, words(a.text_sha256)) for a in q.answers])
            for q in made.questions.values()
        ],
        "meetings": [(m.id, m.day, m.period, words(m.place_sha256), m.party, m.held_on, m.off)
                     for m in made.meetings.values()],
        "resolutions": [
            (r.id, words(r.text_sha256), r.owner_party, r.owner, r.due_on, words(r.finished_sha256), r.finished_on)
            for r in made.resolutions.values()
        ],
        "proposals": [(p.route, p.figure, p.value, p.since, words(p.source_sha256)) for p in made.proposals.values()],
        "agenda": [q.id for m in made.meetings for q in made.agenda(m)],
    }  # fmt: skip


def test_both_ends_prepare_hold_and_follow_up_one_meeting(ends: Ends) -> None:
    court, tax = ends
    ours = filed(court, "受理后新生税款的申报时点如何把握", case="(2026)冀1103破6号")
    theirs = filed(tax, "元与万元混用如何避免")
    do(tax, "call", "chief-1", day=DAY, **WHEN)
    told(court)
    told(tax)
    round_trip(*ends)
    assert read(court) == read(tax)
    assert book(tax).questions[ours].about == {"case": "（2026）冀1103破6号"}
    assert (book(court).questions[theirs].party, book(tax).questions[ours].party) == (TAX, COURT)

    do(tax, "answer", id=ours, text="自受理次月起按月申报")
    do(court, "put", id=ours, meeting=DAY)
    do(tax, "put", id=theirs, meeting=DAY)
    told(court)
    told(tax)
    round_trip(*ends)
    assert read(court) == read(tax)
    assert [q.id for q in book(court).agenda(DAY)] == [ours, theirs]
    assert [a.party for a in book(court).questions[ours].answers] == [TAX]

    today = court.today.isoformat()
    do(court, "move", meeting=DAY, day=today, place="税务局二楼")
    do(court, "held", meeting=DAY, day=today)
    resolved = do(court, "resolve", meeting=DAY, question=ours, text="税务局发文告知各管理人", owner=TAX,
                  due_on="2026-11-30")  # fmt: skip
    do(court, "propose", meeting=DAY, route=OUT, figure="urgent_claims_due_days", value="10", since="2027-01-01",
       source="联席会议决议第1项")  # fmt: skip
    told(court)
    round_trip(*ends)
    assert read(court) == read(tax)
    with pytest.raises(NeedsPerson, match="E945"):
        do(court, "finish", id=resolved, text="税务局已办结")
    do(tax, "assign", id=resolved, owner="chief-2")
    do(tax, "finish", id=resolved, text="已发文告知各管理人")
    told(tax)
    round_trip(*ends)
    assert book(court).unfinished() == []
    assert read(court) == read(tax)
    assert book(court).resolutions[resolved].owner == "chief-2"
    for parts in ends:
        assert journeys.audit(parts) == []
        assert not any("告知" in str(e.body) or "会议室" in str(e.body) for e in parts.ledger.events())


def test_what_is_told_is_released_once_and_again_when_it_was_sent_back(light: Ends) -> None:
    court, tax = light
    assert journeys.share_meeting(court) is None
    filed(court, "回执常在周五晚间才到")
    old = journeys.share_meeting(court)
    assert journeys.share_meeting(court) == old
    filed(court, "新旧税号并存时以何者为准")
    key = journeys.share_meeting(court, by="liaison-1")
    assert key not in (None, old)
    assert journeys.record(court, str(old)).state == lifecycle.REFUSED
    with pytest.raises(NeedsPerson, match="E910"):
        journeys.call(review, court, key, "approve", by="liaison-1")
    filed(court, "法定代表人变更未登记的如何处理")
    later = journeys.share_meeting(court, by="liaison-1")
    assert later not in (None, key)
    assert journeys.record(court, str(key)).state == lifecycle.PREPARED
    journeys.call(review, court, later, "approve", by="chief-1")
    journeys.call(review, court, key, "refuse", by="chief-1", reason="文字需要再斟酌")
    round_trip(*light)
    assert len(book(tax).questions) == 1
    assert len(journeys.meeting_untold(court)) == 2
    told(court)
    round_trip(*light)
    assert read(tax) == read(court)
    assert list(journeys.meeting_untold(court)) == []
    assert journeys.share_meeting(court) is None


def test_killed_before_the_acts_are_noted_and_noted_twice(light: Ends) -> None:
    court, tax = light
    filed(court, "回执常在周五晚间才到")
    told(court)
    journeys.sweep(court)
    for packet in journeys.fetch(tax, COURT):
        journeys.call(take_in, tax, packet)
    assert book(tax).questions == {}
    round_trip(tax, court)
    (came,) = [e.key for e in tax.ledger.exchanges(kind="M") if e.direction == "in"]
    head = tax.ledger.head()
    assert (journeys.call(note_meeting, tax, came), tax.ledger.head()) == ({}, head)
    assert read(tax) == read(court)


def test_acts_that_cross_are_taken_alike_at_both_ends(light: Ends) -> None:
    court, tax = light
    question = filed(court, "回执常在周五晚间才到")
    do(court, "call", day=DAY, **WHEN)
    told(court)
    round_trip(*light)
    do(court, "withdraw", id=question)
    do(tax, "put", id=question, meeting=DAY)
    do(tax, "answer", id=question, text="周五改为下午四点前回执")
    do(court, "call", day="2026-11-10", period="2026Q3", place="中院")
    do(tax, "call", day="2026-11-10", period="2026Q3", place="税务局")
    told(court)
    told(tax)
    round_trip(*light)
    assert read(court) == read(tax)
    assert [m[3] for m in read(court)["meetings"]] == ["中院三楼会议室", "中院"]
    do(tax, "call_off", meeting=DAY)
    told(tax)
    round_trip(*light)
    assert read(court) == read(tax)
    assert [m.id for m in book(court).meetings.values() if m.waits] == ["2026-11-10"]


def row(**more: Any) -> dict[str, Any]:
    told = {
        "act_no": f"{TAX}.1", "act_order": "1", "act": "filed", "subject": f"{TAX}.q1", "question_kind": "policy",
        "text": "税款申报时点如何把握", "acted_by": "officer-7", "acted_at": "2026-10-09T10:00:00+08:00",
    }  # fmt: skip
    return {**told, **more}


def came(court: Parts, rows: list[dict[str, Any]]) -> dict[str, int]:
    """Rows as a bureau without this software would fill them in, landed with a packet of kind M."""
    route, key = court.agreement.route(BACK), f"{TAX}.{COURT}.000001.M"
    frame = pd.DataFrame(rows, columns=list(route.wire(ACT).names), dtype="str")
    opened = {"route": BACK, "direction": "in", "kind": "M", "period": None, "as_of": "2026-10-09", "packet_id": key}
    with court.ledger.transaction() as write:
        write.land(route, ACT, frame, number=1, packet_id=key)
        write.append("taken_in", exchange=key, actor="a", body=opened)
    journeys.hear_meetings(court)
    (noted,) = court.ledger.events(exchange=key, kind=NOTED)
    return {name: count for name, count in noted.body.items() if name != "with"}


ODD: tuple[dict[str, Any], ...] = (
    {"act_no": f"{COURT}.1"}, {"subject": f"{COURT}.q1"}, {"subject": f"{TAX}.q1/../x"}, {"text": "\u202e\u0007"},
    {"text": None}, {"text": "长" * 2001}, {"act_order": "0"}, {"act_order": "9" * 12}, {"question_kind": None},
    {"about_case": "张三的案子"}, {"act": "called", "subject": DAY, "day": DAY, "period": "2026-3"},
    {"act": "called", "subject": "今天", "day": DAY, "period": "2026Q3"}, {"act": "held", "subject": DAY},
    {"act": "proposed", "meeting": DAY, "route": OUT, "figure": "x", "value": "NaN", "day": DAY},
    {"owner_party": "nobody-1"}, {"acted_by": "张三 13912345678"},
)  # fmt: skip


def test_acts_that_can_not_be_are_left_out_and_counted(light: Ends) -> None:
    court, _ = light
    odd = [row(**{"act_no": f"{TAX}.odd{n}", **one}) for n, one in enumerate(ODD)]
    good = row(act_no=f"{TAX}.2", act_order="2", subject=f"{TAX}.q2")
    assert came(court, [*odd, good]) == {"unusable": len(ODD), "taken": 1}
    assert [q.id for q in book(court).questions.values()] == [f"{TAX}.q2"]
    assert "13912345678" not in str([e.body for e in court.ledger.events()])


def test_the_other_side_can_neither_withdraw_ours_nor_end_what_we_see_to(light: Ends) -> None:
    court, _ = light
    question = filed(court, "回执常在周五晚间才到")
    do(court, "call", day=DAY, **WHEN)
    ours = do(court, "resolve", meeting=DAY, text="法院按月核对回执", owner="liaison-1", due_on="2026-11-30")
    acts = [
        row(act="withdrawn", subject=question, act_order="90"), row(act="settled", subject=question, act_no=f"{TAX}.2"),
        row(act="finished", subject=ours, day=DAY, text="已经办结了", act_no=f"{TAX}.3", act_order="91"),
        row(act="put", subject=f"{TAX}.unknown", meeting=DAY, act_no=f"{TAX}.4"),
        row(text="一\u202e行\u0007文字", act_no=f"{TAX}.5", act_order="92"),
    ]  # fmt: skip
    assert came(court, acts) == {"taken": 5}
    assert book(court).questions[question].open
    assert book(court).resolutions[ours].finished_on is None
    assert book(court).number == 92
    assert read(court)["questions"][-1][2] == "一行文字"
    assert journeys.audit(court) == []


def test_without_a_route_for_it_everything_stays_here_and_this_end_says_what_is_done(light: Ends) -> None:
    court = light[0]
    bare = {
        id: replace(route, datasets=tuple(c for c in route.datasets if c.dataset != ACT))
        for id, route in court.agreement.routes.items() if court.party != route.sender or route.receiver == TAX
    }  # fmt: skip
    alone = replace(court, agreement=replace(court.agreement, routes=bare))
    do(alone, "call", day=DAY, **WHEN)
    resolved = do(alone, "resolve", meeting=DAY, text="税务局发文告知", owner=TAX, due_on="2026-11-30")
    do(alone, "finish", id=resolved, text="来电告知已办结")
    assert book(alone).unfinished() == []
    assert journeys.meeting_untold(alone) == ()
    with pytest.raises(NeedsPerson, match="E905"):
        journeys.share_meeting(alone)
    assert list(alone.ledger.events(exchange=meeting_key(TAX), kind="meeting_shared")) == []


def test_acts_the_other_side_can_not_use_come_back_by_its_receipt(ends: Ends) -> None:
    court, tax = ends
    filed(tax, "元与万元混用如何避免")
    question = filed(tax, "回执常在周五晚间才到", case="（2026）冀1103破6号")
    with tax.ledger.transaction() as write:  # a version of this software, or another one, that lets pass what can't be
        [_, second] = [e for e in tax.ledger.events(exchange=meeting_key(COURT)) if e.kind == "question_filed"]
        body = {**second.body, "act": f"{TAX}.odd", "subject": f"{TAX}.odd", "number": 9, "about": {"case": "没有号"}}
        write.append("question_filed", exchange=meeting_key(COURT), actor="liaison-1", body=body)
    key = told(tax)
    round_trip(court, tax)
    round_trip(court, tax)
    assert [q.id for q in book(court).questions.values()][-1] == question
    assert [(at, act.id) for at, act in journeys.meeting_unheard(tax)] == [(key, f"{TAX}.odd")]
    assert journeys.meeting_left_out(court) == (f"{TAX}.{COURT}.000001.M", 1)
    assert journeys.meeting_unheard(court) == []
    do(tax, "withdraw", id=f"{TAX}.odd")
    assert journeys.meeting_unheard(tax) == []


def test_a_resolution_past_its_day_is_alerted_about_at_the_end_that_sees_to_it(ends: Ends) -> None:
    court, tax = ends
    do(court, "call", day=DAY, **WHEN)
    due = {"meeting": DAY, "due_on": "2026-11-02"}
    theirs = do(court, "resolve", text="税务局发文告知各管理人", owner=TAX, **due)
    ours = do(court, "resolve", text="法院公告中写明申报时点", owner="liaison-1", **due)
    told(court)
    round_trip(*ends)

    def alerted(parts: Parts, day: date) -> list[str]:
        journeys.call(watch, replace(parts, today=day), urgent=UrgentRound(cases=(), keys=()))
        return [a.subject for a in parts.ledger.alerts(rule="resolution_overdue")]

    assert (alerted(court, date(2026, 11, 2)), alerted(tax, date(2026, 11, 2))) == ([], [])
    assert (alerted(court, date(2026, 11, 3)), alerted(tax, date(2026, 11, 3))) == ([ours], [theirs])
    alerted(tax, date(2026, 11, 5))
    [late] = tax.ledger.alerts(rule="resolution_overdue")
    assert late.escalated_on == date(2026, 11, 5)
    do(tax, "finish", id=theirs, text="已发文告知各管理人")
    alerted(tax, date(2026, 11, 6))
    assert [a.last_day for a in tax.ledger.alerts(rule="resolution_overdue")] == [date(2026, 11, 5)]
    assert not any("告知" in str(e.body) or "公告" in str(e.body) for p in ends for e in p.ledger.events())
