"""The SFTP channel at servers that are not OpenSSH."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from exchange.adapters.channel_sftp import SftpChannel
from exchange.adapters.sftp_server import fingerprint_of, make_key
from exchange.domain.errors import NeedsPerson, RetryLater
from exchange.domain.lane import READY
from tests.fakes.odd_server import Oddities, odd_server

COURT, TAX = "court-131100", "tax-131100"
LANE = f"{COURT}.{TAX}"
FIRST = f"{LANE}.000001.Q"


@dataclass
class Odd:
    """A server with oddities and both ends' channels to it."""

    oddities: Oddities
    root: Path
    court: SftpChannel
    tax: SftpChannel


@pytest.fixture
def odd(tmp_path: Path) -> Iterator[Odd]:
    root = tmp_path / "root"
    root.mkdir()
    make_key(tmp_path / "host")
    (tmp_path / "authorized").write_text(make_key(tmp_path / "user") + "\n")
    oddities = Oddities()
    with odd_server(root, tmp_path / "host", tmp_path / "authorized", oddities) as port:
        where = {
            "host": "127.0.0.1",
            "port": port,
            "user": "court",
            "root": "/",
            "key_file": tmp_path / "user",
            "host_keys": (fingerprint_of(tmp_path / "host"),),
            "timeout_s": 5,
        }
        court = SftpChannel(own=COURT, counterpart=TAX, attempts=1, **where)
        tax = SftpChannel(own=TAX, counterpart=COURT, attempts=1, **where)
        yield Odd(oddities, root, court, tax)
        court.close()
        tax.close()


@pytest.fixture
def files(tmp_path: Path) -> dict[str, Path]:
    folder = tmp_path / "sealed"
    folder.mkdir()
    for name, data in {"manifest.json": b"{}", "payload-0001.p7m": os.urandom(3_000_001), READY: b""}.items():
        (folder / name).write_bytes(data)
    return {name: folder / name for name in ("manifest.json", "payload-0001.p7m", READY)}


def read(folder: Path) -> dict[str, bytes]:
    return {entry.name: entry.read_bytes() for entry in folder.iterdir()}


def test_without_folder_rename_ready_comes_last(odd: Odd, files: dict[str, Path], tmp_path: Path) -> None:
    odd.oddities.renames_folders = False
    assert not odd.court.probe().folder_rename
    odd.court.publish(FIRST, files)
    assert read(odd.root / LANE / FIRST) == read(files[READY].parent)
    assert [p.name for p in (odd.root / LANE).iterdir()] == [FIRST]
    assert list(odd.tax.arrived()) == [FIRST]
    (tmp_path / "into").mkdir()
    odd.tax.fetch(FIRST, tmp_path / "into")
    assert read(tmp_path / "into") == read(files[READY].parent)
    odd.tax.taken(FIRST)
    odd.tax.taken(FIRST)
    assert list(odd.tax.arrived()) == []
    assert odd.court.delivered(FIRST)
    odd.court.publish(FIRST, files)
    assert not (odd.root / LANE / FIRST).exists()


def test_without_folder_rename_a_break_leaves_nothing_visible(odd: Odd, files: dict[str, Path]) -> None:
    odd.oddities.renames_folders = False
    odd.oddities.fails_writes = True
    with pytest.raises(RetryLater) as failed:
        odd.court.publish(FIRST, files)
    assert failed.value.code == 104
    assert list(odd.tax.arrived()) == []
    odd.oddities.fails_writes = False
    odd.court.publish(FIRST, files)
    assert list(odd.tax.arrived()) == [FIRST]


def test_short_answers_are_read_on(odd: Odd, files: dict[str, Path], tmp_path: Path) -> None:
    odd.oddities.read_most_bytes = 5000
    odd.court.publish(FIRST, files)
    (tmp_path / "into").mkdir()
    odd.tax.fetch(FIRST, tmp_path / "into")
    assert read(tmp_path / "into") == read(files[READY].parent)


def test_handles_that_only_write(odd: Odd, files: dict[str, Path]) -> None:
    odd.oddities.reads_what_it_writes = False
    odd.court.publish(FIRST, files)
    assert read(odd.root / LANE / FIRST) == read(files[READY].parent)


def test_files_taken_the_moment_they_are_complete(odd: Odd, files: dict[str, Path], tmp_path: Path) -> None:
    odd.oddities.takes_files_at_close = True
    odd.court.publish(FIRST, files)
    assert odd.oddities.taken == 3
    for name, path in files.items():
        assert (tmp_path / f"taken-{name}").read_bytes() == path.read_bytes()


def test_a_bad_disc_is_found_by_reading_back(odd: Odd, files: dict[str, Path]) -> None:
    odd.oddities.spoils_byte = 10
    with pytest.raises(NeedsPerson) as bad:
        odd.court.publish(FIRST, files)
    assert bad.value.code == 107
    assert list(odd.tax.arrived()) == []
    assert not (odd.root / LANE / f".incoming-{FIRST}" / "payload-0001.p7m").exists()
    odd.oddities.spoils_byte = None
    odd.court.publish(FIRST, files)
    assert read(odd.root / LANE / FIRST) == read(files[READY].parent)


def test_extensions_announced_but_refused(odd: Odd, files: dict[str, Path]) -> None:
    odd.oddities.forgets_extensions = True
    odd.court.publish(FIRST, files)
    assert read(odd.root / LANE / FIRST) == read(files[READY].parent)
    can = odd.court.probe()
    assert can.free_bytes is None
    assert can.folder_rename
