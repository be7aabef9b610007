"""A later quarter, five cases of a hundred others: each says what became of it, alike on both databases."""

from __future__ import annotations

import csv
import json
from collections import Counter
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from bench.ends import AS_OF, PAIR, PERIOD, end_settings, introduce, release
from bench.world import build, go_on
from exchange import journeys, wiring
from exchange.domain import runs
from exchange.domain.anomaly import FIGURES
from exchange.domain.drift import PROFILE
from exchange.domain.errors import NeedsPerson
from exchange.ports import Parts

CASES = 200


def told(court: Parts, key: str) -> Counter[tuple[str, str]]:
    rows = court.vault.get(key, "content/data/case_in_exchange-0001.csv").decode("utf-8-sig").splitlines()
    return Counter((row["why"], row["changed_columns"]) for row in csv.DictReader(rows))


def two_quarters(home: Path, **more: Any) -> tuple[list[Any], Counter[tuple[str, str]]]:
    """What both quarters' files and figures are, and what the second tells of its cases."""
    source = build(home / "court.db", CASES)
    court_settings = end_settings(home, "court", "tax", source=source, checker="plain", **more)
    introduce(court_settings, end_settings(home, "tax", "court"))
    (home / "point").mkdir()
    with wiring.opened(court_settings) as court:
        first = journeys.quarterly(court, f"{PAIR}-cases", PERIOD, AS_OF)
        release(court, first)
        journeys.onward(court, first)
        assert set(told(court, first)) == {("new", "")}
        go_on(source, CASES)
        second = journeys.quarterly(court, f"{PAIR}-cases", "2026Q4", date(2027, 1, 5))
        outcomes = [json.loads(court.vault.get(key, "outcome.json")) for key in (first, second)]
        return [(one["exchanges"], one["control"], one["late"]) for one in outcomes], told(court, second)


def test_a_later_quarter_tells_what_became_of_each_case(
    tmp_path: Path, postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("sqlite", "postgres"):
        (tmp_path / name).mkdir()
    quarters, cases = two_quarters(tmp_path / "postgres", ledger_url=postgres_url)
    assert cases == {
        ("unchanged", ""): CASES - 8, ("changed", "judge"): 2, ("changed", "case_debtor.address"): 2,
        ("changed", "case_event"): 2, ("closed", "stage|terminated_on|case_event"): 2, ("new", ""): 2,
    }  # fmt: skip
    monkeypatch.setattr(runs, "_CASES", 7)  # as a court of many cases: its rows are put aside share by share
    assert two_quarters(tmp_path / "sqlite") == (quarters, cases)


def test_a_kept_file_of_the_quarter_before_that_was_changed_is_named(tmp_path: Path) -> None:
    court_settings = end_settings(tmp_path, "court", "tax", source=build(tmp_path / "court.db", 20), checker="plain")
    introduce(court_settings, end_settings(tmp_path, "tax", "court"))
    (tmp_path / "point").mkdir()
    with wiring.opened(court_settings) as court:
        first = journeys.quarterly(court, f"{PAIR}-cases", PERIOD, AS_OF)
        release(court, first)
        journeys.onward(court, first)
        for name in (FIGURES, PROFILE):
            kept = court.vault.get(first, name)
            court.vault.put(first, name, b"{}")
            with pytest.raises(NeedsPerson, match=f"E949.*{name}"):
                journeys.quarterly(court, f"{PAIR}-cases", "2026Q4", date(2027, 1, 5))
            court.vault.put(first, name, kept)
        second = journeys.quarterly(court, f"{PAIR}-cases", "2026Q4", date(2027, 1, 5))
        assert set(told(court, second)) == {("unchanged", "")}
