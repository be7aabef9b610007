"""The small numbers beside the rail: what waits for somebody. Asked at most every few seconds."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final
from weakref import WeakKeyDictionary

from exchange.console import today_items
from exchange.console.today_words import mine
from exchange.domain import lifecycle
from exchange.domain.alert_life import OPEN
from exchange.domain.break_desk import TODO, DeskQuery

if TYPE_CHECKING:
    from exchange.console.house import House
    from exchange.console.visit import Visit
    from exchange.ports import Ledger

_SECONDS: Final = 5.0
_known: WeakKeyDictionary[Ledger, tuple[float, Mapping[str, int]]] = WeakKeyDictionary()

WAITING: Final = (lifecycle.CHECKED, lifecycle.STOPPED, lifecycle.PREPARED)
"""The states in which an exchange waits for an officer."""


def counts(house: House) -> Mapping[str, int]:
    """How many exchanges, breaks and alerts wait, by the page that shows them."""
    ledger = house.parts.ledger
    found = _known.get(ledger)
    if found is None or time.monotonic() - found[0] > _SECONDS:
        found = (time.monotonic(), _count(house, ledger))
        _known[ledger] = found
    return found[1]


def counted(visit: Visit) -> Mapping[str, int]:
    """The same, and how much of the work list is this person's."""
    return {**counts(visit.house), "today": sum(mine(visit, item) for item in today_items.items(visit.house))}


def forget(house: House) -> None:
    """Count anew at the next page: somebody has just done something."""
    _known.pop(house.parts.ledger, None)
    today_items.forget(house)


def _count(house: House, ledger: Ledger) -> Mapping[str, int]:
    breaks = ledger.break_counts(DeskQuery(today=house.today, stands=(TODO,)))
    alerts = sum(n for state, _, n, _ in ledger.alert_counts() if state == OPEN)
    waiting = len(ledger.exchanges(states=list(WAITING)))
    return {"exchanges": waiting, "breaks": breaks[0].count, "alerts": alerts}
