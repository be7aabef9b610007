"""A CSV file of the wire cut into pieces that end where a row ends, and its quotation marks looked at."""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO, Final

import numpy as np

AT_ONCE: Final = 8 * 2**20
"""Bytes read at once."""

LONGEST: Final = 2 * AT_ONCE
"""A row with more bytes is none that anybody wrote."""


def blocks(stream: BinaryIO) -> Iterator[bytes]:
    """The file in whole rows, a few MiB at a time. ValueError for a row longer than `LONGEST`."""
    held = b""
    while read := stream.read(AT_ONCE):
        held += read
        end = _last_row_end(held)
        if end:
            yield held[:end]
            held = held[end:]
        elif len(held) > LONGEST:
            raise ValueError("a row never ends")
    if held:
        yield held


def _last_row_end(data: bytes) -> int:
    """Where the last whole row ends: after a line feed that an even number of quotation marks stand before."""
    if b'"' not in data:
        return data.rfind(b"\n") + 1
    body = np.frombuffer(data, dtype=np.uint8)
    quotes, feeds = np.flatnonzero(body == ord('"')), np.flatnonzero(body == ord("\n"))
    outside = feeds[np.searchsorted(quotes, feeds) % 2 == 0]
    return int(outside[-1]) + 1 if len(outside) else 0


def well_quoted(data: bytes) -> bool:
    """RFC 4180 quoting, which the parser takes too lightly: a quote opens at a field's start, closes at its end."""
    if b'"' not in data:
        return True
    body = np.frombuffer(data, dtype=np.uint8)
    at = np.flatnonzero(body == ord('"'))
    before = np.where(at[::2] > 0, body[at[::2] - 1], ord("\n"))
    closing = at[1::2]
    after = np.where(closing + 1 < len(body), body[np.minimum(closing + 1, len(body) - 1)], ord("\n"))
    return bool(len(at) % 2 == 0 and np.isin(before, list(b',\n"')).all() and np.isin(after, list(b',\r\n"')).all())
