"""Take in: verify, open, check and land one collected packet, in the order of docs/packet-format.md §7."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from shutil import copyfileobj
from typing import Any, Final, Literal

import pandas as pd

from exchange.domain import corrections, lifecycle
from exchange.domain.acceptance import receiving_rules
from exchange.domain.canonical import canonical_json, sha256_hex, strict_json
from exchange.domain.errors import NeedsPerson
from exchange.domain.lane import MANIFEST
from exchange.domain.opening import Authentic, Opened, authenticate, lane_route, open_authentic
from exchange.domain.packet import DATA_KINDS, PacketName, packet_of, parse_packet_name
from exchange.domain.receipt import Receipt, event_body, rejected_document
from exchange.domain.route import Agreement
from exchange.domain.sequence import SETTLED, VOID
from exchange.ports import Checker, Clock, Keys, Ledger, LedgerWrite, PacketRecord, Vault

PACKET: Final = "packet"
TAKEN: Final = "taken_in.json"
"""What was received and landed, kept for the receipts."""

OUR_OWN: Final = frozenset({204, 205, 206, 207})
"""Trouble with this end's own keys: no fault of the packet. So is all of 9xx."""

Result = Literal["accepted", "refused", "duplicate", "held", "fork", "incident"]


@dataclass(frozen=True, slots=True, kw_only=True)
class TakenIn:
    """What became of a packet. `code` says why it was not accepted; `rows` were landed; `missing` are numbers."""

    result: Result
    packet_id: str
    code: int | None = None
    missing: tuple[int, ...] = ()
    rows: int = 0
    rejected: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class _End:
    """The ports of this end, handed from function to function."""

    agreement: Agreement
    party: str
    schemas: Mapping[str, Mapping[str, Any]]
    vault: Vault
    ledger: Ledger
    keys: Keys
    checker: Checker
    clock: Clock
    actor: str


def take_in(
    packet_id: str,
    *,
    agreement: Agreement,
    party: str,
    schemas: Mapping[str, Mapping[str, Any]],
    vault: Vault,
    ledger: Ledger,
    keys: Keys,
    checker: Checker,
    clock: Clock,
    actor: str = "system",
) -> TakenIn:
    """Take in one packet collected under its key (`packet/<file>` in the vault), and held ones that become next.

    A packet that is refused, held, doubled or forked is recorded so and returned, not raised: the answer goes back in
    a receipt. Again is quiet. Raises RetryLater (901, 907), and NeedsPerson for what is wrong at this end alone
    (202 nobody pinned, 203 to 207 own keys, 9xx).
    """
    end = _End(
        agreement=agreement, party=party, schemas=schemas, vault=vault, ledger=ledger, keys=keys, checker=checker,
        clock=clock, actor=actor,
    )  # fmt: skip
    result = _take_one(packet_id, end)
    lane = parse_packet_name(packet_of(packet_id)).lane
    done: set[str] = set()
    while (freed := _freed(lane, ledger, done)) is not None:
        done.add(freed)
        then = _take_one(freed, end)
        result = then if freed == packet_id else result
    return result


def _freed(lane: str, ledger: Ledger, done: Collection[str]) -> str | None:
    """The key of a held packet whose turn has come."""
    last = ledger.settled(lane)
    turn = last.number + 1 if last else 1
    held = ledger.packets(lane=lane, direction="in", states=["held"], above=turn - 1)
    keys = (p.exchange or p.packet_id for p in held if p.number == turn)
    return next((key for key in keys if key not in done), None)


def _take_one(key: str, end: _End) -> TakenIn:
    name = parse_packet_name(packet_of(key))
    known, top = _lane(name, end)
    before = next((p for p in known if p.number == name.number), None)
    if before is not None and before.state in SETTLED and (before.exchange or before.packet_id) == key:
        return _again(before, end)
    if (refusal := _not_ours(name, end)) is not None:
        return _refuse(key, name, None, before, refusal, end)
    trusted, ours = end.keys.trusted(name.sender, "sign"), end.keys.decrypting()
    with ExitStack() as stack:
        folder, quarantine = (stack.enter_context(end.vault.workdir()) for _ in range(2))
        _copy_out(key, folder, end.vault)
        try:
            authentic = authenticate(folder, packet_id=str(name), schemas=end.schemas, trusted=trusted, now=end.clock())
        except NeedsPerson as problem:
            return _refuse(key, name, None, before, problem, end)
        if name.kind == "V":
            _void(authentic, known, top, end)
            known, top = _lane(name, end)
        try:
            opened = open_authentic(
                authentic,
                party=end.party,
                agreement=end.agreement,
                schemas=end.schemas,
                keys=ours,
                known=known,
                now=end.clock(),
                quarantine=quarantine,
                rules=receiving_rules(end.agreement, end.checker, end.ledger.landed),
                top=top,
            )
            return _settle(key, opened, before, end)
        except NeedsPerson as problem:
            return _refuse(key, name, authentic.manifest_sha256, before, problem, end)


def _lane(name: PacketName, end: _End) -> tuple[Sequence[PacketRecord], int]:
    """Of a packet's lane what its number is judged against, and the number up to which all are settled."""
    last = end.ledger.settled(name.lane)
    top = last.number if last else 0
    return end.ledger.packets(lane=name.lane, direction="in", above=min(top, name.number) - 2), top


def _not_ours(name: PacketName, end: _End) -> NeedsPerson | None:
    """801 for a packet of a lane that does not end here."""
    try:
        lane_route(end.agreement, name.sender, name.receiver, name.kind)
    except NeedsPerson as problem:
        return problem
    if name.receiver == end.party:
        return None
    return NeedsPerson(801, "The packet is for another party.", where=str(name), next_step="Hand it back.")


def _copy_out(key: str, folder: Path, vault: Vault) -> None:
    for stored in vault.names(key, PACKET):
        with vault.open(key, stored) as source, (folder / stored.removeprefix(f"{PACKET}/")).open("xb") as copy:
            copyfileobj(source, copy, 2**20)


def _settle(key: str, opened: Opened, before: PacketRecord | None, end: _End) -> TakenIn:
    """Step 13, or what the lane's table says of a packet that is not next."""
    standing, packet_id = opened.judgement.standing, str(opened.manifest.packet)
    if standing == "duplicate":
        return TakenIn(result="duplicate", packet_id=packet_id, code=405)
    if standing == "fork":
        return _fork(key, opened, end)
    if standing == "gap":
        return _hold(key, opened, before, end)
    if opened.receipt is not None:
        return _take_receipt(key, opened, opened.receipt, end)
    return _land(key, opened, end)


def _land(key: str, opened: Opened, end: _End) -> TakenIn:
    manifest, route = opened.manifest, opened.route
    if manifest.packet.kind == "C":
        _check_chain(opened, end)
    counts = {name: {"received": r.received, "landed": r.landed} for name, r in opened.received.items()}
    rejected = [rejected_document(r) for r in opened.rejected]
    told = {"counts": counts, "totals": opened.totals, "rejected": rejected}
    overlap = opened.overlap and {"version": opened.overlap.route.version, "until": opened.overlap.until.isoformat()}
    end.vault.put(key, TAKEN, canonical_json(told | ({"overlap": overlap} if overlap else {})))
    for document, data in opened.documents.items():
        end.vault.put(key, f"inside/{document}", data)
    rows = {dataset: received.landed for dataset, received in opened.received.items()}
    body = {
        "route": route.id,
        "direction": "in",
        "kind": manifest.packet.kind,
        "period": manifest.period,
        "as_of": manifest.created_at.date().isoformat(),
        "packet_id": str(manifest.packet),
        "manifest_sha256": opened.authentic.manifest_sha256,
        "corrects": manifest.corrects,
        "replaces": manifest.replaces,
        "rows": rows,
        "rejected": len(rejected),
    } | ({"overlap": overlap} if overlap else {})
    with end.ledger.transaction() as write:
        write.set_packet(_record_of(key, opened.authentic, "accepted", end))
        for dataset in opened.received:
            parts = opened.to_land(dataset)
            write.land(route, dataset, parts, number=manifest.packet.number, packet_id=str(manifest.packet))
        write.append("taken_in", exchange=key, actor=end.actor, body=body)
    return TakenIn(result="accepted", packet_id=str(manifest.packet), rows=sum(rows.values()), rejected=len(rejected))


def _check_chain(opened: Opened, end: _End) -> None:
    """A correction is held against what was received before it (§13.3): 701, 702."""
    frames = {dataset: received.whole() for dataset, received in opened.received.items()}
    last = end.ledger.last_carried(opened.route, corrections.cases_of(frames))
    lane = opened.manifest.packet.lane
    accepted = {p.packet_id for p in end.ledger.packets(lane=lane, direction="in", states=["accepted"])}
    corrections.check_chain(opened.manifest.corrects, frames, last, accepted)


def _hold(key: str, opened: Opened, before: PacketRecord | None, end: _End) -> TakenIn:
    missing, packet_id = opened.judgement.missing, str(opened.manifest.packet)
    if before is None or before.state != "held":
        with end.ledger.transaction() as write:
            write.set_packet(replace(_record_of(key, opened.authentic, "held", end), code=403))
            body = {"packet_id": packet_id, "code": 403, "missing": list(missing)}
            write.append("packet_held", exchange=key, actor=end.actor, body=body)
    return TakenIn(result="held", packet_id=packet_id, code=403, missing=missing)


def _fork(key: str, opened: Opened, end: _End) -> TakenIn:
    """The lane's record stays that of the packet known first; two people decide."""
    packet_id = str(opened.manifest.packet)
    if not list(end.ledger.events(exchange=key, kind="packet_fork")):
        body = {"packet_id": packet_id, "code": 404, "manifest_sha256": opened.authentic.manifest_sha256}
        with end.ledger.transaction() as write:
            write.append("packet_fork", exchange=key, actor=end.actor, body=body)
    return TakenIn(result="fork", packet_id=packet_id, code=404)


def _refuse(
    key: str,
    name: PacketName,
    manifest_sha256: str | None,
    before: PacketRecord | None,
    problem: NeedsPerson,
    end: _End,
) -> TakenIn:
    """Record a refusal. Unproven bytes (`manifest_sha256` None) never take the place of a packet that is known."""
    if problem.code in OUR_OWN or problem.code >= 900:
        raise problem
    body = {"packet_id": str(name), "code": problem.code, "where": problem.where}
    takes_place = before is None or (manifest_sha256 is not None and before.manifest_sha256 in (None, manifest_sha256))
    told = any(e.body.get("code") == problem.code for e in end.ledger.events(exchange=key, kind="packet_refused"))
    if takes_place or not told:
        with end.ledger.transaction() as write:
            if takes_place:
                refused = PacketRecord(
                    lane=name.lane, number=name.number, packet_id=str(name), direction="in", kind=name.kind,
                    exchange=key, state="refused", manifest_sha256=manifest_sha256, code=problem.code, at=end.clock(),
                )  # fmt: skip
                write.set_packet(refused)
            if not told:
                write.append("packet_refused", exchange=key, actor=end.actor, body=body)
    return TakenIn(result="refused", packet_id=str(name), code=problem.code)


def _again(before: PacketRecord, end: _End) -> TakenIn:
    """A packet that was settled: the receipts already sent are sent again, as they are; nothing is processed."""
    key = before.exchange or before.packet_id
    sent = [p for p in end.ledger.packets(direction="out", exchange=key, states=["sent"]) if p.kind == "R"]
    if sent:
        with end.ledger.transaction() as write:
            write.append("packet_duplicate", exchange=key, actor=end.actor, body={"packet_id": before.packet_id})
            for receipt in sent:
                write.set_packet(replace(receipt, state="sealed", at=end.clock()))
        return TakenIn(result="duplicate", packet_id=before.packet_id, code=405)
    result: Result = "accepted" if before.state == "accepted" else "refused"
    return TakenIn(result=result, packet_id=before.packet_id, code=before.code)


def _record_of(key: str, authentic: Authentic, state: str, end: _End) -> PacketRecord:
    name = authentic.manifest.packet
    return PacketRecord(
        lane=name.lane, number=name.number, packet_id=str(name), direction="in", kind=name.kind, exchange=key,
        state=state, manifest_sha256=authentic.manifest_sha256, at=end.clock(),
    )  # fmt: skip


def _void(authentic: Authentic, known: Sequence[PacketRecord], top: int, end: _End) -> None:
    """A V closes the number of the packet it replaces, whatever its own turn (§8.4)."""
    name = authentic.manifest.packet
    closed = parse_packet_name(authentic.manifest.replaces) if authentic.manifest.replaces else None
    if (
        closed is None
        or closed.lane != name.lane
        or closed.number <= top
        or any(p.number == closed.number and p.state in SETTLED for p in known)
    ):
        return
    record = PacketRecord(
        lane=closed.lane, number=closed.number, packet_id=str(closed), direction="in", kind=closed.kind,
        exchange=str(closed), state=VOID, at=end.clock(),
    )  # fmt: skip
    with end.ledger.transaction() as write:
        write.set_packet(record)
        body = {"packet_id": str(closed), "by": str(name)}
        write.append("packet_void", exchange=str(closed), actor=end.actor, body=body)


_EVENTS: Final[Mapping[str, str]] = {
    "opened": "receipt_opened",
    "validated": "receipt_validated",
    "refused": "receipt_refused",
    "acted": "receipt_acted",
    "missing": "receipt_missing",
}


def _take_receipt(key: str, opened: Opened, receipt: Receipt, end: _End) -> TakenIn:
    """A receipt: held against what we sent, then written down on the exchange it answers."""
    name, receipt_id = opened.manifest.packet, str(opened.manifest.packet)
    end.vault.put(key, "inside/receipt.json", opened.documents["receipt.json"])
    ours = _answered(receipt, name, end.ledger)
    fits = ours is not None and receipt.receipt == receipt_id and _same_packet(receipt, ours, end.vault)
    accepted = replace(_record_of(key, opened.authentic, "accepted", end), answers=receipt.answers)
    if ours is None or not fits:
        body = {"packet_id": receipt.answers, "code": 404, "receipt": receipt_id}
        with end.ledger.transaction() as write:
            write.set_packet(accepted)
            write.append("packet_fork", exchange=ours.exchange if ours else key, actor=end.actor, body=body)
        return TakenIn(result="incident", packet_id=receipt_id, code=404)
    _note_receipt(accepted, receipt, ours, end)
    return TakenIn(result="accepted", packet_id=receipt_id)


def _answered(receipt: Receipt, name: PacketName, ledger: Ledger) -> PacketRecord | None:
    """Our packet the receipt speaks of, when it went to whom the receipt came from."""
    lane = f"{name.receiver}.{name.sender}"
    ours = ledger.packets(lane=lane, direction="out", above=parse_packet_name(receipt.answers).number - 1)
    return next((p for p in ours if p.packet_id == receipt.answers and p.kind not in ("R", "K")), None)


def _same_packet(receipt: Receipt, ours: PacketRecord, vault: Vault) -> bool:
    """Whether the hashes echoed are ours. A negative may echo damaged bytes: only what was opened must be the same."""
    if receipt.rung == "refused" and receipt.code != 404:
        return True
    if receipt.manifest_sha256 != ours.manifest_sha256:
        return False
    stored = f"{PACKET}/{MANIFEST}"
    if receipt.rung == "missing" or ours.exchange is None or not vault.has(ours.exchange, stored):
        return True
    raw = vault.get(ours.exchange, stored)
    payloads = {p["name"]: p["sha256"] for p in strict_json(raw)["payloads"]}
    return sha256_hex(raw) == ours.manifest_sha256 and payloads == dict(receipt.payloads)


def _note_receipt(accepted: PacketRecord, receipt: Receipt, ours: PacketRecord, end: _End) -> None:
    """Write the receipt down on the exchange it answers; packets it misses are sealed once more, to be sent again."""
    record = end.ledger.exchange(ours.exchange) if ours.exchange else None
    state = record.state if record else None
    missed = [
        packet
        for packet in end.ledger.packets(
            lane=ours.lane, direction="out", states=["sent"], above=min(receipt.missing, default=ours.number) - 1
        )
        if packet.number in receipt.missing
    ]
    with end.ledger.transaction() as write:
        write.set_packet(accepted)
        if state == lifecycle.PACKED:
            write.append("sent", exchange=ours.exchange, actor=end.actor, body={"packet_id": ours.packet_id})
            state = lifecycle.SENT
        event = _EVENTS[receipt.rung]
        if lifecycle.move(state, event) is None and event in lifecycle.MOVING:
            event = "receipt_noted"
        write.append(event, exchange=ours.exchange, actor=end.actor, body=event_body(receipt))
        if event == "receipt_refused" and ours.kind in DATA_KINDS:
            _unland(write, ours, end)
        for packet in missed:
            write.set_packet(replace(packet, state="sealed", at=end.clock()))


def _unland(write: LedgerWrite, ours: PacketRecord, end: _End) -> None:
    """What was refused was not received: the rows sent before it are again those the other side has."""
    name = parse_packet_name(ours.packet_id)
    route = end.agreement.on_lane(name.sender, name.receiver)
    for contract in (route.wire(carried.dataset) for carried in route.carries(ours.kind)):
        nothing = pd.DataFrame(columns=list(contract.names), dtype="str")
        write.land(route, contract.dataset, nothing, number=ours.number, packet_id=ours.packet_id)
