"""On PostgreSQL and OpenSSH, by command: points explained, a reject overruled, a court that falls silent noticed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text
from typer.testing import CliRunner, Result

from bench.ends import release
from exchange import journeys
from exchange.cli import app
from exchange.cli.common import out
from exchange.domain.errors import ExchangeError
from exchange.steps.explain import reuse
from tests.outcomes import answers
from tests.two_ends.real_ends import PAIR, RealEnds, real_ends, servers

pytestmark = pytest.mark.slow
ROUTE = f"{PAIR}-cases"
WHY = "境外公司，无内地登记"
QUARTERS = (("2026Q3", date(2026, 10, 9)), ("2026Q4", date(2027, 1, 8)), ("2027Q1", date(2027, 4, 9)))
SILENT = "2027Q2"


@pytest.fixture
def ends(tmp_path: Path) -> Iterator[RealEnds]:
    (tmp_path / "point").mkdir()
    with servers() as (postgres, server), real_ends(postgres, server, tmp_path, tmp_path / "point", "sample2") as made:
        yield made


def said(ends: RealEnds, end: str, *words: str, code: int | None = None) -> str:
    """What a command prints; with `code` it must be refused so."""
    width, out.width = out.width, 200
    try:
        done: Result = CliRunner().invoke(app, [*words, "--home", str(ends.home(end))])
    finally:
        out.width = width
    error = done.exception.code if isinstance(done.exception, ExchangeError) else None
    assert error == code, (done.output, done.exception)
    return done.output


def sql(ends: RealEnds, statement: str) -> None:
    engine = create_engine(ends.postgres.url(ends.databases["source"]))
    with engine.begin() as connection:
        connection.execute(text(statement))
    engine.dispose()


def listed(ends: RealEnds, key: str, rule: str) -> list[str]:
    """Ids of an exchange's points of a rule."""
    return [one["id"] for one in json.loads(said(ends, "court", "points", key, "--json")) if one["rule"] == rule]


def test_reasons_travel_and_a_court_that_falls_silent_stops_the_exchange(ends: RealEnds) -> None:
    key = ends.key
    outcome = answers("sample2")
    bare = next(one for one in outcome["sent"] if one not in {w["record"] for w in outcome["warned"]})
    sql(ends, f"UPDATE pc_zwr SET tyshxydm = NULL, nsrsbh = NULL WHERE ajbs = {bare}")
    told = said(ends, "court", "run", "quarterly", "--period", ends.period, "--as-of", ends.as_of)
    assert f"exchange points {key}" in told
    said(ends, "court", "review", "prepare", key, "--by", "liaison-1", code=921)
    [point] = listed(ends, key, "debtor_not_identified")
    said(ends, "court", "explain", key, point, "--by", "liaison-1", "--reason", WHY, "--as", "foreign_debtor")

    held = next(f for f in outcome["quarantined"] if f["rule"] == "uscc_check_digit")
    by = (
        "--rule",
        "uscc_check_digit",
        "--case",
        held["case_no"],
        "--by",
        "liaison-1",
        "--reason",
        "已核对营业执照原件",
    )
    assert "checked" in said(ends, "court", "overrule", key, *by)
    with ends.open() as (court, tax):
        assert len(json.loads(court.vault.get(key, "outcome.json"))["sent"]) == len(outcome["sent"]) + 1
        release(court, key)
        journeys.onward(court, key)
        assert journeys.sweep(tax).problems == []
        packet = str(journeys.record(court, key).packet_id)
    shown = said(ends, "tax", "show", packet)
    assert WHY in shown
    assert "已核对营业执照原件" in shown

    with ends.open() as (court, _):
        for period, day in QUARTERS:
            later = journeys.quarterly(court, ROUTE, period, day)
            journeys.call(reuse, court, later, by="chief-1")
            release(court, later)
            journeys.onward(court, later)
            assert not [p for p in json.loads(court.vault.get(later, "points.json")) if p["rule"].startswith("anomaly")]
    sql(ends, f"DELETE FROM pc_aj WHERE fydm = '冀1103' AND ajbs % 8 <> 0 AND ajbs <> {bare}")
    last = f"{ROUTE}.Q.{SILENT}"
    said(ends, "court", "run", "quarterly", "--period", SILENT, "--as-of", "2027-07-09")
    waits = said(ends, "court", "points", last)
    assert "已送 sent" in waits
    [one] = listed(ends, last, "anomaly_court")  # one court that falls silent is one thing to explain
    assert WHY in waits
    said(ends, "court", "explain", last, "--reuse", "--by", "chief-1")
    said(ends, "court", "review", "prepare", last, "--by", "liaison-1", code=921)
    said(ends, "court", "explain", last, one, "--by", "liaison-1", "--as", "business_change",
         "--reason", "该院案件已移交中院集中管辖")  # fmt: skip
    with ends.open() as (court, _):
        release(court, last)
        assert journeys.onward(court, last) == "sent"
        assert court.ledger.verify() == []
