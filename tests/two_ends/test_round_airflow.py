"""`make demo`: the quarter goes round through a real Airflow scheduler and leads to the same outcome."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.outcomes import answers, assert_same, assert_valid
from tests.running import demo_command, run


@pytest.mark.airflow
@pytest.mark.slow
@pytest.mark.timeout(600)
def test_the_demo_through_airflow_leads_to_the_answers(tmp_path: Path) -> None:
    done = run(demo_command("sample", tmp_path / "home", "--json", str(tmp_path / "outcome.json")), timeout=580)
    assert done.returncode == 0, done.stdout + done.stderr
    outcome = json.loads((tmp_path / "outcome.json").read_text(encoding="utf-8"))
    assert_valid(outcome)
    assert_same(outcome, answers("sample"))
    assert not list((tmp_path / "home/airflow/processes").glob("*"))
