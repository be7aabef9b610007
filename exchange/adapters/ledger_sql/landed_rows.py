"""Landed rows as they are asked of the ledger: as frames by the steps, a few of them as plain values by the pages."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import date, datetime
from typing import TYPE_CHECKING

from sqlalchemy.engine import Connection

from exchange.adapters.ledger_sql import case_index, current
from exchange.domain.audit import time_text
from exchange.domain.case_entry import CaseEntry, CaseQuestion, FoundCases

if TYPE_CHECKING:
    import pandas as pd

    from exchange.domain.route import Route
    from exchange.domain.row_hash import HashedRows


class LandedRows(ABC):
    """The part of the ledger that gives back what was landed."""

    @abstractmethod
    def _reading(self) -> AbstractContextManager[Connection]:
        """A consistent view of the database; the ledger has it."""

    def landed(
        self,
        route: Route,
        dataset: str,
        *,
        until: datetime | int | None = None,
        keys: Sequence[str] | None = None,
        columns: Sequence[str] | None = None,
    ) -> pd.DataFrame:
        """The rows that are, or at a moment or packet were, current: see `landing.landed`."""
        from exchange.adapters.ledger_sql.landing import landed

        then = time_text(until) if isinstance(until, datetime) else until
        with self._reading() as connection:
            return landed(connection, route, dataset, until=then, keys=keys, columns=columns)

    def carried(self, route: Route, datasets: Collection[str], cases: Collection[str]) -> dict[str, pd.DataFrame]:
        """The same of many cases and several datasets, in no order: see `carried.carried`."""
        from exchange.adapters.ledger_sql.carried import carried

        with self._reading() as connection:
            return carried(connection, route, datasets, cases)

    def carried_hashes(self, route: Route, datasets: Collection[str], cases: Collection[str]) -> dict[str, HashedRows]:
        """The hashes of those rows: see `carried.hashed`."""
        from exchange.adapters.ledger_sql.carried import hashed

        with self._reading() as connection:
            return hashed(connection, route, datasets, cases)

    def landed_parts(self, route: Route, dataset: str) -> Iterator[pd.DataFrame]:
        """The same rows part by part, read while they are taken."""
        from exchange.adapters.ledger_sql.landing import landed_parts

        with self._reading() as connection:
            yield from landed_parts(connection, route, dataset)

    def history(
        self,
        route: Route,
        dataset: str,
        *,
        case_no: str | None = None,
        number: int | None = None,
        keys: Sequence[str] | None = None,
    ) -> pd.DataFrame:
        """Every landed row of a case, of a packet, or of some keys: see `landing.history`."""
        from exchange.adapters.ledger_sql.landing import history

        with self._reading() as connection:
            return history(connection, route, dataset, case_no=case_no, number=number, keys=keys)

    def rows_now(
        self, route: Route, dataset: str, *, keys: Sequence[str], columns: Sequence[str] | None = None
    ) -> list[Mapping[str, str | None]]:
        """The current rows of a few keys as plain values: see `landing.rows_now`."""
        from exchange.adapters.ledger_sql.landing import rows_now

        with self._reading() as connection:
            return rows_now(connection, route, dataset, keys=keys, columns=columns)

    def rows_ever(
        self,
        route: Route,
        dataset: str,
        *,
        case_no: str | None = None,
        number: int | None = None,
        keys: Sequence[str] | None = None,
    ) -> list[Mapping[str, str | None]]:
        """Every landed row of a case, a small packet or a few keys as plain values: see `landing.rows_ever`."""
        from exchange.adapters.ledger_sql.landing import rows_ever

        with self._reading() as connection:
            return rows_ever(connection, route, dataset, case_no=case_no, number=number, keys=keys)

    def last_carried(self, route: Route, cases: Collection[str] | None = None) -> dict[str, str]:
        """Case → id of the packet that carried it last; of these cases, or of all."""
        with self._reading() as connection:
            return current.carriers_of(connection, cases, lane=route.lane)

    def told(self, route: Route, dataset: str, columns: Sequence[str]) -> pd.DataFrame:
        """What was ever told of each case: see `landing.told`."""
        from exchange.adapters.ledger_sql.landing import told

        with self._reading() as connection:
            return told(connection, route, dataset, columns)

    def case(self, lane: str, case_no: str) -> CaseEntry | None:
        """A case as the last packet of a lane says."""
        with self._reading() as connection:
            return case_index.entry(connection, lane, case_no)

    def case_claims(self, lane: str, case_no: str) -> Sequence[str]:
        """Claims of a lane that ever named a case."""
        with self._reading() as connection:
            return case_index.claims_of(connection, lane, case_no)

    def find_cases(
        self, lanes: Sequence[str], question: CaseQuestion, *, offset: int = 0, limit: int = 50, most: int = 1000
    ) -> FoundCases:
        """A page of the cases a question finds: see `case_index.find`."""
        with self._reading() as connection:
            return case_index.find(connection, lanes, question, offset=offset, limit=limit, most=most)

    def cases_due(
        self, lanes: Sequence[str], column: str, first: date, last: date, *, limit: int = 200
    ) -> Sequence[CaseEntry]:
        """Cases whose date lies between two days: see `case_index.due`."""
        with self._reading() as connection:
            return case_index.due(connection, lanes, column, first.isoformat(), last.isoformat(), limit=limit)
