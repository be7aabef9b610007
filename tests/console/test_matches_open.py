"""Proposed matches stand in the work list and beside the breaks until the officers who have to have decided."""

from __future__ import annotations

import re
from datetime import date

from exchange import journeys
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


def _confirm(officer: Person_, id_: str, reason: str) -> None:
    told = {"reason": f"{reason}，同意", "scope": "case"}
    assert officer.post(f"/breaks/matches/{id_}/confirm", told).status_code == 303


def test_what_was_decided_since_is_not_asked_again() -> None:
    waits = {"count": 3, "first": [{"claim_no": n, "case_no": "c", "candidates": [f"{n}1", f"{n}2"]} for n in "abx"]}
    book = [_decision("a1", "confirmed"), _decision("b1", "rejected"), _decision("x2", "confirmed", waits=True)]
    assert undecided(waits, book, DAY) == (
        2, [Waiting(claim_no="b", case_no="c"), Waiting(claim_no="x", case_no="c", by="chief-1")],
    )  # fmt: skip
    assert undecided(waits, [_decision("a1", "confirmed", until=date(2026, 1, 1))], DAY)[0] == 3
    assert undecided(waits, [_decision("b1", "rejected"), _decision("b2", "rejected")], DAY)[0] == 2


def _decision(id_: str, said: str, *, waits: bool = False, until: date = date(2027, 1, 1)) -> Decision:
    return Decision(id=id_, pair="p", said=said, scope="case", by="chief-1", on=DAY, until=until,
                    reason_sha256="", waits=waits)  # fmt: skip
