"""A ledger of millions of events, on PostgreSQL: how long `audit verify` and the watch take, and what memory they need.

The events are those of `bench.years`; each figure is a process of its own, its peak counted from where it stood with
everything imported and the ledger open.
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

from bench import national
from bench.measure import forget_peak, in_child, peak_mib, print_table, timed
from bench.years import add_years
from exchange import journeys, wiring
from exchange.domain.urgency import UrgentRound
from exchange.ports import Parts
from exchange.steps.audit import audit
from exchange.steps.watch import watch

SIZES: Final = (200_000, 2_000_000)
SHORT: Final = (5_000, 50_000)
EVENTS_EACH: Final = 100
"""So many events an exchange of the past has, looks and alerts among them."""

COLUMNS = {
    "what": "{}",
    "events": "{:,}",
    "s": "{:.1f}",
    "cpu s": "{:.1f}",
    "MiB before": "{:.0f}",
    "peak MiB": "{:.0f}",
}


def rows(sizes: tuple[int, ...]) -> Iterator[dict[str, Any]]:
    """A line a size and step; the chain has to be found whole."""
    for events in sizes:
        with tempfile.TemporaryDirectory() as name, national.ledgers() as urls:
            if "court" not in urls:
                raise SystemExit("bench.audit needs PostgreSQL: apt-get install postgresql")
            folder = Path(name)
            (folder / "ledgers.json").write_text(json.dumps(urls), encoding="utf-8")
            national.introduced(folder)
            in_child("bench.audit", "past", folder, events)
            for what in ("verify", "watch"):
                yield {"what": what, "events": events} | in_child("bench.audit", what, folder)


def _verify(parts: Parts) -> None:
    problems = [one for one in journeys.call(audit, parts) if not one.startswith("Lane ")]
    assert problems == [], problems[:3]


def _watch(parts: Parts) -> None:
    journeys.call(watch, parts, urgent=UrgentRound(cases=(), keys=()))


STEPS: Final[dict[str, Callable[[Parts], None]]] = {"verify": _verify, "watch": _watch}


def _step(what: str, folder: Path) -> dict[str, float]:
    with wiring.opened(national.settings_of(folder, "court", "tax")) as parts:
        parts.ledger.head()
        before = forget_peak()
        spent = timed(lambda: STEPS[what](parts))
    return {"s": spent.seconds, "cpu s": spent.cpu, "MiB before": before, "peak MiB": peak_mib()}


def main(args: list[str]) -> None:
    """A step in a child process, or the table."""
    if args[:1] == ["past"]:
        settings, events = national.settings_of(Path(args[1]), "court", "tax"), int(args[2])
        with wiring.opened(settings):
            add_years(settings.ledger, exchanges=events // EVENTS_EACH, events=events)
        print("{}")
    elif args[:1] and args[0] in STEPS:
        print(json.dumps(_step(args[0], Path(args[1]))))
    else:
        sizes = SHORT if "--short" in args else tuple(map(int, args)) or SIZES
        print_table("A ledger of many events", COLUMNS, list(rows(sizes)))


if __name__ == "__main__":
    main(sys.argv[1:])
