"""What a quarterly exchange holds, and which cases can't wait."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from tests.unit.court_rows import AS_OF, Court

ENDED = {"stage": "terminated", "terminated_on": "2026-06-30", "source_updated_at": "2026-06-30T09:00:00+08:00"}


@pytest.mark.parametrize(
    ("columns", "selected"),
    [
        ({}, True),
        ({"stage": "petition"}, False),
        ({"stage": "not_accepted"}, False),
        ({"stage": None}, True),
        ({"stage": "47"}, True),
        ({"stage": None, "terminated_on": "2020-01-01", "source_updated_at": "2020-01-01T00:00:00+08:00"}, False),
        (ENDED, False),
        ({**ENDED, "terminated_on": None}, True),
        ({**ENDED, "terminated_on": "2026-07-01"}, True),
        ({**ENDED, "terminated_on": "2027-05-01"}, True),
        ({**ENDED, "source_updated_at": "2026-07-01T00:00:00+08:00"}, True),
        ({**ENDED, "source_updated_at": "2026-06-30T23:59:59+08:00"}, False),
        ({**ENDED, "source_updated_at": "2026-06-30T16:00:00+00:00"}, True),
        ({**ENDED, "source_updated_at": "2026-12-31T09:00:00+08:00"}, True),
        ({**ENDED, "source_updated_at": None}, False),
        ({**ENDED, "terminated_on": "unknown"}, True),
        ({"accepted_on": "2030-01-01"}, True),
        ({"court_code": "冀0102"}, False),
        ({"court_code": None}, False),
    ],
)
def test_selected(columns: dict[str, Any], selected: bool) -> None:
    outcome = Court().case(1, **columns).outcome()
    assert outcome["selected"] == ([1] if selected else [])


def test_a_case_of_another_court_is_not_selected_but_seen() -> None:
    outcome = Court().case(1, court_code="冀0102").outcome()
    assert [f["rule"] for f in outcome["findings"]] == ["court_unknown"]
    assert outcome["quarantined"] == outcome["warned"] == outcome["urgent"] == []


def test_what_is_not_selected_is_neither_checked_nor_listed() -> None:
    outcome = Court().case(1, stage="petition", case_no="(bad)", debtors=()).outcome()
    assert [outcome[name] for name in ("selected", "sent", "normalised", "quarantined", "urgent")] == [[]] * 5


def test_record_ids_are_numbers_where_they_are_written_as_numbers() -> None:
    outcome = (
        Court()
        .case("12")
        .case("a7", case_no="（2026）冀1103破2号")
        .case("007", case_no="（2026）冀1103破3号")
        .outcome()
    )
    assert outcome["selected"] == [12, "a7", "007"]


@pytest.mark.parametrize(
    ("columns", "reasons"),
    [
        ({}, []),
        ({"is_major": "true"}, ["major"]),
        ({"claims_due_on": "2026-10-09"}, ["claims_due_within_7_days"]),
        ({"claims_due_on": "2026-10-16"}, ["claims_due_within_7_days"]),
        ({"claims_due_on": "2026-10-17"}, []),
        ({"claims_due_on": "2026-10-08"}, []),
        ({"accepted_on": "2026-10-09"}, ["accepted_within_7_days"]),
        ({"accepted_on": "2026-10-02"}, ["accepted_within_7_days"]),
        ({"accepted_on": "2026-10-01"}, []),
        ({"accepted_on": "2026-10-10"}, []),
        (
            {"is_major": "true", "claims_due_on": "2026-10-10", "accepted_on": "2026-10-05"},
            ["major", "claims_due_within_7_days", "accepted_within_7_days"],
        ),
        ({"is_major": "true", "stage": "terminated", "terminated_on": "2026-08-01"}, []),
        ({"is_major": "true", "stage": None}, ["major"]),
        ({"is_major": "true", "stage": "47"}, ["major"]),
        ({"claims_due_on": "soon", "accepted_on": None, "stage": None}, []),
    ],
)
def test_urgent(columns: dict[str, Any], reasons: list[str]) -> None:
    urgent = Court().case(1, **columns).outcome(as_of=AS_OF)["urgent"]
    assert [u["reasons"] for u in urgent] == ([reasons] if reasons else [])


def test_held_cases_are_urgent_too() -> None:
    outcome = Court().case(1, is_major="true", case_no="(2026)冀1103破01号").outcome()
    assert outcome["urgent"] == [{"record": 1, "case_no": "(2026)冀1103破01号", "reasons": ["major"], "held": True}]


def test_the_as_of_day_moves_what_is_urgent_not_what_is_selected() -> None:
    court = Court().case(1, claims_due_on="2026-12-01")
    later = court.outcome(as_of=date(2026, 11, 25))
    assert later["selected"] == [1]
    assert later["urgent"][0]["reasons"] == ["claims_due_within_7_days"]
