"""As-of reads: what was the case on a day, as known then and as known now.

Every fact has two days: the one it happened on and the one it was recorded by. A reading is made of the rows known by a
moment, less what is dated after a day. "As it stood" and "as known today" are two readings of the same day.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from exchange.domain.prepare import CASES
from exchange.domain.route import Route
from exchange.domain.text import among

DATED: Final[Mapping[str, str]] = {
    CASES: "accepted_on",
    "case_event": "happened_on",
    "asset_disposal": "dealt_on",
    "claim_review": "reviewed_on",
    "distribution": "paid_on",
    "tax_claim": "filed_on",
    "tax_status": "as_of",
}
"""Dataset → the day its rows happened. One without a day holds as long as its case does."""

OPEN_ENDED: Final = ("announced_on", "declared_on", "terminated_on")
"""Days of a case that had not come yet when they lie later; a deadline or a meeting to come may lie later."""

STAGE: Final = "stage"


def as_of(frames: Mapping[str, pd.DataFrame], on: date, route: Route) -> dict[str, pd.DataFrame]:
    """The rows dated up to a day, that day included; those of a case that was not accepted yet are gone.

    A day of the case that lies later is empty, and so is then its stage: what it was that day no column says. A row
    whose own day is missing or unreadable stays.
    """
    cut = {name: _up_to(frame, DATED.get(name), on) for name, frame in frames.items()}
    if CASES not in cut:
        return cut
    cut[CASES] = _not_yet(cut[CASES], on)
    known = cut[CASES]["case_no"].tolist()
    for name, frame in cut.items():
        if name != CASES and route.contract(name).of_case:
            cut[name] = frame.loc[among(frame["case_no"], known)].reset_index(drop=True)
    return cut


def _later(frame: pd.DataFrame, column: str, on: date) -> npt.NDArray[np.bool_]:
    days = pd.to_datetime(frame[column], format="%Y-%m-%d", errors="coerce")
    return np.asarray(days > pd.Timestamp(on), dtype=bool)


def _up_to(frame: pd.DataFrame, column: str | None, on: date) -> pd.DataFrame:
    if column is None or column not in frame or frame.empty:
        return frame
    return frame.loc[~_later(frame, column, on)].reset_index(drop=True)


def _not_yet(cases: pd.DataFrame, on: date) -> pd.DataFrame:
    """The cases without what had not happened by the day."""
    out = cases.copy()
    some = np.zeros(len(out), dtype=bool)
    for column in (name for name in OPEN_ENDED if name in out):
        later = _later(out, column, on)
        out[column] = out[column].mask(later)
        some |= later
    if STAGE in out:
        out[STAGE] = out[STAGE].mask(some)
    return out


def of_case(frames: Mapping[str, pd.DataFrame], number: str | None, route: Route) -> dict[str, pd.DataFrame]:
    """The rows of one case by its normalised number; all of them for None."""
    if number is None:
        return dict(frames)
    return {
        name: frame.loc[(frame["case_no"] == number).to_numpy(bool)].reset_index(drop=True)
        for name, frame in frames.items()
        if route.contract(name).of_case
    }
