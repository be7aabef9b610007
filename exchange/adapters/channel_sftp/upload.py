"""One file up: resumed after its remote beginning is proven, checked before its handle is closed.

The check comes before the close because a server may take a file away the moment it is complete.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO, Final

import paramiko

from exchange.adapters.channel_sftp.wire import CHUNK_BYTES, IN_FLIGHT, READ_BYTES, Wire
from exchange.domain.errors import NeedsPerson, RetryLater

PROVEN_WHOLE_BYTES: Final = 8 * 1024 * 1024
"""A remote beginning up to this size is read back whole before it is built upon; a bigger one in blocks."""

PROOF_BLOCKS: Final = 64
CHECK_BLOCKS: Final = 16
SPARE_BYTES: Final = 1024 * 1024
"""Free space to leave at the far side."""

_ANYWHERE: Final = random.SystemRandom()

Blocks = Sequence[tuple[int, int]]


def upload(wire: Wire, local: Path, remote: str, *, fsync: bool) -> None:
    """Bring a local file to a remote name, again is safe: what is there and proven is kept.

    Raises RetryLater 104, NeedsPerson 107, and paramiko's errors.
    """
    size = local.stat().st_size
    with local.open("rb") as source:
        start = _proven(wire, source, size, remote)
        if start == size and size > 0:
            return
        handle, readable = _open(wire, remote, anew=start == 0)
        with handle:
            _write(wire, handle, source, start, remote)
            if fsync:
                wire.fsync(handle)
            if readable:
                _check(wire, handle, source, size, remote)
        if not readable:
            _check_closed(wire, source, size, remote)


def _write(wire: Wire, handle: paramiko.SFTPFile, source: BinaryIO, start: int, remote: str) -> None:
    try:
        wire.push(handle, source, start)
    except PermissionError:
        raise
    except OSError as error:
        if not wire.alive or isinstance(error, TimeoutError):
            raise
        raise disk_full(remote) from error


def disk_full(remote: str) -> RetryLater:
    """104, for this file."""
    return RetryLater(
        104,
        "The far side can't store the file: its disc or our quota there is full.",
        where=remote,
        next_step="Ask the counterpart to make room; sending goes on from where it stopped.",
    )


def _open(wire: Wire, remote: str, *, anew: bool) -> tuple[paramiko.SFTPFile, bool]:
    """A handle to write, and whether it can be read back; some servers grant writing alone."""
    if not anew:
        return wire.open(remote, "r+"), True
    remove(wire, remote)
    try:
        return wire.open(remote, "w+"), True
    except (PermissionError, FileNotFoundError):
        raise
    except OSError:
        return wire.open(remote, "w"), False


def _proven(wire: Wire, source: BinaryIO, size: int, remote: str) -> int:
    """Where to go on writing: the whole size when it is all there, 0 to begin anew.

    Steps back by what was in flight, so that a hole left by writes out of order is filled.
    """
    try:
        there = wire.stat(remote).st_size
        if not there or there > size:
            return 0
        with wire.open(remote, "r") as handle:
            if not _same(wire, handle, source, _blocks(there, PROVEN_WHOLE_BYTES, PROOF_BLOCKS)):
                return 0
    except FileNotFoundError:
        return 0
    return there if there == size else max(0, there - CHUNK_BYTES * IN_FLIGHT)


def _check(wire: Wire, handle: paramiko.SFTPFile, source: BinaryIO, size: int, remote: str) -> None:
    there = handle.stat().st_size
    if (there is None or there == size) and _same(
        wire, handle, source, _blocks(size, CHECK_BLOCKS * READ_BYTES, CHECK_BLOCKS)
    ):
        return
    remove(wire, remote)
    raise differs(remote)


def _check_closed(wire: Wire, source: BinaryIO, size: int, remote: str) -> None:
    try:
        with wire.open(remote, "r") as handle:
            _check(wire, handle, source, size, remote)
    except FileNotFoundError:
        return


def differs(remote: str) -> NeedsPerson:
    """107, for this file."""
    return NeedsPerson(
        107,
        "What the far side stored is not what was sent; its copy was removed.",
        where=remote,
        next_step="Send again; if it happens twice, ask the counterpart to check their server's disc.",
    )


def _same(wire: Wire, handle: paramiko.SFTPFile, source: BinaryIO, wanted: Blocks) -> bool:
    for (offset, length), far in zip(wanted, wire.blocks(handle, wanted), strict=True):
        source.seek(offset)
        if source.read(length) != far:
            return False
    return True


def _blocks(size: int, whole_up_to: int, count: int) -> Blocks:
    """Every block of a small file; the first, the last and random ones of a big one."""
    if size <= whole_up_to:
        starts = list(range(0, size, READ_BYTES))
    else:
        middle = (_ANYWHERE.randrange(0, size - READ_BYTES) for _ in range(count - 2))
        starts = [0, *sorted(middle), size - READ_BYTES]
    return [(start, min(READ_BYTES, size - start)) for start in starts]


def remove(wire: Wire, remote: str) -> None:
    """Remove a remote file; one that is not there is no error."""
    try:
        wire.remove(remote)
    except FileNotFoundError:
        return
