"""Proposed matches stand in the work list and beside the breaks until the officers who have to have decided."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

from exchange import journeys
from exchange.console.matches_open import open_matches
from exchange.domain.match_book import Decision, Waiting, undecided
from tests.console.kit import Console, Person_, plain

KEY = "131100-cases.Q.2026Q3"
DAY = date(2026, 10, 9)


def test_a_proposed_match_is_somebodys_work_until_two_officers_have_confirmed_it(
    fresh_ends: tuple[Console, Console],
) -> None:
    court, _ = fresh_ends
    journeys.reconcile(court.house.parts, KEY)
    first, second = court.as_("chief-1"), court.as_("liaison-1")
    assert "确认申报所指债务人" in plain(first.page("/"))
    assert "有 1 笔申报待确认所指债务人" in plain(first.page("/breaks"))
    link = re.search(r'href="(/breaks/matches\?claim=[^"]+)"', first.page("/"))
    assert link is not None
    id_ = re.search(r"/breaks/matches/(\w+)/confirm", first.page(link[1]))
    assert id_ is not None
    _confirm(first, id_[1], "核对营业执照，为同一主体")
    assert "匹配结论待另一人确认" not in plain(first.page("/")), "who confirmed it is not the second officer"
    assert "匹配结论待另一人确认" in plain(second.page("/"))
    _confirm(second, id_[1], "复核无误")
    for officer in (first, second):
        assert "匹配" not in plain(officer.page("/"))
        assert "待确认所指债务人" not in plain(officer.page("/breaks"))


def test_a_match_without_a_break_has_the_limit_of_its_case(fresh_ends: tuple[Console, Console]) -> None:
    parts = fresh_ends[0].house.parts
    journeys.reconcile(parts, KEY)
    _, [one] = open_matches(parts)
    case = parts.ledger.case(parts.agreement.route("131100-cases").lane, one.case_no)
    assert case is not None
    until = date.fromisoformat(str(case.claims_due_on))
    bare = replace(parts, ledger=Unbroken(parts.ledger))  # type: ignore[arg-type]
    for today, told in ((until, (until, None)), (until + timedelta(days=1), (None, until))):
        _, [found] = open_matches(replace(bare, today=today))
        assert (found.due, found.ended) == told


class Unbroken:
    """A ledger whose books agree."""

    def __init__(self, ledger: object) -> None:
        self._ledger = ledger

    def break_desk(self, *_: object, **__: object) -> list[object]:
        """No break."""
        return []

    def __getattr__(self, name: str) -> object:
        return getattr(self._ledger, name)


def _confirm(officer: Person_, id_: str, reason: str) -> None:
    told = {"reason": f"{reason}，同意", "scope": "case"}
    assert officer.post(f"/breaks/matches/{id_}/confirm", told).status_code == 303


def test_what_was_decided_since_is_not_asked_again() -> None:
    waits = {"count": 3, "first": [_waiting(n) for n in "abx"]}
    book = [_decision("a1", "confirmed"), _decision("b1", "rejected"), _decision("x2", "confirmed", waits=True)]
    assert undecided(waits, book, DAY) == (
        2, [Waiting(claim_no="b", case_no="c"), Waiting(claim_no="x", case_no="c", by="chief-1")],
    )  # fmt: skip
    assert undecided(waits, [_decision("a1", "confirmed", until=date(2026, 1, 1))], DAY)[0] == 3
    assert undecided(waits, [_decision("b1", "rejected"), _decision("b2", "rejected")], DAY)[0] == 2


def test_a_decision_of_wider_scope_counts_and_a_contradiction_stays_somebodys_work() -> None:
    waits = {"count": 2, "first": [_waiting("a"), _waiting("b", near=["b2"])]}
    wide = replace(_decision("z9", "confirmed"), scope="route", pair="pa1")
    assert undecided(waits, [wide], DAY) == (1, [Waiting(claim_no="b", case_no="c")])
    assert undecided(waits, [wide, _decision("a2", "confirmed"), _decision("b1", "rejected")], DAY) == (
        1, [Waiting(claim_no="a", case_no="c")],
    )  # fmt: skip


def _waiting(claim: str, near: Sequence[str] = ()) -> dict[str, Any]:
    ids = [f"{claim}1", f"{claim}2"]
    return {"claim_no": claim, "case_no": "c", "candidates": ids, "pairs": [f"p{id_}" for id_ in ids], "near": near}


def _decision(id_: str, said: str, *, waits: bool = False, until: date = date(2027, 1, 1)) -> Decision:
    return Decision(id=id_, pair="p", said=said, scope="case", by="chief-1", on=DAY, until=until,
                    reason_sha256="", waits=waits)  # fmt: skip
