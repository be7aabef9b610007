"""The archive inside a payload: `.tar.gz` that is the same for the same files, and a reader that trusts nothing.

docs/packet-format.md §5. POSIX ustar, regular files only, no extension headers; owner, group and time are zero.
Both ways stream: memory does not grow with the files.
"""

from __future__ import annotations

import gzip
import hashlib
import re
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Final

from isal import igzip, igzip_lib

from exchange.domain.errors import NeedsPerson

NAME: Final = re.compile(
    r"(datapackage|receipt|reasons|void|canary|statement|signing)\.json|data/[a-z][a-z0-9_]{0,62}-[0-9]{4}\.csv",
    re.ASCII,
)
"""What a member may be called (§5.3)."""

_BLOCK: Final = 512
_PIECE: Final = 256 * 1024
_LEVEL: Final = 2
_FREE: Final = 2**20
_GZIP: Any = igzip.IGzipFile
_DEFLATE_ERROR: Any = igzip_lib.IsalError


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Bounds of what a packet unpacks to (§5.5); sizes in bytes, `ratio` is unpacked to packed above the first MiB."""

    members: int = 2_000
    member_bytes: int = 2 * 2**30
    document_bytes: int = 64 * 2**20
    total_bytes: int = 8 * 2**30
    ratio: int = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A file to pack: its name inside, its exact size, how to open it."""

    name: str
    bytes: int
    open: Callable[[], AbstractContextManager[BinaryIO]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """An unpacked file: its name, size, SHA-256 in hex."""

    name: str
    bytes: int
    sha256: str


def write_archive(sources: Sequence[Source], out: BinaryIO) -> None:
    """Pack files in the order given. The same files give the same bytes with the same library."""
    with _GZIP(filename="", fileobj=out, mode="wb", compresslevel=_LEVEL, mtime=0) as packed:
        for source in sources:
            packed.write(_header(source.name, source.bytes))
            left = source.bytes
            with source.open() as stream:
                while piece := stream.read(_PIECE):
                    packed.write(piece)
                    left -= len(piece)
            if left:
                raise NeedsPerson(
                    911,
                    "A file changed its size while it was packed.",
                    where=source.name,
                    next_step="Pack the exchange again.",
                )
            packed.write(b"\0" * (-source.bytes % _BLOCK))
        packed.write(b"\0" * (2 * _BLOCK))


def read_archive(packed: BinaryIO, size: int, into: Path, *, limits: Limits | None = None) -> tuple[Member, ...]:
    """Unpack an archive of `size` bytes into a folder, in order; a packet's later payloads join the first's folder.

    Raises NeedsPerson 307 (over a limit) and 308 (malformed, or a member that is no plain file with a known name).
    """
    bounds = limits or Limits()
    stream = _Unpacked(packed, min(bounds.total_bytes, max(size, 1) * bounds.ratio + _FREE))
    members: list[Member] = []
    while (header := _next_header(stream)) is not None:
        name, length = _parse_header(header)
        most = bounds.document_bytes if name.endswith(".json") else bounds.member_bytes
        if len(members) >= bounds.members or length > most:
            raise too_big(name)
        members.append(_unpack(stream, name, length, into))
    _expect_zeros(stream)
    return tuple(members)


def too_big(where: str) -> NeedsPerson:
    """Problem 307."""
    return NeedsPerson(
        307,
        "The payload unpacks to more than the limits allow.",
        where=where,
        next_step="Ask the sender what was sent; raise no limit before that is known.",
    )


def malformed(what: str) -> NeedsPerson:
    """Problem 308."""
    return NeedsPerson(
        308, what, where="payload", next_step="Ask the sender to make the archive as docs/packet-format.md §5 has it."
    )


def _header(name: str, size: int) -> bytes:
    """A ustar header with fixed owner, mode and time."""
    if not NAME.fullmatch(name) or size >= 8**11:
        raise malformed("A file to pack has a name or size the format does not know.")
    fields = bytearray(_BLOCK)
    for at, text in ((0, name), (100, "0000644"), (108, "0000000"), (116, "0000000"), (124, f"{size:011o}"),
                     (136, f"{0:011o}"), (148, " " * 8), (156, "0"), (257, "ustar\00000")):  # fmt: skip
        fields[at : at + len(text)] = text.encode("ascii")
    fields[148:156] = f"{sum(fields):06o}\0 ".encode("ascii")
    return bytes(fields)


def _parse_header(header: bytes) -> tuple[str, int]:
    stated = _octal(header[148:156])
    if stated != sum(header) - sum(header[148:156]) + 8 * ord(" ") or header[257:262] != b"ustar":
        raise malformed("A header of the archive is not POSIX ustar or is damaged.")
    if header[156:157] not in (b"0", b"\0") or header[345:500].strip(b"\0"):
        raise malformed("The archive holds something else than plain files (a link, folder, device or extension).")
    name = header[:100].rstrip(b"\0").decode("ascii", "replace")
    if not NAME.fullmatch(name):
        raise malformed("A member's name is not one the format knows.")
    return name, _octal(header[124:136])


def _octal(field: bytes) -> int:
    text = field.rstrip(b"\0 ").lstrip(b" ")
    if not re.fullmatch(rb"[0-7]{1,12}", text):
        raise malformed("A number in a header of the archive is malformed.")
    return int(text, 8)


class _Unpacked:
    """The unpacked stream, read no further than a limit."""

    def __init__(self, packed: BinaryIO, limit: int) -> None:
        self._stream = _GZIP(fileobj=packed, mode="rb")
        self._left = limit

    def read(self, size: int) -> bytes:
        """Up to `size` bytes; 307 past the limit, 308 when it is no gzip."""
        try:
            piece: bytes = self._stream.read(size)
        except (gzip.BadGzipFile, EOFError, OSError, _DEFLATE_ERROR):
            piece = b""
            broken = True
        else:
            broken = False
        if broken:
            raise malformed("The payload is not a whole gzip stream.")
        self._left -= len(piece)
        if self._left < 0:
            raise too_big("payload")
        return piece

    def exactly(self, size: int) -> bytes:
        """Exactly `size` bytes; 308 when the stream ends before."""
        pieces = []
        while size and (piece := self.read(size)):
            pieces.append(piece)
            size -= len(piece)
        if size:
            raise malformed("The archive ends too early.")
        return b"".join(pieces)


def _next_header(stream: _Unpacked) -> bytes | None:
    """The next header, or None at the two blocks of zeros that end an archive."""
    header = stream.exactly(_BLOCK)
    if header.strip(b"\0"):
        return header
    if stream.exactly(_BLOCK).strip(b"\0"):
        raise malformed("The archive does not end as it should.")
    return None


def _expect_zeros(stream: _Unpacked) -> None:
    while piece := stream.read(_PIECE):
        if piece.strip(b"\0"):
            raise malformed("Something follows the end of the archive.")


def _unpack(stream: _Unpacked, name: str, length: int, into: Path) -> Member:
    digest, left = hashlib.sha256(), length
    target = into / name
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if target.exists():
        raise malformed("A member is there twice.")
    with target.open("xb") as out:
        while left:
            piece = stream.exactly(min(left, _PIECE))
            out.write(piece)
            digest.update(piece)
            left -= len(piece)
    padding = stream.exactly(-length % _BLOCK)
    if padding.strip(b"\0"):
        raise malformed("The padding of a member is not empty.")
    return Member(name=name, bytes=length, sha256=digest.hexdigest())
