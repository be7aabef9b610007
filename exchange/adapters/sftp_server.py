"""A small SFTP server for demonstrations and rehearsals, in its own process, ended with whoever started it.

`python -m exchange.adapters.sftp_server --root DIR --port 0 --host-key FILE --authorized FILE --state FILE`

Keys only, jailed to its root, no links, no shell, no forwarding. In production OpenSSH does this work.
The state file holds {port, pid, started, host_fingerprint}; it is written whole when the server listens.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import ctypes
import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import asyncssh
import psutil

from exchange.domain.errors import RetryLater

_PR_SET_PDEATHSIG: Final = 1
_WATCH_SECONDS: Final = 0.5
_START_SECONDS: Final = 30.0
_SAME_START_SECONDS: Final = 0.05
_ALGORITHMS: Final = {
    "encryption_algs": ["aes128-gcm@openssh.com", "aes256-gcm@openssh.com", "aes256-ctr", "aes128-ctr"],
    "mac_algs": ["hmac-sha2-256-etm@openssh.com", "hmac-sha2-256"],
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerHandle:
    """A running server. `started` is the process's start time (seconds since the epoch), as the system tells it."""

    port: int
    pid: int
    started: float
    host_fingerprint: str
    state_file: Path

    def stop(self) -> None:
        """End it and forget it; again is safe."""
        stop_recorded(self.state_file)


def make_key(path: Path) -> str:
    """A new ed25519 key file with mode 0600; returns the line for `authorized_keys` or `known_hosts`.

    An existing file is kept and its line returned.
    """
    if not path.exists():
        data = asyncssh.generate_private_key("ssh-ed25519").export_private_key()
        _private_folder(path.parent)
        part = path.with_name(f".{path.name}.{os.getpid()}")
        number = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(number, "wb") as out:
            out.write(data)
        part.replace(path)
    line: str = asyncssh.read_private_key(path).export_public_key().decode("ascii").strip()
    return line


def _private_folder(folder: Path) -> None:
    """Make a folder and those above it that are missing, each closed to others."""
    if not folder.is_dir():
        _private_folder(folder.parent)
        folder.mkdir(mode=0o700, exist_ok=True)


def fingerprint_of(path: Path) -> str:
    """SHA256:… of a private or public key file, as `ssh-keygen -l` prints it."""
    try:
        key: Any = asyncssh.read_private_key(path)
    except asyncssh.KeyImportError:
        key = asyncssh.read_public_key(path)
    return str(key.get_fingerprint("sha256"))


def start_server(
    root: Path, *, host_key: Path, authorized: Path, state_file: Path, port: int = 0, log: Path | None = None
) -> ServerHandle:
    """Start the server and wait until it listens on 127.0.0.1; it dies with this process.

    A leftover recorded in the state file is ended first. RetryLater 101 when it does not come up.
    """
    stop_recorded(state_file)
    command = [sys.executable, "-m", __name__, "--root", root, "--port", port, "--host-key", host_key]
    command += ["--authorized", authorized, "--state", state_file, "--parent", os.getpid()]
    with open(log or os.devnull, "ab", opener=_private) as out:
        process = subprocess.Popen([str(part) for part in command], stdout=out, stderr=out, stdin=subprocess.DEVNULL)
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        known = read_state(state_file)
        if known is not None and known.pid == process.pid:
            return known
        time.sleep(0.05)
    process.kill()
    process.wait()
    raise RetryLater(
        101,
        "The demonstration SFTP server did not start.",
        where=f"127.0.0.1:{port}",
        next_step=f"Look into {log}." if log else "Start it by hand to see why.",
    )


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def read_state(state_file: Path) -> ServerHandle | None:
    """The server a state file records; None when there is none or it can't be read."""
    try:
        return ServerHandle(**json.loads(state_file.read_bytes()), state_file=state_file)
    except (OSError, ValueError, TypeError):
        return None


def stop_recorded(state_file: Path) -> bool:
    """End the recorded process if it is still the one that was recorded (pid and start time); True when it was.

    A process that merely has the same number now is left alone. The state file is removed.
    """
    known = read_state(state_file)
    state_file.unlink(missing_ok=True)
    if known is None:
        return False
    try:
        process = psutil.Process(known.pid)
        if abs(process.create_time() - known.started) > _SAME_START_SECONDS:
            return False
        process.terminate()
        try:
            process.wait(timeout=5)
        except psutil.TimeoutExpired:
            process.kill()
            process.wait(timeout=5)
    except psutil.NoSuchProcess:
        return False
    return True


class _Jail(asyncssh.SFTPServer):
    """The root folder and nothing beside it: links can't be made, and those that lead out are not followed."""

    def map_path(self, path: bytes) -> bytes:
        mapped: bytes = super().map_path(path)
        root = self._chroot
        if root is not None and not (os.path.realpath(mapped) + b"/").startswith(root + b"/"):
            raise asyncssh.SFTPPermissionDenied("outside the exchange folder")
        return mapped

    def symlink(self, *_paths: bytes) -> None:
        """Refused."""
        raise asyncssh.SFTPPermissionDenied("no links here")

    def link(self, *_paths: bytes) -> None:
        """Refused."""
        raise asyncssh.SFTPPermissionDenied("no links here")


async def _serve(*, root: Path, port: int, host_key: Path, authorized: Path, state_file: Path, parent: int) -> None:
    server = await asyncssh.listen(
        "127.0.0.1",
        port,
        server_host_keys=[str(host_key)],
        authorized_client_keys=str(authorized),
        password_auth=False,
        kbdint_auth=False,
        sftp_factory=lambda channel: _Jail(channel, chroot=os.fsencode(root)),
        allow_scp=False,
        agent_forwarding=False,
        **_ALGORITHMS,
    )
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGTERM, ended.set)
    loop.add_signal_handler(signal.SIGINT, ended.set)
    handle = ServerHandle(
        port=server.get_port(),
        pid=os.getpid(),
        started=psutil.Process().create_time(),
        host_fingerprint=fingerprint_of(host_key),
        state_file=state_file,
    )
    _write_state(handle)
    while not ended.is_set() and (parent == 0 or os.getppid() == parent):
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(ended.wait(), _WATCH_SECONDS)
    server.close()


def _write_state(handle: ServerHandle) -> None:
    body = asdict(handle)
    del body["state_file"]
    part = handle.state_file.with_name(handle.state_file.name + ".part")
    part.parent.mkdir(parents=True, exist_ok=True)
    part.write_text(json.dumps(body), encoding="ascii")
    part.replace(handle.state_file)


def _die_with(parent: int) -> None:
    """Have Linux end this process with its parent; the watch in `_serve` does it elsewhere, half a second later.

    Linux means the parent's *thread*: when that alone has ended, the signal is ignored.
    """

    def gone(_signal: int, _frame: Any) -> None:
        if os.getppid() != parent:
            os._exit(0)

    if sys.platform.startswith("linux"):
        signal.signal(signal.SIGUSR1, gone)
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGUSR1, 0, 0, 0)
    if os.getppid() != parent:
        os._exit(0)


def main() -> None:
    """Serve until told to stop, or until the parent is gone."""
    options = argparse.ArgumentParser(description="Demonstration SFTP server: keys only, jailed to its root.")
    for name in ("--root", "--host-key", "--authorized", "--state"):
        options.add_argument(name, type=Path, required=True)
    options.add_argument("--port", type=int, default=0)
    options.add_argument("--parent", type=int, default=0, help="process to die with; 0 for none")
    chosen = options.parse_args()
    if chosen.parent:
        _die_with(chosen.parent)
    chosen.root.mkdir(parents=True, exist_ok=True)
    served = {name: getattr(chosen, name) for name in ("root", "port", "host_key", "authorized", "parent")}
    asyncio.run(_serve(**served, state_file=chosen.state))


if __name__ == "__main__":
    main()
