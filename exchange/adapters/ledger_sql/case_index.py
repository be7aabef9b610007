"""The index of cases: one row a lane and case, kept while rows are landed, and what a search compares beside it.

`case_index` holds the case as its last packet says, `case_words` the texts it is found by. A search looks through
`case_words`, which is narrow, and reads `case_index` for the page it shows. Both can be made anew from landed rows.
"""

# ruff: noqa: S608  # names are this file's own and the contracts' checked ones; values are bound

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import fields
from itertools import groupby, islice
from typing import Any, Final

from sqlalchemy import ARRAY, ColumnElement, Select, Text, and_, any_, func, literal, select, text
from sqlalchemy.engine import Connection

from exchange.adapters.ledger_sql import tables
from exchange.adapters.ledger_sql.current import table_of
from exchange.domain.case_entry import (
    CASES,
    CLAIMS,
    DATES,
    DEBTORS,
    NAMES,
    TEXTS,
    VOIDS,
    CaseEntry,
    CaseQuestion,
    FoundCases,
)

_AT_ONCE: Final = 5_000
_COLUMNS: Final = (*TEXTS, *DATES)
_index, _words = tables.case_index, tables.case_words


def note(connection: Connection, dataset: str, *, lane: str, number: int) -> None:
    """Bring the index up to what a packet said in a dataset, unless a later packet spoke of the case."""
    known = _known(connection)
    if dataset == CASES:
        _note_cases(connection, known.get(CASES, ()), lane, number)
    elif dataset == DEBTORS:
        _note_words(connection, known.get(DEBTORS, ()), lane, number)
    elif dataset == CLAIMS:
        _note_claims(connection, lane, number)
    elif dataset == VOIDS:
        connection.execute(
            text(
                "UPDATE case_index SET taken_back = true, number = :number WHERE lane = :lane AND number < :number "
                f"AND case_no IN (SELECT case_no FROM {table_of(VOIDS)} WHERE _lane = :lane AND _number = :number)"
            ),
            {"lane": lane, "number": number},
        )


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
    told = select(tables.landed.c.number, tables.landed.c.dataset).where(
        tables.landed.c.lane == lane, tables.landed.c.dataset.in_(datasets)
    )
    for row in connection.execute(told.order_by(tables.landed.c.number, tables.landed.c.dataset)).all():
        note(connection, row.dataset, lane=lane, number=row.number)


def _known(connection: Connection) -> dict[str, tuple[str, ...]]:
    """The columns that the tables of landed rows have."""
    rows = connection.execute(select(tables.landed_shape.c.dataset, tables.landed_shape.c.columns)).all()
    return {row.dataset: tuple(json.loads(row.columns)) for row in rows}


def _note_cases(connection: Connection, known: Sequence[str], lane: str, number: int) -> None:
    told = [f"CAST(r.{name} AS text)" if name in known else "NULL" for name in _COLUMNS]
    told[_COLUMNS.index("accepted_on")] = f"COALESCE({told[_COLUMNS.index('accepted_on')]}, '')"
    major = "COALESCE(CAST(r.is_major AS integer), 0) = 1" if "is_major" in known else "1 = 0"
    names = (*_COLUMNS, "is_major", "number", "taken_back")
    said = ", ".join(f"{name} = excluded.{name}" for name in names)
    connection.execute(
        text(
            f"INSERT INTO case_index (lane, case_no, {', '.join(names)}) "
            f"SELECT CAST(:lane AS text), r.case_no, {', '.join(told)}, {major}, CAST(:number AS integer), 1 = 0 "
            f"FROM {table_of(CASES)} r WHERE r._lane = :lane AND r._number = :number "
            f"ON CONFLICT (lane, case_no) DO UPDATE SET {said} WHERE case_index.number <= excluded.number"
        ),
        {"lane": lane, "number": number},
    )
    bare = "replace(replace(r.case_no, '（', ''), '）', '')"
    connection.execute(
        text(
            "INSERT INTO case_words (lane, case_no, number, words) "
            f"SELECT CAST(:lane AS text), r.case_no, 0, :end || {bare} || :end "
            f"FROM {table_of(CASES)} r WHERE r._lane = :lane AND r._number = :number ON CONFLICT DO NOTHING"
        ),
        {"lane": lane, "number": number, "end": "\n"},
    )


def _note_words(connection: Connection, known: Sequence[str], lane: str, number: int) -> None:
    names = [name for name in NAMES if name in known]
    order = ", debtor_no" if "debtor_no" in known else ""
    wanted = text(
        f"SELECT {', '.join(('case_no', *names))} FROM {table_of(DEBTORS)} "
        f"WHERE _lane = :lane AND _number = :number ORDER BY case_no{order}"
    )
    found = _worded(connection.execute(wanted, {"lane": lane, "number": number}))
    while part := list(islice(found, _AT_ONCE)):
        _store(connection, part, lane, number)


def _worded(rows: Iterable[Any]) -> Iterator[tuple[str, str, str]]:
    """(case, its first debtor's name, its words), of rows sorted by case."""
    from exchange.domain.case_index import words_of

    for case_no, debtors in groupby(rows, key=lambda row: str(row[0])):
        told = [tuple(row)[1:] for row in debtors]
        yield case_no, str(told[0][0] or "") if told[0] else "", words_of(case_no, (one for row in told for one in row))


_STORED: Final = (
    "ON CONFLICT (lane, case_no) DO UPDATE SET number = excluded.number, debtor = excluded.debtor, "
    "words = excluded.words WHERE case_words.number <= excluded.number"
)


def _store(connection: Connection, found: Sequence[tuple[str, str, str]], lane: str, number: int) -> None:
    head = "INSERT INTO case_words (lane, number, case_no, debtor, words) "
    if connection.dialect.name == "postgresql":
        rows = "unnest(CAST(:cases AS text[]), CAST(:debtors AS text[]), CAST(:words AS text[])) u (c, d, w)"
        columns = dict(zip(("cases", "debtors", "words"), map(list, zip(*found, strict=True)), strict=True))
        told = f"{head}SELECT CAST(:lane AS text), CAST(:number AS integer), c, d, w FROM {rows} WHERE true {_STORED}"
        connection.execute(text(told), {"lane": lane, "number": number, **columns})
        return
    raw: Any = connection.connection.cursor()
    raw.executemany(f"{head}VALUES (?, ?, ?, ?, ?) {_STORED}", [(lane, number, *one) for one in found])
    raw.close()


def _note_claims(connection: Connection, lane: str, number: int) -> None:
    from exchange.domain.case_number import normalise

    """A claim landed anew keeps the cases it named before: a file shows those whose word it is now."""
    wanted = text(f"SELECT case_no, claim_no FROM {table_of(CLAIMS)} WHERE _lane = :lane AND _number = :number")
    rows = connection.execute(wanted, {"lane": lane, "number": number}).all()
    named = {(normalise(row.case_no), row.claim_no) for row in rows if row.case_no}
    told = [{"lane": lane, "case_no": case_no, "claim_no": claim_no} for case_no, claim_no in sorted(named)]
    if told:
        connection.execute(tables.insert_or(connection, tables.case_claim).on_conflict_do_nothing(), told)


def claims_of(connection: Connection, lane: str, case_no: str) -> list[str]:
    """The claims of a lane that ever named a case, sorted."""
    told = tables.case_claim.c
    wanted = select(told.claim_no).where(told.lane == lane, told.case_no == case_no).order_by(told.claim_no)
    return list(connection.execute(wanted).scalars())


def entry(connection: Connection, lane: str, case_no: str) -> CaseEntry | None:
    """One case of a lane."""
    row = connection.execute(_shown().where(_index.c.lane == lane, _index.c.case_no == case_no)).first()
    return _entry(row) if row else None


def find(
    connection: Connection, lanes: Sequence[str], question: CaseQuestion, *, offset: int, limit: int, most: int
) -> FoundCases:
    """A page of the cases a question finds, newest acceptance first. Of a search by words only the first `most` found
    are looked at."""
    if question.number is not None:
        alone = [one for lane in lanes if (one := entry(connection, lane, question.number)) is not None]
        if alone:
            return FoundCases(entries=tuple(alone[:1]), total=1)
    narrowed = _narrowed(lanes, question)
    more = False
    if question.parts:
        keys = _looked_through(connection, lanes, question, most + 1)
        more = len(keys) > most
        narrowed.append(_among(connection, keys[:most]))
    counted = select(func.count()).select_from(_index).where(*narrowed)
    total = int(connection.execute(counted).scalar_one())
    order = (_index.c.accepted_on.desc(), _index.c.case_no.desc())
    page = select(_index).where(*narrowed).order_by(*order).offset(offset).limit(limit).subquery()
    named = page.outerjoin(_words, and_(_words.c.lane == page.c.lane, _words.c.case_no == page.c.case_no))
    wanted = select(page, _words.c.debtor).select_from(named)
    wanted = wanted.order_by(page.c.accepted_on.desc(), page.c.case_no.desc())
    rows = connection.execute(wanted).all() if total else ()
    return FoundCases(entries=tuple(map(_entry, rows)), total=total, more=more)


def _looked_through(connection: Connection, lanes: Sequence[str], question: CaseQuestion, most: int) -> list[str]:
    """The cases whose words hold every part; where a text of some is wholly what was asked, those alone."""
    found = func.strpos if connection.dialect.name == "postgresql" else func.instr
    wanted = select(_words.c.case_no, _words.c.words).where(_words.c.lane.in_(lanes))
    wanted = wanted.where(*(found(_words.c.words, part) > 0 for part in question.parts))
    rows = connection.execute(wanted.limit(most)).all()
    exact = [row.case_no for row in rows if any(f"\n{one}\n" in row.words for one in question.whole)]
    return exact or [row.case_no for row in rows]


def due(
    connection: Connection, lanes: Sequence[str], column: str, first: str, last: str, *, limit: int
) -> tuple[CaseEntry, ...]:
    """Cases whose date lies between two days, both included, the earliest first; none that was taken back."""
    if column not in DATES:
        raise KeyError(column)
    at = _index.c[column]
    wanted = _shown().where(_index.c.lane.in_(lanes), at.between(first, last), _index.c.taken_back.is_(False))
    return tuple(map(_entry, connection.execute(wanted.order_by(at, _index.c.case_no).limit(limit)).all()))


def _among(connection: Connection, keys: Sequence[str]) -> ColumnElement[bool]:
    """One array instead of a thousand parameters, where the database has arrays."""
    if connection.dialect.name == "postgresql":
        return _index.c.case_no == any_(literal(list(keys), ARRAY(Text)))
    return _index.c.case_no.in_(keys)


def _joined() -> Any:
    return _index.outerjoin(_words, and_(_words.c.lane == _index.c.lane, _words.c.case_no == _index.c.case_no))


def _shown() -> Select[Any]:
    return select(_index, _words.c.debtor).select_from(_joined())


def _narrowed(lanes: Sequence[str], question: CaseQuestion) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = [_index.c.lane.in_(lanes)]
    if question.stages:
        conditions.append(_index.c.stage.in_(question.stages))
    if question.courts:
        conditions.append(_index.c.court_code.in_(question.courts))
    return conditions


_FIELDS: Final = tuple(field.name for field in fields(CaseEntry))


def _entry(row: Any) -> CaseEntry:
    told = {name: getattr(row, name) for name in _FIELDS}
    return CaseEntry(**{**told, "accepted_on": told["accepted_on"] or None, "debtor": told["debtor"] or None})
