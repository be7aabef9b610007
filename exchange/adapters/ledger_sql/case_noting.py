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

Told = tuple[int, int]
"""Of a dataset a packet landed: (its landing, its rows)."""

_COLUMNS: Final = (*TEXTS, *DATES)


def note(connection: Connection, told: Mapping[str, Told], *, lane: str, number: int) -> None:
    """Bring the index up to what a packet said, dataset by dataset, unless a later packet spoke of the case.

    Every row is written once: debtors' words come before the bare numbers of cases that have none.
    """
    known = _known(connection)
    said = {dataset: {"lane": lane, "number": number, "landing": landing} for dataset, (landing, _) in told.items()}
    with as_a_whole(connection, sum(rows for _, rows in told.values())):
        if CASES in said:
            _note_cases(connection, known[CASES], said[CASES])
        if DEBTORS in said:
            _note_words(connection, known[DEBTORS], said[DEBTORS])
        if CASES in said:
            _note_numbers(connection, said[CASES])
        if CLAIMS in said:
            _note_claims(connection, said[CLAIMS])
        if VOIDS in said:
            _note_voids(connection, said[VOIDS])


def rebuild(connection: Connection, lane: str) -> None:
    """Make a lane's rows anew, packet by packet: its cases, their words, and which claims name them."""
    for table in ("case_index", "case_words", "case_claim"):
        connection.execute(text(f"DELETE FROM {table} WHERE lane = :lane"), {"lane": lane})
    known = tables.landed.c
    told = select(known.number, known.dataset, known.landing, known.rows).where(
        known.lane == lane, known.dataset.in_([CASES, DEBTORS, CLAIMS, VOIDS])
    )
    rows = connection.execute(told.order_by(known.number)).all()
    for number, packet in groupby(rows, key=lambda row: int(row.number)):
        note(connection, {row.dataset: (row.landing, row.rows) for row in packet}, lane=lane, number=number)


def _known(connection: Connection) -> dict[str, tuple[str, ...]]:
    """The columns that the tables of landed rows have."""
    rows = connection.execute(select(tables.landed_shape.c.dataset, tables.landed_shape.c.columns)).all()
    return {row.dataset: tuple(json.loads(row.columns)) for row in rows}


def _of_packet(dataset: str) -> str:
    """SQL that says which rows of a dataset, `r`, are the packet's."""
    return f"FROM {table_of(dataset)} r WHERE r._landing = :landing"


def _overtake(connection: Connection, table: str, dataset: str, said: Mapping[str, Any]) -> str:
    """Take away what a table says of the packet's cases, but for what a later packet said; SQL that picks the rows
    of the cases it says nothing of now."""
    gone = f"DELETE FROM {table} WHERE lane = :lane AND number <= :number AND case_no IN (SELECT r.case_no "
    connection.execute(text(f"{gone}{_of_packet(dataset)})"), said)
    return (
        f"{_of_packet(dataset)} AND NOT EXISTS (SELECT 1 FROM {table} k WHERE k.lane = :lane AND k.case_no = r.case_no)"
    )


def _note_cases(connection: Connection, known: Sequence[str], said: Mapping[str, Any]) -> None:
    told = [f"CAST(r.{name} AS text)" if name in known else "NULL" for name in _COLUMNS]
    told[_COLUMNS.index("accepted_on")] = f"COALESCE({told[_COLUMNS.index('accepted_on')]}, '')"
    major = "COALESCE(CAST(r.is_major AS integer), 0) = 1" if "is_major" in known else "1 = 0"
    which = _overtake(connection, "case_index", CASES, said)
    names = ", ".join((*_COLUMNS, "is_major", "number", "taken_back"))
    connection.execute(
        text(
            f"INSERT INTO case_index (lane, case_no, {names}) SELECT CAST(:lane AS text), r.case_no, "
            f"{', '.join(told)}, {major}, CAST(:number AS integer), 1 = 0 {which}"
        ),
        said,
    )


def _note_words(connection: Connection, known: Sequence[str], said: Mapping[str, Any]) -> None:
    names = [name for name in NAMES if name in known]
    order = ", r.debtor_no" if "debtor_no" in known else ""
    which = _overtake(connection, "case_words", DEBTORS, said)
    columns = ", ".join(f"r.{name}" for name in ("case_no", *names))
    wanted = text(f"SELECT {columns} {which} ORDER BY r.case_no{order}").execution_options(**STREAMED)
    for part in words_by_case(frames_of(("case_no", *names), connection.execute(wanted, said))):
        put(connection, "case_words", part, {name: said[name] for name in ("lane", "number")})


def _note_numbers(connection: Connection, said: Mapping[str, Any]) -> None:
    """A case whose debtors nobody told is found by its number alone, until somebody does."""
    bare = "replace(replace(r.case_no, '（', ''), '）', '')"
    connection.execute(
        text(
            "INSERT INTO case_words (lane, case_no, number, words) "
            f"SELECT CAST(:lane AS text), r.case_no, 0, :end || {bare} || :end {_of_packet(CASES)} "
            "AND NOT EXISTS (SELECT 1 FROM case_words w WHERE w.lane = :lane AND w.case_no = r.case_no)"
        ),
        {**said, "end": "\n"},
    )


def _note_claims(connection: Connection, said: Mapping[str, Any]) -> None:
    """A claim landed anew keeps the cases it named before: a file shows those whose word it is now."""
    columns = ("case_no", "claim_no")
    wanted = text(f"SELECT DISTINCT r.case_no, r.claim_no {_of_packet(CLAIMS)}").execution_options(**STREAMED)
    for part in frames_of(columns, connection.execute(wanted, said)):
        _put_claims(connection, claims_by_case(part), said["lane"])


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


def _note_voids(connection: Connection, said: Mapping[str, Any]) -> None:
    connection.execute(
        text(
            "UPDATE case_index SET taken_back = true, number = :number WHERE lane = :lane AND number < :number "
            f"AND case_no IN (SELECT r.case_no {_of_packet(VOIDS)})"
        ),
        said,
    )
