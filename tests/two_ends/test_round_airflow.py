"""`make demo`: the quarter goes round through a real Airflow scheduler and leads to the same outcome."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.running import demo_command, run
from tests.two_ends.test_round import leads_to_the_answers


@pytest.mark.airflow
@pytest.mark.slow
@pytest.mark.timeout(600)
def test_the_demo_through_airflow_leads_to_the_answers(tmp_path: Path) -> None:
    done = run(demo_command("sample", tmp_path / "home", "--json", str(tmp_path / "outcome.json")), timeout=580)
    assert done.returncode == 0, done.stdout + done.stderr
    leads_to_the_answers(tmp_path / "home", tmp_path / "outcome.json", "sample")
    assert not list((tmp_path / "home/airflow/processes").glob("*"))
