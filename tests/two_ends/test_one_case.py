"""One case is sent, or corrected, without the register in memory: only what bears its number is read."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from bench.ends import both_ends, go_round
from bench.world import build
from exchange import journeys
from exchange.domain.errors import NeedsPerson
from exchange.ports import Ledger, Parts, Source
from exchange.steps.correct import correct
from exchange.steps.void_case import void_case

CASES, NTH = 400, 7


@dataclass
class CountingSource:
    """A source that remembers how many cases it gave."""

    real: Source
    given: list[int] = field(default_factory=list)

    def read(self, *args: Any, **more: Any) -> Mapping[str, pd.DataFrame]:
        frames = self.real.read(*args, **more)
        assert set(frames["case_debtor"]["_record"]) <= set(frames["bankruptcy_case"]["_record"])
        self.given.append(len(frames["bankruptcy_case"]))
        return frames


@dataclass
class CountingLedger:
    """A ledger that remembers how many rows of the cases it gave."""

    real: Ledger
    given: list[int] = field(default_factory=list)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.real, name)

    def landed(self, *args: Any, **more: Any) -> pd.DataFrame:
        frame = self.real.landed(*args, **more)
        self.given.append(len(frame))
        return frame


@dataclass
class World:
    """A court with so many cases, after a quarter of them all, and what its source and ledger give from now on."""

    parts: Parts
    source: CountingSource
    ledger: CountingLedger
    file: Path

    def sql(self, statement: str) -> list[Any]:
        with sqlite3.connect(self.file) as database:
            return database.execute(statement).fetchall()

    @property
    def case(self) -> str:
        return str(self.sql(f"SELECT ah FROM pc_aj WHERE ajbs = {NTH}")[0][0])

    def urgent(self, case: str) -> str:
        return journeys.urgent(self.parts, case, "即将处置土地", "chief-1")


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    file = build(tmp_path / "court.db", CASES)
    with both_ends(tmp_path / "ends", file, checker="plain") as (court, tax):
        go_round(court, tax)
        source, ledger = CountingSource(court.source), CountingLedger(court.ledger)
        told: Any = ledger
        yield World(replace(court, source=source, ledger=told, actor="chief-1"), source, ledger, file)


def test_an_urgent_case_is_read_alone(world: World) -> None:
    world.sql(f"UPDATE pc_aj SET cbr = '赵法官' WHERE ajbs = {NTH}")
    seen = journeys.preview_urgent(world.parts, world.case)
    key = world.urgent(world.case)
    assert world.source.given == [1] * len(world.source.given) != []
    assert max(world.ledger.given) <= 4
    assert b'"rows": {"bankruptcy_case": 1' in world.parts.vault.get(key, "outcome.json")
    assert world.case.encode() in world.parts.vault.get(seen, "preview.json")


def test_another_record_with_the_same_number_however_written_holds_the_case(world: World) -> None:
    written = world.case.replace("（", " (").replace("）", ") ")
    world.sql(f"UPDATE pc_aj SET ah = '{written}' WHERE ajbs = {NTH + 12}")
    with pytest.raises(NeedsPerson) as held:
        world.urgent(world.case)
    assert (held.value.code, "duplicate_case_no" in held.value.what) == (601, True)
    assert world.source.given == [2]


def test_a_case_that_is_not_there_is_told_without_reading_any(world: World) -> None:
    with pytest.raises(NeedsPerson) as gone:
        world.urgent("（2026）冀1103破999999号")
    assert (gone.value.code, world.source.given) == (914, [0])


def test_a_correction_and_a_case_taken_back_look_at_it_alone(world: World) -> None:
    world.sql(f"UPDATE pc_aj SET cbr = '赵法官' WHERE ajbs = {NTH}")
    (key,) = journeys.call(correct, world.parts, cases=[world.case], reason="来源已更正")
    told = world.parts.vault.get(key, "content/data/case_in_exchange-0001.csv").decode()
    assert (told.count("corrected"), "judge" in told) == (1, True)
    journeys.call(
        void_case, world.parts, world.case, code="dismissed", decided_on=world.parts.today,
        document_no="（2026）冀11破1号之三", reason="裁定驳回破产申请",
    )  # fmt: skip
    assert set(world.source.given) == {1}
    assert max(world.ledger.given) <= 4
