"""联席会议: questions are filed, put on the next agenda, resolved; resolutions come back until they are done."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Response

from exchange import journeys
from exchange.console import agenda, meetings_view
from exchange.console.visit import Visit, needs
from exchange.domain import meeting_life as life
from exchange.domain.errors import NeedsPerson
from exchange.steps.meet import meet

router = APIRouter(prefix="/meetings")

_WORD = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"


@router.get("")
def meetings(visit: Annotated[Visit, needs("look")]) -> Response:
    """Open questions, the next meeting, resolutions that are not done, and what was before."""
    return _shown(visit)


def _shown(visit: Visit, *, wrong: str = "", status: int = 200) -> Response:
    book = meetings_view.book(visit.parts)
    return visit.page(
        "meetings.html", status=status, wrong=wrong, book=book, words=meetings_view.Texts(parts=visit.parts),
        period=meetings_view.last_period(visit.parts), owners=_owners(visit), other=life.OTHER_SIDE,
    )  # fmt: skip


@router.get("/questions/new")
def question(visit: Annotated[Visit, needs("meet")]) -> Response:
    """The form for a question; `case`, `break` or `exchange` say what it is about."""
    about = {name: visit.request.query_params.get(name, "") for name in ("case", "break", "exchange")}
    return visit.page("meeting_question.html", about={k: v for k, v in about.items() if v}, wrong="", text="",
                      kind="policy")  # fmt: skip


@router.post("/questions")
def file(visit: Annotated[Visit, needs("meet")]) -> Response:
    """File it."""
    about = {name: visit.form.get(name, "").strip() for name in ("case", "break", "exchange")}
    told = {"kind": visit.form.get("kind", ""), "text": visit.form.get("text", ""), "about": about}
    try:
        _do(visit, "file", told)
    except NeedsPerson as error:
        return visit.page("meeting_question.html", status=422, about={k: v for k, v in about.items() if v},
                          wrong=_words(visit, error), text=told["text"], kind=told["kind"])  # fmt: skip
    return visit.go("/meetings")


@router.post("/questions/{id}/withdraw")
def withdraw(id: str, visit: Annotated[Visit, needs("meet")]) -> Response:
    """Take one's own question back."""
    return _done(visit, "withdraw", {"id": id})


@router.post("")
def call(visit: Annotated[Visit, needs("meet")]) -> Response:
    """Call a meeting."""
    return _done(visit, "call", {name: visit.form.get(name, "") for name in ("day", "period", "place")})


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
    one: life.Proposal = life.found(meetings_view.book(visit.parts).proposals, id)
    source = meetings_view.Texts(parts=visit.parts)(one.source_sha256)
    document = visit.house.settings.project / f"contracts/routes/{one.route}.yaml"
    text = meetings_view.changed_route(one, source, document.read_text(encoding="utf-8"))
    return _file(text.encode(), f"{one.route}.yaml", "application/yaml")


@router.get("/{meeting}")
def one(meeting: str, visit: Annotated[Visit, needs("look")]) -> Response:
    """One meeting: its agenda, the quarter's figures, its resolutions and the changes of the agreement it proposes."""
    return _meeting(visit, meeting)


def _meeting(visit: Visit, id: str, *, wrong: str = "", status: int = 200) -> Response:
    book = meetings_view.book(visit.parts)
    meeting: life.Meeting = life.found(book.meetings, id)
    routes = {r.id: sorted(r.figures) for r in visit.parts.agreement.routes.values()
              if visit.parts.party in (r.sender, r.receiver)}  # fmt: skip
    figures, pictures = meetings_view.quarter(visit, meeting.period)
    return visit.page(
        "meeting.html", pictures=pictures, status=status, wrong=wrong, book=book, meeting=meeting, routes=routes,
        words=meetings_view.Texts(parts=visit.parts), figures=figures,
        breaks=meetings_view.breaks_by_code(visit.parts, meeting.period), other=life.OTHER_SIDE,
        owners=_owners(visit),
    )  # fmt: skip


@router.post("/{meeting}/agenda")
def put(meeting: str, visit: Annotated[Visit, needs("meet")]) -> Response:
    """Put a question on the agenda, or take it off."""
    act = "take_off" if visit.form.get("off") else "put"
    return _done(visit, act, {"id": visit.form.get("id", ""), "meeting": meeting}, at=f"/meetings/{meeting}")


@router.post("/{meeting}/held")
def held(meeting: str, visit: Annotated[Visit, needs("meet")]) -> Response:
    """It was held."""
    return _done(visit, "held", {"meeting": meeting, "day": visit.form.get("day", "")}, at=f"/meetings/{meeting}")


@router.post("/{meeting}/resolutions")
def resolve(meeting: str, visit: Annotated[Visit, needs("meet")]) -> Response:
    """Note what was resolved, who sees to it and by when."""
    told = {name: visit.form.get(name, "") for name in ("text", "owner", "due_on", "question")}
    return _done(visit, "resolve", {**told, "meeting": meeting}, at=f"/meetings/{meeting}")


@router.post("/{meeting}/proposals")
def propose(meeting: str, visit: Annotated[Visit, needs("meet")]) -> Response:
    """A figure agreed on becomes a proposed change of the agreement."""
    route, _, figure = visit.form.get("figure", "").partition(" ")
    told = {name: visit.form.get(name, "") for name in ("value", "since", "source")}
    return _done(visit, "propose", {**told, "meeting": meeting, "route": route, "figure": figure},
                 at=f"/meetings/{meeting}")  # fmt: skip


@router.get("/{meeting}/agenda.docx")
def word(meeting: str, visit: Annotated[Visit, needs("look")]) -> Response:
    """The agenda as Word, to be edited."""
    return _file(agenda.word(visit, meeting), f"agenda-{meeting}.docx", _WORD)


@router.get("/{meeting}/agenda.pdf")
def pdf(meeting: str, visit: Annotated[Visit, needs("look")]) -> Response:
    """The agenda as PDF, to be printed."""
    return _file(agenda.pdf(visit, meeting), f"agenda-{meeting}.pdf", "application/pdf")


def _owners(visit: Visit) -> list[str]:
    """Who may see to a resolution: the officers of this end."""
    return sorted(id for id, duties in visit.house.officers().items() if duties)


def _file(data: bytes, name: str, kind: str) -> Response:
    return Response(data, media_type=kind, headers={"content-disposition": f'attachment; filename="{name}"'})


def _do(visit: Visit, act: str, told: dict[str, Any]) -> None:
    journeys.call(meet, visit.parts, act, by=visit.person.id, told=told)


def _done(visit: Visit, act: str, told: dict[str, Any], *, at: str = "/meetings") -> Response:
    """Do it and go back, or show the page again with what was wrong."""
    try:
        _do(visit, act, told)
    except NeedsPerson as error:
        if error.code in (914, 945):
            raise
        wrong = _words(visit, error)
        return _shown(visit, wrong=wrong, status=422) if at == "/meetings" else _meeting(
            visit, at.rpartition("/")[2], wrong=wrong, status=422)  # fmt: skip
    return visit.go(at)


def _words(visit: Visit, error: NeedsPerson) -> str:
    known = visit.house.problems[error.code]
    return f"{known.text_zh}{known.remedy_zh}" if visit.language == "zh" else error.what
