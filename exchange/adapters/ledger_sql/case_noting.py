"""Keeping the index of cases: what a packet landed is brought into it set by set, at the end of its transaction.

The index can be made anew from the landed rows, packet by packet; a test compares.
"""

# ruff: noqa: S608  # names are this file's own and the contracts' checked ones; values are bound

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from itertools import groupby, repeat
from typing import Any, Final

import pandas as pd
from sqlalchemy import select, text
from sqlalchemy.engine import Connection

from exchange.adapters.ledger_sql import tables
from exchange.adapters.ledger_sql.current import as_a_whole, table_of
from exchange.adapters.ledger_sql.rowtext import STREAMED, frames_of
from exchange.adapters.ledger_sql.storing import put
from exchange.domain.case_entry import CASES, CLAIMS, DATES, DEBTORS, NAMES, TEXTS, VOIDS
from exchange.domain.case_words import claims_by_case, words_by_case
from exchange.domain.text import as_list

_COLUMNS: Final = (*TEXTS, *DATES)


def note(connection: Connection, told: Mapping[str, int], *, lane: str, number: int) -> None:
    """Bring the index up to what a packet said (dataset → rows), unless a later packet spoke of the case.

    Every row is written once: debtors' words come before the bare numbers of cases that have none.
    """
    known = _known(connection)
    with as_a_whole(connection, sum(told.values())):
        if CASES in told:
            _note_cases(connection, known[CASES], lane, number)
        if DEBTORS in told:
            _note_words(connection, known[DEBTORS], lane, number)
        if CASES in told:
            _note_numbers(connection, lane, number)
        if CLAIMS in told:
            _note_claims(connection, lane, number)
        if VOIDS in told:
            _note_voids(connection, lane, number)


def rebuild(connection: Connection, lane: str) -> None:
    """Make a lane's rows anew, packet by packet."""
    rebuild_cases(connection, lane)
    rebuild_claims(connection, lane)


def rebuild_cases(connection: Connection, lane: str) -> None:
    """Make a lane's cases and their words anew."""
    for table in ("case_index", "case_words"):
        connection.execute(text(f"DELETE FROM {table} WHERE lane = :lane"), {"lane": lane})
    _again(connection, lane, [CASES, DEBTORS, VOIDS])


def rebuild_claims(connection: Connection, lane: str) -> None:
    """Make anew which claims of a lane name which case."""
    connection.execute(text("DELETE FROM case_claim WHERE lane = :lane"), {"lane": lane})
    _again(connection, lane, [CLAIMS])


def _again(connection: Connection, lane: str, datasets: Sequence[str]) -> None:
    told = select(tables.landed.c.number, tables.landed.c.dataset, tables.landed.c.rows).where(
        tables.landed.c.lane == lane, tables.landed.c.dataset.in_(datasets)
    )
    rows = connection.execute(told.order_by(tables.landed.c.number)).all()
    for number, packet in groupby(rows, key=lambda row: int(row.number)):
        note(connection, {row.dataset: row.rows for row in packet}, lane=lane, number=number)


def _known(connection: Connection) -> dict[str, tuple[str, ...]]:
    """The columns that the tables of landed rows have."""
    rows = connection.execute(select(tables.landed_shape.c.dataset, tables.landed_shape.c.columns)).all()
    return {row.dataset: tuple(json.loads(row.columns)) for row in rows}


def _of_packet(dataset: str) -> str:
    """SQL that says which rows of a dataset, `r`, are the packet's."""
    return f"FROM {table_of(dataset)} r WHERE r._lane = :lane AND r._number = :number"


def _overtake(connection: Connection, table: str, dataset: str, said: Mapping[str, Any]) -> str:
    """Take away what a table says of the packet's cases, but for what a later packet said; SQL that picks the rows
    of the cases it says nothing of now."""
    gone = f"DELETE FROM {table} WHERE lane = :lane AND number <= :number AND case_no IN (SELECT r.case_no "
    connection.execute(text(f"{gone}{_of_packet(dataset)})"), said)
    return (
        f"{_of_packet(dataset)} AND NOT EXISTS (SELECT 1 FROM {table} k WHERE k.lane = :lane AND k.case_no = r.case_no)"
    )


def _note_cases(connection: Connection, known: Sequence[str], lane: str, number: int) -> None:
    told = [f"CAST(r.{name} AS text)" if name in known else "NULL" for name in _COLUMNS]
    told[_COLUMNS.index("accepted_on")] = f"COALESCE({told[_COLUMNS.index('accepted_on')]}, '')"
    major = "COALESCE(CAST(r.is_major AS integer), 0) = 1" if "is_major" in known else "1 = 0"
    said = {"lane": lane, "number": number}
    which = _overtake(connection, "case_index", CASES, said)
    names = ", ".join((*_COLUMNS, "is_major", "number", "taken_back"))
    connection.execute(
        text(
            f"INSERT INTO case_index (lane, case_no, {names}) SELECT CAST(:lane AS text), r.case_no, "
            f"{', '.join(told)}, {major}, CAST(:number AS integer), 1 = 0 {which}"
        ),
        said,
    )


def _note_words(connection: Connection, known: Sequence[str], lane: str, number: int) -> None:
    names = [name for name in NAMES if name in known]
    order = ", r.debtor_no" if "debtor_no" in known else ""
    said = {"lane": lane, "number": number}
    which = _overtake(connection, "case_words", DEBTORS, said)
    columns = ", ".join(f"r.{name}" for name in ("case_no", *names))
    wanted = text(f"SELECT {columns} {which} ORDER BY r.case_no{order}").execution_options(**STREAMED)
    for part in words_by_case(frames_of(("case_no", *names), connection.execute(wanted, said))):
        put(connection, "case_words", part, {"lane": lane, "number": str(number)})


def _note_numbers(connection: Connection, lane: str, number: int) -> None:
    """A case whose debtors nobody told is found by its number alone, until somebody does."""
    bare = "replace(replace(r.case_no, '（', ''), '）', '')"
    connection.execute(
        text(
            "INSERT INTO case_words (lane, case_no, number, words) "
            f"SELECT CAST(:lane AS text), r.case_no, 0, :end || {bare} || :end {_of_packet(CASES)} "
            "AND NOT EXISTS (SELECT 1 FROM case_words w WHERE w.lane = :lane AND w.case_no = r.case_no)"
        ),
        {"lane": lane, "number": number, "end": "\n"},
    )


def _note_claims(connection: Connection, lane: str, number: int) -> None:
    """A claim landed anew keeps the cases it named before: a file shows those whose word it is now."""
    columns = ("case_no", "claim_no")
    wanted = text(f"SELECT DISTINCT r.case_no, r.claim_no {_of_packet(CLAIMS)}").execution_options(**STREAMED)
    for part in frames_of(columns, connection.execute(wanted, {"lane": lane, "number": number})):
        _put_claims(connection, claims_by_case(part), lane)


def _put_claims(connection: Connection, named: pd.DataFrame, lane: str) -> None:
    head, end = "INSERT INTO case_claim (lane, case_no, claim_no)", "ON CONFLICT DO NOTHING"
    cases, claims = (as_list(named[name]) for name in ("case_no", "claim_no"))
    if connection.dialect.name == "postgresql":
        rows = "unnest(CAST(:cases AS text[]), CAST(:claims AS text[])) u (c, n)"
        told = f"{head} SELECT CAST(:lane AS text), c, n FROM {rows} WHERE true {end}"
        connection.execute(text(told), {"lane": lane, "cases": cases, "claims": claims})
        return
    raw: Any = connection.connection.cursor()
    raw.executemany(f"{head} VALUES (?, ?, ?) {end}", zip(repeat(lane), cases, claims))
    raw.close()


def _note_voids(connection: Connection, lane: str, number: int) -> None:
    connection.execute(
        text(
            "UPDATE case_index SET taken_back = true, number = :number WHERE lane = :lane AND number < :number "
            f"AND case_no IN (SELECT r.case_no {_of_packet(VOIDS)})"
        ),
        {"lane": lane, "number": number},
    )
