"""The life of a break: every pair of state and act, the fold against a plain model, the set of a comparison."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from exchange.domain import break_life as life
from exchange.domain.audit import Event
from exchange.domain.break_life import BreakRecord, BreakWork, fold, found_set, in_set, move, set_sha256, state_now
from exchange.domain.break_runs import told_by_the_books
from exchange.domain.errors import NeedsPerson
from exchange.domain.route import BreakTerms, LegalFigure

ACTS = ("assigned", "commented", "decided", "proposed", "confirmed", "reopened", "closed", "returned", "agreed",
        "corrected", "contested", "noted", "answer_given")  # fmt: skip
DECIDED = life.DECISIONS


@pytest.mark.parametrize("state", life.STATES)
@pytest.mark.parametrize("act", ACTS)
def test_every_pair(state: str, act: str) -> None:
    """The whole table, said another way: by act."""
    closed = state == "closed"
    expected: dict[str, str | None] = {
        "assigned": None if closed else state,
        "commented": state,
        "noted": state,
        "answer_given": None if closed else state,
        "decided": None if closed or state in ("explained", "accepted", "corrected_by_us") else "accepted",
        "proposed": None if closed or state in ("explained", "accepted", "corrected_by_us") else "proposed",
        "confirmed": "accepted" if state == "proposed" else None,
        "reopened": None if state in ("open", "closed") else "open",
        "closed": None if closed else "closed",
        "returned": "open" if closed else None,
        "agreed": "awaiting" if state in ("open", "disputed") else state,
        "corrected": "closed" if closed else "corrected_by_them",
        "contested": "closed" if closed else "disputed",
    }
    assert move(state, act, "accepted") == expected[act]


def event(kind: str, actor: str = "chief-1", /, **body: Any) -> Event:
    said = {"route": "r", "id": "a" * 16, **body}
    at = datetime(2026, 10, 9, tzinfo=UTC)
    return Event(seq=1, at=at, kind=kind, exchange="k", actor=actor, body=said, prev_hash="", hash="")


def decided(as_: str, two: bool, figures: Mapping[str, str], by: str = "chief-1") -> Event:
    return event("break_decided", by, two_people=two, reason_sha256="0", figures=figures, **{"as": as_})


def answered(answer: str, standing: str = "current", figures: Mapping[str, str] | None = None) -> Event:
    said = {"answer": answer, "by": "tax-1", "answered_on": "2026-10-12", "standing": standing}
    return event("break_answered", "system", **said, **({"figures": figures} if figures is not None else {}))


def record(amounts: Mapping[str, str], state: str = "open") -> BreakRecord:
    return BreakRecord(
        id="a" * 16, route="r", code="PAID_DIFFERS", case_no="案,1\n", claim_no='c"1', line_no=None, rank="tax",
        info=False, state=state, amounts=amounts, first_exchange="k1", last_exchange="k2", found_on=date(2026, 10, 9),
    )  # fmt: skip


def test_their_contest_voids_a_decision_and_their_correction_ends_a_proposal() -> None:
    work = fold(None, decided("accepted", True, {"difference": "1.00"}))
    assert (work.state, work.settled) == ("proposed", None)
    work = fold(work, answered("contested", figures={"difference": "1.00"}))
    assert (work.state, work.decision, work.answer) == ("disputed", None, "contested")
    work = fold(fold(work, answered("agreed")), answered("corrected"))
    assert (work.state, work.answered_by) == ("corrected_by_them", "tax-1")


def test_what_crossed_a_newer_list_is_kept_in_the_history_and_moves_nothing() -> None:
    work = fold(None, decided("explained", False, {}))
    assert fold(work, answered("contested", "crossed")) == replace(work, updated_at=work.updated_at)


def test_an_answer_to_a_closed_break_is_noted() -> None:
    work = fold(None, event("break_commented", text_sha256="0", found=False))
    assert work.state == "closed"
    assert fold(work, answered("contested")).state == "closed"
    with pytest.raises(NeedsPerson, match="E924"):
        fold(work, decided("accepted", False, {}))


def test_reopened_is_as_new_but_for_its_owner() -> None:
    work = fold(fold(None, event("break_assigned", to="liaison-1")), decided("accepted", False, {"difference": "1.00"}))
    again = fold(fold(work, event("break_closed", why="books_agree")), event("break_reopened", why="came_again"))
    assert (again.state, again.owner, again.decision, again.figures) == ("open", "liaison-1", None, {})


def test_a_case_that_was_taken_back_closes_its_breaks_and_says_so() -> None:
    work = BreakWork(route="r", id="a" * 16, state="disputed")
    gone = record({}, "closed")
    (told,) = told_by_the_books("k", [gone], {work.id: work}, {"another"})
    assert (told[0], told[1]["why"]) == ("break_closed", "case_gone")
    (told,) = told_by_the_books("k", [gone], {work.id: work}, {gone.case_no})
    assert told[1]["why"] == "books_agree"


def test_a_set_gives_its_breaks_back_whatever_their_texts_hold() -> None:
    found = record({"difference": "-1.00"})
    data = found_set([record({}, "closed"), found])
    told = in_set(data, found.id)
    assert told is not None
    assert (told["case_no"], told["claim_no"], told["amounts"]) == ("案,1\n", 'c"1', {"difference": "-1.00"})
    assert in_set(data, "b" * 16) is None
    assert set_sha256([found]) != set_sha256([replace(found, amounts={"difference": "-1.01"})])


@pytest.mark.parametrize(
    ("decision", "code", "worth", "two"),
    [
        ("accepted", "PAID_DIFFERS", "0", True),
        ("accepted", "TOTAL_DIFFERS", "100.00", False),
        ("accepted", "TOTAL_DIFFERS", "100.01", True),
        ("disputed", "PAID_DIFFERS", "1000000", False),
    ],
)
def test_two_people_where_the_contract_says_so(decision: str, code: str, worth: str, two: bool) -> None:
    over = (
        LegalFigure(value=Decimal(100), since=date(2022, 1, 1), source="x"),
        LegalFigure(value=Decimal(1), since=date(2030, 1, 1), source="later"),
    )
    terms = BreakTerms(two_people=frozenset({"accepted"}), codes=frozenset({"PAID_DIFFERS"}), over=over)
    assert terms.needs_two(decision, code=code, worth=Decimal(worth), on=date(2026, 1, 1)) is two


def test_two_people_for_every_break_when_neither_code_nor_amount_is_named() -> None:
    terms = BreakTerms(two_people=frozenset({"accepted"}))
    assert terms.needs_two("accepted", code="X", worth=Decimal(0), on=date(2026, 1, 1))


AMOUNTS = st.sampled_from(["1.00", "2.00", "3.00"])


class Life(RuleBasedStateMachine):
    """One break over many quarters: books that change, officers, answers; held against a few plain variables."""

    @initialize()
    def found(self) -> None:
        self.books: str | None = "1.00"
        self.work: BreakWork | None = None
        self.model, self.about = "open", "1.00"

    def say(self, told: Event) -> None:
        self.work = fold(self.work, told)

    @rule(amount=st.one_of(st.none(), AMOUNTS))
    def compare(self, amount: str | None) -> None:
        """A quarter is compared; what was done about the break follows by itself."""
        was, self.books = self.books, amount
        left = record({"difference": amount or was or "1.00"}, "open" if amount else "closed")
        works = {self.work.id: self.work} if self.work else {}
        for kind, body in told_by_the_books("k", [left], works, {left.case_no}):
            self.say(event(kind, "system", **body))
        if amount is None:
            self.model = "closed"
        elif self.model == "closed" or (self.model != "open" and amount != self.about):
            self.model = "open"

    @precondition(lambda self: self.model in life.UNSETTLED)
    @rule(as_=st.sampled_from(DECIDED), two=st.booleans())
    def decide(self, as_: str, two: bool) -> None:
        self.say(decided(as_, two, {"difference": str(self.books)}))
        self.model, self.about, self.wanted = ("proposed" if two else as_), str(self.books), as_

    @precondition(lambda self: self.model == "proposed")
    @rule()
    def confirm(self) -> None:
        self.say(event("break_confirmed", "chief-2", **{"as": self.wanted}))
        self.model = self.wanted

    @precondition(lambda self: self.books is not None)
    @rule(answer=st.sampled_from(["agreed", "corrected", "contested"]))
    def answer(self, answer: str) -> None:
        self.say(answered(answer, figures={"difference": str(self.books)}))
        after = {"corrected": "corrected_by_them", "contested": "disputed"}
        waits = "awaiting" if self.model in ("open", "disputed") else self.model
        self.model, self.about = after.get(answer, waits), str(self.books)

    @rule()
    def comment(self) -> None:
        self.say(event("break_commented", text_sha256="0", found=self.books is not None))

    @precondition(lambda self: self.model not in ("open", "closed"))
    @rule()
    def reopen(self) -> None:
        self.say(event("break_reopened", why="officer"))
        self.model = "open"

    @invariant()
    def it_stands_where_the_model_says(self) -> None:
        left = record({"difference": self.books or "1.00"}, "open" if self.books else "closed")
        assert state_now(left, self.work) == self.model
        if self.work is not None and self.work.state in DECIDED:
            assert self.work.figures == {"difference": self.about}
            assert self.about == self.books


TestLife = Life.TestCase
TestLife.settings = settings(max_examples=60, stateful_step_count=25, deadline=None)
