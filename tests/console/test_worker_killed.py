"""The console's real worker, killed in the middle of a job: another takes it up, and nothing is there twice."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from exchange import journeys
from exchange.console.house import House
from tests.console.kit import ROOT, console, copied

KEY = "131100-cases.Q.2026Q3"


def test_a_job_whose_worker_was_killed_is_done_once_by_the_next(gone_round: Path, tmp_path: Path) -> None:
    home = copied(gone_round, tmp_path) / "court"
    (home / "ledger.db").unlink()
    shutil.rmtree(home / "vault")
    with console(home) as court:
        told = {"route": "131100-cases", "period": "2026Q3", "as_of": "2026-10-09"}
        job = court.house.desk.ask("quarterly", told, by="liaison-1", now=court.house.now)
        first = _worker(home)
        _until(lambda: _happened(court.house)["exchange_opened"] == 1, first)
        first.send_signal(signal.SIGKILL)
        assert first.wait(timeout=30) == -signal.SIGKILL
        left = court.house.desk.job(job.id)
        assert left is not None
        assert left.state == "running", "killed in the middle"
        second = _worker(home)
        _until(lambda: _state(court.house, job.id) not in ("waiting", "running"), second)
        assert _state(court.house, job.id) == "done"
        assert journeys.record(court.house.parts, KEY).state == "checked"
        assert {kind: n for kind, n in _happened(court.house).items() if n > 1} == {}
        assert court.house.desk.take() is None, "nothing is left to do"
        second.send_signal(signal.SIGKILL)
        second.wait(timeout=30)
        assert journeys.audit(court.house.parts) == []


def _worker(home: Path) -> subprocess.Popen[bytes]:
    environment = {**os.environ, "EXCHANGE_HOME": str(home), "EXCHANGE_CONSOLE__SWEEP_SECONDS": "0"}
    return subprocess.Popen([sys.executable, "-m", "exchange.console.work"], env=environment, cwd=ROOT)


def _until(so: Callable[[], bool], worker: subprocess.Popen[bytes]) -> None:
    """Wait for what a worker does; it may not end by itself."""
    deadline = time.monotonic() + 240
    while not so():
        assert worker.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.02)


def _state(house: House, job: int) -> str:
    found = house.desk.job(job)
    return found.state if found else ""


def _happened(house: House) -> Counter[str]:
    """Kinds of the exchange's events, but for looks, and how often each is there; batches by name."""
    told = house.parts.ledger.events(exchange=KEY)
    return Counter(f"{event.kind} {event.body.get('batch', '')}".strip() for event in told)
