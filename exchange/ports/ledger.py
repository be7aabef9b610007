"""The books of an end: what is written in one transaction, and what is read of them."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, Protocol

from exchange.domain import alert_life, audit, break_desk, break_life, sequence

if TYPE_CHECKING:
    import pandas as pd

    from exchange.domain.case_entry import CaseEntry, CaseQuestion, FoundCases
    from exchange.domain.report_figures import AlertDays, ExchangeTimes
    from exchange.domain.route import Route
    from exchange.domain.row_hash import HashedRows
    from exchange.domain.runs import Rows

Direction = audit.Direction
Event = audit.Event
StoredEvent = audit.StoredEvent
ExchangeRecord = audit.ExchangeRecord
PacketRecord = sequence.PacketRecord
"""Defined in the domain, where events are hashed and folded, and where a lane's packets are judged."""


BreakRecord = break_life.BreakRecord
BreakWork = break_life.BreakWork
AlertRecord = alert_life.AlertRecord
"""What the books say of a difference, what people did about it, where an alert stands: defined where events fold."""

DeskQuery = break_desk.DeskQuery
DeskRow = break_desk.DeskRow
DeskCount = break_desk.DeskCount
By = break_desk.By
"""The desk of breaks: what is asked of it, and how it answers."""


class LedgerWrite(Protocol):
    """One transaction. Everything said within it is stored together or not at all."""

    def append(self, kind: str, *, exchange: str | None, actor: str, body: Mapping[str, Any]) -> None:
        """Add an event to the chain. Kinds are those of `domain/lifecycle.py`, `break_life.py`, `alert_life.py`; they
        fold into the record of their exchange, break or alert; a move a table does not allow: NeedsPerson 908, 924."""
        ...

    def number_packet(self, *, lane: str, kind: str, exchange: str | None, answers: str | None = None) -> PacketRecord:
        """The next number of the lane for an outgoing packet, state `numbered`."""
        ...

    def set_packet(self, packet: PacketRecord) -> None:
        """Insert or replace a packet's record by (lane, number)."""
        ...

    def land(self, route: Route, dataset: str, rows: Rows, *, number: int, packet_id: str) -> int:
        """Store text rows under the lane's number (again: replaced), `_record` too; return how many."""
        ...

    def set_breaks(self, route: str, breaks: Sequence[BreakRecord]) -> None:
        """Insert or replace breaks by id."""
        ...

    def claim_alert(self, *, rule: str, case_no: str, day: date) -> bool:
        """True exactly once per rule, case and day."""
        ...


class Tallies(Protocol):
    """What reports count of a ledger: numbers, days and times alone, each by an index and never a whole table."""

    def newest_at(self) -> datetime | None:
        """When the last event was written."""
        ...

    def event_counts(self, kinds: Sequence[str], since: datetime, until: datetime) -> Mapping[str, int]:
        """How many events of each kind were written from one moment up to before another; zeros too."""
        ...

    def exchange_times(self, routes: Sequence[str], since: datetime, until: datetime) -> Sequence[ExchangeTimes]:
        """What happened when to the exchanges opened within two moments, of the newest twenty thousand."""
        ...

    def alert_days(self, first: date, last: date) -> Sequence[AlertDays]:
        """Alerts first told between two days, counted by that day and the day somebody acknowledged them."""
        ...

    def claims_answered(self, lane: str, spans: Sequence[tuple[date, date]]) -> Sequence[tuple[int, int]]:
        """For each span (ascending, days included) of the cases whose claim period ended in it: (with a claim filed
        within that period, all of them)."""
        ...

    def last_number(self, lane: str, states: Sequence[str], moment: datetime | None = None) -> int:
        """The highest number of a lane's packets in some states, up to a moment; 0 for none."""
        ...

    def landed_mark(self, lanes: Sequence[str]) -> tuple[int, str]:
        """How many rows landed on some lanes, and a text that changes with every landing."""
        ...

    def landed_rows(self, lanes: Sequence[str]) -> int:
        """How many rows ever landed from some lanes."""
        ...


class Ledger(Protocol):
    """Append-only record of what happened, and the landed rows beside it."""

    @property
    def tallies(self) -> Tallies:
        """What reports count."""
        ...

    def transaction(self) -> AbstractContextManager[LedgerWrite]:
        """Begin; commit at the end of the block, roll back on any exception. Writers wait for each other."""
        ...

    def one_moment(self) -> AbstractContextManager[None]:
        """Whatever this thread reads within the block is of one moment, and costs one connection. Whoever writes does
        so before: a transaction within would wait for a second connection."""
        ...

    def exchange(self, key: str) -> ExchangeRecord | None:
        """One exchange's record."""
        ...

    def exchanges(
        self, *, route: str | None = None, states: Sequence[str] | None = None, kind: str | None = None
    ) -> Sequence[ExchangeRecord]:
        """Exchanges in the order they were opened."""
        ...

    def packets(
        self, *, lane: str | None = None, direction: Direction | None = None, exchange: str | None = None,
        states: Sequence[str] | None = None, above: int | None = None, numbers: Collection[int] | None = None,
    ) -> Sequence[PacketRecord]:  # fmt: skip
        """Packets by lane and number; with `above` those of a higher number, with `numbers` these alone."""
        ...

    def newest(self, lane: str, *, receipts: bool | None = None) -> PacketRecord | None:
        """A lane's packet with the highest number; of its receipts alone, or of all others."""
        ...

    def settled(self, lane: str) -> PacketRecord | None:
        """The last packet of an incoming lane before the first gap: every number up to it is settled."""
        ...

    def untaken(self, lane: str) -> Sequence[str]:
        """Keys of a lane's collected packets that were neither settled, refused nor found a fork; sorted."""
        ...

    def unreceipted(self, lane: str) -> Sequence[str]:
        """Keys of a lane's incoming packets that may be owed a receipt yet: more are named than are owed one."""
        ...

    def events(self, *, exchange: str | None = None, kind: str | None = None) -> Iterator[Event]:
        """Events in order."""
        ...

    def last_event(self, kind: str) -> Event | None:
        """The newest event of a kind."""
        ...

    def unconfirmed(self, *, limit: int = 50, after: int = 0) -> Sequence[Event]:
        """Releases by rule or by one officer that nobody has confirmed, the oldest first; above a number of the
        chain."""
        ...

    def known_keys(self) -> Iterator[str]:
        """Every key an exchange or a packet goes by in the vault; one that both have comes twice."""
        ...

    def head(self) -> str:
        """Hash of the newest event; 64 zeros for none."""
        ...

    def landed(
        self,
        route: Route,
        dataset: str,
        *,
        until: datetime | int | None = None,
        keys: Sequence[str] | None = None,
        columns: Sequence[str] | None = None,
    ) -> pd.DataFrame:
        """The current rows (or of keys that begin with one of `keys`): for each case, or key without case_no, those of
        the latest packet that carried it, plus `_record`, `_number`, `_packet`. A dataset that no quarter carries
        (case_void) has a case's rows only while no later packet carried the case. With `until` as if nothing had
        landed after that moment, or under a higher packet number; `columns`: only these."""
        ...

    def carried(self, route: Route, datasets: Collection[str], cases: Collection[str]) -> Mapping[str, pd.DataFrame]:
        """What `landed` gives of these cases, however many, of each dataset (of cases), without `_number` and
        `_packet`, in no order."""
        ...

    def carried_hashes(
        self, route: Route, datasets: Collection[str], cases: Collection[str]
    ) -> Mapping[str, HashedRows]:
        """The hashes of the rows `carried` gives; of rows that would have to be looked for, one that no row has."""
        ...

    def rows_now(
        self, route: Route, dataset: str, *, keys: Sequence[str], columns: Sequence[str] | None = None
    ) -> Sequence[Mapping[str, str | None]]:
        """What `landed` gives, of a few keys, as plain values."""
        ...

    def rows_ever(
        self, route: Route, dataset: str, *, case_no: str | None = None, number: int | None = None,
        keys: Sequence[str] | None = None,
    ) -> Sequence[Mapping[str, str | None]]:  # fmt: skip
        """What `history` gives, of a case, a small packet or a few keys, as plain values."""
        ...

    def landed_parts(self, route: Route, dataset: str) -> Iterator[pd.DataFrame]:
        """The same rows part by part."""
        ...

    def history(
        self, route: Route, dataset: str, *, case_no: str | None = None, number: int | None = None,
        keys: Sequence[str] | None = None,
    ) -> pd.DataFrame:  # fmt: skip
        """Every landed row, current or not, of a case, of a packet's number, or whose key begins with one of `keys`,
        by packet and key; as `landed`."""
        ...

    def last_carried(self, route: Route, cases: Collection[str] | None = None) -> Mapping[str, str]:
        """Case → id of the packet that carried it last, taken back or not; of these cases, or of all."""
        ...

    def case(self, lane: str, case_no: str) -> CaseEntry | None:
        """A case as the last packet of a lane says; None when no packet of it carried the case."""
        ...

    def case_claims(self, lane: str, case_no: str) -> Sequence[str]:
        """Numbers of the claims of a lane that ever named a case, sorted."""
        ...

    def find_cases(
        self, lanes: Sequence[str], question: CaseQuestion, *, offset: int = 0, limit: int = 50, most: int = 1000
    ) -> FoundCases:
        """A page of the cases a question finds, newest acceptance first; of a search by words the first `most`."""
        ...

    def cases_due(
        self, lanes: Sequence[str], column: str, first: date, last: date, *, limit: int = 200
    ) -> Sequence[CaseEntry]:
        """Cases not taken back whose date (`domain.case_index.DATES`) lies between two days, the earliest first."""
        ...

    def told(self, route: Route, dataset: str, columns: Sequence[str]) -> pd.DataFrame:
        """Every combination of these columns ever landed, as text, with `_number`, the last packet that told it."""
        ...

    def breaks(
        self, *, route: str | None = None, prefix: str = "", ids: Collection[str] | None = None
    ) -> Sequence[BreakRecord]:
        """Breaks and infos whose id begins so (or is one of `ids`), as the comparison left them; worst first is not
        promised."""
        ...

    def break_works(
        self, *, route: str | None = None, prefix: str = "", ids: Collection[str] | None = None
    ) -> Sequence[BreakWork]:
        """What was done about breaks: those alone that somebody, or an answer, has touched."""
        ...

    def break_desk(self, query: DeskQuery, *, limit: int, offset: int = 0) -> Sequence[DeskRow]:
        """A part of this end's breaks, those of the counterpart's list too, in the query's order."""
        ...

    def break_counts(self, query: DeskQuery, *, by: Sequence[By] = ()) -> Sequence[DeskCount]:
        """How many breaks a query asks for, by some values (those of most first), or in one row all of them."""
        ...

    def alert(self, rule: str, subject: str) -> AlertRecord | None:
        """Where one alert stands."""
        ...

    def alerts(
        self, *, state: str | None = None, rule: str | None = None, subject: str | None = None,
        escalated: bool | None = None, limit: int = 1000, offset: int = 0,
    ) -> Sequence[AlertRecord]:  # fmt: skip
        """Alerts: open ones first, escalated before others, then those longest open; a part of them."""
        ...

    def alert_counts(self) -> Sequence[tuple[str, str, int, int]]:
        """(state, rule, how many, how many of them escalated)."""
        ...

    def listed_exchanges(
        self, wanted: Mapping[str, str], *, first: int = 0, most: int = 50
    ) -> tuple[int, Sequence[ExchangeRecord]]:
        """How many exchanges have these values (of `route`, `direction`, `kind`, `period`, `state`), and `most` of them
        from the `first`-th on, the last opened first."""
        ...

    def listed_packets(
        self, lane: str, *, kinds: Sequence[str] = (), states: Sequence[str] = (), below: int | None = None,
        most: int = 50,
    ) -> Sequence[PacketRecord]:  # fmt: skip
        """A lane's packets under a number, the highest number first."""
        ...

    def lanes(self) -> Sequence[str]:
        """Every lane a packet went on."""
        ...

    def listed_events(
        self, wanted: Mapping[str, str], *, kinds: Sequence[str] = (), since: datetime | None = None,
        until: datetime | None = None, below: int | None = None, most: int = 50,
    ) -> Sequence[Event]:  # fmt: skip
        """Events with these values (of `kind`, `exchange`, `actor`), of these kinds, from one moment on and before
        another, under a number, the newest first."""
        ...

    def event(self, seq: int) -> tuple[StoredEvent | None, StoredEvent | None, StoredEvent | None]:
        """The event before a number, that one, and the one after it, as they are stored."""
        ...

    def lock(self, name: str) -> AbstractContextManager[None]:
        """Hold a named lease for the block; RetryLater 907 when somebody living holds it."""
        ...

    def verify(self, *, anchors: Collection[str] = ()) -> Sequence[str]:
        """Walk the chain and fold it anew; each problem in words. `anchors`: hashes that were heads, to be in it."""
        ...
