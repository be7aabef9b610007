"""The standard steps of the proceedings, from what was exchanged."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from exchange.adapters.contracts_files import load_agreement
from exchange.domain.calendar import WorkCalendar
from exchange.domain.case_steps import CODES, CaseStep, case_steps

CALENDAR = WorkCalendar(official=frozenset(), days_off=frozenset(), make_up_days=frozenset())
AGREED = load_agreement(Path(__file__).parents[2])
ROUTE = AGREED.routes["131100-cases"]
TODAY = date(2026, 10, 9)
ACCEPTED = {"filed_on": date(2026, 7, 1), "accepted_on": date(2026, 7, 13)}
UNTOLD = dict.fromkeys(
    ("announced_on", "claims_due_on", "claim_filed_on", "first_meeting_on", "reviewed_on", "declared_on", "paid_on",
     "terminated_on"),
)  # fmt: skip


def steps(procedure: str = "liquidation", today: date = TODAY, **facts: date | None) -> dict[str, CaseStep]:
    found = case_steps(
        {**UNTOLD, **ACCEPTED, **facts}, procedure=procedure, codes=AGREED.codes[CODES], days_of=ROUTE.days,
        calendar=CALENDAR, today=today,
    )  # fmt: skip
    return {step.code: step for step in found}


def test_there_are_thirteen_steps_each_with_its_owner_and_law() -> None:
    found = steps()
    assert [step.number for step in found.values()] == list(range(1, 14))
    assert {step.owner for step in found.values()} == {"court", "tax", "administrator"}
    assert all(step.law_zh for step in found.values())


def test_a_limit_runs_from_its_day_rolls_over_rest_days_and_passes() -> None:
    announce = steps()["announce"]
    assert (announce.begins, announce.due) == (date(2026, 7, 13), date(2026, 8, 7))
    assert (announce.state, announce.days) == ("late", -63)
    assert steps(today=date(2026, 8, 7))["announce"].state == "running"
    meeting = steps(claims_due_on=date(2026, 9, 18))["first_meeting"]
    assert meeting.due == date(2026, 10, 5)
    assert steps(terminated_on=date(2026, 10, 8), deregistered_on=None)["clear"].due == date(2026, 10, 22)


def test_what_is_done_is_done_and_what_is_set_is_not_yet() -> None:
    assert steps(announced_on=date(2026, 9, 1))["announce"].state == "done"
    later = steps(claims_due_on=date(2026, 11, 1), first_meeting_on=date(2026, 11, 10))["first_meeting"]
    assert (later.state, later.on) == ("idle", date(2026, 11, 10))


def test_what_nobody_tells_is_not_called_overdue() -> None:
    declared = steps(declared_on=date(2026, 8, 1))
    assert declared["declare_announce"].state == "unknown"
    assert declared["declare_announce"].due == date(2026, 8, 11)
    assert declared["lift"].state == "unknown"
    assert steps(invoices_released_on=None)["invoices"].state == "running"
    assert steps()["invoices"].state == "unknown"
    over = steps(claims_due_on=date(2026, 8, 20), terminated_on=date(2026, 10, 1))
    assert over["claim"].state == "unknown"


@pytest.mark.parametrize("code", ["declare", "declare_announce", "clear", "deregister"])
def test_a_reorganisation_has_no_declaration(code: str) -> None:
    assert steps("reorganisation")[code].state == "not_applicable"
