"""What officers meet beyond the agreed table of breaks: reported as findings, never as breaks.

A finding names dataset, key and column, never a value.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import date, timedelta
from typing import Final

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from exchange.domain.books import Matched, plain_ids, plain_numbers
from exchange.domain.break_making import picked
from exchange.domain.claims import NIL, SUPPLEMENT, with_claim
from exchange.domain.columns import (
    Bools,
    Ints,
    codes,
    combine,
    equals,
    group,
    positions,
    sums,
    text,
    to_days,
    to_fen,
)
from exchange.domain.contract import CodeList
from exchange.domain.finding import Finding
from exchange.domain.rank_breaks import Workday, claimed_by_rank
from exchange.domain.route import Route

RULES: Final = (
    "claim_unknown_to_tax",
    "claim_in_another_case",
    "claim_may_be_in_ten_thousands",
    "paid_on_withdrawn_claim",
    "first_version_missing",
    "supplement_of_unknown_claim",
    "nil_claim_with_lines",
    "claim_on_voided_case",
    "old_id_fits_uscc",
    "branch_files_as_debtor",
    "line_without_claim",
    "levy_unknown",
    "several_debtors_in_case",
    "debtor_in_two_cases",
    "debtor_is_a_branch",
    "stage_contradicts_termination",
    "registration_went_back",
    "deregistered_while_case_open",
    "clearance_missing",
)
"""Every rule that may be found here, in the order of the findings."""

BRANCH: Final = "分公司|分厂|分店|营业部|办事处"
"""How the name of a branch ends: its property is the head office's (2002规定76)."""


def situations(matched: Matched, route: Route, levy: CodeList, is_workday: Workday | None) -> Iterator[Finding]:
    """Every situation met, in a fixed order."""
    yield from _unknown_claims(matched)
    yield from _other_case(matched)
    yield from _unit_reversed(matched)
    yield from _paid_after_withdrawal(matched)
    yield from _claims(matched)
    yield from _lines(matched, levy)
    yield from _debtors(matched)
    yield from _stages(matched)
    yield from _statuses(matched)
    yield from _clearance(matched, route, is_workday)


def _found(
    rule: str, dataset: str, rows: Ints, *, case_no: pa.Array | None, keys: Sequence[pa.Array] = (),
    records: pa.Array | None = None, column: str | None = None, note: str = "",
) -> Iterator[Finding]:  # fmt: skip
    cases = picked(case_no, rows) if case_no is not None else [None] * len(rows)
    owners = picked(records, rows) if records is not None else [None] * len(rows)
    texts = [picked(key, rows) for key in keys]
    for at in range(len(rows)):
        yield Finding(
            rule=rule,
            severity="warn",
            dataset=dataset,
            record=owners[at],
            case_no=cases[at],
            row_key="|".join(t[at] or "" for t in texts) if texts else None,
            column=column,
            note=note,
            comparable=False,
        )


def _book_b(matched: Matched) -> Iterator[tuple[str, pd.DataFrame, Ints]]:
    """Both tables of book B with the entry in book C of each row's claim, -1 for none."""
    for dataset, frame in (("claim_review", matched.books.reviews), ("distribution", matched.books.distributions)):
        yield dataset, frame, positions(text(frame, "claim_no"), matched.claims.heads.claim_no)


def _on_b(rule: str, dataset: str, frame: pd.DataFrame, mask: Bools, column: str) -> Iterator[Finding]:
    return _found(
        rule,
        dataset,
        np.flatnonzero(mask),
        case_no=text(frame, "case_no"),
        keys=(text(frame, "claim_no"), text(frame, "rank")),
        records=text(frame, "_record"),
        column=column,
    )


def _unknown_claims(matched: Matched) -> Iterator[Finding]:
    """Book B names a claim number that book C doesn't know (R16)."""
    for dataset, frame, claim in _book_b(matched):
        yield from _on_b("claim_unknown_to_tax", dataset, frame, claim < 0, "claim_no")


def _other_case(matched: Matched) -> Iterator[Finding]:
    """Book B lists a claim in another case than book C files it in (R02, R24)."""
    for dataset, frame, claim in _book_b(matched):
        known = claim >= 0
        ours = positions(plain_numbers(text(frame, "case_no")), matched.cases.number)
        theirs = np.full(len(claim), -1, np.int64)
        theirs[known] = matched.claims.case[claim[known]]
        yield from _on_b("claim_in_another_case", dataset, frame, known & (ours != theirs), "case_no")


def _unit_reversed(matched: Matched) -> Iterator[Finding]:
    """Declared is ten thousand times what was claimed: the claim may be in ten thousands (R25)."""
    frame, terms = matched.books.reviews, matched.terms
    claim = positions(text(frame, "claim_no"), matched.claims.heads.claim_no)
    rows = np.flatnonzero(claim >= 0)
    rows = rows[matched.claims.judged[claim[rows]]]
    claimed = claimed_by_rank(matched, claim[rows], text(frame, "rank"), rows)
    declared = to_fen(text(frame, "declared_amount"))[0][rows]
    near = (claimed > 0) & (np.abs(declared - claimed * terms.unit_factor) <= terms.unit_tolerance)
    mask = np.zeros(len(frame), bool)
    mask[rows[near]] = True
    yield from _on_b("claim_may_be_in_ten_thousands", "claim_review", frame, mask, "declared_amount")


def _paid_after_withdrawal(matched: Matched) -> Iterator[Finding]:
    """Money was paid on a claim that book C withdrew."""
    frame, claims = matched.books.distributions, matched.claims
    claim = positions(text(frame, "claim_no"), claims.heads.claim_no)
    mask = claim >= 0
    mask[mask] = claims.heads.withdrawn[claim[mask]]
    paid, _ = to_fen(text(frame, "paid_amount"))
    yield from _on_b("paid_on_withdrawn_claim", "distribution", frame, mask & (paid > 0), "paid_amount")


def _claims(matched: Matched) -> Iterator[Finding]:
    claims, head = matched.claims, matched.claims.heads
    rows = pa.array(head.latest)
    kind = text(matched.books.claims, "kind").take(rows)
    supplements = text(matched.books.claims, "supplements").take(rows)
    listed = np.zeros(len(claims.case), bool)
    listed[matched.lines.claim] = True
    adds = equals(kind, SUPPLEMENT) & claims.live
    checks: Sequence[tuple[str, Bools, str]] = (
        ("first_version_missing", claims.live & (head.first_version != 1), "version"),
        ("supplement_of_unknown_claim", adds & (positions(supplements, head.claim_no) < 0), "supplements"),
        ("nil_claim_with_lines", equals(kind, NIL) & listed, "kind"),
        ("claim_on_voided_case", claims.live & claims.voided, "case_no"),
        ("old_id_fits_uscc", claims.judged & (claims.debtor < 0) & _old_id_fits(matched), "debtor_old_taxpayer_id"),
        ("branch_files_as_debtor", claims.live & _is_branch(claims.name), "debtor_name"),
    )
    for rule, mask, column in checks:
        yield from _found(
            rule, "tax_claim", np.flatnonzero(mask), case_no=claims.case_no, keys=(head.claim_no,), column=column
        )


def _is_branch(names: pa.Array) -> Bools:
    found = pc.fill_null(pc.match_substring_regex(names, f"({BRANCH})$"), False)
    return np.asarray(found.to_numpy(zero_copy_only=False), dtype=bool)


def _old_id_fits(matched: Matched) -> Bools:
    """The claim's 15-character id and a USCC of the case hold the same organisation code (reference §2.2)."""
    claims = matched.claims
    fits = np.zeros(len(claims.case), bool)
    asked = np.flatnonzero(claims.judged & (claims.debtor < 0))
    if not len(asked):
        return fits
    ids = claims.debtor_id.take(pa.array(asked))
    is_old = pc.fill_null(pc.equal(pc.utf8_length(ids), 15), False)
    fifteen = np.asarray(is_old.to_numpy(zero_copy_only=False), dtype=bool)
    frame = matched.books.debtors
    within = positions(plain_numbers(text(frame, "case_no")), matched.cases.number)
    organisation = pc.utf8_slice_codeunits(plain_ids(text(frame, "uscc")), 8, 17)
    (left, right), words = codes(pc.utf8_slice_codeunits(ids, 6, 15), organisation)
    case = np.concatenate([claims.case[asked], np.maximum(within, 0)])
    ours, theirs = np.split(combine(np.concatenate([left, right]), case), [len(asked)])
    known = fifteen & (left != len(words) - 1)
    fits[asked[known & np.isin(ours, theirs[within >= 0])]] = True
    return fits


def _lines(matched: Matched, levy: CodeList) -> Iterator[Finding]:
    frame, lines, claims = matched.books.lines, matched.lines, matched.claims
    keys = tuple(text(frame, name) for name in ("claim_no", "version", "line_no"))
    alone = np.flatnonzero(~with_claim(matched.books.claims, frame))
    yield from _found("line_without_claim", "tax_claim_line", alone, case_no=None, keys=keys, column="claim_no")
    known = pc.is_in(lines.levy_code, pa.array(list(levy.names_zh), pa.large_string()))
    strange = np.flatnonzero(~np.asarray(known.to_numpy(zero_copy_only=False), dtype=bool))
    at = pa.array(lines.claim[strange])
    yield from _found(
        "levy_unknown",
        "tax_claim_line",
        np.arange(len(strange)),
        case_no=claims.case_no.take(at),
        keys=(claims.heads.claim_no.take(at), pa.array([str(n) for n in lines.line_no[strange]], pa.large_string())),
        column="levy_code",
        note="the rank of this line was not judged",
    )


def _debtors(matched: Matched) -> Iterator[Finding]:
    """Consolidated estates, one debtor in two cases, branches (R06, R24)."""
    frame, cases = matched.books.debtors, matched.cases
    case_no = text(frame, "case_no")
    keys, records = (text(frame, "debtor_no"),), text(frame, "_record")
    case = positions(plain_numbers(case_no), cases.number)
    known = case >= 0
    many = np.flatnonzero(np.bincount(case[known], minlength=len(cases.number)) > 1)
    yield from _found(
        "several_debtors_in_case", "case_debtor", many,
        case_no=cases.number, records=text(matched.books.cases, "_record"), column="debtor_no",
    )  # fmt: skip
    (ids,), words = codes(plain_ids(text(frame, "uscc")))
    some = known & (ids != len(words) - 1)
    open_ = ~equals(cases.stage, "terminated")
    some[some] = open_[case[some]]
    twice = _in_several(ids[some], case[some], len(words))
    again = np.flatnonzero(some)[twice[ids[some]]]
    yield from _found(
        "debtor_in_two_cases", "case_debtor", again, case_no=case_no, keys=keys, records=records, column="uscc"
    )
    branches = np.flatnonzero(_is_branch(text(frame, "name")))
    yield from _found(
        "debtor_is_a_branch", "case_debtor", branches, case_no=case_no, keys=keys, records=records, column="name"
    )


def _in_several(ids: Ints, case: Ints, count: int) -> Bools:
    """Which ids stand in more than one open case."""
    both, number = group(ids, case)
    first = np.zeros(number, np.int64)
    first[both] = ids
    return np.asarray(sums(first, np.ones(number, np.int64), count) > 1, dtype=bool)


def _stages(matched: Matched) -> Iterator[Finding]:
    """A terminated case without its day, or a day of termination on a case that goes on (R22)."""
    ended = equals(matched.cases.stage, "terminated")
    dated = ~np.isnat(to_days(text(matched.books.cases, "terminated_on")))
    yield from _found(
        "stage_contradicts_termination", "bankruptcy_case", np.flatnonzero(ended != dated),
        case_no=matched.cases.number, records=text(matched.books.cases, "_record"), column="stage",
    )  # fmt: skip


def _latest_status(matched: Matched) -> tuple[pa.Array, Ints]:
    """Normalised ids of the status rows, and rows up to as-of in order of id and day."""
    frame = matched.books.statuses
    ids = plain_ids(text(frame, "debtor_uscc"))
    days = to_days(text(frame, "as_of"))
    (number,), _ = codes(ids)
    rows = np.flatnonzero(days <= matched.terms.day)
    return ids, rows[np.lexsort((days[rows], number[rows]))]


def _statuses(matched: Matched) -> Iterator[Finding]:
    """A deregistered debtor that is registered again (R22), or whose case goes on (R23)."""
    frame = matched.books.statuses
    ids, rows = _latest_status(matched)
    gone = equals(text(frame, "registration"), "deregistered")
    (number,), _ = codes(ids)
    before, after = rows[:-1], rows[1:]
    back = after[(number[before] == number[after]) & gone[before] & ~gone[after]]
    days = (text(frame, "as_of"),)
    yield from _found("registration_went_back", "tax_status", back, case_no=None, keys=days, column="registration")
    latest, deregistered = _cases_status(matched, ids, rows, gone)
    on = np.flatnonzero(latest & deregistered & ~equals(matched.cases.stage, "terminated"))
    yield from _found(
        "deregistered_while_case_open", "tax_status", on,
        case_no=matched.cases.number, records=text(matched.books.cases, "_record"), column="registration",
    )  # fmt: skip


def _cases_status(matched: Matched, ids: pa.Array, rows: Ints, gone: Bools) -> tuple[Bools, Bools]:
    """For each case whether the status of a debtor is known, and whether all known ones are deregistered."""
    debtors, cases = matched.books.debtors, matched.cases
    (ours, theirs), words = codes(plain_ids(text(debtors, "uscc")), ids)
    newest = np.full(len(words), -1, np.int64)
    newest[theirs[rows]] = rows
    newest[-1] = -1
    case = positions(plain_numbers(text(debtors, "case_no")), cases.number)
    told = (case >= 0) & (newest[ours] >= 0)
    known = np.zeros(len(cases.number), bool)
    known[case[told]] = True
    every = known.copy()
    rows = np.flatnonzero(told)
    every[case[rows[~gone[newest[ours[rows]]]]]] = False
    return known, every


def _clearance(matched: Matched, route: Route, is_workday: Workday | None) -> Iterator[Finding]:
    """Clearance missing so many working days after termination (R21); needs a calendar and the agreed figure."""
    if is_workday is None or not route.figures.get("clearance_workdays"):
        return
    workdays = int(route.figure("clearance_workdays", matched.terms.as_of))
    limit = np.datetime64(_workdays_before(matched.terms.as_of, workdays, is_workday), "D")
    ids, rows = _latest_status(matched)
    _, cleared = _cases_status(matched, ids, rows, equals(text(matched.books.statuses, "registration"), "deregistered"))
    ended = to_days(text(matched.books.cases, "terminated_on")) < limit
    late = np.flatnonzero(equals(matched.cases.stage, "terminated") & ended & ~cleared)
    yield from _found(
        "clearance_missing", "bankruptcy_case", late,
        case_no=matched.cases.number, records=text(matched.books.cases, "_record"), column="terminated_on",
    )  # fmt: skip


def _workdays_before(day: date, count: int, is_workday: Callable[[date], bool]) -> date:
    """The day so many working days before a day."""
    while count > 0:
        day -= timedelta(days=1)
        count -= is_workday(day)
    return day
