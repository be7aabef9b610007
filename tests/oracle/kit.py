"""What the oracle and the product are both given: the pair 131100's courts, levies and a world's parts."""

from __future__ import annotations

import csv
import json
import sqlite3
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[2]
WORLDS = ROOT / "tests" / "worlds"
LISTS = ("selected", "sent", "normalised", "quarantined", "warned", "urgent", "breaks", "infos")


def courts() -> dict[str, set[str]]:
    """The codes in case numbers of each court the city's pair speaks for."""
    party = yaml.safe_load((ROOT / "contracts" / "parties" / "court-131100.yaml").read_text("utf-8"))
    return {court["id"]: {code["code"] for code in court["codes"]} for court in party["courts"]}


def levies() -> dict[str, str]:
    """The kind of each levy code."""
    with (ROOT / "schemas" / "codes" / "levy.csv").open(encoding="utf-8", newline="") as file:
        return {row["code"]: row["kind"] for row in csv.DictReader(file)}


def answers(world: str) -> Mapping[str, Any]:
    """What the outcome of a sample world must equal."""
    return json.loads((WORLDS / world / "answers.json").read_text("utf-8"))


def database(world: str, path: str | Path) -> sqlite3.Connection:
    """A world's court database, loaded at `path` (`:memory:` for none)."""
    connection = sqlite3.connect(path)
    connection.executescript((WORLDS / world / "court_db.sql").read_text("utf-8"))
    return connection


def as_set(entries: Iterable[Any]) -> set[str]:
    """The entries of a list in outcome.json as a set."""
    return {json.dumps(entry, sort_keys=True, ensure_ascii=False) for entry in entries}
