"""An alert's events fold into where it stands; acknowledged, it rests for the agreed days."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from exchange.domain.alert_life import AlertRecord, alert_key, fold
from exchange.domain.audit import Event

FIRST = date(2026, 10, 9)


def _event(kind: str, day: date, actor: str = "system", **more: str) -> Event:
    body = {"rule": "rejected", "subject": "k1", "day": day.isoformat(), **more}
    at = datetime(day.year, day.month, day.day, 9, tzinfo=UTC)
    return Event(seq=1, at=at, kind=kind, exchange=None, actor=actor, body=body, prev_hash="", hash="")


def _folded(*events: Event) -> AlertRecord:
    record: AlertRecord | None = None
    for event in events:
        record = fold(record, event)
    assert record is not None
    return record


def test_told_on_three_days_it_is_one_alert() -> None:
    days = [FIRST + timedelta(days=n) for n in range(3)]
    alert = _folded(*[_event("alert_sent", day) for day in days])
    assert (alert.state, alert.first_day, alert.last_day, alert.times) == ("open", days[0], days[2], 3)


def test_acknowledged_it_rests_and_is_open_again_from_the_next_telling() -> None:
    seen = _event("alert_acknowledged", FIRST, "liaison-1", word_sha256="ab")
    alert = _folded(_event("alert_sent", FIRST), _event("alert_escalated", FIRST), seen)
    assert (alert.state, alert.acknowledged_by, alert.word_sha256) == ("acknowledged", "liaison-1", "ab")
    assert [alert.quiet(FIRST + timedelta(days=n), 7) for n in (0, 6, 7)] == [True, True, False]
    assert alert.quiet(date(2030, 1, 1), None)
    again = fold(alert, _event("alert_sent", FIRST + timedelta(days=7)))
    assert (again.state, again.first_day, again.times) == ("open", FIRST + timedelta(days=7), 1)
    assert (again.escalated_on, again.acknowledged_by) == (None, None)
    assert not again.quiet(FIRST + timedelta(days=7), 7)


def test_what_is_so_for_good_does_not_come_again_once_acknowledged() -> None:
    said = {"rule": "major", "subject": "c", "day": FIRST.isoformat()}
    first = Event(seq=1, at=datetime(2026, 10, 9, tzinfo=UTC), kind="alert_sent", exchange=None, actor="system",
                  body=said, prev_hash="", hash="")  # fmt: skip
    seen = Event(seq=2, at=first.at, kind="alert_acknowledged", exchange=None, actor="x", body=said, prev_hash="",
                 hash="")  # fmt: skip
    assert _folded(first, seen).quiet(date(2036, 1, 1), 7)


@pytest.mark.parametrize("kind", ["alert_escalated", "alert_acknowledged"])
def test_an_alert_that_was_never_told_can_not_be_worked(kind: str) -> None:
    with pytest.raises(ValueError, match="never told"):
        fold(None, _event(kind, FIRST))


def test_a_key_names_no_case() -> None:
    assert alert_key("major", "（2026）冀1103破6号").isascii()
    assert alert_key("major", "a") != alert_key("held", "a")
