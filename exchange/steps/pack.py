"""Pack: seal an approved exchange into its packet, once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

from exchange.domain import lifecycle
from exchange.domain.canonical import sha256_hex, sha256_of, strict_json
from exchange.domain.content import RECORDS, Content, ContentFile, load_content
from exchange.domain.corrections import overtaken, undone
from exchange.domain.descriptor import Document
from exchange.domain.errors import NeedsPerson, RetryLater
from exchange.domain.making import Inside, Made, Sealing, Standing, Statement, check_outlives, make_packet, not_after
from exchange.domain.packet import PacketName
from exchange.domain.points import NO_REASONS, REASONS
from exchange.domain.route import ROUNDS, Agreement, PacketKind, Route
from exchange.domain.sequence import hash_of, last_taken_in
from exchange.domain.stored import content_frames, content_records
from exchange.ports import Clock, ExchangeRecord, Keys, Ledger, Vault

PACKET: Final = "packet"
_SHANGHAI: Final = ZoneInfo("Asia/Shanghai")
WAITING: Final = frozenset({"numbered", "sealed"})
"""States of a packet of ours that is not out yet."""

_PAST: Final = frozenset({lifecycle.PACKED, lifecycle.SENT, lifecycle.RECEIVED, lifecycle.ACCEPTED, lifecycle.REJECTED})


def pack(
    key: str,
    *,
    agreement: Agreement,
    party: str,
    schemas: Mapping[str, Mapping[str, Any]],
    vault: Vault,
    ledger: Ledger,
    keys: Keys,
    clock: Clock,
    actor: str = "system",
) -> str:
    """Seal an approved exchange under the lane's next number, and return the packet's id.

    The stored bytes are hashed anew and must be those approved (911). Sealed once: again returns the same packet.
    Raises NeedsPerson 203 (a certificate would not outlive the packet), 204 to 207, 407, 802, 803, 908 (not
    approved), 911, 914, 950 (its contract version is accepted no longer); RetryLater 907.
    """
    exchange = _ready(key, ledger, party)
    if exchange.packet_id is not None:
        return exchange.packet_id
    route = agreement.route(exchange.route)
    content = _approved_content(exchange, vault)
    _not_outlived(exchange, route, clock)
    _not_overtaken(exchange, route, vault, ledger)
    sealing = _sealing(keys, route)
    check_outlives(sealing, not_after(route, clock()))
    with ledger.lock(f"lane:{route.lane}"), vault.workdir() as folder:
        newest = ledger.newest(route.lane)
        number = newest.number + 1 if newest else 1
        name = PacketName(
            sender=route.sender, receiver=route.receiver, number=number, kind=_kind(exchange, content, route)
        )
        made = _make(folder, name, exchange, route, content, sealing, schemas, vault, ledger, clock)
        for file in made.files:
            vault.put_file(key, f"{PACKET}/{file}", folder / file)
        _record(made, exchange, route, ledger, clock, actor)
    return str(made.name)


def _ready(key: str, ledger: Ledger, party: str) -> ExchangeRecord:
    exchange = ledger.exchange(key)
    if exchange is None:
        raise NeedsPerson(914, "There is no such exchange.", where=key, next_step="List them with `exchange status`.")
    packed = exchange.state in _PAST and exchange.packet_id is not None
    if exchange.direction != "out" or not (packed or exchange.state == lifecycle.APPROVED):
        raise NeedsPerson(
            908,
            f"The exchange is {exchange.state}, not approved; {party} packs only what was released.",
            where=key,
            next_step="Let the officers decide about it first.",
        )
    return exchange if packed else replace(exchange, packet_id=None)


def _approved_content(exchange: ExchangeRecord, vault: Vault) -> Content:
    """The content whose bytes, read again now, are those that were approved."""
    content = load_content(vault.get(exchange.key, "content/content.json"))
    same = content.hash == exchange.content_hash
    for file in content.files:
        with vault.open(exchange.key, f"content/{file.path}") as stream:
            same = same and sha256_of(stream) == file.sha256
    if not same:
        raise NeedsPerson(
            911,
            "The content in the vault is not what the officers approved.",
            where=f"{exchange.key}/content",
            next_step="Refuse the exchange and run it anew; report the change as an incident.",
        )
    return content


def _approved_reasons(exchange: ExchangeRecord, vault: Vault, ledger: Ledger) -> tuple[bytes, Sequence[Any]]:
    """The officers' reasons, as bytes and read: those that were approved with the content."""
    reasons = vault.get(exchange.key, REASONS) if vault.has(exchange.key, REASONS) else b"[]"
    events = ledger.events(exchange=exchange.key)
    approved = [e.body.get("reasons_sha256", NO_REASONS) for e in events if e.kind in ("approved", "released")]
    if sha256_hex(reasons) != approved[-1]:
        raise NeedsPerson(
            911,
            "The officers' reasons in the vault are not those that were approved.",
            where=f"{exchange.key}/{REASONS}",
            next_step="Refuse the exchange and run it anew; report the change as an incident.",
        )
    return reasons, strict_json(reasons)


def _not_outlived(exchange: ExchangeRecord, route: Route, clock: Clock) -> None:
    """A round begun under the version before is sealed while the other side still accepts that version: 950."""
    overlap = route.followed_by.overlap if route.followed_by is not None else None
    if overlap is not None and clock().astimezone(_SHANGHAI).date() > overlap.until:
        raise NeedsPerson(
            950,
            f"The exchange was begun under contract {route.version}, which was accepted up to {overlap.until}.",
            where=exchange.key,
            next_step="Send it back with `exchange review refuse`, and run it again: it is made under the new version.",
        )


def _not_overtaken(exchange: ExchangeRecord, route: Route, vault: Vault, ledger: Ledger) -> None:
    """Nothing told since these rows were read is taken back by sending them: 920, 907 (docs/packet-format.md §13.5)."""
    after = _read_after(exchange.key, ledger)
    if after is None or not vault.has(exchange.key, f"content/{RECORDS}"):
        return
    out = ledger.packets(lane=route.lane, direction="out", above=after)
    since = [p for p in out if p.kind in ROUNDS and p.exchange != exchange.key]
    if any(p.state in WAITING for p in since):
        raise RetryLater(
            907, "Another packet of this lane is on its way.", where=route.lane, next_step="It is packed after it."
        )  # fmt: skip
    if not since:
        return
    records = content_records(partial(vault.has, exchange.key), partial(vault.get, exchange.key))
    cases = overtaken(ledger.last_carried(route, records), after)
    if not cases:
        return
    frames = content_frames(partial(vault.get, exchange.key), route, exchange.key)
    now = ledger.carried(route, [name for name in frames if route.contract(name).of_case], cases)
    if wrong := undone(exchange.kind, cases, frames, now, route):
        raise NeedsPerson(
            920,
            f"{len(wrong)} of its cases were told anew by another packet since it was read.",
            where=exchange.key,
            next_step="Send it back with `exchange review refuse`, and run it again.",
        )


def _read_after(key: str, ledger: Ledger) -> int | None:
    """The lane's number up to which packets were out when the exchange was staged."""
    staged = [*ledger.events(exchange=key, kind="checked"), *ledger.events(exchange=key, kind="stopped")]
    return next((event.body["after"] for event in staged if "after" in event.body), None)


def _sealing(keys: Keys, route: Route) -> Sealing:
    key, certificate = keys.signing()
    return Sealing(
        key=key,
        certificate=certificate,
        receiver=keys.trusted(route.receiver, "decrypt")[0],
        archive=keys.archive_certificate(),
    )


def _kind(exchange: ExchangeRecord, content: Content, route: Route) -> PacketKind:
    """T on a test route, N for a quarter without rows, else the exchange's own kind."""
    if route.test:
        return "T"
    if exchange.kind == "Q" and not any(content.rows.values()):
        return "N"
    kind: PacketKind = exchange.kind  # type: ignore[assignment]
    return kind


def _make(
    folder: Path,
    name: PacketName,
    exchange: ExchangeRecord,
    route: Route,
    content: Content,
    sealing: Sealing,
    schemas: Mapping[str, Mapping[str, Any]],
    vault: Vault,
    ledger: Ledger,
    clock: Clock,
) -> Made:
    reasons, told = _approved_reasons(exchange, vault, ledger)
    return make_packet(
        folder,
        name=name,
        route=route,
        schemas=schemas,
        inside=[_inside(file, vault, exchange.key) for file in content.files],
        sealing=sealing,
        standing=_standing(name, ledger),
        totals=content.totals,
        statement=Statement(
            prepared_by=exchange.prepared_by,
            approved_by=exchange.approved_by or "system",
            at=clock(),
            period=exchange.period,
            reasons=reasons if told else None,
            reasons_count=len(told),
            corrects=exchange.details.get("corrects"),
            replaces=exchange.details.get("replaces"),
        ),
    )


def _inside(file: ContentFile, vault: Vault, key: str) -> Inside:
    what = file if file.is_table else Document(path=file.path, bytes=file.bytes, sha256=file.sha256)
    return Inside(file=what, open=lambda: vault.open(key, f"content/{file.path}"))


def _standing(name: PacketName, ledger: Ledger) -> Standing:
    return Standing(
        previous_manifest_sha256=hash_of(ledger.newest(name.lane)),
        last_taken_in=last_taken_in(ledger.settled(f"{name.receiver}.{name.sender}")),
        audit_head=ledger.head(),
    )


def _record(made: Made, exchange: ExchangeRecord, route: Route, ledger: Ledger, clock: Clock, actor: str) -> None:
    """Number, seal state and event in one transaction; until then the stored bytes count for nothing."""
    with ledger.transaction() as write:
        packet = write.number_packet(lane=route.lane, kind=made.name.kind, exchange=exchange.key)
        if packet.number != made.name.number:
            raise RetryLater(
                907,
                "Another packet took the lane's number meanwhile.",
                where=route.lane,
                next_step="It is packed again by itself.",
            )
        sealed = replace(packet, state="sealed", manifest_sha256=made.manifest_sha256, at=clock())
        write.set_packet(sealed)
        body = {"packet_id": packet.packet_id, "number": packet.number, "manifest_sha256": made.manifest_sha256}
        write.append("packed", exchange=exchange.key, actor=actor, body=body)
