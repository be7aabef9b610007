"""Reissue: the stored bytes of a sealed packet once more, on the channel or on a disc; never sealed anew."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from shutil import copyfileobj
from typing import Final

from exchange.domain.canonical import sha256_of
from exchange.domain.errors import NeedsPerson
from exchange.domain.lane import MANIFEST, READY
from exchange.domain.officers import duties_of
from exchange.domain.packet import parse_packet_name
from exchange.ports import Channel, Ledger, PacketRecord, Vault

PACKET: Final = "packet"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reissued:
    """What went out again: the packet, and each file's SHA-256 in hex."""

    packet_id: str
    files: Mapping[str, str]


def reissue(
    name: str,
    *,
    into: Path | None = None,
    vault: Vault,
    ledger: Ledger,
    channels: Mapping[str, Channel],
    actor: str,
    officers: Mapping[str, Sequence[str]],
) -> Reissued:
    """Put a packet's stored bytes on its channel again, or as a folder of its name `into` a folder.

    `name` is an exchange's key or a packet's id. The receiver finds a duplicate, answers with the receipts it gave, and
    processes nothing. Raises NeedsPerson 914 when no such packet was sealed or sent here, 949 when its bytes are not
    those that were sealed, 910 without a listed officer, 905 without a channel or when the folder is there already;
    what the channel raises.
    """
    duties_of(actor, officers)
    packet = _packet(name, ledger)
    key = str(packet.exchange)
    with vault.workdir() as folder:
        files = _stored(key, packet, vault, folder)
        if into is not None:
            _write(into / packet.packet_id, files)
        else:
            _channel(packet, channels).publish(packet.packet_id, files, again=True)
        hashes = {file: _sha256(path) for file, path in files.items()}
    body = {"packet_id": packet.packet_id, "to": "folder" if into is not None else "channel"}
    with ledger.transaction() as write:
        write.append("reissued", exchange=key, actor=actor, body=body)
    return Reissued(packet_id=packet.packet_id, files=hashes)


def _packet(name: str, ledger: Ledger) -> PacketRecord:
    """The packet that was sent under this id, or last for this exchange; receipts go again by themselves."""
    known = ledger.packets(exchange=name, direction="out", states=["sent"])
    if not known:
        lane = name.rpartition(".")[0].rpartition(".")[0]
        known = [p for p in ledger.packets(lane=lane, direction="out", states=["sent"]) if p.packet_id == name]
    known = [p for p in known if p.kind != "R" and p.exchange is not None]
    if not known:
        raise NeedsPerson(
            914, "No packet of this name was sent from here.", where=name, next_step="List them with `exchange status`."
        )
    return known[-1]


def _stored(key: str, packet: PacketRecord, vault: Vault, folder: Path) -> dict[str, Path]:
    """The sealed files as local ones, READY last; 949 when the manifest is not the one that was recorded."""
    files: dict[str, Path] = {}
    for stored in vault.names(key, PACKET):
        name = stored.removeprefix(f"{PACKET}/")
        files[name] = folder / name
        with vault.open(key, stored) as source, files[name].open("wb") as copy:
            copyfileobj(source, copy, 1024 * 1024)
    if MANIFEST not in files or _sha256(files[MANIFEST]) != packet.manifest_sha256:
        raise NeedsPerson(
            949, "The sealed packet in the vault is not the one that was sent.", where=f"{key}/{PACKET}",
            next_step="Restore the vault from its backup; the packet must not be sealed a second time.",
        )  # fmt: skip
    ready = files.pop(READY, folder / READY)
    ready.touch()
    return {**files, READY: ready}


def _channel(packet: PacketRecord, channels: Mapping[str, Channel]) -> Channel:
    receiver = parse_packet_name(packet.packet_id).receiver
    if receiver not in channels:
        raise NeedsPerson(
            905, "No channel to the counterpart is configured.", where=receiver,
            next_step="Name the server or folder in the settings, or give --into.",
        )  # fmt: skip
    return channels[receiver]


def _write(target: Path, files: Mapping[str, Path]) -> None:
    if target.exists():
        raise NeedsPerson(905, "The folder is there already.", where=str(target), next_step="Choose another folder.")
    target.mkdir(parents=True)
    for name, path in files.items():
        with path.open("rb") as source, (target / name).open("xb") as copy:
            copyfileobj(source, copy, 1024 * 1024)


def _sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return sha256_of(stream)
