"""What it costs to send one case at once, or correct one, out of registers of any size, after a quarter of them all.

Each in a process of its own: seconds, CPU seconds and peak memory. The court's database and both ledgers are SQLite.
"""

from __future__ import annotations

import json
import sqlite3
import sys
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

from bench.ends import both_ends, end_settings, go_round
from bench.measure import in_child, peak_mib, print_table, timed
from bench.world import build
from exchange import journeys, wiring
from exchange.ports import Parts
from exchange.steps.correct import correct

SIZES, SHORT = (10_000, 200_000), (2_000,)
COLUMNS = {"cases": "{:,}", "what": "{}", "s": "{:.1f}", "CPU s": "{:.1f}", "MiB": "{:.0f}"}


def rows(sizes: tuple[int, ...] = SIZES) -> list[dict[str, Any]]:
    """A row for each size and what is done to one case."""
    found: list[dict[str, Any]] = []
    for size in sizes:
        with tempfile.TemporaryDirectory() as folder:
            in_child("bench.one_case", "quarter", folder, size)
            for what in ("urgent", "correct"):
                found.append({"cases": size, "what": what, **in_child("bench.one_case", what, folder, size // 2)})
    return found


def quarter(home: Path, cases: int) -> None:
    """A quarter of so many cases, from the court's database to both ends."""
    with both_ends(home, build(home / "court.db", cases), checker="plain", processes=2) as (court, tax):
        go_round(court, tax)


def one(home: Path, what: str, record: int) -> dict[str, Any]:
    """Change one case at the court, then send it at once or correct it; what that cost."""
    with sqlite3.connect(home / "court.db") as database:
        database.execute("UPDATE pc_aj SET cbr = ? WHERE ajbs = ?", (f"{what}法官", record))
        (case,) = database.execute("SELECT ah FROM pc_aj WHERE ajbs = ?", (record,)).fetchone()
    settings = end_settings(home, "court", "tax", source=home / "court.db", checker="plain")
    with wiring.opened(settings) as parts:
        spent = timed(lambda: _done(replace(parts, actor="chief-1"), what, case))
    return {"s": spent.seconds, "CPU s": spent.cpu, "MiB": peak_mib()}


def _done(parts: Parts, what: str, case: str) -> None:
    if what == "urgent":
        journeys.urgent(parts, case, "即将处置土地", "chief-1")
    else:
        journeys.call(correct, parts, cases=[case], reason="来源已更正")


def main() -> None:
    """Print the table."""
    match sys.argv[1:]:
        case ["quarter", home, cases]:
            quarter(Path(home), int(cases))
            print(json.dumps({}))
        case [("urgent" | "correct") as what, home, record]:
            print(json.dumps(one(Path(home), what, int(record))))
        case sizes:
            asked = tuple(int(size) for size in sizes if size.isdecimal())
            found = rows(asked or (SHORT if "--short" in sizes else SIZES))
            print_table("one case sent at once, or corrected, after a quarter of all of them", COLUMNS, found)


if __name__ == "__main__":
    main()
