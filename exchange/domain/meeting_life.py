"""The joint meeting (联席会议): questions answered, put on an agenda, resolved; resolutions come back until done.

What stands where is the fold of the acts of both sides. Each act has a number above every one its end knew, so both
ends that know the same acts see the same agenda, whatever way they came (docs/adr/0032-meetings-travel.md). Texts are
kept in the vault under their hash. Source: the two offices' mechanism 联席会议, on tax policy in bankruptcy and the
interface.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from types import MappingProxyType
from typing import Any, Final, Literal

from exchange.domain.audit import Event
from exchange.domain.errors import NeedsPerson

ACTS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "filed": "question_filed", "answered": "question_answered", "settled": "question_settled",
        "withdrawn": "question_withdrawn", "put": "question_put", "taken_off": "question_taken_off",
        "called": "meeting_called", "moved": "meeting_moved", "called_off": "meeting_called_off",
        "held": "meeting_held", "resolved": "resolution_noted", "assigned": "resolution_assigned",
        "finished": "resolution_finished", "reopened": "resolution_reopened", "proposed": "figure_proposed",
    }
)  # fmt: skip
"""Code of an act (schemas/codes/meeting_act.csv) → kind of its event."""
KINDS: Final = frozenset(ACTS.values())
CODES: Final[Mapping[str, str]] = MappingProxyType({kind: code for code, kind in ACTS.items()})

QuestionKind = Literal["policy", "interface"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """One act of one side. `subject` is the question, meeting, resolution or proposal it is about; `told` the rest of
    its event's body."""

    id: str
    number: int
    code: str
    subject: str
    party: str
    by: str
    at: datetime
    told: Mapping[str, Any] = field(default_factory=dict)

    @property
    def day(self) -> date:
        """The day it names."""
        return date.fromisoformat(self.told["day"])


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What one side says to a question."""

    party: str
    by: str
    at: datetime
    text_sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One question: of tax policy in bankruptcy, or a problem of the interface. `about` names a case, a break or an
    exchange by key. `meeting` is the agenda it stands on; `settled`: its side says that an answer was enough."""

    id: str
    kind: QuestionKind
    text_sha256: str
    about: Mapping[str, str]
    party: str
    by: str
    at: datetime
    answers: tuple[Answer, ...] = ()
    meeting: str | None = None
    withdrawn: bool = False
    settled: bool = False
    resolved_by: str | None = None

    @property
    def open(self) -> bool:
        """Whether it still waits for a word."""
        return not self.withdrawn and not self.settled and self.resolved_by is None


@dataclass(frozen=True, slots=True, kw_only=True)
class Meeting:
    """One meeting; its id is the day it was first called for, so that both sides mean the same one."""

    id: str
    day: date
    period: str
    place_sha256: str
    party: str
    by: str
    held_on: date | None = None
    off: bool = False

    @property
    def waits(self) -> bool:
        """Whether it is still to be held."""
        return self.held_on is None and not self.off


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolution:
    """What a meeting resolved, which side sees to it and by when; `owner` is the officer there once one is named.
    `finished_sha256` is the hash of what was done."""

    id: str
    meeting: str
    question: str | None
    text_sha256: str
    owner_party: str
    owner: str | None
    due_on: date
    party: str
    by: str
    finished_sha256: str | None = None
    finished_on: date | None = None

    def late(self, today: date, days: int) -> bool:
        """Whether it is not done, and more than so many days past the day agreed."""
        return self.finished_on is None and self.days_left(today) < -days

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
    party: str
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Book:
    """Everything the meetings with one party are about, by id, in order. `number` is the highest of an act."""

    questions: Mapping[str, Question]
    meetings: Mapping[str, Meeting]
    resolutions: Mapping[str, Resolution]
    proposals: Mapping[str, Proposal]
    number: int

    @property
    def next(self) -> Meeting | None:
        """The meeting called and not yet held that comes first."""
        waiting = [m for m in self.meetings.values() if m.waits]
        return min(waiting, key=lambda m: m.day) if waiting else None

    def agenda(self, meeting: str) -> Sequence[Question]:
        """The questions of a meeting, policy first, in the order they were filed."""
        mine = [q for q in self.questions.values() if q.meeting == meeting and not q.withdrawn]
        return sorted(mine, key=lambda q: (q.kind != "policy", q.at, q.id))

    def unfinished(self) -> Sequence[Resolution]:
        """Resolutions that come back until they are done, the most urgent first."""
        return sorted((r for r in self.resolutions.values() if r.finished_on is None), key=lambda r: (r.due_on, r.id))


def cleaned(text: str) -> str:
    """A text without what turns a line around or means something to a printer or a terminal; line ends stay."""
    return "".join(c for c in text.strip() if c == "\n" or unicodedata.category(c) not in ("Cc", "Cf", "Cs"))


def meeting_key(other: str) -> str:
    """Under which the ledger and the vault of an end keep its meetings with another party."""
    return f"{other}.meeting"


def act_of(event: Event) -> Act:
    """The act an event tells. One of the other side names the moment it was done there."""
    body = event.body
    at = datetime.fromisoformat(body["at"]) if "at" in body else event.at
    return Act(
        id=body["act"], number=body["number"], code=CODES[event.kind], subject=body["subject"], party=body["party"],
        by=body["by"], at=at, told=body,
    )  # fmt: skip


def acts_of(events: Iterable[Event]) -> list[Act]:
    """The acts among some events, in the order in which both ends take them: by number, then party, then id."""
    return sorted((act_of(e) for e in events if e.kind in KINDS), key=lambda act: (act.number, act.party, act.id))


def fold(events: Iterable[Event], *, alone: bool = False) -> Book:
    """Where everything stands. An act whose subject is not known, or whose side may not do it, changes nothing: it may
    have crossed another one. `alone`: the other side has no part in these pages, so this end says for it what is done.
    """
    book, last = _Making(), 0
    for act in acts_of(events):
        _TAKE[act.code](book, act, alone)
        last = act.number
    return Book(
        questions=book.questions, meetings=book.meetings, resolutions=book.resolutions, proposals=book.proposals,
        number=last,
    )  # fmt: skip


@dataclass(slots=True, kw_only=True)
class _Making:
    """A book while its acts are taken one after another."""

    questions: dict[str, Question] = field(default_factory=dict)
    meetings: dict[str, Meeting] = field(default_factory=dict)
    resolutions: dict[str, Resolution] = field(default_factory=dict)
    proposals: dict[str, Proposal] = field(default_factory=dict)


def _filed(book: _Making, act: Act, _: bool) -> None:
    known = book.questions.get(act.subject)
    if known is None or known.withdrawn:
        book.questions[act.subject] = Question(
            id=act.subject, kind=act.told["kind"], text_sha256=act.told["text_sha256"],
            about=act.told.get("about", {}), party=act.party, by=act.by, at=act.at,
        )  # fmt: skip


def _answered(book: _Making, act: Act, _: bool) -> None:
    if question := book.questions.get(act.subject):
        said = Answer(party=act.party, by=act.by, at=act.at, text_sha256=act.told["text_sha256"])
        book.questions[act.subject] = replace(question, answers=(*question.answers, said))


def _ended(name: str) -> Callable[[_Making, Act, bool], None]:
    def take(book: _Making, act: Act, _: bool) -> None:
        question = book.questions.get(act.subject)
        if question and question.open and question.party == act.party:
            ended: dict[str, Any] = {name: True} | ({"meeting": None} if name == "withdrawn" else {})
            book.questions[act.subject] = replace(question, **ended)

    return take


def _put(book: _Making, act: Act, _: bool) -> None:
    question, meeting = book.questions.get(act.subject), book.meetings.get(act.told["meeting"])
    if question and question.open and meeting and meeting.waits:
        book.questions[act.subject] = replace(question, meeting=meeting.id)


def _taken_off(book: _Making, act: Act, _: bool) -> None:
    question = book.questions.get(act.subject)
    if question and question.open and question.meeting == act.told["meeting"]:
        book.questions[act.subject] = replace(question, meeting=None)


def _called(book: _Making, act: Act, _: bool) -> None:
    known = book.meetings.get(act.subject)
    if known is None or known.off:
        book.meetings[act.subject] = Meeting(
            id=act.subject, day=act.day, period=act.told["period"], place_sha256=act.told["text_sha256"],
            party=act.party, by=act.by,
        )  # fmt: skip


def _moved(book: _Making, act: Act, _: bool) -> None:
    meeting = book.meetings.get(act.subject)
    if meeting and meeting.waits:
        book.meetings[act.subject] = replace(meeting, day=act.day, place_sha256=act.told["text_sha256"])


def _called_off(book: _Making, act: Act, _: bool) -> None:
    meeting = book.meetings.get(act.subject)
    if meeting and meeting.waits:
        book.meetings[act.subject] = replace(meeting, off=True)
        for question in [q for q in book.questions.values() if q.meeting == meeting.id and q.open]:
            book.questions[question.id] = replace(question, meeting=None)


def _held(book: _Making, act: Act, _: bool) -> None:
    meeting = book.meetings.get(act.subject)
    if meeting and meeting.held_on is None:
        book.meetings[act.subject] = replace(meeting, held_on=act.day, off=False)


def _resolved(book: _Making, act: Act, _: bool) -> None:
    told = act.told
    if act.subject not in book.resolutions:
        book.resolutions[act.subject] = Resolution(
            id=act.subject, meeting=told["meeting"], question=told.get("question"), text_sha256=told["text_sha256"],
            owner_party=told["owner_party"], owner=told.get("owner"), due_on=act.day, party=act.party, by=act.by,
        )  # fmt: skip
    asked = book.questions.get(told.get("question") or "")
    if asked and asked.open:
        book.questions[asked.id] = replace(asked, resolved_by=act.subject, meeting=told["meeting"])


def _assigned(book: _Making, act: Act, alone: bool) -> None:
    resolution = book.resolutions.get(act.subject)
    if resolution and (alone or resolution.owner_party == act.party):
        book.resolutions[act.subject] = replace(resolution, owner=act.told["owner"])


def _finished(book: _Making, act: Act, alone: bool) -> None:
    resolution = book.resolutions.get(act.subject)
    if resolution and resolution.finished_on is None and (alone or resolution.owner_party == act.party):
        book.resolutions[act.subject] = replace(
            resolution, finished_sha256=act.told["text_sha256"], finished_on=act.day
        )


def _reopened(book: _Making, act: Act, _: bool) -> None:
    if resolution := book.resolutions.get(act.subject):
        book.resolutions[act.subject] = replace(resolution, finished_sha256=None, finished_on=None)


def _proposed(book: _Making, act: Act, _: bool) -> None:
    told = act.told
    if act.subject not in book.proposals:
        book.proposals[act.subject] = Proposal(
            id=act.subject, meeting=told["meeting"], route=told["route"], figure=told["figure"], value=told["value"],
            since=act.day, source_sha256=told["text_sha256"], party=act.party, by=act.by,
        )  # fmt: skip


_TAKE: Final[Mapping[str, Callable[[_Making, Act, bool], None]]] = {
    "filed": _filed, "answered": _answered, "settled": _ended("settled"), "withdrawn": _ended("withdrawn"),
    "put": _put, "taken_off": _taken_off, "called": _called, "moved": _moved, "called_off": _called_off,
    "held": _held, "resolved": _resolved, "assigned": _assigned, "finished": _finished, "reopened": _reopened,
    "proposed": _proposed,
}  # fmt: skip


def found(what: Mapping[str, Any], id: str) -> Any:
    """One of them; NeedsPerson 914 when there is none of that id."""
    if id not in what:
        raise NeedsPerson(914, "There is no such entry.", where=f"meeting {id}", next_step="Look at the list again.")
    return what[id]
