"""When a quarter is opened: by the calendar, with and without catch-up, with and without an official year."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.dags.conftest import told

pytestmark = pytest.mark.airflow


@pytest.fixture
def module(airflow_home: Path) -> Any:
    import quarter_timetable

    return quarter_timetable


@pytest.fixture
def timetable(module: Any) -> Any:
    return module.QuarterTimetable()


def at(monkeypatch: pytest.MonkeyPatch, module: Any, shanghai: str) -> None:
    """Let the timetable's clock stand at a moment of Shanghai's."""

    class Clock(datetime):
        @classmethod
        def now(cls, tz: Any = None) -> datetime:
            return datetime.fromisoformat(shanghai).replace(tzinfo=module.SHANGHAI).astimezone(tz or UTC)

    monkeypatch.setattr(module, "datetime", Clock)


def when(text: str) -> Any:
    import pendulum

    return pendulum.parse(text, tz="Asia/Shanghai").in_timezone("UTC")


def next_run(timetable: Any, *, last: Any = None, earliest: str | None = "2024-01-01", latest: str | None = None,
             catchup: bool = False) -> Any:  # fmt: skip
    from airflow.timetables.base import TimeRestriction

    limits = TimeRestriction(
        earliest=when(earliest) if earliest else None, latest=when(latest) if latest else None, catchup=catchup
    )
    return timetable.next_dagrun_info(last_automated_data_interval=last, restriction=limits)


def shown(info: Any) -> tuple[str, str, str]:
    local = [t.in_timezone("Asia/Shanghai") for t in (*info.data_interval, info.run_after)]
    return local[0].to_date_string(), local[1].to_date_string(), local[2].format("YYYY-MM-DD HH:mm")


def test_catching_up_opens_every_quarter_on_its_first_working_day(timetable: Any):
    runs, last = [], None
    for _ in range(12):
        info = next_run(timetable, last=last, catchup=True)
        runs.append(shown(info))
        last = info.data_interval
    assert [run for _, _, run in runs] == [
        "2024-04-01 09:00", "2024-07-01 09:00", "2024-10-08 09:00", "2025-01-02 09:00",
        "2025-04-01 09:00", "2025-07-01 09:00", "2025-10-09 09:00", "2026-01-04 09:00",
        "2026-04-01 09:00", "2026-07-01 09:00", "2026-10-08 09:00", "2027-01-04 09:00",
    ]  # fmt: skip
    assert runs[0][:2] == ("2024-01-01", "2024-04-01")
    assert runs[7][:2] == ("2025-10-01", "2026-01-01")


def test_catching_up_begins_with_the_first_whole_quarter(timetable: Any):
    assert shown(next_run(timetable, earliest="2024-02-15", catchup=True))[0] == "2024-04-01"


@pytest.mark.parametrize(
    ("now", "quarter"),
    [
        ("2026-10-01T12:00", "2026-07-01"),  # in the holiday before the first working day
        ("2026-10-08T09:00", "2026-07-01"),
        ("2026-10-13T23:00", "2026-07-01"),  # the limit's day
        ("2026-10-14T00:01", "2026-10-01"),  # past it: a new installation waits for the next quarter
        ("2026-11-24T12:00", "2026-10-01"),
    ],
)
def test_a_new_dag_opens_the_last_quarter_until_its_limit(
    monkeypatch: pytest.MonkeyPatch, module: Any, timetable: Any, now: str, quarter: str
):
    at(monkeypatch, module, now)
    assert shown(next_run(timetable))[0] == quarter
    assert shown(next_run(timetable, earliest=None))[0] == quarter
    assert shown(next_run(timetable, earliest=None, catchup=True))[0] == quarter


def test_a_late_scheduler_still_opens_the_last_quarter_and_skips_those_before(
    monkeypatch: pytest.MonkeyPatch, module: Any, timetable: Any
):
    at(monkeypatch, module, "2026-11-24T12:00")
    first = next_run(timetable, earliest="2024-01-01", catchup=True).data_interval
    assert shown(next_run(timetable, last=first)) == ("2026-07-01", "2026-10-01", "2026-10-08 09:00")


def test_after_its_run_the_next_quarter_is_awaited(monkeypatch: pytest.MonkeyPatch, module: Any, timetable: Any):
    at(monkeypatch, module, "2026-11-24T12:00")
    last = module.interval(module.Period(year=2026, quarter=3))
    assert shown(next_run(timetable, last=last)) == ("2026-10-01", "2027-01-01", "2027-01-04 09:00")


def test_nothing_is_opened_after_the_dag_s_end(timetable: Any):
    assert next_run(timetable, earliest="2024-01-01", latest="2023-12-31", catchup=True) is None


def test_a_dag_that_starts_in_the_future_waits(monkeypatch: pytest.MonkeyPatch, module: Any, timetable: Any):
    at(monkeypatch, module, "2026-11-24T12:00")
    assert shown(next_run(timetable, earliest="2028-01-01"))[0] == "2028-01-01"


@pytest.mark.parametrize(
    ("run", "quarter"),
    [("2026-08-01T00:00", "2026-04-01"), ("2026-10-01T00:00", "2026-07-01"), ("2026-09-30T23:59", "2026-04-01")],
)
def test_a_manual_run_means_the_last_complete_quarter_by_shanghai_s_clock(timetable: Any, run: str, quarter: str):
    start = timetable.infer_manual_data_interval(run_after=when(run)).start
    assert start.in_timezone("Asia/Shanghai").to_date_string() == quarter


def test_it_survives_serialisation(module: Any):
    from airflow.serialization.decoders import decode_timetable
    from airflow.serialization.encoders import encode_timetable

    back = decode_timetable(encode_timetable(module.QuarterTimetable(hour=8, minute=30)))
    assert type(back).__name__ == "QuarterTimetable"
    assert (back.hour, back.minute) == (8, 30)


def test_a_year_nobody_announced_is_flagged_not_refused(monkeypatch: pytest.MonkeyPatch, module: Any, tmp_path: Path):
    at(monkeypatch, module, "2026-11-24T12:00")
    with told({"EXCHANGE_HOME": str(tmp_path)}):
        timetable = module.QuarterTimetable()
        assert "日历未确认" in timetable.summary
        assert "2027 年日历未确认" in timetable.description


def test_a_year_known_in_full_is_not_flagged(monkeypatch: pytest.MonkeyPatch, module: Any):
    at(monkeypatch, module, "2026-05-24T12:00")
    timetable = module.QuarterTimetable()
    assert "未确认" not in timetable.summary + timetable.description


def test_a_supplied_file_makes_the_year_official_at_once(monkeypatch: pytest.MonkeyPatch, module: Any, tmp_path: Path):
    at(monkeypatch, module, "2026-11-24T12:00")
    with told({"EXCHANGE_CALENDAR_DIR": str(tmp_path)}):
        timetable = module.QuarterTimetable()
        assert timetable.run_after(module.Period(year=2026, quarter=4)) == when("2027-01-04T09:00")
        (tmp_path / "2027.yaml").write_text(
            "year: 2027\nsource: notice\nsupplied_by: liaison-1\nmake_up_days: [2027-01-03]\n"
            "days_off: [2027-01-01, 2027-01-02, 2027-04-05, 2027-05-01, 2027-05-02,"
            " {from: 2027-10-01, to: 2027-10-07}]\n"
        )
        assert timetable.run_after(module.Period(year=2026, quarter=4)) == when("2027-01-03T09:00")
        assert "未确认" not in timetable.summary


def test_a_malformed_file_is_told_and_ignored(monkeypatch: pytest.MonkeyPatch, module: Any, tmp_path: Path):
    at(monkeypatch, module, "2026-05-24T12:00")
    (tmp_path / "2026.yaml").write_text("year: 2026\n")
    with told({"EXCHANGE_CALENDAR_DIR": str(tmp_path)}):
        timetable = module.QuarterTimetable()
        assert "日历文件有误" in timetable.description
        assert timetable.run_after(module.Period(year=2026, quarter=3)) == when("2026-10-08T09:00")
