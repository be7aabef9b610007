"""Late-keyed 补录: what happened in an earlier quarter, was not carried by that quarter's exchange, and is here now.

An event belongs to the quarter of its day. It is late when the route exchanged that quarter, or skipped it and
exchanged a later one, and no packet of the route carried it so far. It is listed, never dropped.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any, Final
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd

from exchange.domain.audit import ExchangeRecord
from exchange.domain.period import Period
from exchange.domain.prepare import CASES, text
from exchange.domain.text import among, as_array

EVENTS: Final = (
    (CASES, "accepted_on", "acceptance", ()),
    (CASES, "announced_on", "announcement", ()),
    (CASES, "declared_on", "declaration", ()),
    (CASES, "terminated_on", "termination", ()),
    ("case_event", "happened_on", "event", ("event_no",)),
    ("claim_review", "reviewed_on", "review", ("claim_no", "rank", "reviewed_on")),
    ("distribution", "paid_on", "distribution", ("claim_no", "rank", "paid_on")),
)
"""Dataset, day, what it is called, and by what besides the case one is told from another."""

_SHANGHAI: Final = ZoneInfo("Asia/Shanghai")


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """An earlier quarter the route exchanged, and the day it was run. Of one quarter the first that went out."""

    key: str
    period: Period
    as_of: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Late:
    """One late event of a case that is sent. `because`: `held_then` (the checks held the case in `exchange`),
    `keyed_later` (the register was last changed after that run), else `not_carried`: it should have been there."""

    record: str
    case_no: str | None
    what: str
    happened_on: str
    quarter: str
    exchange: str
    days_late: int
    because: str

    def as_dict(self) -> dict[str, Any]:
        """A plain mapping for JSON."""
        return asdict(self)


def runs_of(exchanges: Iterable[ExchangeRecord]) -> tuple[Run, ...]:
    """The quarters among exchanges that went out, the first of each."""
    found: dict[Period, Run] = {}
    for record in exchanges:
        if record.direction == "out" and record.period and record.as_of:
            period = Period.parse(record.period)
            found.setdefault(period, Run(key=record.key, period=period, as_of=record.as_of))
    return tuple(found.values())


def late_events(
    frames: Mapping[str, pd.DataFrame],
    before: Mapping[str, pd.DataFrame],
    runs: Sequence[Run],
    *,
    period: Period,
    as_of: date,
    held_in: Callable[[str], Collection[str]],
) -> list[Late]:
    """Late events of the cases to be sent (`frames` with `_record`), each (case, what, day) once, in order.

    `before` are the rows the route carried last, with `_record`; `held_in` gives the records an earlier exchange held.
    """
    earlier = sorted((run for run in runs if run.period < period), key=lambda run: (run.period, run.as_of))
    if not earlier or CASES not in frames:
        return []
    cases = frames[CASES].set_index("_record")
    touched = pd.to_datetime(cases["source_updated_at"], format="ISO8601", errors="coerce", utc=True)
    updated = touched.dt.tz_convert(_SHANGHAI).dt.date
    held: dict[str, Collection[str]] = {}
    found: dict[tuple[str, str, str], Late] = {}
    for record, what, day in _never_carried(frames, before, earlier[0].period.first_day, period.first_day):
        run = next((r for r in earlier if r.period >= Period.of(day)), None)
        if run is None or (record, what, day.isoformat()) in found:
            continue
        if run.key not in held:
            held[run.key] = held_in(run.key)
        found[record, what, day.isoformat()] = Late(
            record=record, case_no=text(cases["_case_no_raw"].get(record)), what=what, happened_on=day.isoformat(),
            quarter=str(Period.of(day)), exchange=run.key, days_late=(as_of - run.as_of).days,
            because="held_then" if record in held[run.key] else _because(updated.get(record), run),
        )  # fmt: skip
    return sorted(found.values(), key=lambda one: (one.happened_on, one.record, one.what))


def _because(updated: Any, run: Run) -> str:
    return (
        "keyed_later" if isinstance(updated, date) and not pd.isna(updated) and updated > run.as_of else "not_carried"
    )


def _never_carried(
    frames: Mapping[str, pd.DataFrame], before: Mapping[str, pd.DataFrame], since: date, until: date
) -> Iterator[tuple[str, str, date]]:
    """(record, what, day) of the events from `since` up to before `until` that no packet carried."""
    for dataset, column, what, key in EVENTS:
        frame = frames.get(dataset)
        told = before.get(dataset)
        if frame is None or column not in frame or frame.empty or (told is not None and column not in told):
            continue
        days = pd.to_datetime(frame[column], format="%Y-%m-%d", errors="coerce")
        rows = frame.loc[((days >= pd.Timestamp(since)) & (days < pd.Timestamp(until))).to_numpy(bool)]
        if rows.empty:
            continue
        fresh = rows.loc[~_carried(rows, before.get(dataset), column, key)]
        names = fresh["event"] if dataset == "case_event" else pd.Series(what, index=fresh.index)
        for record, name, day in zip(fresh["_record"], names, fresh[column], strict=True):
            yield str(record), str(name), date.fromisoformat(str(day))


def _carried(rows: pd.DataFrame, before: pd.DataFrame | None, column: str, key: Sequence[str]) -> Any:
    """Whether each row's event was among the rows carried last: by the source's record, whatever the number is now, or
    by number and day, whatever the record is."""
    if before is None or before.empty:
        return np.zeros(len(rows), dtype=bool)
    told = before.loc[before[column].notna()]
    places = (("_record", *key), ("case_no", *key, column))
    by_record, by_number = (among(_place(rows, place), as_array(_place(told, place))) for place in places)
    return by_record | by_number


def _place(rows: pd.DataFrame, names: Sequence[str]) -> pd.Series:
    place = rows[names[0]].astype("str")
    for name in names[1:]:
        place = place + "\x1f" + rows[name].astype("str").fillna("")
    return place
