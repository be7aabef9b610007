"""A disc that is full, locked or not there."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from exchange.adapters.channel_folder import FolderChannel
from exchange.domain.errors import NeedsPerson, RetryLater
from exchange.domain.lane import READY
from tests.fakes.discs import lock, small_disc

COURT, TAX = "court-131100", "tax-131100"
LANE = f"{COURT}.{TAX}"
FIRST = f"{LANE}.000001.Q"


def _packet(folder: Path, payload_bytes: int) -> dict[str, Path]:
    folder.mkdir()
    for name, data in {"manifest.json": b"{}", "payload-0001.p7m": os.urandom(payload_bytes), READY: b""}.items():
        (folder / name).write_bytes(data)
    return {name: folder / name for name in ("manifest.json", "payload-0001.p7m", READY)}


def test_a_full_disc_can_be_retried_on_a_bigger_one(tmp_path: Path) -> None:
    files = _packet(tmp_path / "sealed", 3_000_000)
    with small_disc(tmp_path / "disc") as disc:
        channel = FolderChannel(disc, own=COURT, counterpart=TAX)
        with pytest.raises(RetryLater) as full:
            channel.publish(FIRST, files)
        assert full.value.code == 104
        assert not channel.delivered(FIRST)
    FolderChannel(tmp_path, own=COURT, counterpart=TAX).publish(FIRST, files)
    assert (tmp_path / LANE / FIRST / READY).exists()


def test_a_full_disc_at_home_is_told_apart(tmp_path: Path) -> None:
    files = _packet(tmp_path / "sealed", 3_000_000)
    FolderChannel(tmp_path, own=COURT, counterpart=TAX).publish(FIRST, files)
    with small_disc(tmp_path / "home") as home, pytest.raises(NeedsPerson) as full:
        FolderChannel(tmp_path, own=TAX, counterpart=COURT).fetch(FIRST, home)
    assert full.value.code == 906


def test_a_write_protected_disc_needs_a_person(tmp_path: Path) -> None:
    with small_disc(tmp_path / "disc") as disc:
        lock(disc)
        with pytest.raises(NeedsPerson) as refused:
            FolderChannel(disc, own=COURT, counterpart=TAX).publish(FIRST, _packet(tmp_path / "sealed", 10))
    assert refused.value.code == 106


def test_a_disc_that_is_not_inserted_is_waited_for(tmp_path: Path) -> None:
    channel = FolderChannel(tmp_path / "absent", own=COURT, counterpart=TAX)
    for ask in (channel.arrived, lambda: channel.delivered(FIRST), lambda: channel.taken(f"{TAX}.{COURT}.000001.A")):
        with pytest.raises(RetryLater) as away:
            ask()
        assert away.value.code == 101
