"""Fetch what a counterpart has sent, whole, into the vault; and say what is to be taken in."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from exchange.domain.canonical import sha256_hex
from exchange.domain.errors import NeedsPerson
from exchange.domain.lane import MANIFEST, READY, in_order, is_file_name, lane
from exchange.domain.packet import PacketName, other_bytes_key, packet_of, parse_packet_name
from exchange.domain.sequence import SETTLED
from exchange.ports import Channel, Ledger, Vault

HELD: Final = "held"


def collect(
    counterpart: str,
    *,
    party: str,
    vault: Vault,
    ledger: Ledger,
    channels: Mapping[str, Channel],
    actor: str = "system",
) -> list[str]:
    """Store every arrived packet's files as `packet/<file>` and return the keys to take in, in name order.

    A key is the packet's id. A packet that was settled before and lies there again is a duplicate: its id is
    returned once more when its manifest has the same bytes; other bytes under a known id are stored and returned
    under `other_bytes_key`. Packets collected earlier and not settled are returned too, those held for a gap only
    when the number before them is there. A folder that is no packet (304, 411) does not hold up the others: it is
    raised when nothing else is left to do. Raises what the channel raises; 905.
    """
    if counterpart not in channels:
        raise NeedsPerson(
            905,
            "No channel to the counterpart is configured.",
            where=counterpart,
            next_step="Name the server or folder for this party in the settings.",
        )
    channel = channels[counterpart]
    ours = lane(counterpart, party)
    keys, problem = set[str](), None
    for packet_id in channel.arrived():
        try:
            keys.add(_collect_one(packet_id, channel, vault, ledger, actor))
        except NeedsPerson as error:
            if error.code not in (304, 411):
                raise
            problem = problem or error
    due = _due(sorted(keys.union(ledger.untaken(ours))), ours, ledger)
    if problem is not None and not due:
        raise problem
    return due


def _collect_one(packet_id: str, channel: Channel, vault: Vault, ledger: Ledger, actor: str) -> str:
    packet = parse_packet_name(packet_id)
    collected = _collected(packet_id, ledger)
    if collected and not _known(packet, ledger):
        return packet_id
    with vault.workdir() as folder:
        channel.fetch(packet_id, folder)
        names = _checked(packet_id, folder)
        manifest = _manifest_hash(folder)
        key = packet_id
        if collected:
            if manifest == _stored_hash(packet_id, vault):
                return packet_id
            key = other_bytes_key(packet_id, manifest)
            if _collected(key, ledger):
                return key
        for name in names:
            vault.put_file(key, f"packet/{name}", folder / name)
    with ledger.transaction() as write:
        body = {"packet_id": packet_id, "manifest_sha256": manifest, "files": len(names)}
        write.append("collected", exchange=key, actor=actor, body=body)
    return key


def _checked(packet_id: str, folder: Path) -> list[str]:
    """Names of the fetched files, READY last."""
    names = sorted(entry.name for entry in folder.iterdir())
    if not all(is_file_name(name) and (folder / name).is_file() for name in names):
        raise NeedsPerson(
            304,
            "The packet's folder holds something that belongs to no packet.",
            where=packet_id,
            next_step="Look at the folder with the counterpart.",
        )
    if READY not in names:
        raise NeedsPerson(
            411, "The packet has no READY; it is not complete.", where=packet_id, next_step="Wait for its sender."
        )
    return in_order(names)


def _manifest_hash(folder: Path) -> str:
    manifest = folder / MANIFEST
    return sha256_hex(manifest.read_bytes() if manifest.is_file() else b"")


def _stored_hash(packet_id: str, vault: Vault) -> str:
    name = f"packet/{MANIFEST}"
    return sha256_hex(vault.get(packet_id, name) if vault.has(packet_id, name) else b"")


def _collected(key: str, ledger: Ledger) -> bool:
    return any(True for _ in ledger.events(exchange=key, kind="collected"))


def _known(packet: PacketName, ledger: Ledger) -> bool:
    """Whether something became of the packet of this name: it was taken in, refused, or is held."""
    above = ledger.packets(lane=packet.lane, direction="in", above=packet.number - 1)
    return any(p.packet_id == str(packet) for p in above)


def _due(keys: list[str], ours: str, ledger: Ledger) -> list[str]:
    """The keys without those that still wait for a number before theirs."""
    names = {key: parse_packet_name(packet_of(key)) for key in keys}
    first = min((name.number for name in names.values()), default=0)
    known = {p.packet_id: p for p in ledger.packets(lane=ours, direction="in", above=first - 2)} if keys else {}
    there = {p.number for p in known.values() if p.state in SETTLED}
    due = []
    for key, name in names.items():
        held = key in known and known[key].state == HELD
        if held and name.number - 1 not in there:
            continue
        due.append(key)
        there.add(name.number)
    return due
