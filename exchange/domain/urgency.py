"""Which cases can't wait for the quarter."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from exchange.domain.route import Route
from exchange.domain.text import passes

MAJOR, CLAIMS_DUE, ACCEPTED = "major", "claims_due_within_7_days", "accepted_within_7_days"
REASONS: Final = (MAJOR, CLAIMS_DUE, ACCEPTED)
CASE_COLUMNS: Final = ("stage", "is_major", "claims_due_on", "accepted_on")
"""The columns of a case that say whether it is urgent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Urgent:
    """One urgent case: `reasons` in the order of `REASONS`, `case_no` as it stands in the source."""

    record: str
    case_no: str | None
    reasons: tuple[str, ...]
    held: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class UrgentRound:
    """What was found urgent (held ones too), and the keys of the exchanges opened for it."""

    cases: tuple[Urgent, ...]
    keys: tuple[str, ...]


def urgent_limits(route: Route, on: date) -> dict[str, int]:
    """The agreed days in force on a day; NeedsPerson 905 when the route has none."""
    return {name: route.days(f"urgent_{name}_days", on) for name in ("claims_due", "accepted")}


def urgent_cases(
    cases: pd.DataFrame, *, as_of: date, limits: Mapping[str, int], held: Collection[str]
) -> tuple[Urgent, ...]:
    """The selected cases that are major, whose claim period ends soon, or that were just accepted.

    `limits` are the days of `claims_due` and `accepted` (`urgent_limits`). Terminated cases are none; a missing or
    unknown stage is not terminated; held cases are listed too.
    """
    today = pd.Timestamp(as_of)
    running = (cases["stage"] != "terminated").to_numpy(bool)
    masks = {
        MAJOR: running & (cases["is_major"] == "true").to_numpy(bool),
        CLAIMS_DUE: running & _within(cases["claims_due_on"], today, limits["claims_due"]),
        ACCEPTED: running & _within(cases["accepted_on"], today, -limits["accepted"]),
    }
    found = []
    for n in np.flatnonzero(masks[MAJOR] | masks[CLAIMS_DUE] | masks[ACCEPTED]):
        record, case_no = cases["_record"].iloc[n], cases["_case_no_raw"].iloc[n]
        reasons = tuple(reason for reason in REASONS if masks[reason][n])
        case = None if pd.isna(case_no) else str(case_no)
        found.append(Urgent(record=str(record), case_no=case, reasons=reasons, held=str(record) in held))
    return tuple(found)


def _within(days: pd.Series, today: pd.Timestamp, limit: int) -> npt.NDArray[np.bool_]:
    """Whether each day lies at most so many days after today (or before it: negative). What is no day does not."""

    def near(day: str) -> bool:
        found = pd.to_datetime(day, format="%Y-%m-%d", errors="coerce")
        return not pd.isna(found) and min(0, limit) <= (found - today).days <= max(0, limit)

    return passes(days, near)
