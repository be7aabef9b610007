"""Points: what a named officer must explain, what an officer may overrule, and how the reasons reach the other side."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from bench.ends import PAIR, PERIOD, both_ends
from bench.world import build
from exchange import journeys
from exchange.domain.canonical import sha256_hex
from exchange.domain.errors import ExchangeError
from exchange.domain.period import Period
from exchange.domain.points import Explanation, Standing, dump_note, note_name, standing
from exchange.ports import Parts
from exchange.steps.explain import explain, reuse
from exchange.steps.overrule import overrule
from exchange.steps.review import review

ROUTE = f"{PAIR}-cases"
RULE = "debtor_not_identified"
WHY = "香港公司，无内地登记"

Ends = tuple[Parts, Parts]


def sql(source: Path, *statements: str) -> None:
    with closing(sqlite3.connect(source)) as db, db:
        for statement in statements:
            db.execute(statement)


def refused(code: int, action: Callable[[], object]) -> None:
    with pytest.raises(ExchangeError) as caught:
        action()
    assert caught.value.code == code, str(caught.value)


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Five cases that are not urgent: the debtor of the first has no id, that of the second a wrong check digit."""
    made = build(tmp_path_factory.mktemp("register") / "court.db", 5)
    sql(
        made,
        "UPDATE pc_aj SET slrq = '2026-01-05', ggrq = '2026-01-06', zqsbjzrq = '2026-03-05', dychyrq = '2026-03-20'",
        "UPDATE pc_zwr SET tyshxydm = NULL, nsrsbh = NULL WHERE ajbs = 1",
        "UPDATE pc_zwr SET tyshxydm = '91131100MA0000000X' WHERE ajbs = 2",
    )
    return made


@pytest.fixture(scope="module")
def ends(tmp_path_factory: pytest.TempPathFactory, source: Path) -> Iterator[Ends]:
    """One pair of ends for all tests here: each takes quarters of its own."""
    officers = {"liaison-1": ["prepare"], "chief-1": ["approve"], "both": ["prepare", "approve"]}
    with both_ends(tmp_path_factory.mktemp("ends"), source, checker="plain", officers=officers) as made:
        yield made


def stands(parts: Parts, key: str) -> Standing:
    return standing(key, parts.ledger.events(exchange=key), partial(parts.vault.get, key))


def quarter(court: Parts) -> str:
    """The next quarter that was not opened yet, up to the officers."""
    opened = court.ledger.exchanges(route=ROUTE, kind="Q")
    period = Period.parse(opened[-1].period or "").next() if opened else Period.parse(PERIOD)
    return journeys.quarterly(court, ROUTE, str(period), period.last_day + timedelta(days=9))


def explained(court: Parts, key: str, *points: str, by: str = "liaison-1", reason: str = WHY, **more: Any) -> Any:
    return journeys.call(explain, court, key, points, by=by, reason=reason, **more)


def prepared(court: Parts, key: str, by: str = "liaison-1") -> None:
    journeys.call(review, court, key, "prepare", by=by)


def approved(court: Parts, key: str, by: str = "chief-1") -> None:
    journeys.call(review, court, key, "approve", by=by)


def arrived(ends: Ends, key: str) -> str:
    """Send it to the other end; its packet's id there."""
    court, tax = ends
    journeys.onward(court, key)
    while journeys.record(court, key).state != "accepted":
        for parts in (tax, court):
            assert journeys.sweep(parts).problems == []
    return str(journeys.record(court, key).packet_id)


def test_a_point_waits_for_a_reason_which_reaches_the_other_side(ends: Ends) -> None:
    court, tax = ends
    key = quarter(court)
    [point] = stands(court, key).open
    assert (point.rule, point.row_key) == (RULE, f"{point.case_no}|1")
    outcome = json.loads(court.vault.get(key, "outcome.json"))
    assert (len(outcome["selected"]), len(outcome["sent"]), outcome["warned"]) == (5, 4, [])
    refused(921, lambda: prepared(court, key))
    assert journeys.record(court, key).state == "checked"

    explained(court, key, point.id[:6], category="foreign_debtor")
    assert WHY in court.vault.get(key, "report.html").decode()
    prepared(court, key)
    approved(court, key)
    packet_id = arrived(ends, key)
    [told] = json.loads(tax.vault.get(packet_id, "inside/reasons.json"))
    assert (told["point"], told["case_no"], told["category"]) == (point.id, point.case_no, "foreign_debtor")
    assert (told["reason"], told["by"], told["since"]) == (WHY, "liaison-1", None)
    assert WHY in tax.vault.get(packet_id, "received.html").decode()
    manifest = json.loads(court.vault.get(key, "packet/manifest.json"))
    decided = {
        e.kind: e.body["reasons_sha256"] for e in court.ledger.events(exchange=key) if "reasons_sha256" in e.body
    }
    assert decided == dict.fromkeys(("prepared", "approved"), manifest["reasons"]["sha256"])
    assert all(WHY not in json.dumps(dict(e.body), ensure_ascii=False) for e in court.ledger.events())
    assert (court.ledger.verify(), tax.ledger.verify()) == ([], [])


def test_who_explains_is_an_officer_and_says_something(ends: Ends) -> None:
    court, _ = ends
    key = quarter(court)
    [point] = stands(court, key).open
    refused(910, lambda: explained(court, key, point.id, by="nobody"))
    for nothing in ("", "    ", "短", "x" * 501, "理由\u202e倒写文字", "bell \x07 rings"):
        refused(947, lambda reason=nothing: explained(court, key, point.id, reason=reason))
    refused(922, lambda: explained(court, key, point.id, category="no_such"))
    refused(922, lambda: explained(court, key, "ffff"))
    refused(922, lambda: explained(court, key))
    refused(922, lambda: explained(court, key, "", rule=None))
    refused(922, lambda: explained(court, key, rule="uscc_check_digit"))
    refused(914, lambda: explained(court, "131100-cases.Q.2001Q1", point.id))
    assert not list(court.ledger.events(exchange=key, kind="explained"))
    explained(court, key, point.id)
    explained(court, key, point.id)
    assert len(list(court.ledger.events(exchange=key, kind="explained"))) == 1


def test_a_reason_changed_after_the_preparation_voids_it(ends: Ends) -> None:
    court, _ = ends
    key = quarter(court)
    [point] = stands(court, key).open
    explained(court, key, point.id)
    prepared(court, key)
    explained(court, key, point.id, by="chief-1", reason="登记机关来函确认")
    assert journeys.record(court, key).state == "checked"
    refused(910, lambda: approved(court, key))
    prepared(court, key)
    approved(court, key)
    refused(908, lambda: explained(court, key, point.id))
    assert stands(court, key).said[point.id].by == "chief-1"


def test_killed_before_its_event_an_explanation_is_given_again(ends: Ends) -> None:
    court, _ = ends
    key = quarter(court)
    [point] = stands(court, key).open
    note = dump_note(
        [Explanation(point=point.id, category="other", reason=WHY, by="liaison-1", at="2026-10-09T01:30:00+00:00")]
    )
    court.vault.put(key, note_name(sha256_hex(note)), note)
    assert stands(court, key).open == (point,)
    explained(court, key, point.id)
    prepared(court, key)
    court.vault.put(key, "content/reasons.json", b"[]")
    approved(court, key)
    assert WHY in court.vault.get(key, "content/reasons.json").decode()


def test_what_lies_in_the_vault_is_what_was_said(ends: Ends) -> None:
    court, _ = ends
    key = quarter(court)
    [point] = stands(court, key).open
    whole = court.vault.get(key, "points.json")
    court.vault.put(key, "points.json", b"[]")
    refused(911, lambda: prepared(court, key))
    court.vault.put(key, "points.json", whole)
    explained(court, key, point.id)
    prepared(court, key)
    [note] = court.vault.names(key, "review")
    court.vault.put(key, note, court.vault.get(key, note).replace(WHY.encode(), "另一句话说明".encode()))
    refused(911, lambda: approved(court, key))


def test_a_reject_is_overruled_where_the_contract_says_so(ends: Ends) -> None:
    court, tax = ends
    key = quarter(court)
    held = next(
        f for f in json.loads(court.vault.get(key, "outcome.json"))["quarantined"] if f["rule"] == "uscc_check_digit"
    )
    content = journeys.record(court, key).content_hash

    def overruled(**other: Any) -> None:
        told = {"rule": "uscc_check_digit", "case_no": held["case_no"], "by": "chief-1", "reason": "登记机关登记有误"}
        journeys.call(overrule, court, key, **(told | other))

    for code, other in (
        (910, {"by": "nobody"}), (947, {"reason": ""}), (922, {"category": "?"}),
        (923, {"rule": "case_without_debtor"}),
        (923, {"case_no": "（2020）冀1103破9号"}),
    ):  # fmt: skip
        refused(code, partial(overruled, **other))
    explained(court, key, rule=RULE)
    prepared(court, key)
    overruled(case_no=held["case_no"].replace("（", "(").replace("）", ")"))
    assert journeys.record(court, key).state == "extracted"
    refused(908, lambda: approved(court, key))
    assert journeys.assemble(court, key) == "checked"
    outcome = json.loads(court.vault.get(key, "outcome.json"))
    assert (len(outcome["sent"]), outcome["quarantined"]) == (5, [])
    assert journeys.record(court, key).content_hash != content
    assert {p.rule for p in stands(court, key).points} == {RULE, "uscc_check_digit"}
    assert stands(court, key).open == ()
    prepared(court, key, by="both")
    refused(910, lambda: approved(court, key, by="both"))
    approved(court, key)
    told = json.loads(tax.vault.get(arrived(ends, key), "inside/reasons.json"))
    assert [(one["rule"], one["by"]) for one in told] == [(RULE, "liaison-1"), ("uscc_check_digit", "chief-1")]
    refused(923, overruled)
    assert court.ledger.verify() == []


def test_an_explanation_is_proposed_next_quarter_and_confirmed_by_command(ends: Ends) -> None:
    court, tax = ends
    first = quarter(court)
    [point] = stands(court, first).open
    explained(court, first, point.id, category="foreign_debtor")
    prepared(court, first)
    approved(court, first)
    arrived(ends, first)

    key = quarter(court)
    assert [p.id for p in stands(court, key).open] == [point.id]
    refused(921, lambda: prepared(court, key))
    [told] = journeys.call(reuse, court, key, by="both")
    assert (told.reason, told.by, told.until) == (WHY, "both", stands(court, first).said[point.id].until)
    journeys.call(reuse, court, key, by="both")
    assert len(list(court.ledger.events(exchange=key, kind="explained"))) == 1
    assert "沿用" in court.vault.get(key, "report.html").decode()
    prepared(court, key)
    approved(court, key)
    [sent] = json.loads(tax.vault.get(arrived(ends, key), "inside/reasons.json"))
    assert sent["since"] == stands(court, first).said[point.id].at


def test_an_urgent_case_with_a_point_waits_for_an_officers_word(ends: Ends, source: Path) -> None:
    court, _ = ends
    sql(source, "UPDATE pc_aj SET sfzd = 1 WHERE ajbs IN (1, 3)")
    found = journeys.watch(court)
    keys = {e.state: e.key for e in court.ledger.exchanges(kind="U")}
    assert set(keys) == {"approved", "checked"}, keys
    assert found["urgent_waits"] == 1
    waits = keys["checked"]
    refused(921, lambda: approved(court, waits))
    told = {"rule": "uscc_check_digit", "case_no": "（2020）冀1103破9号", "by": "chief-1", "reason": WHY}
    refused(923, lambda: journeys.call(overrule, court, waits, **told))
    explained(court, waits, rule=RULE, by="chief-1")
    approved(court, waits)
    assert journeys.record(court, waits).state == "approved"
    journeys.watch(court)
    assert len(court.ledger.exchanges(kind="U")) == 2
