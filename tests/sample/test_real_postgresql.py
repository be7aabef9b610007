"""A synthetic world on real PostgreSQL: the dump loads as it stands, and the quarter leads to the answers."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from exchange.sample.catalogue import catalogue
from exchange.sample.register import TABLES
from tests.outcomes import assert_same, assert_valid
from tests.sample import worlds
from tests.sample.ends import Living, play
from tests.servers import running_postgres


@pytest.mark.slow
def test_every_defect_leads_to_its_answer_on_postgresql(tmp_path: Path) -> None:
    """All defects at once, and cases in which several meet: source and ledgers on PostgreSQL, two real ends."""
    world = tmp_path / "world"
    worlds.make(world, worlds.setting(31), 460, "mixed", forms=("sql", "csv"))
    with running_postgres() as postgres:
        source, court, tax, copied = (postgres.new_database() for _ in range(4))
        living = Living(
            tmp_path / "ends", postgres.url(source), {"court": postgres.url(court), "tax": postgres.url(tax)}
        )  # fmt: skip
        outcome = play(living, world, "2026Q3", "2026-10-09")
        _copy(world / "court_csv", postgres.url(copied))
        assert _rows(postgres.url(copied)) == _rows(postgres.url(source))
    assert_valid(outcome)
    assert_same(outcome, dict(worlds.answers(world)))
    assert _without_their_finding(outcome["findings"], worlds.answers(world)["notes"]["plants"]) == []


def _without_their_finding(findings: list[dict[str, Any]], planted: dict[str, list[dict[str, Any]]]) -> list[str]:
    """Plants that say they lead to a finding, and do not."""
    missing = []
    for plant in catalogue().values():
        for rule in re.findall(r"finding (\w+)", plant.expected):
            told = json.dumps([one for one in findings if one["rule"] == rule], ensure_ascii=False)
            where = [str(word) for one in planted[plant.id] for word in (one["case_no"], *one["claims"])]
            if not any(word in told for word in where):
                missing.append(f"{plant.id}: {rule}")
    return missing


def _copy(folder: Path, url: str) -> None:
    """As the file says: psql, from its folder."""
    command = ["psql", "-q", "-v", "ON_ERROR_STOP=1", "-f", "load.sql", url.replace("+psycopg", "")]
    subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True)


def _rows(url: str) -> dict[str, list[tuple[object, ...]]]:
    import sqlalchemy as sa

    engine = sa.create_engine(url)
    with engine.connect() as connection:
        found = {
            table: sorted((tuple(row) for row in connection.execute(sa.text(f"SELECT * FROM {table}"))), key=str)
            for table in TABLES
        }
    engine.dispose()
    return found
