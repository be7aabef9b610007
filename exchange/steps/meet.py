"""The joint meeting: file and answer a question, call a meeting, note what was resolved, see it done."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from exchange.domain import case_number
from exchange.domain import meeting_life as life
from exchange.domain.break_life import note_name
from exchange.domain.canonical import canonical_json, sha256_hex
from exchange.domain.errors import NeedsPerson
from exchange.domain.meeting_sharing import LONGEST, partner, way_to
from exchange.domain.officers import duties_of
from exchange.domain.period import Period
from exchange.domain.personal import check_telling
from exchange.domain.reason import SHORTEST, unusable
from exchange.domain.route import Agreement
from exchange.ports import Ledger, Vault


@dataclass(frozen=True, slots=True, kw_only=True)
class _Desk:
    """The ports this step needs, who asks, and with whom this end meets."""

    agreement: Agreement
    party: str
    other: str
    vault: Vault
    ledger: Ledger
    officers: Mapping[str, Sequence[str]]
    today: date
    by: str

    @property
    def alone(self) -> bool:
        """Whether nothing of this goes to the other side."""
        return way_to(self.agreement, self.party, self.other) is None

    def book(self) -> life.Book:
        """Everything as it stands."""
        return life.fold(self.ledger.events(exchange=life.meeting_key(self.other)), alone=self.alone)

    def kept(self, text: str, *, least: int = SHORTEST) -> str:
        """The hash of a text that is now in the vault; NeedsPerson 947, 926 for one that can't be."""
        text = life.cleaned(text)
        if not least <= len(text) <= LONGEST:
            raise unusable("meeting", least, LONGEST)
        check_telling(text, "meeting")
        self.vault.put(life.meeting_key(self.other), note_name(sha256_hex(text.encode())), text.encode())
        return sha256_hex(text.encode())

    def say(self, book: life.Book, code: str, subject: str, **told: Any) -> None:
        """One act, numbered above every one known here."""
        body = {
            "number": book.number + 1, "party": self.party, "by": self.by, "subject": subject,
            **{name: value for name, value in told.items() if value is not None},
        }  # fmt: skip
        body["act"] = f"{self.party}.{_digits(code, body)}"
        with self.ledger.transaction() as write:
            write.append(life.ACTS[code], exchange=life.meeting_key(self.other), actor=self.by, body=body)


def meet(
    act: str,
    *,
    by: str,
    told: Mapping[str, Any],
    other: str | None = None,
    agreement: Agreement,
    party: str,
    vault: Vault,
    ledger: Ledger,
    officers: Mapping[str, Sequence[str]],
    today: date,
) -> str:
    """Take one act about the joint meeting with another party; the id of what it is about. `share_meeting` sends it.

    `told` holds what the act needs: `file` kind, text, about · `answer` id, text · `settle`, `withdraw` id · `call`
    day, period, place · `move` meeting, day, place · `call_off` meeting · `put`, `take_off` id, meeting · `held`
    meeting, day · `resolve` meeting, text, owner (an officer here, or the other party's id), due_on, question ·
    `assign` id, owner · `finish` id, text · `reopen` id · `propose` meeting, route, figure, value, since, source. The
    same act again changes nothing.
    Raises NeedsPerson 905 (a value that can't be), 910 (not allowed), 914 (no such entry), 945 (its state, or
    whose it is, does not allow it), 926 (a number of a person in a text), 947 (a text that can't be used).
    """
    if act not in _DO:
        raise NeedsPerson(905, "There is no such act.", where=f"meeting {act}", next_step=f"One of {sorted(_DO)}.")
    duties_of(by, officers)
    other = partner(agreement, party, other)
    desk = _Desk(
        agreement=agreement, party=party, other=other, vault=vault, ledger=ledger, officers=officers, today=today,
        by=by,
    )  # fmt: skip
    with ledger.lock(f"meet:{other}"):
        return _DO[act](desk, told, desk.book())


def _file(desk: _Desk, told: Mapping[str, Any], book: life.Book) -> str:
    kind = told.get("kind")
    if kind not in ("policy", "interface"):
        raise _cannot("A question is of `policy` or `interface`.")
    about = {name: value for name, value in (told.get("about") or {}).items() if value}
    if "case" in about:
        about["case"] = _case(about["case"])
    text = desk.kept(told.get("text", ""))
    id = f"{desk.party}.{_digits(desk.by, text, about)}"
    known = book.questions.get(id)
    if known is None or known.withdrawn:
        desk.say(book, "filed", id, kind=kind, text_sha256=text, about=about)
    return id


def _case(text: str) -> str:
    number = case_number.normalise(text)
    if case_number.parse(number).form == "malformed":
        raise _cannot("That is no case number.")
    return number


def _answer(desk: _Desk, told: Mapping[str, Any], book: life.Book) -> str:
    question = _open(book, told["id"])
    text = desk.kept(told.get("text", ""))
    if not any((said.party, said.by, said.text_sha256) == (desk.party, desk.by, text) for said in question.answers):
        desk.say(book, "answered", question.id, text_sha256=text)
    return question.id


def _settle(desk: _Desk, told: Mapping[str, Any], book: life.Book) -> str:
    question: life.Question = life.found(book.questions, told["id"])
    if question.party != desk.party:
        raise _state("The side that filed a question says that it is settled.", question.id)
    if not question.settled:
        desk.say(book, "settled", _open(book, question.id).id)
    return question.id


def _withdraw(desk: _Desk, told: Mapping[str, Any], book: life.Book) -> str:
    question: life.Question = life.found(book.questions, told["id"])
    if (question.party, question.by) != (desk.party, desk.by):
        raise NeedsPerson(910, "Only who filed a question withdraws it.", where=f"question {question.id}",
                          next_step="Ask that officer.")  # fmt: skip
    if not question.withdrawn:
        desk.say(book, "withdrawn", _open(book, question.id).id)
    return question.id


def _call(desk: _Desk, told: Mapping[str, Any], book: life.Book) -> str:
    day, period = _coming(desk, told.get("day")), str(Period.parse(str(told.get("period", ""))))
    place, id = desk.kept(str(told.get("place", "")), least=1), day.isoformat()
    if id not in book.meetings or book.meetings[id].off:
        desk.say(book, "called", id, day=id, period=period, text_sha256=place)
    return id


def _move(desk: _Desk, told: Mapping[str, Any], book: life.Book) -> str:
    meeting = _waiting(book, told["meeting"])
    day, place = _coming(desk, told.get("day")), desk.kept(str(told.get("place", "")), least=1)
    if (meeting.day, meeting.place_sha256) != (day, place):
        desk.say(book, "moved", meeting.id, day=day.isoformat(), text_sha256=place)
    return meeting.id


def _call_off(desk: _Desk, told: Mapping[str, Any], book: life.Book) -> str:
    meeting: life.Meeting = life.found(book.meetings, told["meeting"])
    if not meeting.off:
        desk.say(book, "called_off", _waiting(book, meeting.id).id)
    return meeting.id


def _put(desk: _Desk, told: Mapping[str, Any], book: life.Book) -> str:
    meeting, question = _waiting(book, told["meeting"]), _open(book, told["id"])
    if question.meeting != meeting.id:
        desk.say(book, "put", question.id, meeting=meeting.id)
    return question.id


def _take_off(desk: _Desk, told: Mapping[str, Any], book: life.Book) -> str:
    question: life.Question = life.found(book.questions, told["id"])
    if question.meeting is not None and question.open:
        desk.say(book, "taken_off", question.id, meeting=question.meeting)
    return question.id


def _held(desk: _Desk, told: Mapping[str, Any], book: life.Book) -> str:
    meeting: life.Meeting = life.found(book.meetings, told["meeting"])
    day = _day(told.get("day"))
    if day > desk.today:
        raise _cannot("A meeting was held on a day that has come.")
    if meeting.held_on is None:
        desk.say(book, "held", _waiting(book, meeting.id).id, day=day.isoformat())
    return meeting.id


def _resolve(desk: _Desk, told: Mapping[str, Any], book: life.Book) -> str:
    meeting: life.Meeting = life.found(book.meetings, told["meeting"])
    question, owner = told.get("question") or None, told.get("owner", "")
    if question is not None:
        life.found(book.questions, question)
    if owner != desk.other and owner not in desk.officers:
        raise _cannot("A resolution has an owner: an officer of this end, or the other side.")
    text, due_on = desk.kept(told.get("text", "")), _day(told.get("due_on"))
    id = f"{desk.party}.{_digits(meeting.id, question, text)}"
    if id not in book.resolutions:
        whose = (desk.other, None) if owner == desk.other else (desk.party, owner)
        desk.say(book, "resolved", id, meeting=meeting.id, question=question, text_sha256=text, owner_party=whose[0],
                 owner=whose[1], day=due_on.isoformat())  # fmt: skip
    return id


def _assign(desk: _Desk, told: Mapping[str, Any], book: life.Book) -> str:
    resolution = _ours(desk, book, told["id"])
    if told.get("owner") not in desk.officers:
        raise _cannot("An officer of this end sees to it.")
    if resolution.owner != told["owner"]:
        desk.say(book, "assigned", resolution.id, owner=told["owner"])
    return resolution.id


def _finish(desk: _Desk, told: Mapping[str, Any], book: life.Book) -> str:
    resolution = _ours(desk, book, told["id"])
    text = desk.kept(told.get("text", ""))
    if resolution.finished_on is None:
        desk.say(book, "finished", resolution.id, text_sha256=text, day=desk.today.isoformat())
    return resolution.id


def _reopen(desk: _Desk, told: Mapping[str, Any], book: life.Book) -> str:
    resolution: life.Resolution = life.found(book.resolutions, told["id"])
    if resolution.finished_on is not None:
        desk.say(book, "reopened", resolution.id)
    return resolution.id


def _propose(desk: _Desk, told: Mapping[str, Any], book: life.Book) -> str:
    meeting: life.Meeting = life.found(book.meetings, told["meeting"])
    route = desk.agreement.route(str(told.get("route", "")))
    figure = str(told.get("figure", ""))
    if figure not in route.figures:
        raise _cannot("That route has no such figure.")
    try:
        value = Decimal(str(told.get("value", "")).strip())
    except InvalidOperation:
        value = Decimal("NaN")
    if not value.is_finite() or abs(value) >= Decimal(10) ** 15:
        raise _cannot("The new value is a number.")
    since, source = _day(told.get("since")), desk.kept(told.get("source", ""))
    id = f"{desk.party}.{_digits(meeting.id, route.id, figure, str(value), since.isoformat())}"
    if id not in book.proposals:
        desk.say(book, "proposed", id, meeting=meeting.id, route=route.id, figure=figure, value=f"{value:f}",
                 day=since.isoformat(), text_sha256=source)  # fmt: skip
    return id


def _digits(*told: Any) -> str:
    return hashlib.sha256(canonical_json(told)).hexdigest()[:12]


def _open(book: life.Book, id: str) -> life.Question:
    question: life.Question = life.found(book.questions, id)
    if not question.open:
        raise _state("The question is no longer open.", id)
    return question


def _waiting(book: life.Book, id: str) -> life.Meeting:
    meeting: life.Meeting = life.found(book.meetings, id)
    if not meeting.waits:
        raise _state("That meeting was held, or called off.", id)
    return meeting


def _ours(desk: _Desk, book: life.Book, id: str) -> life.Resolution:
    """A resolution this end sees to; where the other side has no part in these pages this end says it for it."""
    resolution: life.Resolution = life.found(book.resolutions, id)
    if resolution.owner_party != desk.party and not desk.alone:
        raise _state("The other side sees to it, and says when it is done.", id)
    return resolution


def _coming(desk: _Desk, text: Any) -> date:
    day = _day(text)
    if day < desk.today:
        raise _cannot("A meeting is called for today or a day to come.")
    return day


def _day(text: Any) -> date:
    try:
        return date.fromisoformat(str(text))
    except ValueError:
        raise _cannot("A day is written as 2026-10-20.") from None


def _cannot(what: str) -> NeedsPerson:
    return NeedsPerson(905, what, where="meeting", next_step="Correct it and send it again.")


def _state(what: str, where: str) -> NeedsPerson:
    return NeedsPerson(945, what, where=f"meeting {where}", next_step="Look at the page again.")


_DO: Final = {
    "file": _file, "answer": _answer, "settle": _settle, "withdraw": _withdraw, "call": _call, "move": _move,
    "call_off": _call_off, "put": _put, "take_off": _take_off, "held": _held, "resolve": _resolve, "assign": _assign,
    "finish": _finish, "reopen": _reopen, "propose": _propose,
}  # fmt: skip
