"""Landed rows on SQLite and PostgreSQL: typed at rest, the same text back, the latest packet of each case."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

import pandas as pd
import pytest
from sqlalchemy import create_engine, inspect, text
from sqlalchemy.pool import NullPool

from exchange.adapters.ledger_sql import SqlLedger, open_ledger
from exchange.domain.contract import Column
from exchange.domain.errors import NeedsPerson
from exchange.domain.route import Route
from tests.fakes.old_ledgers import before_landings
from tests.fakes.routes import a_contract, a_route

CASE = a_contract(
    "bankruptcy_case",
    ("case_no",),
    {
        "case_no": "text",
        "stage": "code",
        "filed_on": "date",
        "is_major": "bool",
        "debt": "money",
        "creditors": "int",
        "source_updated_at": "time",
    },
)
DEBTOR = a_contract("case_debtor", ("case_no", "debtor_no"), {"case_no": "text", "debtor_no": "text", "name": "text"})
CLAIM = a_contract(
    "tax_claim", ("claim_no", "version"), {"claim_no": "text", "version": "int", "case_no": "text", "total": "money"}
)
ROUTE = a_route(CASE, DEBTOR, CLAIM)
ODD = "甲𠀀,\"'\r\n;\\N"


@pytest.fixture
def ledger(database_url: str) -> Iterator[SqlLedger]:
    opened = open_ledger(database_url)
    yield opened
    opened.close()


def frame(columns: str, *rows: Sequence[str | None]) -> pd.DataFrame:
    return pd.DataFrame(list(rows), columns=columns.split()).astype("str")


def cases(*rows: Sequence[str | None]) -> pd.DataFrame:
    return frame("case_no stage filed_on is_major debt creditors source_updated_at", *rows)


def a_case(case_no: str, stage: str = "accepted") -> Sequence[str | None]:
    return (case_no, stage, "2026-07-01", "true", "0.00", "1", "2026-07-16T09:30:00+08:00")


def land(
    ledger: SqlLedger, number: int, dataset: str, rows: pd.DataFrame | Iterable[pd.DataFrame], route: Route = ROUTE
) -> int:
    with ledger.transaction() as write:
        return write.land(route, dataset, rows, number=number, packet_id=f"{route.lane}.{number:06d}.Q")


def test_rows_come_back_as_the_same_text(ledger: SqlLedger) -> None:
    rows = cases(
        ("（2026）冀1103破1号", "accepted", "2026-02-28", "true", "-12.30", "-3", "2026-07-16T09:30:00+08:00"),
        ("（2026）冀1103破10号", ODD, "1949-10-01", "false", "9999999999999999.99", "0", "2026-07-16T01:30:00Z"),
        ("（2026）冀1103破2号", "", None, None, None, None, None),
        ("（2026）冀1103破3号", None, "2024-02-29", "true", "0.05", "123456789012345678", None),
        ("（2026）冀1103破4号", " \tNULL ", "2026-12-31", "true", "1000000.10", "7", None),
    )
    assert land(ledger, 1, "bankruptcy_case", rows) == 5
    back = ledger.landed(ROUTE, "bankruptcy_case")
    assert list(back.columns) == [*CASE.names, "_record", "_number", "_packet"]
    assert all(str(dtype) == "str" for dtype in back.dtypes)
    pd.testing.assert_frame_equal(back[list(CASE.names)], rows.sort_values("case_no", ignore_index=True))
    assert back["_record"].isna().all()
    assert set(back["_number"]) == {"1"}
    assert set(back["_packet"]) == {"court-1.tax-1.000001.Q"}
    assert ledger.verify() == []


def test_rows_that_come_in_parts_are_those_of_the_whole(ledger: SqlLedger) -> None:
    rows = cases(*(a_case(f"c{n}") for n in range(5)))
    assert land(ledger, 1, "bankruptcy_case", rows) == 5
    whole = ledger.landed(ROUTE, "bankruptcy_case")
    assert land(ledger, 1, "bankruptcy_case", (rows.iloc[n : n + 2] for n in range(0, 5, 2))) == 5
    pd.testing.assert_frame_equal(ledger.landed(ROUTE, "bankruptcy_case"), whole)
    assert ledger.verify() == []


def test_a_key_in_two_parts_lands_nothing(ledger: SqlLedger) -> None:
    with pytest.raises(NeedsPerson) as problem:
        land(ledger, 1, "bankruptcy_case", iter([cases(a_case("c1")), cases(a_case("c1"))]))
    assert problem.value.code == 506
    assert len(ledger.landed(ROUTE, "bankruptcy_case")) == 0


def test_the_rows_of_some_cases_alone(ledger: SqlLedger) -> None:
    land(ledger, 1, "bankruptcy_case", cases(*(a_case(f"c{n}") for n in range(5))))
    land(ledger, 2, "bankruptcy_case", cases(a_case("c1", "declared")))
    some = ledger.landed(ROUTE, "bankruptcy_case", keys=["c3", "c1", "'; --", "c9"])
    assert dict(zip(some["case_no"], some["stage"], strict=True)) == {"c1": "declared", "c3": "accepted"}
    assert len(ledger.landed(ROUTE, "bankruptcy_case", keys=[])) == 0
    assert len(ledger.landed(ROUTE, "tax_claim", keys=["c1"])) == 0


def test_the_tables_are_typed(ledger: SqlLedger, database_url: str) -> None:
    land(ledger, 1, "bankruptcy_case", cases(a_case("c1")))
    found = inspect(create_engine(database_url, poolclass=NullPool))
    types = {c["name"]: str(c["type"]) for c in found.get_columns("landed_bankruptcy_case")}
    asked = {name: types[name] for name in ("case_no", "filed_on", "is_major", "debt", "creditors")}
    if database_url.startswith("postgresql"):
        assert list(asked.values()) == ["TEXT", "DATE", "BOOLEAN", "NUMERIC(18, 2)", "BIGINT"]
    else:
        assert list(asked.values()) == ["TEXT", "TEXT", "INTEGER", "TEXT", "INTEGER"]
    key = found.get_pk_constraint("landed_bankruptcy_case")["constrained_columns"]
    assert key == ["_landing", "case_no"]


def test_our_own_record_is_kept(ledger: SqlLedger) -> None:
    land(ledger, 1, "bankruptcy_case", cases(a_case("c1"), a_case("c2")).assign(_record=["77", None], _note="x"))
    assert ledger.landed(ROUTE, "bankruptcy_case")["_record"].fillna("none").tolist() == ["77", "none"]


def test_nothing_landed_is_an_empty_frame(ledger: SqlLedger) -> None:
    empty = ledger.landed(ROUTE, "case_debtor")
    assert list(empty.columns) == [*DEBTOR.names, "_record", "_number", "_packet"]
    assert all(str(dtype) == "str" for dtype in empty.dtypes)
    assert land(ledger, 1, "case_debtor", empty[list(DEBTOR.names)]) == 0
    assert len(ledger.landed(ROUTE, "case_debtor")) == 0
    assert ledger.verify() == []


def test_landing_again_replaces(ledger: SqlLedger) -> None:
    land(ledger, 1, "bankruptcy_case", cases(a_case("c1"), a_case("c2")))
    land(ledger, 1, "bankruptcy_case", cases(a_case("c2", "declared")))
    back = ledger.landed(ROUTE, "bankruptcy_case")
    assert list(zip(back["case_no"], back["stage"], strict=True)) == [("c2", "declared")]
    assert ledger.verify() == []


def test_each_case_is_as_the_latest_packet_that_carried_it(ledger: SqlLedger) -> None:
    debtors = "case_no debtor_no name"
    land(ledger, 1, "bankruptcy_case", cases(a_case("c1"), a_case("c2"), a_case("c3")))
    first = frame(debtors, ("c1", "1", "A"), ("c1", "2", "B"), ("c2", "1", "C"), ("c3", "1", "D"))
    land(ledger, 1, "case_debtor", first)
    land(ledger, 2, "bankruptcy_case", cases(a_case("c1", "declared"), a_case("c2")))
    land(ledger, 2, "case_debtor", frame(debtors, ("c1", "2", "B2")))
    now = ledger.landed(ROUTE, "bankruptcy_case")
    assert list(zip(now["case_no"], now["stage"], now["_number"], strict=True)) == [
        ("c1", "declared", "2"),
        ("c2", "accepted", "2"),
        ("c3", "accepted", "1"),
    ]
    left = ledger.landed(ROUTE, "case_debtor")
    assert list(zip(left["case_no"], left["debtor_no"], left["name"], strict=True)) == [
        ("c1", "2", "B2"),
        ("c3", "1", "D"),
    ], "a debtor the newer packet no longer has is gone; a case it did not carry stays"


def test_a_packet_without_a_dataset_says_nothing_about_it(ledger: SqlLedger) -> None:
    land(ledger, 1, "bankruptcy_case", cases(a_case("c1")))
    land(ledger, 1, "case_debtor", frame("case_no debtor_no name", ("c1", "1", "A")))
    land(ledger, 2, "bankruptcy_case", cases(a_case("c1", "declared")))
    assert list(ledger.landed(ROUTE, "case_debtor")["name"]) == ["A"]
    assert list(ledger.landed(ROUTE, "bankruptcy_case")["stage"]) == ["declared"]


def test_other_datasets_go_by_their_key(ledger: SqlLedger) -> None:
    columns = "claim_no version case_no total"
    land(ledger, 1, "tax_claim", frame(columns, ("C1", "1", "c1", "10.00"), ("C2", "1", "c1", "5.00")))
    land(ledger, 2, "tax_claim", frame(columns, ("C1", "2", "c1", "12.00"), ("C2", "1", "c1", "6.00")))
    now = ledger.landed(ROUTE, "tax_claim")
    assert list(zip(now["claim_no"], now["version"], now["total"], now["_number"], strict=True)) == [
        ("C1", "1", "10.00", "1"),
        ("C1", "2", "12.00", "2"),
        ("C2", "1", "6.00", "2"),
    ]


def test_lanes_do_not_mix(ledger: SqlLedger) -> None:
    other = a_route(CASE, DEBTOR, CLAIM, sender="court-2")
    land(ledger, 1, "bankruptcy_case", cases(a_case("c1")))
    land(ledger, 9, "bankruptcy_case", cases(a_case("c1", "declared"), a_case("c2")), other)
    assert list(ledger.landed(ROUTE, "bankruptcy_case")["stage"]) == ["accepted"]
    assert list(ledger.landed(other, "bankruptcy_case")["case_no"]) == ["c1", "c2"]


def test_a_newer_contract_adds_a_column(ledger: SqlLedger) -> None:
    land(ledger, 1, "case_debtor", frame("case_no debtor_no name", ("c1", "1", "A")))
    paid = Column(name="paid", type="money", required=False)
    newer = a_route(CASE, replace(DEBTOR, version="1.1.0", columns=(*DEBTOR.columns, paid)), CLAIM)
    assert ledger.landed(newer, "case_debtor")["paid"].isna().all()
    land(ledger, 2, "case_debtor", frame("case_no debtor_no name paid", ("c2", "1", "B", "7.00")), newer)
    now = ledger.landed(newer, "case_debtor")
    assert now["paid"].fillna("none").tolist() == ["none", "7.00"]
    assert list(ledger.landed(ROUTE, "case_debtor")["name"]) == ["A", "B"]
    land(ledger, 3, "case_debtor", frame("case_no debtor_no name", ("c3", "1", "C")))
    assert ledger.verify() == []


@pytest.mark.parametrize("change", ["type", "key"])
def test_a_contract_may_not_change_what_was(ledger: SqlLedger, change: str) -> None:
    land(ledger, 1, "case_debtor", frame("case_no debtor_no name", ("c1", "1", "A")))
    other = replace(DEBTOR, key=("case_no",), version="2.0.0")
    if change == "type":
        other = replace(DEBTOR, columns=(*DEBTOR.columns[:2], Column(name="name", type="int", required=False)))
    with pytest.raises(NeedsPerson) as refused:
        land(ledger, 2, "case_debtor", frame("case_no debtor_no name", ("c2", "1", "5")), a_route(CASE, other))
    assert refused.value.code == 406


@pytest.mark.parametrize(
    ("rows", "code"),
    [
        (cases(a_case("c1")).drop(columns="debt"), 502),
        (cases(a_case("c1")).assign(extra="x"), 501),
        (cases(a_case("c1"), a_case("c1")), 506),
        (cases((None, "accepted", None, None, None, None, None)), 502),
        *(
            (cases(a_case("c1")).assign(**{column: value}), 504)
            for column, value in [
                ("debt", "12.3"),
                ("debt", "1e5"),
                ("debt", "NaN"),
                ("debt", "007.00"),
                ("debt", "99999999999999999.00"),
                ("debt", ""),
                ("filed_on", "2026-02-30"),
                ("filed_on", "2026-7-1"),
                ("filed_on", "20260701"),
                ("creditors", "1.0"),
                ("creditors", "１"),
                ("creditors", "1234567890123456789"),
                ("is_major", "1"),
                ("is_major", "True"),
            ]
        ),
    ],
)
def test_what_does_not_fit_is_refused_whole(ledger: SqlLedger, rows: pd.DataFrame, code: int) -> None:
    land(ledger, 1, "bankruptcy_case", cases(a_case("c0")))
    with pytest.raises(NeedsPerson) as refused:
        land(ledger, 2, "bankruptcy_case", rows)
    assert refused.value.code == code
    assert list(ledger.landed(ROUTE, "bankruptcy_case")["case_no"]) == ["c0"]


def test_a_name_that_is_no_name_is_refused(ledger: SqlLedger) -> None:
    odd = a_contract('x"; DROP TABLE event; --', ("case_no",), {"case_no": "text"})
    with pytest.raises(NeedsPerson) as refused:
        land(ledger, 1, odd.dataset, frame("case_no", ("c1",)), a_route(odd))
    assert refused.value.code == 905
    assert ledger.verify() == []


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE landed_bankruptcy_case SET debt = '0.01' WHERE case_no = 'c1'",
        "UPDATE landed_bankruptcy_case SET stage = NULL WHERE case_no = 'c1'",
        "DELETE FROM landed_bankruptcy_case WHERE case_no = 'c1'",
        "UPDATE landed_bankruptcy_case SET _row_sha256 = 'x'",
        "UPDATE landed SET rows = 5",
    ],
)
def test_tampering_with_landed_rows_is_found(ledger: SqlLedger, database_url: str, change: str) -> None:
    land(ledger, 1, "bankruptcy_case", cases(a_case("c1"), a_case("c2")))
    assert ledger.verify() == []
    with create_engine(database_url, poolclass=NullPool).begin() as connection:
        connection.execute(text(change))
    assert ledger.verify() == [
        "Rows of bankruptcy_case landed from packet court-1.tax-1.000001.Q were changed afterwards."
    ]


def test_of_many_packets_the_changed_one_is_named(ledger: SqlLedger, database_url: str) -> None:
    for number in (1, 2, 3):
        land(ledger, number, "bankruptcy_case", cases(a_case("c1"), a_case(f"d{number}")))
    land(ledger, 4, "bankruptcy_case", cases())
    assert ledger.verify() == []
    with create_engine(database_url, poolclass=NullPool).begin() as connection:
        connection.execute(text("UPDATE landed_bankruptcy_case SET debt = '0.01' WHERE case_no = 'd2'"))
        connection.execute(text("DELETE FROM landed_bankruptcy_case WHERE _landing = 3"))
    assert ledger.verify() == [
        f"Rows of bankruptcy_case landed from packet court-1.tax-1.00000{number}.Q were changed afterwards."
        for number in (2, 3)
    ]


def test_rows_put_there_by_hand_are_found(ledger: SqlLedger, database_url: str) -> None:
    land(ledger, 1, "case_debtor", frame("case_no debtor_no name", ("c1", "1", "A")))
    with create_engine(database_url, poolclass=NullPool).begin() as connection:
        connection.execute(text("UPDATE landed_case_debtor SET _landing = 2"))
    assert "Rows of case_debtor name landing 2, by which nothing of it was landed." in ledger.verify()


def test_a_hundred_thousand_rows(ledger: SqlLedger) -> None:
    count = 100_000
    number = pd.Series(range(count))
    rows = pd.DataFrame(
        {
            "claim_no": "C" + number.astype("str").str.zfill(6),
            "version": "1",
            "case_no": "（2026）冀1103破" + (number % 997).astype("str") + "号",
            "total": number.astype("str") + ".05",
        }
    ).astype("str")
    assert land(ledger, 1, "tax_claim", rows) == count
    back = ledger.landed(ROUTE, "tax_claim")
    pd.testing.assert_frame_equal(back[list(CLAIM.names)], rows)


def test_nought_has_no_sign(ledger: SqlLedger) -> None:
    rows = frame("claim_no version case_no total", ("C1", "1", "c", "-0.00"), ("C2", "1", "c", "0.10"))
    land(ledger, 1, "tax_claim", rows)
    assert list(ledger.landed(ROUTE, "tax_claim")["total"]) == ["0.00", "0.10"]
    assert ledger.verify() == []


def test_rows_landed_again_under_their_number_leave_no_case_behind(ledger: SqlLedger) -> None:
    land(ledger, 1, "bankruptcy_case", cases(a_case("c1"), a_case("c2")))
    land(ledger, 2, "bankruptcy_case", cases(a_case("c1", "declared"), a_case("c2", "declared")))
    land(ledger, 2, "bankruptcy_case", cases(a_case("c2", "declared")))
    now = ledger.landed(ROUTE, "bankruptcy_case")
    assert list(zip(now["case_no"], now["stage"], strict=True)) == [("c1", "accepted"), ("c2", "declared")]
    land(ledger, 1, "bankruptcy_case", cases(a_case("c1"), a_case("c2")))
    assert list(ledger.landed(ROUTE, "bankruptcy_case")["_number"]) == ["1", "2"], "an older number is not the latest"
    assert ledger.verify() == []


def test_a_few_rows_as_plain_values_are_those_of_the_frames(ledger: SqlLedger) -> None:
    """Current ones and every one ever, with what is missing as None, of the keys asked for alone."""
    assert ledger.rows_now(ROUTE, "bankruptcy_case", keys=["c1"]) == []
    land(ledger, 1, "bankruptcy_case", cases(a_case("c1"), a_case("c2"), (ODD, None, None, None, "-0.10", None, None)))
    land(ledger, 2, "bankruptcy_case", cases(a_case("c1", "declared"), a_case("c2", "declared")))
    land(ledger, 3, "case_debtor", frame("case_no debtor_no name", ("c2", "1", "甲"), ("c2", "2", None)))
    for dataset, keys in (("bankruptcy_case", ["c1", ODD, "no"]), ("bankruptcy_case", []), ("case_debtor", ["c2"])):
        now = plain(ledger.landed(ROUTE, dataset, keys=keys))
        assert ledger.rows_now(ROUTE, dataset, keys=keys) == now
        assert ledger.rows_ever(ROUTE, dataset, keys=keys) == plain(ledger.history(ROUTE, dataset, keys=keys))
    told = ledger.rows_ever(ROUTE, "bankruptcy_case", case_no="c1")
    assert [(row["stage"], row["_number"]) for row in told] == [("accepted", "1"), ("declared", "2")]
    assert ledger.rows_ever(ROUTE, "bankruptcy_case", number=1) == plain(
        ledger.history(ROUTE, "bankruptcy_case", number=1)
    )
    names = ledger.rows_now(ROUTE, "case_debtor", keys=["c2"], columns=["name"])
    assert [row["name"] for row in names] == ["甲", None]


def plain(rows: pd.DataFrame) -> list[dict[str, str | None]]:
    told: list[dict[str, str | None]] = rows.astype(object).where(rows.notna(), None).to_dict("records")
    return told


def test_what_is_read_in_one_moment_does_not_see_what_comes_meanwhile(ledger: SqlLedger) -> None:
    land(ledger, 1, "bankruptcy_case", cases(a_case("c1")))
    with ledger.one_moment(), ledger.one_moment():
        assert ledger.rows_now(ROUTE, "bankruptcy_case", keys=["c1"])[0]["stage"] == "accepted"
        land(ledger, 2, "bankruptcy_case", cases(a_case("c1", "declared")))
        assert ledger.rows_now(ROUTE, "bankruptcy_case", keys=["c1"])[0]["stage"] == "accepted"
        assert len(ledger.landed(ROUTE, "bankruptcy_case")) == 1
    assert ledger.rows_now(ROUTE, "bankruptcy_case", keys=["c1"])[0]["stage"] == "declared"


def test_a_changed_latest_packet_is_found(ledger: SqlLedger, database_url: str) -> None:
    land(ledger, 1, "bankruptcy_case", cases(a_case("c1")))
    land(ledger, 2, "bankruptcy_case", cases(a_case("c1", "declared")))
    with create_engine(database_url, poolclass=NullPool).begin() as connection:
        connection.execute(text("UPDATE landed_case SET number = 1"))
    assert ledger.verify() == [
        "Which packet carried each case last on lane court-1.tax-1 is not what the landed rows say."
    ]


def test_a_ledger_of_the_first_form_is_brought_up_with_its_rows(ledger: SqlLedger, database_url: str) -> None:
    land(ledger, 1, "bankruptcy_case", cases(a_case("c1"), a_case("c2")))
    land(ledger, 2, "bankruptcy_case", cases(a_case("c1", "declared")))
    before = ledger.landed(ROUTE, "bankruptcy_case")
    ledger.close()
    before_landings(database_url)
    with create_engine(database_url, poolclass=NullPool).begin() as connection:
        later = (
            "exchange_by_opened", "exchange_by_direction", "event_by_actor", "packet_receipts", "packet_others",
        )  # fmt: skip
        for index in ("event_by_exchange_kind", "exchange_by_state", "exchange_by_kind", "packet_by_state", *later):
            connection.execute(text(f"DROP INDEX {index}"))
        connection.execute(text("CREATE INDEX event_by_exchange ON event (exchange, seq)"))
        connection.execute(text("DROP TABLE landed_case"))
        for table in ("break_work", "break_desk", "alert_item", "case_index", "case_words", "case_claim"):
            connection.execute(text(f"DROP TABLE {table}"))
        for column in ("facts", "found_on"):
            connection.execute(text(f"ALTER TABLE break_ DROP COLUMN {column}"))
        connection.execute(text("UPDATE alembic_version SET version_num = '0001'"))
    newer = open_ledger(database_url)
    pd.testing.assert_frame_equal(newer.landed(ROUTE, "bankruptcy_case"), before)
    assert newer.verify() == []
    newer.close()


def test_what_a_database_would_read_otherwise_comes_back_as_it_was(ledger: SqlLedger) -> None:
    names = ["\\N", "\\.", "\\", "a\\tb\\\\", "\t", "\n", "\r\n", "\v\x1f", "", '"', "'", "NULL", None, "\ufeff甲"]
    rows = frame("case_no debtor_no name", *((f"c\\{n}\t", "1", name) for n, name in enumerate(names, 10)))
    assert land(ledger, 1, "case_debtor", rows) == len(names)
    pd.testing.assert_frame_equal(ledger.landed(ROUTE, "case_debtor")[list(DEBTOR.names)], rows)
    assert ledger.verify() == []
