"""The tax bureau's answer, checked before it is staged: what goes, what stays and why.

Findings name file, line (the header is line 1) and column, never a value. A rejected claim stays with all its lines
and versions; a rejected status row stays alone; what is warned of goes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from exchange.domain.books import plain_ids, plain_numbers
from exchange.domain.claims import NIL, SUPPLEMENT, WITHDRAWAL, canonical, same_rows, with_claim
from exchange.domain.columns import (
    Bools,
    Ints,
    among,
    codes,
    equals,
    exact_sums,
    group,
    positions,
    text,
    to_days,
    to_fen,
    to_ints,
)
from exchange.domain.contract import CodeList, Contract, Severity
from exchange.domain.finding import Finding
from exchange.domain.route import Route

CLAIMS, LINES, PAYMENTS, STATUS = "tax_claim", "tax_claim_line", "tax_payment", "tax_status"
WITHOUT_CLAIM: Final = ("line_without_claim", "payment_without_claim")
"""Rows that belong to no claim version stay alone; no claim can be held for them."""

LINE: Final = "_line"
"""The column with the number of each row's line, where `frames` are a part of the files."""

KEYS: Final = ("claim_no", "version", "line_no", "levy_code", "paid_on")
"""What says which row of a file it is; of a line its number is enough."""

STATUS_OF_STRANGER = "status_of_debtor_never_sent"
"""Refused with code 603: the tax bureau may only tell about debtors the court named (征管法8)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """`frames` is what will be sent, by dataset. `claims` and `held` count claim numbers, `refused` status rows."""

    frames: Mapping[str, pd.DataFrame]
    findings: tuple[Finding, ...]
    claims: int
    held: int
    refused: int


def together(answers: Sequence[Answer], route: Route) -> Answer:
    """What was found in all parts of an answer, in the order of the route's datasets, lines and rules; no frames."""
    order = [contract.dataset for contract in route.datasets]
    found = [finding for one in answers for finding in one.findings]
    return Answer(
        frames={},
        findings=tuple(sorted(found, key=lambda f: (order.index(f.dataset), line_of(f), f.rule))),
        claims=sum(one.claims for one in answers),
        held=sum(one.held for one in answers),
        refused=sum(one.refused for one in answers),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Broken:
    """One rule broken at some rows of one file."""

    rule: str
    severity: Severity
    dataset: str
    rows: Bools
    column: str


def check_answer(
    frames: Mapping[str, pd.DataFrame],
    *,
    route: Route,
    code_lists: Mapping[str, CodeList],
    cases: pd.DataFrame,
    debtors: pd.DataFrame,
) -> Answer:
    """Split an answer into what goes and what stays.

    `frames` hold the rows of the files in file order and wire form, or those of some claims with their lines' numbers
    under `LINE`; `cases` and `debtors` are those received so far on the route this one answers.
    """
    ready = {name: canonical(frame, route.contract(name)) for name, frame in frames.items()}
    broken = list(_problems(ready, route, code_lists, cases, debtors))
    of_claim = [name for name in (CLAIMS, LINES, PAYMENTS) if name in ready]
    numbers, words = codes(*(text(ready[name], "claim_no") for name in of_claim))
    number = dict(zip(of_claim, numbers, strict=True))
    held_claims = np.zeros(len(words) + 1, bool)
    keep = {name: np.ones(len(frame), bool) for name, frame in ready.items()}
    for one in broken:
        if one.severity != "reject":
            continue
        if one.dataset not in number or one.rule in WITHOUT_CLAIM:
            keep[one.dataset] &= ~one.rows
        else:
            held_claims[number[one.dataset][one.rows]] = True
    of_claims = number[CLAIMS]
    held = np.append(held_claims, False)
    for name, frame in ready.items():
        if "claim_no" in frame:
            keep[name] &= ~held[positions(text(frame, "claim_no"), words)]
    return Answer(
        frames={name: frame[keep[name]].reset_index(drop=True) for name, frame in ready.items()},
        findings=tuple(finding for one in broken for finding in _findings(one, ready[one.dataset])),
        claims=len(np.unique(of_claims)),
        held=len(np.unique(of_claims[held_claims[of_claims]])),
        refused=int((~keep[STATUS]).sum()),
    )


def _problems(
    frames: Mapping[str, pd.DataFrame],
    route: Route,
    code_lists: Mapping[str, CodeList],
    cases: pd.DataFrame,
    debtors: pd.DataFrame,
) -> Iterator[_Broken]:
    for name, frame in frames.items():
        yield from _codes(name, frame, route.contract(name), code_lists)
    claims, lines = frames[CLAIMS], frames[LINES]
    yield from _found("line_without_claim", "reject", LINES, ~with_claim(claims, lines), "claim_no")
    if PAYMENTS in frames:
        yield from _payments(claims, lines, frames[PAYMENTS])
    yield from _amounts(claims, lines)
    yield from _shape(claims, lines)
    known = positions(text(claims, "case_no"), plain_numbers(text(cases, "case_no"))) >= 0
    yield from _found("case_never_received", "warn", CLAIMS, ~known, "case_no")
    named = positions(text(frames[STATUS], "debtor_uscc"), plain_ids(text(debtors, "uscc"))) >= 0
    yield from _found(STATUS_OF_STRANGER, "reject", STATUS, ~named, "debtor_uscc")


def _found(rule: str, severity: Severity, dataset: str, rows: Bools, column: str) -> Iterator[_Broken]:
    if rows.any():
        yield _Broken(rule=rule, severity=severity, dataset=dataset, rows=rows, column=column)


def _codes(
    dataset: str, frame: pd.DataFrame, contract: Contract, code_lists: Mapping[str, CodeList]
) -> Iterator[_Broken]:
    for column in contract.columns:
        if column.code_list is not None:
            values = text(frame, column.name)
            unknown = ~among(values, tuple(code_lists[column.code_list].names_zh)) & _given(values)
            yield from _found(f"{column.name}_unknown", "reject", dataset, unknown, column.name)


def _given(values: pa.Array) -> Bools:
    return np.asarray(pc.is_valid(values).to_numpy(zero_copy_only=False), dtype=bool)


def _amounts(claims: pd.DataFrame, lines: pd.DataFrame) -> Iterator[_Broken]:
    """Negative amounts, and totals that are not the sum of their lines: they go, and will be breaks."""
    total, amount = to_fen(text(claims, "total_amount"))[0], to_fen(text(lines, "amount"))[0]
    yield from _found("amount_negative", "warn", CLAIMS, total < 0, "total_amount")
    yield from _found("amount_negative", "warn", LINES, amount < 0, "amount")
    yield from _found("total_is_not_sum_of_lines", "warn", CLAIMS, total != _sums(claims, lines), "total_amount")


def _payments(claims: pd.DataFrame, lines: pd.DataFrame, payments: pd.DataFrame) -> Iterator[_Broken]:
    """Payments without a claim stay; odd ones go, and are told: nothing paid, or of a levy and period not claimed."""
    alone = ~with_claim(claims, payments)
    yield from _found("payment_without_claim", "reject", PAYMENTS, alone, "claim_no")
    nothing = to_fen(text(payments, "amount"))[0] <= 0
    yield from _found("payment_not_positive", "warn", PAYMENTS, nothing, "amount")
    place = ("claim_no", "version", "levy_code", "period_start", "period_end")
    stranger = ~same_rows(payments, lines, place) & ~alone
    yield from _found("payment_of_nothing_claimed", "warn", PAYMENTS, stranger, "levy_code")


def _sums(claims: pd.DataFrame, lines: pd.DataFrame) -> Ints:
    key, count = _versions(claims, lines)
    return exact_sums(key[len(claims) :], to_fen(text(lines, "amount"))[0], count)[key[: len(claims)]]


def _versions(claims: pd.DataFrame, lines: pd.DataFrame) -> tuple[Ints, int]:
    """One number per claim version, over the rows of both files."""
    (of_claims, of_lines), _ = codes(text(claims, "claim_no"), text(lines, "claim_no"))
    versions = [to_ints(text(frame, "version")) + 1 for frame in (claims, lines)]
    return group(np.concatenate([of_claims, of_lines]), np.maximum(np.concatenate(versions), 0))


def _shape(claims: pd.DataFrame, lines: pd.DataFrame) -> Iterator[_Broken]:
    kind, version = text(claims, "kind"), to_ints(text(claims, "version"))
    key, count = _versions(claims, lines)
    has_lines = (np.bincount(key[len(claims) :], minlength=count) > 0)[key[: len(claims)]]
    empty = among(kind, (NIL, WITHDRAWAL))
    first = among(kind, ("original", SUPPLEMENT, NIL))
    no_id = ~_given(text(claims, "debtor_uscc")) & ~_given(text(claims, "debtor_old_taxpayer_id"))
    backward = to_days(text(lines, "period_end")) < to_days(text(lines, "period_start"))
    unnamed = equals(kind, SUPPLEMENT) & ~_given(text(claims, "supplements"))
    yield from _found("claim_without_lines", "warn", CLAIMS, ~empty & ~has_lines, "claim_no")
    yield from _found("lines_on_empty_claim", "warn", CLAIMS, empty & has_lines, "kind")
    yield from _found("version_does_not_fit_kind", "warn", CLAIMS, first & (version != 1), "version")
    yield from _found("supplement_names_no_claim", "warn", CLAIMS, unnamed, "supplements")
    yield from _found("debtor_without_id", "verify", CLAIMS, no_id, "debtor_uscc")
    yield from _found("period_ends_before_it_starts", "warn", LINES, backward, "period_end")


def _findings(broken: _Broken, frame: pd.DataFrame) -> Iterator[Finding]:
    rows = np.flatnonzero(broken.rows)
    keys_of = KEYS[:3] if "line_no" in frame.columns else KEYS
    names = [name for name in keys_of if name in frame.columns]
    lines = frame[LINE].iloc[rows].tolist() if LINE in frame else (rows + 2).tolist()
    keys = frame.iloc[rows][names].agg("|".join, axis=1).tolist() if names else [None] * len(rows)
    for line, key in zip(lines, keys, strict=True):
        yield Finding(
            rule=broken.rule,
            severity=broken.severity,
            dataset=broken.dataset,
            record=None,
            case_no=None,
            row_key=key,
            column=broken.column,
            note=f"{broken.dataset}.csv line {line}",
            comparable=False,
        )


def line_of(finding: Finding) -> int:
    """The line of the file a finding is on; the header is line 1."""
    return int(finding.note.rpartition(" ")[2])
