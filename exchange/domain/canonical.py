"""JSON as bytes that are always the same, and JSON read without mercy."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from typing import Any, BinaryIO


def canonical_json(value: Any) -> bytes:
    """The one encoding of a JSON value (docs/packet-format.md §4.1): UTF-8, sorted keys, no blanks, no floats."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False).encode("utf-8")


def sha256_hex(data: bytes) -> str:
    """SHA-256 of bytes in lower-case hex."""
    return hashlib.sha256(data).hexdigest()


def sha256_of(stream: BinaryIO) -> str:
    """SHA-256 of what is left of a stream, in lower-case hex; read in pieces."""
    digest = hashlib.sha256()
    while piece := stream.read(2**18):
        digest.update(piece)
    return digest.hexdigest()


def strict_json(data: bytes) -> Any:
    """A JSON value from bytes; ValueError on duplicate keys, floats, NaN, a BOM, not UTF-8, deep nesting."""
    try:
        return json.loads(data.decode("utf-8"), object_pairs_hook=_unique, parse_float=_refuse, parse_constant=_refuse)
    except RecursionError:
        message = "nested too deeply"
    raise ValueError(message)


def _unique(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key is there twice")
    return found


def _refuse(_: str) -> Any:
    raise ValueError("only whole numbers are allowed")
