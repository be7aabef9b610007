"""The desk of breaks on both databases: filters, order, counts, pages; it follows whatever happens to a break."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.pool import NullPool

from exchange.adapters.ledger_sql import SqlLedger, desk, open_ledger
from exchange.domain.break_desk import GONE, INFO, SETTLED, TODO, WAITING, court_of
from exchange.ports import BreakRecord, DeskQuery, DeskRow

TODAY = date(2026, 10, 9)
ASK = DeskQuery(today=TODAY)
A_BREAK = BreakRecord(
    id="0" * 16, route="r", code="LATE_FEE_DIFFERS", case_no="（2026）冀1103破1号", claim_no="C1", line_no=1, rank=None,
    info=False, state="open", amounts={"difference": "-10.50"}, first_exchange="k", last_exchange="k",
    found_on=date(2026, 7, 1),
)  # fmt: skip


@pytest.fixture
def ledger(database_url: str) -> Iterator[SqlLedger]:
    opened = open_ledger(database_url, clock=lambda: datetime(2026, 10, 9, 4, 0, tzinfo=UTC))
    yield opened
    opened.close()


def _broken(number: int, **told: object) -> BreakRecord:
    return replace(A_BREAK, id=f"{number:016x}", **told)  # type: ignore[arg-type]


def _put(ledger: SqlLedger, *records: BreakRecord) -> None:
    with ledger.transaction() as write:
        write.set_breaks("r", records)


def _act(ledger: SqlLedger, id_: str, kind: str, actor: str = "chief-1", **body: object) -> None:
    with ledger.transaction() as write:
        write.append(kind, exchange=f"r.break.{id_}", actor=actor, body={"route": "r", "id": id_, **body})


def _ids(rows: Sequence[DeskRow]) -> list[int]:
    return [int(row.id, 16) for row in rows]


def test_order_is_days_left_then_cause_then_amount(ledger: SqlLedger) -> None:
    _put(
        ledger,
        _broken(1, due_on=date(2026, 11, 1)),
        _broken(2, due_on=date(2026, 9, 1), amounts={"difference": "5.00"}),
        _broken(3, due_on=date(2026, 9, 1), amounts={"difference": "6.00"}),
        _broken(4),
        _broken(5, facts={"cause": "cutoff"}),
        _broken(6, amounts={"difference": "99999999999.99"}, found_on=date(2026, 1, 1)),
    )
    assert _ids(ledger.break_desk(ASK, limit=9)) == [3, 2, 1, 5, 6, 4]
    assert _ids(ledger.break_desk(replace(ASK, order="amount"), limit=9))[0] == 6
    assert _ids(ledger.break_desk(replace(ASK, order="age"), limit=1)) == [6]
    pages = [ledger.break_desk(ASK, limit=2, offset=at) for at in (0, 2, 4, 6)]
    assert [_ids(page) for page in pages] == [[3, 2], [1, 5], [6, 4], []]
    assert [(c.values, c.count, c.overdue) for c in ledger.break_counts(ASK, by=("limit",))] == [
        (("none",), 3, 0), (("overdue",), 2, 2), (("soon",), 1, 0),
    ]  # fmt: skip
    assert ledger.break_counts(ASK)[0].worth_fen == 1050 * 3 + 1100 + 9999999999999


def test_every_filter(ledger: SqlLedger) -> None:
    _put(
        ledger,
        _broken(1, code="NO_RESPONSE", claim_no=None, due_on=date(2026, 10, 8)),
        _broken(2, case_no="（2026）冀1126破7号", claim_no="X%9", facts={"cause": "cutoff"}),
        _broken(3, rank="tax"),
        _broken(4, info=True),
        _broken(5, state="closed"),
    )
    _act(ledger, f"{3:016x}", "break_assigned", to="liaison-1")
    asked = {
        "code": ("NO_RESPONSE", [1]), "court": ("冀1126", [2]), "rank": ("tax", [3]), "owner": ("liaison-1", [3]),
        "limit": ("overdue", [1]), "cause": ("X%9", [2]), "case_no": ("（2026）冀1126破7号", [2]),
        "claim_no": ("C1", [3]), "state": ("open", [1, 2, 3]), "text": ("1126破", [2]),
    }  # fmt: skip
    for name, (value, expected) in asked.items():
        assert sorted(_ids(ledger.break_desk(replace(ASK, **{name: value}), limit=9))) == expected, name
    for text_, expected in (("%", []), ("X%", [2]), ("_", []), ("0000000000000003", [3])):
        assert _ids(ledger.break_desk(replace(ASK, text=text_), limit=9)) == expected, text_
    assert _ids(ledger.break_desk(replace(ASK, owner="-"), limit=9)) == [1, 2]
    assert _ids(ledger.break_desk(replace(ASK, stands=(INFO,)), limit=9)) == [4]
    assert _ids(ledger.break_desk(replace(ASK, stands=(GONE,)), limit=9)) == [5]
    assert len(ledger.break_desk(replace(ASK, stands=()), limit=9)) == 5


def test_a_row_follows_what_is_done_and_what_the_books_say(ledger: SqlLedger) -> None:
    _put(ledger, _broken(1))
    key = f"{1:016x}"

    def stands() -> tuple[str, str]:
        (row,) = ledger.break_desk(replace(ASK, stands=()), limit=2)
        return row.stand, row.state

    assert stands() == (TODO, "open")
    said = {"reason_sha256": "0" * 64, "figures": {"difference": "-10.50"}}
    _act(ledger, key, "break_decided", **{"as": "accepted", "two_people": True, **said})
    assert stands() == (TODO, "proposed")
    _act(ledger, key, "break_confirmed", "chief-2", **{"as": "accepted"})
    assert stands() == (SETTLED, "accepted")
    _act(ledger, key, "break_reopened", why="officer")
    _act(ledger, key, "break_decided", **{"as": "disputed", "two_people": False, **said})
    assert stands() == (WAITING, "disputed")
    told = {"by": "tax-1", "answered_on": "2026-10-09", "standing": "current", "figures": {}}
    _act(ledger, key, "break_answered", answer="agreed", **told)
    assert stands() == (WAITING, "awaiting")
    _act(ledger, key, "break_reopened", why="officer")
    _act(ledger, key, "break_answered", answer="contested", **told)
    assert stands() == (TODO, "disputed")
    _put(ledger, _broken(1, state="closed"))
    assert stands() == (GONE, "closed")
    assert [p for p in ledger.verify() if "desk" in p] == []


def test_a_desk_that_says_something_else_is_found_and_one_without_rows_is_filled(
    ledger: SqlLedger, database_url: str
) -> None:
    _put(ledger, _broken(1), _broken(2))
    engine = create_engine(database_url, poolclass=NullPool)
    with engine.begin() as connection:
        connection.execute(text("UPDATE break_desk SET worth_fen = 1 WHERE id = :id"), {"id": f"{1:016x}"})
    assert "The desk of breaks of r is not what its breaks say." in ledger.verify()
    with engine.begin() as connection:
        connection.execute(text("DELETE FROM break_desk"))
        desk.fill(connection)
        desk.fill(connection)
    assert _ids(ledger.break_desk(ASK, limit=9)) == [1, 2]
    assert [problem for problem in ledger.verify() if "desk" in problem] == []


def test_many_rows_come_in_parts(ledger: SqlLedger) -> None:
    _put(ledger, *(_broken(n, facts={"note": 'a"\\\n\t'}) for n in range(450)))
    _put(ledger, *(_broken(n, state="closed") for n in range(300)))
    assert ledger.break_counts(ASK)[0].count == 150
    assert ledger.breaks(ids=[f"{449:016x}"])[0].facts == {"note": 'a"\\\n\t'}


def test_the_court_of_a_case_number() -> None:
    for number, court in (
        ("（2026）冀1103破1号", "冀1103"), ("（2026）冀11破申2号", "冀11"), ("（2026）最高法破3号", "最高法"),
        ("2015冀1103民破1号", "冀1103"), ("（2014）衡民破字第1号", "衡"), ("", ""), ("x", ""),
    ):  # fmt: skip
        assert court_of(number) == court, number
