"""Sending and collecting over a folder, with real ledgers and vaults at both ends, killed and repeated."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from exchange.adapters.channel_folder import FolderChannel
from exchange.domain.canonical import strict_json
from exchange.domain.content import RECORDS, load_content
from exchange.domain.errors import NeedsPerson, RetryLater
from exchange.domain.lane import READY
from exchange.domain.packet import other_bytes_key
from exchange.domain.parquet import to_parquet
from exchange.ports import Channel
from exchange.steps.collect import collect
from exchange.steps.send import send
from tests.fakes.ends import CASES, COURT, TAX, End, case_frames, two_ends

KEY = "131103-cases.Q.2026Q3"
LANE = f"{COURT}.{TAX}"
FIRST = f"{LANE}.000001.Q"


@dataclass
class World:
    """Two ends and the folder between them."""

    court: End
    tax: End
    root: Path

    def channel(self, one: End, other: str) -> Channel:
        return FolderChannel(self.root, own=one.party, counterpart=other)

    def send(self, key: str = KEY, channels: Mapping[str, Channel] | None = None) -> None:
        here = channels if channels is not None else {TAX: self.channel(self.court, TAX)}
        self._send(self.court, key, here)

    def answer(self, key: str) -> None:
        self._send(self.tax, key, {COURT: self.channel(self.tax, COURT)})

    @staticmethod
    def _send(end: End, key: str, channels: Mapping[str, Channel]) -> None:
        send(key, agreement=end.agreement, vault=end.vault, ledger=end.ledger, channels=channels, clock=end.clock)

    def collect(self, end: End | None = None, vault: Any = None) -> list[str]:
        end = end or self.tax
        other = COURT if end is self.tax else TAX
        channels = {other: self.channel(end, other)}
        return collect(other, party=end.party, vault=vault or end.vault, ledger=end.ledger, channels=channels)

    def sealed(self, key: str = KEY, *numbers: int) -> str:
        self.court.approve(key, CASES, case_frames(*(numbers or (1, 2))))
        return self.court.pack(key)


@pytest.fixture
def world(tmp_path: Path) -> World:
    (tmp_path / "point").mkdir()
    return World(*two_ends(tmp_path), tmp_path / "point")


class Failing:
    """A part that works until its n-th call of one method."""

    def __init__(self, part: Any, method: str, at: int, error: Callable[[], BaseException]) -> None:
        self._part, self._method, self._left, self._error = part, method, at, error

    def __getattr__(self, name: str) -> Any:
        real = getattr(self._part, name)
        if name != self._method:
            return real

        def call(*args: Any, **named: Any) -> Any:
            self._left -= 1
            if self._left < 0:
                raise self._error()
            return real(*args, **named)

        return call


def test_a_sealed_packet_is_sent_as_it_was_sealed(world: World) -> None:
    packet_id = world.sealed()
    world.send()
    there = {p.name: p.read_bytes() for p in (world.root / LANE / packet_id).iterdir()}
    assert there == {**world.court.files(packet_id), READY: b""}
    assert world.court.ledger.exchange(KEY).state == "sent"
    assert world.court.packet(packet_id).state == "sent"
    assert not world.court.ledger.verify()


def test_what_was_sent_is_landed_at_home_with_its_records(world: World) -> None:
    world.court.approve(KEY, CASES, case_frames(1, 2))
    records = pd.DataFrame({"case_no": ["（2026）冀1103破1号"], "_record": ["771"]}, dtype="str")
    world.court.vault.put(KEY, f"content/{RECORDS}", to_parquet(records))
    packet_id = world.court.pack(KEY)
    world.send()
    landed = world.court.ledger.landed(world.court.agreement.route(CASES), "bankruptcy_case")
    assert dict(zip(landed["case_no"], landed["_record"].fillna("-"), strict=True)) == {
        "（2026）冀1103破1号": "771",
        "（2026）冀1103破2号": "-",
    }
    assert set(landed["_packet"]) == {packet_id}


def test_sending_again_is_quiet(world: World) -> None:
    world.sealed()
    world.send()
    events = world.court.kinds(KEY)
    world.send()
    assert world.court.kinds(KEY) == events
    assert events.count("sent") == 1


def test_killed_between_publishing_and_recording(world: World) -> None:
    packet_id = world.sealed()
    broken = world.court
    ledger = broken.ledger
    broken.ledger = Failing(ledger, "transaction", 0, KeyboardInterrupt)  # type: ignore[assignment]
    with pytest.raises(KeyboardInterrupt):
        world.send()
    broken.ledger = ledger
    assert world.court.packet(packet_id).state == "sealed"
    inode = (world.root / LANE / packet_id / "manifest.json").stat().st_ino

    world.send()

    assert world.court.packet(packet_id).state == "sent"
    assert (world.root / LANE / packet_id / "manifest.json").stat().st_ino == inode
    assert world.court.kinds(KEY).count("sent") == 1


def test_a_server_that_is_away_leaves_it_sealed(world: World) -> None:
    packet_id = world.sealed()
    shutil.rmtree(world.root)
    with pytest.raises(RetryLater) as away:
        world.send()
    assert away.value.code == 101
    assert world.court.packet(packet_id).state == "sealed"
    assert world.court.ledger.exchange(KEY).state == "packed"
    world.root.mkdir()
    world.send()
    assert world.court.ledger.exchange(KEY).state == "sent"


def test_no_channel_needs_a_person(world: World) -> None:
    world.sealed()
    with pytest.raises(NeedsPerson) as missing:
        world.send(channels={})
    assert missing.value.code == 905


def test_changed_rows_are_not_sent(world: World) -> None:
    packet_id = world.sealed()
    file = load_content(world.court.vault.get(KEY, "content/content.json")).files[0].path
    world.court.vault.put(KEY, f"content/{file}", b"case_no\r\n")
    with pytest.raises(NeedsPerson) as changed:
        world.send()
    assert changed.value.code == 911
    assert not (world.root / LANE / packet_id).exists()


def test_packets_are_collected_in_order_and_once(world: World) -> None:
    first = world.sealed()
    second = world.sealed("131103-cases.U.aaaaaaaaaaaa", 3)
    world.send("131103-cases.U.aaaaaaaaaaaa")
    world.send()
    assert world.collect() == [first, second]
    assert world.collect() == [first, second]
    assert world.tax.kinds(first) == ["collected"]
    stored = {n.removeprefix("packet/"): world.tax.vault.get(first, n) for n in world.tax.vault.names(first, "packet")}
    assert stored == {**world.court.files(first), READY: b""}


def test_a_whole_round_with_its_receipts(world: World) -> None:
    packet_id = world.sealed()
    world.send()
    tax_channel = world.channel(world.tax, COURT)
    for key in world.collect():
        assert world.tax.take_in(key).result == "accepted"
        receipts = world.tax.acknowledge(key)
        tax_channel.taken(key)
    world.answer(packet_id)
    world.answer(packet_id)
    assert world.tax.kinds(packet_id).count("receipt_sent") == 2
    assert world.collect(world.court) == receipts
    for receipt in receipts:
        world.court.take_in(receipt)
        world.channel(world.court, TAX).taken(receipt)
    assert world.court.ledger.exchange(KEY).state == "accepted"
    assert world.collect() == []
    assert world.collect(world.court) == []


def test_killed_between_storing_and_recording(world: World) -> None:
    packet_id = world.sealed()
    world.send()
    for calls in range(3):
        broken = Failing(world.tax.vault, "put_file", calls, KeyboardInterrupt)
        with pytest.raises(KeyboardInterrupt):
            world.collect(vault=broken)
        assert world.tax.kinds(packet_id) == []
    assert world.collect() == [packet_id]
    assert world.tax.take_in(packet_id).result == "accepted"


def test_collected_and_gone_from_the_channel_is_still_taken_in(world: World) -> None:
    packet_id = world.sealed()
    world.send()
    world.collect()
    shutil.rmtree(world.root / LANE / packet_id)
    assert world.collect() == [packet_id]
    world.tax.take_in(packet_id)
    assert world.collect() == []


def test_a_packet_that_lies_there_again_is_a_duplicate(world: World) -> None:
    packet_id = world.sealed()
    world.send()
    world.collect()
    world.tax.take_in(packet_id)
    world.tax.acknowledge(packet_id)
    world.answer(packet_id)
    assert world.collect() == [packet_id]
    assert world.tax.take_in(packet_id).result == "duplicate"
    assert world.tax.kinds(packet_id).count("collected") == 1


def test_other_bytes_under_a_known_number_are_kept_beside(world: World) -> None:
    packet_id = world.sealed()
    world.send()
    world.collect()
    world.tax.take_in(packet_id)
    folder = world.root / LANE / packet_id
    manifest = strict_json((folder / "manifest.json").read_bytes())
    (folder / "manifest.json").write_bytes(str(manifest).encode())
    (key,) = world.collect()
    assert key.startswith(packet_id)
    assert key != packet_id
    assert world.collect() == [key]
    assert world.tax.vault.has(key, "packet/manifest.json")
    assert world.tax.vault.get(packet_id, "packet/manifest.json") != world.tax.vault.get(key, "packet/manifest.json")
    assert key == other_bytes_key(packet_id, next(iter(world.tax.ledger.events(exchange=key))).body["manifest_sha256"])
    world.tax.take_in(key)
    shutil.rmtree(folder)
    assert world.collect() == []


def test_a_held_packet_waits_for_the_missing_number(world: World) -> None:
    first = world.sealed()
    second = world.sealed("131103-cases.U.aaaaaaaaaaaa", 3)
    world.send("131103-cases.U.aaaaaaaaaaaa")
    assert world.collect() == [second]
    assert world.tax.take_in(second).result == "held"
    world.channel(world.tax, COURT).taken(second)
    assert world.collect() == []
    world.send()
    assert world.collect() == [first, second]
    world.tax.take_in(first)
    assert world.tax.packet(second).state == "accepted"
    assert world.collect() == [first]


def test_a_folder_that_is_no_packet_does_not_hold_up_the_others(world: World) -> None:
    second = world.sealed()
    world.send()
    for name in (f"{LANE}.000000.Q", f"{LANE}.000005.Q"):
        spoiled = world.root / LANE / name
        spoiled.mkdir()
        (spoiled / READY).touch()
    (spoiled / "a name with blanks").touch()
    assert world.collect() == [second]
    world.tax.take_in(second)
    world.channel(world.tax, COURT).taken(second)
    with pytest.raises(NeedsPerson) as strange:
        world.collect()
    assert strange.value.code == 411
    shutil.rmtree(world.root / LANE / f"{LANE}.000000.Q")
    with pytest.raises(NeedsPerson) as strange:
        world.collect()
    assert strange.value.code == 304
