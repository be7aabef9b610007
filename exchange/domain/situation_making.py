"""Rows that meet a situation become findings: severity, keys, records. A finding names places, never a value."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

import numpy as np
import pandas as pd
import pyarrow as pa

from exchange.domain.books import Matched, Named
from exchange.domain.break_making import picked
from exchange.domain.columns import Bools, Ints, text
from exchange.domain.contract import Severity
from exchange.domain.finding import Finding

SEVERITIES: Final[Mapping[str, Severity]] = {
    "claim_unknown_to_tax": "verify",
    "claim_in_another_case": "verify",
    "claim_may_be_in_ten_thousands": "reject",
    "paid_on_withdrawn_claim": "verify",
    "table_holds_older_version": "warn",
    "rank_missing_in_table": "verify",
    "confirmed_above_declared": "verify",
    "review_status_contradicts": "verify",
    "paid_without_review": "verify",
    "payable_above_confirmed": "verify",
    "shares_differ_in_rank": "verify",
    "first_version_missing": "warn",
    "supplement_of_unknown_claim": "verify",
    "supplement_of_withdrawn_claim": "verify",
    "supplement_in_another_case": "verify",
    "supplement_overlaps_original": "reject",
    "nil_claim_with_lines": "verify",
    "claim_on_voided_case": "verify",
    "old_id_fits_uscc": "warn",
    "name_fits_other_id": "verify",
    "branch_files_as_debtor": "verify",
    "filed_late_admissible": "warn",
    "filed_after_last_distribution": "reject",
    "claim_left_in_old_case": "verify",
    "payment_after_cutoff": "verify",
    "line_without_claim": "verify",
    "levy_unknown": "verify",
    "several_debtors_in_case": "warn",
    "group_debtor_without_claim": "verify",
    "debtor_in_two_cases": "verify",
    "debtor_is_a_branch": "warn",
    "stage_contradicts_termination": "verify",
    "stage_went_back": "verify",
    "acceptance_day_changed": "verify",
    "ended_without_table": "warn",
    "answer_missing_near_deadline": "warn",
    "registration_went_back": "verify",
    "deregistered_while_case_open": "verify",
    "taxpayer_not_in_register": "verify",
    "debtor_abnormal": "warn",
    "inspection_open": "warn",
    "closed_by_court_alone": "warn",
    "clearance_missing": "verify",
}
"""Every rule that may be found, in the order they are shown: `reject` must not stand, `verify` needs an officer's
decision, `warn` is to be known. None of them holds a case: the rows have landed."""


def found(
    rule: str, dataset: str, rows: Ints, *, case_no: pa.Array | None, keys: Sequence[pa.Array] = (),
    records: pa.Array | None = None, column: str | None = None, note: str = "",
) -> Iterator[Finding]:  # fmt: skip
    """One finding for each of the rows; `keys` are the columns that name a row within its dataset."""
    cases = picked(case_no, rows) if case_no is not None else [None] * len(rows)
    owners = picked(records, rows) if records is not None else [None] * len(rows)
    places: Iterable[str | None] = [None] * len(rows)
    if keys:
        places = ("|".join(word or "" for word in row) for row in zip(*(picked(k, rows) for k in keys), strict=True))
    for owner, case, place in zip(owners, cases, places, strict=True):
        yield Finding(
            rule=rule,
            severity=SEVERITIES[rule],
            dataset=dataset,
            record=owner,
            case_no=case,
            row_key=place,
            column=column,
            note=note,
            comparable=False,
        )


def on_cases(
    matched: Matched, rule: str, cases: Ints, column: str, dataset: str = "bankruptcy_case"
) -> Iterator[Finding]:
    """Findings on cases of book A."""
    return found(
        rule, dataset, cases, case_no=matched.cases.number, records=text(matched.books.cases, "_record"), column=column
    )


def on_claims(matched: Matched, rule: str, claims: Ints, column: str) -> Iterator[Finding]:
    """Findings on claims of book C."""
    head = matched.claims.heads
    return found(
        rule, "tax_claim", claims, case_no=matched.claims.case_no, keys=(head.claim_no,),
        records=records_of(matched), column=column,
    )  # fmt: skip


def records_of(matched: Matched) -> pa.Array:
    """The record of each claim's case; missing where the case is unknown."""
    case = matched.claims.case
    return text(matched.books.cases, "_record").take(pa.array(case, mask=case < 0))


def on_table(rule: str, dataset: str, frame: pd.DataFrame, mask: Bools, column: str) -> Iterator[Finding]:
    """Findings on rows of book B."""
    return found(
        rule,
        dataset,
        np.flatnonzero(mask),
        case_no=text(frame, "case_no"),
        keys=(text(frame, "claim_no"), text(frame, "rank")),
        records=text(frame, "_record"),
        column=column,
    )


def tables(matched: Matched) -> Iterator[tuple[str, pd.DataFrame, Named]]:
    """Both tables of book B with what their rows name."""
    yield "claim_review", matched.books.reviews, matched.reviewed
    yield "distribution", matched.books.distributions, matched.paid
