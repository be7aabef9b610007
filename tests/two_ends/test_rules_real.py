"""On PostgreSQL and OpenSSH: a payment splits a late fee; a stage that goes back is told the quarter after."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from shutil import copytree
from typing import Any

import pytest
from sqlalchemy import create_engine, text

from bench.ends import release
from exchange import journeys
from exchange.ports import Parts
from tests.outcomes import WORLDS, answers
from tests.two_ends.real_ends import PAIR, RealEnds, real_ends, servers

pytestmark = pytest.mark.slow
ROUTE, CLAIM = f"{PAIR}-cases", "131103TSSB202600001"
NEXT = ("2026Q3", date(2026, 10, 9))


@pytest.fixture
def ends(tmp_path: Path) -> Iterator[RealEnds]:
    (tmp_path / "point").mkdir()
    with servers() as (postgres, server), real_ends(postgres, server, tmp_path, tmp_path / "point", "sample2") as made:
        yield made


def with_a_payment(folder: Path) -> Path:
    """100,000.00 of the first levy was paid 30 days late: 1,500.00 more late fee on top of 708 days on the rest."""
    copytree(WORLDS / "sample2" / "tax_return", folder)
    for name, old, new in (("tax_claim_line", "235210.69", "236710.69"), ("tax_claim", "2027202.99", "2028702.99")):
        path = folder / f"{name}.csv"
        given = path.read_text(encoding="utf-8")
        assert old in given
        path.write_text(given.replace(old, new, 1), encoding="utf-8")
    columns, row = "claim_no,version,levy_code,period_start,period_end,paid_on,amount", "2023-10-01,2023-12-31"
    (folder / "tax_payment.csv").write_text(f"{columns}\n{CLAIM},1,10113,{row},2024-02-14,100000.00\n")
    return folder


def quarter(court: Parts, tax: Parts, period: str, as_of: date) -> str:
    key = journeys.quarterly(court, ROUTE, period, as_of)
    release(court, key)
    journeys.onward(court, key)
    assert journeys.sweep(tax).problems == []
    return key


def outcome(court: Parts, key: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(court.vault.get(key, "outcome.json"))
    return found


def test_payments_travel_and_what_went_back_is_told(ends: RealEnds, tmp_path: Path) -> None:
    with ends.open() as (court, tax):
        key = quarter(court, tax, ends.period, date.fromisoformat(ends.as_of))
        answer = journeys.answer(tax, with_a_payment(tmp_path / "return"))
        release(tax, answer)
        journeys.onward(tax, answer)
        assert journeys.sweep(court).problems == []
        told = outcome(court, key)
        more = [one for one in told["breaks"] if one not in answers("sample2")["breaks"]]
        assert (
            [one["code"] for one in more if one["claim_no"] == CLAIM]
            == ["DECLARED_DIFFERS"]
            == [one["code"] for one in more]
        )
        assert not [f for f in told["findings"] if f["rule"] in ("stage_went_back", "acceptance_day_changed")]
        page = court.vault.get(key, "breaks.html").decode()
        assert all(words in page for words in ("其他情形", "合并破产"))
    engine = create_engine(ends.postgres.url(ends.databases["source"]))
    with engine.begin() as source:
        chosen = "SELECT min(ajbs) FROM pc_aj WHERE ajzt_dm = '40' AND ajbs IN :sent"
        sent = tuple(told["sent"])
        back = source.execute(text(chosen.replace(":sent", str(sent)))).scalar_one()
        source.execute(text(f"UPDATE pc_aj SET ajzt_dm = '20' WHERE ajbs = {back}"))
    engine.dispose()
    with ends.open() as (court, tax):
        later = quarter(court, tax, *NEXT)
        journeys.reconcile(court, later)
        found = [f["record"] for f in outcome(court, later)["findings"] if f["rule"] == "stage_went_back"]
        assert found == [back]
        assert [court.ledger.verify(), tax.ledger.verify()] == [[], []]
