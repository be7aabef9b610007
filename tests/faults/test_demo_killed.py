"""The demo is killed again and again with its whole process group, and ends with the same outcome all the same."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Final

import psutil
import pytest

from exchange import wiring
from exchange.settings import read_settings
from tests.outcomes import answers, assert_same
from tests.running import demo_command, environment, run

FIRST_SECONDS = 2.0
STEP_SECONDS = 0.35


def _kill_after(command: list[str], seconds: float) -> bool:
    """Start in a process group of its own, kill all of it after a while; True when it was still running."""
    process = subprocess.Popen(
        command, start_new_session=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL
    )
    try:
        process.wait(timeout=seconds)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        return True
    return False


def _running_below(home: Path) -> list[str]:
    """Processes that still name this home, in their words or in what they were told (Airflow's tasks)."""
    found = []
    for process in psutil.process_iter():
        try:
            words = " ".join(process.cmdline())
            told = " ".join(process.environ().values())
        except psutil.Error:
            continue
        if str(home) in words + told and process.pid != os.getpid():
            found.append(words)
    return found


def _sent_once(home: Path) -> None:
    for end in ("court", "tax"):
        ledger = wiring.parts(read_settings(home=home / end)).ledger
        kinds = ("sent", "receipt_sent")
        sent = Counter(e.body["packet_id"] for kind in kinds for e in ledger.events(kind=kind))
        assert set(sent.values()) == {1}
        assert ledger.verify() == []
        arrived = [e.body["packet_id"] for e in ledger.events(kind="packet_duplicate")]
        assert arrived == []
        numbers: dict[str, list[int]] = {}
        for packet in ledger.packets(direction="out"):
            numbers.setdefault(packet.lane, []).append(packet.number)
        for of_lane in numbers.values():
            assert of_lane == list(range(1, len(of_lane) + 1))


def _happened(home: Path, end: str, kind: str) -> bool:
    """Whether an end's ledger holds an event of a kind."""
    try:
        with closing(sqlite3.connect(f"file:{home / end / 'ledger.db'}?mode=ro", uri=True)) as ledger:
            return bool(ledger.execute("SELECT 1 FROM event WHERE kind = ? LIMIT 1", (kind,)).fetchone())
    except sqlite3.Error:
        return False


def _component(home: Path, name: str) -> bool:
    return (home / "airflow/processes" / name).exists()


MOMENTS: Final[Mapping[str, Callable[[Path], bool]]] = {
    "Airflow's database is made": lambda home: _component(home, "database"),
    "Airflow's components start": lambda home: _component(home, "dag-processor"),
    "urgent cases were found": lambda home: _happened(home, "court", "released"),
    "urgent cases are on their way": lambda home: _happened(home, "court", "sent"),
    "the quarter was opened": lambda home: _happened(home, "court", "batch_extracted"),
    "the quarter was checked": lambda home: _happened(home, "court", "prepared"),
    "the answer was staged": lambda home: _happened(home, "tax", "batch_extracted"),
    "the answer is out": lambda home: _happened(home, "tax", "sent"),
    "the books were compared": lambda home: _happened(home, "court", "reconciled"),
    "the statement is signed": lambda home: _happened(home, "court", "statement_signed"),
}
"""What a kill waits for: each comes later than the one before, and in each something else is at work."""

BY_HAND: Final = (
    "urgent cases are on their way", "the quarter was checked", "the answer is out", "the statement is signed",
)  # fmt: skip
"""Those of a round without Airflow that are told apart."""

SOME: Final = ("the quarter was checked", "the answer is out")
"""The short form: one before anything of the quarter left, one when both ends are at work."""


def _kill_when(
    command: list[str], moment: Callable[[], bool], otherwise_seconds: float, *, plain: bool = False
) -> bool:
    """Start in a process group of its own, kill all of it when something has happened; True when it still ran.

    What an earlier run, or the Airflow it left, already brought about does not count: then so many seconds do.
    """
    before, began = moment(), time.monotonic()
    process = subprocess.Popen(
        command, start_new_session=True, env=environment(plain=plain),
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL,
    )  # fmt: skip
    due = began + (otherwise_seconds if before else 400)
    while process.poll() is None and (before or not moment()) and time.monotonic() < due:
        time.sleep(0.02)
    ran = process.poll() is None
    if ran:
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    return ran


@pytest.mark.long
@pytest.mark.airflow
@pytest.mark.timeout(3600)
def test_killed_with_airflow_at_work(tmp_path: Path) -> None:
    """Airflow's processes live in sessions of their own: the next run ends them, also in the middle of a task."""
    home = tmp_path / "home"
    kills = 0
    for number, (name, moment) in enumerate(MOMENTS.items()):
        killed = _kill_when(demo_command("sample2", home), partial(moment, home), 10 + 4 * number)
        print(f"{name}: {'killed' if killed else 'came to its end'}")
        kills += killed
        time.sleep(number % 3)
    assert kills >= 6
    done = run(demo_command("sample2", home, "--json", str(tmp_path / "outcome.json")), timeout=900)
    assert done.returncode == 0, done.stdout + done.stderr
    assert_same(json.loads((tmp_path / "outcome.json").read_text(encoding="utf-8")), answers("sample2"))
    _sent_once(home)
    assert _running_below(home) == []
    assert not list((home / "airflow/processes").glob("*"))


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize(
    ("moments", "plain"), [(SOME, True), pytest.param(BY_HAND, False, marks=pytest.mark.long)], ids=["some", "all"]
)
def test_killed_at_named_moments(moments: tuple[str, ...], plain: bool, tmp_path: Path) -> None:
    """In each something else is at work; kills inside a step are `test_every_write`'s, and the long suite's."""
    home = tmp_path / "home"
    command = demo_command("sample2", home, "--no-airflow")
    for moment in moments:
        assert _kill_when(command, partial(MOMENTS[moment], home), 0, plain=plain), moment
    done = run([*command, "--json", str(tmp_path / "outcome.json")], plain=plain)
    assert done.returncode == 0, done.stdout + done.stderr
    assert_same(json.loads((tmp_path / "outcome.json").read_text(encoding="utf-8")), answers("sample2"))
    _sent_once(home)
    assert _running_below(home) == []


@pytest.mark.long
@pytest.mark.timeout(1800)
def test_killed_at_many_moments(tmp_path: Path) -> None:
    home = tmp_path / "home"
    command = demo_command("sample2", home, "--no-airflow")
    seconds, kills = FIRST_SECONDS, 0
    while _kill_after(command, seconds):
        kills += 1
        seconds += STEP_SECONDS
        time.sleep(0.2)
    assert kills >= 3
    done = run(demo_command("sample2", home, "--no-airflow", "--json", str(tmp_path / "outcome.json")))
    assert done.returncode == 0, done.stdout + done.stderr
    assert_same(json.loads((tmp_path / "outcome.json").read_text(encoding="utf-8")), answers("sample2"))
    _sent_once(home)
    assert _running_below(home) == []
