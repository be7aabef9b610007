"""What every channel promises, tried on a real OpenSSH server, the embedded one, and a folder."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from exchange.adapters.channel_folder import FolderChannel
from exchange.adapters.channel_sftp import SftpChannel
from exchange.adapters.sftp_server import ServerHandle, make_key, start_server
from exchange.domain.errors import NeedsPerson, RetryLater
from exchange.domain.lane import READY
from exchange.ports import Channel
from tests.servers_sshd import Sshd

COURT, TAX = "court-131100", "tax-131100"
LANE = f"{COURT}.{TAX}"
FIRST = f"{LANE}.000001.Q"


@dataclass
class Point:
    """An exchange point: its root on this machine, and both ends' channels to it."""

    root: Path
    court: Channel
    tax: Channel
    served_root: str


@pytest.fixture(scope="session")
def embedded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[ServerHandle, Path, Path]]:
    """The embedded server: handle, root, login key."""
    folder = tmp_path_factory.mktemp("embedded")
    make_key(folder / "host")
    (folder / "authorized").write_text(make_key(folder / "user") + "\n")
    handle = start_server(
        folder / "root",
        host_key=folder / "host",
        authorized=folder / "authorized",
        state_file=folder / "state.json",
        log=folder / "log",
    )
    yield handle, folder / "root", folder / "user"
    handle.stop()


@pytest.fixture(params=["openssh", "embedded", "folder"])
def point(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Point]:
    """One exchange point of each technology, empty."""
    if request.param == "folder":
        root = tmp_path / "disc"
        root.mkdir()
        made = Point(
            root, FolderChannel(root, own=COURT, counterpart=TAX), FolderChannel(root, own=TAX, counterpart=COURT), ""
        )
    elif request.param == "openssh":
        server: Sshd = request.getfixturevalue("sshd")
        root = server.home(request.node.name.replace("[", "-").strip("]"))
        common = {"host": "127.0.0.1", "port": server.port, "user": server.user, "root": str(root)}
        common |= {"key_file": server.user_key, "host_keys": (server.host_fingerprint,)}
        made = Point(
            root,
            SftpChannel(own=COURT, counterpart=TAX, **common),
            SftpChannel(own=TAX, counterpart=COURT, **common),
            str(root),
        )
    else:
        handle, base, key = request.getfixturevalue("embedded")
        root = base / request.node.name.replace("[", "-").strip("]")
        root.mkdir()
        common = {"host": "127.0.0.1", "port": handle.port, "user": "any", "root": f"/{root.name}"}
        common |= {"key_file": key, "host_keys": (handle.host_fingerprint,)}
        made = Point(
            root,
            SftpChannel(own=COURT, counterpart=TAX, **common),
            SftpChannel(own=TAX, counterpart=COURT, **common),
            f"/{root.name}",
        )
    yield made
    made.court.close()
    made.tax.close()


Packet = Callable[..., dict[str, Path]]


@pytest.fixture
def packet(tmp_path: Path) -> Packet:
    """Makes a packet's files: manifest, one payload of so many bytes, READY."""

    def make(payload_bytes: int = 300_000, *, manifest: bytes = b'{"packet":1}') -> dict[str, Path]:
        folder = tmp_path / f"sealed-{len(list(tmp_path.glob('sealed-*')))}"
        folder.mkdir()
        contents = {"manifest.json": manifest, "payload-0001.p7m": os.urandom(payload_bytes), READY: b""}
        for name, data in contents.items():
            (folder / name).write_bytes(data)
        return {name: folder / name for name in contents}

    return make


def read(folder: Path) -> dict[str, bytes]:
    """Names and bytes of a folder."""
    return {entry.name: entry.read_bytes() for entry in folder.iterdir()}


def local(files: dict[str, Path]) -> dict[str, bytes]:
    """Names and bytes of a packet at home."""
    return {name: path.read_bytes() for name, path in files.items()}


def test_a_packet_arrives_whole_and_is_taken(point: Point, packet: Packet, tmp_path: Path) -> None:
    files = packet()
    assert not point.court.delivered(FIRST)
    assert list(point.tax.arrived()) == []

    point.court.publish(FIRST, files)

    assert point.court.delivered(FIRST)
    assert list(point.tax.arrived()) == [FIRST]
    assert read(point.root / LANE / FIRST) == local(files)
    into = tmp_path / "into"
    into.mkdir()
    point.tax.fetch(FIRST, into)
    assert read(into) == local(files)
    point.tax.taken(FIRST)
    point.tax.taken(FIRST)
    assert list(point.tax.arrived()) == []
    assert point.court.delivered(FIRST)
    assert sorted(p.name for p in (point.root / LANE).iterdir()) == ["taken"]


def test_publishing_again_changes_nothing(point: Point, packet: Packet) -> None:
    files = packet()
    point.court.publish(FIRST, files)
    inode = (point.root / LANE / FIRST / "payload-0001.p7m").stat().st_ino

    point.court.publish(FIRST, files)
    assert (point.root / LANE / FIRST / "payload-0001.p7m").stat().st_ino == inode

    point.tax.taken(FIRST)
    point.court.publish(FIRST, files)
    assert list(point.tax.arrived()) == []


def test_another_packet_under_the_same_number_is_refused(point: Point, packet: Packet) -> None:
    first = packet()
    point.court.publish(FIRST, first)
    with pytest.raises(NeedsPerson) as waiting:
        point.court.publish(FIRST, packet(manifest=b'{"packet":"other"}'))
    point.tax.taken(FIRST)
    with pytest.raises(NeedsPerson) as gone:
        point.court.publish(FIRST, packet(manifest=b'{"packet":"other"}'))
    assert (waiting.value.code, gone.value.code) == (404, 404)
    assert read(point.root / LANE / "taken" / FIRST) == local(first)


def test_half_a_packet_is_never_seen(point: Point, packet: Packet) -> None:
    half = point.root / LANE / f".incoming-{FIRST}"
    half.mkdir(parents=True)
    (half / "payload-0001.p7m").write_bytes(b"x")
    (half / READY).touch()
    without_ready = point.root / LANE / f"{LANE}.000002.Q"
    without_ready.mkdir()
    (without_ready / "manifest.json").write_bytes(b"{}")
    for path in (point.root / LANE, half, without_ready, *half.iterdir()):
        path.chmod(0o777)
    foreign = point.root / LANE / "court-9.tax-9.000001.Q"
    foreign.mkdir()
    (foreign / READY).touch()

    assert list(point.tax.arrived()) == []
    assert not point.court.delivered(FIRST)


def test_what_an_earlier_attempt_left_is_replaced(point: Point, packet: Packet) -> None:
    half = point.root / LANE / f".incoming-{FIRST}"
    half.mkdir(parents=True)
    (half / "payload-0001.p7m").write_bytes(b"not ours")
    (half / "payload-0007.p7m").write_bytes(b"stale")
    for path in (point.root / LANE, half, *half.iterdir()):
        path.chmod(0o777)
    files = packet()
    point.court.publish(FIRST, files)
    assert read(point.root / LANE / FIRST) == local(files)


def test_a_packet_that_lost_its_ready_is_made_whole(point: Point, packet: Packet) -> None:
    files = packet()
    point.court.publish(FIRST, files)
    standing = point.root / LANE / FIRST
    (standing / READY).unlink()
    (standing / "payload-0001.p7m").write_bytes(b"half")
    (standing / "payload-0001.p7m").chmod(0o777)
    assert not point.court.delivered(FIRST)
    point.court.publish(FIRST, files)
    assert read(standing) == local(files)
    assert [entry.name for entry in (point.root / LANE).iterdir()] == [FIRST]
    assert list(point.tax.arrived()) == [FIRST]


def test_a_packet_of_another_lane_is_refused(point: Point, packet: Packet) -> None:
    with pytest.raises(NeedsPerson) as wrong:
        point.court.publish(f"{TAX}.{COURT}.000001.A", packet())
    assert wrong.value.code == 801


def test_a_packet_without_ready_is_refused(point: Point, packet: Packet) -> None:
    files = packet()
    del files[READY]
    with pytest.raises(NeedsPerson) as wrong:
        point.court.publish(FIRST, files)
    assert wrong.value.code == 411


def test_strange_names_are_not_fetched(point: Point, packet: Packet, tmp_path: Path) -> None:
    point.court.publish(FIRST, packet())
    (point.root / LANE / FIRST / "..payload").write_bytes(b"x")
    (tmp_path / "into").mkdir()
    with pytest.raises(NeedsPerson) as wrong:
        point.tax.fetch(FIRST, tmp_path / "into")
    assert wrong.value.code == 304


def test_a_link_is_not_followed(point: Point, packet: Packet, tmp_path: Path) -> None:
    point.court.publish(FIRST, packet())
    (point.root / LANE / FIRST / "payload-0002.p7m").symlink_to("/etc/hostname")
    (tmp_path / "into").mkdir()
    with pytest.raises(NeedsPerson) as wrong:
        point.tax.fetch(FIRST, tmp_path / "into")
    assert wrong.value.code == 304


def test_a_packet_seen_twice_is_kept_beside_the_first(point: Point, packet: Packet) -> None:
    files = packet(1000)
    point.court.publish(FIRST, files)
    point.tax.taken(FIRST)
    again = point.root / LANE / FIRST
    again.mkdir()
    for name, data in local(files).items():
        (again / name).write_bytes(data)
    assert list(point.tax.arrived()) == [FIRST]
    again.chmod(0o777)
    point.tax.taken(FIRST)
    assert list(point.tax.arrived()) == []
    assert len(list((point.root / LANE / "taken").iterdir())) == 2


def test_several_packets_arrive_in_the_order_of_their_numbers(point: Point, packet: Packet) -> None:
    for number in (10, 2, 1):
        point.court.publish(f"{LANE}.{number:06d}.Q", packet(10))
    assert list(point.tax.arrived()) == [f"{LANE}.{n:06d}.Q" for n in (1, 2, 10)]


def test_no_folder_no_channel(point: Point, packet: Packet) -> None:
    point.root.rename(point.root.with_name("elsewhere-" + point.root.name))
    with pytest.raises((RetryLater, NeedsPerson)) as wrong:
        point.court.publish(FIRST, packet())
    assert wrong.value.code in (101, 106)
