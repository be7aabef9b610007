"""Synthetic worlds for tests, as `exchange sample` makes them."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Mapping
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

from exchange.adapters.calendar_cn import calendar
from exchange.adapters.contracts_files import load_agreement
from exchange.domain.period import Period
from exchange.sample.setting import Setting, read_codes, setting_of
from exchange.sample.world import Made, Wish, make_world, wished_plants
from tests.oracle import kit
from tests.oracle.oracle import oracle


@cache
def setting(seed: int, period: str = "2026Q3", as_of: str = "2026-10-09", party: str = "court-131100") -> Setting:
    """The setting of a world of a court end."""
    return setting_of(
        load_agreement(kit.ROOT), party=party, courts=None, period=Period.parse(period),
        as_of=date.fromisoformat(as_of), seed=seed, source_codes=read_codes(kit.ROOT / "sources", party),
        is_workday=calendar(None).is_workday,
    )  # fmt: skip


def make(folder: Path, at: Setting, cases: int, *defects: str, forms: tuple[str, ...] = ("sql", "sqlite")) -> Made:
    """A world in a folder."""
    plants, mixed = wished_plants(defects)
    return make_world(folder, at, Wish(cases=cases, plants=plants, mixed=mixed, forms=forms))


def answers(folder: Path) -> Mapping[str, Any]:
    """What the generator says."""
    told: Mapping[str, Any] = json.loads((folder / "answers.json").read_text(encoding="utf-8"))
    return told


def second_reading(folder: Path) -> Mapping[str, Any]:
    """What the naive reading of the design says of a world's files; its SQL dump is what it reads."""
    told = answers(folder)
    db = sqlite3.connect(":memory:")
    db.executescript((folder / "court_db.sql").read_text(encoding="utf-8"))
    return oracle(
        db, folder / "tax_return", period=told["period"], as_of=date.fromisoformat(told["as_of"]),
        courts=kit.courts(), levies=kit.levies(),
    )  # fmt: skip


def digests(folder: Path) -> Mapping[str, str]:
    """The hash of every file, by its path below the folder."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}
