"""What lies outside a step: sources, files, channels, keys, checks, people who are told, a scheduler, the clock."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, BinaryIO, Final, Literal, Protocol

from exchange.domain import rowcheck

if TYPE_CHECKING:
    import pandas as pd
    from cryptography.x509 import Certificate

    from exchange.domain.choice import Choice
    from exchange.domain.contract import Contract
    from exchange.domain.route import Route

Clock = Callable[[], datetime]
"""Now, as an aware UTC time."""

IsWorkday = Callable[[date], bool]
"""Whether a day is a China working day; unknown years are answered by weekday and listed by the calendar."""


_NOTHING: Final[Mapping[str, Sequence[str]]] = MappingProxyType({})


class Source(Protocol):
    """A party's own records, read as the datasets of a route."""

    def read(
        self,
        route: Route,
        *,
        courts: Sequence[str],
        since: date,
        beside: Mapping[str, Sequence[str]] = _NOTHING,
        only: Choice | None = None,
    ) -> Mapping[str, pd.DataFrame]:
        """One consistent read of every dataset that has a query or mapping in `sources/<party>`.

        Frames hold `str` columns named as the contract's, in wire form (dates ISO, money two places, codes
        mapped; what can't be mapped stays as it was), empty as missing (but for a case's own number, as it stands),
        plus `_record` (source id of the case, or of the row that stands alone, text). Only the contract's columns; the
        rows of the courts' cases, at least those selected.
        `beside` names private queries (`_docket`) and the columns each must have: those the source has are read at
        the same moment and given under their names. What they give is never sent.
        With `only` no more than the records it chooses, shown the cases part by part, and what belongs to them: memory
        follows these, not the register. A dataset that stands alone then has no rows.
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
        """A private local folder (mode 0700) on the vault's disk, gone afterwards; NeedsPerson 906 for a full disk."""
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
