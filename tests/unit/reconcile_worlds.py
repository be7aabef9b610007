"""The two sample worlds as the three books: what was sent and what came back."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import pandas as pd

from exchange.adapters.contracts_files import load_agreement
from exchange.adapters.source_sql import SqlSource
from exchange.domain.books import Books
from exchange.domain.route import Agreement
from exchange.domain.tabular import read_csv

ROOT = Path(__file__).resolve().parents[2]
WORLDS = ROOT / "tests" / "worlds"
COURT, TAX = "court-131100", "tax-131100"


@cache
def agreed() -> Agreement:
    """Everything under contracts/ and schemas/."""
    return load_agreement(ROOT)


def answers(world: str) -> Mapping[str, Any]:
    """What the outcome of a world must equal."""
    return json.loads((WORLDS / world / "answers.json").read_text())


def court_rows(world: str, folder: Path) -> Mapping[str, pd.DataFrame]:
    """The court's datasets of a world, of the cases that are sent, without rows of negative amounts."""
    database = folder / f"{world}.db"
    with sqlite3.connect(database) as connection:
        connection.executescript((WORLDS / world / "court_db.sql").read_text())
    connection.close()
    route = agreed().route("131100-cases")
    courts = [court.id for court in agreed().parties[COURT].courts]
    source = SqlSource(f"sqlite:///{database}", folder=ROOT / "sources" / COURT)
    sent = {str(record) for record in answers(world)["sent"]}
    frames = source.read(route, courts=courts, since=date(2000, 1, 1))
    return {name: _sent(frame, sent) for name, frame in frames.items()}


def _sent(frame: pd.DataFrame, sent: set[str]) -> pd.DataFrame:
    mine = frame[frame["_record"].isin(sent)]
    money = [column for column in mine.columns if column.endswith("_amount")]
    for column in money:
        mine = mine[~mine[column].str.startswith("-", na=False).to_numpy(dtype=bool)]
    return mine.reset_index(drop=True)


def tax_rows(world: str) -> Mapping[str, pd.DataFrame]:
    """The tax bureau's files of a world; one that may be absent and is has no rows."""
    route, folder = agreed().route("131100-claims"), WORLDS / world / "tax_return"
    return {
        contract.dataset: read_csv(file.read_bytes(), contract, zero_one_bools=True)
        if (file := folder / f"{contract.dataset}.csv").exists()
        else pd.DataFrame(columns=list(contract.names), dtype="str")
        for contract in route.datasets
    }


def books(world: str, folder: Path) -> Books:
    """The three books of a world."""
    court, tax = court_rows(world, folder), tax_rows(world)
    return Books(
        cases=court["bankruptcy_case"],
        debtors=court["case_debtor"],
        reviews=court["claim_review"],
        distributions=court["distribution"],
        claims=tax["tax_claim"],
        lines=tax["tax_claim_line"],
        statuses=tax["tax_status"],
    )
