"""Runs the `exchange` command as its users do: a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.outcomes import WORLDS

ROUNDS = {"sample": ("2026Q3", "2026-10-09"), "sample2": ("2026Q2", "2026-07-03")}


def demo_command(world: str, home: Path, *more: str) -> list[str]:
    """`exchange demo` on a world."""
    period, as_of = ROUNDS[world]
    return [
        *exchange("demo", "--source", str(WORLDS / world / "court_db.sql")),
        *(
            "--return",
            str(WORLDS / world / "tax_return"),
            "--period",
            period,
            "--as-of",
            as_of,
            "--home",
            str(home),
            *more,
        ),
    ]


def exchange(*arguments: str) -> list[str]:
    """The command line of `exchange`."""
    return [sys.executable, "-c", "from exchange.cli import main; main()", *arguments]


def environment(*, plain: bool = False) -> dict[str, str]:
    """The environment without anything of this machine's exchange; `plain` without Great Expectations."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("EXCHANGE_")}
    return kept | {"COLUMNS": "150"} | ({"EXCHANGE_CHECKER": "plain"} if plain else {})


def run(command: list[str], *, timeout: float = 240, plain: bool = False) -> subprocess.CompletedProcess[str]:
    """Run to the end, output captured."""
    return subprocess.run(
        command, capture_output=True, text=True, timeout=timeout, env=environment(plain=plain), check=False
    )
