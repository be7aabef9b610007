"""Channel over a folder: a disc, a USB stick, a mounted share, or the root of one's own SFTP server.

The same layout and the same promises as over SFTP (`exchange/domain/lane.py`): files first, verified after they
reached the disc, then one rename that makes the packet appear.

Others write here too, so nothing below the root is trusted: every folder and file is opened without following links
and from its folder's own handle, a name that is already there is never written through, and what arrived is measured
before it is copied.
"""

from __future__ import annotations

import errno
import hashlib
import os
import secrets
import shutil
import stat
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from io import BufferedReader
from itertools import islice
from pathlib import Path
from typing import BinaryIO, Final

from exchange.domain.errors import ExchangeError, NeedsPerson, RetryLater
from exchange.domain.lane import (
    INCOMING,
    MANIFEST,
    MOST_FILES,
    READY,
    TAKEN,
    check_arrived,
    foreign,
    in_order,
    incomplete,
    lane,
    lane_of,
)

_COPY_BYTES: Final = 1024 * 1024
_MANIFEST_BYTES: Final = 4 * 2**20
_FULL: Final = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_REFUSED: Final = (errno.EACCES, errno.EPERM, errno.EROFS)
_LINK: Final = (errno.ELOOP, errno.ENOTDIR)
_FOLDER: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_READ: Final = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_NEW: Final = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_SHARED_FOLDER, _SHARED_FILE = 0o770, 0o660
"""Both ends' users share the folder's group; nobody else reads even sealed packets."""


class FolderChannel:
    """Packets between this end and one counterpart through a folder both reach, by hand or by mount."""

    def __init__(self, root: Path, *, own: str, counterpart: str) -> None:
        self._root = root
        self._lanes = (lane(own, counterpart), lane(counterpart, own))

    def publish(self, packet_id: str, files: Mapping[str, Path], *, again: bool = False) -> None:
        """Make the packet appear in the folder, whole and once. Asks first; keeps files already there and equal.
        `again`: also when it was taken already.

        Raises RetryLater 101 (the folder is not there), 104, 105; NeedsPerson 106, 107; 304 for a link in the way;
        404 when the folder holds another packet under this name; 411 without READY.
        """
        self._mine(packet_id, self._lanes[0])
        if READY not in files:
            raise incomplete(packet_id)
        with self._out() as out:
            there = _standing(out, packet_id)
            if there is not None:
                _refuse_fork(out, there, files)
                if not again or there[0] != TAKEN:
                    return
            half = bool(
                _mode(out, packet_id)
            )  # by hand, or by a disc that lost READY: nobody reads it, so mend it there
            incoming = packet_id if half else INCOMING + packet_id
            with _made(out, incoming) as box:
                for stale in set(_names(box)) - set(files):
                    _remove(box, stale)
                for name in in_order(files):
                    _copy(files[name], box, name)
                _sync(box)
            if not half:
                os.rename(incoming, packet_id, src_dir_fd=out, dst_dir_fd=out)
            _sync(out)

    def delivered(self, packet_id: str) -> bool:
        """Whether the folder has it whole (waiting or already taken)."""
        with self._lane(0) as out:
            return out is not None and _standing(out, packet_id) is not None

    def arrived(self) -> Sequence[str]:
        """Names of packets for us with READY in place, in name order; a link of such a name too, so that it is told."""
        with self._lane(1) as come:
            if come is None:
                return []
            ours = [name for name in _names(come) if lane_of(name) == self._lanes[1]]
            return sorted(name for name in ours if _has_ready(come, name) or stat.S_ISLNK(_mode(come, name)))

    def fetch(self, packet_id: str, into: Path) -> None:
        """Copy an arrived packet's files into an empty local folder.

        Raises NeedsPerson 304 on a name, link or other thing that no packet has, 411 when READY is not there or a
        file is larger than any packet's, 906 when this end's disc has no room.
        """
        self._mine(packet_id, self._lanes[1])
        with self._lane(1) as come:
            if come is None:
                raise incomplete(packet_id)
            with _opened(come, packet_id) as box:
                sizes = {name: _size(box, name) for name in islice(_names(box), MOST_FILES + 1)}
                check_arrived(sizes, free_bytes=shutil.disk_usage(into).free, where=str(self._root / packet_id))
                for name in in_order(sorted(sizes)):
                    with _reading(box, name) as reader, _own_disc(into), (into / name).open("xb") as writer:
                        _copy_bytes(reader, writer, sizes[name], packet_id)

    def taken(self, packet_id: str) -> None:
        """Move an arrived packet out of the way; again is safe."""
        self._mine(packet_id, self._lanes[1])
        with self._lane(1) as come:
            if come is None or not stat.S_ISDIR(_mode(come, packet_id)):
                return
            with _made(come, TAKEN) as shelf:
                target = packet_id
                if _mode(shelf, target):
                    target = f"{packet_id}.again-{secrets.token_hex(4)}"
                os.rename(packet_id, target, src_dir_fd=come, dst_dir_fd=shelf)
                _sync(shelf)
            _sync(come)

    def close(self) -> None:
        """Nothing to end."""

    @contextmanager
    def _out(self) -> Iterator[int]:
        """The lane to the counterpart, made when it is missing."""
        with _translated(self._root), self._attached() as root, _made(root, self._lanes[0]) as handle:
            yield handle

    @contextmanager
    def _lane(self, which: int) -> Iterator[int | None]:
        """A lane that may not be there yet."""
        with _translated(self._root), self._attached() as root:
            if not _mode(root, self._lanes[which]):
                yield None
                return
            with _opened(root, self._lanes[which]) as handle:
                yield handle

    @contextmanager
    def _attached(self) -> Iterator[int]:
        if not self._root.is_dir():
            raise RetryLater(
                101,
                "The exchange folder is not there.",
                where=str(self._root),
                next_step="Insert the disc or mount the share, then try again.",
            )
        handle = os.open(self._root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            yield handle
        finally:
            os.close(handle)

    def _mine(self, packet_id: str, wanted: str) -> None:
        if lane_of(packet_id) != wanted:
            raise NeedsPerson(
                801,
                "The packet does not travel on this lane.",
                where=packet_id,
                next_step=f"Use the channel of its own parties; this one is for {wanted}.",
            )


def _names(folder: int) -> Iterator[str]:
    with os.scandir(folder) as entries:
        for entry in entries:
            yield entry.name


def _remove(folder: int, name: str) -> None:
    """Take a file or link out of a folder; NeedsPerson 304 for a folder, which no packet has."""
    if stat.S_ISDIR(_mode(folder, name)):
        raise foreign(name)
    os.unlink(name, dir_fd=folder)


def _mode(folder: int, name: str) -> int:
    """What a name in an open folder is (`st_mode`, a link as itself); 0 when there is none."""
    try:
        return os.lstat(name, dir_fd=folder).st_mode
    except FileNotFoundError:
        return 0


def _size(folder: int, name: str) -> int:
    """Bytes of a plain file, -1 for anything else."""
    seen = os.lstat(name, dir_fd=folder)
    return seen.st_size if stat.S_ISREG(seen.st_mode) else -1


def _has_ready(folder: int, packet_id: str) -> bool:
    if not stat.S_ISDIR(_mode(folder, packet_id)):
        return False
    with _opened(folder, packet_id) as box:
        return stat.S_ISREG(_mode(box, READY))


def _standing(out: int, packet_id: str) -> tuple[str, ...] | None:
    """The path below the lane at which the packet stands whole."""
    if _has_ready(out, packet_id):
        return (packet_id,)
    if stat.S_ISDIR(_mode(out, TAKEN)):
        with _opened(out, TAKEN) as shelf:
            if _has_ready(shelf, packet_id):
                return (TAKEN, packet_id)
    return None


@contextmanager
def _opened(folder: int, name: str) -> Iterator[int]:
    """A folder in an open folder, as a handle; NeedsPerson 304 for a link or a file in its place."""
    try:
        handle = os.open(name, _FOLDER, dir_fd=folder)
    except OSError as error:
        if error.errno in _LINK:
            raise foreign(name) from error
        raise
    try:
        yield handle
    finally:
        os.close(handle)


@contextmanager
def _made(folder: int, name: str) -> Iterator[int]:
    """The same, made when it is missing."""
    made = False
    with suppress(FileExistsError):
        os.mkdir(name, _SHARED_FOLDER, dir_fd=folder)
        made = True
    with _opened(folder, name) as handle:
        if made:
            _share(handle, _SHARED_FOLDER)
        yield handle


def _share(handle: int, mode: int) -> None:
    """Give what was made its mode whatever the umask, and leave a folder its group's mark; discs without modes keep
    theirs."""
    with suppress(OSError):
        os.fchmod(handle, mode | (os.fstat(handle).st_mode & stat.S_ISGID))


@contextmanager
def _reading(folder: int, name: str) -> Iterator[BufferedReader]:
    """A plain file of an open folder; NeedsPerson 304 for a link or anything else."""
    try:
        handle = os.open(name, _READ, dir_fd=folder)
    except OSError as error:
        if error.errno in _LINK:
            raise foreign(name) from error
        raise
    with os.fdopen(handle, "rb") as reader:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            raise foreign(name)
        yield reader


def _refuse_fork(out: int, there: Sequence[str], files: Mapping[str, Path]) -> None:
    """404 when the folder holds another packet under this name: the same number was used twice."""
    if MANIFEST not in files:
        return
    with _opened(out, there[0]) as first:
        if len(there) == 2:
            with _opened(first, there[1]) as box:
                far = _manifest(box)
        else:
            far = _manifest(first)
    if far is not None and far != files[MANIFEST].read_bytes():
        raise NeedsPerson(
            404,
            "The folder already has another packet under this number.",
            where="/".join(there),
            next_step="Do not send it under another number. Find out with the counterpart which is real; a ledger "
            "restored from a backup is the usual cause.",
        )


def _manifest(box: int) -> bytes | None:
    try:
        with _reading(box, MANIFEST) as reader:
            return reader.read(_MANIFEST_BYTES)
    except FileNotFoundError:
        return None


def _copy(source: Path, box: int, name: str) -> None:
    """A copy that reached the disc and was read back from it; one that is there and equal is kept."""
    with source.open("rb") as reader:
        wanted = hashlib.file_digest(reader, "sha256").digest()
    if stat.S_ISREG(_mode(box, name)) and _digest(box, name) == wanted:
        return
    if _mode(box, name):
        _remove(box, name)
    handle = os.open(name, _NEW, _SHARED_FILE, dir_fd=box)
    with source.open("rb") as reader, os.fdopen(handle, "wb") as writer:
        _share(handle, _SHARED_FILE)
        shutil.copyfileobj(reader, writer, _COPY_BYTES)
        writer.flush()
        os.fsync(handle)
        os.posix_fadvise(handle, 0, 0, os.POSIX_FADV_DONTNEED)
    if _digest(box, name) != wanted:
        os.unlink(name, dir_fd=box)
        raise NeedsPerson(
            107,
            "What the disc stored is not what was written; its copy was removed.",
            where=name,
            next_step="Try again with another disc.",
        )


def _digest(box: int, name: str) -> bytes:
    with _reading(box, name) as reader:
        return hashlib.file_digest(reader, "sha256").digest()


def _copy_bytes(reader: BinaryIO, writer: BinaryIO, size: int, packet_id: str) -> None:
    """Exactly the bytes that were announced; a file that grows or shrinks meanwhile is fetched another time."""
    left = size
    while left and (piece := reader.read(min(left, _COPY_BYTES))):
        writer.write(piece)
        left -= len(piece)
    if left or reader.read(1):
        raise RetryLater(
            105, "A file changed while it was read.", where=packet_id, next_step="It is tried again by itself."
        )


def _sync(folder: int) -> None:
    with suppress(OSError):
        os.fsync(folder)


@contextmanager
def _translated(root: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise _problem(error, root) from error


@contextmanager
def _own_disc(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno not in _FULL:
            raise
        raise NeedsPerson(
            906,
            "The disc at this end is full.",
            where=str(folder),
            next_step="Make room; the packet waits where it is and is fetched again.",
        ) from error


def _problem(error: OSError, root: Path) -> ExchangeError:
    if error.errno in _FULL:
        return RetryLater(104, "The disc is full.", where=str(root), next_step="Make room there, or use another disc.")
    if error.errno in _REFUSED:
        return NeedsPerson(
            106,
            "The folder refuses this user, or the disc is write-protected.",
            where=str(root),
            next_step="Check the rights on the folder, or the disc's lock.",
        )
    return RetryLater(
        105,
        "The disc or share failed while it was used.",
        where=str(root),
        next_step="Attach it again; if it lasts, use another disc.",
    )
