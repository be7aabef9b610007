"""What the console keeps of its own, beside the ledger: people, sessions, drafts, jobs. One real store, one seam.

Nothing here decides about an exchange; decisions are events of the ledger. Lost, it can be set up anew.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, Protocol

from exchange.domain.person import Delegation, Person

JobState = Literal["waiting", "running", "done", "failed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """Somebody signed in. `csrf` is asked back with every form; `renewed` says when the person was last here."""

    person: str
    csrf: str
    began: datetime
    renewed: datetime
    revealed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """Work that outlasts a page: what, with which arguments, asked by whom, and how it went.

    `found` holds what it led to (an exchange's key), `code`, `what`, `where` the error it ended with.
    """

    id: int
    kind: str
    arguments: Mapping[str, Any]
    by: str
    state: JobState
    asked_at: datetime
    ended_at: datetime | None = None
    found: Mapping[str, Any] = field(default_factory=dict)
    code: int | None = None
    what: str = ""
    where: str = ""


class Desk(Protocol):
    """People and what they have on their desks. Raises RetryLater 901, 907; NeedsPerson 902, 905."""

    def people(self) -> Sequence[Person]:
        """Everybody, by id."""
        ...

    def person(self, id: str) -> Person | None:
        """One person."""
        ...

    def save_person(self, person: Person) -> None:
        """Insert or replace by id."""
        ...

    def delegations(self) -> Sequence[Delegation]:
        """Every delegation ever made, newest first."""
        ...

    def delegate(self, delegation: Delegation) -> Delegation:
        """Store a delegation (its id is given here); with the id of one that is there, replace it."""
        ...

    def open_session(self, person: str, now: datetime) -> str:
        """A new session's secret; only its hash is kept."""
        ...

    def session(self, secret: str) -> Session | None:
        """The session of a secret."""
        ...

    def renew(self, secret: str, now: datetime, *, revealed: Sequence[str] | None = None) -> None:
        """Note that the person is still here, and what was revealed to them."""
        ...

    def close_sessions(self, *, secret: str | None = None, person: str | None = None) -> None:
        """End one session, or all of a person's."""
        ...

    def draft(self, person: str, form: str) -> str:
        """What a person had typed into a form; empty for nothing."""
        ...

    def keep_draft(self, person: str, form: str, text: str, now: datetime) -> None:
        """Keep what was typed; empty text forgets it."""
        ...

    def ask(self, kind: str, arguments: Mapping[str, Any], *, by: str, now: datetime) -> Job:
        """A new job, waiting; the same one while an equal job waits or runs."""
        ...

    def take(self) -> Job | None:
        """The oldest job that is not ended, running from now on: also one whose worker died. One asks at a time."""
        ...

    def end(self, job: Job, now: datetime) -> None:
        """Store how a job ended (its state, `found`, `code`, `what`, `where`)."""
        ...

    def job(self, id: int) -> Job | None:
        """One job."""
        ...

    def jobs(self, *, limit: int = 20) -> Sequence[Job]:
        """The newest jobs."""
        ...

    def close(self) -> None:
        """Give all connections back."""
        ...
