"""The demo is killed again and again with its whole process group, and ends with the same outcome all the same."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections import Counter
from pathlib import Path

import psutil
import pytest

from exchange import wiring
from exchange.settings import read_settings
from tests.outcomes import answers, assert_same
from tests.running import demo_command, run

LONG = os.environ.get("EXCHANGE_FAULTS") == "long"
FIRST_SECONDS = 2.0
STEP_SECONDS = 0.35 if LONG else 2.2


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
    """Processes that still name this home."""
    found = []
    for process in psutil.process_iter(["cmdline"]):
        words = " ".join(process.info["cmdline"] or [])
        if str(home) in words:
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


@pytest.mark.slow
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
