"""The product and a naive second reading of the design agree on worlds full of defects nobody chose by hand.

EXCHANGE_ORACLE_SEEDS says how many worlds (40 without it, 200 in `make long`), EXCHANGE_ORACLE_FROM the first seed.
"""

from __future__ import annotations

import io
import os
import sqlite3
from collections.abc import Mapping
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from exchange.adapters.calendar_cn import calendar
from exchange.adapters.checker_plain import PlainChecker
from exchange.adapters.contracts_files import load_agreement
from exchange.adapters.source_sql import SqlSource
from exchange.domain.answering import check_answer
from exchange.domain.books import Books
from exchange.domain.claims import own_lines
from exchange.domain.contract import Contract
from exchange.domain.examine import check_across, check_rows, conclude, join, prepare
from exchange.domain.outcome import examined
from exchange.domain.period import Period
from exchange.domain.reconciliation import reconcile_books
from exchange.domain.route import Agreement
from exchange.domain.tabular import read_csv, write_csv
from tests.oracle import kit, mutate
from tests.oracle.oracle import oracle

SEEDS = int(os.environ.get("EXCHANGE_ORACLE_SEEDS", "40"))
FIRST = int(os.environ.get("EXCHANGE_ORACLE_FROM", "0"))
SAMPLES = ("sample", "sample2")


@cache
def agreed() -> Agreement:
    return load_agreement(kit.ROOT)


def on_the_wire(frame: pd.DataFrame, contract: Contract) -> pd.DataFrame:
    """A frame's rows written and read again, as the other end has them."""
    out = io.BytesIO()
    write_csv(frame[list(contract.names)], contract, out)
    return read_csv(out.getvalue(), contract)


def sent_by_the_court(
    database: Path, period: str, as_of: date, batch: int = 12
) -> tuple[dict[str, Any], Mapping[str, pd.DataFrame]]:
    """The court's part of the outcome, and the rows it sends. The courts are read `batch` at a time."""
    route = agreed().route("131100-cases")
    sender = agreed().parties[route.sender]
    quarter = Period.parse(period)
    source = SqlSource(f"sqlite:///{database}", folder=kit.ROOT / "sources" / sender.id)
    courts = [court.id for court in sender.courts]
    parts, findings = [], []
    for start in range(0, len(courts), batch):
        frames = source.read(route, courts=courts[start : start + batch], since=quarter.first_day)
        part = prepare(frames, route=route, sender=sender, period=quarter, as_of=as_of)
        findings += check_rows(
            part, route=route, sender=sender, codes=agreed().codes, as_of=as_of,
            is_workday=calendar(None).is_workday, checker=PlainChecker(),
        )  # fmt: skip
        parts.append(part)
    prepared = join(parts)
    findings += check_across(prepared, findings, route=route, sender=sender)
    examination = conclude(prepared, findings, route=route, as_of=as_of)
    outcome = examined(examination, route=route, period=quarter, as_of=as_of, exchange={})
    sent = {name: on_the_wire(frame, route.contract(name)) for name, frame in examination.frames_to_send.items()}
    return outcome, sent


def product(database: Path, answer: Path, period: str, as_of: date, batch: int = 12) -> dict[str, Any]:
    """The compared keys as the product's own functions make them, in the order its steps call them."""
    outcome, sent = sent_by_the_court(database, period, as_of, batch)
    back = agreed().route("131100-claims")
    files = {
        contract.dataset: read_csv((answer / f"{contract.dataset}.csv").read_bytes(), contract, zero_one_bools=True)
        for contract in back.carries("A")
        if not back.line(contract.dataset).optional or (answer / f"{contract.dataset}.csv").exists()
    }
    given = check_answer(
        files, route=back, code_lists=agreed().codes, cases=sent["bankruptcy_case"], debtors=sent["case_debtor"]
    )
    arrived = {name: on_the_wire(frame, back.contract(name)) for name, frame in given.frames.items()}
    books = Books(
        cases=sent["bankruptcy_case"],
        debtors=sent["case_debtor"],
        reviews=sent["claim_review"],
        distributions=sent["distribution"],
        claims=arrived["tax_claim"],
        lines=own_lines(arrived["tax_claim"], arrived["tax_claim_line"]),
        statuses=arrived["tax_status"],
        payments=arrived.get("tax_payment", pd.DataFrame()),
    )
    result = reconcile_books(
        books, route_out=agreed().route("131100-cases"), levy=agreed().codes["levy"], as_of=as_of,
        is_workday=calendar(None).is_workday,
    )  # fmt: skip
    return outcome | result.as_outcome()


def differences(ours: Mapping[str, Any], theirs: Mapping[str, Any]) -> dict[str, tuple[list[str], list[str]]]:
    """By compared key: what only the product says, what only the oracle says."""
    found = {}
    for name in kit.LISTS:
        one, other = kit.as_set(ours[name]), kit.as_set(theirs[name])
        if one != other or len(ours[name]) != len(one):
            found[name] = (sorted(one - other), sorted(other - one))
    if ours["break_counts"] != theirs["break_counts"]:
        found["break_counts"] = ([str(ours["break_counts"])], [str(theirs["break_counts"])])
    return found


def compared(
    database: Path, answer: Path, period: str, as_of: date, batch: int = 12
) -> dict[str, tuple[list[str], list[str]]]:
    connection = sqlite3.connect(database)
    second = oracle(
        connection, answer, period=period, as_of=as_of, courts=kit.courts(), levies=kit.levies()
    )  # fmt: skip
    connection.close()
    return differences(product(database, answer, period, as_of, batch), second)


@pytest.mark.parametrize("sample", SAMPLES)
def test_the_oracle_leads_to_the_answers(sample: str) -> None:
    answers = kit.answers(sample)
    found = oracle(
        kit.database(sample, ":memory:"),
        kit.WORLDS / sample / "tax_return",
        period=answers["period"],
        as_of=date.fromisoformat(answers["as_of"]),
        courts=kit.courts(),
        levies=kit.levies(),
    )
    assert differences(found, answers) == {}


@pytest.mark.parametrize("seed", range(FIRST, FIRST + SEEDS))
def test_the_product_says_what_the_oracle_says(seed: int, tmp_path: Path) -> None:
    world = mutate.build(SAMPLES[seed % 2], seed, tmp_path)
    world.db.close()
    batch = 12 if seed % 4 else 5
    assert compared(world.path, tmp_path / "tax_return", world.period, world.as_of, batch) == {}
