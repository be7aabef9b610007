"""A landed row names its landing: what verify finds of it, and ledgers of the form before, on SQLite and PostgreSQL."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import permutations
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from sqlalchemy import create_engine, inspect, text
from sqlalchemy.pool import NullPool

from exchange.adapters.ledger_sql import SqlLedger, open_ledger
from exchange.domain.errors import NeedsPerson
from tests.fakes.ledgers import by_hand
from tests.fakes.old_ledgers import before_landings
from tests.fakes.routes import a_contract, a_route
from tests.ports.test_ledger_sql_landing import CASE, CLAIM, DEBTOR, ODD, ROUTE, a_case, cases, frame, land

OTHER = a_route(CASE, DEBTOR, CLAIM, sender="court-2")
SMALL = a_contract("bankruptcy_case", ("case_no",), {"case_no": "text", "stage": "code"})
EVENT = a_contract("case_event", ("case_no", "event_no"), {"case_no": "text", "event_no": "text", "what": "text"})
THREE = a_route(SMALL, DEBTOR, EVENT)
OPERATIONS = Path(__file__).parents[2] / "docs" / "operations.md"
PACKET = "court-1.tax-1.00000{}.Q"


@pytest.fixture
def ledger(database_url: str) -> Iterator[SqlLedger]:
    opened = open_ledger(database_url)
    yield opened
    opened.close()


def filled(ledger: SqlLedger) -> SqlLedger:
    """Two packets of one lane and one of another; a claim; a dataset without rows; a packet landed twice."""
    odd = (ODD, None, None, None, "-0.10", None, None)
    land(ledger, 1, "bankruptcy_case", cases(a_case("c1"), a_case("c2"), odd).assign(_record=["7", None, ODD]))
    land(ledger, 1, "case_debtor", frame("case_no debtor_no name", ("c1", "1", "甲"), ("c2", "1", None)))
    land(ledger, 9, "bankruptcy_case", cases(a_case("c1", "declared")), OTHER)
    land(ledger, 2, "bankruptcy_case", cases(a_case("c1", "declared")))
    land(ledger, 2, "case_debtor", frame("case_no debtor_no name"))
    land(ledger, 1, "tax_claim", frame("claim_no version case_no total", ("C1", "1", "c1", "10.00")))
    land(ledger, 1, "bankruptcy_case", cases(a_case("c1"), a_case("c2"), odd).assign(_record=["7", None, ODD]))
    return ledger


def asked(url: str, wanted: str) -> list[tuple[Any, ...]]:
    with create_engine(url, poolclass=NullPool).connect() as connection:
        return [tuple(row) for row in connection.execute(text(wanted))]


def told(ledger: SqlLedger) -> list[Any]:
    """All that the ledger gives back of what was landed."""
    found: list[Any] = []
    for route in (ROUTE, OTHER):
        for contract in (CASE, DEBTOR, CLAIM):
            found += [ledger.landed(route, contract.dataset), ledger.history(route, contract.dataset)]
        found += [ledger.told(route, "bankruptcy_case", ["case_no", "stage"])]
        found += [ledger.last_carried(route), ledger.case(route.lane, "c1"), ledger.case_claims(route.lane, "c1")]
    return found


def same(one: list[Any], other: list[Any]) -> bool:
    return all(a.equals(b) if isinstance(a, pd.DataFrame) else a == b for a, b in zip(one, other, strict=True))


def test_a_landing_keeps_its_number_and_no_number_comes_twice(ledger: SqlLedger, database_url: str) -> None:
    filled(ledger)
    entries = "SELECT lane, number, dataset, landing FROM landed ORDER BY landing"
    assert asked(database_url, entries) == [
        ("court-1.tax-1", 1, "bankruptcy_case", 1),
        ("court-1.tax-1", 1, "case_debtor", 2),
        ("court-2.tax-1", 9, "bankruptcy_case", 3),
        ("court-1.tax-1", 2, "bankruptcy_case", 4),
        ("court-1.tax-1", 2, "case_debtor", 5),
        ("court-1.tax-1", 1, "tax_claim", 6),
    ]
    assert ledger.verify() == []
    by_hand(database_url, "UPDATE landed_tax_claim SET _landing = 70", "DELETE FROM landed WHERE landing = 6")
    land(ledger, 2, "tax_claim", frame("claim_no version case_no total", ("C2", "1", "c1", "1.00")))
    assert asked(database_url, "SELECT landing FROM landed WHERE dataset = 'tax_claim'") == [(71,)]
    assert ledger.verify() == ["Rows of tax_claim name landing 70, by which nothing of it was landed."]


CHANGED = "Rows of bankruptcy_case landed from packet {} were changed afterwards."


@pytest.mark.parametrize(
    ("changes", "problems"),
    [
        (["UPDATE landed_bankruptcy_case SET _landing = 4 WHERE case_no = 'c2'"],
         [CHANGED.format(PACKET.format(n)) for n in (1, 2)]),
        (["UPDATE landed SET landing = -landing WHERE dataset = 'bankruptcy_case'",
          "UPDATE landed SET landing = CASE landing WHEN -1 THEN 4 WHEN -4 THEN 1 ELSE 3 END WHERE landing < 0"],
         [CHANGED.format(PACKET.format(n)) for n in (1, 2)]),
        (["UPDATE landed SET landing = 40 WHERE landing = 4"],
         [CHANGED.format(PACKET.format(2)),
          "Rows of bankruptcy_case name landing 4, by which nothing of it was landed."]),
        (["DELETE FROM landed WHERE landing = 4"],
         ["Rows of bankruptcy_case name landing 4, by which nothing of it was landed."]),
        (["UPDATE landed SET dataset = 'tax_claim' WHERE landing = 4"],
         ["Rows of bankruptcy_case name landing 4, by which nothing of it was landed.",
          "Rows of tax_claim landed from packet court-1.tax-1.000002.Q were changed afterwards."]),
        (["UPDATE landed SET packet_id = 'court-1.tax-1.000001.Q' WHERE landing = 4"],
         ["Landing 4 of bankruptcy_case is not of the packet it names, court-1.tax-1.000001.Q."]),
        (["UPDATE landed SET lane = 'court-2.tax-1' WHERE landing = 4"],
         ["Landing 4 of bankruptcy_case is not of the packet it names, court-1.tax-1.000002.Q."]),
        (["UPDATE landed SET number = 3 WHERE landing = 4"],
         ["Landing 4 of bankruptcy_case is not of the packet it names, court-1.tax-1.000002.Q."]),
    ],
    ids=["row moved", "two landings swapped", "landing renumbered", "entry gone", "entry of another dataset",
         "packet altered", "lane altered", "number altered"],
)  # fmt: skip
def test_moving_rows_between_packets_is_found(
    ledger: SqlLedger, database_url: str, changes: list[str], problems: list[str]
) -> None:
    filled(ledger)
    by_hand(database_url, *changes)
    assert ledger.verify() == problems


def test_rows_of_the_form_before_come_through(ledger: SqlLedger, database_url: str) -> None:
    before = told(filled(ledger))
    ledger.close()
    before_landings(database_url)
    columns = "case_no, stage, filed_on, is_major, debt, creditors, source_updated_at, _record"
    rows = asked(database_url, f"SELECT _lane, _number, _packet, _landed_at, _row_sha256, {columns} "
                 "FROM landed_bankruptcy_case ORDER BY _lane, _number, case_no")  # fmt: skip
    assert len(rows) == 5
    newer = open_ledger(database_url)
    assert newer.verify() == []
    assert same(told(newer), before)
    now = asked(database_url, f"SELECT p.lane, p.number, p.packet_id, p.landed_at, r._row_sha256, {columns} "
                "FROM landed_bankruptcy_case r JOIN landed p ON p.landing = r._landing "
                "ORDER BY p.lane, p.number, r.case_no")  # fmt: skip
    assert [(*row[:4], row[4].hex(), *row[5:]) for row in now] == rows
    engine = create_engine(database_url, poolclass=NullPool)
    key = inspect(engine).get_pk_constraint("landed_case_debtor")["constrained_columns"]
    assert key == ["_landing", "case_no", "debtor_no"]
    land(newer, 3, "case_debtor", frame("case_no debtor_no name", ("c1", "1", "乙")))
    assert asked(database_url, "SELECT max(landing) FROM landed") == [(7,)]
    assert newer.verify() == []
    newer.close()


def test_what_was_altered_in_the_form_before_is_still_found(ledger: SqlLedger, database_url: str) -> None:
    filled(ledger).close()
    before_landings(database_url)
    by_hand(
        database_url,
        "UPDATE landed_case_debtor SET _number = 7 WHERE case_no = 'c1'",
        "UPDATE landed_case_debtor SET _packet = 'made-up' WHERE case_no = 'c2'",
        "UPDATE landed_bankruptcy_case SET _row_sha256 = upper(_row_sha256) WHERE _number = 2",
        "UPDATE landed_bankruptcy_case SET _row_sha256 = 'x' WHERE _number = 9",
    )
    newer = open_ledger(database_url)
    assert newer.verify() == [
        CHANGED.format(PACKET.format(2)),
        CHANGED.format("court-2.tax-1.000009.Q"),
        "Rows of case_debtor landed from packet court-1.tax-1.000001.Q were changed afterwards.",
        "Rows of case_debtor name landing -1, by which nothing of it was landed.",
        "Rows of case_debtor name landing 0, by which nothing of it was landed.",
    ]
    assert asked(database_url, "SELECT count(*) FROM landed_case_debtor") == [(2,)]
    newer.close()


def test_a_migration_cut_short_leaves_the_form_before(ledger: SqlLedger, database_url: str) -> None:
    before = told(filled(ledger))
    ledger.close()
    before_landings(database_url)
    by_hand(database_url, "ALTER TABLE landed_tax_claim RENAME TO elsewhere")
    with pytest.raises(NeedsPerson):
        open_ledger(database_url)
    assert asked(database_url, "SELECT version_num FROM alembic_version") == [("0010",)]
    assert len(asked(database_url, "SELECT _lane, _number, _packet FROM landed_bankruptcy_case")) == 5
    assert "landing" not in {c["name"] for c in inspect(create_engine(database_url)).get_columns("landed")}
    by_hand(database_url, "ALTER TABLE elsewhere RENAME TO landed_tax_claim")
    newer = open_ledger(database_url)
    assert same(told(newer), before)
    assert newer.verify() == []
    newer.close()


def test_the_documented_question_gives_every_row_with_its_packet(ledger: SqlLedger, database_url: str) -> None:
    filled(ledger)
    (wanted,) = re.findall(r"```sql\n(SELECT p\.lane.*?;)\n```", OPERATIONS.read_text(encoding="utf-8"), re.DOTALL)
    rows = asked(database_url, wanted.rstrip(";"))
    assert [row[2] for row in rows] == [*[PACKET.format(1)] * 3, "court-2.tax-1.000009.Q", PACKET.format(2)]


@pytest.mark.parametrize("order", list(permutations(["bankruptcy_case", "case_debtor", "case_event"])))
def test_a_packet_carries_the_cases_any_of_its_datasets_names(ledger: SqlLedger, order: tuple[str, ...]) -> None:
    named = {
        "bankruptcy_case": [("c2", "accepted"), ("c1", "accepted")],
        "case_debtor": [("c1", "1", "甲公司"), ("c3", "1", "乙公司")],
        "case_event": [("c2", "1", "x"), ("c4", "1", "y"), ("c4", "2", "z")],
    }
    for number in (1, 2):
        packet = PACKET.format(number)
        with ledger.transaction() as write:
            for dataset in order:
                rows = pd.DataFrame(named[dataset], columns=list(THREE.wire(dataset).names)).astype("str")
                parts = (rows.iloc[at : at + 1] for at in range(len(rows)))
                write.land(THREE, dataset, parts, number=number, packet_id=packet)
        assert ledger.last_carried(THREE) == dict.fromkeys(["c1", "c2", "c3", "c4"], packet)
        assert ledger.verify() == []
