"""The SFTP channel against a real OpenSSH server when things go wrong."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from exchange.adapters.channel_sftp import SftpChannel, SftpLogin
from exchange.adapters.channel_sftp.wire import CHUNK_BYTES, IN_FLIGHT
from exchange.domain.errors import ExchangeError, NeedsPerson, RetryLater
from exchange.domain.lane import READY
from tests.fakes.discs import small_disc
from tests.fakes.proxy import FaultyProxy
from tests.servers_sshd import Sshd, fingerprint, free_port, make_key, running_sshd

COURT, TAX = "court-131100", "tax-131100"
LANE = f"{COURT}.{TAX}"
FIRST = f"{LANE}.000001.Q"
MIB = 1024 * 1024


@pytest.fixture
def home(sshd: Sshd, request: pytest.FixtureRequest) -> Path:
    """An empty root at the server."""
    return sshd.home(request.node.name.replace("[", "-").strip("]"))


@pytest.fixture
def login(sshd: Sshd, home: Path) -> SftpLogin:
    """The right way in."""
    return SftpLogin(
        host="127.0.0.1",
        port=sshd.port,
        user=sshd.user,
        key_file=sshd.user_key,
        host_keys=(sshd.host_fingerprint,),
        root=str(home),
        timeout_s=5,
    )


@pytest.fixture
def proxy(sshd: Sshd) -> Iterator[FaultyProxy]:
    """A faulty line to the server."""
    with FaultyProxy(sshd.port) as line:
        yield line


def channel(login: SftpLogin, **more: int) -> SftpChannel:
    """The court's end."""
    return SftpChannel(own=COURT, counterpart=TAX, login=login, **more)


def packet(folder: Path, payload_bytes: int) -> dict[str, Path]:
    """A packet's files."""
    folder.mkdir()
    for name, data in {"manifest.json": b"{}", "payload-0001.p7m": os.urandom(payload_bytes), READY: b""}.items():
        (folder / name).write_bytes(data)
    return {name: folder / name for name in ("manifest.json", "payload-0001.p7m", READY)}


def assert_whole(root: Path, files: dict[str, Path]) -> None:
    """The packet lies there with the same bytes, and nothing else lies beside it."""
    there = {entry.name: entry.read_bytes() for entry in (root / LANE / FIRST).iterdir()}
    assert there == {name: path.read_bytes() for name, path in files.items()}
    assert [entry.name for entry in (root / LANE).iterdir()] == [FIRST]


def code_of(login: SftpLogin, files: dict[str, Path], **more: int) -> int:
    """The code publishing fails with."""
    with pytest.raises(ExchangeError) as failed:
        channel(login, **more).publish(FIRST, files)
    return failed.value.code


def test_a_cut_line_is_resumed_inside_the_file(
    login: SftpLogin, home: Path, proxy: FaultyProxy, tmp_path: Path
) -> None:
    files = packet(tmp_path / "sealed", 24 * MIB)
    through = replace(login, port=proxy.port)
    proxy.cut_after_bytes = 16 * MIB
    assert code_of(through, files, attempts=1) == 105
    left = home / LANE / f".incoming-{FIRST}" / "payload-0001.p7m"
    time.sleep(0.3)
    stood = left.stat().st_size
    assert stood > 8 * MIB

    proxy.cut_after_bytes, proxy.sent_bytes = None, 0
    channel(through, attempts=1).publish(FIRST, files)

    assert_whole(home, files)
    assert proxy.sent_bytes < 24 * MIB - stood + CHUNK_BYTES * IN_FLIGHT + MIB


def test_one_call_survives_a_few_cuts(login: SftpLogin, home: Path, proxy: FaultyProxy, tmp_path: Path) -> None:
    files = packet(tmp_path / "sealed", 12 * MIB)
    proxy.cut_after_bytes, proxy.cuts = 5 * MIB, 2
    channel(replace(login, port=proxy.port)).publish(FIRST, files)
    assert_whole(home, files)
    assert proxy.connections == 3


def test_retries_are_bounded(login: SftpLogin, proxy: FaultyProxy, tmp_path: Path) -> None:
    proxy.cut_after_bytes = 8 * MIB
    assert code_of(replace(login, port=proxy.port), packet(tmp_path / "sealed", 60 * MIB)) == 105
    assert proxy.connections == 3


def test_a_wrong_beginning_is_sent_anew(login: SftpLogin, home: Path, sshd: Sshd, tmp_path: Path) -> None:
    files = packet(tmp_path / "sealed", 12 * MIB)
    channel(login).delivered(FIRST)
    left = home / LANE / f".incoming-{FIRST}"
    left.mkdir(parents=True)
    spoiled = bytearray(files["payload-0001.p7m"].read_bytes()[: 6 * MIB])
    spoiled[5 * MIB] ^= 1
    (left / "payload-0001.p7m").write_bytes(spoiled)
    for path in (home / LANE, left, left / "payload-0001.p7m"):
        path.chmod(0o777)
    channel(login).publish(FIRST, files)
    assert_whole(home, files)


def test_fetching_goes_on_after_a_cut(
    login: SftpLogin, proxy: FaultyProxy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = packet(tmp_path / "sealed", 16 * MIB)
    channel(login).publish(FIRST, files)
    proxy.cut_after_bytes, proxy.cuts = 12_000, 2
    into = tmp_path / "into"
    into.mkdir()
    SftpChannel(own=TAX, counterpart=COURT, login=replace(login, port=proxy.port)).fetch(FIRST, into)
    assert {p.name: p.read_bytes() for p in into.iterdir()} == {n: p.read_bytes() for n, p in files.items()}
    assert proxy.connections > 1


def test_a_changed_host_key_stops_everything(login: SftpLogin, home: Path, sshd: Sshd, tmp_path: Path) -> None:
    other = replace(login, host_keys=("SHA256:" + "A" * 43,))
    with pytest.raises(NeedsPerson) as stopped:
        channel(other).publish(FIRST, packet(tmp_path / "sealed", 10))
    assert stopped.value.code == 102
    assert "SHA256:" + "A" * 43 in stopped.value.what
    assert sshd.host_fingerprint in stopped.value.what
    assert list(home.iterdir()) == []


def test_no_pinned_key_is_no_entry(login: SftpLogin, tmp_path: Path) -> None:
    assert code_of(replace(login, host_keys=()), packet(tmp_path / "sealed", 10)) == 102


def test_two_keys_are_pinned_during_a_change(login: SftpLogin) -> None:
    both = replace(login, host_keys=("SHA256:" + "A" * 43, *login.host_keys))
    assert not channel(both).delivered(FIRST)


def test_the_pinned_key_may_be_of_another_family(login: SftpLogin, sshd: Sshd) -> None:
    line = (sshd.folder / "host_ecdsa.pub").read_text()
    assert not channel(replace(login, host_keys=(fingerprint(line),))).delivered(FIRST)


def test_a_login_key_the_server_does_not_know(login: SftpLogin, tmp_path: Path) -> None:
    make_key(tmp_path / "other")
    assert code_of(replace(login, key_file=tmp_path / "other"), packet(tmp_path / "sealed", 10)) == 103


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o644])
def test_a_login_key_others_can_read(login: SftpLogin, tmp_path: Path, mode: int) -> None:
    make_key(tmp_path / "open", mode=mode)
    assert code_of(replace(login, key_file=tmp_path / "open"), packet(tmp_path / "sealed", 10)) == 205


def test_a_login_key_that_is_missing_or_spoiled(login: SftpLogin, tmp_path: Path) -> None:
    files = packet(tmp_path / "sealed", 10)
    assert code_of(replace(login, key_file=tmp_path / "none"), files) == 204
    (tmp_path / "bad").write_text("no key")
    (tmp_path / "bad").chmod(0o600)
    assert code_of(replace(login, key_file=tmp_path / "bad"), files) == 206


def test_a_login_key_with_a_passphrase(login: SftpLogin, sshd: Sshd, tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.write_bytes(sshd.user_key.read_bytes())
    closed.chmod(0o600)
    subprocess.run(["ssh-keygen", "-q", "-p", "-P", "", "-N", "open sesame", "-f", closed], check=True)
    assert not channel(replace(login, key_file=closed, passphrase="open sesame")).delivered(FIRST)
    assert code_of(replace(login, key_file=closed, passphrase="wrong"), packet(tmp_path / "a", 10)) == 206
    assert code_of(replace(login, key_file=closed), packet(tmp_path / "b", 10)) == 206


def test_a_server_that_is_away(login: SftpLogin, proxy: FaultyProxy, tmp_path: Path) -> None:
    files = packet(tmp_path / "sealed", 10)
    assert code_of(replace(login, port=free_port()), files) == 101
    proxy.refuse = True
    assert code_of(replace(login, port=proxy.port), files) == 101
    assert code_of(replace(login, host="no-such-host.invalid"), files, attempts=1) == 101


def test_a_silent_server_times_out(login: SftpLogin, tmp_path: Path) -> None:
    with socket.socket() as mute:
        mute.bind(("127.0.0.1", 0))
        mute.listen()
        began = time.monotonic()
        quiet = replace(login, port=mute.getsockname()[1], timeout_s=1)
        assert code_of(quiet, packet(tmp_path / "sealed", 10), attempts=1) == 101
        assert time.monotonic() - began < 10


def test_a_line_that_falls_silent_times_out(login: SftpLogin, sshd: Sshd, home: Path, tmp_path: Path) -> None:
    with FaultyProxy(sshd.port) as line:
        slow = channel(replace(login, port=line.port, timeout_s=1), attempts=1)
        assert not slow.delivered(FIRST)
        line.delay_s = 3
        with pytest.raises(RetryLater) as lost:
            slow.delivered(FIRST)
    assert lost.value.code == 105


def test_a_slow_line_is_only_slow(login: SftpLogin, home: Path, proxy: FaultyProxy, tmp_path: Path) -> None:
    proxy.delay_s = 0.02
    files = packet(tmp_path / "sealed", MIB)
    channel(replace(login, port=proxy.port)).publish(FIRST, files)
    assert_whole(home, files)


def test_a_folder_that_refuses_needs_a_person(login: SftpLogin, home: Path, tmp_path: Path) -> None:
    home.chmod(0o555)
    assert code_of(login, packet(tmp_path / "sealed", 10)) == 106
    home.chmod(0o755)


def test_a_full_disc_is_seen_before_sending(login: SftpLogin, sshd: Sshd, home: Path, tmp_path: Path) -> None:
    files = packet(tmp_path / "sealed", 3 * MIB)
    with small_disc(home / "disc") as disc:
        assert code_of(replace(login, root=str(disc)), files) == 104
        assert list((disc / LANE / f".incoming-{FIRST}").iterdir()) == []


def test_a_disc_that_fills_meanwhile_goes_on_later(sshd: Sshd, home: Path, login: SftpLogin, tmp_path: Path) -> None:
    files = packet(tmp_path / "sealed", 4 * MIB)
    user = "nobody" if os.geteuid() == 0 else None
    folder = sshd.folder.parent / f"limited-{home.name}"
    with running_sshd(folder, user=user, file_limit_bytes=2 * MIB) as limited:
        tight = replace(
            login,
            port=limited.port,
            key_file=limited.user_key,
            host_keys=(limited.host_fingerprint,),
        )
        assert code_of(tight, files) == 104
    channel(login).publish(FIRST, files)
    assert_whole(home, files)


def test_killed_while_sending_and_sent_again(login: SftpLogin, home: Path, proxy: FaultyProxy, tmp_path: Path) -> None:
    files = packet(tmp_path / "sealed", 32 * MIB)
    proxy.delay_s = 0.003
    script = (
        "import sys; from pathlib import Path; from exchange.adapters.channel_sftp import SftpChannel\n"
        "folder, port, user, key, host_key, root = sys.argv[1:]\n"
        f"files = {{n: Path(folder, n) for n in {list(files)!r}}}\n"
        f"SftpChannel(own={COURT!r}, counterpart={TAX!r}, host='127.0.0.1', port=int(port), user=user,\n"
        f"    key_file=Path(key), host_keys=(host_key,), root=root).publish({FIRST!r}, files)\n"
    )
    told = [tmp_path / "sealed", proxy.port, login.user, login.key_file, login.host_keys[0], home]
    process = subprocess.Popen([sys.executable, "-c", script, *map(str, told)])
    left = home / LANE / f".incoming-{FIRST}" / "payload-0001.p7m"
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline and not (left.exists() and left.stat().st_size > 4 * MIB):
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert left.stat().st_size < 32 * MIB
    tax = SftpChannel(own=TAX, counterpart=COURT, login=login)
    assert list(tax.arrived()) == []

    channel(login).publish(FIRST, files)

    assert_whole(home, files)
    assert list(tax.arrived()) == [FIRST]
    tax.close()


def test_a_packet_taken_away_at_once_is_no_error(login: SftpLogin, home: Path, tmp_path: Path) -> None:
    final, aside = home / LANE / FIRST, home.parent / f"{home.name}-processed"

    def snatch() -> None:
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline and not final.exists():
            time.sleep(0)
        final.rename(aside)

    thread = threading.Thread(target=snatch, daemon=True)
    thread.start()
    files = packet(tmp_path / "sealed", MIB)
    channel(login).publish(FIRST, files)
    thread.join(timeout=25)
    assert {p.name for p in aside.iterdir()} == set(files)


def test_the_line_breaks_while_the_packet_is_renamed_and_taken(login: SftpLogin, home: Path, tmp_path: Path) -> None:
    files = packet(tmp_path / "sealed", 1000)
    sender = channel(login)
    sender.delivered(FIRST)
    wire = sender._wire
    assert wire is not None
    renamed = wire.posix_rename

    def breaks(before: str, after: str) -> None:
        renamed(before, after)
        if after.endswith(FIRST):
            Path(after).rename(home / "processed")
            wire.hang_up()
            raise EOFError

    wire.posix_rename = breaks  # type: ignore[method-assign, assignment]
    sender.publish(FIRST, files)
    assert {p.name for p in (home / "processed").iterdir()} == set(files)
    assert list((home / LANE).iterdir()) == []


def test_what_the_server_can_do(login: SftpLogin, home: Path) -> None:
    can = channel(login).probe()
    assert can.folder_rename
    assert can.posix_rename
    assert can.append
    assert can.statvfs
    assert can.fsync
    assert not can.check_file
    assert (can.free_bytes or 0) > 0
    assert list((home / LANE).iterdir()) == []


def test_weak_algorithms_are_refused(login: SftpLogin, sshd: Sshd, home: Path, tmp_path: Path) -> None:
    weak = "Ciphers aes128-cbc\nMACs hmac-sha1\n"
    user = "nobody" if os.geteuid() == 0 else None
    with running_sshd(sshd.folder.parent / f"weak-{home.name}", user=user, extra=weak) as old:
        there = replace(login, port=old.port, key_file=old.user_key, host_keys=(old.host_fingerprint,))
        assert code_of(there, packet(tmp_path / "sealed", 10)) == 109
