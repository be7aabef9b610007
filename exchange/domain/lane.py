"""Names on the way between two parties: lanes, packets, and how a packet lies in a lane's folder.

```
<root>/<sender>.<receiver>/<packet id>/             whole: READY is in it
<root>/<sender>.<receiver>/.incoming-<packet id>/   on its way up, never visible as arrived
<root>/<sender>.<receiver>/taken/<packet id>/       taken by the receiver; the sender still sees it
```
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

READY: Final = "READY"
MANIFEST: Final = "manifest.json"
TAKEN: Final = "taken"
INCOMING: Final = ".incoming-"

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
