"""Differences worked by both ends over two quarters: the list goes over, answers come back, on real PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from exchange import journeys
from exchange.adapters.pages import HtmlPages
from exchange.domain import lifecycle
from exchange.domain.break_life import note_name
from exchange.domain.break_view import seen
from exchange.domain.errors import NeedsPerson, RetryLater
from exchange.ports import Parts
from exchange.steps.answer_breaks import answer_breaks
from exchange.steps.note_answers import note_answers
from exchange.steps.review import review
from exchange.steps.show_break import show_break
from exchange.steps.take_in import take_in
from tests.fakes.breaking import (
    BACK,
    COURT,
    OUT,
    TAX,
    books_of,
    breaking_ends,
    compared,
    release,
    round_trip,
    share,
    work,
)
from tests.servers import PostgresServer

Ends = tuple[Parts, Parts]


@pytest.fixture
def ends(tmp_path: Path, postgres_server: PostgresServer) -> Iterator[Ends]:
    names = {party: postgres_server.new_database() for party in (COURT, TAX)}
    with breaking_ends(tmp_path, {party: postgres_server.url(name) for party, name in names.items()}) as made:
        yield made


@pytest.fixture
def light(tmp_path: Path) -> Iterator[Ends]:
    with breaking_ends(tmp_path, {party: f"sqlite:///{tmp_path}/{party}.db" for party in (COURT, TAX)}) as made:
        yield made


def ids(parts: Parts) -> dict[str, str]:
    return {one.record.code: one.record.id for one in seen(parts.ledger, parts.agreement, parts.party)}


def states(parts: Parts) -> dict[str, str]:
    return {one.record.code: one.state for one in seen(parts.ledger, parts.agreement, parts.party)}


def waiting_list(parts: Parts) -> str:
    (waiting,) = [e.key for e in parts.ledger.exchanges(kind="B", states=[lifecycle.CHECKED])]
    return waiting


def test_two_quarters_of_differences_are_worked_by_both_ends(ends: Ends) -> None:
    court, tax = ends
    compared(court, "2026Q3", books_of("1050000.07", "4940.00"), 1)
    total, paid = ids(court)["TOTAL_DIFFERS"], ids(court)["PAID_DIFFERS"]
    work(court, [paid[:6]], "assign", "chief-1", choice="liaison-1")
    assert work(court, [paid], "decide", "liaison-1", "管理人预留份额，待终审后支付", "explained") == ["proposed"]
    assert work(court, [paid], "confirm", "chief-1") == ["explained"]

    round_trip(court)
    release(court, waiting_list(court))
    round_trip(court, tax)
    assert ids(tax) == {"TOTAL_DIFFERS": total, "PAID_DIFFERS": paid}
    assert states(tax) == {"TOTAL_DIFFERS": "open", "PAID_DIFFERS": "explained"}
    told = journeys.call(show_break, tax, paid)
    assert (told["shared"]["reason"], told["shared"]["first_seen"]) == ("管理人预留份额，待终审后支付", "2026Q3")

    work(tax, [paid], "answer", "liaison-1", "份额应按期支付，不同意预留", "contested")
    work(tax, [total], "answer", "chief-1", "合计录入有误，下季更正", "corrected")
    share(tax)
    round_trip(tax, court)
    assert states(court) == {"TOTAL_DIFFERS": "corrected_by_them", "PAID_DIFFERS": "disputed"}

    compared(court, "2026Q4", books_of("1050000.00", "4950.00"), 2)
    assert states(court) == {"TOTAL_DIFFERS": "closed", "PAID_DIFFERS": "open"}
    history = journeys.call(show_break, court, paid)["history"]
    assert [(one["kind"], one.get("why")) for one in history] == [
        ("found", None), ("break_assigned", None), ("break_decided", None), ("break_confirmed", None),
        ("break_answered", None), ("changed", None), ("break_reopened", "amounts_changed"),
    ]  # fmt: skip
    assert (history[-1]["before"]["paid"], history[-1]["after"]["paid"]) == ("4940.00", "4950.00")
    assert history[4]["text"] == "份额应按期支付，不同意预留"

    round_trip(court)
    release(court, waiting_list(court))
    round_trip(court, tax)
    assert states(tax) == {"TOTAL_DIFFERS": "closed", "PAID_DIFFERS": "open"}
    assert [journeys.audit(court), journeys.audit(tax)] == [[], []]


def answered(tax: Parts, folder: Path, *rows: str) -> str:
    """A file of answers given and sent, as a bureau would write it."""
    file = folder / "break_answer.csv"
    head = "id,answer,difference_amount,reason,answered_by,answered_on"
    file.write_text("\n".join((head, *rows)) + "\n", encoding="utf-8")
    journeys.call(answer_breaks, tax, file, by="liaison-1")
    return share(tax)


def noted(court: Parts) -> dict[str, int]:
    (*_, last) = court.ledger.events(kind="break_answers_noted")
    return {name: count for name, count in last.body.items() if name != "route"}


def shared_once(court: Parts, tax: Parts) -> tuple[str, str]:
    """A quarter's list is at the tax end; the ids of its two breaks."""
    compared(court, "2026Q3", books_of("1050000.07", "4940.00"), 1)
    round_trip(court)
    release(court, waiting_list(court))
    round_trip(court, tax)
    known = ids(court)
    return known["TOTAL_DIFFERS"], known["PAID_DIFFERS"]


def test_an_answer_that_crosses_a_newer_list_or_comes_late_moves_nothing(light: Ends, tmp_path: Path) -> None:
    court, tax = light
    total, paid = shared_once(court, tax)
    compared(court, "2026Q4", books_of("1050000.00", "4950.00"), 2)
    rows = (f"{paid},contested,-60.00,旧数,officer-7,2026-10-12", f"{total},corrected,,已更正,officer-7,2026-10-12")
    answered(tax, tmp_path, *rows)
    round_trip(tax, court)
    assert noted(court) == {"crossed": 1, "late": 1}
    assert states(court) == {"PAID_DIFFERS": "open", "TOTAL_DIFFERS": "closed"}
    assert journeys.call(show_break, court, paid)["history"][-1]["standing"] == "crossed"
    answered(tax, tmp_path, f"{paid},contested,-50.00,新数仍有异议,officer-7,2026-10-13")
    round_trip(tax, court)
    assert states(court)["PAID_DIFFERS"] == "disputed"
    assert journeys.audit(court) == []


class AnswerMeanwhile(HtmlPages):
    """Pages of an end at which an answer lands while its books are compared."""

    def __init__(self, court: Parts) -> None:
        super().__init__()
        self.court = court

    def breaks(self, data: Mapping[str, Any]) -> str:
        """The page, once it has landed."""
        body = {"route": BACK, "direction": "in", "kind": "A", "period": "2026Q3", "as_of": "2026-10-09"}
        with self.court.ledger.transaction() as write:
            write.append("taken_in", exchange=f"{TAX}.{COURT}.000900.A", actor="a", body=body)
        return super().breaks(data)


def test_one_comparison_at_a_time_and_an_answer_that_lands_meanwhile_is_compared_next(ends: Ends) -> None:
    court, _ = ends
    key = compared(court, "2026Q3", books_of("1050000.07", "4940.00"), 1)
    with court.ledger.lock(f"reconcile:{OUT}"), pytest.raises(RetryLater, match="E907"):
        journeys.reconcile(court, key)
    journeys.reconcile(replace(court, pages=AnswerMeanwhile(court)), key)
    assert journeys.sweep(court).done["reconciled"] == 1
    assert "reconciled" not in journeys.sweep(court).done


def test_the_same_words_about_new_figures_are_an_answer_of_their_own(ends: Ends) -> None:
    court, tax = ends
    _, paid = shared_once(court, tax)

    def agree() -> None:
        work(tax, [paid], "answer", "liaison-1", "同意按此更正", "agreed")
        head = tax.ledger.head()
        work(tax, [paid], "answer", "liaison-1", "同意按此更正", "agreed")
        assert tax.ledger.head() == head, "said again of the same figures it changes nothing"
        share(tax)
        round_trip(tax, court)

    agree()
    assert states(court)["PAID_DIFFERS"] == "awaiting"
    compared(court, "2026Q4", books_of("1050000.07", "4950.00"), 2)
    round_trip(court)
    release(court, waiting_list(court))
    round_trip(court, tax)
    assert (states(court)["PAID_DIFFERS"], states(tax)["PAID_DIFFERS"]) == ("open", "open")
    agree()
    assert states(court)["PAID_DIFFERS"] == "awaiting"


def test_killed_before_the_answers_are_noted_said_twice_and_of_no_break(light: Ends, tmp_path: Path) -> None:
    court, tax = light
    _, paid = shared_once(court, tax)
    with pytest.raises(NeedsPerson, match=r"E925.*line 2"):
        answered(tax, tmp_path, f"{'f' * 16},agreed,,没有这一条,officer-7,2026-10-12")
    stray = {"route": OUT, "id": "f" * 16, "answer": "agreed", "by": "officer-7", "answered_on": "2026-10-12"}
    with tax.ledger.transaction() as write:
        write.append("break_answer_given", exchange=f"{OUT}.break.{'f' * 16}", actor="a", body=stray)
    key = answered(tax, tmp_path, f"{paid},contested,,不同意预留份额,officer-7,2026-10-12")
    assert key.startswith(f"{BACK}.B.")
    journeys.sweep(tax)
    for packet in journeys.fetch(court, TAX):
        journeys.call(take_in, court, packet)
    assert states(court)["PAID_DIFFERS"] == "open"
    round_trip(court, tax)
    assert states(court)["PAID_DIFFERS"] == "disputed"
    assert noted(court) == {"current": 1}
    (receipt,) = tax.ledger.events(exchange=key, kind="receipt_validated")
    assert receipt.body["rejected"] == 1
    packet, head = next(e.key for e in court.ledger.exchanges(kind="B") if e.direction == "in"), court.ledger.head()
    assert (journeys.call(note_answers, court, packet), court.ledger.head()) == ({}, head)
    assert journeys.share(tax) is None


def test_a_list_that_still_waits_gives_way_to_a_newer_one(light: Ends) -> None:
    court, _ = light
    compared(court, "2026Q3", books_of("1050000.07", "4940.00"), 1)
    round_trip(court)
    old = waiting_list(court)
    journeys.call(review, court, old, "prepare", by="liaison-1")
    work(court, [ids(court)["TOTAL_DIFFERS"]], "decide", "chief-1", "税务端已来函说明", "disputed")
    new = journeys.share(court)
    assert new not in (None, old)
    assert journeys.record(court, old).state == lifecycle.REFUSED
    assert journeys.share(court) == new


def test_two_officers_at_once_and_what_each_may(ends: Ends) -> None:
    court, _ = ends
    compared(court, "2026Q3", books_of("1050000.07", "4940.00"), 1)
    paid, total = ids(court)["PAID_DIFFERS"], ids(court)["TOTAL_DIFFERS"]

    def decide(by: str) -> str:
        try:
            return work(court, [paid], "decide", by, f"由{by}处理本差异", "accepted")[0]
        except NeedsPerson as error:
            return f"E{error.code}"

    with ThreadPoolExecutor(2) as both:
        assert sorted(both.map(decide, ["chief-1", "chief-2"])) == ["E924", "proposed"]
    (said,) = court.ledger.events(kind="break_decided")
    with pytest.raises(NeedsPerson, match=r"E910.*may not confirm"):
        work(court, [paid], "confirm", said.actor)
    with pytest.raises(NeedsPerson, match="E910"):
        work(court, [paid], "confirm", "liaison-1")
    other = "chief-2" if said.actor == "chief-1" else "chief-1"
    assert work(court, [paid], "confirm", other) == ["accepted"]
    head = court.ledger.head()
    assert (work(court, [paid], "confirm", other), court.ledger.head()) == (["accepted"], head)
    for code, wrong in (
        ("E924", lambda: work(court, [paid], "decide", "chief-1", "换一种处理方式", "disputed")),
        ("E924", lambda: work(court, [total], "answer", "chief-1", "这不是本端的事", "agreed")),
        ("E925", lambda: work(court, [paid, total], "assign", "chief-1", choice="chief-1")),
        ("E925", lambda: work(court, [paid[:3]], "assign", "chief-1", choice="chief-1")),
        ("E925", lambda: work(court, ["zzzz"], "assign", "chief-1", choice="chief-1")),
        ("E910", lambda: work(court, [total], "assign", "chief-1", choice="nobody")),
        ("E910", lambda: work(court, [total], "decide", "nobody", "由外人处理", "accepted")),
        ("E947", lambda: work(court, [total], "decide", "chief-1", "短", "accepted")),
        ("E947", lambda: work(court, [total], "comment", "chief-1", "清屏\x1b[2J之后")),
        ("E926", lambda: work(court, [total], "decide", "chief-1", "请联系 138 1234 5678 核实", "accepted")),
    ):
        with pytest.raises(NeedsPerson, match=code):
            wrong()
    assert court.ledger.head() == head
    assert work(court, [total], "decide", "liaison-1", "合计由税务端核对", "explained") == ["explained"]
    assert journeys.audit(court) == []


def test_what_was_changed_afterwards_is_found(light: Ends) -> None:
    court, _ = light
    compared(court, "2026Q3", books_of("1050000.07", "4940.00"), 1)
    total = ids(court)["TOTAL_DIFFERS"]
    work(court, [total], "comment", "chief-1", "已电话联系税务端")
    (said,) = court.ledger.events(kind="break_commented")
    court.vault.put(str(said.exchange), note_name(said.body["text_sha256"]), "别的话".encode())
    with court.ledger.transaction() as write:
        gone = [one for one in court.ledger.breaks(route=OUT) if one.id == total]
        write.set_breaks(OUT, [replace(gone[0], amounts={"difference": "0.01"})])
    assert journeys.audit(court) == [
        f"The breaks of {OUT} are not those its last comparison found.",
        f"The text of event {said.seq} (break_commented) is not in the vault as it was said.",
    ]
