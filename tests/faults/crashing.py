"""Ports that die: before or after the n-th write, as a process does when the power goes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

from exchange.ports import Parts


class PowerCut(BaseException):
    """Not an Exception: nothing in the product may catch it and carry on."""


@dataclass
class Fuse:
    """Burns at the n-th write; `before` says on which side of it."""

    left: int
    before: bool

    @contextmanager
    def around(self) -> Iterator[None]:
        """One write."""
        self.left -= 1
        if self.left == 0 and self.before:
            raise PowerCut
        yield
        if self.left == 0:
            raise PowerCut


WRITES = frozenset({"put", "put_file", "publish", "taken"})


class Dying:
    """A port whose writes go through the fuse."""

    def __init__(self, port: Any, fuse: Fuse) -> None:
        self._port, self._fuse = port, fuse

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._port, name)
        if name not in WRITES:
            return found

        def write(*args: Any, **more: Any) -> Any:
            with self._fuse.around():
                return found(*args, **more)

        return write

    @contextmanager
    def transaction(self) -> Iterator[Any]:
        """A transaction counts as one write."""
        with self._fuse.around(), self._port.transaction() as write:
            yield write


def dying(parts: Parts, fuse: Fuse) -> Parts:
    """The same end, on a fuse."""
    channels = {name: Dying(channel, fuse) for name, channel in parts.channels.items()}
    return replace(parts, vault=Dying(parts.vault, fuse), ledger=Dying(parts.ledger, fuse), channels=channels)
