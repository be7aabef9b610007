"""Getting in: a key file nobody else can read, a host key pinned by fingerprint, modern algorithms only.

No agent, no search for keys, no password, and no host key is ever accepted because it was seen first.
"""

from __future__ import annotations

import hashlib
import logging
import socket
import stat
from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import paramiko
from paramiko.ssh_exception import IncompatiblePeer

from exchange.adapters.channel_sftp.wire import WINDOW_BYTES, Wire
from exchange.domain.errors import NeedsPerson, RetryLater

CIPHERS: Final = ("aes128-gcm@openssh.com", "aes256-gcm@openssh.com", "aes256-ctr", "aes128-ctr")
MACS: Final = (
    "hmac-sha2-256-etm@openssh.com",
    "hmac-sha2-512-etm@openssh.com",
    "hmac-sha2-256",
    "hmac-sha2-512",
)
KEX: Final = (
    "mlkem768x25519-sha256",
    "curve25519-sha256@libssh.org",
    "ecdh-sha2-nistp256",
    "ecdh-sha2-nistp384",
    "ecdh-sha2-nistp521",
    "diffie-hellman-group16-sha512",
    "diffie-hellman-group-exchange-sha256",
)
HOST_KEYS: Final = (
    ("ssh-ed25519",),
    ("ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521"),
    ("rsa-sha2-512", "rsa-sha2-256"),
)
"""Families of host keys. A server has one key of each; the pinned one may be of any."""


logging.getLogger("paramiko").addHandler(logging.NullHandler())
# Its tracebacks of lost connections belong into a log that somebody configured, not onto an officer's screen.


@dataclass(frozen=True, slots=True, kw_only=True)
class SftpLogin:
    """Where, as whom, and what the server must show.

    `host_keys` as `ssh-keygen -l` prints them (`SHA256:…`); more than one only while the host changes
    its key. `root` is the folder the lanes lie in. `fsync` asks the server to bring every file to its disc.
    """

    host: str
    user: str
    key_file: Path
    host_keys: tuple[str, ...]
    port: int = 22
    root: str = ""
    passphrase: str | None = field(default=None, repr=False)
    timeout_s: float = 30.0
    keepalive_s: int = 15
    fsync: bool = True

    @property
    def where(self) -> str:
        """Host and port, for messages."""
        return f"{self.host}:{self.port}"


def open_wire(login: SftpLogin) -> Wire:
    """A session with the pinned server.

    Raises RetryLater 101, 105; NeedsPerson 102, 103, 109 (no algorithm in common), 204, 205, 206.
    """
    key = _read_key(login)
    pinned = {_plain(text) for text in login.host_keys}
    shown: list[str] = []
    every = tuple(name for family in HOST_KEYS for name in family)
    for names in (every, *HOST_KEYS):
        transport = _greet(login, names, only=names is every)
        if transport is None:
            continue
        seen = fingerprint(transport.get_remote_server_key())
        if seen in pinned:
            return _log_in(transport, login, key)
        transport.close()
        shown += [seen] if seen not in shown else []
    raise NeedsPerson(
        102,
        f"The server shows a host key that is not pinned. Pinned: {', '.join(sorted(pinned)) or 'none'}. "
        f"Shown: {', '.join(shown)}.",
        where=login.where,
        next_step="Ask the counterpart by telephone which fingerprint is theirs; nothing was sent. "
        "Pin the new one only when they confirm it.",
    )


def fingerprint(key: paramiko.PKey) -> str:
    """SHA256:… as `ssh-keygen -l` prints it."""
    return "SHA256:" + b64encode(hashlib.sha256(key.asbytes()).digest()).decode("ascii").rstrip("=")


def _plain(text: str) -> str:
    return "SHA256:" + text.strip().removeprefix("SHA256:").rstrip("=")


def _read_key(login: SftpLogin) -> paramiko.PKey:
    path = login.key_file
    try:
        mode = path.stat().st_mode
    except OSError as error:
        raise NeedsPerson(
            204, "The SFTP login key is missing.", where=str(path), next_step="Restore the file or name another."
        ) from error
    if stat.S_IMODE(mode) & 0o077:
        raise NeedsPerson(
            205,
            f"The SFTP login key can be read by others (mode {stat.S_IMODE(mode):04o}).",
            where=str(path),
            next_step=f"Run: chmod 600 {path}; if it lay open for long, have a new key registered.",
        )
    try:
        secret: Any = login.passphrase.encode("utf-8") if login.passphrase else None
        return paramiko.PKey.from_path(path, secret)
    except (paramiko.SSHException, OSError, ValueError, TypeError, paramiko.pkey.UnknownKeyType) as error:
        raise NeedsPerson(
            206,
            "The SFTP login key can't be read, or its passphrase is wrong.",
            where=str(path),
            next_step="Check the file and the passphrase; keys are OpenSSH or PEM, ed25519, ECDSA or RSA.",
        ) from error


def _greet(login: SftpLogin, host_keys: Sequence[str], *, only: bool) -> paramiko.Transport | None:
    """A connection up to the server's host key; None when it has no key of the family asked for."""
    try:
        link = socket.create_connection((login.host, login.port), timeout=login.timeout_s)
    except OSError as error:
        raise unreachable(login) from error
    transport = paramiko.Transport(link, default_window_size=WINDOW_BYTES)
    transport.banner_timeout = transport.handshake_timeout = transport.auth_timeout = login.timeout_s
    transport.channel_timeout = login.timeout_s
    offer = transport.get_security_options()
    offer.ciphers, offer.digests, offer.key_types = CIPHERS, MACS, tuple(host_keys)
    offer.kex = tuple(name for name in KEX if name in offer.kex)
    try:
        transport.start_client(timeout=login.timeout_s)
        transport.get_remote_server_key()
    except IncompatiblePeer as error:
        transport.close()
        if not only:
            return None
        raise NeedsPerson(
            109,
            "The server offers no algorithm that this end accepts.",
            where=login.where,
            next_step="Ask the counterpart to enable AES-GCM or AES-CTR with SHA-2 and a modern key exchange.",
        ) from error
    except (paramiko.SSHException, EOFError, OSError) as error:
        transport.close()
        raise unreachable(login) from error
    return transport


def unreachable(login: SftpLogin) -> RetryLater:
    """101, for this server."""
    return RetryLater(
        101,
        "The SFTP server can't be reached.",
        where=login.where,
        next_step="It is tried again by itself; if it lasts, ask the counterpart and the network people.",
    )


def _log_in(transport: paramiko.Transport, login: SftpLogin, key: paramiko.PKey) -> Wire:
    try:
        if transport.auth_publickey(login.user, key):
            raise paramiko.AuthenticationException("more than a key is asked for")
        transport.set_keepalive(login.keepalive_s)
        channel = transport.open_session(timeout=login.timeout_s)
        channel.settimeout(login.timeout_s)
        channel.invoke_subsystem("sftp")
        return Wire(channel)
    except (paramiko.SSHException, EOFError, OSError) as error:
        lost = not transport.is_active() or isinstance(error, TimeoutError) or "timeout" in str(error).lower()
        transport.close()
        if lost and not isinstance(error, paramiko.BadAuthenticationType):
            raise RetryLater(
                105,
                "The connection was lost while logging in.",
                where=login.where,
                next_step="It is tried again by itself.",
            ) from error
        raise NeedsPerson(
            103,
            f"The server refuses user {login.user!r} with this key.",
            where=login.where,
            next_step="Check user name and key file, and that the counterpart has registered the public key "
            "and allows SFTP.",
        ) from error
