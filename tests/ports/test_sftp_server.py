"""The embedded server: jailed, keys only, ended with its parent, and only ever the process that was recorded."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import paramiko
import psutil
import pytest

from exchange.adapters.channel_sftp import SftpLogin
from exchange.adapters.channel_sftp.login import open_wire
from exchange.adapters.channel_sftp.wire import Wire
from exchange.adapters.sftp_server import (
    ServerHandle,
    fingerprint_of,
    make_key,
    read_state,
    start_server,
    stop_recorded,
)
from exchange.domain.errors import NeedsPerson, RetryLater
from tests.servers_sshd import free_port


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Keys and a root."""
    make_key(tmp_path / "host")
    (tmp_path / "authorized").write_text(make_key(tmp_path / "user") + "\n")
    return tmp_path


def start(folder: Path, port: int = 0) -> ServerHandle:
    return start_server(
        folder / "root",
        host_key=folder / "host",
        authorized=folder / "authorized",
        state_file=folder / "state.json",
        port=port,
        log=folder / "log",
    )


@pytest.fixture
def server(folder: Path) -> Iterator[ServerHandle]:
    handle = start(folder)
    yield handle
    handle.stop()


def login(handle: ServerHandle, key: Path) -> SftpLogin:
    return SftpLogin(
        host="127.0.0.1", port=handle.port, user="court", key_file=key, host_keys=(handle.host_fingerprint,)
    )


@pytest.fixture
def wire(server: ServerHandle, folder: Path) -> Iterator[Wire]:
    session = open_wire(login(server, folder / "user"))
    yield session
    session.hang_up()


def gone(pid: int, seconds: float = 5) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE:
            return True
        time.sleep(0.02)
    return False


def test_keys_are_private_and_kept(tmp_path: Path) -> None:
    line = make_key(tmp_path / "a" / "key")
    assert (tmp_path / "a" / "key").stat().st_mode & 0o777 == 0o600
    assert make_key(tmp_path / "a" / "key") == line
    shown = subprocess.run(["ssh-keygen", "-lf", tmp_path / "a" / "key"], capture_output=True, text=True, check=True)
    assert shown.stdout.split()[1] == fingerprint_of(tmp_path / "a" / "key")


def test_the_state_file_says_where_it_is(server: ServerHandle, folder: Path) -> None:
    assert read_state(folder / "state.json") == server
    assert server.host_fingerprint == fingerprint_of(folder / "host")
    assert psutil.Process(server.pid).create_time() == pytest.approx(server.started, abs=0.02)
    assert [c.laddr.ip for c in psutil.Process(server.pid).net_connections() if c.status == "LISTEN"] == ["127.0.0.1"]


def test_an_unknown_key_is_refused(server: ServerHandle, folder: Path) -> None:
    make_key(folder / "stranger")
    with pytest.raises(NeedsPerson) as refused:
        open_wire(login(server, folder / "stranger"))
    assert refused.value.code == 103


def test_no_password(server: ServerHandle) -> None:
    transport = paramiko.Transport(("127.0.0.1", server.port))
    transport.start_client(timeout=5)
    with pytest.raises(paramiko.AuthenticationException):
        transport.auth_password("court", "secret")
    transport.close()


def test_no_shell_and_no_tunnel(wire: Wire) -> None:
    channel = wire.get_channel()
    transport = channel.get_transport() if channel else None
    assert transport is not None
    with pytest.raises(paramiko.SSHException):
        transport.open_session().exec_command("id")
    with pytest.raises(paramiko.ChannelException):
        transport.open_channel("direct-tcpip", ("127.0.0.1", 22), ("127.0.0.1", 1))


def test_nothing_outside_the_root_is_reached(wire: Wire, folder: Path) -> None:
    secret = folder / "secret"
    secret.write_text("x")
    (folder / "root" / "way-out").symlink_to(folder)
    for path in ("../secret", "/../secret", str(secret), "way-out/secret", "a/../../secret"):
        with pytest.raises(OSError, match=r".*"):
            wire.open(path, "r")
    with pytest.raises(OSError, match="links"):
        wire.symlink("/etc", "link")
    with pytest.raises(OSError, match=r".*"):
        wire.rename("../secret", "mine")
    with pytest.raises(OSError, match=r".*"):
        wire.open("way-out/new", "w")
    assert not (folder / "new").exists()
    assert secret.read_text() == "x"


def test_it_dies_with_its_parent(folder: Path) -> None:
    script = (
        "import sys, time; from pathlib import Path; from exchange.adapters.sftp_server import start_server\n"
        "at = Path(sys.argv[1])\n"
        "start_server(at/'root', host_key=at/'host', authorized=at/'authorized', state_file=at/'state.json')\n"
        "time.sleep(60)\n"
    )
    parent = subprocess.Popen([sys.executable, "-c", script, folder])
    deadline = time.monotonic() + 20
    while (state := read_state(folder / "state.json")) is None and time.monotonic() < deadline:
        time.sleep(0.05)
    assert state is not None
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    assert gone(state.pid)


def test_it_outlives_the_thread_that_started_it(folder: Path) -> None:
    started: list[ServerHandle] = []
    thread = threading.Thread(target=lambda: started.append(start(folder)))
    thread.start()
    thread.join()
    time.sleep(1)
    session = open_wire(login(started[0], folder / "user"))
    assert session.listdir(".") == []
    session.hang_up()
    started[0].stop()


def test_stopping_ends_it_and_forgets_it(folder: Path) -> None:
    handle = start(folder)
    assert stop_recorded(folder / "state.json")
    assert gone(handle.pid)
    assert not (folder / "state.json").exists()
    assert not stop_recorded(folder / "state.json")


def test_a_process_that_only_has_the_number_is_left_alone(folder: Path) -> None:
    innocent = subprocess.Popen(["sleep", "60"])
    try:
        state = {"port": 1, "pid": innocent.pid, "started": time.time() - 1000, "host_fingerprint": "SHA256:x"}
        (folder / "state.json").write_text(json.dumps(state))
        assert not stop_recorded(folder / "state.json")
        assert innocent.poll() is None
    finally:
        innocent.kill()
        innocent.wait()


def test_starting_again_replaces_a_leftover(folder: Path) -> None:
    first = start(folder)
    second = start(folder)
    assert gone(first.pid)
    assert read_state(folder / "state.json") == second
    second.stop()


def test_a_port_in_use_is_told(folder: Path) -> None:
    port = free_port()
    with socket.socket() as busy:
        busy.bind(("127.0.0.1", port))
        busy.listen()
        with pytest.raises(RetryLater) as failed:
            start(folder, port)
    assert failed.value.code == 101
    assert "log" in failed.value.next_step
    assert not (folder / "state.json").exists()
    assert (folder / "log").stat().st_size > 0
