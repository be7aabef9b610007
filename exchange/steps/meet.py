"""The joint meeting: file a question, call a meeting, put and take off, note what was resolved, see it done."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from exchange.domain import meeting_life as life
from exchange.domain.break_life import note_name
from exchange.domain.errors import NeedsPerson
from exchange.domain.officers import duties_of
from exchange.domain.period import Period
from exchange.domain.personal import check_telling
from exchange.domain.route import Agreement
from exchange.ports import Ledger, Vault

LEAST, LONGEST = 5, 2000
"""Characters a text has at least, and at most."""

ACTS: Final = frozenset(
    {"file", "withdraw", "call", "put", "take_off", "held", "resolve", "finish", "reopen", "propose"}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Desk:
    """The ports this step needs, and who asks."""

    agreement: Agreement
    party: str
    vault: Vault
    ledger: Ledger
    officers: Mapping[str, Sequence[str]]
    today: date
    by: str

    def book(self) -> life.Book:
        """Everything as it stands."""
        return life.fold(e for kind in life.KINDS for e in self.ledger.events(kind=kind))

    def kept(self, text: str, *, least: int = LEAST) -> str:
        """The hash of a text that is now in the vault; NeedsPerson 910, 926 for one that can't be."""
        text = text.strip()
        if not least <= len(text) <= LONGEST:
            raise NeedsPerson(
                910, f"A text of {least} to {LONGEST} characters is needed.", where="meeting",
                next_step="Say it in a sentence or two.",
            )  # fmt: skip
        check_telling(text, "meeting")
        sha256 = hashlib.sha256(text.encode()).hexdigest()
        self.vault.put(life.meeting_key(self.party), note_name(sha256), text.encode())
        return sha256

    def say(self, event: str, **body: Any) -> None:
        """One event."""
        with self.ledger.transaction() as write:
            write.append(event, exchange=life.meeting_key(self.party), actor=self.by, body=body)


def meet(
    act: str,
    *,
    by: str,
    told: Mapping[str, Any],
    agreement: Agreement,
    party: str,
    vault: Vault,
    ledger: Ledger,
    officers: Mapping[str, Sequence[str]],
    today: date,
) -> str:
    """Take one act about the joint meeting; the id of what it is about. Texts stay at this end until they are shared.

    `told` holds what the act needs: `file` kind, text, about · `withdraw` id · `call` day, period, place · `put` and
    `take_off` id, meeting · `held` meeting, day · `resolve` meeting, text, owner, due_on, question · `finish` id, text,
    `reopen` id · `propose` meeting, route, figure, value, since, source. The same act again changes nothing.
    Raises NeedsPerson 905 (a value that can't be), 910 (not allowed, no text), 914 (no such entry), 945 (its state does
    not allow it), 926 (a number of a person in a text).
    """
    if act not in ACTS:
        raise NeedsPerson(905, "There is no such act.", where=f"meeting {act}", next_step=f"One of {sorted(ACTS)}.")
    duties_of(by, officers)
    desk = _Desk(agreement=agreement, party=party, vault=vault, ledger=ledger, officers=officers, today=today, by=by)
    with ledger.lock(f"meet:{party}"):
        return _DO[act](desk, told)


def _file(desk: _Desk, told: Mapping[str, Any]) -> str:
    kind = told.get("kind")
    if kind not in ("policy", "interface"):
        raise _cannot("A question is of `policy` or `interface`.")
    text, about = desk.kept(told.get("text", "")), {k: v for k, v in (told.get("about") or {}).items() if v}
    id = hashlib.sha256(f"{desk.by}{text}{sorted(about.items())}".encode()).hexdigest()[:10]
    known = desk.book().questions.get(id)
    if known is None or known.withdrawn:
        desk.say(life.FILED, id=id, kind=kind, text_sha256=text, about=about)
    return id


def _withdraw(desk: _Desk, told: Mapping[str, Any]) -> str:
    question: life.Question = life.found(desk.book().questions, told["id"])
    if question.by != desk.by:
        raise NeedsPerson(910, "Only who filed a question withdraws it.", where=f"question {question.id}",
                          next_step="Ask that officer.")  # fmt: skip
    if question.resolved_by:
        raise _state("It is resolved already.", question.id)
    if not question.withdrawn:
        desk.say(life.WITHDRAWN, id=question.id)
    return question.id


def _call(desk: _Desk, told: Mapping[str, Any]) -> str:
    day, period = _day(told.get("day")), str(Period.parse(str(told.get("period", ""))))
    book, place = desk.book(), desk.kept(str(told.get("place", "")), least=1)
    if day < desk.today:
        raise _cannot("A meeting is called for today or a day to come.")
    id = day.isoformat()
    if id not in book.meetings:
        desk.say(life.CALLED, meeting=id, day=id, period=period, place_sha256=place)
    return id


def _put(desk: _Desk, told: Mapping[str, Any]) -> str:
    book = desk.book()
    question: life.Question = life.found(book.questions, told["id"])
    meeting: life.Meeting = life.found(book.meetings, told["meeting"])
    if meeting.held_on is not None:
        raise _state("That meeting was held.", meeting.id)
    if not question.open:
        raise _state("The question is no longer open.", question.id)
    if question.meeting != meeting.id:
        desk.say(life.PUT, id=question.id, meeting=meeting.id)
    return question.id


def _take_off(desk: _Desk, told: Mapping[str, Any]) -> str:
    question: life.Question = life.found(desk.book().questions, told["id"])
    if question.meeting is not None and question.open:
        desk.say(life.TAKEN_OFF, id=question.id, meeting=question.meeting)
    return question.id


def _held(desk: _Desk, told: Mapping[str, Any]) -> str:
    meeting: life.Meeting = life.found(desk.book().meetings, told["meeting"])
    day = _day(told.get("day"))
    if day > desk.today:
        raise _cannot("A meeting was held on a day that has come.")
    if meeting.held_on is None:
        desk.say(life.HELD, meeting=meeting.id, day=day.isoformat())
    return meeting.id


def _resolve(desk: _Desk, told: Mapping[str, Any]) -> str:
    book = desk.book()
    meeting: life.Meeting = life.found(book.meetings, told["meeting"])
    question = told.get("question") or None
    if question is not None:
        life.found(book.questions, question)
    owner = told.get("owner", "")
    if owner != life.OTHER_SIDE and owner not in desk.officers:
        raise _cannot("A resolution has an owner: an officer of this end, or the other side.")
    text, due_on = desk.kept(told.get("text", "")), _day(told.get("due_on"))
    id = hashlib.sha256(f"{meeting.id}{question}{text}".encode()).hexdigest()[:10]
    if id not in book.resolutions:
        desk.say(life.RESOLVED, id=id, meeting=meeting.id, question=question, text_sha256=text, owner=owner,
                 due_on=due_on.isoformat())  # fmt: skip
    return id


def _finish(desk: _Desk, told: Mapping[str, Any]) -> str:
    resolution: life.Resolution = life.found(desk.book().resolutions, told["id"])
    text = desk.kept(told.get("text", ""))
    if resolution.finished_on is None:
        desk.say(life.FINISHED, id=resolution.id, text_sha256=text, day=desk.today.isoformat())
    return resolution.id


def _reopen(desk: _Desk, told: Mapping[str, Any]) -> str:
    resolution: life.Resolution = life.found(desk.book().resolutions, told["id"])
    if resolution.finished_on is not None:
        desk.say(life.REOPENED, id=resolution.id)
    return resolution.id


def _propose(desk: _Desk, told: Mapping[str, Any]) -> str:
    meeting: life.Meeting = life.found(desk.book().meetings, told["meeting"])
    route = desk.agreement.route(str(told.get("route", "")))
    figure = str(told.get("figure", ""))
    if figure not in route.figures:
        raise _cannot("That route has no such figure.")
    try:
        value = Decimal(str(told.get("value", "")).strip())
    except InvalidOperation:
        raise _cannot("The new value is a number.") from None
    since, source = _day(told.get("since")), desk.kept(told.get("source", ""))
    id = hashlib.sha256(f"{meeting.id}{route.id}{figure}{value}{since}".encode()).hexdigest()[:10]
    if id not in desk.book().proposals:
        desk.say(life.PROPOSED, id=id, meeting=meeting.id, route=route.id, figure=figure, value=str(value),
                 since=since.isoformat(), source_sha256=source)  # fmt: skip
    return id


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
    "file": _file, "withdraw": _withdraw, "call": _call, "put": _put, "take_off": _take_off, "held": _held,
    "resolve": _resolve, "finish": _finish, "reopen": _reopen, "propose": _propose,
}  # fmt: skip
