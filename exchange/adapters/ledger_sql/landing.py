"""Rows of packets at rest: landed, brought into what is kept of cases, and asked for.

Their tables are `shapes.py`'s. A row names its landing; the lane, number and packet of one stand in `landed`.
"""

# ruff: noqa: S608  # table and column names are checked by _check_names and quoted; values are bound

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Final, Literal

from sqlalchemy import func, select, text
from sqlalchemy.engine import Connection

from exchange.adapters.ledger_sql import case_noting, current, tables
from exchange.adapters.ledger_sql.named import Named, Watch
from exchange.adapters.ledger_sql.rowtext import STREAMED, frame_of, frames_of
from exchange.adapters.ledger_sql.shapes import as_text, ensure_table, ordered, shapes_of
from exchange.adapters.ledger_sql.storing import store
from exchange.domain.contract import Contract

if TYPE_CHECKING:
    import pandas as pd

    from exchange.domain.route import Route
    from exchange.domain.runs import Rows

_table, _quoted = current.table_of, current.quoted
_OWN: Final = {"_record": "r._record", "_number": "CAST(p.number AS text)", "_packet": "p.packet_id"}
"""What a row `r` has beside its contract's columns, and its landing `p` in the catalogue."""

_JOINED: Final = "JOIN landed p ON p.lane = :lane AND p.dataset = :dataset"


@dataclass(frozen=True, slots=True, kw_only=True)
class Landed:
    """A dataset's rows a transaction landed: how many, whether they are of cases (a row a case: alone; all of them
    told by its packet already: named), and whether others were there before."""

    lane: str
    number: int
    dataset: str
    landing: int
    rows: int
    cases: Literal["no", "alone", "many", "named"]
    replaced: bool


def land(
    connection: Connection,
    contract: Contract,
    rows: Rows,
    *,
    lane: str,
    number: int,
    packet_id: str,
    at: str,
    named: Named,
) -> Landed:
    """Replace the rows of (lane, number) in the dataset's table; `settle` does the rest, before the commit.

    Rows may come part by part; `named` are the cases that this packet's rows landed before name. NeedsPerson 501, 502
    for other columns than the contract's, 504 for a value its type does not take, 506 for a key twice.
    """
    import pandas as pd

    ensure_table(connection, contract)
    landing, before = _landing_of(connection, contract.dataset, lane, number)
    gone = f"DELETE FROM {_table(contract.dataset)} WHERE _landing = :landing"
    connection.execute(text(gone), {"landing": landing})
    parts = [rows] if isinstance(rows, pd.DataFrame) else rows
    of_case, alone = contract.key[0] == "case_no", contract.key == ("case_no",)
    watch = Watch(named, alone=alone)
    hashes = store(connection, contract, parts, {"_landing": landing}, cases=watch.see if of_case else None)
    catalogued = {
        "lane": lane,
        "number": number,
        "dataset": contract.dataset,
        "packet_id": packet_id,
        "contract_version": contract.version,
        "rows": len(hashes),
        "sha256": hashes.together(),
        "landed_at": at,
        "landing": landing,
    }
    tables.upsert(connection, tables.landed, [catalogued])
    return Landed(
        lane=lane, number=number, dataset=contract.dataset, landing=landing, rows=len(hashes),
        cases="no" if not of_case else "named" if watch.all_named else "alone" if alone else "many",
        replaced=of_case and before not in (None, catalogued["sha256"]),
    )  # fmt: skip


def _landing_of(connection: Connection, dataset: str, lane: str, number: int) -> tuple[int, str | None]:
    """(the landing's number, the hash of the rows it had): kept when landed again, else the next one, which no row has
    even where the catalogue was robbed of an entry. The writers' lock is held."""
    known = tables.landed.c
    found = connection.execute(select(known.landing, known.sha256).filter_by(lane=lane, number=number, dataset=dataset))
    if row := found.first():
        return row.landing, row.sha256
    newest = connection.scalar(select(func.max(known.landing))) or 0
    of_rows = connection.scalar(text(f"SELECT max(_landing) FROM {_table(dataset)}")) or 0
    return int(max(newest, of_rows)) + 1, None


def settle(connection: Connection, landed: Sequence[Landed]) -> None:
    """Bring the index of cases up to what a transaction landed, once for each packet; where a case's rows were replaced
    by others, make all that is kept of their lane anew."""
    again = {one.lane for one in landed if one.replaced}
    for lane in sorted(again):
        note_anew(connection, lane)
    packets: dict[tuple[str, int], list[Landed]] = {}
    for one in landed:
        packets.setdefault((one.lane, one.number), []).append(one)
    for (lane, number), told in sorted(packets.items()):
        if lane not in again:
            _note(connection, told, lane=lane, number=number)


def _note(connection: Connection, told: Sequence[Landed], *, lane: str, number: int) -> None:
    of_cases = {one.dataset: one.landing for one in told if one.cases in ("alone", "many")}
    alone = {one.dataset for one in told if one.cases == "alone"}
    rows = sum(one.rows for one in told)
    current.note(connection, of_cases, alone=alone, lane=lane, number=number, rows=rows)
    known = {one.dataset: (one.landing, one.rows) for one in told}
    case_noting.note(connection, known, lane=lane, number=number)


def note_anew(connection: Connection, lane: str) -> None:
    """Make all that is kept of a lane's cases anew."""
    current.rebuild(connection, carriers_among(shapes_of(connection)), lane=lane)
    case_noting.rebuild(connection, lane)


def carriers_among(shapes: Mapping[str, tuple[Mapping[str, str], Sequence[str]]]) -> list[str]:
    """The datasets whose rows belong to a case."""
    return [dataset for dataset, (_, key) in shapes.items() if key[0] == "case_no"]


def landed(
    connection: Connection,
    route: Route,
    dataset: str,
    *,
    until: str | int | None = None,
    keys: Sequence[str] | None = None,
    columns: Sequence[str] | None = None,
) -> pd.DataFrame:
    """The current rows as text, plus `_record`, `_number` and `_packet`, sorted by key.

    With `until`, a time as `time_text` writes it or a packet's number, those that were current then: nothing landed
    later, or under a higher number, counts.

    A dataset whose key begins with case_no: the rows of the latest packet that carried the case in any dataset of
    the route and held this dataset at all (a case whose rows here are gone has none). One that no quarter carries
    speaks only until another packet carries the case. Any other: the latest row of each key.
    `keys`: only the rows whose key begins with one of these texts; `columns`: only these, of the contract's and of
    those beside.
    """
    names, wanted, said = _wanted(connection, route, dataset, until, keys, columns)
    return frame_of(names, connection.execute(text(wanted), said) if wanted else None)


def rows_now(
    connection: Connection, route: Route, dataset: str, *, keys: Sequence[str], columns: Sequence[str] | None = None
) -> list[Mapping[str, str | None]]:
    """What `landed` gives, of a few keys, as plain values: a frame costs more than ten rows."""
    return _plain(connection, _wanted(connection, route, dataset, None, keys, columns))


def _plain(connection: Connection, asked: tuple[list[str], str, dict[str, Any]]) -> list[Mapping[str, str | None]]:
    names, wanted, said = asked
    return [dict(zip(names, row, strict=True)) for row in connection.execute(text(wanted), said)] if wanted else []


def landed_parts(connection: Connection, route: Route, dataset: str) -> Iterator[pd.DataFrame]:
    """The same rows part by part."""
    names, wanted, said = _wanted(connection, route, dataset, None, None, None)
    if wanted:
        yield from frames_of(names, connection.execute(text(wanted).execution_options(**STREAMED), said))


def _wanted(
    connection: Connection,
    route: Route,
    dataset: str,
    until: str | int | None,
    keys: Sequence[str] | None,
    columns: Sequence[str] | None,
) -> tuple[list[str], str, dict[str, Any]]:
    """(names, SQL, its values) of the current rows; no SQL where the dataset has no table yet."""
    contract = route.wire(dataset)
    given = [column for column in contract.columns if columns is None or column.name in columns]
    own = {name: told for name, told in _OWN.items() if columns is None or name in columns}
    names = [*(column.name for column in given), *own]
    shapes = shapes_of(connection)
    if dataset not in shapes:
        return names, "", {}
    known = shapes[dataset][0]
    parts = [as_text(connection, c.name, c.type) if c.name in known else "NULL" for c in given]
    parts += own.values()
    match = ["case_no"] if contract.key[0] == "case_no" else list(contract.key)
    said: dict[str, Any] = {"lane": route.lane, "dataset": dataset, "until": until}
    some = "" if keys is None else _among(connection, f"r.{_quoted(contract.key[0])}", keys, said)
    carriers: list[str] = []
    last_word = "Q" not in route.line(dataset).kinds
    if contract.key[0] == "case_no":
        carriers = [c.dataset for c in route.datasets if c.key[0] == "case_no" and c.dataset in shapes]
        newest = (
            current.LAST_WORD
            if last_word
            else current.newest_by_case(connection, carriers, dataset, lane=route.lane, cases=keys)
        )
    else:
        newest = _latest_by_key(dataset, contract.key, some)
    if until is not None:
        column = "number" if isinstance(until, int) else "landed_at"
        by_key = partial(_latest_by_key, dataset, contract.key, some, until=column)
        newest = current.newest_until(carriers, last_word=last_word, column=column) if carriers else by_key()
    if keys is not None and contract.key[0] == "case_no":
        newest = f"SELECT w.case_no, w.latest FROM ({newest}) w WHERE true{_among(connection, 'w.case_no', keys, said)}"
    same = " AND ".join(f"l.{_quoted(name)} = r.{_quoted(name)}" for name in match)
    order = ", ".join(ordered(connection, name, contract.column(name).type) for name in contract.key)
    wanted = (
        f"SELECT {', '.join(parts)} FROM ({newest}) l {_JOINED} AND p.number = l.latest "
        f"JOIN {_table(dataset)} r ON r._landing = p.landing AND {same} ORDER BY {order}"
    )
    return names, wanted, said


def _among(connection: Connection, column: str, keys: Sequence[str], said: dict[str, Any]) -> str:
    """SQL that keeps the rows whose column is one of some texts, however many: joined, for PostgreSQL would hold each
    row against a list from its beginning."""
    listed = (
        "json_array_elements_text(CAST(:keys AS json))"
        if connection.dialect.name == "postgresql"
        else "json_each(:keys)"
    )
    said["keys"] = json.dumps(list(keys))
    return f" AND {column} IN (SELECT value FROM {listed})"


def history(
    connection: Connection,
    route: Route,
    dataset: str,
    *,
    case_no: str | None,
    number: int | None,
    keys: Sequence[str] | None = None,
) -> pd.DataFrame:
    """Every row ever landed of a case (a dataset with case_no in its key), of a packet, or of keys that begin with one
    of `keys`, as text, sorted by packet and key; `_record`, `_number`, `_packet` beside. Found by the table's key,
    packet for packet."""
    names, wanted, said = _ever(connection, route, dataset, case_no, number, keys)
    return frame_of(names, connection.execute(text(wanted), said) if wanted else None)


def rows_ever(
    connection: Connection,
    route: Route,
    dataset: str,
    *,
    case_no: str | None,
    number: int | None,
    keys: Sequence[str] | None,
) -> list[Mapping[str, str | None]]:
    """What `history` gives, of a case, a small packet or a few keys, as plain values."""
    return _plain(connection, _ever(connection, route, dataset, case_no, number, keys))


def _ever(
    connection: Connection,
    route: Route,
    dataset: str,
    case_no: str | None,
    number: int | None,
    keys: Sequence[str] | None,
) -> tuple[list[str], str, dict[str, Any]]:
    """(names, SQL, its values) of the rows `history` gives; no SQL where the dataset has no table yet."""
    contract = route.wire(dataset)
    names = [*contract.names, *_OWN]
    shapes = shapes_of(connection)
    if dataset not in shapes:
        return names, "", {}
    known = shapes[dataset][0]
    parts = [as_text(connection, c.name, c.type) if c.name in known else "NULL" for c in contract.columns]
    parts += _OWN.values()
    order = ", ".join(ordered(connection, name, contract.column(name).type) for name in contract.key)
    given = {"r.case_no = :case_no": case_no, "p.number = :number": number}
    narrowed = [condition for condition, value in given.items() if value is not None]
    said: dict[str, Any] = {"lane": route.lane, "dataset": dataset, "case_no": case_no, "number": number}
    some = "" if keys is None else _among(connection, f"r.{_quoted(contract.key[0])}", keys, said)
    wanted = (
        f"SELECT {', '.join(parts)} FROM landed p "
        f"JOIN {_table(dataset)} r ON r._landing = p.landing "
        f"WHERE {' AND '.join(['p.lane = :lane', 'p.dataset = :dataset', *narrowed])}{some} ORDER BY p.number, {order}"
    )
    return names, wanted, said


def told(connection: Connection, route: Route, dataset: str, columns: Sequence[str]) -> pd.DataFrame:
    """Every combination of these columns ever landed on the route, as text, with `_number`, the last packet that told
    it; in that order. None when the dataset never landed."""
    contract, shapes = route.contract(dataset), shapes_of(connection)
    if dataset not in shapes or not set(columns) <= shapes[dataset][0].keys():
        return frame_of([*columns, "_number"], None)
    parts = [as_text(connection, name, contract.column(name).type) for name in columns]
    by = ", ".join(f"r.{_quoted(name)}" for name in columns)
    wanted = (
        f"SELECT {', '.join(parts)}, CAST(max(p.number) AS text) FROM landed p "
        f"JOIN {_table(dataset)} r ON r._landing = p.landing WHERE p.lane = :lane AND p.dataset = :dataset "
        f"GROUP BY {by} ORDER BY max(p.number), {by}"
    )
    said = {"lane": route.lane, "dataset": dataset}
    return frame_of([*columns, "_number"], connection.execute(text(wanted), said))


def _latest_by_key(dataset: str, key: Sequence[str], some: str = "", *, until: str | None = None) -> str:
    """SQL for (key, latest). Packet for packet, so that some keys are found by the table's own key."""
    keys = ", ".join(f"r.{_quoted(name)}" for name in key)
    known = f" AND p.{until} <= :until" if until else ""
    return (
        f"SELECT {keys}, max(p.number) AS latest FROM landed p JOIN {_table(dataset)} r ON r._landing = p.landing "
        f"WHERE p.lane = :lane AND p.dataset = :dataset{known}{some} GROUP BY {keys}"
    )
