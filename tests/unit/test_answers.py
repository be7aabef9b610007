"""Both sample worlds lead to their answers: through both checkers, whole and in joined batches of four courts."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from exchange.adapters.calendar_cn import calendar
from exchange.adapters.checker_gx import GxChecker
from exchange.adapters.checker_plain import PlainChecker
from exchange.adapters.contracts_files import load_agreement
from exchange.adapters.source_sql import SqlSource
from exchange.domain.examine import Examination, check_across, check_rows, conclude, join, prepare
from exchange.domain.outcome import examined
from exchange.domain.period import Period

ROOT = Path(__file__).parents[2]
WORLDS = ROOT / "tests" / "worlds"
LISTS = ("selected", "sent", "normalised", "quarantined", "warned", "urgent")


def as_set(entries: list[Any]) -> set[str]:
    return {json.dumps(entry, sort_keys=True, ensure_ascii=False) for entry in entries}


def examine(world: str, folder: Path, checker: Any, batch: int) -> tuple[dict[str, Any], Examination, dict[str, Any]]:
    answers = json.loads((WORLDS / world / "answers.json").read_text("utf-8"))
    connection = sqlite3.connect(folder / "court.db")
    connection.executescript((WORLDS / world / "court_db.sql").read_text("utf-8"))
    connection.close()
    agreement = load_agreement(ROOT)
    route = agreement.route("131100-cases")
    sender = agreement.parties[route.sender]
    source = SqlSource(f"sqlite:///{folder / 'court.db'}", folder=ROOT / "sources" / sender.id)
    period, as_of = Period.parse(answers["period"]), date.fromisoformat(answers["as_of"])
    is_workday: Callable[[date], bool] = calendar(None).is_workday
    courts = [court.id for court in sender.courts]
    parts, found = [], []
    for start in range(0, len(courts), batch):
        frames = source.read(route, courts=courts[start : start + batch], since=period.first_day)
        part = prepare(frames, route=route, sender=sender, period=period, as_of=as_of)
        found += check_rows(
            part, route=route, sender=sender, codes=agreement.codes, as_of=as_of, is_workday=is_workday, checker=checker
        )
        parts.append(part)
    whole = join(parts)
    found += check_across(whole, found, route=route, sender=sender)
    examination = conclude(whole, found, route=route, as_of=as_of)
    return answers, examination, examined(examination, route=route, period=period, as_of=as_of, exchange={})


@pytest.mark.parametrize("checker", [GxChecker(), PlainChecker()], ids=["gx", "plain"])
@pytest.mark.parametrize("batch", [12, 4])
@pytest.mark.parametrize("world", ["sample", "sample2"])
def test_the_world_leads_to_its_answers(world: str, batch: int, checker: Any, tmp_path: Path) -> None:
    answers, examination, outcome = examine(world, tmp_path, checker, batch)
    for name in LISTS:
        assert as_set(outcome[name]) == as_set(answers[name]), name
        assert len(outcome[name]) == len(answers[name]), name
    assert outcome["period"] == answers["period"]
    assert outcome["as_of"] == answers["as_of"]
    assert not examination.stopped
    assert {f.severity for f in examination.findings if not f.comparable} <= {"warn"}


def test_what_is_sent_is_the_sent_cases_rows_alone(tmp_path: Path) -> None:
    _, examination, _ = examine("sample", tmp_path, PlainChecker(), 12)
    sent = set(examination.sent)
    for frame in examination.frames_to_send.values():
        assert set(frame["_record"]) <= sent
    cases = examination.frames_to_send["bankruptcy_case"]
    assert list(cases["_record"]) == list(examination.sent)
    assert examination.records["（2026）冀1128破3号"] == "216"
    debtors = examination.frames_to_send["case_debtor"].set_index("_record")
    assert debtors.loc["154", "name"] == "冀州金桥科锐铸造集团𠀋龘有限公司"
    assert debtors.loc["200", "address"] == '河北省衡水市"老城区", 12号\n院内二层'
    disposals = examination.frames_to_send["asset_disposal"]
    assert not pd.to_numeric(disposals.loc[disposals["_record"] == "299", "deal_amount"]).lt(0).any()
