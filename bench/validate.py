"""Our row rules run plain, the same suite in Great Expectations' own words, and ours run by it: the same rows broken.

Each rule is written once, as a mask over whole columns (`domain/checks.py`). `plain` runs the masks one after the other
(`checker_plain`); `stock` is what one writes who has Great Expectations on pandas and nothing else (`bench/stock.py`);
`gx` is our adapter, which has Great Expectations run our masks (`checker_gx`). All results are complete: a
broken row has to be found, not counted. Half the rows are cases, half debtors, about one in a hundred broken by each of
some twenty rules. Seconds are those of this process's CPU once warm (best of three, of one at a million rows), MiB the
peak above the frames. `time` and `memory` are plain over stock; the aim is half. Importing Great Expectations
(`import s`) comes on top in every process and is told apart.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Mapping
from datetime import date
from hashlib import sha256
from typing import Any

from bench.measure import exponent, forget_peak, in_child, peak_mib, print_table, timed

SIZES, SHORT = (30, 10_000, 100_000, 1_000_000), (2_000,)
"""The first is about a district court's quarter."""

WAYS = ("plain", "stock", "gx")
AS_OF = date(2026, 10, 9)
COLUMNS = {
    "rows": "{:,}", "broken": "{:,}", "plain s": "{:.3f}", "MiB": "{:.0f}", "exp": "{:.2f}",
    "stock s": "{:.3f}", "stock MiB": "{:.0f}", "gx s": "{:.3f}", "gx MiB": "{:.0f}", "import s": "{:.1f}",
    "time": "{:.2f}", "memory": "{:.2f}",
}  # fmt: skip


def rows(sizes: tuple[int, ...] = SIZES) -> list[dict[str, Any]]:
    """One row a size."""
    found: list[dict[str, Any]] = []
    before: tuple[float, float] | None = None
    for size in sizes:
        plain, stock, gx = (in_child("bench.validate", which, size) for which in WAYS)
        assert plain["found"] == stock["found"] == gx["found"], f"they differ on {size} rows"
        found.append(
            {
                "rows": size, "broken": plain["broken"], "plain s": plain["warm"], "MiB": plain["mib"],
                "exp": exponent(size, plain["warm"], before) if size > 30 else None,
                "stock s": stock["warm"], "stock MiB": stock["mib"], "gx s": gx["warm"], "gx MiB": gx["mib"],
                "import s": gx["imports"], "time": plain["warm"] / stock["warm"],
                "memory": plain["mib"] / stock["mib"] if size >= 100_000 else None,
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

    def column(right: Any, wrong: Mapping[int, Any] | None = None) -> pd.Series:
        """The right value, or one a row; of each hundred rows those named are wrong."""
        values = np.full(count, right, dtype=object) if isinstance(right, str | None) else np.array(right, dtype=object)
        for place, value in (wrong or {}).items():
            values[n % 100 == place] = value
        return pd.Series(values, dtype="str")

    def days(days_after: int, wrong: Mapping[int, Any] | None = None) -> pd.Series:
        """Days after the announcement; a wrong one is a text, or so many days after instead."""
        after = np.full(count, days_after)
        for place, value in (wrong or {}).items():
            if isinstance(value, int):
                after[n % 100 == place] = value
        texts = {place: value for place, value in (wrong or {}).items() if not isinstance(value, int)}
        return column((announced + after).astype(str), texts)

    numbers = [f"（2026）{COURTS[i % 12]}破{i // 12 + 1}号" for i in n.tolist()]
    cases = pd.DataFrame(
        {
            "case_no": column(numbers, {1: "（2026）冀破1号"}),
            "court_code": column([COURTS[i % 12] for i in n.tolist()], {8: "冀11"}), "court_name": column("某法院"),
            "procedure": column("liquidation", {18: "bankrupt"}),
            "stage": column("claims_open", {2: None, 11: "terminated"}), "filed_on": days(-9, {7: "2025-02-30"}),
            "accepted_on": days(-3, {9: -40, 10: None, 17: "2026-12-01"}), "announced_on": days(0),
            "claims_due_on": days(60, {3: -1, 13: 20, 14: 200}), "first_meeting_on": days(210, {12: 0}),
            "terminated_on": column(None, {19: "2026-09-01"}), "administrator_name": column("某律师事务所"),
            "judge": column("李法官", {16: None}), "is_major": column("false", {15: "yes"}),
            "source_updated_at": column(
                [f"2026-08-01T{i // 3600 % 24:02d}:{i // 60 % 60:02d}:{i % 60:02d}+08:00" for i in n.tolist()]
            ),
        }
    )  # fmt: skip
    debtors = pd.DataFrame(
        {
            "case_no": column(numbers), "debtor_no": column(n.astype(str)),
            "name": column([f"衡水第{i}工业有限公司" for i in n.tolist()], {4: "=某公司"}),
            "uscc": column(
                [uscc(f"91131103{i:09d}") for i in n.tolist()], {5: "911311030000000010", 20: None, 21: None}
            ),
            "old_taxpayer_id": column(None, {20: "131103735124851"}), "former_name": column(None, {6: "某＊公司"}),
        }
    )  # fmt: skip
    return {"bankruptcy_case": cases, "case_debtor": debtors}


def _measure(which: str, size: int) -> dict[str, Any]:
    from bench.reconcile import ROOT, agreement

    route = agreement(ROOT).route("131100-cases")
    began = time.process_time()
    check = _checker(which, route)
    imports = time.process_time() - began
    frames = {}
    for dataset, frame in made(size).items():
        frames[dataset] = frame.reindex(columns=list(route.wire(dataset).names)).astype("str")
    broken: dict[str, Any] = {}

    def run() -> None:
        for dataset, frame in frames.items():
            found = check(dataset, frame)
            broken[dataset] = {rule: [int(n) for n in rows] for rule, rows in found.items()}

    before = forget_peak()
    timed(run)
    mib = peak_mib() - before
    return {
        "warm": min(timed(run).cpu for _ in range(3 if size <= 100_000 else 1)), "mib": mib, "imports": imports,
        "broken": sum(len(at) for found in broken.values() for at in found.values()),
        "found": sha256(json.dumps(broken, sort_keys=True).encode()).hexdigest(),
    }  # fmt: skip


def _checker(which: str, route: Any) -> Callable[[str, Any], Mapping[str, Any]]:
    """What judges a dataset's rows in one of the ways, everything imported and agreed."""
    from bench.reconcile import ROOT, agreement
    from exchange.adapters.calendar_cn import calendar
    from exchange.adapters.checker_plain import PlainChecker
    from exchange.domain.checks import row_checks

    codes, sender = agreement(ROOT).codes, agreement(ROOT).parties["court-131100"]
    is_workday = calendar(None).is_workday
    if which == "stock":
        from bench import stock

        stock.loaded()
        given = stock.given_by(route, sender, codes, AS_OF, is_workday)
        return lambda dataset, frame: stock.run(frame, route.contract(dataset), given)
    checker: Any = PlainChecker()
    if which == "gx":
        from exchange.adapters import checker_gx

        checker_gx.loaded()
        checker = checker_gx.GxChecker()
    checks = {
        c.dataset: row_checks(c, route=route, sender=sender, as_of=AS_OF, is_workday=is_workday, codes=codes)
        for c in (route.contract("bankruptcy_case"), route.contract("case_debtor"))
    }
    return lambda dataset, frame: checker.run(route.contract(dataset), checks[dataset], frame)


def main(args: list[str]) -> None:
    """Measure and print, or be one of the processes measured (`plain`, `stock` or `gx`, and how many rows)."""
    if len(args) == 2:
        print(json.dumps(_measure(args[0], int(args[1]))))
        return
    print_table("validate: our rules run plain, the suite in stock Great Expectations, ours run by it", COLUMNS,
                rows(SHORT if "--short" in args else SIZES))  # fmt: skip


if __name__ == "__main__":
    main(sys.argv[1:])
