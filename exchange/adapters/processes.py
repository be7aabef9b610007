"""The port `Spread` over processes of this machine: a country's courts are read and checked on all its cores.

A process starts with nothing but this module and opens the end anew, once, so that no connection is shared; it ends
with the work. What a batch did before one of them was killed stays done, and is not done again.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_EXCEPTION, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import AbstractContextManager, ExitStack
from multiprocessing import get_context
from multiprocessing.util import Finalize

from exchange.domain.errors import RetryLater
from exchange.ports import Parts

Journey = Callable[[Parts, str, str], None]
OpenEnd = Callable[[], AbstractContextManager[Parts]]


class Processes:
    """At most so many processes, each of which opens the end by `open_end`. Both have to pickle."""

    def __init__(self, open_end: OpenEnd, *, most: int) -> None:
        self._open_end = open_end
        self._most = most

    def __call__(self, journey: Journey, key: str, batches: Sequence[str]) -> None:
        """Run the journey for every batch. The first error ends what has not begun; RetryLater 929 when a process was
        killed."""
        most = min(self._most, len(batches))
        with ProcessPoolExecutor(most, mp_context=get_context("spawn")) as pool:
            running = [pool.submit(_there, self._open_end, journey, key, batch) for batch in batches]
            done, _ = wait(running, return_when=FIRST_EXCEPTION)
            pool.shutdown(wait=True, cancel_futures=True)
        try:
            for one in done:
                one.result()
        except BrokenProcessPool:
            raise RetryLater(
                929, "A process that read and checked a batch of courts was killed.", where=key,
                next_step="See whether the machine ran out of memory; run it again, or with a smaller `processes`.",
            ) from None  # fmt: skip


_end = ExitStack()
_opened: list[Parts] = []


def _there(open_end: OpenEnd, journey: Journey, key: str, batch: str) -> None:
    """In a process of its own, which opens the end for its first batch and keeps it to its end."""
    if not _opened:
        _opened.append(_end.enter_context(open_end()))
        Finalize(None, _end.close, exitpriority=0)
    journey(_opened[0], key, batch)
