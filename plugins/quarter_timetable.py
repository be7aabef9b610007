"""When a quarter's exchange is opened: the first China working day after the quarter, at 09:00 in Shanghai.

Airflow loads this file as the top-level module `quarter_timetable` (its plugins folder is on `sys.path`), and the DAGs
import it by the same name. It stays light: the scheduler and every parse load it. It never raises for a missing or
malformed calendar, for that would take the DAG down: the weekday rule answers and the description says so.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING, Any, Final
from zoneinfo import ZoneInfo

import pendulum
from airflow.plugins_manager import AirflowPlugin
from airflow.timetables.base import DagRunInfo, DataInterval, Timetable

from exchange.adapters.calendar_cn import calendar
from exchange.domain.errors import ExchangeError
from exchange.domain.period import Period
from exchange.settings import read_settings

if TYPE_CHECKING:
    from airflow.timetables.base import TimeRestriction

    from exchange.domain.calendar import WorkCalendar

SHANGHAI: Final = ZoneInfo("Asia/Shanghai")


class QuarterTimetable(Timetable):
    """One run a quarter, on the first China working day after it, at `hour`:`minute` in Shanghai.

    The run's data interval is the quarter itself. Without catch-up a late scheduler still opens the last complete
    quarter; a DAG that never ran opens it only until its limit (the fifth working day) has passed, so that a new
    installation does not send what is long settled.
    """

    def __init__(self, hour: int = 9, minute: int = 0) -> None:
        self.hour = hour
        self.minute = minute
        self.description = (
            f"每季度结束后首个工作日 {hour:02d}:{minute:02d}（北京时间）first working day after the quarter"
        )
        doubts = self.doubts(datetime.now(SHANGHAI))
        if doubts:
            self.description += "；" + "；".join(doubts)

    @property
    def summary(self) -> str:
        """What the list of DAGs shows: the hour, and a flag while the next run's day is a guess."""
        flag = "（日历未确认 not official）" if self.doubts(datetime.now(SHANGHAI)) else ""
        return f"季后首个工作日 {self.hour:02d}:{self.minute:02d}{flag}"

    def doubts(self, now: datetime) -> tuple[str, ...]:
        """Why the day of the run after the current quarter is not certain; empty when it is."""
        known, problem = _calendar()
        end = quarter_of(now).last_day
        years = known.unconfirmed(end, known.quarter_limit(end))
        found = [f"{year} 年日历未确认，按周一至周五推算 (calendar not official)" for year in years]
        return tuple(found + ([problem] if problem else []))

    def serialize(self) -> dict[str, Any]:
        """The hour and minute."""
        return {"hour": self.hour, "minute": self.minute}

    @classmethod
    def deserialize(cls, data: dict[str, Any]) -> QuarterTimetable:
        """The timetable `serialize` told of."""
        return cls(hour=data["hour"], minute=data["minute"])

    def run_after(self, quarter: Period) -> pendulum.DateTime:
        """When the quarter's run is due, in UTC."""
        day = _calendar()[0].quarter_start_run(quarter.last_day)
        return _instant(day, self.hour, self.minute)

    def infer_manual_data_interval(self, *, run_after: pendulum.DateTime) -> DataInterval:
        """The last complete quarter before a manual run."""
        return interval(quarter_of(run_after).previous())

    def next_dagrun_info(
        self, *, last_automated_data_interval: DataInterval | None, restriction: TimeRestriction
    ) -> DagRunInfo | None:
        """The next quarter to open; None once the DAG's end date has passed."""
        now = datetime.now(SHANGHAI)
        complete = quarter_of(now).previous()
        if last_automated_data_interval is not None:
            quarter = quarter_of(last_automated_data_interval.start).next()
        elif restriction.earliest is not None:
            quarter = quarter_of(restriction.earliest)
            if interval(quarter).start < restriction.earliest:
                quarter = quarter.next()
        else:
            quarter = complete
        if not restriction.catchup or restriction.earliest is None:
            quarter = max(quarter, self._first(complete, now) if last_automated_data_interval is None else complete)
        if restriction.latest is not None and interval(quarter).start > restriction.latest:
            return None
        return DagRunInfo(run_after=self.run_after(quarter), data_interval=interval(quarter))

    def _first(self, complete: Period, now: datetime) -> Period:
        """The first quarter a new DAG opens: the last complete one while its limit lasts, else the current one."""
        limit = _calendar()[0].quarter_limit(complete.last_day)
        return complete if now.date() <= limit else complete.next()


def quarter_of(when: datetime) -> Period:
    """The quarter an instant falls in, by Shanghai's clock."""
    return Period.of(when.astimezone(SHANGHAI).date())


def interval(quarter: Period) -> DataInterval:
    """From the quarter's first midnight in Shanghai to the next quarter's."""
    return DataInterval(_instant(quarter.first_day), _instant(quarter.next().first_day))


def _instant(day: date, hour: int = 0, minute: int = 0) -> pendulum.DateTime:
    """A moment of a day by Shanghai's clock, in UTC as Airflow keeps it."""
    return pendulum.datetime(day.year, day.month, day.day, hour, minute, tz="Asia/Shanghai").in_timezone("UTC")


def _calendar() -> tuple[WorkCalendar, str]:
    """The end's calendar, read anew so that a supplied file counts at once, and what is wrong with it in words."""
    try:
        settings = read_settings()
        return calendar(settings.at_home(settings.calendar_dir)), ""
    except ExchangeError as problem:
        return calendar(None), f"日历文件有误 (E{problem.code}: calendar file ignored)"


class QuarterTimetablePlugin(AirflowPlugin):
    """Registers the timetable, so that serialised DAGs may name it."""

    name = "quarter_timetable"
    timetables = [QuarterTimetable]  # noqa: RUF012 (the base class asks for a list)
