"""What officers meet in the register itself: estates, branches, stages, what was told before (R06, R15, R22, R24)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

import numpy as np
import pandas as pd

from exchange.domain.books import Matched
from exchange.domain.claim_breaks import AWAITED
from exchange.domain.claim_situations import is_branch
from exchange.domain.columns import Bools, Ints, among, equals, group, positions, sums, text, to_days, to_ints
from exchange.domain.finding import Finding
from exchange.domain.situation_making import found, on_cases

ORDER: Final = (
    "petition", "accepted", "claims_open", "meeting_held", "declared", "plan_approved", "distribution", "terminated",
)  # fmt: skip
"""The stages in the order a case passes them; `not_accepted` is none of them: an acceptance dismissed (破产法12)."""

RETURNS: Final[Mapping[str, frozenset[str]]] = {
    "plan_approved": frozenset({"declared", "distribution"}),
    "declared": frozenset({"plan_approved"}),
    "terminated": frozenset({"distribution"}),
}
"""Where a case may lawfully go back to: a plan that fails (破产法93, 104), assets found later (破产法123)."""


def case_situations(matched: Matched, due_days: int) -> Iterator[Finding]:
    """Every situation of book A; `due_days` before its limit a case without an answer is told."""
    yield from _debtors(matched)
    yield from _stages(matched)
    yield from _went_back(matched)
    yield from _without_table(matched)
    yield from _no_answer_yet(matched, due_days)


def _debtors(matched: Matched) -> Iterator[Finding]:
    """Consolidated estates, one debtor in two cases, branches (R06, R24)."""
    frame, cases = matched.books.debtors, matched.cases
    case_no = text(frame, "case_no")
    keys, records = (text(frame, "debtor_no"),), text(frame, "_record")
    case = matched.debtors.case
    known = case >= 0
    many = np.flatnonzero(np.bincount(case[known], minlength=len(cases.number)) > 1)
    yield from on_cases(matched, "several_debtors_in_case", many, "debtor_no", "case_debtor")
    yield from _group_without_claim(matched, case, many)
    ids, missing = matched.debtors.id.numbers, matched.debtors.id.missing
    some = known & (ids != missing)
    open_ = ~equals(cases.stage, "terminated")
    some[some] = open_[case[some]]
    some[some] = (np.bincount(ids[some], minlength=missing) > 1)[ids[some]]
    twice = _in_several(ids[some], case[some], missing)
    again = np.flatnonzero(some)[twice[ids[some]]]
    yield from found(
        "debtor_in_two_cases", "case_debtor", again, case_no=case_no, keys=keys, records=records, column="uscc"
    )
    branches = np.flatnonzero(is_branch(text(frame, "name")))
    yield from found(
        "debtor_is_a_branch", "case_debtor", branches, case_no=case_no, keys=keys, records=records, column="name"
    )


def _in_several(ids: Ints, case: Ints, count: int) -> Bools:
    """Which ids stand in more than one open case."""
    both, number = group(ids, case)
    first = np.zeros(number, np.int64)
    first[both] = ids
    return np.asarray(sums(first, np.ones(number, np.int64), count) > 1, dtype=bool)


def _group_without_claim(matched: Matched, case: Ints, many: Ints) -> Iterator[Finding]:
    """In a consolidated estate each affiliate is claimed against by itself: one has a claim, another none (E28)."""
    frame, claims = matched.books.debtors, matched.claims
    named = np.zeros(len(frame), bool)
    rows = np.flatnonzero(claims.judged & (claims.debtor >= 0))
    named[claims.debtor[rows]] = True
    some = np.zeros(len(matched.cases.number) + 1, bool)
    some[case[named]] = True
    left = np.flatnonzero(np.isin(case, many) & some[case] & ~named)
    yield from found(
        "group_debtor_without_claim", "case_debtor", left, case_no=text(frame, "case_no"),
        keys=(text(frame, "debtor_no"),), records=text(frame, "_record"), column="uscc",
    )  # fmt: skip


def _stages(matched: Matched) -> Iterator[Finding]:
    """A terminated case without its day, or a day of termination on a case that goes on (R22)."""
    ended = equals(matched.cases.stage, "terminated")
    dated = ~np.isnat(to_days(text(matched.books.cases, "terminated_on")))
    yield from on_cases(matched, "stage_contradicts_termination", np.flatnonzero(ended != dated), "stage")


def _went_back(matched: Matched) -> Iterator[Finding]:
    """The newest state lies before one told earlier, or another day of acceptance was told (R22, R07, E24).

    What a correction packet tells was said to be a correction, and is not told again.
    """
    history = matched.books.history
    if history.empty:
        return
    case, before = _told_before(matched, history)
    place = {word: number for number, word in enumerate(ORDER)}
    now = matched.cases.stage.to_pylist()
    stages = text(history, "stage").to_pylist()
    back = [
        bool(
            (was := stages[row]) in place
            and (here := now[at]) in place
            and place[here] < place[was]
            and here not in RETURNS.get(was or "", ())
        )
        for at, row in zip(case.tolist(), before.tolist(), strict=True)
    ]
    yield from on_cases(matched, "stage_went_back", case[np.array(back, dtype=bool)], "stage")
    accepted, today = to_days(text(history, "accepted_on"))[before], matched.cases.accepted_on[case]
    moved = ~np.isnat(accepted) & ~np.isnat(today) & (accepted != today)
    yield from on_cases(matched, "acceptance_day_changed", case[moved], "accepted_on")


def _told_before(matched: Matched, history: pd.DataFrame) -> tuple[Ints, Ints]:
    """For each case that was told before its current row: the case, and the row of history just before."""
    case = positions(text(history, "case_no"), text(matched.books.cases, "case_no"))
    number, current = to_ints(text(history, "_number")), to_ints(text(matched.books.cases, "_number"))
    corrected = np.array([(p or "").endswith(".C") for p in text(matched.books.cases, "_packet").to_pylist()], bool)
    rows = np.flatnonzero(case >= 0)
    rows = rows[(number[rows] < current[case[rows]]) & ~corrected[case[rows]]]
    last = np.full(len(current), -1, np.int64)
    ordered = rows[np.argsort(number[rows], kind="stable")]
    last[case[ordered]] = ordered
    cases = np.flatnonzero(last >= 0)
    return cases, last[cases]


def _without_table(matched: Matched) -> Iterator[Finding]:
    """Ended with claims filed and no claims table: no assets for the costs (破产法43), nothing to confirm (E27)."""
    cases, claims = matched.cases, matched.claims
    filed = np.zeros(len(cases.number), bool)
    filed[claims.case[claims.judged & (claims.total > 0)]] = True
    listed = matched.reviewed.case
    filed[listed[listed >= 0]] = False
    ended = np.flatnonzero(equals(cases.stage, "terminated") & filed)
    yield from on_cases(matched, "ended_without_table", ended, "terminated_on")


def _no_answer_yet(matched: Matched, due_days: int) -> Iterator[Finding]:
    """The claim period ends soon and neither a claim nor a nil answer has come (R15 before the limit)."""
    cases, claims = matched.cases, matched.claims
    left = (cases.claims_due_on - matched.terms.day).astype(np.float64)
    answered = np.zeros(len(cases.number), bool)
    answered[claims.case[claims.judged]] = True
    known = ~np.isnat(cases.claims_due_on)
    soon = known & (left >= 0) & (left <= due_days) & among(cases.stage, ("accepted", *AWAITED)) & ~answered
    yield from on_cases(matched, "answer_missing_near_deadline", np.flatnonzero(soon), "claims_due_on")
