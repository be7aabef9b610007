"""Rehearse: run the last stored rounds of this end against a proposed agreement. Leaves a page and the look,
no more."""

from __future__ import annotations

from functools import partial
from typing import Final

import pandas as pd

from exchange.domain.answering import check_answer
from exchange.domain.errors import NeedsPerson
from exchange.domain.finding import Finding
from exchange.domain.lifecycle import OPENED
from exchange.domain.prepare import CASES
from exchange.domain.rehearsal import Rehearsed, Verdict, fault_of, rehearse
from exchange.domain.rehearsal_page import rehearsal_data
from exchange.domain.route import Agreement, Route
from exchange.domain.stored import extracted_frames, files_of, round_of
from exchange.domain.tabular import read_csv
from exchange.ports import Checker, Clock, ExchangeRecord, IsWorkday, Ledger, Pages, Vault

ANSWER: Final = "answer"
PAGE: Final = "rehearsal.html"
"""Where the page of a rehearsal lies, with the newest of its rounds."""


def rehearse_rounds(
    proposed: Agreement,
    *,
    last: int = 4,
    agreement: Agreement,
    party: str,
    vault: Vault,
    ledger: Ledger,
    checker: Checker,
    is_workday: IsWorkday,
    pages: Pages,
    clock: Clock,
    actor: str,
) -> list[Rehearsed]:
    """The last quarters and answers of each route of this end, under both agreements; oldest first.

    Leaves `rehearsal.html` beside the newest of them. Of one quarter the last attempt counts. A route the proposal
    drops is left out (`contracts diff` tells of it). The result names case numbers, so the ledger says who looked.
    Raises NeedsPerson 914 when nothing is stored yet, 949 when stored rows are not those that were read, 905 and 915
    as the checks do.
    """
    found: list[Rehearsed] = []
    for route in agreement.routes_from(party):
        if route.id not in proposed.routes:
            continue
        for record in _last(route, last, ledger):
            if record.kind == "Q":
                found.append(_quarter(record, proposed, agreement, vault, ledger, checker, is_workday))
            else:
                found.append(_answer(record, proposed, agreement, vault, ledger))
    if not found:
        raise NeedsPerson(
            914,
            "No round is stored here that could be rehearsed.",
            where=f"party {party}",
            next_step="Run a quarter first, or rehearse at the end that has.",
        )
    page = rehearsal_data(found, now=agreement, then=proposed, party=party, made_at=clock())
    vault.put(found[-1].key, PAGE, pages.rehearsal(page).encode())
    with ledger.transaction() as write:
        for one in found:
            write.append("looked_at", exchange=one.key, actor=actor, body={"what": "rehearsal"})
    return found


def _last(route: Route, last: int, ledger: Ledger) -> list[ExchangeRecord]:
    """The last attempt of each of the last rounds that were read whole."""
    newest: dict[str, ExchangeRecord] = {}
    for record in ledger.exchanges(route=route.id):
        if record.direction == "out" and record.kind in ("Q", "A") and record.state != OPENED:
            base = ".".join(record.key.split(".")[:3])
            newest.pop(base, None)
            newest[base] = record
    return list(newest.values())[-last:]


def _quarter(
    record: ExchangeRecord,
    proposed: Agreement,
    agreement: Agreement,
    vault: Vault,
    ledger: Ledger,
    checker: Checker,
    is_workday: IsWorkday,
) -> Rehearsed:
    events = list(ledger.events(exchange=record.key, kind="batch_extracted"))
    batches = [
        extracted_frames(partial(vault.get, record.key), files, batch, record.key)
        for batch in record.details["batches"]
        if (files := files_of(events, batch)) is not None
    ]
    period, as_of = round_of(record)
    return rehearse(
        batches, key=record.key, route=record.route, now=agreement, then=proposed, period=period, as_of=as_of,
        is_workday=is_workday, checker=checker,
    )  # fmt: skip


def _answer(
    record: ExchangeRecord, proposed: Agreement, agreement: Agreement, vault: Vault, ledger: Ledger
) -> Rehearsed:
    """An answer's files, read and checked as they came; a file the proposal can't read fails whole."""
    return Rehearsed(
        key=record.key,
        now=_judged(record, agreement, agreement, vault, ledger),
        then=_judged(record, proposed, agreement, vault, ledger),
        without_data=(),
        left_behind=(),
    )


def _judged(
    record: ExchangeRecord, judge: Agreement, agreement: Agreement, vault: Vault, ledger: Ledger
) -> Verdict:  # fmt: skip
    back = judge.route(record.route)
    frames: dict[str, pd.DataFrame] = {}
    unreadable: list[Finding] = []
    for contract in (back.wire(carried.dataset) for carried in back.carries("A")):
        name = f"extract/{ANSWER}/{contract.dataset}.csv"
        try:
            frames[contract.dataset] = (
                read_csv(vault.get(record.key, name), contract, zero_one_bools=True)
                if vault.has(record.key, name)
                else pd.DataFrame(columns=list(contract.names), dtype="str")
            )
        except NeedsPerson as problem:
            unreadable.append(
                Finding(rule=f"E{problem.code}", severity="reject", dataset=contract.dataset, record=None, case_no=None)
            )
    if unreadable:
        return Verdict(selected=0, held=0, stopped=True, faults=frozenset(map(fault_of, unreadable)))
    asked = agreement.route(str(agreement.route(record.route).answered_by))
    found = check_answer(
        frames, route=back, code_lists=judge.codes_of(back), cases=ledger.landed(asked, CASES),
        debtors=ledger.landed(asked, "case_debtor"),
    )  # fmt: skip
    return Verdict(
        selected=found.claims, held=found.held, stopped=False, faults=frozenset(map(fault_of, found.findings))
    )
