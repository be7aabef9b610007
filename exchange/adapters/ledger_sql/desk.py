"""The desk of breaks, kept while breaks are found, worked and listed: a list of a hundred thousand is read by the page.

It can be made anew at any time: the breaks of our own comparisons from `break_` and `break_work`, those a counterpart
listed from the landed `break_item` rows.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from itertools import islice
from typing import Any, Final

from sqlalchemy import ColumnElement, Select, Table, case, delete, func, or_, select, text
from sqlalchemy.engine import Connection

from exchange.adapters.ledger_sql import current, tables
from exchange.adapters.ledger_sql.records import AnyRow, break_record, break_work
from exchange.adapters.ledger_sql.tables import break_desk
from exchange.domain.break_desk import (
    NO_CAUSE,
    NO_LIMIT,
    NOBODY,
    UNDONE,
    By,
    DeskCount,
    DeskQuery,
    DeskRow,
    desk_row,
    stand_of,
)
from exchange.domain.break_life import BreakRecord, BreakWork
from exchange.domain.break_view import ITEM, Seen, listed
from exchange.domain.report_figures import AGE_DAYS, AGES

_AT_ONCE: Final = 5_000
_d = break_desk.c


def found(connection: Connection, route: str, records: Sequence[BreakRecord]) -> None:
    """Note what a comparison left."""
    works = _works(connection, route)
    _put(connection, (_ours(record, works) for record in records))


def worked(connection: Connection, work: BreakWork) -> None:
    """Note what somebody, or an answer, did about one break."""
    place = {"route": work.route, "id": work.id}
    row = connection.execute(select(tables.break_).filter_by(**place)).first()
    if row is not None:
        _put(connection, [_ours(break_record(row), {work.id: work})])
        return
    known = connection.execute(select(break_desk).filter_by(**place)).first()
    if known is not None:
        stand = stand_of(known.state, work, known.asked, ours=False, info=False)
        told = break_desk.update().filter_by(**place).values(owner=work.owner, stand=stand, undone=stand in UNDONE)
        connection.execute(told)


def listed_anew(connection: Connection, route: str, lane: str) -> None:
    """Note a counterpart's list, landed whole; an end that finds a route's breaks itself has no need of it."""
    if connection.scalar(select(tables.break_.c.id).where(tables.break_.c.route == route).limit(1)):
        return
    connection.execute(delete(break_desk).where(_d.route == route, _d.ours.is_(False)))
    _put(connection, _listed(connection, route, lane))


def fill(connection: Connection) -> None:
    """Make the desk from what there is, unless it has rows: after a migration made its table anew."""
    if connection.scalar(select(_d.id).limit(1)) is None:
        _put(connection, _meant(connection))


def by_id(table: Table, route: str | None, prefix: str, ids: Collection[str] | None = None) -> Select[Any]:
    """Breaks, or the work on them, by route and id."""
    wanted = select(table).order_by(table.c.route, table.c.id)
    if route is not None:
        wanted = wanted.where(table.c.route == route)
    if ids is not None:
        wanted = wanted.where(table.c.id.in_(list(ids)))
    return wanted.where(table.c.id.startswith(prefix, autoescape=True)) if prefix else wanted


def problems(connection: Connection) -> list[str]:
    """Routes whose desk does not say what its breaks say, in words."""
    meant: Counter[str] = Counter()
    wrong: set[str] = set()
    for part in _parts(_meant(connection)):
        due = {(row["route"], row["id"]): row for row in map(_values, part)}
        meant.update(route for route, _ in due)
        routes, ids = {route for route, _ in due}, [id_ for _, id_ in due]
        some = select(break_desk).where(_d.route.in_(routes), _d.id.in_(ids))
        stored = {(row.route, row.id): dict(row._mapping) for row in connection.execute(some)}
        wrong |= {place[0] for place, row in due.items() if stored.get(place) != row}
    counted = connection.execute(select(_d.route, func.count().label("many")).group_by(_d.route))
    there: dict[str, int] = {row.route: row.many for row in counted}
    wrong |= {route for route in meant.keys() | there.keys() if meant[route] != there.get(route, 0)}
    return [f"The desk of breaks of {route} is not what its breaks say." for route in sorted(wrong)]


def rows(connection: Connection, query: DeskQuery, *, limit: int, offset: int) -> list[DeskRow]:
    """A part of the breaks a query asks for, in its order."""
    wanted = select(break_desk).where(*_asked(query)).order_by(*_order(query)).limit(limit).offset(offset)
    return [_row(row) for row in connection.execute(wanted)]


def counts(connection: Connection, query: DeskQuery, by: Sequence[By]) -> list[DeskCount]:
    """How many breaks a query asks for, by some values or in all."""
    late = func.sum(case((_d.due_on < query.today.isoformat(), 1), else_=0))
    figures = [func.count().label("many"), func.sum(_d.worth_fen).label("worth"), late.label("late")]
    values = [_by(query, name).label(name) for name in by]
    wanted = select(*figures, *values).where(*_asked(query)).group_by(*values).order_by(func.count().desc(), *values)
    return [
        DeskCount(
            values=tuple(str(row._mapping[name]) for name in by), count=row.many, worth_fen=int(row.worth or 0),
            overdue=int(row.late or 0),
        )
        for row in connection.execute(wanted)
    ]  # fmt: skip


def _asked(query: DeskQuery) -> Iterator[ColumnElement[bool]]:
    if query.stands and set(query.stands) <= set(UNDONE):
        yield _d.undone.is_(True)
    if query.stands and set(query.stands) != set(UNDONE):
        yield _d.stand.in_(sorted(query.stands))
    for name in ("state", "code", "rank", "court", "case_no", "claim_no", "cause"):
        value = getattr(query, name)
        if value:
            yield _d[name] == value
    if query.owner:
        yield _d.owner.is_(None) if query.owner == NOBODY else _d.owner == query.owner
    if query.limit:
        yield _limit(query) == query.limit
    if query.text:
        yield or_(
            _d.case_no.contains(query.text, autoescape=True), _d.claim_no.startswith(query.text, autoescape=True),
            _d.id.startswith(query.text, autoescape=True),
        )  # fmt: skip


def _limit(query: DeskQuery) -> ColumnElement[str]:
    return case(
        (_d.due_on == NO_LIMIT, "none"), (_d.due_on < query.today.isoformat(), "overdue"),
        (_d.due_on <= query.soon.isoformat(), "soon"), else_="later",
    )  # fmt: skip


def _age(query: DeskQuery) -> ColumnElement[str]:
    """The class a break's days fall in; one without a day is of the youngest."""
    ends = [(query.today - timedelta(days=days)).isoformat() for days in AGE_DAYS]
    return case(
        (or_(_d.found_on == "", _d.found_on >= ends[0]), AGES[0]), (_d.found_on >= ends[1], AGES[1]),
        (_d.found_on >= ends[2], AGES[2]), else_=AGES[3],
    )  # fmt: skip


def _by(query: DeskQuery, by: By) -> ColumnElement[str]:
    if by == "limit":
        return _limit(query)
    if by == "age":
        return _age(query)
    return func.coalesce(_d.owner, NOBODY) if by == "owner" else _d[by]


def _order(query: DeskQuery) -> list[ColumnElement[Any]]:
    """The group first, then days left, amount or age; equal ones by id, so that pages never overlap."""
    first: dict[str, list[ColumnElement[Any]]] = {
        "limit": [_d.due_on, _d.cause] if query.order == "due" else [],
        "code": [_d.code], "case": [_d.case_no], "cause": [_d.cause],
    }  # fmt: skip
    then: dict[str, list[ColumnElement[Any]]] = {
        "due": [_d.due_on, _d.cause, _d.worth_fen.desc()], "amount": [_d.worth_fen.desc()],
        "age": [_d.found_on, _d.worth_fen.desc()],
    }  # fmt: skip
    ordered = [*first[query.group], *then[query.order], _d.id]
    return list(dict.fromkeys(ordered))


def _meant(connection: Connection) -> Iterator[DeskRow]:
    """Every row the desk should have."""
    routes = connection.execute(select(tables.break_.c.route).distinct()).scalars().all()
    for route in routes:
        works = _works(connection, route)
        found = select(tables.break_).where(tables.break_.c.route == route)
        for row in connection.execute(found, execution_options={"yield_per": _AT_ONCE}):
            yield _ours(break_record(row), works)
    for lane, route in _lists(connection):
        if route not in routes:
            yield from _listed(connection, route, lane)


def _lists(connection: Connection) -> list[tuple[str, str]]:
    """(lane, route) of the lists of breaks that came."""
    lanes = select(tables.landed.c.lane).where(tables.landed.c.dataset == ITEM).distinct()
    known = (
        select(tables.packet.c.lane, tables.exchange.c.route)
        .join(tables.exchange, tables.exchange.c.key == tables.packet.c.exchange)
        .where(tables.packet.c.lane.in_(lanes), tables.packet.c.direction == "in")
        .distinct()
    )
    return [(row.lane, row.route) for row in connection.execute(known)]


def _ours(record: BreakRecord, works: Mapping[str, BreakWork]) -> DeskRow:
    work = works.get(record.id)
    empty = BreakWork(route=record.route, id=record.id)
    return desk_row(Seen(record=record, work=work or empty, touched=work is not None))


def _listed(connection: Connection, route: str, lane: str) -> Iterator[DeskRow]:
    works = _works(connection, route)
    items = current.table_of(ITEM)
    wanted = (
        f"SELECT r.*, p.packet_id AS _packet FROM landed p JOIN {items} r ON r._landing = p.landing "  # noqa: S608
        "WHERE p.lane = :lane AND p.dataset = :item AND NOT EXISTS "
        f"(SELECT 1 FROM landed q JOIN {items} n ON n._landing = q.landing "
        "WHERE q.lane = :lane AND q.dataset = :item AND q.number > p.number AND n.id = r.id)"
    )
    said = {"lane": lane, "item": ITEM}
    for row in connection.execute(text(wanted), said, execution_options={"yield_per": _AT_ONCE}):
        told = {n: "" if value is None else str(value) for n, value in row._mapping.items() if n != "_row_sha256"}
        yield desk_row(listed(told, route, works))


def _works(connection: Connection, route: str) -> dict[str, BreakWork]:
    wanted = select(tables.break_work).where(tables.break_work.c.route == route)
    return {row.id: break_work(row) for row in connection.execute(wanted)}


def _put(connection: Connection, made: Iterable[DeskRow]) -> None:
    for part in _parts(made):
        tables.upsert(connection, break_desk, [_values(one) for one in part])


def _parts(made: Iterable[DeskRow]) -> Iterator[list[DeskRow]]:
    rows = iter(made)
    while part := list(islice(rows, _AT_ONCE)):
        yield part


def _values(one: DeskRow) -> dict[str, Any]:
    told = {name: getattr(one, name) for name in DeskRow.__slots__} | {"undone": one.stand in UNDONE}
    days = {name: day.isoformat() if (day := told[name]) else "" for name in ("due_on", "found_on")}
    return told | days | {"due_on": days["due_on"] or NO_LIMIT, "cause": one.cause or NO_CAUSE}


def _row(row: AnyRow) -> DeskRow:
    told = {name: getattr(row, name) for name in DeskRow.__slots__}
    return DeskRow(
        **told | {
            "ours": bool(row.ours), "due_on": None if row.due_on == NO_LIMIT else date.fromisoformat(row.due_on),
            "found_on": date.fromisoformat(row.found_on) if row.found_on else None,
            "cause": None if row.cause == NO_CAUSE else row.cause,
        }
    )  # fmt: skip
