"""A real OpenSSH server for one test session: own host key, key login only, internal-sftp, a free port."""

from __future__ import annotations

import getpass
import hashlib
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519

CONFIG = """\
Port {port}
ListenAddress 127.0.0.1
{host_keys}
PidFile {folder}/sshd.pid
AuthorizedKeysFile {folder}/authorized_keys
StrictModes no
UsePAM no
PermitRootLogin prohibit-password
PasswordAuthentication no
KbdInteractiveAuthentication no
AuthenticationMethods publickey
MaxStartups 100
LogLevel ERROR
Subsystem sftp internal-sftp -u 0007
{extra}
"""


def free_port() -> int:
    """A port nobody listens on right now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def make_key(path: Path, *, kind: str = "ed25519", mode: int = 0o600) -> str:
    """An OpenSSH private key file; returns the public line."""
    key = ed25519.Ed25519PrivateKey.generate() if kind == "ed25519" else ec.generate_private_key(ec.SECP256R1())
    path.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.OpenSSH, serialization.NoEncryption())
    )
    path.chmod(mode)
    line = key.public_key().public_bytes(serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH)
    path.with_suffix(".pub").write_bytes(line + b"\n")
    return line.decode()


def fingerprint(public_line: str) -> str:
    """SHA256:… as `ssh-keygen -l` shows it."""
    digest = hashlib.sha256(_unbase64(public_line.split()[1])).digest()
    return "SHA256:" + b64encode(digest).decode().rstrip("=")


def _unbase64(text: str) -> bytes:
    from base64 import b64decode

    return b64decode(text)


@dataclass
class Sshd:
    """A running sshd. `user` may log in with `user_key`. A test that starts it anew sets `process`."""

    port: int
    user: str
    user_key: Path
    host_fingerprint: str
    folder: Path
    process: subprocess.Popen[bytes]
    uid: int
    gid: int

    def home(self, name: str, *, mode: int = 0o755) -> Path:
        """A new folder that the login user owns."""
        path = self.folder / "srv" / name
        path.mkdir(parents=True)
        path.chmod(mode)
        if os.geteuid() == 0:
            os.chown(path, self.uid, self.gid)
        return path


def sshd_path() -> str:
    """Where sshd is; the test is skipped when there is none."""
    found = shutil.which("sshd") or shutil.which("/usr/sbin/sshd")
    if found is None:
        pytest.skip("no OpenSSH server on this machine")
    return found


@contextmanager
def running_sshd(
    folder: Path,
    *,
    user: str | None = None,
    port: int | None = None,
    file_limit_bytes: int | None = None,
    extra: str = "",
) -> Iterator[Sshd]:
    """Start sshd under `folder` and stop it afterwards. `user` other than our own needs root."""
    sshd = sshd_path()
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o755)
    if os.geteuid() == 0:
        Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)
    entry = pwd.getpwnam(user or getpass.getuser())
    host_line = make_key(folder / "host_ed25519")
    make_key(folder / "host_ecdsa", kind="ecdsa")
    keys = folder / "authorized_keys"
    keys.write_text(make_key(folder / "user_key") + "\n")
    keys.chmod(0o644)  # sshd reads it as the login user, whatever our umask
    (folder / "srv").mkdir(exist_ok=True)
    (folder / "srv").chmod(0o755)
    port = port or free_port()
    host_keys = "\n".join(f"HostKey {folder}/{name}" for name in ("host_ed25519", "host_ecdsa"))
    config = folder / "sshd_config"
    config.write_text(CONFIG.format(port=port, folder=folder, host_keys=host_keys, extra=extra))
    command = [sshd, "-D", "-e", "-f", str(config)]
    if file_limit_bytes is not None:
        command = ["sh", "-c", f'trap "" XFSZ; ulimit -f {file_limit_bytes // 512}; exec "$@"', "sh", *command]
    with (folder / "sshd.log").open("ab") as log:
        process = subprocess.Popen(command, stderr=log, stdout=log, start_new_session=True)
    made = Sshd(
        port=port,
        user=entry.pw_name,
        user_key=folder / "user_key",
        host_fingerprint=fingerprint(host_line),
        folder=folder,
        process=process,
        uid=entry.pw_uid,
        gid=entry.pw_gid,
    )
    try:
        _wait_for(port, process, folder / "sshd.log")
        yield made
    finally:
        if made.process.poll() is None:
            os.killpg(made.process.pid, signal.SIGTERM)
            made.process.wait(timeout=10)


def _wait_for(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        if process.poll() is not None:
            pytest.fail(f"sshd ended: {log.read_text()}")
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=1):
                return
        except OSError:
            time.sleep(0.05)
    pytest.fail("sshd did not come up in 10 s")


@pytest.fixture(scope="session")
def sshd() -> Iterator[Sshd]:
    """A real OpenSSH server; as root the login user is `nobody`, so that permissions count.

    Not below pytest's own temporary folder, which every pytest that starts closes to other users.
    """
    user = "nobody" if os.geteuid() == 0 else None
    base = Path(tempfile.mkdtemp(prefix="exchange-sshd-"))
    base.chmod(0o755)
    try:
        with running_sshd(base / "sshd", user=user) as server:
            yield server
    finally:
        shutil.rmtree(base, ignore_errors=True)
