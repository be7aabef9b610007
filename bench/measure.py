"""What the measurements share: a process of its own for each figure, its peak memory, growth from size to size."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from pathlib import Path
from typing import Any


def in_child(module: str, *args: object) -> dict[str, Any]:
    """Run `python -m module args…` and return the JSON of its last line."""
    done = subprocess.run([sys.executable, "-m", module, *map(str, args)], capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{module} {' '.join(map(str, args))} failed:\n{done.stderr}")
    answer: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return answer


def peak_mib() -> float:
    """Peak resident memory of this process in MiB.

    Not `ru_maxrss`: on Linux that starts at what the parent held when it started this process.
    """
    for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / 1024
    return math.nan


def exponent(size: float, seconds: float, before: tuple[float, float] | None) -> float | None:
    """How seconds grow with size, from a (size, seconds) before: 1 is in proportion, 2 is with the square."""
    return None if before is None else math.log(seconds / before[1]) / math.log(size / before[0])
