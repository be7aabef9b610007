"""Alerts of the ledger on SQLite and PostgreSQL: the list people work, counted, verified, made from old events."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime

import pytest

from exchange.adapters.ledger_sql import SqlLedger, open_ledger
from tests.fakes.ledgers import by_hand
from tests.fakes.old_ledgers import before_landings

NOON = datetime(2026, 10, 9, 12, 0, tzinfo=UTC)


@pytest.fixture
def ledger(database_url: str) -> Iterator[SqlLedger]:
    opened = open_ledger(database_url, clock=lambda: NOON)
    yield opened
    opened.close()


def _say(ledger: SqlLedger, kind: str, rule: str, subject: str, day: int, actor: str = "system") -> None:
    with ledger.transaction() as write:
        body = {"rule": rule, "subject": subject, "day": date(2026, 10, day).isoformat()}
        write.append(kind, exchange=None, actor=actor, body=body)


def test_what_needs_somebody_comes_first_and_is_counted(ledger: SqlLedger) -> None:
    for rule, subject, day in (("a", "new", 9), ("a", "old", 5), ("b", "up", 7), ("b", "seen", 1)):
        _say(ledger, "alert_sent", rule, subject, day)
    _say(ledger, "alert_escalated", "b", "up", 9)
    _say(ledger, "alert_acknowledged", "b", "seen", 9, "liaison-1")
    assert [one.subject for one in ledger.alerts()] == ["up", "old", "new", "seen"]
    assert [one.subject for one in ledger.alerts(limit=2, offset=1)] == ["old", "new"]
    assert [one.subject for one in ledger.alerts(state="open", escalated=False)] == ["old", "new"]
    assert [one.rule for one in ledger.alerts(subject="up")] == ["b"]
    assert ledger.alert_counts() == [("acknowledged", "b", 1, 0), ("open", "a", 2, 0), ("open", "b", 1, 1)]
    seen = ledger.alert("b", "seen")
    assert seen is not None
    assert (seen.acknowledged_by, seen.acknowledged_on, seen.updated_at) == ("liaison-1", date(2026, 10, 9), NOON)
    assert ledger.alert("b", "none") is None
    assert ledger.verify() == []


def test_an_alert_altered_behind_the_ledger_is_found(ledger: SqlLedger, database_url: str) -> None:
    _say(ledger, "alert_sent", "a", "x", 9)
    by_hand(database_url, "UPDATE alert_item SET state = 'acknowledged'")
    [problem] = ledger.verify()
    assert "its record is not what its events say" in problem


def test_alerts_told_before_there_was_a_list_are_in_it(ledger: SqlLedger, database_url: str) -> None:
    for day in (5, 6, 9):
        _say(ledger, "alert_sent", "a", "x", day)
    _say(ledger, "alert_sent", "a", '“引号”"', 9)
    before = ledger.alerts()
    before_landings(database_url)
    later = (
        "exchange_by_opened", "exchange_by_direction", "event_by_actor", "landed_case_by_number", "packet_receipts",
        "packet_others",
    )  # fmt: skip
    tables = ("alert_item", "case_index", "case_words", "break_desk", "case_claim")
    by_hand(
        database_url, *(f"DROP INDEX {index}" for index in later), *(f"DROP TABLE {table}" for table in tables),
        "UPDATE alembic_version SET version_num = '0003'",
    )  # fmt: skip
    ledger.migrate()
    assert ledger.alerts() == before
    assert ledger.verify() == []
