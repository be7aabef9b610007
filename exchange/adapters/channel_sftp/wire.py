"""SFTP as this channel needs it: paramiko's client, plus what it keeps to itself.

paramiko drops the server's list of extensions, has no statvfs and no fsync, and loses the statuses of the last
pipelined writes (its `close` does not wait for them). `Pipeline` keeps a bounded number of requests in flight and
looks at every answer, in whatever order a server gives them.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, BinaryIO, Final

import paramiko
from paramiko.message import Message
from paramiko.sftp import (
    CMD_DATA,
    CMD_EXTENDED,
    CMD_EXTENDED_REPLY,
    CMD_INIT,
    CMD_READ,
    CMD_STATUS,
    CMD_VERSION,
    CMD_WRITE,
    SFTP_OP_UNSUPPORTED,
    SFTPError,
    int64,
)

CHUNK_BYTES: Final = 128 * 1024
"""One write request. OpenSSH takes at most 256 KiB; 128 KiB measured fastest (bench/send.py)."""

IN_FLIGHT: Final = 24
"""Write requests sent ahead of their answers: 3 MiB, above OpenSSH's receive window of 2 MiB."""

READ_BYTES: Final = 32 * 1024
"""One read request: what every server grants in one answer."""

READS_IN_FLIGHT: Final = 64
"""OpenSSH's own bound; without one, some servers and clients wait for each other for ever."""

WINDOW_BYTES: Final = 4 * 1024 * 1024
"""Our receive window, above READ_BYTES x READS_IN_FLIGHT."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Capabilities:
    """What a counterpart's server can do, tried out and not only announced."""

    folder_rename: bool
    posix_rename: bool
    append: bool
    statvfs: bool
    fsync: bool
    check_file: bool
    free_bytes: int | None
    announced: tuple[str, ...]


class Wire(paramiko.SFTPClient):
    """One SFTP session. Raises paramiko's and the socket's errors; the channel translates them."""

    extensions: tuple[str, ...] = ()

    @property
    def _raw(self) -> Any:
        return self

    def _send_version(self) -> int:
        hello = Message()
        hello.add_int(3)
        self._raw._send_packet(CMD_INIT, hello)
        kind, data = self._raw._read_packet()
        if kind != CMD_VERSION:
            raise SFTPError("Incompatible sftp protocol")
        reply = Message(data)
        version: int = reply.get_int()
        names = []
        while len(reply.get_remainder()) >= 8:
            names.append(reply.get_binary().decode("ascii", "replace"))
            reply.get_binary()
        self.extensions = tuple(names)
        return version

    @property
    def alive(self) -> bool:
        """Whether the connection under this session still stands."""
        channel = self.get_channel()
        transport = channel.get_transport() if channel else None
        return bool(channel and not channel.closed and transport and transport.is_active())

    def hang_up(self) -> None:
        """End the session and the connection under it."""
        channel = self.get_channel()
        transport = channel.get_transport() if channel else None
        if transport:
            transport.close()

    def free_bytes(self, path: str) -> int | None:
        """Free space for us on the disc of a path; None when the server does not tell."""
        reply = self._extended("statvfs@openssh.com", path)
        if reply is None:
            return None
        numbers = [reply.get_int64() for _ in range(5)]
        return int(numbers[1] * numbers[4])

    def fsync(self, handle: paramiko.SFTPFile) -> None:
        """Ask the server to bring a file to its disc, where it can."""
        self._extended("fsync@openssh.com", _id(handle))

    def _extended(self, name: str, *args: Any) -> Message | None:
        """The answer to an extension; None when the server does not know it, whatever it announced."""
        if name not in self.extensions:
            return None
        request = Pipeline(self)
        request.ask(CMD_EXTENDED, name, *args)
        kind, answer = request.next()
        if kind == CMD_EXTENDED_REPLY:
            return answer
        if int.from_bytes(answer.asbytes()[4:8], "big") != SFTP_OP_UNSUPPORTED:
            self._raw._convert_status(answer)
        return None

    def push(self, handle: paramiko.SFTPFile, source: BinaryIO, offset: int) -> None:
        """Write the rest of a local file from an offset on; OSError when the server refuses a write."""
        source.seek(offset)
        requests = Pipeline(self)
        while chunk := source.read(CHUNK_BYTES):
            requests.ask(CMD_WRITE, _id(handle), int64(offset), chunk)
            offset += len(chunk)
            if len(requests) >= IN_FLIGHT:
                requests.status()
        while len(requests):
            requests.status()

    def blocks(self, handle: paramiko.SFTPFile, wanted: Sequence[tuple[int, int]]) -> Iterator[bytes]:
        """The bytes at (offset, length), in order, each at most READ_BYTES; shorter only at the end of the file."""
        requests = Pipeline(self)
        asked: deque[tuple[int, int]] = deque()
        for offset, length in wanted:
            requests.ask(CMD_READ, _id(handle), int64(offset), length)
            asked.append((offset, length))
            if len(asked) >= READS_IN_FLIGHT:
                yield self._whole(handle, requests.data(), *asked.popleft())
        while asked:
            yield self._whole(handle, requests.data(), *asked.popleft())

    def _whole(self, handle: paramiko.SFTPFile, data: bytes, offset: int, length: int) -> bytes:
        while data and len(data) < length:
            single = Pipeline(self)
            single.ask(CMD_READ, _id(handle), int64(offset + len(data)), length - len(data))
            more = single.data()
            if not more:
                break
            data += more
        return data


class Pipeline:
    """Requests in flight on one session, answered in any order, taken in the order they were asked."""

    def __init__(self, wire: Wire) -> None:
        self._wire: Any = wire
        self._order: deque[int] = deque()
        self._answers: dict[int, tuple[int, Message]] = {}

    def __len__(self) -> int:
        return len(self._order)

    def ask(self, command: int, *args: Any) -> None:
        """Send a request without waiting."""
        self._order.append(self._wire._async_request(self, command, *args))

    def status(self) -> None:
        """Wait for the oldest request; OSError when it was refused."""
        kind, answer = self.next()
        if kind != CMD_STATUS:
            raise SFTPError("Expected status")
        self._wire._convert_status(answer)

    def data(self) -> bytes:
        """Wait for the oldest request's bytes; empty at the end of the file."""
        kind, answer = self.next()
        if kind == CMD_DATA:
            return bytes(answer.get_string())
        try:
            self._wire._convert_status(answer)
        except EOFError:
            return b""
        raise SFTPError("Expected data")

    def next(self) -> tuple[int, Message]:
        """Wait for the oldest request's answer, whatever it is."""
        number = self._order.popleft()
        while number not in self._answers:
            self._wire._read_response()
        return self._answers.pop(number)

    def _async_response(self, kind: int, answer: Message, number: int) -> None:
        self._answers[number] = (kind, answer)


def _id(handle: paramiko.SFTPFile) -> bytes:
    raw: Any = handle
    return bytes(raw.handle)
