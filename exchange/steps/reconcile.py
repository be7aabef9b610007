"""Reconcile: compare the three books for an outgoing quarterly exchange, and keep the breaks with their identity."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Any, Final
from zoneinfo import ZoneInfo

import pandas as pd

from exchange.domain import lifecycle
from exchange.domain.books import Books
from exchange.domain.break_list import break_list
from exchange.domain.breaks import Break, Result
from exchange.domain.claims import own_lines
from exchange.domain.corrections import VOIDS
from exchange.domain.errors import NeedsPerson
from exchange.domain.outcome import record_id
from exchange.domain.reconciliation import reconcile_books
from exchange.domain.route import Agreement, Route
from exchange.domain.situations import RULES
from exchange.ports import BreakRecord, Clock, ExchangeRecord, IsWorkday, Ledger, Pages, Sheets, Vault

OPEN: Final = "open"
CLOSED: Final = "closed"
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
    records = _records(key, route.id, result, {b.id: b for b in ledger.breaks(route=route.id)})
    data = _list(exchange, day, result, records, route, agreement, books)
    vault.put(key, "breaks.html", pages.breaks(data).encode("utf-8"))
    vault.put(key, "breaks.xlsx", sheets.breaks(data))
    vault.put(key, "outcome.json", _outcome(key, result, vault))
    _record(key, route, records, ledger, actor, _facts(result, day, back, ledger))


def _list(
    exchange: ExchangeRecord,
    day: date,
    result: Result,
    records: Sequence[BreakRecord],
    route: Route,
    agreement: Agreement,
    books: Books,
) -> dict[str, Any]:
    return break_list(
        result,
        key=exchange.key,
        period=exchange.period,
        as_of=day,
        route=route,
        agreement=agreement,
        books=books,
        states={record.id: record.state for record in records},
        since={record.id: record.first_exchange for record in records},
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
    )


def _optional(route: Route, dataset: str, ledger: Ledger) -> pd.DataFrame:
    """The landed rows of a dataset that not every pair exchanges."""
    named = [contract.dataset for contract in route.datasets]
    return ledger.landed(route, dataset) if dataset in named else pd.DataFrame()


def _records(key: str, route: str, result: Result, known: Mapping[str, BreakRecord]) -> list[BreakRecord]:
    """What the ledger will hold: found ones with their history, vanished ones closed."""
    found = [_found(key, route, one, known.get(one.id)) for one in (*result.breaks, *result.infos)]
    now = {record.id for record in found}
    gone = [
        replace(record, state=CLOSED, last_exchange=key)
        for record in known.values()
        if record.id not in now and record.state != CLOSED
    ]
    return [*found, *gone]


def _found(key: str, route: str, one: Break, before: BreakRecord | None) -> BreakRecord:
    same = before is not None and before.state != CLOSED and dict(before.amounts) == dict(one.amounts)
    return BreakRecord(
        id=one.id,
        route=route,
        code=one.code,
        case_no=one.case_no,
        claim_no=one.claim_no,
        line_no=one.line_no,
        rank=one.rank,
        info=one.info,
        state=before.state if before is not None and same else OPEN,
        amounts=dict(one.amounts),
        first_exchange=before.first_exchange if before is not None else key,
        last_exchange=key,
        due_on=one.due_on,
    )


def _outcome(key: str, result: Result, vault: Vault) -> bytes:
    """The exchange's outcome with this comparison in place of an earlier one."""
    name = "outcome.json"
    stored: dict[str, Any] = json.loads(vault.get(key, name)) if vault.has(key, name) else {}
    kept = [one for one in stored.get("findings", []) if one.get("rule") not in RULES]
    added = [{**found.as_dict(), "record": record_id(found.record)} for found in result.findings]
    stored |= {**result.as_outcome(), "findings": [*kept, *added]}
    return json.dumps(stored, ensure_ascii=False, indent=1).encode("utf-8")


def _facts(result: Result, day: date, back: Route, ledger: Ledger) -> dict[str, Any]:
    answers = [e for e in ledger.exchanges(route=back.id, kind="A") if e.direction == "in"]
    return {
        "breaks": result.counts,
        "infos": len(result.infos),
        "as_of": day.isoformat(),
        "answers": len(answers),
    }


def _record(
    key: str,
    route: Route,
    records: Sequence[BreakRecord],
    ledger: Ledger,
    actor: str,
    facts: Mapping[str, Any],
) -> None:
    """Breaks and the fact in one transaction; nothing when the ledger already says just that."""
    said = [event.body for event in ledger.events(exchange=key, kind="reconciled")]
    held = {record.id: record for record in ledger.breaks(route=route.id)}
    changed = [record for record in records if held.get(record.id) != record]
    if said and dict(said[-1]) == dict(facts) and not changed:
        return
    with ledger.transaction() as write:
        if changed:
            write.set_breaks(route.id, changed)
        write.append("reconciled", exchange=key, actor=actor, body=facts)
