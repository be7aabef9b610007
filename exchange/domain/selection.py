"""Which cases a quarterly exchange holds: a full snapshot that can be read alone."""

from __future__ import annotations

from datetime import date
from typing import Final
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt
import pandas as pd

from exchange.domain.route import Party

NOT_EXCHANGED: Final = ("petition", "not_accepted")
"""Stages before acceptance. A missing or unknown stage is neither: such a case is selected, and then held."""


_SHANGHAI: Final = ZoneInfo("Asia/Shanghai")


def selected(cases: pd.DataFrame, *, sender: Party, first_day: date) -> npt.NDArray[np.bool_]:
    """Whether each case belongs to the quarter that begins on `first_day`.

    One of the sender's courts, accepted, and either not terminated, or terminated or updated since that day. Nothing
    lies too late. A termination date that can't be read counts as none: the case must be seen, not lost.
    """
    first = pd.Timestamp(first_day)
    ended = pd.to_datetime(cases["terminated_on"], format="%Y-%m-%d", errors="coerce")
    touched = pd.to_datetime(cases["source_updated_at"], format="ISO8601", errors="coerce", utc=True)
    since = touched.dt.tz_convert(_SHANGHAI).dt.tz_localize(None) >= first
    ours = cases["court_code"].isin([court.id for court in sender.courts])
    accepted = ~cases["stage"].isin(NOT_EXCHANGED)
    return np.asarray(ours & accepted & (ended.isna() | (ended >= first) | since), dtype=bool)
