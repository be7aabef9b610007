"""Bad days of an operator: what was refused is sent anew, what is lost is told, and nothing ends in a dead end."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from bench.ends import AS_OF, PAIR, PERIOD, both_ends, go_round, release
from bench.world import build
from exchange import journeys
from exchange.domain.errors import NeedsPerson
from exchange.ports import Alert, Parts
from exchange.steps.review import review
from exchange.steps.send import send
from tests.outcomes import WORLDS

ROUTE, BACK = f"{PAIR}-cases", f"{PAIR}-claims"
LANE = f"court-{PAIR}.tax-{PAIR}"
ANSWER = WORLDS / "sample" / "tax_return"
Ends = tuple[Parts, Parts]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "ends"


@pytest.fixture
def source(tmp_path: Path) -> Path:
    return build(tmp_path / "court.db", 5)


@pytest.fixture
def ends(home: Path, source: Path) -> Iterator[Ends]:
    with both_ends(home, source, checker="plain") as made:
        yield made


class Heard:
    """A notifier that remembers."""

    def __init__(self) -> None:
        self.alerts: list[Alert] = []

    def send(self, alert: Alert) -> None:
        self.alerts.append(alert)


def _exchanged(*ends: Parts) -> None:
    """Both ends sweep until neither has anything to do."""
    for _ in range(6):
        swept = [journeys.sweep(parts) for parts in ends]
        assert [problem for one in swept for problem in one.problems] == []
        if all(one.idle for one in swept):
            return
    pytest.fail("the ends do not come to rest")


def _spoil(home: Path, packet_id: str | None) -> None:
    payload = home / f"point/{LANE}/{packet_id}/payload-0001.p7m"
    payload.write_bytes(payload.read_bytes()[:-1])


def _code(raised: pytest.ExceptionInfo[NeedsPerson]) -> int:
    error = raised.value
    assert error.what
    assert error.where
    assert error.next_step
    return error.code


def _numbers(parts: Parts) -> list[str]:
    landed = parts.ledger.landed(parts.agreement.route(ROUTE), "bankruptcy_case")
    return sorted(landed["case_no"])


def _case(court: Parts) -> str:
    return _numbers(court)[0]


def _why(parts: Parts, key: str) -> set[str]:
    lines = parts.vault.get(key, "content/data/case_in_exchange-0001.csv").decode().split("\r\n")
    column = lines[0].split(",").index("why")
    return {line.split(",")[column] for line in lines[1:] if line}


# Refused by the other side


def test_a_refused_quarter_does_not_count_as_sent(ends: Ends, home: Path) -> None:
    court, tax = ends
    key = journeys.quarterly(court, ROUTE, PERIOD, AS_OF)
    release(court, key)
    journeys.onward(court, key)
    assert _numbers(court)
    _spoil(home, journeys.record(court, key).packet_id)
    _exchanged(tax, court)
    assert journeys.record(court, key).state == "rejected"
    assert _numbers(court) == []
    again = journeys.quarterly(court, ROUTE, PERIOD, AS_OF)
    assert again == f"{key}.2"
    assert _why(court, again) == {"new"}
    release(court, again)
    _exchanged(court, tax)
    assert journeys.record(court, again).state == "accepted"
    assert _numbers(court) == _numbers(tax) != []
    assert court.ledger.verify() == []


def test_a_refused_urgent_case_is_told_and_sent_anew(ends: Ends, home: Path) -> None:
    court, tax = ends
    heard = Heard()
    court = replace(court, notifier=heard)
    go_round(court, tax)
    key = journeys.urgent(court, _case(court), "即将开庭审理", "chief-1")
    _spoil(home, journeys.record(court, key).packet_id)
    _exchanged(tax, court)
    assert journeys.record(court, key).state == "rejected"
    journeys.watch(court)
    assert ("rejected", key) in {(alert.rule, alert.case_no) for alert in heard.alerts}
    again = journeys.urgent(court, _case(court), "即将开庭审理", "chief-1")
    assert again == f"{key}.2"
    assert journeys.urgent(court, _case(court), "即将开庭审理", "chief-1") == again
    _exchanged(tax, court)
    assert journeys.record(court, again).state == "accepted"
    heard.alerts.clear()
    journeys.watch(replace(court, today=date(2026, 10, 12)))
    assert "rejected" not in {alert.rule for alert in heard.alerts}


def test_a_refused_answer_is_sent_anew_from_the_same_files(ends: Ends, home: Path) -> None:
    court, tax = ends
    go_round(court, tax)
    key = journeys.answer(tax, ANSWER)
    journeys.call(review, tax, key, "refuse", by="chief-1", reason="the wrong folder")
    again = journeys.answer(tax, ANSWER)
    assert again == f"{key}.2"
    assert journeys.answer(tax, ANSWER) == again
    release(tax, again)
    _exchanged(tax, court)
    assert journeys.record(tax, again).state == "accepted"
    assert journeys.answer(tax, ANSWER) == again


def test_an_answer_taken_back_and_given_again(ends: Ends, tmp_path: Path) -> None:
    court, tax = ends
    go_round(court, tax)
    shutil.copytree(ANSWER, tmp_path / "corrected")
    file = tmp_path / "corrected/tax_status.csv"
    file.write_text("\n".join(file.read_text(encoding="utf-8").splitlines()[:-1]) + "\n", encoding="utf-8")
    keys = []
    for folder in (ANSWER, tmp_path / "corrected", ANSWER):
        keys.append(journeys.answer(tax, folder))
        release(tax, keys[-1])
        _exchanged(tax, court)
    assert keys[2] == f"{keys[0]}.2"
    assert [journeys.record(tax, key).state for key in keys] == ["accepted"] * 3
    assert journeys.answer(tax, ANSWER) == keys[2]


def test_a_packet_that_is_refused_is_told_at_the_end_that_refused_it(ends: Ends, home: Path) -> None:
    court, tax = ends
    heard = Heard()
    tax = replace(tax, notifier=heard)
    key = journeys.quarterly(court, ROUTE, PERIOD, AS_OF)
    release(court, key)
    journeys.onward(court, key)
    packet_id = journeys.record(court, key).packet_id
    _spoil(home, packet_id)
    assert journeys.sweep(tax).done == {"refused": 1, "delivered": 1}
    journeys.watch(tax)
    journeys.watch(tax)
    assert [(a.rule, a.case_no) for a in heard.alerts if a.rule == "packet_refused"] == [("packet_refused", packet_id)]


def test_the_receipt_comes_before_it_is_known_that_the_packet_is_out(ends: Ends, home: Path) -> None:
    court, tax = ends
    key = journeys.quarterly(court, ROUTE, PERIOD, AS_OF)
    release(court, key)

    class Died(BaseException):
        pass

    class NoMore:
        def __init__(self, ledger: object) -> None:
            self._ledger = ledger

        def __getattr__(self, name: str) -> object:
            return getattr(self._ledger, name)

        def transaction(self) -> object:
            raise Died

    from exchange.steps.pack import pack

    journeys.call(pack, court, key)
    with pytest.raises(Died):
        journeys.call(send, replace(court, ledger=NoMore(court.ledger)), key)
    assert journeys.record(court, key).state == "packed"
    journeys.sweep(tax)
    _exchanged(court, tax)
    assert journeys.record(court, key).state == "accepted"
    assert _numbers(court) == _numbers(tax) != []
    sent = [e.body["packet_id"] for e in court.ledger.events(kind="sent")]
    assert sent == [journeys.record(court, key).packet_id]
    assert not list(tax.ledger.events(kind="packet_duplicate"))


# Files lost


def test_what_lost_its_files_can_be_sent_back_and_run_anew(ends: Ends, home: Path) -> None:
    court, _ = ends
    key = journeys.quarterly(court, ROUTE, PERIOD, AS_OF)
    (home / f"court/vault/{key}/content/data/case_debtor-0001.csv").unlink()
    with pytest.raises(NeedsPerson) as lost:
        journeys.call(review, court, key, "prepare", by="liaison-1")
    assert _code(lost) == 914
    journeys.call(review, court, key, "refuse", by="chief-1", reason="a file is gone")
    again = journeys.quarterly(court, ROUTE, PERIOD, AS_OF)
    assert (again, journeys.record(court, again).state) == (f"{key}.2", "checked")


def test_what_lost_its_rows_before_the_checks_can_be_sent_back(ends: Ends, home: Path) -> None:
    court, _ = ends
    key = journeys.open_quarter(court, ROUTE, PERIOD, AS_OF)
    for batch in journeys.batches(court, key):
        journeys.extract(court, key, batch)
    shutil.rmtree(home / f"court/vault/{key}")
    with pytest.raises(NeedsPerson) as lost:
        journeys.quarterly(court, ROUTE, PERIOD, AS_OF)
    assert _code(lost) == 914
    journeys.call(review, court, key, "refuse", by="chief-1", reason="the rows are gone")
    assert journeys.quarterly(court, ROUTE, PERIOD, AS_OF) == f"{key}.2"


def test_a_packet_whose_ready_is_lost_is_asked_for_and_made_whole(ends: Ends, home: Path) -> None:
    court, tax = ends
    go_round(court, tax)
    first, second = (journeys.urgent(court, case, "即将开庭审理", "chief-1") for case in _numbers(court)[:2])
    (home / f"point/{LANE}/{journeys.record(court, first).packet_id}/READY").unlink()
    assert journeys.sweep(tax).done["held"] == 1
    _exchanged(court, tax)
    assert [journeys.record(court, key).state for key in (first, second)] == ["accepted", "accepted"]
    assert not list((home / f"point/{LANE}").glob(".incoming-*"))


# A quarter after the first, and changes on the way


def test_the_next_quarter_tells_changes_and_keeps_the_breaks(ends: Ends, source: Path) -> None:
    court, tax = ends
    first = go_round(court, tax)
    answered = journeys.answer(tax, ANSWER)
    release(tax, answered)
    _exchanged(tax, court)
    known = {b.id: b.first_exchange for b in court.ledger.breaks(route=ROUTE)}
    assert known
    with sqlite3.connect(source) as db:
        db.execute("UPDATE pc_aj SET ggrq = date(ggrq, '-1 day') WHERE ajbs = (SELECT min(ajbs) FROM pc_aj)")
    later = date(2027, 1, 7)
    key = journeys.quarterly(replace(court, today=later), ROUTE, "2026Q4", later)
    release(court, key)
    _exchanged(court, tax)
    assert journeys.record(court, key).state == "accepted"
    assert _why(court, key) == {"changed", "unchanged"}
    kept = {b.id: b.first_exchange for b in court.ledger.breaks(route=ROUTE) if b.last_exchange == key}
    assert kept
    assert {kept[one] for one in kept.keys() & known.keys()} == {first}


def test_a_case_that_changes_and_changes_back_is_sent_each_time(ends: Ends, source: Path) -> None:
    court, tax = ends
    go_round(court, tax)
    case, keys = _case(court), []
    for days in ("+1 day", "-1 day", "+1 day", "-1 day"):
        with sqlite3.connect(source) as db:
            db.execute(f"UPDATE pc_aj SET ggrq = date(ggrq, '{days}') WHERE ah = ?", (case,))
        keys.append(journeys.urgent(court, case, "即将开庭审理", "chief-1"))
        _exchanged(tax, court)
        route = tax.agreement.route(ROUTE)
        pair = [parts.ledger.landed(route, "bankruptcy_case").set_index("case_no") for parts in ends]
        assert pair[0].loc[case, "announced_on"] == pair[1].loc[case, "announced_on"]
    assert len(set(keys)) == 4
    assert {journeys.record(court, key).state for key in keys} == {"accepted"}


def test_a_quarter_that_has_not_begun_is_a_mistyped_one(ends: Ends) -> None:
    with pytest.raises(NeedsPerson) as wrong:
        journeys.quarterly(ends[0], ROUTE, "2062Q3", AS_OF)
    assert _code(wrong) == 905
    assert not ends[0].ledger.exchanges()


# By hand


def test_an_urgent_case_needs_a_listed_officer_a_reason_and_the_right_end(ends: Ends) -> None:
    court, tax = ends
    go_round(court, tax)
    asked = [
        (court, "nobody", "即将开庭审理", 910),
        (court, "chief-1", " ", 947),
        (tax, "chief-1", "即将开庭审理", 905),
    ]
    for parts, by, reason, code in asked:
        with pytest.raises(NeedsPerson) as refused:
            journeys.urgent(parts, _case(court), reason, by)
        assert _code(refused) == code
    assert not court.ledger.exchanges(kind="U")


def test_an_urgent_case_in_any_bracket_is_one_exchange(ends: Ends) -> None:
    court, tax = ends
    go_round(court, tax)
    case = _case(court)
    halfwidth = case.replace("（", "(").replace("）", ")")
    spaced = case.replace("（", "〔 ").replace("）", " 〕")
    keys = {journeys.urgent(court, written, "即将开庭审理", "chief-1") for written in (case, halfwidth, spaced)}
    assert len(keys) == 1
    with pytest.raises(NeedsPerson) as unknown:
        journeys.urgent(court, "（2026）冀1103破9999号", "即将开庭审理", "chief-1")
    assert _code(unknown) == 914


def test_nothing_to_reconcile_is_told(ends: Ends) -> None:
    court, tax = ends
    key = journeys.quarterly(court, ROUTE, PERIOD, AS_OF)
    with pytest.raises(NeedsPerson) as early:
        journeys.reconcile(court, key)
    assert _code(early) == 908
    release(court, key)
    _exchanged(court, tax)
    journeys.reconcile(court, key)
    assert not list(court.ledger.exchanges(route=BACK))
