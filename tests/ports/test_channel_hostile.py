"""What somebody else may put into the exchange folder: links, floods, sizes. Nothing outside it is read or written."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from exchange.adapters.channel_folder import FolderChannel
from exchange.domain.errors import ExchangeError, NeedsPerson
from exchange.domain.lane import MOST_BYTES, MOST_FILES, READY, SPARE_BYTES, check_arrived

COURT, TAX = "court-131100", "tax-131100"
THEIRS, OURS = f"{COURT}.{TAX}", f"{TAX}.{COURT}"
ARRIVED, OUTGOING = f"{THEIRS}.000001.Q", f"{OURS}.000001.A"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "point").mkdir()
    return tmp_path / "point"


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    """Something of the tax end's own, which the folder's other user may not see or touch."""
    folder = tmp_path / "vault"
    folder.mkdir()
    (folder / "manifest.json").write_text("ours")
    (folder / "rows.csv").write_text("ours")
    return folder


def tax(root: Path) -> FolderChannel:
    return FolderChannel(root, own=TAX, counterpart=COURT)


def packet(folder: Path, **files: bytes) -> dict[str, Path]:
    folder.mkdir(parents=True)
    told = {"manifest.json": b"{}", "payload-0001.p7m": b"sealed", READY: b"", **files}
    for name, data in told.items():
        (folder / name).write_bytes(data)
    return {name: folder / name for name in told}


def refused(action: Callable[[], object], code: int) -> None:
    with pytest.raises(ExchangeError) as caught:
        action()
    assert caught.value.code == code


def untouched(secret: Path) -> None:
    assert {f.name: f.read_text() for f in secret.iterdir()} == {"manifest.json": "ours", "rows.csv": "ours"}


def test_a_packet_that_is_a_link_is_told_and_not_followed(root: Path, secret: Path, tmp_path: Path) -> None:
    (root / THEIRS).mkdir()
    (secret / READY).touch()
    (root / THEIRS / ARRIVED).symlink_to(secret, target_is_directory=True)
    (tmp_path / "into").mkdir()
    assert tax(root).arrived() == [ARRIVED]
    refused(lambda: tax(root).fetch(ARRIVED, tmp_path / "into"), 304)
    assert list((tmp_path / "into").iterdir()) == []


def test_a_file_that_is_a_link_is_not_followed(root: Path, secret: Path, tmp_path: Path) -> None:
    packet(root / THEIRS / ARRIVED)
    (root / THEIRS / ARRIVED / "HOWTO-OPEN.txt").symlink_to(secret / "rows.csv")
    (tmp_path / "into").mkdir()
    refused(lambda: tax(root).fetch(ARRIVED, tmp_path / "into"), 304)
    assert list((tmp_path / "into").iterdir()) == []


def test_a_pipe_does_not_make_the_collector_wait(root: Path, tmp_path: Path) -> None:
    packet(root / THEIRS / ARRIVED)
    os.mkfifo(root / THEIRS / ARRIVED / "payload-0002.p7m")
    (tmp_path / "into").mkdir()
    refused(lambda: tax(root).fetch(ARRIVED, tmp_path / "into"), 304)


def test_a_lane_that_is_a_link_is_neither_read_nor_written(root: Path, secret: Path, tmp_path: Path) -> None:
    (root / OURS).symlink_to(secret, target_is_directory=True)
    (root / THEIRS).symlink_to(secret, target_is_directory=True)
    refused(lambda: tax(root).publish(OUTGOING, packet(tmp_path / "sealed")), 304)
    refused(lambda: tax(root).arrived(), 304)
    untouched(secret)


def test_an_upload_folder_that_is_a_link_deletes_nothing_behind_it(root: Path, secret: Path, tmp_path: Path) -> None:
    (root / OURS).mkdir()
    (root / OURS / f".incoming-{OUTGOING}").symlink_to(secret, target_is_directory=True)
    refused(lambda: tax(root).publish(OUTGOING, packet(tmp_path / "sealed")), 304)
    untouched(secret)


def test_an_upload_never_writes_through_a_link(root: Path, secret: Path, tmp_path: Path) -> None:
    box = root / OURS / f".incoming-{OUTGOING}"
    box.mkdir(parents=True)
    (box / "manifest.json").symlink_to(secret / "manifest.json")
    (box / "payload-0001.p7m").symlink_to(secret / "new")
    tax(root).publish(OUTGOING, packet(tmp_path / "sealed"))
    untouched(secret)
    there = root / OURS / OUTGOING
    assert all(f.is_file() and not f.is_symlink() for f in there.iterdir())
    assert (there / "manifest.json").read_bytes() == b"{}"


def test_a_shelf_that_is_a_link_takes_nothing_out_of_the_folder(root: Path, secret: Path) -> None:
    packet(root / THEIRS / ARRIVED)
    (root / THEIRS / "taken").symlink_to(secret, target_is_directory=True)
    refused(lambda: tax(root).taken(ARRIVED), 304)
    untouched(secret)
    assert (root / THEIRS / ARRIVED / READY).exists()


def test_a_folder_in_a_packet_is_no_packet(root: Path, tmp_path: Path) -> None:
    packet(root / THEIRS / ARRIVED)
    (root / THEIRS / ARRIVED / "deeper").mkdir()
    (tmp_path / "into").mkdir()
    refused(lambda: tax(root).fetch(ARRIVED, tmp_path / "into"), 304)


@pytest.mark.parametrize("name", ["../up", "..", ".hidden", "a b", "ä", "a" * 101, "a/b", "-r"])
def test_names_that_are_in_no_packet(name: str) -> None:
    with pytest.raises(NeedsPerson) as caught:
        check_arrived({READY: 0, name: 1}, free_bytes=2**40, where="here")
    assert caught.value.code == 304


@pytest.mark.parametrize(
    ("sizes", "free", "code"),
    [
        ({f"f{n}": 0 for n in range(MOST_FILES)}, 2**40, 304),
        ({"payload-0001.p7m": MOST_BYTES + 1}, 2**40, 411),
        ({"payload-0001.p7m": MOST_BYTES}, MOST_BYTES + SPARE_BYTES - 1, 906),
    ],
    ids=["too many", "too large", "no room"],
)
def test_floods_are_measured_before_they_are_read(sizes: dict[str, int], free: int, code: int) -> None:
    with pytest.raises(NeedsPerson) as caught:
        check_arrived({READY: 0, **sizes}, free_bytes=free, where="here")
    assert caught.value.code == code


def test_a_file_beyond_any_packet_is_not_fetched(root: Path, tmp_path: Path) -> None:
    packet(root / THEIRS / ARRIVED)
    with (root / THEIRS / ARRIVED / "payload-0002.p7m").open("wb") as sparse:
        sparse.truncate(MOST_BYTES + 1)
    (tmp_path / "into").mkdir()
    refused(lambda: tax(root).fetch(ARRIVED, tmp_path / "into"), 411)
    assert list((tmp_path / "into").iterdir()) == []


@pytest.mark.parametrize("umask", [0o022, 0o077, 0o000])
def test_what_is_published_is_for_the_shared_group_alone(umask: int, root: Path, tmp_path: Path) -> None:
    before = os.umask(umask)
    try:
        tax(root).publish(OUTGOING, packet(tmp_path / "sealed"))
    finally:
        os.umask(before)
    for path in (root / OURS).rglob("*"):
        assert stat.S_IMODE(path.stat().st_mode) == (0o770 if path.is_dir() else 0o660), path
