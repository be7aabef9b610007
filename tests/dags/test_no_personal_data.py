"""Airflow runs an end full of canaries: none is in a task log, an XCom, a rendered field or its database."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from exchange.settings import read_settings
from exchange.wiring import certificates
from tests import canaries
from tests.canaries import found, in_database, in_file, kinds
from tests.dags.conftest import PROJECT, airflow_settings
from tests.outcomes import answers

pytestmark = [pytest.mark.airflow, pytest.mark.timeout(300)]


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """The folder with Airflow's home and the court's, and everything the runs printed."""
    folder = tmp_path_factory.mktemp("played")
    source, home = canaries.planted_source(folder / "source.db"), folder / "court"
    (folder / "point").mkdir()
    home.mkdir()
    (home / "exchange.toml").write_text(
        f'party = "court-131100"\ntoday = 2026-07-03\nsource_url = "sqlite:///{source}"\n'
        '[officers]\ndag_test = ["approve"]\n'
        f'[channels."tax-131100"]\nkind = "folder"\nroot = "{folder / "point"}"\n'
    )
    court, tax = read_settings(home=home), read_settings(home=folder / "tax", party="tax-131100")
    certificates.init_keys(court)
    for theirs in certificates.init_keys(tax):
        if theirs.role != "archive":
            certificates.pin(court, "tax-131100", theirs.role, theirs.certificate, theirs.fingerprint)  # type: ignore[arg-type]
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("EXCHANGE_", "AIRFLOW"))}
    told = airflow_settings(folder / "airflow") | {"AIRFLOW__LOGGING__LOGGING_LEVEL": "INFO"}
    told |= {"EXCHANGE_HOME": str(home), "EXCHANGE_RETRIES": "0"}
    (folder / "airflow").mkdir()
    done = subprocess.run(
        [sys.executable, "-m", "tests.dags.played", _urgent_case(source)],
        env={**kept, **told}, cwd=PROJECT, capture_output=True, text=True, timeout=280, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return folder, done.stdout + done.stderr


def _urgent_case(source: Path) -> str:
    sent = set(answers("sample2")["sent"])
    with sqlite3.connect(source) as db:
        rows = db.execute("SELECT ajbs, ah FROM pc_aj WHERE ajzt_dm = '50' ORDER BY ajbs")
        return next(str(number) for record, number in rows if record in sent)


def test_the_runs_ended_as_they_should(played: tuple[Path, str]) -> None:
    states = next(line for line in played[1].splitlines() if line.startswith("STATES")).split()[1:]
    assert states == ["failed"] * 2 + ["success"] * 4, played[1][-3000:]
    assert "E914" in played[1]


def test_no_canary_is_printed_or_logged(played: tuple[Path, str]) -> None:
    folder, said = played
    assert kinds(found(said)) == set()
    files = [path for path in (folder / "airflow").rglob("*") if path.is_file() and path.suffix != ".db"]
    assert {path.name: told for path in files if (told := kinds(in_file(path)))} == {}


def test_no_canary_is_in_the_metadata(played: tuple[Path, str]) -> None:
    database = played[0] / "airflow/airflow.db"
    assert in_database(database, without="nothing") == {}
    with sqlite3.connect(database) as db:
        known = {task for (task,) in db.execute("SELECT DISTINCT task_id FROM xcom")}
    assert {"open", "batches", "extract", "assemble", "look", "push", "take_up"} <= known
