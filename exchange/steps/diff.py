"""Diff: say what differs between two exchanges of this end, for people and for machines."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import partial
from typing import Any, Final

import pandas as pd

from exchange.domain.change_report import comparison_data
from exchange.domain.differences import as_document, compare
from exchange.domain.errors import NeedsPerson
from exchange.domain.lifecycle import SENT_BACK
from exchange.domain.packet import parse_packet_name
from exchange.domain.prepare import CASES
from exchange.domain.route import Agreement, Route
from exchange.domain.stored import kept_frames
from exchange.ports import Clock, ExchangeRecord, Ledger, Pages, Sheets, Vault

CONTENT: Final = "content/content.json"
Frames = Mapping[str, pd.DataFrame]


def diff(
    right: str,
    left: str | None = None,
    *,
    agreement: Agreement,
    vault: Vault,
    ledger: Ledger,
    pages: Pages,
    sheets: Sheets,
    clock: Clock,
    actor: str,
) -> dict[str, Any]:
    """Compare an exchange with an earlier one (`left`; its predecessor when absent), and return the differences.

    Ours are read from their staged content, theirs from the rows landed, both in the columns agreed now, whatever
    version they followed. The predecessor of a quarter or an answer is the one before it of its kind; a packet of
    single cases is compared with what was told of these cases before it.
    Leaves `diff-<left>.html`, `.xlsx` and `.json` beside the report of `right`; the ledger says who looked. Values
    that name a person are masked. Raises NeedsPerson 914 (no such exchange, none before it, or nothing staged yet), 905
    (of two routes), 949 (stored rows are not those checked).
    """
    record = _known(right, ledger)
    route = agreement.route(record.route)
    theirs = _known(left, ledger) if left is not None else _predecessor(record, ledger)
    if theirs is not None and theirs.route != record.route:
        raise NeedsPerson(
            905, "They are of two routes.", where=f"{left}, {right}", next_step="Compare two of one route."
        )
    now = _rows(record, route, vault, ledger)
    named = theirs.key if theirs is not None else "before"
    then = _rows(theirs, route, vault, ledger) if theirs is not None else _before(record, now, route, ledger)
    found = compare(then, now, route)
    document = as_document(found, left=named, right=right)
    page = comparison_data(
        found, left=named, right=right, route=route, agreement=agreement, key=right,
        as_of=(record.as_of or clock().date()).isoformat(), made_at=clock(),
    )  # fmt: skip
    vault.put(right, f"diff-{named}.html", pages.changes(page).encode())
    vault.put(right, f"diff-{named}.xlsx", sheets.changes(page))
    vault.put(right, f"diff-{named}.json", json.dumps(document, ensure_ascii=False, indent=1).encode())
    with ledger.transaction() as write:
        write.append("looked_at", exchange=right, actor=actor, body={"what": f"diff-{named}"})
    return document


def _known(key: str | None, ledger: Ledger) -> ExchangeRecord:
    record = ledger.exchange(key) if key is not None else None
    if record is None:
        raise NeedsPerson(
            914, "There is no such exchange.", where=str(key), next_step="List them with `exchange status`."
        )
    return record


def _predecessor(record: ExchangeRecord, ledger: Ledger) -> ExchangeRecord | None:
    """The one before it of its kind that was not sent back; None for a packet of single cases."""
    if record.kind in ("U", "C"):
        return None
    known = [e for e in ledger.exchanges(route=record.route, kind=record.kind) if e.direction == record.direction]
    before = known[: next(n for n, e in enumerate(known) if e.key == record.key)]
    earlier = [e for e in before if (e.state not in SENT_BACK and e.content_hash is not None) or e.direction == "in"]
    if not earlier:
        raise NeedsPerson(
            914, "There is none before it to compare with.", where=record.key, next_step="Name the one to compare with."
        )
    return earlier[-1]


def _rows(record: ExchangeRecord, route: Route, vault: Vault, ledger: Ledger) -> Frames:
    """The rows an exchange carries, by dataset."""
    if record.direction == "out":
        if not vault.has(record.key, CONTENT):
            raise NeedsPerson(
                914, "Nothing is staged yet.", where=record.key, next_step="Let its checks finish, then compare."
            )
        return kept_frames(partial(vault.get, record.key), route, record.key)
    packet = parse_packet_name(str(record.packet_id))
    return {
        c.dataset: ledger.history(route, c.dataset, number=packet.number)
        for c in route.datasets if packet.kind in route.line(c.dataset).kinds
    }  # fmt: skip


def _before(record: ExchangeRecord, now: Frames, route: Route, ledger: Ledger) -> Frames:
    """What was told of these cases by the last packet before this one that carried them."""
    cases = sorted({str(case) for frame in now.values() if "case_no" in frame for case in frame["case_no"]})
    number = parse_packet_name(record.packet_id).number if record.packet_id else None
    return {name: _last(route, name, cases, number, ledger) for name in now}


def _last(route: Route, dataset: str, cases: list[str], number: int | None, ledger: Ledger) -> pd.DataFrame:
    if dataset not in [contract.dataset for contract in route.carries("Q")]:
        return pd.DataFrame(columns=list(route.wire(dataset).names), dtype="str")
    parts = []
    for case in cases:
        carried = ledger.history(route, CASES, case_no=case)["_number"].astype(int)
        carried = carried if number is None else carried[carried < number]
        rows = ledger.history(route, dataset, case_no=case)
        parts.append(rows.loc[rows["_number"].astype(int) == carried.max()] if len(carried) else rows.iloc[:0])
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=list(route.wire(dataset).names))
