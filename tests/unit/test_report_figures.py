"""The figures of reports: spans, shares that keep what they are of, receipts and alerts in time, the score."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from exchange.domain import report_figures as figures
from exchange.domain.errors import NeedsPerson
from exchange.domain.report_figures import AlertDays, ExchangeTimes, Figure, Round
from exchange.domain.report_span import KINDS, holding, span_of

MONDAY = datetime(2026, 10, 12, 1, tzinfo=UTC)


def _nth(day: date, n: int) -> date:
    while n:
        day += timedelta(days=1)
        n -= day.weekday() < 5
    return day


def _sent(*, opened: float | None = None, validated: float | None = None, kind: str = "Q") -> ExchangeTimes:
    """An exchange sent on a Monday morning in China; receipts so many days later."""
    moment = lambda days: None if days is None else MONDAY + timedelta(days=days)  # noqa: E731
    return ExchangeTimes(
        key="x", kind=kind, direction="out", state="sent", opened_at=MONDAY - timedelta(minutes=3), sent_at=MONDAY,
        opened_there_at=moment(opened), validated_at=moment(validated),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "text", "first", "last", "before"),
    [
        ("day", "2026-10-09", date(2026, 10, 9), date(2026, 10, 9), "2026-10-08"),
        ("week", "2026-W53", date(2026, 12, 28), date(2027, 1, 3), "2026-W52"),
        ("month", "2026-12", date(2026, 12, 1), date(2026, 12, 31), "2026-11"),
        ("quarter", "2027Q1", date(2027, 1, 1), date(2027, 3, 31), "2026Q4"),
    ],
)
def test_a_span_is_read_from_its_text_and_knows_its_neighbours(kind, text, first, last, before) -> None:
    span = span_of(kind, text)
    assert (span.first, span.last, span.text) == (first, last, text)
    assert span.before().text == before
    assert span.before().after() == span


@pytest.mark.parametrize("text", ["", "2026", "2026-13", "2026-02-30", "2026-W60", "2026Q5", "../../etc", "２０２６Q3"])
@pytest.mark.parametrize("kind", KINDS)
def test_what_names_no_span_is_refused(kind, text) -> None:
    with pytest.raises(NeedsPerson) as refused:
        span_of(kind, text)
    assert refused.value.code == 905


def test_a_span_that_holds_a_day_is_the_one_its_text_names() -> None:
    for kind in KINDS:
        span = holding(kind, date(2024, 12, 30))
        assert span == span_of(kind, span.text)


def test_receipts_count_once_their_limit_has_passed_or_they_came() -> None:
    times = [_sent(opened=0.1, validated=1), _sent(opened=3, validated=4), _sent(), _sent(kind="R")]
    told = {"opened_days": 1, "validated_days": 2, "nth_workday": _nth}
    early = figures.receipts(times, **told, today=date(2026, 10, 12))
    assert [(one.value, one.whole) for one in early] == [(1, 2), (1, 2)]
    late = figures.receipts(times, **told, today=date(2026, 10, 20))
    assert [(one.value, one.whole, one.share) for one in late] == [(1, 3, Decimal("0.3333"))] * 2


def test_a_validated_receipt_stands_for_the_one_before_it() -> None:
    opened, _ = figures.receipts([_sent(validated=0.5)], opened_days=1, validated_days=2, nth_workday=_nth,
                                 today=date(2026, 10, 12))  # fmt: skip
    assert (opened.value, opened.whole) == (1, 1)


def test_nothing_to_measure_is_no_figure() -> None:
    nothing = figures.receipts([], opened_days=1, validated_days=2, nth_workday=_nth, today=date(2026, 10, 12))
    assert [(one.value, one.share) for one in nothing] == [(None, None)] * 2
    assert [one.value for one in figures.urgent([])] == [0, None, None]
    assert figures.exchanged(None) == ()


def test_alerts_are_in_time_within_the_agreed_working_days() -> None:
    friday = date(2026, 10, 16)
    told = [
        AlertDays(first_day=friday, acknowledged_on=date(2026, 10, 19), escalated=False, count=3),
        AlertDays(first_day=friday, acknowledged_on=date(2026, 10, 20), escalated=True, count=1),
        AlertDays(first_day=date(2026, 10, 20), acknowledged_on=None, escalated=False, count=2),
    ]
    found = {one.code: one for one in figures.alerts(told, workdays=1, nth_workday=_nth, today=date(2026, 10, 21))}
    assert (found["alerts"].value, found["alerts_open"].value, found["alerts_escalated"].value) == (6, 2, 1)
    assert (found["alerts_in_time"].value, found["alerts_in_time"].whole) == (3, 4)
    assert found["alerts_wait"].value == Decimal("3.0")


def test_urgent_transfers_are_timed_in_the_middle() -> None:
    told = {one.code: one.value for one in figures.urgent([_sent(kind="U", validated=1 / 24), _sent(kind="Q")])}
    assert told == {"urgent": 1, "urgent_out": Decimal("3.0"), "urgent_home": Decimal("60.0")}


def test_a_share_below_what_was_agreed_is_short() -> None:
    assert figures.part("answered", 8, 10, Decimal("0.90")).short
    assert not figures.part("answered", 9, 10, Decimal("0.90")).short
    assert not figures.part("answered", 0, 0, Decimal("0.90")).short


def test_the_score_weighs_what_was_measured_and_nothing_else() -> None:
    weights = {"receipts_validated": Decimal(30), "answered": Decimal(20), "accepted": Decimal(10)}
    parts = [figures.part("receipts_validated", 10, 10), figures.part("answered", 1, 2), figures.part("accepted", 0, 0)]
    assert figures.score(parts, weights).value == Decimal("80.0")
    assert figures.score([], weights).value is None


def test_a_round_tells_its_cases_by_what_became_of_them() -> None:
    ours = Round(period="2026Q3", key="k", state="accepted", selected=146, sent=132, rejected=14, new=122, changed=0,
                 closed=0, points=3, explained=2)  # fmt: skip
    told = {one.code: one for one in figures.exchanged(ours)}
    assert (told["rejected"].value, told["rejected"].whole) == (14, 146)
    assert told["explained"].share == Decimal("0.6667")
    theirs = Round(period="2026Q3", key="k", state="taken_in", selected=None, sent=132, rejected=0)
    assert [(one.code, one.value) for one in figures.exchanged(theirs)] == [("taken_in", 132), ("not_landed", 0)]
    assert isinstance(figures.exchanged(theirs)[0], Figure)
