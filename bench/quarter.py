"""A whole quarter at both ends, from the court's database to landed and validated, beside a hand-made script.

The script is what a user would write instead: pandas reads the tables and writes CSV, tar, gzip and `openssl cms` seal
them, nothing is checked, receipted or landed. Ours does all of that; imports of the interpreter are measured apart.
"""

from __future__ import annotations

import json
import math
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from bench.world import build

SIZES, SHORT = (1_000, 10_000, 100_000), (300, 1_000)


def rows(sizes: tuple[int, ...] = SIZES) -> list[dict[str, Any]]:
    """One row a size: cases, seconds of ours and of the script, ratio, peak MiB, exponent from the size before."""
    found: list[dict[str, Any]] = []
    for cases in sizes:
        with tempfile.TemporaryDirectory() as folder:
            ours = _child("ours", cases, Path(folder))
            script = _child("script", cases, Path(folder))
        exponent = None
        if found:
            last = found[-1]
            exponent = math.log(ours["seconds"] / last["seconds"]) / math.log(cases / last["cases"])
        found.append(
            {
                "cases": cases, "seconds": ours["seconds"], "imports": ours["imports"], "script": script["seconds"],
                "ratio": ours["seconds"] / script["seconds"], "mib": ours["mib"], "exponent": exponent,
            }
        )  # fmt: skip
    return found


def _child(what: str, cases: int, folder: Path) -> dict[str, float]:
    done = subprocess.run(
        [sys.executable, "-m", "bench.quarter", what, str(cases), str(folder)],
        capture_output=True,
        text=True,
        check=True,
    )
    answer: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return answer


def _ours(folder: Path) -> dict[str, float]:
    began = time.perf_counter()
    import great_expectations  # noqa: F401 - its import is measured

    from bench.ends import both_ends, go_round

    imports = time.perf_counter() - began
    with both_ends(folder / "ours", folder / "court.db") as (court, tax):
        began = time.perf_counter()
        go_round(court, tax)
        seconds = time.perf_counter() - began
    return {"seconds": seconds, "imports": imports, "mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}


def _script(folder: Path) -> dict[str, float]:
    import sqlite3

    import pandas as pd

    began = time.perf_counter()
    out = folder / "script"
    out.mkdir()
    with sqlite3.connect(folder / "court.db") as db:
        for table in ("pc_aj", "pc_zwr", "pc_glr", "pc_jd", "pc_cccz", "pc_zqsh", "pc_fp"):
            pd.read_sql(f"SELECT * FROM {table}", db).to_csv(out / f"{table}.csv", index=False)
    for command in (
        "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout k.pem -out c.pem -subj /CN=x",
        "tar cf - *.csv | gzip | openssl cms -encrypt -binary -aes-256-gcm -outform DER -out p.p7m c.pem",
        "openssl cms -sign -binary -in p.p7m -outform DER -out p.p7s -signer c.pem -inkey k.pem",
    ):
        subprocess.run(["bash", "-c", command], cwd=out, check=True, capture_output=True)
    return {"seconds": time.perf_counter() - began, "mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}


def main(what: str, cases: int, folder: Path) -> None:
    """Run one child and print its figures as JSON."""
    if not (folder / "court.db").exists():
        build(folder / "court.db", cases)
    print(json.dumps(_ours(folder) if what == "ours" else _script(folder)))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), Path(sys.argv[3]))
