"""联席会议: questions are filed, answered, put on the next agenda, resolved; resolutions come back until they are done.

What is done here goes to the other side once two officers have let it go, and what they did comes back with packets.
"""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Response

from exchange import journeys
from exchange.console import agenda, meetings_view
from exchange.console.counts import forget
from exchange.console.visit import Visit, needs
from exchange.domain import meeting_life as life
from exchange.domain.errors import NeedsPerson

router = APIRouter(prefix="/meetings")

_WORD = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
_ABOUT = ("case", "break", "exchange")


@router.get("")
def meetings(visit: Annotated[Visit, needs("look")]) -> Response:
    """Open questions, the next meeting, resolutions that are not done, and what was before."""
    return _shown(visit)


def _shown(visit: Visit, *, wrong: str = "", status: int = 200) -> Response:
    table = meetings_view.table(visit)
    return visit.page(
        "meetings.html", status=status, wrong=wrong, v=table, book=table.book, words=table.words,
        period=meetings_view.last_period(visit.parts), owners=_owners(visit),
    )  # fmt: skip


@router.get("/questions/new")
def question(visit: Annotated[Visit, needs("meet")]) -> Response:
    """The form for a question; `case`, `break` or `exchange` say what it is about."""
    about = {name: visit.request.query_params.get(name, "") for name in _ABOUT}
    kind = "interface" if about["exchange"] else "policy"
    return _form(visit, {name: of for name, of in about.items() if of}, kind=kind)


def _form(visit: Visit, about: dict[str, str], *, wrong: str = "", text: str = "", kind: str = "policy") -> Response:
    return visit.page("meeting_question.html", status=422 if wrong else 200, about=about, wrong=wrong, text=text,
                      kind=kind, v=meetings_view.table(visit))  # fmt: skip


@router.post("/questions")
def file(visit: Annotated[Visit, needs("meet")]) -> Response:
    """File it."""
    about = {name: of for name in _ABOUT if (of := visit.form.get(name, "").strip())}
    told = _form_of(visit, "kind", "text")
    try:
        _do(visit, "file", {**told, "about": about})
    except NeedsPerson as error:
        return _form(visit, about, wrong=visit.told(error), **told)
    return visit.go(_at(visit, "/meetings"))


@router.post("/questions/{id}/answer")
def answer(id: str, visit: Annotated[Visit, needs("meet")]) -> Response:
    """Say what this side thinks of a question."""
    return _done(visit, "answer", {"id": id, "text": visit.form.get("text", "")})


@router.post("/questions/{id}/settle")
def settle(id: str, visit: Annotated[Visit, needs("meet")]) -> Response:
    """An answer was enough: it needs no meeting."""
    return _done(visit, "settle", {"id": id})


@router.post("/questions/{id}/withdraw")
def withdraw(id: str, visit: Annotated[Visit, needs("meet")]) -> Response:
    """Take one's own question back."""
    return _done(visit, "withdraw", {"id": id})


@router.post("/share")
def share(visit: Annotated[Visit, needs("prepare")]) -> Response:
    """Put forward for sending what the other side has not heard; a second officer approves it as any exchange."""
    key = journeys.share_meeting(visit.parts, meetings_view.table(visit).other, by=visit.person.id)
    forget(visit.house)
    return visit.go(f"/exchanges/{key}" if key else _at(visit, "/meetings"))


@router.post("")
def call(visit: Annotated[Visit, needs("meet")]) -> Response:
    """Call a meeting."""
    return _done(visit, "call", {name: visit.form.get(name, "") for name in ("day", "period", "place")})


@router.post("/resolutions/{id}/assign")
def assign(id: str, visit: Annotated[Visit, needs("meet")]) -> Response:
    """Name who sees to it here."""
    return _done(visit, "assign", {"id": id, "owner": visit.form.get("owner", "")})


@router.post("/resolutions/{id}/finish")
def finish(id: str, visit: Annotated[Visit, needs("meet")]) -> Response:
    """It is done; say what was done."""
    return _done(visit, "finish", {"id": id, "text": visit.form.get("text", "")})


@router.post("/resolutions/{id}/reopen")
def reopen(id: str, visit: Annotated[Visit, needs("meet")]) -> Response:
    """It is not done after all."""
    return _done(visit, "reopen", {"id": id})


@router.get("/proposals/{id}")
def proposal(id: str, visit: Annotated[Visit, needs("look")]) -> Response:
    """The route's document with the figure agreed on, as a file for `exchange contracts rehearse`."""
    table = meetings_view.table(visit)
    one: life.Proposal = life.found(table.book.proposals, id)
    route = visit.parts.agreement.route(one.route)
    document = visit.house.settings.project / f"contracts/routes/{route.id}.yaml"
    text = meetings_view.changed_route(one, table.words(one.source_sha256), document.read_text(encoding="utf-8"))
    return _file(text.encode(), f"{route.id}.yaml", "application/yaml")


@router.get("/{meeting}")
def one(meeting: str, visit: Annotated[Visit, needs("look")]) -> Response:
    """One meeting: its agenda, the quarter's figures, its resolutions and the changes of the agreement it proposes."""
    return _meeting(visit, meeting)


def _meeting(visit: Visit, id: str, *, wrong: str = "", status: int = 200) -> Response:
    table = meetings_view.table(visit)
    meeting: life.Meeting = life.found(table.book.meetings, id)
    routes = {r.id: sorted(r.figures) for r in visit.parts.agreement.routes.values()
              if {r.sender, r.receiver} == {visit.parts.party, table.other}}  # fmt: skip
    figures, pictures = meetings_view.quarter(visit, meeting.period)
    return visit.page(
        "meeting.html", pictures=pictures, status=status, wrong=wrong, v=table, book=table.book, meeting=meeting,
        routes=routes, words=table.words, figures=figures,
        breaks=meetings_view.breaks_shown(visit, meeting.period, pictures), owners=_owners(visit),
    )  # fmt: skip


@router.post("/{meeting}/agenda")
def put(meeting: str, visit: Annotated[Visit, needs("meet")]) -> Response:
    """Put a question on the agenda, or take it off."""
    act = "take_off" if visit.form.get("off") else "put"
    return _done(visit, act, {"id": visit.form.get("id", ""), "meeting": meeting}, of=meeting)


@router.post("/{meeting}/move")
def move(meeting: str, visit: Annotated[Visit, needs("meet")]) -> Response:
    """Another day or place."""
    return _done(visit, "move", {"meeting": meeting, **_form_of(visit, "day", "place")}, of=meeting)


@router.post("/{meeting}/off")
def call_off(meeting: str, visit: Annotated[Visit, needs("meet")]) -> Response:
    """It is not held; its questions are open again."""
    return _done(visit, "call_off", {"meeting": meeting})


@router.post("/{meeting}/held")
def held(meeting: str, visit: Annotated[Visit, needs("meet")]) -> Response:
    """It was held."""
    return _done(visit, "held", {"meeting": meeting, **_form_of(visit, "day")}, of=meeting)


@router.post("/{meeting}/resolutions")
def resolve(meeting: str, visit: Annotated[Visit, needs("meet")]) -> Response:
    """Note what was resolved, who sees to it and by when."""
    told = _form_of(visit, "text", "owner", "due_on", "question")
    return _done(visit, "resolve", {**told, "meeting": meeting}, of=meeting)


@router.post("/{meeting}/proposals")
def propose(meeting: str, visit: Annotated[Visit, needs("meet")]) -> Response:
    """A figure agreed on becomes a proposed change of the agreement."""
    route, _, figure = visit.form.get("figure", "").partition(" ")
    told = _form_of(visit, "value", "since", "source")
    return _done(visit, "propose", {**told, "meeting": meeting, "route": route, "figure": figure}, of=meeting)


@router.get("/{meeting}/agenda.docx")
def word(meeting: str, visit: Annotated[Visit, needs("look")]) -> Response:
    """The agenda as Word, to be edited."""
    return _file(agenda.word(visit, meeting), f"agenda-{meeting}.docx", _WORD)


@router.get("/{meeting}/agenda.pdf")
def pdf(meeting: str, visit: Annotated[Visit, needs("look")]) -> Response:
    """The agenda as PDF, to be printed."""
    return _file(agenda.pdf(visit, meeting), f"agenda-{meeting}.pdf", "application/pdf")


def _owners(visit: Visit) -> list[tuple[str, str]]:
    """Who may see to a resolution: the officers of this end, by id and name."""
    names = {person.id: person.name for person in visit.people}
    return sorted((id, names.get(id, id)) for id, duties in visit.house.officers().items() if duties)


def _form_of(visit: Visit, *names: str) -> dict[str, str]:
    return {name: visit.form.get(name, "") for name in names}


def _at(visit: Visit, path: str) -> str:
    return path + meetings_view.table(visit).at


def _file(data: bytes, name: str, kind: str) -> Response:
    return Response(data, media_type=kind, headers={"content-disposition": f'attachment; filename="{name}"'})


def _do(visit: Visit, act: str, told: dict[str, Any]) -> None:
    journeys.meet(visit.parts, act, told, by=visit.person.id, other=meetings_view.table(visit).other)


def _done(visit: Visit, act: str, told: dict[str, Any], *, of: str = "") -> Response:
    """Do it and go back to the list, or to the meeting `of`; or show the page again with what was wrong."""
    try:
        _do(visit, act, told)
    except NeedsPerson as error:
        if error.code in (914, 945):
            raise
        wrong = visit.told(error)
        return _meeting(visit, of, wrong=wrong, status=422) if of else _shown(visit, wrong=wrong, status=422)
    forget(visit.house)
    return visit.go(_at(visit, f"/meetings/{of}" if of else "/meetings"))
