"""Reviewing an exchange: who may decide what, bound to what was on the screen; reasons, the sample, the lists."""

from __future__ import annotations

import io
import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote

import pytest
from openpyxl import load_workbook
from typer.testing import CliRunner

from exchange import journeys
from exchange.cli import app
from exchange.console.work import work_once
from exchange.domain.sampling import draw
from exchange.ports import Parts
from exchange.steps.overrule import overrule
from tests.console.kit import ROOT, Console, Person_, console, copied, plain

ROUTE, QUARTER = "131100-cases", "2026Q3"
KEY = f"{ROUTE}.Q.{QUARTER}"


@pytest.fixture(scope="module")
def checked_world(gone_round: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A court whose first quarter was read and checked, and waits for its officers."""
    world = copied(gone_round, tmp_path_factory.mktemp("checked"))
    home = world / "court"
    (home / "ledger.db").unlink()
    shutil.rmtree(home / "vault")
    with console(home) as court:
        ask(court, "/exchanges/start", route=ROUTE, period=QUARTER, as_of="2026-10-09")
    return world


@pytest.fixture
def court(checked_world: Path, tmp_path: Path) -> Iterator[Console]:
    """Its console, of one's own."""
    with console(copied(checked_world, tmp_path) / "court") as court:
        yield court


def ask(court: Console, path: str, **told: str) -> None:
    """Ask for work as the handler, and let it be done."""
    assert court.as_("liaison-1").post(path, told).status_code == 303
    job = work_once(court.house)
    assert job is not None
    assert job.state == "done", (job.code, job.what)


def decide(person: Person_, action: str, *, page: str | None = None, **told: str) -> int:
    """Press a button of the panel as it stands on a page (this moment's, unless one is given)."""
    page = page if page is not None else person.page(f"/exchanges/{KEY}")
    seen = {name: _hidden(page, name) for name in ("content_hash", "version")}
    return person.post(f"/exchanges/{KEY}/{action}", {**seen, **told}).status_code


def _hidden(page: str, name: str) -> str:
    found = re.search(rf'name="{name}" value="([^"]*)"', page)
    return found[1] if found else ""


def explain_all(person: Person_) -> None:
    """Give every open point a reason, rule by rule."""
    while points := re.findall(
        r'name="points" value="(\w+)"[^>]* checked', person.page(f"/exchanges/{KEY}?tab=points")
    ):
        rules = {one.rule for one in _standing(person.console).open if one.id in points}
        for rule in rules:
            ids = [one.id for one in _standing(person.console).open if one.rule == rule]
            told = {"points": ids, "rule": rule, "category": "confirmed_at_source", "reason": "已与案卷核对无误"}
            assert person.post(f"/exchanges/{KEY}/explain", told).status_code == 303


def _standing(court: Console):  # type: ignore[no-untyped-def]
    from exchange.console.review_view import review_of

    parts = court.house.parts
    return review_of(parts, journeys.record(parts, KEY), size=8).standing


def check_sample(person: Person_, found: str = "agrees", note: str = "") -> list[str]:
    """Check every case of the sample by hand."""
    page = person.page(f"/exchanges/{KEY}?tab=sample")
    places = re.findall(r'tab=sample&amp;place=[^"]+"', page)
    assert len(places) == 8
    done = []
    for place in _sample(person.console):
        assert place in plain(person.page(f"/exchanges/{KEY}?tab=sample&place={place}"))
        assert (
            person.post(f"/exchanges/{KEY}/sample", {"place": place, "found": found, "note": note}).status_code == 303
        )
        done.append(place)
    return done


def _sample(court: Console) -> tuple[str, ...]:
    from exchange.steps.check_sample import sample_of

    parts = court.house.parts
    record = journeys.record(parts, KEY)
    return sample_of(record, journeys.agreed(parts, KEY).route(record.route), parts.vault, 8)


def state(court: Console) -> str:
    """Where the exchange stands."""
    return journeys.record(court.house.parts, KEY).state


def test_two_people_take_it_from_checked_to_approved(court: Console) -> None:
    handler, reviewer = court.as_("liaison-1"), court.as_("chief-1")
    assert decide(handler, "prepare") == 422, "points wait for a reason"
    explain_all(handler)
    assert decide(handler, "prepare") == 303
    assert "等待复核" in reviewer.page(f"/exchanges/{KEY}")
    assert decide(reviewer, "approve") == 422, "the sample is not checked"
    assert state(court) == "prepared"
    check_sample(reviewer)
    assert decide(reviewer, "approve") == 303
    assert state(court) == "approved"
    kinds = [event.kind for event in court.house.parts.ledger.events(exchange=KEY)]
    assert kinds.count("sample_checked") == 8
    assert court.house.parts.ledger.exchange(KEY).approved_by == "chief-1"  # type: ignore[union-attr]
    assert journeys.audit(court.house.parts) == []


def test_a_page_gone_stale_decides_nothing_and_keeps_the_opinion(court: Console) -> None:
    handler, reviewer = court.as_("liaison-1"), court.as_("chief-1")
    explain_all(handler)
    decide(handler, "prepare")
    check_sample(reviewer)
    page = reviewer.page(f"/exchanges/{KEY}")
    place = _sample(court)[0]
    handler.post(f"/exchanges/{KEY}/sample", {"place": place, "found": "differs", "note": "终结日期与裁定书不符"})
    seen = {name: _hidden(page, name) for name in ("content_hash", "version")}
    answer = reviewer.post(f"/exchanges/{KEY}/approve", {**seen, "reason": "已阅，同意送出"})
    assert answer.status_code == 409
    said = plain(answer.text)
    assert "已阅，同意送出" in said
    assert "抽样核对一件" in said
    assert "仍按我的结论提交" in said
    assert state(court) == "prepared"
    assert decide(reviewer, "approve") == 422, "a case differs: the approver says why"
    assert decide(reviewer, "approve", reason="已核对裁定书，系笔误，另行更正") == 303


def test_content_assembled_anew_voids_what_was_seen(court: Console) -> None:
    handler, reviewer = court.as_("liaison-1"), court.as_("chief-1")
    explain_all(handler)
    decide(handler, "prepare")
    page = reviewer.page(f"/exchanges/{KEY}")
    told = re.search(r'name="rule" value="(\w+)"><input type="hidden" name="case_no" value="([^"]+)"',
                     handler.page(f"/exchanges/{KEY}?tab=held"))  # fmt: skip
    assert told is not None, "some rule may be overruled"
    answer = handler.post(f"/exchanges/{KEY}/overrule", {
        "rule": told[1], "case_no": told[2], "category": "register_error", "reason": "已核对营业执照原件"})  # fmt: skip
    assert answer.headers["location"].startswith("/exchanges/jobs/")
    assert work_once(court.house).state == "done"  # type: ignore[union-attr]
    assert decide(reviewer, "approve", page=page) == 409
    assert state(court) == "checked"


def test_nobody_approves_his_own_work_also_by_a_direct_post(checked_world: Path, tmp_path: Path) -> None:
    from exchange.domain.person import Role

    both = {"both-1": ("吴双", frozenset({Role.handler, Role.reviewer}))}
    from tests.console.kit import PEOPLE

    with console(copied(checked_world, tmp_path) / "court", {**PEOPLE, **both}) as court:
        alone = court.as_("both-1")
        explain_all(alone)
        assert decide(alone, "prepare") == 303
        check_sample(alone)
        page = alone.page(f"/exchanges/{KEY}")
        assert "本批由您提交，须由他人复核" in page
        assert decide(alone, "approve", page=page) == 422
        assert state(court) == "prepared"


def test_sending_back_wants_a_reason_and_keeps_it_out_of_the_ledger(court: Console) -> None:
    reviewer = court.as_("chief-1")
    assert decide(reviewer, "refuse") == 422
    seen = {name: _hidden(reviewer.page(f"/exchanges/{KEY}"), name) for name in ("content_hash", "version")}
    answer = reviewer.post(f"/exchanges/{KEY}/refuse", {**seen, "reason": "退回"})
    for shown in ('id="reason-wrong"', "理由5至500字", ">退回</textarea>"):
        assert shown in answer.text, shown
    assert decide(reviewer, "refuse", reason="两件案号待立案庭确认") == 303
    assert state(court) == "refused"
    bodies = str([event.body for event in court.house.parts.ledger.events(exchange=KEY, kind="refused")])
    assert "立案庭" not in bodies
    assert "reason_sha256" in bodies


def test_the_tabs_say_what_goes_and_what_stays(court: Console) -> None:
    officer = court.as_("audit-1")
    overview = plain(officer.page(f"/exchanges/{KEY}"))
    assert "与上季度相比" in overview
    assert "此路线此前没有已送出的季度" in overview
    for tab in (
        "new",
        "changed",
        "closed",
        "unchanged",
        "held",
        "points",
        "gaps",
        "sample",
        "checks",
        "files",
        "history",
    ):
        assert "不能" not in plain(officer.page(f"/exchanges/{KEY}?tab={tab}")), tab
    held = plain(officer.page(f"/exchanges/{KEY}?tab=held"))
    assert "批次之外" in held
    assert "金额为负数" in held
    assert "统一社会信用代码" in held


def test_looking_at_reasons_and_at_a_case_of_the_sample_is_an_event(court: Console) -> None:
    reviewer = court.as_("chief-1")
    place = _sample(court)[0]
    before = len(_looks(court.house.parts))
    reviewer.page(f"/exchanges/{KEY}?tab=points")
    reviewer.page(f"/exchanges/{KEY}?tab=sample&place={place}")
    assert _looks(court.house.parts)[before:] == ["points", "sample"]


def test_a_name_is_masked_until_it_is_asked_for_and_that_is_recorded(court: Console) -> None:
    reviewer = court.as_("chief-1")
    place = next(p for p in _sample(court) if "**" in reviewer.page(f"/exchanges/{KEY}?tab=sample&place={p}"))
    masked = reviewer.page(f"/exchanges/{KEY}?tab=sample&place={place}")
    full = reviewer.post(f"/exchanges/{KEY}/reveal", {"place": place})
    assert full.status_code == 200
    assert full.text.count("**") < masked.count("**")
    assert _looks(court.house.parts)[-1] == "sample-full"
    assert "**" in reviewer.page(f"/exchanges/{KEY}?tab=sample&place={place}"), "for that view alone"


def _looks(parts: Parts) -> list[str]:
    return [event.body["what"] for event in parts.ledger.events(kind="looked_at") if event.exchange == KEY]


def test_the_sample_is_the_same_for_everybody_and_of_the_content(court: Console) -> None:
    content_hash = str(journeys.record(court.house.parts, KEY).content_hash)
    assert _sample(court) == _sample(court)
    assert len(set(_sample(court))) == 8
    cases = [f"（2026）冀11破{n}号" for n in range(1, 400)]
    assert draw(content_hash, reversed(cases), 8) == draw(content_hash, cases, 8)
    assert draw(content_hash, cases, 8) != draw(content_hash[::-1], cases, 8)
    assert draw(content_hash, cases[:3], 8) != ()


def test_what_is_remembered_of_a_content_is_dropped_with_it(court: Console) -> None:
    """The sample drawn and the list of what stays are kept in memory, by the content they are of."""
    handler = court.as_("liaison-1")
    held, drawn = handler.page(f"/exchanges/{KEY}?tab=held"), _sample(court)
    told = re.search(r'name="rule" value="(\w+)"><input type="hidden" name="case_no" value="([^"]+)"', held)
    assert told is not None
    before = str(journeys.record(court.house.parts, KEY).content_hash)
    ask(court, f"/exchanges/{KEY}/overrule", rule=told[1], case_no=told[2], reason="已核对营业执照原件")
    after = str(journeys.record(court.house.parts, KEY).content_hash)
    assert after != before
    assert told[2] not in handler.page(f"/exchanges/{KEY}?tab=held")
    places = re.findall(r'tab=sample&amp;place=([^"]+)"', handler.page(f"/exchanges/{KEY}?tab=sample"))
    assert [unquote(place) for place in places] == list(_sample(court))
    assert _sample(court) != drawn


def test_the_sample_is_listed_and_checked_by_command_as_here(court: Console) -> None:
    home, place = court.house.settings.home, _sample(court)[0]
    run = CliRunner()
    listed = run.invoke(app, ["review", "sample", KEY, "--json", "--home", str(home)])
    assert [one["place"] for one in json.loads(listed.stdout)] == list(_sample(court))
    by = ["--place", place, "--by", "liaison-1", "--home", str(home)]
    shown = run.invoke(app, ["review", "sample", KEY, *by])
    assert place in shown.stdout
    assert "**" in shown.stdout
    assert list(court.house.parts.ledger.events(kind="looked_at"))[-1].body == {"what": "sample"}
    kept = run.invoke(app, ["review", "sample", KEY, *by, "--found", "differs", "--note", "受理日期与裁定书不符"])
    assert kept.exit_code == 0
    assert "不符" in plain(court.as_("chief-1").page(f"/exchanges/{KEY}?tab=sample"))
    for wrong in (["--found", "maybe"], ["--found", "differs"]):
        assert run.invoke(app, ["review", "sample", KEY, *by, *wrong]).exception is not None


def test_what_is_not_in_the_sample_can_not_be_checked(court: Console) -> None:
    reviewer = court.as_("chief-1")
    somewhere = _sample(court)[0]
    for place, found in (("（2020）冀11破1号", "agrees"), (somewhere, "maybe"), (somewhere, "differs")):
        answer = reviewer.post(f"/exchanges/{KEY}/sample", {"place": place, "found": found})
        assert answer.status_code == 422, (place, found)
    assert not list(court.house.parts.ledger.events(kind="sample_checked"))


def test_excel_holds_what_stays_and_what_goes(court: Console) -> None:
    answer = court.as_("chief-1").get(f"/exchanges/{KEY}/sheet.xlsx")
    book = load_workbook(io.BytesIO(answer.content), read_only=True)
    assert book.sheetnames == ["退回更正", "送出案件"]
    assert len(list(book["送出案件"].iter_rows())) > 100


def test_a_rule_overruled_by_command_shows_in_the_console(court: Console) -> None:
    """The command line and the console are the same thing."""
    handler = court.as_("liaison-1")
    page = handler.page(f"/exchanges/{KEY}?tab=held")
    told = re.search(r'name="rule" value="(\w+)"><input type="hidden" name="case_no" value="([^"]+)"', page)
    assert told is not None
    parts = court.house.parts_for(court.house.desk.person("liaison-1"))  # type: ignore[arg-type]
    journeys.call(overrule, parts, KEY, rule=told[1], case_no=told[2], by="liaison-1", reason="已核对营业执照原件")
    assert "汇总中" in handler.page(f"/exchanges/{KEY}")


def test_nobody_but_a_handler_starts_a_quarter(court: Console) -> None:
    assert court.as_("chief-1").post("/exchanges/start", {"route": ROUTE, "period": QUARTER}).status_code == 403
    assert court.as_("liaison-1").post("/exchanges/start", {"route": "none", "period": QUARTER}).status_code == 422
    assert court.as_("liaison-1").post("/exchanges/start", {"route": ROUTE, "period": "2026Q9"}).status_code == 422


RETURN = ROOT / "examples/2026Q3/tax_return"


@pytest.fixture(scope="module")
def after_round(gone_round: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Console, Console]]:
    """Both ends after a quarter; tests of this module write to them, each to what no other looks at."""
    world = copied(gone_round, tmp_path_factory.mktemp("after"))
    with console(world / "court") as court, console(world / "tax") as tax:
        yield court, tax


def _files(**more: bytes) -> list[tuple[str, tuple[str, bytes]]]:
    data = {file.name: file.read_bytes() for file in sorted(RETURN.glob("*.csv"))} | more
    return [("files", (name, content)) for name, content in data.items()]


def test_an_answer_is_made_of_files_sent_in_the_browser(after_round: tuple[Console, Console]) -> None:
    tax = after_round[1]
    handler = tax.as_("liaison-1")
    answer = handler.client.post("/exchanges/answer", data={"csrf": handler.csrf}, files=_files())
    assert answer.status_code == 303, plain(answer.text)[-300:]
    job = work_once(tax.house)
    assert job is not None
    assert job.state == "done", job.what
    page = handler.page(f"/exchanges/{job.found['exchange']}")
    assert "按清偿顺位" in page
    assert not list((tax.house.settings.home / "uploads").iterdir()), "what was sent is not kept twice"


def test_a_file_with_a_fault_says_file_column_and_what_to_do(after_round: tuple[Console, Console]) -> None:
    tax = after_round[1]
    handler = tax.as_("liaison-1")
    broken = (RETURN / "tax_claim.csv").read_bytes().replace(b"total_amount", b"total", 1)
    told = handler.client.post(
        "/exchanges/answer", data={"csrf": handler.csrf}, files=_files(**{"tax_claim.csv": broken})
    )
    assert work_once(tax.house).state == "failed"  # type: ignore[union-attr]
    said = plain(handler.page(told.headers["location"]))
    assert "tax_claim" in said
    assert "total" in said
    assert str(tax.house.settings.home) not in said
    wrong = handler.client.post("/exchanges/answer", data={"csrf": handler.csrf}, files=[("files", ("a.exe", b"x"))])
    assert wrong.status_code == 422
    assert "a.exe" in wrong.text
    assert "tax_claim.csv" in plain(wrong.text)


def test_what_came_says_what_its_sender_was_told(after_round: tuple[Console, Console]) -> None:
    court, tax = after_round
    came = plain(tax.as_("chief-1").page("/exchanges/court-131100.tax-131100.000011.Q"))
    assert "已校验入库" in came
    assert "全部行均已入库" in came
    assert "应答" in plain(court.as_("chief-1").page("/exchanges?direction=in"))


def test_a_second_quarter_stands_beside_the_first(after_round: tuple[Console, Console]) -> None:
    court = after_round[0]
    ask(court, "/exchanges/start", route=ROUTE, period="2026Q4", as_of="2026-10-09")
    said = plain(court.as_("chief-1").page(f"/exchanges/{ROUTE}.Q.2026Q4"))
    assert "2026Q3 → 2026Q4" in said


def test_every_exchange_of_both_ends_opens_at_every_tab(after_round: tuple[Console, Console]) -> None:
    for end in after_round:
        officer = end.as_("audit-1", language="en")
        _, records = end.house.parts.ledger.listed_exchanges({}, most=100)
        one_of_each = {(r.direction, r.kind): r.key for r in records}
        for key in one_of_each.values():
            page = officer.page(f"/exchanges/{key}")
            for tab in set(re.findall(rf"/exchanges/{re.escape(key)}\?tab=(\w+)", page)):
                officer.page(f"/exchanges/{key}?tab={tab}")


def test_what_went_by_rule_is_confirmed_afterwards_by_a_reviewer(after_round: tuple[Console, Console]) -> None:
    court = after_round[0]
    key = next(e.key for e in court.house.parts.ledger.exchanges(kind="U"))
    reviewer = court.as_("chief-1")
    page = reviewer.page(f"/exchanges/{key}")
    assert "确认事后复核" in page
    seen = {name: _hidden(page, name) for name in ("content_hash", "version")}
    assert court.as_("liaison-1").post(f"/exchanges/{key}/confirm", seen).status_code == 403
    assert reviewer.post(f"/exchanges/{key}/confirm", seen).status_code == 303
    assert "确认事后复核" not in reviewer.page(f"/exchanges/{key}")
    assert [e.actor for e in court.house.parts.ledger.events(exchange=key, kind="confirmed")] == ["chief-1"]


def test_an_unknown_exchange_and_a_hostile_address_answer_plainly(after_round: tuple[Console, Console]) -> None:
    officer = after_round[0].as_("audit-1")
    for path in (
        "/exchanges/none",
        "/exchanges/%3Cscript%3E",
        "/exchanges/..%2F..%2Fetc",
        "/exchanges/%00",
        "/exchanges/jobs/99999",
    ):
        answer = officer.get(path)
        assert answer.status_code == 404, (path, answer.status_code)
        assert "<script>alert" not in answer.text
    assert officer.get("/exchanges?page=99999999999&state=%27--&kind=%00").status_code == 200
    assert officer.get(f"/exchanges/{ROUTE}.Q.2026Q3?tab=nowhere&page=-1").status_code == 200
