"""Which cases and rows a quarterly exchange holds: a full snapshot that can be read alone."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Final
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt
import pandas as pd

from exchange.domain.route import Party
from exchange.domain.text import any_of

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
    since = _moments(cases["source_updated_at"]) >= first
    ours = of_sender(cases["court_code"], sender)
    accepted = ~cases["stage"].isin(NOT_EXCHANGED)
    return np.asarray(ours & accepted & (ended.isna() | (ended >= first) | since), dtype=bool)


def of_sender(courts: pd.Series, sender: Party) -> npt.NDArray[np.bool_]:
    """Whether each row's court is one the sender speaks for; a missing one is not."""
    return np.asarray(courts.isin(sender.court_ids), dtype=bool)


def of_quarter(rows: pd.DataFrame, columns: Sequence[str], first_day: date) -> npt.NDArray[np.bool_]:
    """Whether a row that stands alone belongs to the quarter that begins on `first_day`.

    One of its days lies on or after that day; nothing lies too late. A row without any day, or with one that can't be
    read, belongs to it: it must be seen, not lost. Without columns every row does.
    """
    if not columns:
        return np.ones(len(rows), dtype=bool)
    days = {name: _moments(rows[name]) for name in columns}
    late = any_of((np.asarray(day >= pd.Timestamp(first_day), dtype=bool) for day in days.values()), len(rows))
    odd = any_of((np.asarray(rows[n].notna() & day.isna(), dtype=bool) for n, day in days.items()), len(rows))
    return np.asarray(late | odd | rows[list(columns)].isna().all(axis=1).to_numpy(bool), dtype=bool)


def _moments(series: pd.Series) -> pd.Series:
    """Days and times in Asia/Shanghai, without their zone; NaT where there is none that can be read."""
    read = pd.to_datetime(series, format="ISO8601", errors="coerce", utc=True)
    return read.dt.tz_convert(_SHANGHAI).dt.tz_localize(None)
