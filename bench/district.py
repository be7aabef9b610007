"""A district court's quarter by command: the six commands its people and cron run, each a process of its own.

Beside it what the interpreter spends on imports alone, and the hand-made script of `bench.quarter` on the same
database, its process included.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from bench.ends import AS_OF, PERIOD, introduce
from bench.measure import ROOT, print_table
from bench.world import build
from exchange.settings import Settings, read_settings

PAIR, CASES, COURT = "131103", 30, "冀1103"
KEY = f"{PAIR}-cases.Q.{PERIOD}"
COMMANDS = (
    ("court", "run", "quarterly", "--period", PERIOD, "--as-of", AS_OF.isoformat()),
    ("court", "review", "prepare", KEY, "--by", "liaison-1"),
    ("court", "review", "approve", KEY, "--by", "chief-1"),
    ("court", "send", KEY),
    ("tax", "sweep"),
    ("court", "sweep"),
)
COLUMNS = {"command": "{}", "s": "{:.2f}", "cpu s": "{:.2f}"}


def rows() -> list[dict[str, Any]]:
    """One row a command, their sum, and what stands beside it; the quarter is accepted at the end, or it fails."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        build(folder / "court.db", CASES, courts=(COURT,))
        settings = {end: _home(folder, end, other) for end, other in (("court", "tax"), ("tax", "court"))}
        introduce(settings["court"], settings["tax"])
        (folder / "point").mkdir()
        program = str(Path(sys.executable).with_name("exchange"))
        found = [
            _run(f"exchange {' '.join(words)}  ({end})", [program, *words, "--home", str(folder / end)])
            for end, *words in COMMANDS
        ]
        told = subprocess.run(
            [program, "status", "--json", "--home", str(folder / "court")], capture_output=True, check=True
        )
        (state,) = [one["state"] for one in json.loads(told.stdout) if one["key"] == KEY]
        assert state == "accepted", state
        beside = [
            _run("beside: import exchange.cli alone, in each of them", [sys.executable, "-c", "import exchange.cli"]),
            _run("beside: Great Expectations loaded alone, once at each end", [sys.executable, "-c", _GX]),
            _run("beside: the script by hand", [sys.executable, "-m", "bench.quarter", "script", name]),
        ]
    total = {"command": "the district's quarter", **{n: sum(row[n] for row in found) for n in ("s", "cpu s")}}
    return [*found, total, *beside]


_GX = "from exchange.adapters import checker_gx; checker_gx.loaded()"


def _home(folder: Path, end: str, other: str) -> Settings:
    home = folder / end
    home.mkdir()
    lines = [f'party = "{end}-{PAIR}"', f"today = {AS_OF.isoformat()}"]
    lines += [f'source_url = "sqlite:///{folder / "court.db"}"'] if end == "court" else []
    lines += ["[officers]", 'liaison-1 = ["prepare"]', 'chief-1 = ["approve"]']
    lines += [f'[channels."{other}-{PAIR}"]', 'kind = "folder"', f'root = "{folder / "point"}"']
    (home / "exchange.toml").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return read_settings(home=home)


def _run(what: str, command: list[str]) -> dict[str, Any]:
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)
    seconds, after = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode:
        raise SystemExit(f"{what} failed:\n{done.stdout}{done.stderr}")
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return {"command": what, "s": seconds, "cpu s": cpu}


if __name__ == "__main__":
    print_table(f"a district's quarter by command, {CASES} cases", COLUMNS, rows())
