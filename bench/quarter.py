"""A whole quarter at both ends, from the court's database to landed and validated, beside a hand-made script.

The script is what a user would write instead: pandas reads the tables and writes CSV, tar, gzip and `openssl cms` seal
them; nothing is checked, approved, receipted, opened or landed. Ours does all of that, both ends in one process with
ledgers on SQLite and a folder between them; imports are measured apart. Seconds are those of the clock, `cpu` those of
the processor; the exponent is that of `cpu`, which other work on the machine disturbs less.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import tempfile
import time
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from typing import Any

from bench.measure import exponent, in_child, peak_mib, print_table, timed
from bench.world import build

SIZES, SHORT = (1_000, 10_000, 100_000), (1_000,)
COLUMNS = {
    "cases": "{:,}", "ours s": "{:.2f}", "ours cpu": "{:.2f}", "ours MiB": "{:.0f}", "exponent": "{:.2f}",
    "imports s": "{:.1f}", "script s": "{:.2f}", "script cpu": "{:.2f}", "script MiB": "{:.0f}", "times": "{:.1f}",
}  # fmt: skip


def rows(sizes: tuple[int, ...] = SIZES) -> list[dict[str, Any]]:
    """One row a size: seconds, CPU seconds and peak MiB of ours and of the script."""
    found: list[dict[str, Any]] = []
    before: tuple[float, float] | None = None
    for cases in sizes:
        with tempfile.TemporaryDirectory() as folder:
            build(Path(folder) / "court.db", cases)
            ours = in_child("bench.quarter", "ours", folder)
            script = in_child("bench.quarter", "script", folder)
        found.append(
            {
                "cases": cases, "ours s": ours["seconds"], "ours cpu": ours["cpu"], "ours MiB": ours["mib"],
                "exponent": exponent(cases, ours["cpu"], before), "imports s": ours["imports"],
                "script s": script["seconds"], "script cpu": script["cpu"], "script MiB": script["mib"],
                "times": ours["cpu"] / script["cpu"],
            }
        )  # fmt: skip
        before = (cases, ours["cpu"])
    return found


def _ours(folder: Path) -> dict[str, float]:
    began = time.perf_counter()
    import exchange.steps
    from bench.ends import both_ends, go_round

    for module in iter_modules(exchange.steps.__path__, "exchange.steps."):
        import_module(module.name)
    imports = time.perf_counter() - began
    with both_ends(folder / "ours", folder / "court.db") as (court, tax):
        spent = timed(lambda: go_round(court, tax))
    return {"seconds": spent.seconds, "cpu": spent.cpu, "imports": imports, "mib": peak_mib()}


def _script(folder: Path) -> dict[str, float]:
    import sqlite3

    import pandas as pd

    out = folder / "script"
    out.mkdir(exist_ok=True)

    def by_hand() -> None:
        with sqlite3.connect(folder / "court.db") as db:
            for table in ("pc_aj", "pc_zwr", "pc_glr", "pc_jd", "pc_cccz", "pc_zqsh", "pc_fp"):
                pd.read_sql(f"SELECT * FROM {table}", db).to_csv(out / f"{table}.csv", index=False)
        for command in (
            "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout k.pem -out c.pem -subj /CN=x",
            "tar cf - *.csv | gzip | openssl cms -encrypt -binary -aes-256-gcm -outform DER -out p.p7m c.pem",
            "openssl cms -sign -binary -in p.p7m -outform DER -out p.p7s -signer c.pem -inkey k.pem",
        ):
            subprocess.run(["bash", "-c", command], cwd=out, check=True, capture_output=True)

    spent, children = timed(by_hand), resource.getrusage(resource.RUSAGE_CHILDREN)
    return {
        "seconds": spent.seconds, "cpu": spent.cpu + children.ru_utime + children.ru_stime, "mib": peak_mib(),
    }  # fmt: skip


def main(args: list[str]) -> None:
    """Measure and print, or be one of the processes measured (`ours` or `script`, and a folder)."""
    if len(args) == 2:
        print(json.dumps((_ours if args[0] == "ours" else _script)(Path(args[1]))))
        return
    print_table(
        "a quarter at both ends, against pandas + tar | gzip | openssl by hand, which checks and lands nothing",
        COLUMNS, rows(SHORT if "--short" in args else SIZES),
    )  # fmt: skip


if __name__ == "__main__":
    main(sys.argv[1:])
