"""Source drift: whole columns that are no longer what the contract expects, told once and in its words."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from exchange.adapters.checker_plain import PlainChecker
from exchange.adapters.ledger_sql import open_ledger
from exchange.adapters.source_sql import SqlSource
from exchange.adapters.vault_fs import FsVault
from exchange.domain.drift import Profile, drifts, dump_profile, load_profile, profile_of
from exchange.domain.errors import NeedsPerson
from exchange.domain.examine import check_rows, prepare
from exchange.domain.period import Period
from exchange.domain.route import Route
from exchange.steps.check_source import check_source
from tests.unit.court_rows import AGREEMENT, AS_OF, IS_WORKDAY, PERIOD, ROUTE, SENDER, Court
from tests.unit.test_quarter_steps import NOW, ROOT, SAMPLE, End

Change = Callable[[int], dict[str, Any]]


def profile(cases: int, change: Change = lambda _: {}) -> Profile:
    """How a court of so many cases looks; `change` says what is otherwise at the nth."""
    court = Court()
    for n in range(1, cases + 1):
        court.case(n, **change(n))
    prepared = prepare(court.frames, route=ROUTE, sender=SENDER, period=PERIOD, as_of=AS_OF)
    findings = check_rows(
        prepared, route=ROUTE, sender=SENDER, codes=AGREEMENT.codes, as_of=AS_OF, is_workday=IS_WORKDAY,
        checker=PlainChecker(),
    )  # fmt: skip
    return profile_of(prepared.frames, findings, route=ROUTE, codes=AGREEMENT.codes)


def told(now: Profile, before: Profile | None = None) -> dict[str, str]:
    return {str(found.row_key): found.note for found in drifts(now, before, ROUTE)}


def test_a_source_as_agreed_has_none() -> None:
    assert told(profile(20), profile(20)) == {}


def test_text_where_dates_were_is_one_point_not_a_wall() -> None:
    now = profile(20, lambda _: {"announced_on": "六月一日"})
    notes = told(now, profile(20))
    assert list(notes) == ["bankruptcy_case.announced_on|type"]
    assert "公告日期" in notes["bankruptcy_case.announced_on|type"]
    assert "20/20" in notes["bankruptcy_case.announced_on|type"]
    assert "六月" not in dump_profile(now).decode() + str(notes)


def test_a_few_wrong_values_are_the_checks_business() -> None:
    assert told(profile(20, lambda n: {"announced_on": "?"} if n < 9 else {})) == {}
    assert told(profile(4, lambda _: {"announced_on": "?"})) == {}


def test_from_when_on_it_speaks_is_the_routes_to_say() -> None:
    now = profile(4, lambda _: {"announced_on": "?"})
    assert ROUTE.drift is not None
    fewer = replace(ROUTE, drift=replace(ROUTE.drift, rows=4))
    assert [f.row_key for f in drifts(now, None, fewer)] == ["bankruptcy_case.announced_on|type"]
    assert list(drifts(now, None, replace(fewer, drift=None))) == []


def test_a_required_column_gone_empty_needs_no_earlier_quarter() -> None:
    assert list(told(profile(20, lambda n: {"terminated_on": None, "procedure": None} if n > 8 else {}))) == [
        "bankruptcy_case.procedure|empty"
    ]


def test_an_optional_column_gone_empty_is_seen_against_the_last_quarter() -> None:
    now = profile(20, lambda _: {"announced_on": None})
    assert told(now) == {}
    assert list(told(now, profile(20))) == ["bankruptcy_case.announced_on|empty"]
    assert told(now, now) == {}


def test_a_new_code_is_named_and_other_text_is_not() -> None:
    notes = told(profile(20, lambda n: {"procedure": "P9"} if n % 2 else {"procedure": "张三丰"}))
    note = notes["bankruptcy_case.procedure|code"]
    assert "P9 ×10" in note
    assert "非代码文本" in note
    assert "张三丰" not in note


def test_a_profile_is_kept_and_read() -> None:
    now = profile(6, lambda _: {"procedure": "P9"})
    assert load_profile(dump_profile(now)) == now


def test_it_is_a_point_that_keeps_its_place_every_quarter() -> None:
    (found,) = drifts(profile(20, lambda _: {"announced_on": "?"}), None, ROUTE)
    assert (found.rule, found.severity, found.case_no, found.comparable) == ("source_drift", "verify", None, False)


def test_a_quarter_keeps_its_profile_and_makes_its_drift_a_point(tmp_path: Path) -> None:
    end = End(tmp_path)
    with sqlite3.connect(end.database) as database:
        database.execute("UPDATE pc_aj SET ggrq = 'soon' WHERE ggrq IS NOT NULL")
    record = end.run()
    (event,) = [e for e in end.ledger.events(exchange=record.key) if e.kind in ("checked", "stopped")]
    assert event.body["profile_sha256"]
    assert end.vault.has(record.key, "profile.json")
    assert "bankruptcy_case.announced_on|type" in end.vault.get(record.key, "points.json").decode()
    assert "来源与约定不符" in end.vault.get(record.key, "report.html").decode()


@pytest.fixture
def database(tmp_path: Path) -> Path:
    file = tmp_path / "court.db"
    with sqlite3.connect(file) as made:
        made.executescript((SAMPLE / "court_db.sql").read_text("utf-8"))
    return file


def check(database: Path, tmp_path: Path) -> list[str]:
    return [drift["place"] for drift in whole_check(database, tmp_path)["drifts"]]


def whole_check(
    database: Path, tmp_path: Path, batch_size: int = 50, kind: type[SqlSource] = SqlSource
) -> dict[str, Any]:
    ledger = open_ledger(f"sqlite:///{tmp_path / 'ledger.db'}", clock=lambda: NOW)
    found = check_source(
        ROUTE.id, Period.parse("2026Q3"), agreement=AGREEMENT,
        source=kind(f"sqlite:///{database}", folder=ROOT / "sources" / SENDER.id),
        vault=FsVault(f"file://{tmp_path / 'vault'}"), ledger=ledger, checker=PlainChecker(), is_workday=IS_WORKDAY,
        batch_size=batch_size,
    )  # fmt: skip
    assert list(ledger.exchanges()) == []
    return found


def test_the_source_is_checked_by_hand_without_an_exchange(database: Path, tmp_path: Path) -> None:
    assert check(database, tmp_path) == []
    with sqlite3.connect(database) as changed:
        changed.execute("UPDATE pc_aj SET ajlx_dm = 'X7'")
    assert check(database, tmp_path) == ["bankruptcy_case.procedure|code"]


def test_it_is_read_a_batch_of_courts_at_a_time_and_told_as_one(database: Path, tmp_path: Path) -> None:
    with sqlite3.connect(database) as changed:
        changed.execute("UPDATE pc_aj SET ajlx_dm = 'X7', ggrq = 'soon'")
    read: list[int] = []

    class Watched(SqlSource):
        def read(self, route: Route, *, courts: Sequence[str], **more: Any) -> Mapping[str, pd.DataFrame]:
            read.append(len(courts))
            return super().read(route, courts=courts, **more)

    found = [whole_check(database, tmp_path, size, Watched) for size in (50, 5)]
    assert found[0]["drifts"]
    assert found[0] == found[1]
    assert read == [12, 5, 5, 2]


def test_a_column_that_is_gone_is_told_in_the_words_of_the_contract(database: Path, tmp_path: Path) -> None:
    with sqlite3.connect(database) as changed:
        changed.execute("ALTER TABLE pc_aj RENAME COLUMN ggrq TO ggrq2")
    with pytest.raises(NeedsPerson) as gone:
        check(database, tmp_path)
    assert gone.value.code == 903
    assert "公告日期 announced_on" in gone.value.what
    assert "bankruptcy_case" in gone.value.what
