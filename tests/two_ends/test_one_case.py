"""One case is sent, or corrected, without the register in memory: only what bears its number is read."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from bench.ends import both_ends, go_round
from bench.world import build
from exchange import journeys, wiring
from exchange.adapters.source_sql import load_dump
from exchange.domain.choice import urgent_ones
from exchange.domain.errors import NeedsPerson
from exchange.ports import Ledger, Parts, Source
from exchange.settings import read_settings
from exchange.steps.correct import correct
from exchange.steps.urgent import urgent
from exchange.steps.void_case import void_case
from tests.outcomes import WORLDS, answers

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


@pytest.mark.parametrize("sample", ["sample", "sample2"])
def test_the_watch_reads_what_cannot_wait_alone_and_finds_all_of_it(sample: str, tmp_path: Path) -> None:
    told = answers(sample)
    load_dump(WORLDS / sample / "court_db.sql", f"sqlite:///{tmp_path / 'court.db'}")
    settings = read_settings(
        home=tmp_path / "court", party="court-131100", checker="plain", today=date.fromisoformat(told["as_of"]),
        source_url=f"sqlite:///{tmp_path / 'court.db'}",
    )  # fmt: skip
    with wiring.opened(settings) as parts:
        source = CountingSource(parts.source)
        found = journeys.call(urgent, replace(parts, source=source)).cases
    wanted = [(str(c["record"]), c["case_no"], tuple(c["reasons"]), c["held"]) for c in told["urgent"]]
    assert sorted((c.record, c.case_no, c.reasons, c.held) for c in found) == sorted(wanted)
    assert len(wanted) <= source.given[0] < len(told["selected"]) / 2


def test_records_that_bear_the_number_of_an_urgent_one_come_with_it_from_any_part() -> None:
    def part(*rows: tuple[str, str | None, str]) -> pd.DataFrame:
        names = ("_record", "case_no", "is_major")
        frame = pd.DataFrame(
            {n: pd.Series(v, dtype="str") for n, v in zip(names, zip(*rows, strict=True), strict=True)}
        )
        return frame.assign(stage="accepted", claims_due_on=None, accepted_on="2020-01-01").astype("str")

    choice = urgent_ones(date(2026, 10, 9), {"claims_due": 7, "accepted": 7})
    first = part(("1", "(2026)冀11破1号", "false"), ("2", None, "false"), ("3", "（2026）冀11破3号", "false"))
    last = part(("4", "（2026）冀11破1号", "true"), ("5", None, "true"))
    assert sorted(choice.of([first, last])) == ["1", "4", "5"]
    assert sorted(choice.of([])) == []
