"""Started with the usual umask, an end leaves nothing that other users of the machine can read or change."""

from __future__ import annotations

import os
import sqlite3
import stat
from pathlib import Path

import pytest

from bench.ends import both_ends, go_round
from bench.world import build
from exchange.adapters.source_sql import load_dump
from tests import canaries
from tests.canaries import found, kinds
from tests.outcomes import WORLDS
from tests.running import ROUNDS, exchange, run


@pytest.fixture(autouse=True)
def _usual_umask() -> object:
    before = os.umask(0o022)
    yield
    os.umask(before)


def open_to_others(folder: Path) -> dict[str, str]:
    """What others than its owner may read or change, by path, with its mode."""
    modes = {path: stat.S_IMODE(path.lstat().st_mode) for path in folder.rglob("*") if not path.is_symlink()}
    return {str(path.relative_to(folder)): oct(mode) for path, mode in modes.items() if mode & 0o077}


def test_the_demo_leaves_nothing_open_and_says_no_personal_value(tmp_path: Path) -> None:
    dump, home = tmp_path / "court.sql", tmp_path / "home"
    with sqlite3.connect(canaries.planted_source(tmp_path / "source.db")) as db:
        db.execute("DROP TABLE exchange_dump")
        dump.write_text("\n".join(db.iterdump()), encoding="utf-8")
    period, day = ROUNDS["sample2"]
    given = ["--return", canaries.planted_return(tmp_path / "return"), "--period", period, "--as-of", day]
    done = run(
        exchange("demo", "--source", str(dump), "--home", str(home), "--no-airflow", *map(str, given)), plain=True
    )
    assert done.returncode in (0, 3), done.stdout + done.stderr
    assert (home / "court/vault").is_dir()
    assert kinds(found(done.stdout + done.stderr, amounts=False)) == set()
    assert stat.S_IMODE(home.stat().st_mode) == 0o700
    told = open_to_others(home)
    assert {path for path in told if not path.startswith("point/root/")} == set()
    assert {mode for path, mode in told.items()} <= {"0o770", "0o660"}, "sealed packets are for the shared group"


def test_adapters_close_their_files_whoever_starts_them(tmp_path: Path) -> None:
    """Airflow's workers have a umask of their own: what holds personal data closes itself."""
    home = tmp_path / "ends"
    with both_ends(home, build(tmp_path / "court.db", 3), checker="plain") as (court, tax):
        go_round(court, tax)
    told = open_to_others(home)
    certificates = {path for path in told if path.endswith(".pem") and not path.endswith(".key.pem")}
    holding = {path for path in told if (home / path).is_file()} - certificates
    assert {path for path in holding if not path.startswith("point/")} == set()
    assert {path: told[path] for path in holding if int(told[path], 8) & 0o007} == {}
    assert {
        path for path in told if path.startswith(("court/vault", "tax/vault", "court/keys", "tax/keys/sign.key"))
    } <= certificates


def test_a_loaded_register_is_closed(tmp_path: Path) -> None:
    load_dump(WORLDS / "sample2/court_db.sql", f"sqlite:///{tmp_path / 'new/source.db'}")
    assert open_to_others(tmp_path) == {}
    (tmp_path / "open.db").touch(mode=0o644)
    load_dump(WORLDS / "sample2/court_db.sql", f"sqlite:///{tmp_path / 'open.db'}")
    assert open_to_others(tmp_path) == {}
