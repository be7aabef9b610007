"""Names on the way between two parties: lanes, packets, and how a packet lies in a lane's folder.

```
<root>/<sender>.<receiver>/<packet id>/             whole: READY is in it
<root>/<sender>.<receiver>/.incoming-<packet id>/   on its way up, never visible as arrived
<root>/<sender>.<receiver>/taken/<packet id>/       taken by the receiver; the sender still sees it
```
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Final

from exchange.domain.errors import NeedsPerson

READY: Final = "READY"
MANIFEST: Final = "manifest.json"
TAKEN: Final = "taken"
INCOMING: Final = ".incoming-"

MOST_FILES: Final = 2_000
MOST_BYTES: Final = 256 * 2**20
"""Files a packet has, and bytes a file of it has, at most: what is more is not fetched at all."""

SPARE_BYTES: Final = 64 * 2**20
"""What has to stay free on this end's disc after a packet was fetched."""

_PACKET: Final = re.compile(r"([a-z0-9-]{1,40}\.[a-z0-9-]{1,40})\.([0-9]{6,10})\.([A-Z])", re.ASCII)
_FILE: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}", re.ASCII)


def lane(sender: str, receiver: str) -> str:
    """The lane of two parties, as its folder is named."""
    return f"{sender}.{receiver}"


def lane_of(packet_id: str) -> str | None:
    """The lane a packet's name belongs to; None when it is no packet's name."""
    found = _PACKET.fullmatch(packet_id)
    return found.group(1) if found else None


def is_file_name(name: str) -> bool:
    """Whether a name may stand for a file of a packet: ASCII, no folder, not hidden."""
    return _FILE.fullmatch(name) is not None


def in_order(names: Iterable[str]) -> list[str]:
    """The order of upload: as given, READY last."""
    given = list(names)
    return [name for name in given if name != READY] + [name for name in given if name == READY]


def check_arrived(sizes: Mapping[str, int], *, free_bytes: int, where: str) -> None:
    """Whether a folder may be fetched, told by its files' names and sizes (-1: no plain file), before a byte is read.

    NeedsPerson 411 without READY or with a file larger than any packet's, 304 for a name or thing that is in no
    packet or too many of them, 906 when this end's disc could not hold it.
    """
    if READY not in sizes:
        raise incomplete(where)
    if len(sizes) > MOST_FILES or not all(is_file_name(name) and size >= 0 for name, size in sizes.items()):
        raise foreign(where)
    if max(sizes.values()) > MOST_BYTES:
        raise NeedsPerson(
            411,
            "A file of the packet is larger than any may be; nothing of it was read.",
            where=where,
            next_step="Look at the folder with the counterpart.",
        )
    wanted = sum(sizes.values()) + SPARE_BYTES
    if free_bytes < wanted:
        raise NeedsPerson(
            906,
            f"Fetching the packet takes {-(-wanted // 2**20)} MiB of room; the disc at this end has "
            f"{free_bytes // 2**20}.",
            where=where,
            next_step="Make room; the packet waits where it is and is fetched again.",
        )


def incomplete(where: str) -> NeedsPerson:
    """411, for this packet."""
    return NeedsPerson(
        411,
        "The packet has no READY; it is not complete.",
        where=where,
        next_step="Wait until its sender has finished.",
    )


def foreign(where: str) -> NeedsPerson:
    """304, for this folder."""
    return NeedsPerson(
        304,
        "The packet's folder holds something that belongs to no packet.",
        where=where,
        next_step="Look at the folder with the counterpart; nothing of it was read.",
    )
