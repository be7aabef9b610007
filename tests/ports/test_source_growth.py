"""What the court's database is asked costs in proportion to its cases, also where it has no index at all.

Counted in steps of SQLite's machine, which depend on the rows alone and not on how fast or busy the computer is.
"""

from __future__ import annotations

import re
import sqlite3
from pathlib import Path

import pytest

from bench.world import COURTS, build
from exchange.adapters.source_sql.folder import read_folder

FOLDER = Path(__file__).resolve().parents[2] / "sources" / "court-131100"
LEFT_OUT = ("_cases.sql", "_control_cases.sql", "tax_lead.sql")
"""Beginnings of others, and a table not every court has."""
QUERIES = sorted(file.name for file in FOLDER.glob("*.sql") if file.name not in LEFT_OUT)
STEP = 100
FEW, MANY = 400, 1_600
INDEXES = "SELECT name FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL"


@pytest.fixture(scope="module", params=["all indexes", "no index"])
def worlds(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> dict[int, Path]:
    """Databases with a payment for every claim; cases → file."""
    folder = tmp_path_factory.mktemp("worlds")
    made = {cases: build(folder / f"{cases}.db", cases) for cases in (FEW, MANY)}
    for path in made.values():
        with sqlite3.connect(path) as db:
            db.execute("INSERT INTO pc_fp SELECT shbs, ajbs, sbh, zqxz_dm, qrje, qrje, shrq FROM pc_zqsh")
            if request.param == "no index":
                for (index,) in db.execute(INDEXES).fetchall():
                    db.execute(f"DROP INDEX {index}")
    return made


def query_of(name: str) -> str:
    """A file's whole query."""
    told = read_folder(FOLDER)
    return told.private_text(FOLDER / name) if name.startswith("_") else told.text(FOLDER / name)


def steps(path: Path, query: str, courts: tuple[str, ...]) -> int:
    """How much SQLite has to do for a query, in hundreds of its machine's steps; it must give rows."""
    counted = 0

    def one() -> None:
        nonlocal counted
        counted += 1

    with sqlite3.connect(path) as db:
        db.set_progress_handler(one, STEP)
        named = ", ".join(f"'{court}'" for court in courts)
        found = db.execute(re.sub(r":courts", f"({named})", query), {"since": "2026-07-01"}).fetchall()
    assert found
    return counted


@pytest.mark.parametrize("courts", [COURTS[:2], COURTS], ids=["two courts", "all courts"])
@pytest.mark.parametrize("name", [name for name in QUERIES if ".to-ss" not in name])
def test_a_query_costs_in_proportion_to_the_cases(name: str, courts: tuple[str, ...], worlds: dict[int, Path]) -> None:
    few, many = (steps(worlds[cases], query_of(name), courts) for cases in (FEW, MANY))
    assert many < 1.6 * few * MANY / FEW


@pytest.mark.parametrize("worlds", ["all indexes"], indirect=True)
@pytest.mark.parametrize("name", [name for name in QUERIES if ".to-ss" not in name])
def test_a_batch_of_courts_costs_what_its_own_cases_cost(name: str, worlds: dict[int, Path]) -> None:
    some, all_ = (steps(worlds[MANY], query_of(name), courts) for courts in (COURTS[:3], COURTS))
    assert some < 1.6 * all_ * 3 / len(COURTS)
