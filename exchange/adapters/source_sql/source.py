"""The port `Source` over SQL, on PostgreSQL (psycopg) or SQLite.

All queries of an exchange run in one read-only transaction (PostgreSQL: repeatable read; SQLite: one deferred
transaction), so that the datasets show the database at one moment however busy it is.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from exchange.adapters.source_sql.engine import make_engine, place, translated
from exchange.adapters.source_sql.folder import SourceFolder, read_folder
from exchange.domain.contract import Contract
from exchange.domain.errors import ExchangeError, NeedsPerson
from exchange.domain.route import Route
from exchange.domain.source_codes import check_held

if TYPE_CHECKING:
    import pandas as pd

    from exchange.domain.choice import Choice

RECORD: Final = "_record"
CASES: Final = "bankruptcy_case"
ONLY: Final = "only_records"
"""The value that narrows every query to some records; no query of a folder names it."""

_NOTHING: Final[Mapping[str, Sequence[str]]] = MappingProxyType({})
_GONE: Final = re.compile(r"has no (?:table|column) (?:\w+\.)*(\w+)\.$")
_BEGIN: Final[Mapping[str, Sequence[str]]] = {
    "sqlite": ("PRAGMA query_only = ON", "BEGIN DEFERRED"),
    "postgresql": ("SET TRANSACTION READ ONLY", "SET LOCAL datestyle = 'ISO, YMD'"),
}


class SqlSource:
    """A case database. Nothing is opened before the first read."""

    def __init__(self, url: str, *, folder: Path) -> None:
        self._url = url
        self._folder = folder

    def read(
        self,
        route: Route,
        *,
        courts: Sequence[str],
        since: date,
        beside: Mapping[str, Sequence[str]] = _NOTHING,
        only: Choice | None = None,
    ) -> Mapping[str, pd.DataFrame]:
        """One consistent read of the route's datasets that have a query in the folder, and of private queries `beside`.

        With `only` it is shown the cases part by part, and each query then gives the rows of the records it chose.
        A dataset whose table may be absent, and is, has no frame. Frames as `ports.Source` promises. RetryLater 901
        when the database is away; NeedsPerson 902 when it refuses the login, 903 when a table or column is missing or
        a query's columns are not the contract's, 905 when the folder, a query or the address is not right, 927 when
        nothing gives a dataset.
        """
        folder = read_folder(self._folder)
        files = folder.files(route)
        check_held(route, files, folder.told, str(self._folder), ".sql")
        bound: dict[str, Any] = {"courts": list(courts), "since": since.isoformat()}
        with _snapshot(self._url) as connection:
            if only is not None:
                records = _chosen(connection, route, folder, bound, only)
                bound[ONLY] = records if connection.dialect.name == "postgresql" else json.dumps(records)
            frames = {
                dataset: _frame(connection, route, dataset, file, folder, bound)
                for dataset, file in files.items()
                if _held(connection, folder.told.optional_tables.get(dataset))
            }
            contracts = [route.contract(dataset) for dataset in files]
            return frames | {
                name: _private_frame(connection, file, beside[name], contracts, folder, bound)
                for name, file in folder.private_files(beside, route).items()
            }


@contextmanager
def _snapshot(url: str) -> Iterator[sa.Connection]:
    """A connection whose every query sees the database at one moment and which can't write."""
    engine = make_engine(url)
    try:
        with engine.connect() as connection:
            for command in _BEGIN[connection.dialect.name]:
                connection.exec_driver_sql(command)
            yield connection
            connection.rollback()
    except DBAPIError as error:
        raise translated(error, where=place(engine.url)) from None
    finally:
        engine.dispose()


def _held(connection: sa.Connection, table: str | None) -> bool:
    """Whether the database has a table without which the dataset is not held."""
    if table is None:
        return True
    schema, _, name = table.rpartition(".")
    return bool(sa.inspect(connection).has_table(name, schema=schema or None))


def _chosen(
    connection: sa.Connection, route: Route, folder: SourceFolder, bound: Mapping[str, Any], only: Choice
) -> list[str]:
    """The records it chooses, none on a route without cases."""
    from exchange.adapters.source_sql.frames import STREAMED, frames_of

    file = folder.files(route).get(CASES)
    if file is None:
        return []
    contract, query = route.contract(CASES), _within(folder.text(file))
    try:
        given = connection.execute(*_statement(f"SELECT * FROM {query} WHERE 1 = 0", bound)).keys()  # noqa: S608
        columns = [RECORD, *(name for name in only.columns if name in given)]
        named = ", ".join(f'q."{name}"' for name in columns)
        statement, said = _statement(f"SELECT {named} FROM {query}", bound)  # noqa: S608
        result = connection.execute(statement.execution_options(**STREAMED), said)
        return sorted(only.of(frames_of(result, columns, contract, folder)))
    except DBAPIError as error:
        raise _in_contract_words(translated(error, where=str(file)), contract, folder.text(file)) from None


def _frame(
    connection: sa.Connection, route: Route, dataset: str, file: Path, folder: SourceFolder, bound: Mapping[str, Any]
) -> pd.DataFrame:
    from exchange.adapters.source_sql.frames import frame_of

    contract, query = route.contract(dataset), folder.text(file)
    if ONLY in bound:
        many = "= ANY(:{0})" if connection.dialect.name == "postgresql" else "IN (SELECT value FROM json_each(:{0}))"
        some = f"CAST(q.{RECORD} AS VARCHAR) {many.format(ONLY)}" if contract.of_case else "1 = 0"
        query = f"SELECT * FROM {_within(query)} WHERE {some}"  # noqa: S608
    try:
        result = connection.execute(*_statement(query, bound))
        columns = list(result.keys())
        _same_columns(columns, contract, route.readable(dataset), file)
        return frame_of(result, columns, contract, folder)
    except DBAPIError as error:
        raise _in_contract_words(translated(error, where=str(file)), contract, folder.text(file)) from None


def _in_contract_words(problem: ExchangeError, contract: Contract, query: str) -> ExchangeError:
    """A column or table that is gone, with what it was read for: the contract's columns on the query's lines that name
    it, or the whole dataset."""
    gone = _GONE.search(problem.what)
    if problem.code != 903 or gone is None:
        return problem
    lines = [line for line in query.splitlines() if re.search(rf"\b{re.escape(gone[1])}\b", line, re.IGNORECASE)]
    given = {name for line in lines for name in re.findall(r'\bAS\s+"?(\w+)"?', line, re.IGNORECASE)}
    columns = [column for column in contract.columns if column.name in given]
    fed = "、".join(_words(column.name, contract) for column in columns) or "全部栏目 all its columns"
    what = f"{problem.what} It feeds {contract.title_zh} {contract.dataset}: {fed}."
    return NeedsPerson(903, what, where=problem.where, next_step=problem.next_step)


def _words(name: str, contract: Contract) -> str:
    """A column as the contract calls it; a name that is none of its, in quotes."""
    return f"{contract.column(name).title_zh} {name}" if name in contract.names else repr(name)


def _private_frame(
    connection: sa.Connection,
    file: Path,
    columns: Sequence[str],
    contracts: Sequence[Contract],
    folder: SourceFolder,
    bound: Mapping[str, Any],
) -> pd.DataFrame:
    """A private query's rows; a column named as a contract's is brought to its form."""
    from exchange.adapters.source_sql.frames import private_frame

    try:
        result = connection.execute(*_statement(folder.private_text(file), bound))
        given = list(result.keys())
        if sorted(given) != sorted(columns):
            what = f"The query must give exactly {', '.join(columns)}."
            raise NeedsPerson(903, what, where=str(file), next_step="Mend the query as sources/README.md says.")
        return private_frame(result, given, contracts, folder)
    except DBAPIError as error:
        raise translated(error, where=str(file)) from None


def _within(query: str) -> str:
    """A whole query as a table named q."""
    return f"(\n{query.rstrip().rstrip(';')}\n) AS q"


def _statement(query: str, bound: Mapping[str, Any]) -> tuple[sa.TextClause, dict[str, Any]]:
    """The query with the values it names; a list in brackets or without is the same."""
    statement = sa.text(re.sub(r"\(\s*:courts\s*\)", ":courts", query))
    named = {name: value for name, value in bound.items() if name in statement.compile().params}
    if "courts" in named:
        statement = statement.bindparams(sa.bindparam("courts", expanding=True))
    return statement, named


def _same_columns(columns: Sequence[str], contract: Contract, readable: frozenset[str], file: Path) -> None:
    needed = {c.name for c in contract.columns if c.required} | {RECORD}
    unknown = [name for name in columns if name not in {*readable, RECORD}]
    for names, what, step in (
        (unknown, "is no column of the contract", "Take it out of the query; what has no column is not sent."),
        (sorted(needed - set(columns)), "is a column the query must give", "Add it to the query."),
        (sorted({n for n in columns if columns.count(n) > 1}), "is there twice in the query", "Keep one of them."),
    ):
        if names:
            where = f"{file} ({contract.title_zh} {contract.dataset})"
            told = "、".join(_words(name, contract) for name in names)
            raise NeedsPerson(903, f"{told} {what}.", where=where, next_step=step)
