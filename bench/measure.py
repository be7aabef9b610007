"""What the measurements share: a process of its own for each figure, its peak memory, growth, a table to print."""

from __future__ import annotations

import json
import math
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]


def in_child(module: str, *args: object) -> dict[str, Any]:
    """Run `python -m module args…` and return the JSON of its last line."""
    command = [sys.executable, "-m", module, *map(str, args)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)
    if done.returncode:
        raise SystemExit(f"{module} {' '.join(map(str, args))} failed:\n{done.stderr}")
    answer: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return answer


@dataclass(slots=True)
class Spent:
    """Wall and CPU seconds of this process."""

    seconds: float = 0.0
    cpu: float = 0.0


def timed(action: Callable[[], Any], times: int = 1) -> Spent:
    """What an action costs, on average of so many times."""
    wall, cpu = time.perf_counter(), time.process_time()
    for _ in range(times):
        action()
    return Spent((time.perf_counter() - wall) / times, (time.process_time() - cpu) / times)


def peak_mib() -> float:
    """Peak resident memory of this process in MiB, since it began or since `forget_peak`.

    Not `ru_maxrss`: on Linux that starts at what the parent held when it started this process.
    """
    for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / 1024
    return math.nan


def forget_peak() -> float:
    """Begin to measure the peak anew; what is resident now, in MiB."""
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
    return peak_mib()


def exponent(size: float, seconds: float, before: tuple[float, float] | None) -> float | None:
    """How seconds grow with size, from a (size, seconds) before: 1 is in proportion, 2 is with the square."""
    return None if before is None else math.log(seconds / before[1]) / math.log(size / before[0])


def print_table(title: str, columns: Mapping[str, str], rows: Sequence[Mapping[str, Any]]) -> None:
    """Print rows; `columns` is heading → format of the value under that heading, as `{:.2f}`."""
    from rich.box import SIMPLE
    from rich.console import Console
    from rich.table import Table

    table = Table(title=title, title_justify="left", pad_edge=False, box=SIMPLE)
    for number, name in enumerate(columns):
        table.add_column(name, justify="right" if number else "left", no_wrap=True)
    for row in rows:
        table.add_row(*("" if row.get(n) is None else form.format(row[n]) for n, form in columns.items()))
    Console(width=110).print(table)
