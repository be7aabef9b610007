"""What was carried last of many cases is what `landed` says of them, on SQLite and PostgreSQL alike."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace

import pandas as pd
import pytest

from exchange.adapters.ledger_sql import SqlLedger, open_ledger
from exchange.adapters.ledger_sql import carried as module
from exchange.domain.route import Route, RouteLine
from exchange.domain.row_hash import NO_ROW, differing, row_hashes
from tests.fakes.routes import a_contract, a_route
from tests.ports.test_ledger_sql_landing import CASE, DEBTOR, ODD, a_case, cases, frame, land

EVENT = a_contract("case_event", ("case_no", "event_no"), {"case_no": "text", "event_no": "int", "paid": "money"})
VOID = a_contract("case_void", ("case_no",), {"case_no": "text", "reason": "text"})
CASES = [f"（2026）冀1103破{n}号" for n in range(9)] + ["c1", ODD]
TEXTS = (None, "", ODD, "甲", " a", "乙\x1f\x1e", "\N{GRINNING FACE}")


@pytest.fixture
def ledger(database_url: str) -> Iterator[SqlLedger]:
    opened = open_ledger(database_url)
    yield opened
    opened.close()


def lane(number: int) -> Route:
    route = a_route(CASE, DEBTOR, EVENT, VOID, sender=f"court-{number}")
    return replace(route, lines={"case_void": RouteLine(kinds=frozenset("C"))})


def filled(ledger: SqlLedger, route: Route, rng: random.Random) -> None:
    """Some packets with some cases, each of them with some of the datasets."""

    def some() -> list[str]:
        return [one for one in CASES if rng.random() < 0.4]

    def record() -> str | None:
        return rng.choice(["7", "8", None])

    for number in range(1, rng.randrange(3, 7)):
        told = {
            "bankruptcy_case": cases(*(a_case(one, rng.choice(["accepted", "closed"])) for one in some())),
            "case_debtor": frame(
                "case_no debtor_no name", *((one, str(n), rng.choice(TEXTS)) for one in some() for n in range(2))
            ),
            "case_event": frame(
                "case_no event_no paid",
                *((one, str(n), rng.choice([None, "-0.50"])) for one in some() for n in (1, 10)),
            ),
            "case_void": frame("case_no reason", *((one, "x") for one in some())),
        }
        for dataset, rows in told.items():
            if rng.random() < (0.3 if dataset == "case_void" else 0.8):
                land(ledger, number, dataset, rows.assign(_record=[record() for _ in range(len(rows))]), route)


def same_as_landed(ledger: SqlLedger, route: Route, numbers: list[str]) -> None:
    datasets = [contract.dataset for contract in route.datasets]
    found = ledger.carried(route, datasets, numbers)
    assert list(found) == datasets
    for contract in route.datasets:
        order = list(contract.key)
        meant = ledger.landed(route, contract.dataset, keys=numbers).drop(columns=["_number", "_packet"])
        pd.testing.assert_frame_equal(
            found[contract.dataset].sort_values(order, ignore_index=True), meant.sort_values(order, ignore_index=True)
        )


def same_by_hash(ledger: SqlLedger, route: Route, numbers: list[str]) -> int:
    """Every hash is that of a row carried last; a case whose last packet lacks the dataset has one of no row."""
    datasets = [contract.dataset for contract in route.datasets]
    rows, hashed = ledger.carried(route, datasets, numbers), ledger.carried_hashes(route, datasets, numbers)
    assert list(hashed) == datasets
    unseen = 0
    for contract in route.datasets:
        found, frame = hashed[contract.dataset], rows[contract.dataset]
        told = sorted(zip(found.cases.to_pylist(), found.hashes.to_pylist(), strict=True))
        unknown = {case for case, one in told if one == NO_ROW}
        meant = sorted(zip(frame["case_no"], row_hashes(contract.names, frame), strict=True))
        assert [one for one in told if one[0] not in unknown] == [one for one in meant if one[0] not in unknown]
        unseen += len(unknown)
    return unseen


def test_whatever_was_landed_the_same_rows_come_back(ledger: SqlLedger) -> None:
    same_as_landed(ledger, lane(0), CASES)
    for number in range(6):
        filled(ledger, lane(number), random.Random(number))
    for number in range(7):
        same_as_landed(ledger, lane(number), [*CASES, "c1", "never carried"])
        same_as_landed(ledger, lane(number), CASES[:2])
        same_as_landed(ledger, lane(number), [])


def test_the_hashes_are_those_of_the_rows(ledger: SqlLedger) -> None:
    assert same_by_hash(ledger, lane(0), CASES) == 0
    for number in range(6):
        filled(ledger, lane(number), random.Random(number))
    found = [same_by_hash(ledger, lane(number), [*CASES, "c1", "never carried"]) for number in range(7)]
    assert found[6] == 0
    assert sum(found) > 20


def test_a_column_nothing_landed_with_is_missing(ledger: SqlLedger) -> None:
    land(ledger, 1, "case_debtor", frame("case_no debtor_no name", ("c1", "1", "甲")))
    wider = a_contract("case_debtor", DEBTOR.key, {"case_no": "text", "debtor_no": "text", "name": "text", "id": "int"})
    found = ledger.carried(a_route(CASE, wider), ["case_debtor", "bankruptcy_case"], ["c1"])
    assert found["case_debtor"].loc[0, ["case_no", "name"]].tolist() == ["c1", "甲"]
    assert found["case_debtor"]["id"].isna().all()
    assert list(found["bankruptcy_case"]) == [*CASE.names, "_record"]


def test_a_column_that_came_or_went_makes_only_cases_differ_that_hold_it(ledger: SqlLedger) -> None:
    """A contract that grew or shrank since the quarter before: what holds nothing there is as it was carried."""
    kept = {"case_no": "text", "debtor_no": "text", "name": "text"}
    wider = a_contract("case_debtor", DEBTOR.key, {**kept, "id": "text"})
    rows = frame("case_no debtor_no name id", ("c1", "1", "甲", None), ("c2", "1", "乙", "7"))
    land(ledger, 1, "case_debtor", rows.drop(columns="id"))
    grown = a_route(CASE, wider)
    then = ledger.carried_hashes(grown, ["case_debtor"], ["c1", "c2"])
    assert differing({"case_debtor": rows}, then, grown)[0].to_pylist() == ["c2"]
    land(ledger, 2, "case_debtor", rows, grown)
    shrunk = a_route(CASE, DEBTOR)
    then = ledger.carried_hashes(shrunk, ["case_debtor"], ["c1", "c2"])
    assert differing({"case_debtor": rows.drop(columns="id")}, then, shrunk)[0].to_pylist() == ["c2"]


def test_more_cases_than_one_statement_asks_for(ledger: SqlLedger) -> None:
    numbers = [f"c{n:06d}" for n in range(2 * module._AT_ONCE + 1)]
    route = a_route(DEBTOR)
    land(ledger, 1, "case_debtor", frame("case_no debtor_no name", *((one, "1", one) for one in numbers)), route)
    land(ledger, 2, "case_debtor", frame("case_no debtor_no name", *((one, "1", None) for one in numbers[::2])), route)
    found = ledger.carried(route, ["case_debtor"], numbers)["case_debtor"].sort_values("case_no", ignore_index=True)
    assert found["case_no"].tolist() == numbers
    assert found["name"].isna().tolist() == [n % 2 == 0 for n in range(len(numbers))]
    for number, one in enumerate(numbers[:3], start=3):
        land(ledger, number, "case_debtor", frame("case_no debtor_no name", (one, "1", "急")), route)
    assert same_by_hash(ledger, route, numbers) == 0
