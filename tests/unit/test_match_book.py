"""What officers decided about matches: which decision counts, and what is left of a match beside it."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from exchange.domain.match_book import Decision, about, decided
from exchange.domain.matching import AMBIGUOUS, CONFIRMED, NEAR, PROPOSED, REJECTED, Candidate, Match, Matches

DAY = date(2026, 10, 9)


def candidate(id_: str, rule: str = "similar", **more: Any) -> Candidate:
    return Candidate(id=id_, pair=f"pair-{id_}", case_no="c", debtor_no=id_, rule=rule, evidence=(), **more)


def match(standing: str, *candidates: Candidate) -> Match:
    return Match(claim_no="T1", stated="c", known=True, standing=standing, candidates=candidates,
                 rule=candidates[0].rule)  # fmt: skip


def said(id_: str, word: str, **more: Any) -> Decision:
    told = {"pair": f"pair-{id_}", "scope": "case", "by": "wang", "on": DAY, "until": DAY, "reason_sha256": "",
            "waits": False}  # fmt: skip
    return Decision(id=id_, said=word, **(told | more))


def after(one: Match, *book: Decision) -> Match:
    (found,) = decided(Matches(listed=(one,)), book, DAY).listed
    return found


def test_the_decision_that_holds_counts_before_one_that_has_expired_on_the_same_proposal() -> None:
    """A decision about all cases stands although one about this case alone has run out."""
    one = candidate("a")
    wide = said("z", CONFIRMED, scope="route", pair=one.pair)
    own = said("a", REJECTED, until=DAY - timedelta(days=1))
    assert about([own, wide], match(PROPOSED, one), one, DAY) == wide
    assert after(match(PROPOSED, one), own, wide).standing == CONFIRMED
    assert about([own, wide], match(PROPOSED, one), one, own.until) == own, "its last day is a day of its own"


def test_of_two_wide_decisions_of_one_day_the_later_counts() -> None:
    one = candidate("a")
    first, second = (said(id_, word, scope="route", pair=one.pair) for id_, word in (("y", CONFIRMED), ("x", REJECTED)))
    assert after(match(PROPOSED, one), first, second).standing == REJECTED
    assert after(match(PROPOSED, one), second, first).standing == CONFIRMED


@pytest.mark.parametrize(
    ("standing", "ids", "rejected", "left", "rule"),
    [
        (PROPOSED, "an", "a", NEAR, "similar"),
        (AMBIGUOUS, "abn", "ab", NEAR, "similar"),
        (AMBIGUOUS, "abn", "a", PROPOSED, "name"),
        (AMBIGUOUS, "abc", "a", AMBIGUOUS, "name"),
        (PROPOSED, "an", "n", PROPOSED, "uscc"),
        (AMBIGUOUS, "ab", "ab", REJECTED, "uscc"),
    ],
)
def test_what_is_left_over_after_a_rejection_is_what_it_would_be_by_itself(
    standing: str, ids: str, rejected: str, left: str, rule: str
) -> None:
    rules = {"a": "uscc", "b": "name", "c": "name", "n": "similar"}
    found = after(
        match(standing, *(candidate(id_, rules[id_], near=id_ == "n") for id_ in ids)),
        *(said(id_, REJECTED) for id_ in rejected),
    )
    assert (found.standing, found.rule, found.case_no) == (left, rule, None)
