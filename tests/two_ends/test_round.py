"""One quarter goes round by command, and leads to the answers of either world."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.outcomes import WORLDS, answers, assert_same, assert_valid
from tests.running import ROUNDS, demo_command, exchange, run
from tests.statement_reading import statement_of

ROUTE = "131100-cases"


@pytest.mark.timeout(900)
def test_the_demo_leads_to_the_answers_and_again_changes_nothing(tmp_path: Path) -> None:
    wanted, again = tmp_path / "outcome.json", tmp_path / "again.json"
    for told in (wanted, again):
        command = demo_command("sample2", tmp_path / "home", "--no-airflow", "--json", str(told))
        done = run(command, plain=True, timeout=440)
        assert done.returncode == 0, done.stdout + done.stderr
    leads_to_the_answers(tmp_path / "home", wanted, "sample2")
    assert wanted.read_bytes() == again.read_bytes()


def leads_to_the_answers(home: Path, told: Path, world: str) -> None:
    """The outcome and both ends' statement are the answers, and both chains hold."""
    outcome = json.loads(told.read_text(encoding="utf-8"))
    assert_valid(outcome)
    assert_same(outcome, answers(world))
    statements = [
        (home / end / f"vault/{ROUTE}.statement.{ROUNDS[world][0]}/statement-v1.json").read_bytes()
        for end in ("court", "tax")
    ]
    assert statements[0] == statements[1]
    assert ranks_of(json.loads(statements[0])) == statement_of(WORLDS / world)
    for end in ("court", "tax"):
        audit = run(exchange("audit", "verify", "--home", str(home / end)))
        assert audit.returncode == 0, audit.stdout + audit.stderr


def ranks_of(statement: Any) -> dict[str, dict[str, str]]:
    """A statement's sums by rank, without what is nothing."""
    return {
        rank: {name: amount for name, amount in amounts.items() if amount != "0.00"}
        for rank, amounts in statement["ranks"].items()
    }


def test_a_home_of_another_world_is_refused(tmp_path: Path) -> None:
    (tmp_path / "home").mkdir()
    (tmp_path / "home/demo.json").write_text('{"source": "another"}')
    done = run(demo_command("sample", tmp_path / "home", "--no-airflow"))
    assert done.returncode == 3
    assert "E905" in done.stderr
