"""Void case: take a case back that was sent; the receiver keeps its history and counts it no longer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import pandas as pd

from exchange.domain.canonical import canonical_json, sha256_hex
from exchange.domain.case_number import normalise
from exchange.domain.change_report import correction_data
from exchange.domain.content import Content, stage_content
from exchange.domain.corrections import DISMISSED, VOIDS, void_frame
from exchange.domain.differences import compare
from exchange.domain.errors import NeedsPerson
from exchange.domain.lifecycle import SENT_BACK, attempt
from exchange.domain.officers import duties_of
from exchange.domain.outcome import voided
from exchange.domain.outcome_file import outcome_json
from exchange.domain.period import Period
from exchange.domain.prepare import CASES
from exchange.domain.reason import clean_reason
from exchange.domain.route import Agreement, Route
from exchange.domain.staged import keep_content, open_staged, state_in, told_up_to
from exchange.ports import Clock, Ledger, Pages, Vault


@dataclass(frozen=True, slots=True, kw_only=True)
class _Void:
    """What is taken back on which route, and who asks why."""

    route: Route
    row: pd.DataFrame
    record: str | None
    reason: str
    actor: str
    today: date

    @property
    def corrects(self) -> str:
        """The packet that carried the case last."""
        return str(self.row["corrects"].iloc[0])


def void_case(
    case: str,
    *,
    code: str,
    decided_on: date,
    document_no: str | None = None,
    reason: str,
    agreement: Agreement,
    party: str,
    vault: Vault,
    ledger: Ledger,
    pages: Pages,
    clock: Clock,
    today: date,
    actor: str,
    officers: Mapping[str, Sequence[str]],
) -> list[str]:
    """Open an exchange of kind C that takes a case back on every route that has it; return the keys.

    Each is checked and waits for two officers.

    `code` is one of the list void_reason; a dismissed acceptance (破产法12) names its ruling. Again, while nothing was
    sent in between, is the same exchange. Raises NeedsPerson 703 when the case is not among those the other side
    has, 504 for an unknown code, a day to come or a ruling without its number, 910 without a listed officer,
    947 without a usable reason, 905 where no route carries such records.
    """
    duties_of(actor, officers)
    said = clean_reason(reason)
    _possible(code, decided_on, document_no, agreement, today)
    number = normalise(case)
    keys: list[str] = []
    for route in _routes(agreement, party):
        with ledger.lock(f"open:{route.id}.C"):
            after = told_up_to(ledger, route.lane)
            rows = ledger.landed(route, CASES, keys=[number])
            if rows.empty:
                continue
            row = void_frame(
                number, reason=code, decided_on=decided_on, document_no=document_no, corrects=rows["_packet"].iloc[0]
            )
            record = None if rows["_record"].isna().all() else str(rows["_record"].iloc[0])
            void = _Void(route=route, row=row, record=record, reason=said, actor=actor, today=today)
            keys.append(_open(void, after, agreement, vault, ledger, pages, clock))
    if not keys:
        raise NeedsPerson(
            703, "The other side has no such case.", where="--case",
            next_step="Check the number; look at `exchange lineage --case` whether it was taken back already.",
        )  # fmt: skip
    return keys


def _possible(code: str, decided_on: date, document_no: str | None, agreement: Agreement, today: date) -> None:
    """NeedsPerson 504 for what no decision can be."""
    if code not in agreement.codes["void_reason"]:
        known = ", ".join(agreement.codes["void_reason"].names_zh)
        raise NeedsPerson(504, "This reason is not in the list.", where="--why", next_step=f"Use one of: {known}.")
    if code == DISMISSED and not document_no:
        raise NeedsPerson(
            504, "A dismissed acceptance has a ruling.", where="--ruling-no", next_step="Give its number."
        )
    if decided_on > today:
        raise NeedsPerson(504, "The day of the decision is still to come.", where="--on", next_step="Check the day.")


def _routes(agreement: Agreement, party: str) -> list[Route]:
    routes = [r for r in agreement.routes_from(party) if VOIDS in [contract.dataset for contract in r.carries("C")]]
    if not routes:
        raise NeedsPerson(
            905, "No route of this end carries records that take a case back.", where=f"party {party}",
            next_step="Run it at the court's end, and let its route list the dataset case_void with `kinds: [C]`.",
        )  # fmt: skip
    return routes


def _open(
    void: _Void, after: int, agreement: Agreement, vault: Vault, ledger: Ledger, pages: Pages, clock: Clock
) -> str:
    named = canonical_json(void.row.astype(object).fillna("").to_dict("records"))
    base = f"{void.route.id}.C.{sha256_hex(named)[:12]}"
    key = attempt(base, state_in(ledger), lambda _, state: state in SENT_BACK)
    if ledger.exchange(key) is None:
        content = _stage(key, void, agreement, vault, pages, clock)
        _record(key, void, content, after, ledger)
    return key


def _stage(key: str, void: _Void, agreement: Agreement, vault: Vault, pages: Pages, clock: Clock) -> Content:
    """Content, outcome, report and the officer's reason in the vault."""
    case = str(void.row["case_no"].iloc[0])
    with vault.workdir() as folder:
        records = pd.DataFrame({"case_no": [case], "_record": [void.record or ""]}, dtype="str")
        content = stage_content({VOIDS: void.row}, void.route, folder, records=records, kind="C")
        keep_content(vault, key, folder)
    vault.put(key, "reason.txt", void.reason.encode())
    exchange = {"key": key, "route": void.route.id, "kind": "C", "content_hash": content.hash, "rows": content.rows}
    outcome = voided(void.row, period=Period.of(void.today), as_of=void.today, exchange=exchange)
    vault.put(key, "outcome.json", outcome_json(outcome))
    page = correction_data(
        compare({}, {}, void.route), void.row, content, key=key, route=void.route, agreement=agreement,
        as_of=void.today, made_at=clock(), reason=void.reason, voids=void.row,
    )  # fmt: skip
    vault.put(key, "report.html", pages.changes(page).encode())
    return content


def _record(key: str, void: _Void, content: Content, after: int, ledger: Ledger) -> None:
    opened = {
        "corrects": void.corrects, "void": str(void.row["reason"].iloc[0]),
        "reason_sha256": sha256_hex(void.reason.encode()),
    }  # fmt: skip
    with ledger.transaction() as write:
        open_staged(
            write, key, void.route, content, kind="C", period=Period.of(void.today), as_of=void.today,
            actor=void.actor, counts=(0, 0, 0), opened=opened, facts={"after": after},
        )  # fmt: skip
