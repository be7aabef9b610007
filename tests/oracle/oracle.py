"""A second, naive reading of docs/data.md and docs/reconciliation.md: a database and an answer in, an outcome out.

Plain loops over rows, standard library only (and the calendar's table of holidays); nothing of the product is imported,
so that a shared mistake has to be made twice. Slow, short and meant to be compared, not used.
"""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

from tests.oracle.comparison import Comparison
from tests.oracle.court import Court


def oracle(
    db: sqlite3.Connection,
    answer: Path,
    *,
    period: str,
    as_of: date,
    courts: Mapping[str, set[str]],
    levies: Mapping[str, str],
) -> dict[str, Any]:
    """The compared keys of outcome.json. `courts`: codes in case numbers by court; `levies`: kind by levy code."""
    court = Court(db, period=period, as_of=as_of, courts=courts)
    books = Comparison(court, answer, levies)
    books.run()
    return {
        "period": period,
        "as_of": as_of.isoformat(),
        "selected": [case["ajbs"] for case in court.cases],
        "sent": [case["ajbs"] for case in court.sent],
        "normalised": court.normalised(),
        "quarantined": court.quarantined(),
        "warned": court.warned(),
        "urgent": court.urgent(),
        "breaks": books.breaks,
        "infos": books.infos,
        "break_counts": dict(Counter(entry["code"] for entry in books.breaks)),
    }
