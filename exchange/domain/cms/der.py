"""A strict, bounded reader for DER and for BER with indefinite lengths, streaming where needed; a small DER writer.

The reader takes definite lengths in their shortest form and, on constructed elements, indefinite lengths (what
`openssl cms -stream` and Bouncy Castle write). Tags above 30, longer forms and anything past the limits are
refused: every refusal is NeedsPerson 306 with the byte offset. It never holds more than one block of a long string.

Source: ITU-T X.690.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from io import BytesIO
from typing import BinaryIO, Final

from exchange.domain.errors import NeedsPerson

BLOCK: Final = 1 << 20
"""Bytes asked of a stream at once."""

BOOLEAN, INTEGER, BIT_STRING, OCTET_STRING, NULL, OID = 0x01, 0x02, 0x03, 0x04, 0x05, 0x06
UTC_TIME, GENERALIZED_TIME, SEQUENCE, SET = 0x17, 0x18, 0x30, 0x31
CONSTRUCTED: Final = 0x20


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """`depth` of nesting; `count` of elements in one message, `pieces` of one streamed string; `element` bytes
    of an element held in memory; `content` bytes of a streamed string."""

    depth: int = 24
    count: int = 20_000
    pieces: int = 1 << 26
    element: int = 1 << 20
    content: int = 1 << 35


LIMITS: Final = Limits()


def context(number: int, *, constructed: bool = True) -> int:
    """The identifier byte of context tag [number]."""
    return 0x80 | number | (CONSTRUCTED if constructed else 0)


def malformed(what: str, at: int | None = None) -> NeedsPerson:
    """The 306 error: the message is not what the format says, or past a limit."""
    return NeedsPerson(
        306,
        f"The CMS message is malformed or out of bounds: {what}.",
        where="" if at is None else f"byte {at}",
        next_step="Compare the file's hash with the sender's, fetch it again, and ask the sender if it stays so.",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """One element held in memory. `raw` is the element as it stood, `content` its contents without header.

    `children` is empty for a primitive element; `at` is the offset of its first byte.
    """

    tag: int
    raw: bytes
    content: bytes
    children: tuple[Node, ...]
    at: int

    def oid(self) -> str:
        """The dotted form of an OBJECT IDENTIFIER."""
        self.must(OID)
        return decode_oid(self.content, self.at)

    def integer(self) -> int:
        """The value of an INTEGER of at most 64 bytes."""
        self.must(INTEGER)
        body = self.content
        padded = len(body) > 1 and (body[0], body[1] >> 7) in {(0x00, 0), (0xFF, 1)}
        if not body or len(body) > 64 or padded:
            raise malformed("an integer is empty, too long or padded", self.at)
        return int.from_bytes(body, "big", signed=True)

    def octets(self) -> bytes:
        """The bytes of a primitive OCTET STRING."""
        self.must(OCTET_STRING)
        return self.content

    def bits(self) -> bytes:
        """The bytes of a BIT STRING without unused bits."""
        self.must(BIT_STRING)
        if not self.content or self.content[0] != 0:
            raise malformed("a bit string does not hold whole bytes", self.at)
        return self.content[1:]

    def must(self, tag: int) -> Node:
        """This node, if it has that tag."""
        if self.tag != tag:
            raise malformed(f"tag {tag:#04x} was expected and {self.tag:#04x} is there", self.at)
        return self

    def fields(self, tag: int = SEQUENCE) -> Fields:
        """A walk over the children of a node that has to have that tag."""
        return Fields(self.must(tag))


class Fields:
    """The children of a node in their order, some of them optional."""

    def __init__(self, node: Node) -> None:
        self._node = node
        self._next = 0

    def take(self, tag: int | None = None) -> Node:
        """The next child, of that tag when one is given."""
        if self._next >= len(self._node.children):
            raise malformed("an element is missing", self._node.at)
        child = self._node.children[self._next]
        if tag is not None:
            child.must(tag)
        self._next += 1
        return child

    def optional(self, tag: int) -> Node | None:
        """The next child if it has that tag."""
        rest = self._node.children[self._next : self._next + 1]
        return self.take() if rest and rest[0].tag == tag else None

    def only(self, tag: int | None = None) -> Node:
        """The next child, which has to be the last."""
        child = self.take(tag)
        self.done()
        return child

    def done(self) -> None:
        """Nothing may be left."""
        if self._next != len(self._node.children):
            raise malformed("there is an element too many", self._node.children[self._next].at)


class Reader:
    """Pulls elements from a stream. `seen` is given every byte read, in order (for a hash of the file).

    A constructed element is entered, its elements taken, and left; `octets` hands out a long string in blocks.
    """

    def __init__(
        self, stream: BinaryIO, *, limits: Limits = LIMITS, seen: Callable[[bytes], object] | None = None
    ) -> None:
        self._stream, self._limits, self._seen = stream, limits, seen
        self._buffer = b""
        self._at = 0
        self._before = 0
        self._count = 0
        self._frames: list[tuple[int | None, int | None]] = []

    @property
    def at(self) -> int:
        """Offset of the next byte."""
        return self._before + self._at

    def peek(self) -> int | None:
        """The identifier byte of the next element; None at the end of the entered element or of the stream."""
        end, _ = self._frames[-1] if self._frames else (None, None)
        if end is not None:
            return None if self.at == end else self._ahead(1)[0]
        if not self._frames:
            return self._ahead(1)[0] if self._fill(1) else None
        two = self._ahead(2)
        return None if two == b"\0\0" else two[0]

    def enter(self, tag: int) -> None:
        """Go into the next element, which has to be constructed and of that tag."""
        if self.peek() != tag:
            raise malformed(f"tag {tag:#04x} was expected", self.at)
        _, length, _ = self._header()
        self._push(length)

    def leave(self) -> None:
        """Come out of the entered element, which has to be used up."""
        if self.peek() is not None:
            raise malformed("there is an element too many", self.at)
        end, _ = self._frames.pop()
        if end is None:
            self._take(2)

    def finish(self) -> None:
        """Nothing may follow."""
        if self._frames or self._fill(1):
            raise malformed("bytes follow the end of the message", self.at)

    def node(self) -> Node:
        """The next element as a whole, at most `limits.element` bytes."""
        if self.peek() is None:
            raise malformed("an element is missing", self.at)
        return self._node(self.at)

    def octets(self, number: int) -> Iterator[memoryview]:
        """The bytes of a streamed string [number] IMPLICIT OCTET STRING, primitive or in pieces, block by block.

        A block is at most BLOCK bytes, and valid until the next is asked for.
        """
        tag = self.peek()
        if tag == context(number, constructed=False):
            _, length, _ = self._header()
            yield from self._blocks(length or 0)
        elif tag == context(number):
            self.enter(tag)
            yield from self._pieces()
            self.leave()
        else:
            raise malformed("the encrypted content is missing", self.at)

    def _pieces(self) -> Iterator[memoryview]:
        pieces = total = 0
        while (tag := self.peek()) is not None:
            if tag != OCTET_STRING:
                raise malformed("a piece of the content is not an octet string", self.at)
            _, length, _ = self._header(count=False)
            pieces, total = pieces + 1, total + (length or 0)
            if pieces > self._limits.pieces or total > self._limits.content:
                raise malformed("the content is past the limit", self.at)
            yield from self._blocks(length or 0)

    def _blocks(self, length: int) -> Iterator[memoryview]:
        if length > self._limits.content:
            raise malformed("the content is past the limit", self.at)
        while length:
            if self._at == len(self._buffer) and not self._fill(1):
                raise malformed("the file ends early", self.at)
            start, stop = self._at, min(self._at + min(length, BLOCK), len(self._buffer))
            self._at = stop
            length -= stop - start
            yield memoryview(self._buffer)[start:stop]

    def _node(self, start: int) -> Node:
        at = self.at
        tag, length, header = self._header()
        if self.at + (length or 0) - start > self._limits.element:
            raise malformed("an element is longer than the limit", at)
        if not tag & CONSTRUCTED:
            content = self._take(length or 0)
            return Node(tag=tag, raw=header + content, content=content, children=(), at=at)
        self._push(length)
        children = []
        while self.peek() is not None:
            children.append(self._node(start))
        self.leave()
        content = b"".join(child.raw for child in children)
        raw = header + content + (b"\0\0" if length is None else b"")
        return Node(tag=tag, raw=raw, content=content, children=tuple(children), at=at)

    def _push(self, length: int | None) -> None:
        if len(self._frames) >= self._limits.depth:
            raise malformed("the nesting is deeper than the limit", self.at)
        bound = self._frames[-1][1] if self._frames else None
        end = None if length is None else self.at + length
        self._frames.append((end, bound if end is None else end))

    def _header(self, *, count: bool = True) -> tuple[int, int | None, bytes]:
        self._count += count
        if self._count > self._limits.count:
            raise malformed("there are more elements than the limit", self.at)
        at = self.at
        header = self._take(2)
        tag, first = header
        if tag == 0 or tag & 0x1F == 0x1F:
            raise malformed("a tag is not allowed here", at)
        length: int | None = first
        if first == 0x80:
            if not tag & CONSTRUCTED:
                raise malformed("a primitive element has no length", at)
            length = None
        elif first > 0x80:
            if first > 0x88:
                raise malformed("a length is too long", at)
            extra = self._take(first & 0x7F)
            header += extra
            length = int.from_bytes(extra, "big")
            if extra[0] == 0 or length < 0x80:
                raise malformed("a length is not in its shortest form", at)
        bound = self._frames[-1][1] if self._frames else None
        if bound is not None and self.at + (length or 0) > bound:
            raise malformed("an element reaches past the one it is in", at)
        return tag, length, header

    def _take(self, count: int) -> bytes:
        taken = self._ahead(count)
        self._at += count
        return taken

    def _ahead(self, count: int) -> bytes:
        if not self._fill(count):
            raise malformed("the file ends early", self._before + len(self._buffer))
        return self._buffer[self._at : self._at + count]

    def _fill(self, count: int) -> bool:
        while len(self._buffer) - self._at < count:
            more = self._stream.read(BLOCK)
            if not more:
                return False
            if self._seen is not None:
                self._seen(more)
            rest = self._buffer[self._at :]
            self._before += self._at
            self._buffer, self._at = rest + more if rest else more, 0
        return True


def parse(data: bytes, *, limits: Limits = LIMITS) -> Node:
    """The one element that these bytes are; NeedsPerson 306 when they are not."""
    reader = Reader(BytesIO(data), limits=limits)
    node = reader.node()
    reader.finish()
    return node


def decode_oid(body: bytes, at: int | None = None) -> str:
    """The dotted form of an OBJECT IDENTIFIER's contents (at most 32 bytes)."""
    if not body or len(body) > 32 or body[-1] & 0x80:
        raise malformed("an object identifier is empty, too long or cut", at)
    numbers, value, fresh = [], 0, True
    for byte in body:
        if fresh and byte == 0x80:
            raise malformed("an object identifier is padded", at)
        value = value << 7 | byte & 0x7F
        fresh = not byte & 0x80
        if fresh:
            numbers.append(value)
            value = 0
    first = min(numbers[0] // 40, 2)
    return ".".join(str(n) for n in (first, numbers[0] - 40 * first, *numbers[1:]))


def header(tag: int, length: int) -> bytes:
    """Identifier and definite length in its shortest form."""
    if length < 0x80:
        return bytes((tag, length))
    size = (length.bit_length() + 7) // 8
    return bytes((tag, 0x80 | size)) + length.to_bytes(size, "big")


def tlv(tag: int, *parts: bytes) -> bytes:
    """One element out of the parts of its contents."""
    content = b"".join(parts)
    return header(tag, len(content)) + content


def set_of(*members: bytes, tag: int = SET) -> bytes:
    """A SET OF in DER: the members sorted by their encoding."""
    return tlv(tag, *sorted(members))


def integer(value: int) -> bytes:
    """An INTEGER."""
    return tlv(INTEGER, value.to_bytes(value.bit_length() // 8 + 1, "big", signed=True))


def oid(dotted: str) -> bytes:
    """An OBJECT IDENTIFIER out of its dotted form."""
    first, second, *rest = (int(n) for n in dotted.split("."))
    body = b""
    for number in (40 * first + second, *rest):
        groups = [number & 0x7F]
        while number := number >> 7:
            groups.append(number & 0x7F | 0x80)
        body += bytes(reversed(groups))
    return tlv(OID, body)


def algorithm(dotted: str, *parameters: bytes) -> bytes:
    """An AlgorithmIdentifier."""
    return tlv(SEQUENCE, oid(dotted), *parameters)
