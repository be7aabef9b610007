"""Reconcile: compare the three books for an outgoing quarterly exchange, and keep the breaks with their identity."""

from __future__ import annotations

import gzip
import json
from collections.abc import Collection, Mapping
from datetime import date
from typing import Any, Final
from zoneinfo import ZoneInfo

import pandas as pd

from exchange.domain import lifecycle
from exchange.domain.books import Books
from exchange.domain.break_life import CLOSED, BreakWork, break_key, reopened, set_name
from exchange.domain.break_list import break_list
from exchange.domain.break_runs import Run, run_of, told_by_the_books
from exchange.domain.breaks import Result
from exchange.domain.claims import own_lines
from exchange.domain.corrections import VOIDS
from exchange.domain.errors import NeedsPerson
from exchange.domain.outcome import record_id
from exchange.domain.reconciliation import reconcile_books
from exchange.domain.route import Agreement, Route
from exchange.domain.situations import RULES
from exchange.ports import Clock, ExchangeRecord, IsWorkday, Ledger, Pages, Sheets, Vault

HISTORY: Final = ("case_no", "stage", "accepted_on")
"""What of a case must not change unnoticed from one packet to the next."""

OUT: Final = (lifecycle.SENT, lifecycle.RECEIVED, lifecycle.ACCEPTED, lifecycle.REJECTED)
SHANGHAI: Final = ZoneInfo("Asia/Shanghai")


def reconcile(
    key: str,
    *,
    agreement: Agreement,
    party: str,
    vault: Vault,
    ledger: Ledger,
    pages: Pages,
    sheets: Sheets,
    clock: Clock,
    is_workday: IsWorkday | None = None,
    actor: str = "system",
    as_of: date | None = None,
) -> None:
    """Compare everything ever sent on the exchange's route with everything that came back, as of a day.

    Writes `breaks`, `infos`, `break_counts` and further `findings` into the exchange's outcome.json, and the list of
    breaks as breaks.html and breaks.xlsx; keeps every break's identity, first exchange and decision in the ledger.
    A break reopens when the amounts under it change and closes when the books agree. The same books on the same day
    change nothing. `as_of` is the exchange's own day when absent.
    Raises NeedsPerson 914 (no such exchange), 908 (not sent yet), 905 (no route back; not this end's exchange).
    """
    exchange, route, back = _subject(key, agreement, party, ledger)
    day = as_of or exchange.as_of or clock().astimezone(SHANGHAI).date()
    books = _books(route, back, ledger)
    result = reconcile_books(
        books, route_out=route, levy=agreement.codes["levy"], as_of=day, is_workday=is_workday
    )  # fmt: skip
    run = run_of(key, route.id, day, result, {b.id: b for b in ledger.breaks(route=route.id)})
    works = {work.id: work for work in ledger.break_works(route=route.id)}
    cases = frozenset(books.cases["case_no"].dropna())
    data = _list(exchange, day, result, run, works, route, agreement, books)
    vault.put(key, "breaks.html", pages.breaks(data).encode("utf-8"))
    vault.put(key, "breaks.xlsx", sheets.breaks(data))
    vault.put(key, "outcome.json", _outcome(key, result, vault))
    vault.put(key, set_name(run.set_sha256), gzip.compress(run.set_file, mtime=0))
    _record(key, route, run, cases, ledger, actor, _facts(result, run, day, back, ledger))


def _list(
    exchange: ExchangeRecord,
    day: date,
    result: Result,
    run: Run,
    works: Mapping[str, BreakWork],
    route: Route,
    agreement: Agreement,
    books: Books,
) -> dict[str, Any]:
    told = told_by_the_books(exchange.key, run.records, works, ())
    return break_list(
        result,
        key=exchange.key,
        period=exchange.period,
        as_of=day,
        route=route,
        agreement=agreement,
        books=books,
        found={record.id: record for record in run.records if record.state != CLOSED},
        works={**works, **{body["id"]: reopened(works[body["id"]]) for kind, body in told if kind == "break_reopened"}},
    )


def _subject(key: str, agreement: Agreement, party: str, ledger: Ledger) -> tuple[ExchangeRecord, Route, Route]:
    exchange = ledger.exchange(key)
    if exchange is None:
        raise NeedsPerson(914, "There is no such exchange.", where=key, next_step="List them with `exchange status`.")
    route = agreement.route(exchange.route)
    if route.sender != party or exchange.direction != "out" or route.answered_by is None:
        raise NeedsPerson(
            905,
            "Only an exchange this end sent on a route that is answered can be reconciled.",
            where=key,
            next_step="Reconcile the quarterly exchange at the end that sent the cases.",
        )
    if exchange.state not in OUT:
        raise NeedsPerson(
            908,
            f"The exchange is {exchange.state}; its cases have not been sent.",
            where=key,
            next_step="Have it approved and sent first.",
        )
    return exchange, route, agreement.route(route.answered_by)


def _books(route: Route, back: Route, ledger: Ledger) -> Books:
    claims = ledger.landed(back, "tax_claim")
    return Books(
        cases=ledger.landed(route, "bankruptcy_case"),
        debtors=ledger.landed(route, "case_debtor"),
        reviews=ledger.landed(route, "claim_review"),
        distributions=ledger.landed(route, "distribution"),
        claims=claims,
        lines=own_lines(claims, ledger.landed(back, "tax_claim_line")),
        statuses=ledger.landed(back, "tax_status"),
        payments=own_lines(claims, _optional(back, "tax_payment", ledger)),
        voids=_optional(route, VOIDS, ledger),
        history=ledger.told(route, "bankruptcy_case", HISTORY),
    )


def _optional(route: Route, dataset: str, ledger: Ledger) -> pd.DataFrame:
    """The landed rows of a dataset that not every pair exchanges."""
    named = [contract.dataset for contract in route.datasets]
    return ledger.landed(route, dataset) if dataset in named else pd.DataFrame()


def _outcome(key: str, result: Result, vault: Vault) -> bytes:
    """The exchange's outcome with this comparison in place of an earlier one."""
    name = "outcome.json"
    stored: dict[str, Any] = json.loads(vault.get(key, name)) if vault.has(key, name) else {}
    kept = [one for one in stored.get("findings", []) if one.get("rule") not in RULES]
    added = [{**found.as_dict(), "record": record_id(found.record)} for found in result.findings]
    stored |= {**result.as_outcome(), "findings": [*kept, *added]}
    return json.dumps(stored, ensure_ascii=False, indent=1).encode("utf-8")


def _facts(result: Result, run: Run, day: date, back: Route, ledger: Ledger) -> dict[str, Any]:
    answers = [e for e in ledger.exchanges(route=back.id, kind="A") if e.direction == "in"]
    return {
        "breaks": result.counts,
        "infos": len(result.infos),
        "as_of": day.isoformat(),
        "answers": len(answers),
        "set_sha256": run.set_sha256,
        "since_last": dict(run.counts),
    }


def _record(
    key: str,
    route: Route,
    run: Run,
    cases: Collection[str],
    ledger: Ledger,
    actor: str,
    facts: Mapping[str, Any],
) -> None:
    """Breaks, what follows for those that are worked, and the fact in one transaction; nothing when all is said.

    What was done about breaks is read within it, so that an officer who decides meanwhile is either before or after.
    """
    said = [{**event.body, "since_last": None} for event in ledger.events(exchange=key, kind="reconciled")]
    held = {record.id: record for record in ledger.breaks(route=route.id)}
    changed = [record for record in run.records if held.get(record.id) != record]
    with ledger.transaction() as write:
        works = {work.id: work for work in ledger.break_works(route=route.id)}
        told = list(told_by_the_books(key, run.records, works, cases))
        if said and said[-1] == {**facts, "since_last": None} and not changed and not told:
            return
        if changed:
            write.set_breaks(route.id, changed)
        write.append("reconciled", exchange=key, actor=actor, body=facts)
        for kind, body in told:
            write.append(kind, exchange=break_key(route.id, body["id"]), actor=actor, body=body)
