"""Our row rules run by Great Expectations and run plain, on the same rows; both must find the same ones broken.

Each rule is written once, as a mask over whole columns (`domain/checks.py`). Great Expectations runs them as custom
expectations beside its own; `checker_plain` runs the masks one after the other. Half the rows are cases, half debtors,
about one in a hundred is broken by each of six rules. Seconds are those of this process's CPU, the first run apart from
the best of the next ones (`warm`); MiB is the peak above the frames. Imports are measured apart.
"""

from __future__ import annotations

import json
import sys
import time
from datetime import date
from hashlib import sha256
from typing import Any

from bench.measure import exponent, forget_peak, in_child, peak_mib, print_table, timed

SIZES, SHORT = (30, 10_000, 100_000, 1_000_000), (30, 2_000)
"""The first is about a district court's quarter."""

AS_OF = date(2026, 10, 9)
COLUMNS = {
    "rows": "{:,}", "broken": "{:,}", "plain s": "{:.3f}", "warm s": "{:.3f}", "plain MiB": "{:.0f}",
    "exponent": "{:.2f}", "gx s": "{:.3f}", "gx warm s": "{:.3f}", "gx MiB": "{:.0f}", "gx import s": "{:.1f}",
    "time": "{:.2f}", "memory": "{:.2f}",
}  # fmt: skip


def rows(sizes: tuple[int, ...] = SIZES) -> list[dict[str, Any]]:
    """One row a size; `time` and `memory` are plain over Great Expectations."""
    found: list[dict[str, Any]] = []
    before: tuple[float, float] | None = None
    for size in sizes:
        plain, gx = (in_child("bench.validate", which, size) for which in ("plain", "gx"))
        assert plain["found"] == gx["found"], f"the checkers differ on {size} rows"
        found.append(
            {
                "rows": size, "broken": plain["broken"], "plain s": plain["cold"], "warm s": plain["warm"],
                "plain MiB": plain["mib"], "exponent": exponent(size, plain["warm"], before) if size > 30 else None,
                "gx s": gx["cold"], "gx warm s": gx["warm"], "gx MiB": gx["mib"], "gx import s": gx["imports"],
                "time": plain["warm"] / gx["warm"], "memory": plain["mib"] / gx["mib"] if gx["mib"] > 5 else None,
            }
        )  # fmt: skip
        before = (size, plain["warm"]) if size > 30 else None
    return found


def made(size: int) -> dict[str, Any]:
    """Prepared frames of cases and of debtors, each half the size, every value of a key its own."""
    import numpy as np
    import pandas as pd

    from bench.world import COURTS, uscc

    count = max(size // 2, 1)
    n = np.arange(1, count + 1)
    announced = np.datetime64("2026-01-05") + n % 180

    def column(values: Any) -> pd.Series:
        return pd.Series(values, dtype="str")

    def every(hundredth: int, wrong: Any, right: Any) -> pd.Series:
        return column(np.where(n % 100 == hundredth, wrong, right))

    numbers = [f"（2026）{COURTS[i % 12]}破{i // 12 + 1}号" for i in n.tolist()]
    cases = pd.DataFrame(
        {
            "case_no": every(1, "（2026）冀破1号", numbers), "court_code": column([COURTS[i % 12] for i in n.tolist()]),
            "court_name": column(np.full(count, "某法院")), "procedure": column(np.full(count, "liquidation")),
            "stage": every(2, None, "claims_open"), "filed_on": column(np.full(count, "2025-12-20")),
            "accepted_on": column(announced - 3), "announced_on": column(announced),
            "claims_due_on": column(np.where(n % 100 == 3, announced - 1, announced + 60)),
            "first_meeting_on": column(announced + 68), "administrator_name": column(np.full(count, "某律师事务所")),
            "judge": column(np.full(count, "李法官")), "is_major": column(np.full(count, "false")),
            "source_updated_at": column(np.full(count, "2026-08-01T09:30:00+08:00")),
        }
    )  # fmt: skip
    debtors = pd.DataFrame(
        {
            "case_no": column(numbers), "debtor_no": column(n.astype(str)),
            "name": every(4, "=某公司", [f"衡水第{i}工业有限公司" for i in n.tolist()]),
            "uscc": every(5, "911311030000000010", [uscc(f"91131103{i:09d}") for i in n.tolist()]),
            "former_name": every(6, "某＊公司", None),
        }
    )  # fmt: skip
    return {"bankruptcy_case": cases, "case_debtor": debtors}


def _measure(which: str, size: int) -> dict[str, Any]:
    from bench.reconcile import ROOT, agreement
    from exchange.adapters.calendar_cn import calendar
    from exchange.domain.checks import row_checks

    agreed = agreement(ROOT)
    route = agreed.route("131100-cases")
    began = time.process_time()
    checker: Any
    if which == "gx":
        from exchange.adapters import checker_gx

        checker_gx.loaded()
        checker = checker_gx.GxChecker()
    else:
        from exchange.adapters.checker_plain import PlainChecker

        checker = PlainChecker()
    imports = time.process_time() - began
    frames = {}
    for dataset, frame in made(size).items():
        frames[dataset] = frame.reindex(columns=list(route.wire(dataset).names)).astype("str")
    checks = {
        dataset: row_checks(
            route.contract(dataset), route=route, sender=agreed.parties["court-131100"], as_of=AS_OF,
            is_workday=calendar(None).is_workday, codes=agreed.codes,
        )
        for dataset in frames
    }  # fmt: skip
    broken: dict[str, Any] = {}

    def run() -> None:
        for dataset, frame in frames.items():
            broken[dataset] = checker.run(route.contract(dataset), checks[dataset], frame)

    before = forget_peak()
    cold = timed(run).cpu
    mib = peak_mib() - before
    warm = min(timed(run).cpu for _ in range(3 if size <= 100_000 else 1))
    told = {dataset: {rule: list(map(int, at)) for rule, at in found.items()} for dataset, found in broken.items()}
    return {
        "cold": cold, "warm": warm, "mib": mib, "imports": imports,
        "broken": sum(len(at) for found in told.values() for at in found.values()),
        "found": sha256(json.dumps(told, sort_keys=True).encode()).hexdigest(),
    }  # fmt: skip


def main(args: list[str]) -> None:
    """Measure and print, or be one of the processes measured (`plain` or `gx`, and how many rows)."""
    if len(args) == 2:
        print(json.dumps(_measure(args[0], int(args[1]))))
        return
    print_table("validate: the same rules run plain, against Great Expectations running them", COLUMNS,
                rows(SHORT if "--short" in args else SIZES))  # fmt: skip


if __name__ == "__main__":
    main(sys.argv[1:])
