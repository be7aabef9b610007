"""The joint meeting (联席会议): questions filed, put on an agenda, resolved; resolutions that come back until done.

What stands where is the fold of the ledger's events of these kinds. Texts are kept in the vault under their hash; an
event holds the hash. Source: the two offices' mechanism 联席会议, on tax policy in bankruptcy and the interface.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any, Final, Literal

from exchange.domain.audit import Event
from exchange.domain.errors import NeedsPerson

FILED, WITHDRAWN, CALLED, PUT, TAKEN_OFF, HELD = (
    "question_filed", "question_withdrawn", "meeting_called", "question_put", "question_taken_off", "meeting_held",
)  # fmt: skip
RESOLVED, FINISHED, REOPENED, PROPOSED = (
    "resolution_noted", "resolution_finished", "resolution_reopened", "figure_proposed",
)  # fmt: skip
KINDS: Final = (FILED, WITHDRAWN, CALLED, PUT, TAKEN_OFF, HELD, RESOLVED, FINISHED, REOPENED, PROPOSED)

QuestionKind = Literal["policy", "interface"]
OTHER_SIDE: Final = "counterpart"
"""The owner of a resolution the other side carries out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One question: of tax policy in bankruptcy, or a problem of the interface. `about` names a case, a break or an
    exchange by key. `meeting` is the agenda it stands on."""

    id: str
    kind: QuestionKind
    text_sha256: str
    about: Mapping[str, str]
    by: str
    at: datetime
    meeting: str | None = None
    withdrawn: bool = False
    resolved_by: str | None = None

    @property
    def open(self) -> bool:
        """Whether it still waits for a meeting's word."""
        return not self.withdrawn and self.resolved_by is None


@dataclass(frozen=True, slots=True, kw_only=True)
class Meeting:
    """One meeting; its id is the day it was first called for."""

    id: str
    day: date
    period: str
    place_sha256: str
    by: str
    held_on: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolution:
    """What a meeting resolved, who sees to it, and by when. `finished_sha256` is the hash of what was done."""

    id: str
    meeting: str
    question: str | None
    text_sha256: str
    owner: str
    due_on: date
    by: str
    finished_sha256: str | None = None
    finished_on: date | None = None

    def days_left(self, today: date) -> int:
        """Days to the day agreed; negative when it has passed."""
        return (self.due_on - today).days


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """A figure the meeting agreed on, as a change of the agreement still to be made by both sides."""

    id: str
    meeting: str
    route: str
    figure: str
    value: str
    since: date
    source_sha256: str
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Book:
    """Everything the meetings of an end are about, by id, in the order it came."""

    questions: Mapping[str, Question]
    meetings: Mapping[str, Meeting]
    resolutions: Mapping[str, Resolution]
    proposals: Mapping[str, Proposal]

    @property
    def next(self) -> Meeting | None:
        """The meeting called and not yet held that comes first."""
        waiting = [m for m in self.meetings.values() if m.held_on is None]
        return min(waiting, key=lambda m: m.day) if waiting else None

    def agenda(self, meeting: str) -> Sequence[Question]:
        """The questions of a meeting, policy first, in the order they were filed."""
        mine = [q for q in self.questions.values() if q.meeting == meeting and not q.withdrawn]
        return sorted(mine, key=lambda q: (q.kind != "policy", q.at))

    def unfinished(self) -> Sequence[Resolution]:
        """Resolutions that come back until they are done, the most urgent first."""
        return sorted((r for r in self.resolutions.values() if r.finished_on is None), key=lambda r: r.due_on)


def meeting_key(party: str) -> str:
    """Under which the ledger and the vault keep what belongs to an end's meetings."""
    return f"{party}.meeting"


def fold(events: Iterable[Event]) -> Book:
    """Where everything stands, from the events of `KINDS` in order."""
    questions: dict[str, Question] = {}
    meetings: dict[str, Meeting] = {}
    resolutions: dict[str, Resolution] = {}
    proposals: dict[str, Proposal] = {}
    for event in sorted((e for e in events if e.kind in KINDS), key=lambda e: e.seq):
        body = event.body
        if event.kind in (FILED, WITHDRAWN, PUT, TAKEN_OFF):
            _question(questions, event)
        elif event.kind == CALLED:
            meetings[body["meeting"]] = Meeting(
                id=body["meeting"], day=date.fromisoformat(body["day"]), period=body["period"],
                place_sha256=body["place_sha256"], by=event.actor,
            )  # fmt: skip
        elif event.kind == HELD:
            meetings[body["meeting"]] = replace(meetings[body["meeting"]], held_on=date.fromisoformat(body["day"]))
        elif event.kind == PROPOSED:
            proposals[body["id"]] = Proposal(
                id=body["id"], meeting=body["meeting"], route=body["route"], figure=body["figure"], value=body["value"],
                since=date.fromisoformat(body["since"]), source_sha256=body["source_sha256"], by=event.actor,
            )  # fmt: skip
        else:
            _resolution(resolutions, questions, event)
    return Book(questions=questions, meetings=meetings, resolutions=resolutions, proposals=proposals)


def _question(questions: dict[str, Question], event: Event) -> None:
    body: Mapping[str, Any] = event.body
    id = body["id"]
    if event.kind == FILED:
        questions[id] = Question(
            id=id, kind=body["kind"], text_sha256=body["text_sha256"], about=body["about"], by=event.actor, at=event.at
        )
    elif event.kind == WITHDRAWN:
        questions[id] = replace(questions[id], withdrawn=True, meeting=None)
    else:
        questions[id] = replace(questions[id], meeting=body["meeting"] if event.kind == PUT else None)


def _resolution(resolutions: dict[str, Resolution], questions: dict[str, Question], event: Event) -> None:
    body: Mapping[str, Any] = event.body
    id = body["id"]
    if event.kind == RESOLVED:
        resolutions[id] = Resolution(
            id=id, meeting=body["meeting"], question=body.get("question"), text_sha256=body["text_sha256"],
            owner=body["owner"], due_on=date.fromisoformat(body["due_on"]), by=event.actor,
        )  # fmt: skip
        if (asked := body.get("question")) in questions:
            questions[asked] = replace(questions[asked], resolved_by=id)
    elif event.kind == FINISHED:
        resolutions[id] = replace(
            resolutions[id], finished_sha256=body["text_sha256"], finished_on=date.fromisoformat(body["day"])
        )
    else:
        resolutions[id] = replace(resolutions[id], finished_sha256=None, finished_on=None)


def found(what: Mapping[str, Any], id: str) -> Any:
    """One of them; NeedsPerson 914 when there is none of that id."""
    if id not in what:
        raise NeedsPerson(914, "There is no such entry.", where=f"meeting {id}", next_step="Look at the list again.")
    return what[id]
