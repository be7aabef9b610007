"""Trace: every packet that carried a case, and what the other side knew of it at a moment, with its proof."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import Any, Final

from exchange.domain import lifecycle
from exchange.domain.canonical import strict_json
from exchange.domain.case_number import normalise
from exchange.domain.changes import DATASET
from exchange.domain.corrections import VOIDS
from exchange.domain.errors import NeedsPerson
from exchange.domain.lane import MANIFEST
from exchange.domain.lineage import Carrier, Given, known_by, shown, without
from exchange.domain.packet import parse_packet_name
from exchange.domain.prepare import CASES
from exchange.domain.route import Agreement, Route
from exchange.domain.stored import content_records
from exchange.ports import Event, ExchangeRecord, Ledger, PacketRecord, Vault

RECEIPT: Final = "inside/receipt.json"
_OUT: Final = ("sent", "packet_sent")
_RECEIPTS: Final = ("receipt_opened", "receipt_validated", "receipt_refused", "receipt_noted", "receipt_acted")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Case:
    """The case on one route, and where to read about it."""

    number: str
    route: Route
    ours: bool
    vault: Vault
    ledger: Ledger


def trace(
    case: str,
    *,
    on: datetime | None = None,
    full: bool = False,
    agreement: Agreement,
    party: str,
    vault: Vault,
    ledger: Ledger,
    actor: str,
) -> list[dict[str, Any]]:
    """For each route that carried the case: its packets in order, and with `on` what was known at that moment.

    At the sender it is what the other side had taken in by then, by its signed receipts; at the receiver what this end
    knew itself. Values that name a person are masked unless `full`; the ledger says who asked. Raises NeedsPerson 914
    when no packet ever carried the case.
    """
    number = normalise(case)
    found = []
    for route in agreement.routes.values():
        if party not in (route.sender, route.receiver) or not route.has(CASES):
            continue
        about = _about(number, route, party, vault, ledger)
        if carriers := sorted(_carriers(about), key=lambda c: c.number):
            found.append(_told(about, carriers, on, full=full))
    if not found:
        raise NeedsPerson(
            914, "No packet ever carried a case of this number.", where="--case", next_step="Check the number."
        )
    with ledger.transaction() as write:
        body = {"what": "known" if on else "lineage", "subject": number, "full": full}
        write.append("looked_at", exchange=None, actor=actor, body=body | ({"on": on.isoformat()} if on else {}))
    return found


def carriers(case_no: str, route: Route, *, party: str, vault: Vault, ledger: Ledger) -> list[Carrier]:
    """The packets of a route that carried a case (its normalised number), by number. Tells nothing of its rows."""
    return sorted(_carriers(_about(case_no, route, party, vault, ledger)), key=lambda c: c.number)


def _about(number: str, route: Route, party: str, vault: Vault, ledger: Ledger) -> _Case:
    return _Case(number=number, route=route, ours=route.sender == party, vault=vault, ledger=ledger)


def _told(about: _Case, carriers: list[Carrier], on: datetime | None, *, full: bool) -> dict[str, Any]:
    packets = [c.as_document() for c in carriers]
    document = {"case_no": about.number, "route": about.route.id, "packets": packets}
    if on is None:
        return document
    by = known_by(carriers, on)
    for told, carrier in zip(packets, carriers, strict=True):
        told["standing"] = carrier.standing(on)
    known = "nothing" if by is None else by.standing(on)
    rows = {} if by is None else _rows(about, by, full=full)
    return document | {"on": on.isoformat(), "known": known, "by": by.packet if by else None, "rows": rows}


def _rows(about: _Case, by: Carrier, *, full: bool) -> dict[str, list[dict[str, str | None]]]:
    """What the packet said of the case, by dataset."""
    rejected = _rejected(about, by)
    rows = {}
    for carried in about.route.datasets:
        contract = about.route.wire(carried.dataset)
        if contract.key[0] != "case_no":
            continue
        frame = about.ledger.history(about.route, contract.dataset, case_no=about.number)
        frame = frame.loc[frame["_packet"] == by.packet]
        if len(frame):
            rows[contract.dataset] = shown(without(frame, contract, rejected), contract, full=full)
    return rows


def _rejected(about: _Case, by: Carrier) -> list[Mapping[str, Any]]:
    """Records of our packet the receiver did not land, by its receipt; none at the receiver, where they never were."""
    if not about.ours:
        return []
    documents = [_receipt(about, given.receipt) for given in by.receipts if given.rung == "validated"]
    return [one for document in documents for one in document.get("rejected", ())]


def _receipt(about: _Case, receipt: str) -> Mapping[str, Any]:
    if not about.vault.has(receipt, RECEIPT):
        return {}
    document: Mapping[str, Any] = strict_json(about.vault.get(receipt, RECEIPT))
    return document


def _carriers(about: _Case) -> Iterator[Carrier]:
    """The packets whose rows are landed, and at the sender those that were refused."""
    rows: dict[str, dict[str, Any]] = {}
    for dataset in (CASES, DATASET, VOIDS):
        if about.route.has(dataset):
            for row in about.ledger.rows_ever(about.route, dataset, case_no=about.number):
                packet = str(row["_packet"])
                rows[packet] = {**rows.get(packet, {}), **row, "_void": dataset == VOIDS}
    numbers = [parse_packet_name(name).number for name in rows]
    known = {p.packet_id: p for p in about.ledger.packets(lane=about.route.lane, numbers=numbers)} if rows else {}
    for packet_id, row in rows.items():
        yield _carrier(about, known[packet_id], row)
    if about.ours:
        for record in about.ledger.exchanges(route=about.route.id, states=[lifecycle.REJECTED]):
            if record.packet_id is not None and _carried(about, record):
                yield _refused(about, record)


def _carried(about: _Case, record: ExchangeRecord) -> bool:
    return about.number in content_records(partial(about.vault.has, record.key), partial(about.vault.get, record.key))


def _refused(about: _Case, record: ExchangeRecord) -> Carrier:
    name = parse_packet_name(str(record.packet_id))
    packet = next(
        p for p in about.ledger.packets(lane=about.route.lane, above=name.number - 1) if p.packet_id == str(name)
    )
    return _carrier(about, packet, {})


def _carrier(about: _Case, packet: PacketRecord, row: Mapping[str, Any]) -> Carrier:
    key = str(packet.exchange or packet.packet_id)
    record = about.ledger.exchange(key)
    events = list(about.ledger.events(exchange=key))
    void = row.get("reason") if row.get("_void") else None
    whole = Carrier(
        packet=packet.packet_id, number=packet.number, exchange=key, kind=packet.kind,
        period=record.period if record else None, sent_at=None, taken_in_at=None, refused_at=None,
        why=row.get("why"), changed_columns=row.get("changed_columns"), corrects=row.get("corrects"), void=void,
        prepared_by=record.prepared_by if record else None, approved_by=record.approved_by if record else None,
        manifest_sha256=packet.manifest_sha256,
    )  # fmt: skip
    return _as_sender(about, whole, events) if about.ours else _as_receiver(about, whole, events)


def _as_sender(about: _Case, carrier: Carrier, events: list[Event]) -> Carrier:
    """Times by the receipts that came, in the receiver's own words."""
    given = [
        Given(rung=str(e.body["rung"]), receipt=str(e.body["receipt"]), at=_at(about, e))
        for e in events if e.kind in _RECEIPTS and "receipt" in e.body
    ]  # fmt: skip
    times = {one.rung: one.at for one in reversed(given)}
    return replace(
        carrier,
        sent_at=next((e.at for e in events if e.kind in _OUT and e.body.get("packet_id") == carrier.packet), None),
        taken_in_at=times.get("validated"),
        refused_at=times.get("refused"),
        receipts=tuple(given),
    )


def _at(about: _Case, event: Event) -> datetime:
    said = _receipt(about, str(event.body["receipt"])).get("at")
    return datetime.fromisoformat(said) if said else event.at


def _as_receiver(about: _Case, carrier: Carrier, events: list[Event]) -> Carrier:
    """Times by this end's own ledger; who approved it by the sender's signed manifest."""
    manifest = f"packet/{MANIFEST}"
    document = (
        strict_json(about.vault.get(carrier.exchange, manifest)) if about.vault.has(carrier.exchange, manifest) else {}
    )
    approval = document.get("approval", {})
    made = document.get("created_at")
    return replace(
        carrier,
        sent_at=datetime.fromisoformat(made) if made else None,
        taken_in_at=next((e.at for e in events if e.kind == "taken_in"), None),
        prepared_by=approval.get("prepared_by"),
        approved_by=approval.get("approved_by"),
        receipts=tuple(
            Given(rung=str(e.body["rung"]), receipt=str(e.body["packet_id"]), at=e.at)
            for e in events if e.kind == "receipt_packed"
        ),
    )  # fmt: skip
