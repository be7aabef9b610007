"""What one page needs of the ledger again and again is read once: rows by key, breaks, the work done on them."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final, cast

if TYPE_CHECKING:
    from exchange.ports import Ledger

ONCE: Final = frozenset({"rows_now", "breaks", "break_works", "exchange"})
"""Questions whose answers are plain values, and few."""


def read_once(ledger: Ledger) -> Ledger:
    """The ledger as it answers one page that only shows: what such a page writes, that somebody looked, changes none of
    these answers. Not for more than one request, nor for more than one thread.

    `rows_now` is asked for whole rows, so that one answer serves whoever needs other columns of them.
    """
    return cast("Ledger", _ReadOnce(ledger))


class _ReadOnce:
    """Answers kept; every other question goes on as it is."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._known: dict[str, Any] = {}

    def __getattr__(self, name: str) -> Any:
        asked: Callable[..., Any] = getattr(self._ledger, name)
        return self._remembered(name, asked) if name in ONCE else asked

    def _remembered(self, name: str, ask: Callable[..., Any]) -> Callable[..., Any]:
        def answer(*given: Any, **named: Any) -> Any:
            if name == "rows_now":
                named.pop("columns", None)
            key = repr((name, [getattr(one, "id", one) for one in given], sorted(named.items())))
            if key not in self._known:
                self._known[key] = ask(*given, **named)
            return self._known[key]

        return answer
