"""A world's files: the same for the same wish, in three forms that hold the same rows, written row by row."""

from __future__ import annotations

import csv
import sqlite3
import tracemalloc
from pathlib import Path

import pytest

from exchange.domain.errors import NeedsPerson
from exchange.sample.register import TABLES
from tests.oracle.test_oracle import agreed
from tests.running import exchange, run
from tests.sample import worlds


def test_the_same_wish_gives_the_same_bytes(tmp_path: Path) -> None:
    for name in ("a", "b"):
        worlds.make(tmp_path / name, worlds.setting(5), 300, "all", forms=("sql", "sqlite", "csv"))
    worlds.make(tmp_path / "c", worlds.setting(6), 300, "all", forms=("sql", "sqlite", "csv"))
    first, again, other = (worlds.digests(tmp_path / name) for name in "abc")
    assert first == again
    assert {"answers.json", "court.db", "court_db.sql", "tax_return/tax_claim.csv"} < first.keys()
    same = {"court_csv/fy.csv", "court_csv/load.sql"}
    assert {name for name in first if first[name] == other[name]} == same


def test_the_three_forms_hold_the_same_rows(tmp_path: Path) -> None:
    worlds.make(tmp_path, worlds.setting(7), 300, "all", forms=("sql", "sqlite", "csv"))
    dump, file = sqlite3.connect(":memory:"), sqlite3.connect(tmp_path / "court.db")
    dump.executescript((tmp_path / "court_db.sql").read_text(encoding="utf-8"))
    for table in TABLES:
        select = f"SELECT * FROM {table} ORDER BY 1, 2"
        rows = file.execute(select).fetchall()
        assert dump.execute(select).fetchall() == rows
        with (tmp_path / "court_csv" / f"{table}.csv").open(encoding="utf-8", newline="") as text:
            assert sum(1 for _ in csv.reader(text)) == len(rows) + 1


def test_the_return_has_the_contracts_columns(tmp_path: Path) -> None:
    worlds.make(tmp_path, worlds.setting(8), 20, "none", forms=("sql",))
    for contract in agreed().route("131100-claims").carries("A"):
        path = tmp_path / "tax_return" / f"{contract.dataset}.csv"
        if path.exists():
            assert path.read_text(encoding="utf-8").splitlines()[0].split(",") == list(contract.names)


def test_numbers_leave_no_gap(tmp_path: Path) -> None:
    """A court's serials of a year and type are 1, 2, 3 …: what a docket check must not stumble over."""
    worlds.make(tmp_path, worlds.setting(9), 250, "none")
    db = sqlite3.connect(tmp_path / "court.db")
    serials: dict[tuple[str, ...], list[int]] = {}
    for (number,) in db.execute("SELECT ah FROM pc_aj"):
        head, _, tail = number.rstrip("号").rpartition("申" if "申" in number else "清" if "清" in number else "破")
        serials.setdefault((head, "申" if "申" in number else ""), []).append(int(tail))
    assert all(sorted(found) == list(range(1, len(found) + 1)) for found in serials.values())


def test_memory_does_not_grow_with_the_rows(tmp_path: Path) -> None:
    peaks = []
    for cases in (150, 900):
        tracemalloc.start()
        worlds.make(tmp_path / str(cases), worlds.setting(10), cases, "none", forms=("csv",))
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < peaks[0] + 200_000, "about 60 bytes a case may be kept for the answers"


def test_too_few_cases_for_the_defects(tmp_path: Path) -> None:
    with pytest.raises(NeedsPerson) as caught:
        worlds.make(tmp_path, worlds.setting(1), 40, "all")
    assert caught.value.code == 936


def test_by_command(tmp_path: Path) -> None:
    into = tmp_path / "world"
    done = run(
        exchange("sample", "--seed", "3", "--cases", "60", "--defects", "E04,E09", "--into", str(into), "--json")
    )
    assert done.returncode == 0, done.stderr
    assert '"cases": 60' in done.stdout
    assert len(worlds.answers(into)["notes"]["plants"]) == 20
    again = run(exchange("sample", "--seed", "4", "--cases", "9", "--defects", "none", "--into", str(into)))
    assert again.returncode == 0, again.stderr
    assert worlds.answers(into)["notes"]["seed"] == 4


def test_a_folder_of_something_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "work.txt").write_text("mine", encoding="utf-8")
    done = run(exchange("sample", "--cases", "9", "--defects", "none", "--into", str(tmp_path)))
    assert done.returncode == 3
    assert "E936" in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["work.txt"]
