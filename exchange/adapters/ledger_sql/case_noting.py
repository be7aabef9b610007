"""Keeping the index of cases: what a packet landed is brought into it set by set, at the end of its transaction.

A quarter brings every open case anew and changes few of them: what the index says already is not written again. It can
be made anew from the landed rows, packet by packet; a test compares.
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


def note(connection: Connection, told: Mapping[str, Told], *, lane: str, number: int, in_order: bool = False) -> None:
    """Bring the index up to what a packet said, dataset by dataset, unless a later packet spoke of the case; nobody
    asks for that where packets come `in_order`.

    Every row is written once: debtors' words come before the bare numbers of cases that have none.
    """
    known = _known(connection)
    said = {dataset: {"lane": lane, "number": number, "landing": landing} for dataset, (landing, _) in told.items()}
    with as_a_whole(connection, sum(rows for _, rows in told.values())):
        if CASES in said:
            _note_cases(connection, known, said[CASES], in_order)
        if DEBTORS in said:
            _note_words(connection, known, said[DEBTORS], in_order)
        if CASES in said:
            _note_numbers(connection, said[CASES])
        if CLAIMS in said:
            _note_claims(connection, said[CLAIMS])
        if VOIDS in said:
            _note_voids(connection, known, said[VOIDS])


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
        of_packet = {row.dataset: (row.landing, row.rows) for row in packet}
        note(connection, of_packet, lane=lane, number=number, in_order=True)


def _known(connection: Connection) -> dict[str, tuple[str, ...]]:
    """The columns that the tables of landed rows have."""
    rows = connection.execute(select(tables.landed_shape.c.dataset, tables.landed_shape.c.columns)).all()
    return {row.dataset: tuple(json.loads(row.columns)) for row in rows}


def _of_packet(dataset: str) -> str:
    """SQL that says which rows of a dataset, `r`, are the packet's."""
    return f"FROM {table_of(dataset)} r WHERE r._landing = :landing"


def _named_in(dataset: str, packets: str = "p.number > :number") -> str:
    """SQL that asks whether other packets' rows of a dataset name the case of a row `r`."""
    return (
        f"EXISTS (SELECT 1 FROM landed p JOIN {table_of(dataset)} o ON o._landing = p.landing WHERE p.lane = :lane "
        f"AND p.dataset = '{dataset}' AND {packets} AND o.case_no = r.case_no)"
    )


def _later(connection: Connection, dataset: str, said: Mapping[str, Any], in_order: bool) -> bool:
    """Whether a later packet's rows of a dataset are here already: of two packets the second was out first."""
    if in_order:
        return False
    known = tables.landed.c
    wanted = select(known.number).where(
        known.lane == said["lane"], known.dataset == dataset, known.number > said["number"]
    )
    return connection.execute(wanted.limit(1)).first() is not None


def _note_cases(
    connection: Connection, known: Mapping[str, Sequence[str]], said: Mapping[str, Any], in_order: bool
) -> None:
    told = {name: f"CAST(r.{name} AS text)" if name in known[CASES] else "NULL" for name in _COLUMNS}
    told["accepted_on"] = f"COALESCE({told['accepted_on']}, '')"
    told["is_major"] = "COALESCE(CAST(r.is_major AS integer), 0) = 1" if "is_major" in known[CASES] else "1 = 0"
    told["taken_back"] = _named_in(VOIDS) if _later(connection, VOIDS, said, in_order) else "1 = 0"
    which = _of_packet(CASES)
    if _later(connection, CASES, said, in_order):
        which += f" AND NOT {_named_in(CASES)}"
    unlike = "IS DISTINCT FROM" if connection.dialect.name == "postgresql" else "IS NOT"
    differs = " OR ".join(f"k.{name} {unlike} ({value})" for name, value in told.items())
    there = "(SELECT 1 FROM case_index k WHERE k.lane = :lane AND k.case_no = r.case_no{})"
    gone = f"SELECT r.case_no {which} AND EXISTS {there.format(f' AND ({differs})')}"
    connection.execute(text(f"DELETE FROM case_index WHERE lane = :lane AND case_no IN ({gone})"), said)
    connection.execute(
        text(
            f"INSERT INTO case_index (lane, case_no, {', '.join(told)}) SELECT CAST(:lane AS text), r.case_no, "
            f"{', '.join(told.values())} {which} AND NOT EXISTS {there.format('')}"
        ),
        said,
    )


def _note_words(
    connection: Connection, known: Mapping[str, Sequence[str]], said: Mapping[str, Any], in_order: bool
) -> None:
    names = [name for name in NAMES if name in known[DEBTORS]]
    order = ", r.debtor_no" if "debtor_no" in known[DEBTORS] else ""
    which = f"AND NOT {_named_in(DEBTORS)}" if _later(connection, DEBTORS, said, in_order) else ""
    columns = ", ".join(f"r.{name}" for name in ("case_no", *names))
    there = f"FROM {table_of(DEBTORS)} r LEFT JOIN case_words k ON k.lane = :lane AND k.case_no = r.case_no"
    wanted = (
        f"SELECT {columns}, k.debtor, k.words {there} WHERE r._landing = :landing {which} ORDER BY r.case_no{order}"
    )
    found = connection.execute(text(wanted).execution_options(**STREAMED), said)
    for part in words_by_case(frames_of(("case_no", *names, "_debtor", "_words"), found)):
        told = part["_words"].notna()
        other = (part["words"] != part["_words"]) | (part["debtor"] != part["_debtor"].fillna(""))
        _forget_words(connection, part["case_no"][told & other].tolist(), said["lane"])
        put(connection, "case_words", part.loc[other | ~told, ["case_no", "debtor", "words"]], {"lane": said["lane"]})


def _forget_words(connection: Connection, cases: Sequence[str], lane: str) -> None:
    head = "DELETE FROM case_words WHERE lane ="
    if connection.dialect.name == "postgresql":
        connection.execute(text(f"{head} :lane AND case_no = ANY(:cases)"), {"lane": lane, "cases": list(cases)})
        return
    raw: Any = connection.connection.cursor()
    raw.executemany(f"{head} ? AND case_no = ?", zip(repeat(lane), cases))
    raw.close()


def _note_numbers(connection: Connection, said: Mapping[str, Any]) -> None:
    """A case whose debtors nobody told is found by its number alone, until somebody does."""
    bare = "replace(replace(r.case_no, '（', ''), '）', '')"
    connection.execute(
        text(
            "INSERT INTO case_words (lane, case_no, words) "
            f"SELECT CAST(:lane AS text), r.case_no, :end || {bare} || :end {_of_packet(CASES)} "
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


def _note_voids(connection: Connection, known: Mapping[str, Sequence[str]], said: Mapping[str, Any]) -> None:
    """A case is taken back unless this packet or a later one tells it."""
    told = f" AND NOT {_named_in(CASES, 'p.number >= :number')}" if CASES in known else ""
    connection.execute(
        text(
            "UPDATE case_index SET taken_back = true WHERE lane = :lane "
            f"AND case_no IN (SELECT r.case_no {_of_packet(VOIDS)}{told})"
        ),
        said,
    )
