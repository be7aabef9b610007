"""A day or a time as an officer writes it."""

from __future__ import annotations

from datetime import date, datetime, time
from typing import Final
from zoneinfo import ZoneInfo

from exchange.domain.errors import NeedsPerson

SHANGHAI: Final = ZoneInfo("Asia/Shanghai")


def moment_of(text: str) -> datetime:
    """`2026-10-09` as that day's last instant, or `2026-10-09T15:00` as it stands; without an offset in Asia/Shanghai.

    NeedsPerson 504 for anything else.
    """
    try:
        if len(text) == len("2026-10-09"):
            return datetime.combine(date.fromisoformat(text), time.max, SHANGHAI)
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise NeedsPerson(
            504, "It is neither a day nor a time.", where="--on", next_step="Write 2026-10-09, or 2026-10-09T15:00."
        ) from None
    return moment if moment.tzinfo else moment.replace(tzinfo=SHANGHAI)


def moment_text(moment: datetime) -> str:
    """What `moment_of` was given: the day for a day's last instant, else the time to the minute."""
    return moment.date().isoformat() if moment.time() == time.max else moment.isoformat(timespec="minutes")
