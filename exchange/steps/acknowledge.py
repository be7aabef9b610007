"""Acknowledge: make the receipts that are owed for incoming packets, each a packet of its own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from exchange.domain.canonical import sha256_of, strict_json
from exchange.domain.errors import RetryLater
from exchange.domain.lane import MANIFEST
from exchange.domain.making import Made, Sealing, Standing, Statement, document, make_packet
from exchange.domain.opening import lane_route
from exchange.domain.packet import SILENT_KINDS, PacketName, is_payload, packet_of, parse_packet_name
from exchange.domain.receipt import NAME, Receipt, Rejected, Rung, receipt_bytes
from exchange.domain.received import received_data
from exchange.domain.route import Agreement
from exchange.domain.sequence import hash_of, last_taken_in
from exchange.ports import Clock, Event, Keys, Ledger, Pages, Vault

TAKEN: Final = "taken_in.json"
PACKET: Final = "packet"
REASONS: Final = "inside/reasons.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Owed:
    """One receipt that is due: for the packet under `key`, saying `rung`."""

    key: str
    number: int
    rung: Rung
    code: int | None = None
    missing: tuple[int, ...] = ()

    @property
    def answers(self) -> str:
        """The packet it answers."""
        return packet_of(self.key)


def acknowledge(
    packet_id: str,
    *,
    agreement: Agreement,
    party: str,
    schemas: Mapping[str, Mapping[str, Any]],
    vault: Vault,
    ledger: Ledger,
    keys: Keys,
    pages: Pages,
    clock: Clock,
    actor: str = "system",
) -> list[str]:
    """Seal every receipt owed on an incoming packet's lane, oldest first; return their packet ids.

    What a packet brought and what was told about it stands in its `received.html`.

    Accepted: `opened` and `validated`. Refused or forked: the negative with its code. Held for a gap: `missing`.
    R and K are never receipted. Again makes none twice. Raises NeedsPerson 202 to 207, 407, 801; RetryLater 907.
    """
    name = parse_packet_name(packet_of(packet_id))
    if name.receiver != party or name.sender not in agreement.parties:
        return []
    made: list[str] = []
    with ledger.lock(f"lane:{party}.{name.sender}"):
        for owed in sorted(_owed(name, ledger), key=lambda o: o.number):
            made.append(_make(owed, name, agreement, schemas, vault, ledger, keys, pages, clock, actor))
    return made


def _owed(name: PacketName, ledger: Ledger) -> Iterator[_Owed]:
    """What the lane's packets are owed and have not been given."""
    for key in ledger.unreceipted(name.lane):
        given = {str(event.body["rung"]) for event in ledger.events(exchange=key, kind="receipt_packed")}
        for owed in (*_positive(key, ledger), *_negatives(key, name, ledger)):
            if owed.rung not in given:
                given.add(owed.rung)
                yield owed


def _positive(key: str, ledger: Ledger) -> Iterator[_Owed]:
    """What a packet that was accepted, or is held for a gap, is owed."""
    for packet in ledger.packets(direction="in", exchange=key):
        if packet.kind in SILENT_KINDS:
            continue
        if packet.state == "accepted":
            yield from (_Owed(key=key, number=packet.number, rung=rung) for rung in ("opened", "validated"))
        if packet.state == "held" and (missing := _missing(key, ledger)):
            yield _Owed(key=key, number=packet.number, rung="missing", missing=missing)


def _negatives(key: str, name: PacketName, ledger: Ledger) -> Iterator[_Owed]:
    """What a packet that was refused, or is a fork, is owed."""
    for kind in ("packet_refused", "packet_fork"):
        for event in ledger.events(exchange=key, kind=kind):
            if (owed := _negative(event, name)) is not None:
                yield owed


def _negative(event: Event, lane_of: PacketName) -> _Owed | None:
    """The negative a refusal or a fork is owed, on this lane; an incident about our own packet is none."""
    if event.exchange is None or packet_of(event.exchange) != event.body["packet_id"]:
        return None
    name = parse_packet_name(event.body["packet_id"])
    if name.lane != lane_of.lane or name.kind in SILENT_KINDS:
        return None
    return _Owed(key=event.exchange, number=name.number, rung="refused", code=event.body["code"])


def _missing(key: str, ledger: Ledger) -> tuple[int, ...]:
    held = list(ledger.events(exchange=key, kind="packet_held"))
    return tuple(held[-1].body["missing"]) if held else ()


def _make(
    owed: _Owed,
    answered: PacketName,
    agreement: Agreement,
    schemas: Mapping[str, Mapping[str, Any]],
    vault: Vault,
    ledger: Ledger,
    keys: Keys,
    pages: Pages,
    clock: Clock,
    actor: str,
) -> str:
    """Seal one receipt and record it; the vault first, then one transaction."""
    lane = f"{answered.receiver}.{answered.sender}"
    newest = ledger.newest(lane)
    number = newest.number + 1 if newest else 1
    name = PacketName(sender=answered.receiver, receiver=answered.sender, number=number, kind="R")
    receipt = _receipt(owed, name, vault, clock)
    with vault.workdir() as folder:
        made = make_packet(
            folder,
            name=name,
            route=lane_route(agreement, name.sender, name.receiver, "R"),
            schemas=schemas,
            inside=[document(NAME, receipt_bytes(receipt))],
            sealing=_sealing(keys, name.receiver),
            standing=Standing(
                previous_manifest_sha256=hash_of(newest),
                last_taken_in=last_taken_in(ledger.settled(answered.lane)),
                audit_head=ledger.head(),
            ),
            statement=Statement(prepared_by=None, approved_by=actor, at=clock()),
        )
        for file in made.files:
            vault.put_file(owed.key, f"receipt-{owed.rung}/{file}", folder / file)
    if owed.rung != "opened":
        vault.put(owed.key, "received.html", _page(owed, receipt, agreement, vault, ledger, pages).encode())
    _record(owed, made, ledger, clock, actor)
    return str(name)


def _page(owed: _Owed, receipt: Receipt, agreement: Agreement, vault: Vault, ledger: Ledger, pages: Pages) -> str:
    """What an officer opens: the packet as received, its sender's reasons, and every receipt given on it."""
    taken = owed.rung == "validated" and vault.has(owed.key, REASONS)
    known = ledger.exchange(owed.key)
    before = [
        (e.body["rung"], e.body["packet_id"]) for e in ledger.events(exchange=owed.key, kind="receipt_packed")
    ]  # fmt: skip
    data = received_data(
        parse_packet_name(owed.answers), receipt, [*before, (owed.rung, receipt.receipt)], agreement=agreement,
        key=owed.key, period=known.period if known else None,
        reasons=strict_json(vault.get(owed.key, REASONS)) if taken else (),
    )  # fmt: skip
    return pages.received(data)


def _sealing(keys: Keys, receiver: str) -> Sealing:
    key, certificate = keys.signing()
    return Sealing(
        key=key,
        certificate=certificate,
        receiver=keys.trusted(receiver, "decrypt")[0],
        archive=keys.archive_certificate(),
    )


def _receipt(owed: _Owed, name: PacketName, vault: Vault, clock: Clock) -> Receipt:
    hashes = {}
    for stored in vault.names(owed.key, PACKET):
        file = stored.removeprefix(f"{PACKET}/")
        if file == MANIFEST or is_payload(file):
            with vault.open(owed.key, stored) as stream:
                hashes[file] = sha256_of(stream)
    manifest = hashes.pop(MANIFEST, None)
    receipt = Receipt(
        receipt=str(name),
        rung=owed.rung,
        answers=owed.answers,
        manifest_sha256=manifest,
        payloads=hashes,
        at=clock(),
        code=owed.code,
        missing=owed.missing,
    )
    if owed.rung != "validated":
        return receipt
    taken = strict_json(vault.get(owed.key, TAKEN))
    return replace(
        receipt,
        counts={d: (c["received"], c["landed"]) for d, c in taken["counts"].items()},
        totals=taken["totals"],
        rejected=tuple(Rejected(**r) for r in taken["rejected"]),
        overlap=(taken["overlap"]["version"], taken["overlap"]["until"]) if "overlap" in taken else None,
    )


def _record(owed: _Owed, made: Made, ledger: Ledger, clock: Clock, actor: str) -> None:
    with ledger.transaction() as write:
        packet = write.number_packet(lane=made.name.lane, kind="R", exchange=owed.key, answers=owed.answers)
        if packet.number != made.name.number:
            raise RetryLater(
                907,
                "Another packet took the lane's number meanwhile.",
                where=made.name.lane,
                next_step="The receipt is packed again by itself.",
            )
        write.set_packet(replace(packet, state="sealed", manifest_sha256=made.manifest_sha256, at=clock()))
        body = {"packet_id": packet.packet_id, "rung": owed.rung}
        write.append("receipt_packed", exchange=owed.key, actor=actor, body=body)
