"""What a person sees when something can't be: what happened, what is safe, what to do, and a number to quote."""

from __future__ import annotations

import secrets
import traceback
from typing import Any, Final
from urllib.parse import urlsplit

import structlog
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, RedirectResponse
from starlette.exceptions import HTTPException

from exchange.console.house import House
from exchange.console.visit import Refused, SignInNeeded, language_of, local_path, sign_in_path, visiting
from exchange.domain.errors import ExchangeError, RetryLater

log = structlog.get_logger("console")

_STALE: Final = frozenset({908, 911, 924, 945})
"""Codes that say: something changed meanwhile. They answer 409, so that a page shows both texts."""


def add_handlers(app: FastAPI) -> None:
    """Every way a request can end badly."""
    app.exception_handler(SignInNeeded)(_sign_in)
    app.exception_handler(Refused)(_refused)
    app.exception_handler(ExchangeError)(_problem)
    app.exception_handler(HTTPException)(_http)
    app.exception_handler(RequestValidationError)(_no_such)
    app.exception_handler(Exception)(_fault)


def _sign_in(request: Request, _: Exception) -> Response:
    if request.headers.get("hx-request") == "true":
        return _shown(request, 401, template="parts/signed_out.html", part=True, again="/")
    if request.method != "GET":
        return _shown(request, 401, template="signed_out.html", part=False, again=_form_of(request))
    return RedirectResponse(sign_in_path(request), status_code=303)


def _form_of(request: Request) -> str:
    """The page of ours a form was sent from."""
    came = urlsplit(request.headers.get("referer", ""))
    mine = came.netloc == request.headers.get("host")
    return local_path(came.path + (f"?{came.query}" if came.query else "")) if mine else "/"


def _refused(request: Request, error: Refused) -> Response:
    return _shown(request, 403, happened=error.why, values=error.values, safe="Nothing was changed.",
                  todo="Ask a colleague with that role, or an administrator.")  # fmt: skip


def _problem(request: Request, error: ExchangeError) -> Response:
    house: House = request.app.state.house
    known = house.problems.get(error.code)
    zh = language_of(request) == "zh"
    later = isinstance(error, RetryLater)
    status = 503 if later else 409 if error.code in _STALE else 404 if error.code == 914 else 422
    return _shown(
        request, status, code=error.code, detail=error.what if not zh or known is None else "", where=error.where,
        happened_now=(known.text_zh if zh else known.text_en) if known else error.what,
        safe="It is tried again by itself; nothing is lost or sent twice." if later else "Nothing was changed.",
        todo_now=((known.remedy_zh if zh else known.remedy_en) if known else error.next_step),
    )  # fmt: skip


_HAPPENED: Final = {
    400: "The form could not be read: it is too large, or was cut off on its way.",
    404: "There is no such page.",
    413: "What was sent is too large.",
}


def _http(request: Request, error: HTTPException) -> Response:
    happened = _HAPPENED.get(error.status_code, "This can't be asked for in this way.")
    return _shown(request, error.status_code, happened=happened, safe="Nothing was changed.",
                  todo="Go back, or begin at the page Today.")  # fmt: skip


def _no_such(request: Request, _: Exception) -> Response:
    """An address that holds what no page has, as letters for a number."""
    return _shown(request, 404, happened=_HAPPENED[404], safe="Nothing was changed.",
                  todo="Go back, or begin at the page Today.")  # fmt: skip


def _fault(request: Request, fault: Exception) -> Response:
    """A fault of ours. Its message may quote a row: the log gets its kind and place."""
    number = secrets.token_hex(4)
    places = [f"{f.filename.rpartition('/')[2]}:{f.lineno} {f.name}" for f in traceback.extract_tb(fault.__traceback__)]
    log.error("console_fault", number=number, kind=type(fault).__name__, places=places[-6:])
    return _shown(
        request, 500, happened="This page can't be shown at the moment.", safe="What you typed is kept.",
        todo="Try again; if it happens again, give this number to the maintainers.", number=number,
    )  # fmt: skip


def _shown(request: Request, status: int, *, template: str = "error.html", **told: Any) -> Response:
    house: House = request.app.state.house
    try:
        visit = visiting(request)
    except ExchangeError:
        visit = None
    empty = dict.fromkeys(("happened", "safe", "todo", "happened_now", "todo_now", "detail", "where", "number"), "")
    typed = getattr(request.state, "typed", ())
    data = {**empty, "values": {}, "code": None, **told, "shown_status": status, "typed": typed}
    if visit is not None:
        try:
            return visit.page(template, status=status, **data)
        except ExchangeError as also:  # the frame's counts can't be had either
            log.warning("console_frame", code=also.code)
    page = house.words.templates[language_of(request)].get_template(template)
    party = house.parts.agreement.parties[house.parts.party]
    text = page.render(visit=None, house=house, csrf="", party=party, path="", here="/", counts={}, query="", **data)
    return HTMLResponse(text, status_code=status)
