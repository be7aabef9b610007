"""What a comparison costs as the past grows: the same cases told again, quarter after quarter, some of them changed.

The first quarter and its answer go as `bench.national` has them go, ledgers on SQLite; every later one is landed at the
court's end as its rows would be, a case in twenty in another stage, a claim in twenty in another version. After each
the court compares in a process of its own: CPU seconds (SQLite's own included) and peak memory.
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd

from bench.ends import PAIR
from bench.measure import in_child, print_table
from bench.national import ANSWER, QUARTER, introduced, settings_of
from bench.world import answer, build

CASES, QUARTERS, OTHER = 30_000, 4, 20
COLUMNS = {"quarters": "{}", "cases": "{:,}", "s": "{:.1f}", "cpu s": "{:.1f}", "MiB": "{:.0f}"}


def rows(cases: int = CASES, quarters: int = QUARTERS) -> Iterator[dict[str, Any]]:
    """One row for each number of quarters."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        build(folder / "court.db", cases)
        answer(folder / "answer", cases)
        (folder / "ledgers.json").write_text(json.dumps({"kind": "ledgers on SQLite"}), encoding="utf-8")
        introduced(folder)
        for step in (*QUARTER, *ANSWER[:3]):
            in_child("bench.national", step, folder)
        for number in range(quarters):
            if number:
                in_child("bench.past", "again", folder, 100 + number)
            yield {"quarters": number + 1, "cases": cases, **in_child("bench.national", "court reconcile", folder)}


def again(folder: Path, number: int) -> None:
    """Land what both sides told last once more under a packet's number, some of it changed."""
    from exchange import wiring

    with wiring.opened(settings_of(folder, "court", "tax")) as parts, parts.ledger.transaction() as write:
        for route in (parts.agreement.route(f"{PAIR}-{what}") for what in ("cases", "claims")):
            for contract in route.datasets:
                frame = parts.ledger.landed(route, contract.dataset)
                if len(frame):
                    packet = f"{route.lane}.{number:06d}.Q"
                    write.land(route, contract.dataset, _changed(frame, number), number=number, packet_id=packet)


def _changed(frame: pd.DataFrame, number: int) -> pd.DataFrame:
    """One case in twenty goes on, one claim in twenty has its next version."""
    told = frame.drop(columns=["_number", "_packet"])
    if "stage" in told:
        told.loc[told.index % OTHER == number % OTHER, "stage"] = "distribution"
    if "version" in told:
        some = told["claim_no"].str[-2:].isin([f"{n:02d}" for n in range(number % OTHER, 100, OTHER)])
        told["version"] = told["version"].mask(some, str(number))
    return told


def main(args: list[str]) -> None:
    """Measure and print, or land one quarter more."""
    if args[:1] == ["again"]:
        again(Path(args[1]), int(args[2]))
        print("{}")
        return
    sizes = (1_000, 2) if "--short" in args else tuple(map(int, args)) or (CASES, QUARTERS)
    print_table("comparing as the past grows", COLUMNS, list(rows(*sizes)))


if __name__ == "__main__":
    main(sys.argv[1:])
