"""What has changed since a page was made. Nothing moves under an officer's hands: a bar says how much, and shows it.

The page carries a mark of each thing it shows in the address it asks again, so nothing is kept between two requests.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlencode

from fastapi import Response

if TYPE_CHECKING:
    from exchange.console.visit import Visit

_WHICH, _STANDS = 6, 4
_MARK: Final = _WHICH + _STANDS
_MOST: Final = 500
"""Things a page's marks are kept of; a page shows fifty of a list."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fresh:
    """How a page stands to the ledger: `count` changes since it was made.

    `address` is asked again when the ledger grew, `show` is the page anew, `part` the element of it that is replaced
    (none: the whole page), `head` the ledger's newest hash when it was made.
    """

    address: str
    show: str
    head: str
    count: int = 0
    part: str = ""


def marks(shown: Mapping[str, Any]) -> str:
    """What a page shows, ten characters each: which thing, and how it stands."""
    return "".join(_mark(which, stands) for which, stands in list(shown.items())[:_MOST])


def changed(seen: str, now: Mapping[str, Any], *, more: int = 0) -> int:
    """How many things differ from what was seen; one that comes where another goes counts once. `more`: how many more
    there are beyond the page than there were."""
    before = {seen[n : n + _WHICH]: seen[n + _WHICH : n + _MARK] for n in range(0, len(seen) - _MARK + 1, _MARK)}
    text = marks(now)
    after = {text[n : n + _WHICH]: text[n + _WHICH : n + _MARK] for n in range(0, len(text), _MARK)}
    stayed = before.keys() & after.keys()
    moved = max(len(before) - len(stayed), len(after) - len(stayed))
    return max(moved + sum(before[one] != after[one] for one in stayed), abs(more))


def _mark(which: str, stands: Any) -> str:
    told = hashlib.sha256(repr(stands).encode()).hexdigest()
    return hashlib.sha256(which.encode()).hexdigest()[:_WHICH] + told[:_STANDS]


def fresh(shown: Mapping[str, Any], *, address: str, show: str, head: str, total: int = 0, part: str = "") -> Fresh:
    """A page just made. `head` is read before anything else of it, so that nothing is missed."""
    asked = urlencode({"seen": marks(shown), "total": total})
    joint = "&" if "?" in address else "?"
    return Fresh(address=f"{address}{joint}{asked}", show=show, part=part, head=head[:16])


def answered(visit: Visit, shown: Mapping[str, Any], *, show: str, total: int = 0, part: str = "") -> Response:
    """The bar anew; nothing where it says already what is so."""
    asked = visit.request.query_params
    seen, told = asked.get("seen", "")[: _MOST * _MARK], asked.get("told", "")
    was = int(asked["total"]) if asked.get("total", "").isdecimal() and len(asked["total"]) < 12 else total
    count = changed(seen, shown, more=total - was)
    if str(count) == told:
        return Response(status_code=204)
    kept = urlencode([(name, value) for name, value in asked.items() if name != "told"])
    one = Fresh(address=f"{visit.request.url.path}?{kept}", show=show, part=part, count=count, head="")
    return visit.page("parts/fresh.html", fresh=one, now=visit.house.now)
