"""The edge cases over time, each played by two ends as they are."""

from __future__ import annotations

import json
import shutil
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from exchange import journeys
from exchange.domain import lifecycle
from exchange.domain.errors import NeedsPerson
from exchange.ports import Parts
from exchange.sample.playing import wished_scenarios, write_scenarios
from exchange.sample.scenarios import SCENARIOS
from exchange.steps.review import review
from exchange.steps.void_case import void_case
from tests.oracle.test_oracle import differences
from tests.outcomes import assert_same
from tests.sample import worlds
from tests.sample.ends import CASES, PAIR, Living, play, release, settle

OVER_QUARTERS = "E24+E25+E26+E29"
States = list[tuple[Path, dict[str, dict[str, Any]]]]


def written(name: str, folder: Path) -> States:
    """Scenarios' states in order: their folder, and by scenario what expected.json says of them."""
    into = folder / "scenario"
    write_scenarios(into, worlds.setting(3), wished_scenarios([name])[name])
    told = json.loads((into / "expected.json").read_text(encoding="utf-8"))
    by_state = zip(*(one["states"] for one in told), strict=True)
    return [
        (into / states[0]["folder"], {one["id"]: state for one, state in zip(told, states, strict=True)})
        for states in by_state
    ]


def received(living: Living, as_of: str, dataset: str) -> pd.DataFrame:
    """The rows of a dataset as the tax end has them now."""
    with living.on(date.fromisoformat(as_of)) as (_, tax):
        return tax.ledger.landed(tax.agreement.route(CASES), dataset).set_index("case_no")


@pytest.mark.parametrize("name", [*SCENARIOS, OVER_QUARTERS])
def test_the_states_are_worlds_a_naive_reading_agrees_with(name: str, tmp_path: Path) -> None:
    """But for what was sent in an earlier quarter, which is more than one world holds."""
    for folder, states in written(name, tmp_path):
        told = worlds.answers(folder)
        found = differences(worlds.second_reading(folder), told)
        if "E25" not in states and "E26" not in states:
            assert found == {}
        else:
            assert found.keys() <= {"breaks", "break_counts"}
            assert all("UNKNOWN_CASE" in entry for entry in found.get("breaks", ([], []))[0])


def test_four_cases_over_three_quarters(tmp_path: Path) -> None:
    """E24, E25, E26, E29: every quarter's outcome equals its answers, and the tax end knows what changed."""
    living, states = Living(tmp_path / "ends"), written(OVER_QUARTERS, tmp_path)
    for number, (folder, told) in enumerate(states):
        any_of = told["E24"]
        outcome = play(living, folder, any_of["period"], any_of["as_of"])
        assert_same(outcome, dict(worlds.answers(folder)))
        assert outcome["breaks"] == []
        cases, why = (received(living, any_of["as_of"], name) for name in ("bankruptcy_case", "case_in_exchange"))
        switched = cases.loc[_number(states, "E24")]
        assert switched["procedure"] == any_of["expected"]["procedure"]
        assert switched["accepted_on"] == any_of["expected"]["accepted_on"]
        assert number == 0 or "procedure" in str(why.loc[_number(states, "E24"), "changed_columns"])
        assert (len(outcome["sent"]) == 4) is (told["E25"]["expected"]["sent"] or number == 1)
        if number == 1:
            new = told["E26"]["expected"]
            assert cases.loc[new["new_case"], "accepted_on"] == new["cut_off"]
        with living.on(date.fromisoformat(any_of["as_of"])) as (court, _):
            statuses = court.ledger.landed(court.agreement.route(f"{PAIR}-claims"), "tax_status")
        today = statuses[statuses["as_of"] == any_of["as_of"]]["registration"]
        assert ("abnormal" in set(today)) is (told["E29"]["expected"]["registration"] == "abnormal")
    _taken_back(living, states[1][1]["E25"]["expected"]["taken_back"], date.fromisoformat(any_of["as_of"]))


def _taken_back(living: Living, number: str, today: date) -> None:
    """The dismissed case is voided by the court's officers; neither end counts it any more, both remember it."""
    with living.on(today) as (court, tax):
        [key] = journeys.call(
            void_case, court, number, code="dismissed", decided_on=today, document_no="（2026）冀1103破申1号之一",
            reason="裁定驳回申请，依企业破产法第十二条", actor="liaison-1",
        )  # fmt: skip
        release(court, key)
        settle(court, tax)
        assert journeys.record(court, key).state == lifecycle.ACCEPTED
        route = court.agreement.route(CASES)
        for parts in (court, tax):
            assert parts.ledger.landed(route, "case_void")["case_no"].tolist() == [number]
            assert number not in set(parts.ledger.landed(route, "bankruptcy_case")["case_no"])
            assert len(parts.ledger.history(route, "bankruptcy_case", case_no=number))


def _number(states: States, name: str) -> str:
    """The number of a scenario's case: in a world of several the first scenario's is the first record."""
    assert name == "E24"
    sql = (states[0][0] / "court_db.sql").read_text(encoding="utf-8")
    return sql.split("INSERT INTO pc_aj")[1].split("(1, '")[1].split("'")[0]


def test_e02_a_nil_quarter_is_signed_and_receipted(tmp_path: Path) -> None:
    living, ((folder, told),) = Living(tmp_path / "ends"), written("E02", tmp_path)
    outcome = play(living, folder, told["E02"]["period"], told["E02"]["as_of"])
    assert_same(outcome, dict(worlds.answers(folder)))
    assert outcome["selected"] == []
    with living.on(date.fromisoformat(told["E02"]["as_of"])) as (court, _):
        assert [packet.kind for packet in court.ledger.packets(direction="out") if packet.kind != "R"] == ["N"]


def test_e03_the_watch_is_in_time_and_the_quarter_is_not(tmp_path: Path) -> None:
    living, states = Living(tmp_path / "ends"), written("E03", tmp_path)
    for folder, told in states[:2]:
        with living.on(date.fromisoformat(told["E03"]["as_of"]), folder / "court_db.sql") as (court, tax):
            journeys.watch(court)
            settle(court, tax)
            assert [one["reasons"] for one in worlds.answers(folder)["urgent"]] == [told["E03"]["expected"]["urgent"]]
    with living.on(date.fromisoformat(states[1][1]["E03"]["as_of"])) as (court, _):
        assert [one.state for one in court.ledger.exchanges(kind="U")] == [lifecycle.ACCEPTED] * 2
    folder, told = states[2]
    assert worlds.answers(folder)["break_counts"] == {"NO_RESPONSE": 1}
    assert told["E03"]["expected"]["days_after_limit"] == 64


def test_e23_packets_twice_out_of_order_and_one_missing(tmp_path: Path) -> None:
    living, states = Living(tmp_path / "ends"), written("E23", tmp_path)
    lane = tmp_path / "ends" / "point" / f"court-{PAIR}.tax-{PAIR}"
    aside = tmp_path / "aside"
    aside.mkdir()
    for folder, told in states[:2]:
        day = date.fromisoformat(told["E23"]["as_of"])
        with living.on(day, folder / "court_db.sql") as (court, _):
            key = journeys.quarterly(court, CASES, told["E23"]["period"], day)
            release(court, key)
            journeys.onward(court, key)
    packets = sorted(path for path in lane.iterdir() if path.is_dir())
    assert len(packets) == 2
    for packet in packets:
        shutil.copytree(packet, aside / packet.name)
    shutil.rmtree(packets[0])
    with living.on(day) as (_, tax):
        assert _arrive(tax) == ["held"]
        shutil.copytree(aside / packets[0].name, packets[0])
        assert _arrive(tax) == ["accepted"] * 2
        taken_in = len(tax.ledger.exchanges())
        shutil.copytree(aside / packets[0].name, packets[0], dirs_exist_ok=True)
        assert _arrive(tax) == ["accepted"] * 2
        assert len(tax.ledger.exchanges()) == taken_in


def _arrive(tax: Parts) -> list[str]:
    """What became of the packets, in order of their numbers, after two sweeps."""
    for _ in range(2):
        journeys.sweep(tax)
    return [one.state for one in sorted(tax.ledger.packets(direction="in"), key=lambda one: one.number)]


def test_e33_a_column_of_staff_is_refused_and_nothing_is_kept(tmp_path: Path) -> None:
    living, ((folder, states),) = Living(tmp_path / "ends"), written("E33", tmp_path)
    told = states["E33"]
    with living.on(date.fromisoformat(told["as_of"]), folder / "court_db.sql") as (court, tax):
        release(court, journeys.quarterly(court, CASES, told["period"], date.fromisoformat(told["as_of"])))
        settle(court, tax)
        with pytest.raises(NeedsPerson) as caught:
            journeys.answer(tax, folder / "tax_return")
        assert caught.value.code in (501, 502, 503)
        assert "990000" not in str(caught.value)
        assert not tax.ledger.exchanges(kind="A")
    kept = [path for path in (tmp_path / "ends" / "tax").rglob("*") if path.is_file()]
    assert not any(b"990000198001010011" in path.read_bytes() for path in kept)


def test_e36_one_byte_and_one_person(tmp_path: Path) -> None:
    """The other attacks of the list, on keys and certificates, are in tests/two_ends/test_attacks.py."""
    living, ((folder, states),) = Living(tmp_path / "ends"), written("E36", tmp_path)
    told = states["E36"]
    lane = tmp_path / "ends" / "point" / f"court-{PAIR}.tax-{PAIR}"
    with living.on(date.fromisoformat(told["as_of"]), folder / "court_db.sql") as (court, tax):
        key = journeys.quarterly(court, CASES, told["period"], date.fromisoformat(told["as_of"]))
        journeys.call(review, court, key, "prepare", by="liaison-1")
        with pytest.raises(NeedsPerson) as caught:
            journeys.call(review, court, key, "approve", by="liaison-1")
        assert caught.value.code == 910
        journeys.call(review, court, key, "approve", by="chief-1")
        journeys.onward(court, key)
        (packet,) = (path for path in lane.iterdir() if path.is_dir())
        payload = next(packet.glob("payload*"))
        data = bytearray(payload.read_bytes())
        data[len(data) // 2] ^= 1
        payload.write_bytes(data)
        journeys.sweep(tax)
        assert [one.state for one in tax.ledger.packets(direction="in")] == ["refused"]
        settle(court, tax)
        assert journeys.record(court, key).state == lifecycle.REJECTED


def test_only_scenarios_there_are(tmp_path: Path) -> None:
    assert list(wished_scenarios(["all"])) == list(SCENARIOS)
    with pytest.raises(NeedsPerson) as caught:
        wished_scenarios(["E02", "E01"])
    assert caught.value.code == 936
    with pytest.raises(NeedsPerson) as caught:
        write_scenarios(tmp_path, worlds.setting(3), wished_scenarios(["E02+E24"])["E02+E24"])
    assert caught.value.code == 936
