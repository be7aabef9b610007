"""`make bench`: every figure beside another tool, in one run. `--short` is what CI runs."""

from __future__ import annotations

import subprocess
import sys

from rich.console import Console
from rich.table import Table

from bench import quarter


def main() -> None:
    """Run all measurements and print them."""
    short = "--short" in sys.argv
    for name in ("pack", "send", "reconcile"):
        subprocess.run([sys.executable, "-m", f"bench.{name}", *(["--short"] if short else [])], check=True)
    table = Table(title="whole quarter, both ends, against pandas + tar | gzip | openssl by hand", title_justify="left")
    for name in ("cases", "ours s", "script s", "ratio", "imports s", "peak MiB", "exponent"):
        table.add_column(name, justify="right")
    for row in quarter.rows(quarter.SHORT if short else quarter.SIZES):
        exponent = "" if row["exponent"] is None else f"{row['exponent']:.2f}"
        table.add_row(
            f"{row['cases']:,}", f"{row['seconds']:.2f}", f"{row['script']:.2f}", f"{row['ratio']:.1f}",
            f"{row['imports']:.1f}", f"{row['mib']:.0f}", exponent,
        )  # fmt: skip
    Console().print(table)


if __name__ == "__main__":
    main()
