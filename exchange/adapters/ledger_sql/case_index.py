"""The index of cases asked: one row a lane and case, and what a search compares beside it.

`case_index` holds the case as its last packet says, `case_words` the texts it is found by. A search looks through
`case_words`, which is narrow, and reads `case_index` for the page it shows. `case_noting.py` keeps both.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from typing import Any, Final

from sqlalchemy import ARRAY, ColumnElement, Select, Text, and_, any_, func, literal, select
from sqlalchemy.engine import Connection

from exchange.adapters.ledger_sql import tables
from exchange.domain.case_entry import DATES, CaseEntry, CaseQuestion, FoundCases

_index, _words = tables.case_index, tables.case_words


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
