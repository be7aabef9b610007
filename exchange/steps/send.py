"""Send an exchange's sealed packets: the stored bytes, under the id they were sealed with, however often."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from shutil import copyfileobj
from typing import Any, Final

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from exchange.domain import lifecycle
from exchange.domain.canonical import sha256_of
from exchange.domain.content import RECORDS, Content, load_content
from exchange.domain.errors import NeedsPerson
from exchange.domain.lane import READY
from exchange.domain.opening import lane_route
from exchange.domain.packet import DATA_KINDS, parse_packet_name
from exchange.domain.parquet import from_parquet
from exchange.domain.route import Agreement, Route
from exchange.domain.tabular import KeyOrder, read_parts
from exchange.domain.text import as_array, as_series
from exchange.ports import Channel, Clock, Ledger, PacketRecord, Vault

_Records = tuple[pa.LargeStringArray, pa.LargeStringArray]
"""Case numbers in their order, and the source's id of each."""

SEALED: Final = "sealed"
SENT: Final = "sent"
LANDED: Final = DATA_KINDS - {"T"}
"""Kinds whose rows count as sent on the route; a test packet's never do."""


def send(
    key: str,
    *,
    agreement: Agreement,
    vault: Vault,
    ledger: Ledger,
    channels: Mapping[str, Channel],
    clock: Clock,
    actor: str = "system",
) -> None:
    """Publish every sealed packet of an exchange in lane order, and record each one as sent.

    With a data packet its own rows are landed, so that it is known what was ever sent on the route. Again is safe:
    the channel asks the far side first, and rows and records are replaced by themselves.
    Raises what the channel raises; NeedsPerson 905 when there is no channel to the counterpart, 914 when the
    stored packet is gone, 911 when the stored rows are not those approved.
    """
    waiting = ledger.packets(direction="out", exchange=key, states=[SEALED])
    for packet in sorted(waiting, key=lambda p: (p.lane, p.number)):
        name = parse_packet_name(packet.packet_id)
        route = lane_route(agreement, name.sender, name.receiver, name.kind)
        under, event, body = _record_as(key, packet, ledger)
        rows = _own_rows(key, route, vault) if packet.kind in LANDED and not _refused(key, ledger) else {}
        with vault.workdir() as folder:
            _channel(name.receiver, channels).publish(packet.packet_id, _stored(vault, key, under, folder))
        with ledger.transaction() as write:
            write.set_packet(replace(packet, state=SENT, at=clock()))
            write.append(event, exchange=key, actor=actor, body=body)
            for dataset, parts in rows.items():
                write.land(route, dataset, parts, number=packet.number, packet_id=packet.packet_id)


def _refused(key: str, ledger: Ledger) -> bool:
    """The other side refused the packet before it was known here that it is out: its rows were never received."""
    known = ledger.exchange(key)
    return known is not None and known.state == lifecycle.REJECTED


def _record_as(key: str, packet: PacketRecord, ledger: Ledger) -> tuple[str, str, dict[str, str]]:
    """Where the vault keeps the packet's bytes, and the event that says it is out."""
    body = {"packet_id": packet.packet_id}
    if packet.kind == "R":
        rung = _rung(key, packet, ledger)
        return f"receipt-{rung}", "receipt_sent", {**body, "rung": rung}
    known = ledger.exchange(key)
    moves = known is not None and known.state == lifecycle.PACKED
    return "packet", "sent" if moves else "packet_sent", body


def _rung(key: str, packet: PacketRecord, ledger: Ledger) -> str:
    for event in ledger.events(exchange=key, kind="receipt_packed"):
        if event.body.get("packet_id") == packet.packet_id:
            return str(event.body["rung"])
    raise NeedsPerson(
        914,
        "The ledger does not say which receipt this packet is.",
        where=packet.packet_id,
        next_step="Run the receipt step for the packet it answers again.",
    )


def _channel(receiver: str, channels: Mapping[str, Channel]) -> Channel:
    if receiver not in channels:
        raise NeedsPerson(
            905,
            "No channel to the counterpart is configured.",
            where=receiver,
            next_step="Name the server or folder for this party in the settings.",
        )
    return channels[receiver]


def _stored(vault: Vault, key: str, under: str, folder: Path) -> dict[str, Path]:
    """The packet's stored files as local ones, READY last."""
    files: dict[str, Path] = {}
    for stored in vault.names(key, under):
        name = stored.removeprefix(f"{under}/")
        files[name] = folder / name
        with vault.open(key, stored) as source, files[name].open("wb") as copy:
            copyfileobj(source, copy, 1024 * 1024)
    if not files:
        raise NeedsPerson(
            914,
            "The sealed packet is not in the vault.",
            where=f"{key}/{under}",
            next_step="Restore the vault from its backup; the packet must not be sealed a second time.",
        )
    ready = files.pop(READY, folder / READY)
    ready.touch()
    return {**files, READY: ready}


def _own_rows(key: str, route: Route, vault: Vault) -> dict[str, Iterator[pd.DataFrame]]:
    """The rows that travel in the packet, by dataset and part by part: their bytes are those approved, and no file has
    a column the route's line does not name, or nothing is sent (911, 501, 502)."""
    content = load_content(vault.get(key, "content/content.json"))
    for file in content.files:
        with vault.open(key, f"content/{file.path}") as stream:
            same = sha256_of(stream) == file.sha256
        if not same:
            raise NeedsPerson(
                911,
                "The stored rows are not those that were approved.",
                where=f"{key}/content/{file.path}",
                next_step="Do not send. Compare the vault with its backup and find out who changed the file.",
            )
        with vault.open(key, f"content/{file.path}") as stream:
            contract = route.wire(file.dataset)
            next(iter(read_parts(stream, contract, KeyOrder(contract))), None)
    stored = f"content/{RECORDS}"
    records = _records(from_parquet(vault.get(key, stored))) if vault.has(key, stored) else None
    return {dataset: _parts(key, dataset, content, route, records, vault) for dataset in content.rows}


def _parts(
    key: str, dataset: str, content: Content, route: Route, records: _Records | None, vault: Vault
) -> Iterator[pd.DataFrame]:
    """A dataset's rows, of files just found to be those approved, with `_record` where the case is known at the
    source."""
    contract = route.wire(dataset)
    for file in content.files:
        if file.dataset == dataset:
            with vault.open(key, f"content/{file.path}") as stream:
                for frame in read_parts(stream, contract, None):
                    yield _with_records(frame, records)


def _records(kept: pd.DataFrame) -> _Records:
    return as_array(kept["case_no"]), as_array(kept["_record"])


def _text(one: pa.Scalar) -> Any:
    return one.as_py()


def _with_records(frame: pd.DataFrame, records: _Records | None) -> pd.DataFrame:
    """A part's rows with their `_record`, looked up among those of its cases alone."""
    if records is None or frame.empty or "case_no" not in frame.columns:
        return frame
    numbers, ids = records
    first = bisect_left(numbers, frame["case_no"].min(), key=_text)
    last = bisect_right(numbers, frame["case_no"].max(), key=_text)
    places = pc.index_in(as_array(frame["case_no"]), value_set=numbers[first:last])
    return frame.assign(_record=as_series(ids[first:last].take(places), index=frame.index))
