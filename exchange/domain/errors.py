"""Every error this product raises, split by what the caller can do about it.

`RetryLater`: the world is in the way (a server away, a lock held); the same call may succeed later.
`NeedsPerson`: it will not get better by itself; somebody has to decide or mend something.

An error has a code out of `schemas/codes/problems.yaml` (families as in docs/packet-format.md: 1xx channel,
2xx trust, 3xx decryption and integrity, 4xx manifest, sequence and contract, 5xx schema, 6xx record rules,
7xx correction chain, 8xx test/live and addressee, 9xx internal). It says what is wrong, where, and what to do
next; never a row's value and never personal data. Foreign exceptions are translated in adapters only.
"""

from __future__ import annotations

from functools import partial
from typing import Any


class ExchangeError(Exception):
    """The root. `what` and `next_step` are whole English sentences; `where` names a file, key, column or host."""

    def __init__(self, code: int, what: str, *, where: str = "", next_step: str = "") -> None:
        super().__init__(code, what, where, next_step)
        self.code = code
        self.what = what
        self.where = where
        self.next_step = next_step

    def __reduce__(self) -> tuple[Any, ...]:
        """The same error in another process."""
        return partial(type(self), where=self.where, next_step=self.next_step), (self.code, self.what)

    def __str__(self) -> str:
        place = f" [{self.where}]" if self.where else ""
        then = f" Next: {self.next_step}" if self.next_step else ""
        return f"E{self.code}: {self.what}{place}{then}"


class RetryLater(ExchangeError):
    """The same call may succeed later without anybody doing anything here."""


class NeedsPerson(ExchangeError):
    """Somebody has to decide or mend something; trying again changes nothing."""
