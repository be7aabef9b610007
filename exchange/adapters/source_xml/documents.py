"""XML documents read with suspicion: no entities, no document types, no network; size, depth and encoding bounded."""

from __future__ import annotations

import re
from typing import Any, Final
from xml.etree.ElementTree import Element, ParseError, TreeBuilder

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import DefusedXMLParser

MAX_BYTES: Final = 16 * 2**20
MAX_DEPTH: Final = 64
MAX_ELEMENTS: Final = 200_000
_DECLARED: Final = re.compile(rb"""^\s*<\?xml[^>]{0,200}?encoding\s*=\s*["']([A-Za-z0-9._-]{1,40})["']""")
_DECLARATION: Final = re.compile(r"^\s*<\?xml[^>]{0,200}\?>")
_CODECS: Final = {
    "utf-8": "utf-8", "utf8": "utf-8", "gb18030": "gb18030", "gbk": "gb18030", "gb2312": "gb18030",
}  # fmt: skip
"""Encodings a document may declare. GB 18030 has all characters of the older two."""


class Unreadable(Exception):
    """Why a document can't be read, in words."""


class _Bounded(TreeBuilder):
    """A tree that ends where it is too deep or too large."""

    def __init__(self) -> None:
        super().__init__()
        self._depth = self._count = 0

    def start(self, tag: Any, attrs: Any) -> Element:
        """Open an element."""
        self._depth, self._count = self._depth + 1, self._count + 1
        if self._depth > MAX_DEPTH or self._count > MAX_ELEMENTS:
            raise Unreadable("it is deeper or larger than any case")
        return super().start(tag, attrs)

    def end(self, tag: Any) -> Element:
        """Close it."""
        self._depth -= 1
        return super().end(tag)


def parse_document(data: bytes) -> Element:
    """A document's root; Unreadable with the reason, and the line where there is one."""
    if len(data) > MAX_BYTES:
        raise Unreadable(f"it is larger than {MAX_BYTES // 2**20} MiB")
    if not data.strip():
        raise Unreadable("it is empty")
    parser = DefusedXMLParser(target=_Bounded(), forbid_dtd=True)
    try:
        parser.feed(_text(data))
        root: Element = parser.close()
    except DefusedXmlException:
        raise Unreadable("it has a document type or entities, which no exchange file has") from None
    except ParseError as error:
        raise Unreadable(f"it is no whole XML (line {error.position[0]})") from None
    return root


def _text(data: bytes) -> str:
    declared = _DECLARED.match(data.removeprefix(b"\xef\xbb\xbf"))
    name = declared[1].decode("ascii").lower() if declared else "utf-8"
    if name not in _CODECS:
        raise Unreadable(f"its encoding {name!r} is none of {', '.join(sorted({*_CODECS.values()}))}")
    try:
        text = data.removeprefix(b"\xef\xbb\xbf").decode(_CODECS[name])
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise Unreadable(f"it is not {name} (line {line})") from None
    return _DECLARATION.sub("", text, count=1)
