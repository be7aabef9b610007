"""What officers meet in the tax bureau's claims and their lines, beyond the agreed breaks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from exchange.domain.books import Matched
from exchange.domain.claim_breaks import bankruptcies
from exchange.domain.claims import NIL, SUPPLEMENT, with_claim
from exchange.domain.columns import (
    Bools,
    Days,
    Ints,
    among,
    codes,
    combine,
    equals,
    group,
    pairs,
    positions,
    text,
    to_days,
)
from exchange.domain.contract import CodeList
from exchange.domain.finding import Finding
from exchange.domain.joins import equal_names
from exchange.domain.line_breaks import cut_offs
from exchange.domain.match_names import BRANCH
from exchange.domain.situation_making import found, on_claims, records_of

_PAIRS: Final = 2_000_000
"""Pairs of lines looked at together."""


def claim_situations(matched: Matched, levy: CodeList) -> Iterator[Finding]:
    """Every situation of book C."""
    yield from _claims(matched)
    yield from _supplements(matched)
    yield from _filed_late(matched)
    yield from _old_case(matched)
    yield from _payments(matched)
    yield from _lines(matched, levy)


def _claims(matched: Matched) -> Iterator[Finding]:
    claims, head = matched.claims, matched.claims.heads
    rows = pa.array(head.latest)
    kind = text(matched.books.claims, "kind").take(rows)
    listed = np.zeros(len(claims.case), bool)
    listed[matched.lines.claim] = True
    old_id = _old_id_fits(matched)
    checks: Sequence[tuple[str, Bools, str]] = (
        ("first_version_missing", claims.live & (head.first_version != 1), "version"),
        ("nil_claim_with_lines", equals(kind, NIL) & listed, "kind"),
        ("claim_on_voided_case", claims.live & claims.voided, "case_no"),
        ("old_id_fits_uscc", old_id, "debtor_old_taxpayer_id"),
        ("name_fits_other_id", _name_fits(matched) & ~old_id, "debtor_uscc"),
        ("branch_files_as_debtor", claims.live & is_branch(claims.name), "debtor_name"),
    )
    for rule, mask, column in checks:
        yield from on_claims(matched, rule, np.flatnonzero(mask), column)


def is_branch(names: pa.Array) -> Bools:
    """Which names are a branch's, by the endings that matching goes by too."""
    found = pc.fill_null(pc.match_substring_regex(names, BRANCH), False)
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
    within = matched.debtors.case
    organisation = pc.utf8_slice_codeunits(matched.debtors.uscc, 8, 17)
    (left, right), words = codes(pc.utf8_slice_codeunits(ids, 6, 15), organisation)
    case = np.concatenate([claims.case[asked], np.maximum(within, 0)])
    ours, theirs = np.split(combine(np.concatenate([left, right]), case), [len(asked)])
    known = fifteen & (left != len(words))
    fits[asked[known & np.isin(ours, theirs[within >= 0])]] = True
    return fits


def _lines(matched: Matched, levy: CodeList) -> Iterator[Finding]:
    frame, lines, claims = matched.books.lines, matched.lines, matched.claims
    keys = tuple(text(frame, name) for name in ("claim_no", "version", "line_no"))
    alone = _without_claim(matched)
    yield from found("line_without_claim", "tax_claim_line", alone, case_no=None, keys=keys, column="claim_no")
    known = np.append(among(lines.levy_code.words, tuple(levy.names_zh)), False)
    strange = np.flatnonzero(~known[lines.levy_code.numbers])
    at = pa.array(lines.claim[strange])
    yield from found(
        "levy_unknown",
        "tax_claim_line",
        np.arange(len(strange)),
        case_no=claims.case_no.take(at),
        keys=(claims.heads.claim_no.take(at), pa.array([str(n) for n in lines.line_no[strange]], pa.large_string())),
        column="levy_code",
        note="the rank of this line was not judged",
    )


def _without_claim(matched: Matched) -> Ints:
    """The rows of the lines that belong to no claim version that is there; those of a claim's highest and first version
    need no look."""
    frame, lines, head = matched.books.lines, matched.lines, matched.claims.heads
    if not len(head):
        return np.arange(len(frame))
    known = lines.of_claim >= 0
    plain = [lines.of_version == version[lines.of_claim] for version in (head.version, head.first_version)]
    asked = np.flatnonzero(~(known & (lines.of_version >= 0) & (plain[0] | plain[1])))
    return asked[~with_claim(matched.books.claims, frame.iloc[asked])]


def _name_fits(matched: Matched) -> Bools:
    """The id is no debtor's of the case, the name is one's: homonyms, a new registration or a branch (R05, E12)."""
    claims, debtors = matched.claims, matched.books.debtors
    fits = np.zeros(len(claims.case), bool)
    asked = np.flatnonzero(claims.judged & (claims.debtor < 0))
    of_case = matched.debtors.case
    known = np.flatnonzero(of_case >= 0)
    at, row = pairs(claims.case[asked], of_case[known])
    ours, theirs = (claims.name.take(asked[at]), text(debtors, "name").take(known[row]))
    fits[asked[at[equal_names(ours, theirs)]]] = True
    return fits


def _supplements(matched: Matched) -> Iterator[Finding]:
    """Supplements of nothing known, of what was withdrawn, of another case, or that claim what is claimed already (R13,
    E23)."""
    claims, head = matched.claims, matched.claims.heads
    rows = pa.array(head.latest)
    adds = equals(text(matched.books.claims, "kind").take(rows), SUPPLEMENT) & claims.live
    original = positions(text(matched.books.claims, "supplements").take(rows), head.claim_no)
    some = np.flatnonzero(adds & (original >= 0))
    root = _roots(some, original)
    circular = np.isin(np.arange(len(root)), some) & np.isin(root, some)
    yield from on_claims(matched, "supplement_of_unknown_claim", np.flatnonzero((adds & (original < 0)) | circular),
                         "supplements")  # fmt: skip
    some = some[~circular[some]]
    gone = some[head.withdrawn[original[some]]]
    yield from on_claims(matched, "supplement_of_withdrawn_claim", gone, "supplements")
    stray = some[claims.case[some] != claims.case[original[some]]]
    yield from on_claims(matched, "supplement_in_another_case", stray, "supplements")
    if len(some):
        yield from _overlaps(matched, some, root)


def _roots(supplements: Ints, original: Ints) -> Ints:
    """For each claim the one at the end of what it supplements, itself where it supplements none; somewhere within the
    circle where supplements name each other."""
    root = np.arange(len(original))
    root[supplements] = original[supplements]
    for _ in range(len(supplements).bit_length() + 1):
        root = root[root]
    return root


def _overlaps(matched: Matched, supplements: Ints, root: Ints) -> Iterator[Finding]:
    """Each line of a supplement whose levy and component its original, or a supplement of that filed earlier, claims
    for days of the same period."""
    lines, head = matched.lines, matched.claims.heads
    adds = np.isin(np.arange(len(root)), supplements)
    family = np.flatnonzero(np.isin(root, root[supplements]))
    numbers = np.asarray(head.claim_no.take(pa.array(family)).to_pylist(), dtype=str)
    place = np.full(len(root), -1, np.int64)
    place[family[np.lexsort((numbers, head.filed_on[family]))]] = np.arange(len(family))
    rows = np.flatnonzero(place[lines.claim] >= 0)
    claim = lines.claim[rows]
    key, count = group(root[claim], lines.levy_code.numbers[rows], lines.component.numbers[rows])
    begins, ends = (column.days()[rows] for column in (lines.period_start, lines.period_end))
    added, twice = np.flatnonzero(adds[claim]), np.zeros(len(rows), bool)
    held = np.cumsum(np.bincount(key, minlength=count)[key[added]])
    for part in np.split(added, np.flatnonzero(np.diff(held // _PAIRS)) + 1):
        at, other = pairs(key[part], key)
        mine = part[at]
        earlier = (claim[mine] != claim[other]) & (~adds[claim[other]] | (place[claim[other]] < place[claim[mine]]))
        twice[mine[earlier & (begins[mine] <= ends[other]) & (begins[other] <= ends[mine])]] = True
    yield from _on_lines(matched, "supplement_overlaps_original", rows[twice], "period_start")


def _filed_late(matched: Matched) -> Iterator[Finding]:
    """After the limit: admissible until the last distribution (破产法56), to be refused after it (R14, E19).

    The last one is known once the case is terminated: the last day anything was paid out in it, or its end.
    """
    claims, cases = matched.claims, matched.cases
    some = np.flatnonzero(claims.judged)
    some = some[claims.heads.filed_on[some] > cases.claims_due_on[claims.case[some]]]
    after = claims.heads.filed_on[some] > _last_distribution(matched)[claims.case[some]]
    yield from on_claims(matched, "filed_late_admissible", some[~after], "filed_on")
    yield from on_claims(matched, "filed_after_last_distribution", some[after], "filed_on")


def _last_distribution(matched: Matched) -> Days:
    """For each terminated case the day of its last distribution; missing where there may be another."""
    cases = matched.cases
    ended = equals(cases.stage, "terminated")
    last = np.where(ended, to_days(text(matched.books.cases, "terminated_on")), np.datetime64("NaT", "D"))
    case = matched.paid.case
    paid = matched.paid.paid_on
    rows = np.flatnonzero((case >= 0) & (paid <= matched.terms.day))
    rows = rows[np.argsort(paid[rows], kind="stable")]
    newest = last.copy()
    newest[case[rows]] = paid[rows]
    found_: Days = np.where(ended, newest, np.datetime64("NaT", "D"))
    return found_


def _old_case(matched: Matched) -> Iterator[Finding]:
    """A claim in a compulsory liquidation whose debtor went bankrupt since, where no claim names it (R24, E26)."""
    claims, cases, case = matched.claims, matched.cases, matched.debtors.case
    id_ = matched.debtors.id
    new = np.flatnonzero((case >= 0) & (id_.numbers != id_.missing))
    new = new[~cases.compulsory[case[new]]]
    filed = np.flatnonzero(claims.judged & (claims.debtor >= 0))
    answered = np.zeros(len(cases.number), bool)
    answered[claims.case[filed]] = True
    old = filed[cases.compulsory[claims.case[filed]]]
    at, row = pairs(id_.numbers[claims.debtor[old]], id_.numbers[new])
    later = cases.accepted_on[case[new[row]]] >= cases.accepted_on[claims.case[old[at]]]
    left = np.unique(old[at[later & ~answered[case[new[row]]]]])
    yield from on_claims(matched, "claim_left_in_old_case", left, "case_no")


def _payments(matched: Matched) -> Iterator[Finding]:
    """Principal paid after the court accepted: void against one creditor alone (破产法16), and still in the claim."""
    payments, claims = matched.payments, matched.claims
    late = np.flatnonzero(
        bankruptcies(matched)[payments.claim] & (payments.paid_on > cut_offs(matched)[payments.claim])
    )  # fmt: skip
    of = payments.claim[late]
    yield from found(
        "payment_after_cutoff", "tax_payment", np.arange(len(late)), case_no=claims.case_no.take(of),
        keys=(claims.heads.claim_no.take(of), payments.levy_code.array(late)),
        records=records_of(matched).take(of), column="paid_on",
    )  # fmt: skip


def _on_lines(matched: Matched, rule: str, rows: Ints, column: str) -> Iterator[Finding]:
    lines, claims = matched.lines, matched.claims
    of = lines.claim[rows]
    numbers = pa.array([str(n) for n in lines.line_no[rows].tolist()], pa.large_string())
    yield from found(
        rule, "tax_claim_line", np.arange(len(rows)), case_no=claims.case_no.take(of),
        keys=(claims.heads.claim_no.take(of), numbers), records=records_of(matched).take(of), column=column,
    )  # fmt: skip
