"""The Channel of exchange/ports over SFTP. Layout of the far side: `exchange/domain/lane.py`."""

from __future__ import annotations

import errno
import secrets
import shutil
import stat
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from posixpath import join
from typing import Any, Final, TypeVar

import paramiko
import stamina
from paramiko.sftp import SFTPError

from exchange.adapters.channel_sftp.login import SftpLogin, open_wire
from exchange.adapters.channel_sftp.upload import SPARE_BYTES, disk_full, remove, upload
from exchange.adapters.channel_sftp.wire import READ_BYTES, Capabilities, Wire
from exchange.domain.errors import ExchangeError, NeedsPerson, RetryLater
from exchange.domain.lane import (
    INCOMING,
    MANIFEST,
    READY,
    TAKEN,
    check_arrived,
    in_order,
    incomplete,
    lane,
    lane_of,
)

T = TypeVar("T")

MAX_MANIFEST_BYTES: Final = 4 * 1024 * 1024


class SftpChannel:
    """Packets between this end and one counterpart through an SFTP server.

    One connection, opened when first needed and again after a loss; calls from several threads wait for each other.
    """

    def __init__(
        self, *, own: str, counterpart: str, attempts: int = 3, login: SftpLogin | None = None, **where: Any
    ) -> None:
        """`where` are SftpLogin's fields, for callers that have no login at hand."""
        self._login = login = login or SftpLogin(**where)
        self._attempts = attempts
        self._root = login.root or "."
        self._out = join(self._root, lane(own, counterpart))
        self._in = join(self._root, lane(counterpart, own))
        self._lanes = (lane(own, counterpart), lane(counterpart, own))
        self._wire: Wire | None = None
        self._renames: bool | None = None
        self._renaming: set[str] = set()
        self._lock = threading.RLock()

    def publish(self, packet_id: str, files: Mapping[str, Path], *, again: bool = False) -> None:
        """Make the packet appear at the far side, whole and once. Asks first; resumes what it left. `again`: also
        when the far side took it already.

        Raises RetryLater 101, 104, 105; NeedsPerson 102, 103, 106, 107, 109; 404 when the far side holds another
        packet under this name.
        """
        self._mine(packet_id, self._lanes[0])
        if READY not in files:
            raise incomplete(packet_id)
        self._do(lambda wire: self._publish(wire, packet_id, files, again=again))

    def delivered(self, packet_id: str) -> bool:
        """Whether the far side has it whole (waiting or already taken)."""
        return self._do(lambda wire: self._standing(wire, packet_id) is not None)

    def arrived(self) -> Sequence[str]:
        """Names of packets for us with READY in place, in name order."""
        return self._do(self._arrived)

    def fetch(self, packet_id: str, into: Path) -> None:
        """Copy an arrived packet's files into an empty local folder. A lost line goes on where it broke.

        Raises NeedsPerson 304 on a name that no packet has, 411 when READY is not there.
        """
        self._mine(packet_id, self._lanes[1])
        self._do(lambda wire: self._fetch(wire, join(self._in, packet_id), into))

    def taken(self, packet_id: str) -> None:
        """Move an arrived packet out of the way; again is safe."""
        self._mine(packet_id, self._lanes[1])
        self._do(lambda wire: self._taken(wire, packet_id))

    def probe(self) -> Capabilities:
        """What the counterpart's server can do. Leaves nothing behind."""
        return self._do(self._probe)

    def close(self) -> None:
        """End the connection."""
        with self._lock:
            wire, self._wire = self._wire, None
            if wire is not None:
                wire.hang_up()

    def _do(self, work: Callable[[Wire], T]) -> T:
        caller = stamina.RetryingCaller(
            attempts=self._attempts, timeout=None, wait_initial=0.2, wait_max=3.0, wait_jitter=0.3
        )
        with self._lock:
            return caller.on(_passing)(self._once, work)

    def _once(self, work: Callable[[Wire], T]) -> T:
        if self._wire is None or not self._wire.alive:
            self.close()
            self._wire = open_wire(self._login)
        wire = self._wire
        try:
            return work(wire)
        except ExchangeError:
            raise
        except (paramiko.SSHException, SFTPError, EOFError, OSError) as error:
            problem = _translated(error, wire, self._login)
            if isinstance(problem, RetryLater):
                self.close()
            raise problem from error

    def _mine(self, packet_id: str, wanted: str) -> None:
        if lane_of(packet_id) != wanted:
            raise NeedsPerson(
                801,
                "The packet does not travel on this lane.",
                where=packet_id,
                next_step=f"Use the channel of its own parties; this one is for {wanted}.",
            )

    def _standing(self, wire: Wire, packet_id: str) -> str | None:
        """The folder in which the far side has the packet whole."""
        for folder in (join(self._out, packet_id), join(self._out, TAKEN, packet_id)):
            if _exists(wire, join(folder, READY)):
                return folder
        return None

    def _publish(self, wire: Wire, packet_id: str, files: Mapping[str, Path], *, again: bool) -> None:
        folder = self._standing(wire, packet_id)
        if folder is not None:
            _refuse_fork(wire, folder, files)
            if not again or folder != join(self._out, TAKEN, packet_id):
                return
        incoming, final = join(self._out, INCOMING + packet_id), join(self._out, packet_id)
        if packet_id in self._renaming and not _exists(wire, incoming):
            return
        _make_folder(wire, self._root, self._out)
        if self._can_rename(wire) and not _exists(wire, final):
            self._upload_all(wire, incoming, files)
            self._renaming.add(packet_id)
            self._rename(wire, incoming, final, packet_id)
            self._renaming.discard(packet_id)
        else:  # or it stands there without READY, where nobody reads it
            self._upload_all(wire, final, files)
            _remove_folder(wire, incoming)

    def _rename(self, wire: Wire, incoming: str, final: str, packet_id: str) -> None:
        try:
            _rename(wire, incoming, final)
        except OSError:
            if not wire.alive or self._standing(wire, packet_id) is None:
                raise

    def _upload_all(self, wire: Wire, folder: str, files: Mapping[str, Path]) -> None:
        with suppress(OSError):
            wire.mkdir(folder, 0o770)
        there = {entry.filename: entry.st_size or 0 for entry in wire.listdir_attr(folder)}
        for stale in set(there) - set(files):
            remove(wire, join(folder, stale))
        missing = sum(max(0, local.stat().st_size - there.get(name, 0)) for name, local in files.items())
        free = wire.free_bytes(folder)
        if free is not None and missing > 0 and free < missing + SPARE_BYTES:
            raise disk_full(folder)
        for name in in_order(files):
            upload(wire, files[name], join(folder, name), fsync=self._login.fsync)

    def _can_rename(self, wire: Wire) -> bool:
        """Whether the server renames folders, tried with an empty one; asked once."""
        if self._renames is None:
            before = join(self._out, f".probe-{secrets.token_hex(6)}")
            after = before + "-renamed"
            wire.mkdir(before, 0o770)
            try:
                _rename(wire, before, after)
                self._renames = True
            except OSError:
                if not wire.alive:
                    raise
                self._renames = False
            for name in (before, after):
                with suppress(OSError):
                    wire.rmdir(name)
        return self._renames

    def _arrived(self, wire: Wire) -> Sequence[str]:
        try:
            entries = wire.listdir_attr(self._in)
        except FileNotFoundError:
            return []
        names = sorted(e.filename for e in entries if lane_of(e.filename) == self._lanes[1])
        return [name for name in names if _exists(wire, join(self._in, name, READY)) and not self._marked(wire, name)]

    def _marked(self, wire: Wire, packet_id: str) -> bool:
        """Whether a packet that could not be moved was marked as taken and is half removed."""
        return self._renames is False and _exists(wire, join(self._in, TAKEN, packet_id, READY))

    def _fetch(self, wire: Wire, folder: str, into: Path) -> None:
        entries = wire.listdir_attr(folder)
        sizes = {e.filename: e.st_size or 0 if stat.S_ISREG(e.st_mode or stat.S_IFREG) else -1 for e in entries}
        there = sum(file.stat().st_size for file in into.iterdir())
        check_arrived(sizes, free_bytes=shutil.disk_usage(into).free + there, where=folder)
        for name in in_order(sorted(sizes)):
            _download(wire, join(folder, name), into / name, sizes[name])

    def _taken(self, wire: Wire, packet_id: str) -> None:
        source, shelf = join(self._in, packet_id), join(self._in, TAKEN)
        if not _exists(wire, source):
            return
        _make_folder(wire, self._in, shelf)
        target = join(shelf, packet_id)
        if _exists(wire, target):
            target += f".again-{secrets.token_hex(4)}"
        try:
            _rename(wire, source, target)
        except OSError:
            if not wire.alive:
                raise
            self._renames = False
            _mark_taken(wire, source, join(shelf, packet_id))

    def _probe(self, wire: Wire) -> Capabilities:
        _make_folder(wire, self._root, self._out)
        self._renames = None
        renames = self._can_rename(wire)
        name = join(self._out, f".probe-{secrets.token_hex(6)}")
        try:
            with wire.open(name, "w") as handle:
                handle.write(b"12")
            with wire.open(name, "a") as handle:
                handle.write(b"34")
            appends = wire.stat(name).st_size == 4
            with wire.open(name, "r") as handle:
                hashes = _answers(lambda: handle.check("sha256"))
        finally:
            remove(wire, name)
        free = wire.free_bytes(self._out)
        return Capabilities(
            folder_rename=renames,
            posix_rename="posix-rename@openssh.com" in wire.extensions,
            append=appends,
            statvfs=free is not None,
            fsync="fsync@openssh.com" in wire.extensions,
            check_file=hashes,
            free_bytes=free,
            announced=wire.extensions,
        )


def _passing(error: Exception) -> bool:
    return isinstance(error, RetryLater) and error.code in (101, 105)


def _translated(error: Exception, wire: Wire, login: SftpLogin) -> ExchangeError:
    if wire.alive and isinstance(error, PermissionError | FileNotFoundError):
        return NeedsPerson(
            106,
            "The far side refuses access to the folder, or it is not there.",
            where=f"{login.where} {login.root}",
            next_step="Ask the counterpart to check the folder and the rights of our user on it.",
        )
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        return NeedsPerson(
            906,
            "The disc at this end is full.",
            where="working folder of the vault",
            next_step="Make room; the packet waits at the server and is fetched again.",
        )
    if wire.alive and isinstance(error, OSError) and error.errno is None and not isinstance(error, TimeoutError):
        return RetryLater(
            105,
            "The server failed while it worked on a packet.",
            where=f"{login.where} {login.root}",
            next_step="It is tried again by itself; if it lasts, the counterpart's server log tells more.",
        )
    return RetryLater(
        105,
        "The connection was lost.",
        where=login.where,
        next_step="It is tried again by itself and goes on where it stopped.",
    )


def _exists(wire: Wire, path: str) -> bool:
    try:
        wire.stat(path)
    except FileNotFoundError:
        return False
    return True


def _make_folder(wire: Wire, parent: str, path: str) -> None:
    """The folder, made when missing; its parent must be there."""
    if _exists(wire, path):
        return
    wire.stat(parent)
    try:
        wire.mkdir(path, 0o770)
    except OSError:
        if not wire.alive or not _exists(wire, path):
            raise


def _rename(wire: Wire, before: str, after: str) -> None:
    try:
        wire.posix_rename(before, after)
    except OSError:
        if not wire.alive:
            raise
        wire.rename(before, after)


def _remove_folder(wire: Wire, folder: str) -> None:
    with suppress(FileNotFoundError):
        for name in wire.listdir(folder):
            remove(wire, join(folder, name))
        wire.rmdir(folder)


def _refuse_fork(wire: Wire, folder: str, files: Mapping[str, Path]) -> None:
    """404 when the far side holds another packet under this name: the same number was used twice."""
    if MANIFEST not in files:
        return
    try:
        with wire.open(join(folder, MANIFEST), "r") as handle:
            far = handle.read(MAX_MANIFEST_BYTES)
    except FileNotFoundError:
        return
    if far != files[MANIFEST].read_bytes():
        raise NeedsPerson(
            404,
            "The far side already has another packet under this number.",
            where=folder,
            next_step="Do not send it under another number. Find out with the counterpart which of the two is real; "
            "a ledger restored from a backup is the usual cause.",
        )


def _mark_taken(wire: Wire, source: str, mark: str) -> None:
    """Where folders can't be renamed: keep manifest and READY under `taken/`, then remove the packet."""
    _make_folder(wire, join(mark, ".."), mark)
    for name in (MANIFEST, READY):
        content = b""
        with suppress(FileNotFoundError), wire.open(join(source, name), "r") as handle:
            content = handle.read(MAX_MANIFEST_BYTES)
        with wire.open(join(mark, name), "w") as handle:
            handle.write(content)
    remove(wire, join(source, READY))
    _remove_folder(wire, source)


def _download(wire: Wire, remote: str, local: Path, size: int) -> None:
    """Bring a remote file of a size to a local one, going on at the bytes already there."""
    with local.open("ab") as sink:
        start = sink.tell()
        if start >= size:
            return
        wanted = [(at, min(READ_BYTES, size - at)) for at in range(start, size, READ_BYTES)]
        with wire.open(remote, "r") as handle:
            for block in wire.blocks(handle, wanted):
                sink.write(block)
        written = sink.tell()
    if written != size or wire.stat(remote).st_size != size:
        raise RetryLater(
            105, "The file changed while it was read.", where=remote, next_step="It is tried again by itself."
        )


def _answers(question: Callable[[], object]) -> bool:
    try:
        question()
    except (OSError, paramiko.SSHException):
        return False
    return True
