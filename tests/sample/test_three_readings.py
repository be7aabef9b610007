"""The generator, a naive second reading and the product's own functions say the same of a synthetic world."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from tests.oracle.test_oracle import differences, product
from tests.sample import worlds


def test_all_defects_and_cases_in_which_several_meet(tmp_path: Path) -> None:
    """A quarter whose claim periods end in a year the calendar does not know; test_real_postgresql has another."""
    worlds.make(tmp_path, worlds.setting(11, "2026Q4", "2027-01-05"), 460, "mixed")
    told = worlds.answers(tmp_path)
    assert differences(worlds.second_reading(tmp_path), told) == {}
    ours = product(tmp_path / "court.db", tmp_path / "tax_return", "2026Q4", date(2027, 1, 5))
    assert differences(ours, told) == {}


def test_every_code_info_rule_and_reason_is_among_the_answers(tmp_path: Path) -> None:
    from tests.sample.test_catalogue import CODES, INFOS, NORMALISED, REJECTS, WARNS

    worlds.make(tmp_path, worlds.setting(12), 420, "all", forms=("sql",))
    told = worlds.answers(tmp_path)
    assert set(told["break_counts"]) == CODES
    assert {one["code"] for one in told["infos"]} == INFOS
    assert {one["rule"] for one in told["quarantined"]} == REJECTS
    assert {one["rule"] for one in told["warned"]} == WARNS
    assert {one["rule"] for one in told["normalised"]} == NORMALISED
    assert {reason for one in told["urgent"] for reason in one["reasons"]} == {
        "major", "claims_due_within_7_days", "accepted_within_7_days"
    }  # fmt: skip
    assert {one["held"] for one in told["urgent"]} == {True, False}


def test_a_world_without_defects_is_clean(tmp_path: Path) -> None:
    made = worlds.make(tmp_path, worlds.setting(13), 300, "none", forms=("sql",))
    told = worlds.answers(tmp_path)
    assert (made.selected, made.breaks, made.plants) == (made.sent, 0, {})
    assert not any(told[name] for name in ("quarantined", "warned", "normalised", "breaks", "infos"))
    assert differences(worlds.second_reading(tmp_path), told) == {}


@pytest.mark.parametrize("defect", ["duplicate_line_amended_away", "withdrawn_alone", "E14", "in_ten_thousands_over"])
def test_one_defect_alone_leads_to_what_it_says(defect: str, tmp_path: Path) -> None:
    worlds.make(tmp_path, worlds.setting(14), 30, defect, forms=("sql",))
    assert differences(worlds.second_reading(tmp_path), worlds.answers(tmp_path)) == {}
