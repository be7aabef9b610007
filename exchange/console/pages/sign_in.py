"""Signing in and out, and the language: the only pages anybody may open."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse
from starlette.concurrency import run_in_threadpool

from exchange.console.accounts import known, note, sign_in
from exchange.console.house import House
from exchange.console.render import LANGUAGES
from exchange.console.visit import (
    LANGUAGE_COOKIE,
    Visit,
    check_origin,
    cookie,
    language_of,
    local_path,
    needs,
    visiting,
)
from exchange.domain.errors import NeedsPerson
from exchange.domain.person import Person, may

router = APIRouter()

OPEN = frozenset({"/sign-in", "/sign-in/house", "/sign-in/house/return", "/language/{code}", "/health"})
"""Paths that ask for nobody's name. Every other route names an action."""


@router.get("/sign-in")
def form(request: Request, next: str = "/") -> Response:
    """The form."""
    if visiting(request) is not None:
        return RedirectResponse(local_path(next), status_code=303)
    return shown(request, next=local_path(next))


@router.post("/sign-in")
async def submit(request: Request) -> Response:
    """Id and password; back to where one came from."""
    check_origin(request)
    fields = {k: v for k, v in (await request.form()).items() if isinstance(v, str)}
    return await run_in_threadpool(_try, request, fields)


def _try(request: Request, fields: dict[str, str]) -> Response:
    house: House = request.app.state.house
    next_, id = local_path(fields.get("next")), fields.get("person", "").strip()
    try:
        secret = sign_in(house, id, fields.get("password", ""))
    except NeedsPerson as wait:
        minutes = house.settings.console.lock_minutes
        return shown(request, next=next_, person=id, wrong="locked", minutes=minutes, code=wait.code, status=429)
    if secret is None:
        return shown(request, next=next_, person=id, wrong="wrong", status=401)
    return let_in(house, known(house, id), next_, secret=secret)


def let_in(house: House, person: Person, next: str, *, secret: str | None = None) -> Response:
    """On to the page asked for, with a session."""
    answer = RedirectResponse(_first(house, person) if next == "/" else next, status_code=303)
    secret = secret or house.desk.open_session(person.id, house.now)
    answer.set_cookie(cookie(house), secret, httponly=True, samesite="lax", secure=secure(house), path="/")
    return answer


def _first(house: House, person: Person) -> str:
    """Where somebody begins: an administrator has no business with cases."""
    if person.must_change:
        return "/account"
    return "/" if may(house.roles(person), "look") else "/admin"


def secure(house: House) -> bool:
    """Whether cookies may travel by TLS alone."""
    told = house.settings.console
    return told.address.startswith("https://") or told.tls_certificate is not None


def shown(request: Request, *, status: int = 200, **data: Any) -> Response:
    """The form, with what was wrong."""
    house: House = request.app.state.house
    page = house.words.templates[language_of(request)].get_template("sign_in.html")
    party = house.parts.agreement.parties[house.parts.party]
    told: dict[str, Any] = {"person": "", "wrong": "", "minutes": 0, "code": None, **data}
    told |= {"visit": None, "house": house, "csrf": "", "party": party, "path": "/sign-in", "counts": {}, "query": ""}
    return HTMLResponse(page.render(here=request.url.path, **told), status_code=status)


@router.post("/sign-out")
def leave(visit: Annotated[Visit, needs("own")]) -> Response:
    """End the session."""
    visit.house.desk.close_sessions(secret=visit.secret)
    note(visit.house, "signed_out", visit.person.id, by=visit.person.id)
    answer = visit.go("/sign-in")
    answer.delete_cookie(cookie(visit.house))
    return answer


@router.get("/language/{code}")
def language(code: str, next: str = "/") -> Response:
    """Choose the language, and return to the same page."""
    answer = RedirectResponse(local_path(next), status_code=303)
    if code in LANGUAGES:
        answer.set_cookie(LANGUAGE_COOKIE, code, max_age=31_536_000, samesite="lax", path="/")
    return answer


@router.get("/health")
def health(request: Request) -> Response:
    """Whether ledger and desk can be reached: 200, or an error's status. Tells nothing else."""
    house: House = request.app.state.house
    house.parts.ledger.head()
    house.desk.jobs(limit=1)
    return Response("ok", media_type="text/plain")
