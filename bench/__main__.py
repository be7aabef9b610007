"""`make bench`: every figure beside another tool, in one run. `--short` is what CI runs."""

from __future__ import annotations

import os
import subprocess
import sys
import time

PARTS = (
    "pack",
    "send",
    "validate",
    "reconcile",
    "matching",
    "quarter",
    "one_case",
    "district",
    "national",
    "history",
    "audit",
    "console",
)


def main() -> None:
    """Run all measurements, each in a process of its own, and print them."""
    began = time.monotonic()
    print(f"{os.cpu_count()} CPU cores, load {os.getloadavg()[0]:.1f} at the start", flush=True)
    for name in PARTS:
        subprocess.run([sys.executable, "-m", f"bench.{name}", *sys.argv[1:]], check=True)
    print(f"{time.monotonic() - began:.0f} s in all, load {os.getloadavg()[0]:.1f} at the end")


if __name__ == "__main__":
    main()
