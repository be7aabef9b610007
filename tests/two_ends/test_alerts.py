"""An alert is told, acknowledged in a word, escalated when nobody does, and comes again while its cause stands."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path

import pytest

from bench.ends import both_ends
from bench.world import build
from exchange import journeys
from exchange.domain.errors import NeedsPerson, RetryLater
from exchange.ports import Alert, Parts
from exchange.steps.work_alert import acknowledge_alerts

FRIDAY, SATURDAY, MONDAY, TUESDAY = (date(2026, 10, day) for day in (16, 17, 19, 20))
SUBJECT = "2027Q1"
RULE = "calendar_not_official"
"""An alert of every end in the last quarter of a year: no case is needed for it."""


@dataclass
class Heard:
    """A notifier that remembers; away while `away`."""

    alerts: list[Alert] = field(default_factory=list)
    away: bool = False

    def send(self, alert: Alert) -> None:
        if self.away:
            raise RetryLater(108, "The mail server is away.", where="mail", next_step="Later.")
        self.alerts.append(alert)


@pytest.fixture
def heard() -> Heard:
    return Heard()


@pytest.fixture
def tax(tmp_path: Path, heard: Heard) -> Iterator[Parts]:
    """The tax end: it has no source to watch, only limits."""
    with both_ends(tmp_path / "ends", build(tmp_path / "court.db", 1), checker="plain") as (_, tax):
        yield replace(tax, notifier=heard)


def _watched(parts: Parts, heard: Heard, day: date) -> list[tuple[str, str]]:
    heard.alerts.clear()
    journeys.watch(replace(parts, today=day))
    return [(alert.rule, alert.case_no) for alert in heard.alerts]


def _seen(parts: Parts, day: date, *, by: str = "liaison-1", word: str = "已告知信息中心") -> None:
    journeys.call(acknowledge_alerts, replace(parts, today=day), [(RULE, SUBJECT)], by=by, word=word)


def test_acknowledged_it_rests_for_the_agreed_days_and_comes_again(tax: Parts, heard: Heard) -> None:
    assert (RULE, SUBJECT) in _watched(tax, heard, FRIDAY)
    _seen(tax, FRIDAY)
    assert _watched(tax, heard, SATURDAY) == []
    assert _watched(tax, heard, date(2026, 10, 22)) == []
    assert (RULE, SUBJECT) in _watched(tax, heard, date(2026, 10, 23))
    again = tax.ledger.alert(RULE, SUBJECT)
    assert again is not None
    assert (again.state, again.first_day) == ("open", date(2026, 10, 23))
    assert journeys.audit(tax) == []


def test_what_nobody_acknowledges_in_a_working_day_goes_to_the_reviewers_once(tax: Parts, heard: Heard) -> None:
    _watched(tax, heard, FRIDAY)
    assert [rule for rule, _ in _watched(tax, heard, MONDAY)] == [RULE]
    told = _watched(tax, heard, TUESDAY)
    assert ("alerts_unacknowledged", "1 项") in told
    assert "下一季度所在年度的工作日历尚未公布 1 项" in heard.alerts[-1].text
    assert ("alerts_unacknowledged", "1 项") not in _watched(tax, heard, date(2026, 10, 21))
    alert = tax.ledger.alert(RULE, SUBJECT)
    assert alert is not None
    assert alert.escalated_on == TUESDAY


def test_a_message_that_can_not_go_leaves_nothing_escalated(tax: Parts, heard: Heard) -> None:
    _watched(tax, heard, FRIDAY)
    heard.away = True
    with pytest.raises(RetryLater):
        journeys.watch(replace(tax, today=TUESDAY))
    assert list(tax.ledger.events(kind="alert_escalated")) == []
    heard.away = False
    assert ("alerts_unacknowledged", "1 项") in _watched(tax, heard, TUESDAY)


def test_an_officer_says_a_word_and_the_ledger_keeps_its_hash(tax: Parts, heard: Heard) -> None:
    _watched(tax, heard, FRIDAY)
    for by, word, code in (("nobody-1", "已处理", 910), ("liaison-1", " ", 947), ("liaison-1", "长" * 501, 947)):
        with pytest.raises(NeedsPerson) as refused:
            _seen(tax, FRIDAY, by=by, word=word)
        assert refused.value.code == code
    _seen(tax, FRIDAY)
    _seen(tax, FRIDAY, by="chief-1", word="再看一次")
    [event] = tax.ledger.events(kind="alert_acknowledged")
    assert (event.actor, "已告知" in str(event.body)) == ("liaison-1", False)
    [name] = tax.vault.names(str(event.exchange))
    assert tax.vault.get(str(event.exchange), name).decode() == "已告知信息中心"
    tax.vault.put(str(event.exchange), name, "另一句话".encode())
    assert len(journeys.audit(tax)) == 1


def test_an_alert_nobody_was_told_of_can_not_be_acknowledged(tax: Parts) -> None:
    with pytest.raises(NeedsPerson) as refused:
        _seen(tax, FRIDAY)
    assert refused.value.code == 914
