"""The seams: what the steps may ask of the world. Each has a real and a simple implementation.

| port | real | simple |
|---|---|---|
| Source | adapters/source_sql (PostgreSQL, SQLite), adapters/source_xml (a folder) | any object with `read` |
| Vault | adapters/vault_fs on a disk or object store | the same on `memory://` |
| Ledger | adapters/ledger_sql on PostgreSQL | the same on SQLite |
| Channel | adapters/channel_sftp (OpenSSH) | adapters/channel_folder (disc, USB, shared folder) |
| Keys | adapters/keys_files | the same in a temporary folder |
| Checker | adapters/checker_gx (Great Expectations) | adapters/checker_plain |
| Notifier | adapters/notify_apprise (mail) | adapters/notify_log |
| Clock | the system's | a fixed instant |
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, BinaryIO, Final, Literal, Protocol

from exchange.domain import alert_life, audit, break_desk, break_life, rowcheck, sequence

if TYPE_CHECKING:
    import pandas as pd
    from cryptography.x509 import Certificate

    from exchange.domain.calendar import WorkCalendar
    from exchange.domain.case_entry import CaseEntry, CaseQuestion, FoundCases
    from exchange.domain.contract import Contract
    from exchange.domain.report_figures import AlertDays, ExchangeTimes
    from exchange.domain.route import Agreement, Route
    from exchange.domain.runs import Rows

Clock = Callable[[], datetime]
"""Now, as an aware UTC time."""

IsWorkday = Callable[[date], bool]
"""Whether a day is a China working day; unknown years are answered by weekday and listed by the calendar."""


_NOTHING: Final[Mapping[str, Sequence[str]]] = MappingProxyType({})


class Source(Protocol):
    """A party's own records, read as the datasets of a route."""

    def read(
        self, route: Route, *, courts: Sequence[str], since: date, beside: Mapping[str, Sequence[str]] = _NOTHING
    ) -> Mapping[str, pd.DataFrame]:
        """One consistent read of every dataset that has a query or mapping in `sources/<party>`.

        Frames hold `str` columns named as the contract's, in wire form (dates ISO, money two places, codes
        mapped; what can't be mapped stays as it was), empty as missing (but for a case's own number, as it stands),
        plus `_record` (source id of the case, or of the row that stands alone, text). Only the contract's columns; the
        rows of the courts' cases, at least those selected.
        `beside` names private queries (`_docket`) and the columns each must have: those the source has are read at
        the same moment and given under their names. What they give is never sent.
        A dataset the source does not hold has no frame. Raises RetryLater 901, NeedsPerson 902, 903, 927, 928.
        """
        ...


class Vault(Protocol):
    """Files at rest, by exchange. Names are relative, `/`-separated. Every write is atomic: whole or absent."""

    def put(self, exchange: str, name: str, data: bytes) -> str:
        """Store bytes, return their SHA-256 in hex."""
        ...

    def put_file(self, exchange: str, name: str, local: Path) -> str:
        """Store a local file's bytes, return their SHA-256 in hex. The local file stays."""
        ...

    def get(self, exchange: str, name: str) -> bytes:
        """The stored bytes; NeedsPerson 914 when there are none."""
        ...

    def open(self, exchange: str, name: str) -> AbstractContextManager[BinaryIO]:
        """A stored file, opened for reading."""
        ...

    def has(self, exchange: str, name: str) -> bool:
        """Whether a file of that name is stored."""
        ...

    def names(self, exchange: str, under: str = "") -> Sequence[str]:
        """Stored names below a folder, sorted."""
        ...

    def where(self, exchange: str, name: str) -> str:
        """What a person would open: a path, or a URL for an object store."""
        ...

    def workdir(self) -> AbstractContextManager[Path]:
        """A private local folder (mode 0700) on the vault's disk, gone afterwards."""
        ...


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

    def unconfirmed(self, *, limit: int = 50) -> Sequence[Event]:
        """Releases by rule or by one officer that nobody has confirmed, the oldest first."""
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
        landed after that moment, or under a higher packet number; `columns`: of the contract's only these."""
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


class Channel(Protocol):
    """How packets of a lane travel. One object serves both ways of one end with one counterpart."""

    def publish(self, packet_id: str, files: Mapping[str, Path], *, again: bool = False) -> None:
        """Make the packet appear at the far side, whole and once (`again`: also when it was taken there already).
        Asks first; resumes what it left. Raises RetryLater 101, 104, 105; NeedsPerson 102, 103, 106, 107."""
        ...

    def delivered(self, packet_id: str) -> bool:
        """Whether the far side has it whole (waiting or already taken)."""
        ...

    def arrived(self) -> Sequence[str]:
        """Names of packets for us with READY in place, in name order."""
        ...

    def fetch(self, packet_id: str, into: Path) -> None:
        """Copy an arrived packet's files into an empty local folder."""
        ...

    def taken(self, packet_id: str) -> None:
        """Move an arrived packet out of the way; again is safe."""
        ...

    def close(self) -> None:
        """End the connection."""
        ...


class Keys(Protocol):
    """Private keys of this end and pinned certificates of the others. Raises NeedsPerson 203 to 207."""

    def signing(self) -> tuple[Any, Certificate]:
        """This end's current signing key and certificate."""
        ...

    def decrypting(self) -> Sequence[tuple[Any, Certificate]]:
        """This end's decryption keys, newest first."""
        ...

    def archive_certificate(self) -> Certificate:
        """The certificate of this end's archive key."""
        ...

    def trusted(self, party: str, role: Literal["sign", "decrypt"]) -> Sequence[Certificate]:
        """The counterpart's pinned certificates for a role, newest first; 202 when none is pinned."""
        ...


RowCheck = rowcheck.RowCheck


class Checker(Protocol):
    """Runs a contract's row rules over a frame."""

    def run(self, contract: Contract, checks: Sequence[RowCheck], frame: pd.DataFrame) -> Mapping[str, Sequence[int]]:
        """Positions of the rows that break each rule. A rule that crashes raises NeedsPerson 915."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """A warning to a person. Text holds a reference, never personal data."""

    rule: str
    case_no: str
    day: date
    title: str
    text: str


class Notifier(Protocol):
    """Brings an alert to people."""

    def send(self, alert: Alert) -> None:
        """Deliver; RetryLater 108 when the mail server is away."""
        ...


class Scheduler(Protocol):
    """A scheduler of this machine that runs one end's DAGs, for rehearsals."""

    home: Path

    def start(self) -> None:
        """Start it and wait until it is healthy."""
        ...

    def stop(self) -> None:
        """End it and everything it started."""
        ...

    def unpause(self, dag_id: str) -> None:
        """Let a DAG run on its schedule."""
        ...

    def pause(self, dag_id: str) -> None:
        """Stop a DAG's schedule; a run under way goes on."""
        ...

    def trigger(self, dag_id: str, conf: Mapping[str, Any] | None = None) -> str:
        """Start a run; its id."""
        ...

    def scheduled(self, dag_id: str) -> str:
        """Unpause a DAG and wait for its first scheduled run; its id."""
        ...

    def wait(self, dag_id: str, run_id: str, *, timeout_seconds: float = 300) -> str:
        """A run's state once it has ended."""
        ...


class Pages(Protocol):
    """Renders what people open: one self-contained offline HTML file each, values masked."""

    def report(self, data: Mapping[str, Any]) -> str:
        """The checks page of an exchange, from its outcome."""
        ...

    def answer(self, data: Mapping[str, Any]) -> str:
        """The page of an answer made at the tax end."""
        ...

    def received(self, data: Mapping[str, Any]) -> str:
        """The page of a packet received, and of what was told its sender."""
        ...

    def breaks(self, data: Mapping[str, Any]) -> str:
        """The list of breaks of an exchange."""
        ...

    def changes(self, data: Mapping[str, Any]) -> str:
        """What differs between two exchanges, or what a correction changes."""
        ...

    def shared(self, data: Mapping[str, Any]) -> str:
        """What of breaks goes to the other side."""
        ...

    def rehearsal(self, data: Mapping[str, Any]) -> str:
        """Stored rounds under a proposed agreement."""
        ...

    def statement(self, data: Mapping[str, Any]) -> str:
        """A quarter's statement, or one case's of it."""
        ...


class Sheets(Protocol):
    """Renders spreadsheets: text cells, formulas neutralised."""

    def breaks(self, data: Mapping[str, Any]) -> bytes:
        """The list of breaks as XLSX."""
        ...

    def changes(self, data: Mapping[str, Any]) -> bytes:
        """What differs between two exchanges as XLSX."""
        ...

    def statement(self, data: Mapping[str, Any]) -> bytes:
        """A quarter's statement as XLSX."""
        ...

    def report(self, data: Mapping[str, Any]) -> bytes:
        """A report as XLSX: a sheet a table, numbers as numbers."""
        ...

    def lists(self, data: Mapping[str, Any]) -> bytes:
        """Plain lists as XLSX: `title`, `as_of`, and `sheets`, each with `name`, `heads` (title, width) and `rows`."""
        ...


class Prints(Protocol):
    """Renders what is printed and signed by hand."""

    def statement(self, data: Mapping[str, Any]) -> bytes:
        """A statement as PDF, A4; NeedsPerson 935 when this machine has no font with Chinese characters."""
        ...


class Spread(Protocol):
    """Takes a journey with several batches at once, each in a process of its own that opens this end anew."""

    def __call__(self, journey: Callable[[Parts, str, str], None], key: str, batches: Sequence[str]) -> None:
        """Run `journey(parts, key, batch)` for every batch; what one of them raises, when none runs any more."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """Every port of one end. Journeys hand each step the ones its signature names."""

    agreement: Agreement
    party: str
    schemas: Mapping[str, Mapping[str, Any]]
    source: Source
    vault: Vault
    ledger: Ledger
    channels: Mapping[str, Channel]
    keys: Keys
    checker: Checker
    notifier: Notifier
    pages: Pages
    sheets: Sheets
    prints: Prints
    clock: Clock
    calendar: WorkCalendar
    is_workday: IsWorkday
    today: date
    officers: Mapping[str, Sequence[str]] = field(default_factory=dict)
    actor: str = "system"
    batch_size: int = 50
    spread: Spread | None = None
    """None: one batch after the other, here."""
