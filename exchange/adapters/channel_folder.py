"""Channel over a folder: a disc, a USB stick, a mounted share, or the root of one's own SFTP server.

The same layout and the same promises as over SFTP (`exchange/domain/lane.py`): files first, verified after they
reached the disc, then one rename that makes the packet appear.
"""

from __future__ import annotations

import errno
import hashlib
import os
import secrets
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from exchange.domain.errors import ExchangeError, NeedsPerson, RetryLater
from exchange.domain.lane import INCOMING, MANIFEST, READY, TAKEN, in_order, is_file_name, lane, lane_of

_COPY_BYTES: Final = 1024 * 1024
_FULL: Final = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_REFUSED: Final = (errno.EACCES, errno.EPERM, errno.EROFS)


class FolderChannel:
    """Packets between this end and one counterpart through a folder both reach, by hand or by mount."""

    def __init__(self, root: Path, *, own: str, counterpart: str) -> None:
        self._root = root
        self._lanes = (lane(own, counterpart), lane(counterpart, own))
        self._out, self._in = (root / name for name in self._lanes)

    def publish(self, packet_id: str, files: Mapping[str, Path]) -> None:
        """Make the packet appear in the folder, whole and once. Asks first; keeps files already there and equal.

        Raises RetryLater 101 (the folder is not there), 104, 105; NeedsPerson 106, 107; 404 when the folder holds
        another packet under this name; 411 without READY.
        """
        self._mine(packet_id, self._lanes[0])
        if READY not in files:
            raise _incomplete(packet_id)
        with _translated(self._root):
            self._attached()
            there = self._standing(packet_id)
            if there is not None:
                _refuse_fork(there, files)
                return
            incoming = self._out / (INCOMING + packet_id)
            incoming.mkdir(parents=True, exist_ok=True)
            for stale in incoming.iterdir():
                if stale.name not in files:
                    stale.unlink()
            for name in in_order(files):
                _copy(files[name], incoming / name)
            _sync_folder(incoming)
            incoming.rename(self._out / packet_id)
            _sync_folder(self._out)

    def delivered(self, packet_id: str) -> bool:
        """Whether the folder has it whole (waiting or already taken)."""
        with _translated(self._root):
            self._attached()
            return self._standing(packet_id) is not None

    def arrived(self) -> Sequence[str]:
        """Names of packets for us with READY in place, in name order."""
        with _translated(self._root):
            self._attached()
            if not self._in.is_dir():
                return []
            ours = (folder for folder in self._in.iterdir() if lane_of(folder.name) == self._lanes[1])
            return sorted(folder.name for folder in ours if (folder / READY).is_file())

    def fetch(self, packet_id: str, into: Path) -> None:
        """Copy an arrived packet's files into an empty local folder.

        Raises NeedsPerson 304 on a name that no packet has, 411 when READY is not there.
        """
        self._mine(packet_id, self._lanes[1])
        with _translated(self._root):
            self._attached()
            folder = self._in / packet_id
            if not (folder / READY).is_file():
                raise _incomplete(packet_id)
            for name in in_order(sorted(entry.name for entry in folder.iterdir())):
                source = folder / name
                if not is_file_name(name) or source.is_symlink() or not source.is_file():
                    raise NeedsPerson(
                        304,
                        "The packet's folder holds something that belongs to no packet.",
                        where=str(folder),
                        next_step="Look at the folder with the counterpart.",
                    )
                with source.open("rb") as reader, _own_disc(into), (into / name).open("xb") as writer:
                    shutil.copyfileobj(reader, writer, _COPY_BYTES)

    def taken(self, packet_id: str) -> None:
        """Move an arrived packet out of the way; again is safe."""
        self._mine(packet_id, self._lanes[1])
        with _translated(self._root):
            self._attached()
            source, shelf = self._in / packet_id, self._in / TAKEN
            if not source.is_dir():
                return
            shelf.mkdir(exist_ok=True)
            target = shelf / packet_id
            if target.exists():
                target = shelf / f"{packet_id}.again-{secrets.token_hex(4)}"
            source.rename(target)
            _sync_folder(shelf)
            _sync_folder(self._in)

    def close(self) -> None:
        """Nothing to end."""

    def _attached(self) -> None:
        if not self._root.is_dir():
            raise RetryLater(
                101,
                "The exchange folder is not there.",
                where=str(self._root),
                next_step="Insert the disc or mount the share, then try again.",
            )

    def _mine(self, packet_id: str, wanted: str) -> None:
        if lane_of(packet_id) != wanted:
            raise NeedsPerson(
                801,
                "The packet does not travel on this lane.",
                where=packet_id,
                next_step=f"Use the channel of its own parties; this one is for {wanted}.",
            )

    def _standing(self, packet_id: str) -> Path | None:
        for folder in (self._out / packet_id, self._out / TAKEN / packet_id):
            if (folder / READY).is_file():
                return folder
        return None


def _incomplete(where: str) -> NeedsPerson:
    return NeedsPerson(
        411,
        "The packet has no READY; it is not complete.",
        where=where,
        next_step="Wait until its sender has finished.",
    )


def _refuse_fork(there: Path, files: Mapping[str, Path]) -> None:
    """404 when the folder holds another packet under this name: the same number was used twice."""
    if MANIFEST not in files:
        return
    with suppress(FileNotFoundError):
        if (there / MANIFEST).read_bytes() != files[MANIFEST].read_bytes():
            raise NeedsPerson(
                404,
                "The folder already has another packet under this number.",
                where=str(there),
                next_step="Do not send it under another number. Find out with the counterpart which is real; a ledger "
                "restored from a backup is the usual cause.",
            )


def _copy(source: Path, target: Path) -> None:
    """A copy that reached the disc and was read back from it; one that is there and equal is kept."""
    wanted = _digest(source)
    if target.is_file() and target.stat().st_size == source.stat().st_size and _digest(target) == wanted:
        return
    with source.open("rb") as reader, target.open("wb") as writer:
        shutil.copyfileobj(reader, writer, _COPY_BYTES)
        writer.flush()
        os.fsync(writer.fileno())
        os.posix_fadvise(writer.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
    if _digest(target) != wanted:
        target.unlink()
        raise NeedsPerson(
            107,
            "What the disc stored is not what was written; its copy was removed.",
            where=str(target),
            next_step="Try again with another disc.",
        )


def _digest(path: Path) -> bytes:
    with path.open("rb") as reader:
        return hashlib.file_digest(reader, "sha256").digest()


def _sync_folder(folder: Path) -> None:
    number = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        with suppress(OSError):
            os.fsync(number)
    finally:
        os.close(number)


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
