"""Work that goes on while what it made before is used: a step waits for the longer of both, not for their sum.

Arrow, hashing and the database let other threads run meanwhile. Order, results and errors are those of one thread.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Final, TypeVar

_Item = TypeVar("_Item")
_Made = TypeVar("_Made")
_END: Final = object()
_TOGETHER: Final = 2
"""Kept small: each holds a block of rows."""


def ahead(items: Iterable[_Item], *, most: int = 1) -> Iterator[_Item]:
    """The same items in their order; while one is used, the next are made in a thread, at most so many. One that was
    given is not held."""
    coming_from = iter(items)
    with ThreadPoolExecutor(1) as thread:
        coming = deque(thread.submit(next, coming_from, _END) for _ in range(most))
        try:
            while (made := [coming.popleft().result()])[0] is not _END:
                coming.append(thread.submit(next, coming_from, _END))
                yield made.pop()  # type: ignore[misc]  # _END alone is no item
        finally:
            thread.shutdown(cancel_futures=True)


def together(make: Callable[[_Item], _Made], items: Iterable[_Item]) -> list[_Made]:
    """What `make` makes of each item, in their order, two at a time; the first error ends what has not begun."""
    with ThreadPoolExecutor(_TOGETHER) as threads:
        waiting = [threads.submit(make, item) for item in items]
        try:
            return [one.result() for one in waiting]
        finally:
            threads.shutdown(cancel_futures=True)
