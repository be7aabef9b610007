"""The index of cases on SQLite and PostgreSQL: always what the landed rows say, found by anything known of a case."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import pandas as pd
import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.pool import NullPool

from exchange.adapters.ledger_sql import SqlLedger, case_noting, open_ledger
from exchange.domain.case_entry import CaseQuestion, FoundCases
from exchange.domain.case_index import questions
from exchange.ports import Ledger
from tests.fakes.routes import a_contract, a_route

CASE = a_contract(
    "bankruptcy_case", ("case_no",),
    {"case_no": "text", "court_name": "text", "stage": "code", "accepted_on": "date", "claims_due_on": "date",
     "is_major": "bool"},
)  # fmt: skip
DEBTOR = a_contract(
    "case_debtor", ("case_no", "debtor_no"),
    {"case_no": "text", "debtor_no": "text", "name": "text", "former_name": "text", "uscc": "text"},
)  # fmt: skip
VOID = a_contract("case_void", ("case_no",), {"case_no": "text", "reason": "code"})
CLAIM = a_contract(
    "tax_claim", ("claim_no", "version"), {"claim_no": "text", "version": "int", "case_no": "text", "total": "money"}
)  # fmt: skip
ROUTE = a_route(CASE, DEBTOR, VOID, CLAIM)
ONE, TWO, TEN = "（2026）冀1103破1号", "（2026）冀1103破2号", "（2026）冀1103破10号"


@pytest.fixture
def ledger(database_url: str) -> Iterator[SqlLedger]:
    opened = open_ledger(database_url)
    yield opened
    opened.close()


def land(ledger: Ledger, number: int, dataset: str, columns: str, *rows: tuple[str | None, ...]) -> None:
    frame = pd.DataFrame(list(rows), columns=columns.split()).astype("str")
    with ledger.transaction() as write:
        write.land(ROUTE, dataset, frame, number=number, packet_id=f"{ROUTE.lane}.{number:06d}.Q")


def cases(ledger: Ledger, number: int, *rows: tuple[str | None, ...]) -> None:
    land(ledger, number, "bankruptcy_case", "case_no court_name stage accepted_on claims_due_on is_major", *rows)


def debtors(ledger: Ledger, number: int, *rows: tuple[str | None, ...]) -> None:
    land(ledger, number, "case_debtor", "case_no debtor_no name former_name uscc", *rows)


def asked(ledger: Ledger, typed: str) -> FoundCases:
    found = FoundCases(entries=(), total=0)
    for question in questions(typed):
        found = ledger.find_cases([ROUTE.lane], question)
        if found.total:
            break
    return found


def numbers(found: FoundCases) -> list[str]:
    return [one.case_no for one in found.entries]


def a_quarter(ledger: Ledger) -> None:
    cases(
        ledger, 1,
        (ONE, "冀州区法院", "accepted", "2026-03-01", "2026-06-01", "false"),
        (TWO, "冀州区法院", "accepted", "2026-04-01", "2026-06-20", "true"),
        (TEN, None, None, None, None, None),
    )  # fmt: skip
    debtors(
        ledger, 1,
        (ONE, "1", "恒润（隆昌）物流 有限公司", "隆昌货运部", "91131122KA11E0MA4K"),
        (ONE, "2", "𠀀氏商贸有限公司", None, None),
        (TWO, "1", "恒润隆昌商贸有限公司", None, None),
        (TEN, "1", "100%_公司", None, None),
    )  # fmt: skip


def test_a_case_is_found_by_whatever_is_known_of_it(ledger: SqlLedger) -> None:
    a_quarter(ledger)
    for typed in (
        "(2026)冀1103破1号",
        "２０２６ 冀1103破1",
        "91131122ka11e0ma4k",
        "1122KA11",
        "隆昌货运部",
        "货运",
        "𠀀氏",
    ):
        assert numbers(asked(ledger, typed)) == [ONE], typed
    assert numbers(asked(ledger, "恒润隆昌")) == [TWO, ONE]
    assert numbers(asked(ledger, "恒润 隆昌商贸")) == [TWO]
    assert numbers(asked(ledger, "100%_")) == [TEN]
    assert numbers(asked(ledger, "冀1103破")) == [TWO, ONE, TEN]
    assert [asked(ledger, typed).total for typed in ("%", "_公", "没有", "'; --", "\n")] == [1, 1, 0, 0, 0]
    first = asked(ledger, "货运").entries[0]
    assert (first.debtor, first.accepted_on, first.is_major) == ("恒润（隆昌）物流 有限公司", "2026-03-01", False)
    assert ledger.case(ROUTE.lane, TEN) == asked(ledger, "100%_").entries[0]
    assert ledger.case(ROUTE.lane, TEN).accepted_on is None  # type: ignore[union-attr]
    assert ledger.case(ROUTE.lane, "no") is None


def test_pages_counts_and_limits(ledger: SqlLedger) -> None:
    a_quarter(ledger)
    every = CaseQuestion()
    assert (
        ledger.find_cases([ROUTE.lane], every, limit=2, offset=1).entries
        == (ledger.find_cases([ROUTE.lane], every).entries[1:3])
    )
    some = ledger.find_cases([ROUTE.lane], CaseQuestion(parts=("冀1103",)), limit=1, most=2)
    assert (len(some.entries), some.total, some.more) == (1, 2, True)
    assert numbers(ledger.find_cases([ROUTE.lane], CaseQuestion(stages=("accepted",)))) == [TWO, ONE]
    assert ledger.find_cases(["other.lane"], every).total == 0
    due = ledger.cases_due([ROUTE.lane], "claims_due_on", date(2026, 6, 1), date(2026, 6, 30))
    assert [one.case_no for one in due] == [ONE, TWO]
    with pytest.raises(KeyError):
        ledger.cases_due([ROUTE.lane], "case_no; --", date(2026, 6, 1), date(2026, 6, 30))


def test_the_last_packet_that_carried_a_case_has_the_word(ledger: SqlLedger) -> None:
    a_quarter(ledger)
    cases(ledger, 3, (ONE, "冀州区法院", "declared", "2026-03-01", "2026-06-01", "false"))
    debtors(ledger, 3, (ONE, "1", "改名后有限公司", "恒润隆昌物流有限公司", "91131122KA11E0MA4K"))
    cases(ledger, 2, (ONE, "冀州区法院", "claims_open", "2026-03-01", "2026-06-01", "false"))
    debtors(ledger, 2, (ONE, "1", "迟到有限公司", None, None))
    assert numbers(asked(ledger, "改名后")) == [ONE]
    assert asked(ledger, "迟到").total == 0
    one = ledger.case(ROUTE.lane, ONE)
    assert one is not None
    assert (one.stage, one.taken_back) == ("declared", False)
    land(ledger, 4, "case_void", "case_no reason", (ONE, "dismissed"))
    assert ledger.case(ROUTE.lane, ONE).taken_back is True  # type: ignore[union-attr]
    assert ledger.cases_due([ROUTE.lane], "claims_due_on", date(2026, 6, 1), date(2026, 6, 1)) == ()
    cases(ledger, 5, (ONE, "冀州区法院", "accepted", "2026-03-01", "2026-06-01", "false"))
    assert ledger.case(ROUTE.lane, ONE).taken_back is False  # type: ignore[union-attr]


def test_a_cases_claims_are_found_however_its_number_is_written(ledger: SqlLedger) -> None:
    rows = (("K1", "1", "(2026)冀1103破1号", "5.00"), ("K2", "1", TWO, "6.00"), ("K1", "2", ONE, "7.00"))
    land(ledger, 1, "tax_claim", "claim_no version case_no total", *rows[:2])
    land(ledger, 2, "tax_claim", "claim_no version case_no total", rows[2])
    assert ledger.case_claims(ROUTE.lane, ONE) == ["K1"]
    assert ledger.case_claims(ROUTE.lane, TEN) == []
    told = ledger.history(ROUTE, "tax_claim", keys=["K1"])
    assert list(told["total"]) == ["5.00", "7.00"]
    assert len(ledger.history(ROUTE, "tax_claim", keys=[])) == 0


def test_the_index_is_what_it_would_be_if_made_anew(ledger: SqlLedger, database_url: str) -> None:
    a_quarter(ledger)
    a_quarter(ledger)
    debtors(ledger, 1, (ONE, "1", "另一家有限公司", None, None))
    cases(ledger, 2, (TWO, "冀州区法院", "declared", "2026-04-01", "2026-06-20", "true"))
    land(ledger, 3, "case_void", "case_no reason", (TEN, "dismissed"))
    land(ledger, 3, "tax_claim", "claim_no version case_no total", ("K1", "1", ONE, "5.00"))
    _as_if_made_anew(database_url)
    assert numbers(asked(ledger, "另一家")) == [ONE]
    assert ledger.verify() == []


def test_a_packet_that_comes_after_a_later_one_does_not_overrule_it(ledger: SqlLedger, database_url: str) -> None:
    a_quarter(ledger)
    land(ledger, 4, "case_void", "case_no reason", (TEN, "dismissed"))
    cases(ledger, 5, (ONE, "冀州区法院", "declared", "2026-03-01", "2026-06-01", "false"))
    debtors(ledger, 5, (ONE, "1", "改名后有限公司", None, None))
    cases(
        ledger, 3,
        (ONE, "冀州区法院", "claims_open", "2026-03-01", "2026-06-01", "false"),
        (TWO, "冀州区法院", "claims_open", "2026-04-01", "2026-06-20", "true"),
        (TEN, "冀州区法院", "accepted", "2026-05-01", "2026-07-01", "false"),
    )  # fmt: skip
    debtors(ledger, 3, (ONE, "1", "迟到有限公司", None, None), (TWO, "1", "也迟到有限公司", None, None))
    told = {number: ledger.case(ROUTE.lane, number) for number in (ONE, TWO, TEN)}
    assert {number: (one.stage, one.taken_back, one.debtor) for number, one in told.items() if one} == {
        ONE: ("declared", False, "改名后有限公司"),
        TWO: ("claims_open", False, "也迟到有限公司"),
        TEN: ("accepted", True, "100%_公司"),
    }
    _as_if_made_anew(database_url)


def test_what_a_quarter_leaves_as_it_was_is_not_written_again(ledger: SqlLedger, database_url: str) -> None:
    a_quarter(ledger)
    before = _places(database_url)
    cases(
        ledger, 2,
        (ONE, "冀州区法院", "declared", "2026-03-01", "2026-06-01", "false"),
        (TWO, "冀州区法院", "accepted", "2026-04-01", "2026-06-20", "true"),
        (TEN, None, None, None, None, None),
    )  # fmt: skip
    debtors(
        ledger, 2,
        (ONE, "1", "恒润（隆昌）物流 有限公司", "隆昌货运部", "91131122KA11E0MA4K"),
        (ONE, "2", "换了名字的商贸有限公司", None, None),
        (TWO, "1", "恒润隆昌商贸有限公司", None, None),
        (TEN, "1", "100%_公司", None, None),
    )  # fmt: skip
    after = _places(database_url)
    assert {key for key in before if after[key] != before[key]} == {("case_index", ONE), ("case_words", ONE)}
    assert numbers(asked(ledger, "换了名字")) == [ONE]
    assert asked(ledger, "𠀀氏").total == 0
    _as_if_made_anew(database_url)


def _places(url: str) -> dict[tuple[str, str], str]:
    """Where each row of the indexes lies in its table: a row that is written again lies elsewhere."""
    place = "rowid" if url.startswith("sqlite") else "ctid"
    with create_engine(url, poolclass=NullPool).connect() as connection:
        return {
            (table, row.case_no): str(row.place)
            for table in ("case_index", "case_words")
            for row in connection.execute(text(f"SELECT case_no, {place} AS place FROM {table}"))
        }


def _as_if_made_anew(url: str) -> None:
    with create_engine(url, poolclass=NullPool).begin() as connection:
        kept = [connection.execute(text(f"SELECT * FROM {t} ORDER BY case_no")).all() for t in _TABLES]
        case_noting.rebuild(connection, ROUTE.lane)
        assert [connection.execute(text(f"SELECT * FROM {t} ORDER BY case_no")).all() for t in _TABLES] == kept


_TABLES = ("case_index", "case_words", "case_claim")
