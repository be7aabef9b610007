"""The life of an alert 预警: told, told again, escalated, acknowledged; the record its events fold into.

An alert is a rule and what it is about (a case number, an exchange's key, a packet's name). Told again on later days it
is the same one. Acknowledged it rests; when its cause still stands after the agreed days, it is told and open again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from exchange.domain.canonical import sha256_hex

if TYPE_CHECKING:
    from exchange.domain.audit import Event

OPEN, ACKNOWLEDGED = "open", "acknowledged"

SENT, ESCALATED, SEEN = "alert_sent", "alert_escalated", "alert_acknowledged"
KINDS: Final = frozenset({SENT, ESCALATED, SEEN})
"""The ledger's events about one alert. Their body names `rule`, `subject` and `day`."""

ONCE: Final = frozenset({"major", "accepted_within_7_days", "packet_refused", "packet_fork"})
"""Rules that tell of something that happened, or is so for good: acknowledged, they don't come again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertRecord:
    """Where one alert stands: the fold of its events. Days are those the alerts are of.

    `first_day` begins the time it has been open (or was, before it was acknowledged); `times` counts tellings since.
    """

    rule: str
    subject: str
    state: str
    first_day: date
    last_day: date
    times: int
    escalated_on: date | None = None
    acknowledged_by: str | None = None
    acknowledged_on: date | None = None
    word_sha256: str | None = None
    updated_at: datetime

    def quiet(self, today: date, again_days: int | None) -> bool:
        """Whether it need not be told: acknowledged, and for good or not yet for so many days (None: for good)."""
        if self.state != ACKNOWLEDGED or self.acknowledged_on is None:
            return False
        resting = again_days is None or today < self.acknowledged_on + timedelta(days=again_days)
        return self.rule in ONCE or resting


def alert_key(rule: str, subject: str) -> str:
    """Under which the ledger and the vault keep what belongs to one alert. A subject may be a case number: it is
    hashed, since keys name folders."""
    return f"alert.{sha256_hex(f'{rule} {subject}'.encode())[:16]}"


def place_of(body: Mapping[str, Any]) -> tuple[str, str]:
    """(rule, subject) of an alert's event."""
    return str(body["rule"]), str(body["subject"])


def fold(record: AlertRecord | None, event: Event) -> AlertRecord:
    """The alert after one more of its events; ValueError for one about an alert that was never told."""
    day = date.fromisoformat(event.body["day"])
    if event.kind == SENT:
        return _told(record, event, day)
    if record is None:
        raise ValueError("An alert that was never told can't be escalated or acknowledged.")
    if event.kind == ESCALATED:
        return replace(record, escalated_on=day, updated_at=event.at)
    return replace(
        record, state=ACKNOWLEDGED, acknowledged_by=event.actor, acknowledged_on=day,
        word_sha256=event.body.get("word_sha256"), updated_at=event.at,
    )  # fmt: skip


def _told(record: AlertRecord | None, event: Event, day: date) -> AlertRecord:
    if record is None or record.state == ACKNOWLEDGED:
        rule, subject = place_of(event.body)
        return AlertRecord(
            rule=rule, subject=subject, state=OPEN, first_day=day, last_day=day, times=1, updated_at=event.at
        )
    return replace(record, last_day=max(record.last_day, day), times=record.times + 1, updated_at=event.at)
