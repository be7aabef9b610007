"""A reason that can't be used: said under the field it was typed into, what was typed kept, nothing recorded."""

from __future__ import annotations

import re

import pytest

from exchange import journeys
from exchange.domain.break_desk import UNDONE, DeskQuery
from exchange.domain.statement_terms import CHECKED
from tests.console.kit import Console, Person_, plain

SHORT = "短<b"
TURNED = "请更正\u202e后重报"
CARD = "联系人11010519491231002X已核实"
ROUTE = "131100-cases"


def _under(page: str, field: str) -> str:
    """What is said under a field; empty when nothing is."""
    found = re.search(rf'<div class="unusable" id="{re.escape(field)}-wrong" role="alert">(.*?)</div>', page, re.DOTALL)
    return plain(found[1]).strip() if found else ""


def _break(end: Console, code: str) -> str:
    asked = DeskQuery(today=end.house.today, stands=UNDONE, code=code)
    return end.house.parts.ledger.break_desk(asked, limit=1)[0].id


def _acts(end: Console) -> int:
    kinds = ("break_decided", "break_commented", "match_decided", "alert_acknowledged", "statement_refused")
    return sum(1 for kind in kinds for _ in end.house.parts.ledger.events(kind=kind))


def _refused(person: Person_, path: str, field: str, told: dict[str, str], text: str, *, name: str = "text") -> str:
    before = _acts(person.console)
    answer = person.post(path, {**told, name: text})
    assert answer.status_code == 422, path
    assert text.replace("<", "&lt;") in answer.text, "what was typed is kept"
    assert 'aria-invalid="true"' in answer.text
    assert _acts(person.console) == before
    return _under(answer.text, field)


@pytest.mark.parametrize("text", [SHORT, TURNED, "长" * 501])
@pytest.mark.parametrize("act", ["decide", "comment"])
def test_of_a_break(ends: tuple[Console, Console], act: str, text: str) -> None:
    court, _ = ends
    id_ = _break(court, "LATE_FEE_DIFFERS")
    for language, words in (("zh", "理由5至500字"), ("en", "5 to 500 characters")):
        person = court.as_("chief-1", language=language)
        version = re.search(r'name="version" value="(\w+)"', person.page(f"/breaks/{id_}"))
        told = {"version": version[1] if version else "", "choice": "disputed"}
        field = {"decide": "why", "comment": "comment"}[act]
        assert words in _refused(person, f"/breaks/{id_}/{act}", field, told, text)


def test_of_an_alert_an_urgent_case_and_a_match(ends: tuple[Console, Console]) -> None:
    court, _ = ends
    person = court.as_("liaison-1")
    case = {"case": "（2026）冀1103破10号"}
    assert "理由5至500字" in _refused(person, "/urgent/preview", "reason", case, "长" * 501, name="reason")
    alert = {"alert": "calendar_not_official 2027Q1"}
    assert "预警说明2至500字" in _refused(person, "/alerts/acknowledge", "word", alert, "<", name="word")
    match = re.findall(r"/breaks/matches/(\w{16})/confirm", person.page("/breaks/matches"))[0]
    for text, words in ((SHORT, "理由5至500字"), (CARD, "个人信息")):
        assert words in _refused(person, f"/breaks/matches/{match}/confirm", f"r-{match}", {}, text, name="reason")


def test_of_a_statement_sent_back(ends: tuple[Console, Console]) -> None:
    _, tax = ends
    person, parts = tax.as_("chief-1"), tax.house.parts
    made = journeys.statement(parts, "2026Q3", ROUTE)
    with parts.ledger.transaction() as write:
        body = {"route": ROUTE, "period": "2026Q3", "sha256": made.sha256, "theirs_sha256": "0" * 64}
        write.append(CHECKED, exchange=made.key, actor="system", body=body)
    for text, words in ((SHORT, "理由5至500字"), (CARD, "个人信息")):
        path = f"/statements/{ROUTE}/2026Q3/refuse"
        assert words in _refused(person, path, "reason", {}, text, name="reason")


def test_a_decision_without_a_choice_is_none(ends: tuple[Console, Console]) -> None:
    court, _ = ends
    id_, person = _break(court, "LATE_FEE_DIFFERS"), court.as_("chief-1")
    for act in ("decide", "answer", "assign"):
        answer = person.post(f"/breaks/{id_}/{act}", {"version": "", "text": "截止日应为受理裁定之日"})
        assert answer.status_code == 422
        assert "复核规定" not in answer.text
