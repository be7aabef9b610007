"""One request by one person: who, in which roles, in which language, and what they may do. Routes deny by default."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote, urlsplit

from fastapi import Depends, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData

from exchange.console.counts import counted
from exchange.console.house import House
from exchange.console.render import LANGUAGES
from exchange.desk import Session
from exchange.domain.contract import CodeList
from exchange.domain.errors import ExchangeError
from exchange.domain.person import ALLOWED, Person, Role, may

if TYPE_CHECKING:
    from exchange.ports import Parts

LANGUAGE_COOKIE: Final = "exchange_language"
CSRF_FIELD: Final = "csrf"
CSRF_HEADER: Final = "x-csrf-token"
_READING: Final = frozenset({"GET", "HEAD"})


class SignInNeeded(Exception):
    """Nobody is signed in, or not any more."""


class Refused(Exception):
    """The person may not do this. `why` is an English sentence of the catalogue."""

    def __init__(self, why: str, **values: Any) -> None:
        super().__init__(why)
        self.why = why
        self.values = values


@dataclass(kw_only=True)
class Visit:
    """A request, admitted. `form` holds the fields sent, once each; `revealed` what may be shown in full."""

    request: Request
    house: House
    person: Person
    roles: frozenset[Role]
    session: Session
    secret: str
    language: str
    form: Mapping[str, str] = field(default_factory=dict)
    fields: FormData = field(default_factory=FormData)

    @cached_property
    def parts(self) -> Parts:
        """Every port of this end, this person the actor."""
        return self.house.parts_for(self.person, self.people)

    @cached_property
    def people(self) -> Sequence[Person]:
        """Everybody with an account here."""
        return self.house.desk.people()

    @property
    def today(self) -> date:
        """The day in Asia/Shanghai."""
        return self.house.today

    @property
    def by_htmx(self) -> bool:
        """Whether a part of a page is asked for, not a page (which going back in the browser's history asks for)."""
        headers = self.request.headers
        return headers.get("hx-request") == "true" and headers.get("hx-history-restore-request") != "true"

    def may(self, action: str) -> bool:
        """Whether this person may take an action."""
        return may(self.roles, action)

    def say(self, text: str, **values: Any) -> str:
        """A sentence of the catalogue in this person's language."""
        return self.house.words.say(self.language, text, **values)

    def name(self, codes: str | CodeList, code: str) -> str:
        """A code's name in this person's language; the code itself when no list has it."""
        known = self.house.parts.agreement.codes[codes] if isinstance(codes, str) else codes
        return (known.names_zh if self.language == "zh" else known.names_en).get(code, code)

    def titled(self, named: Any) -> str:
        """Of anything with `name_zh` and `name_en` the one to show."""
        return str(named.name_zh if self.language == "zh" else named.name_en)

    def titled_of(self, told: Any) -> str:
        """Of anything with `title_zh` and `title_en` the one to show."""
        return str(told.title_zh if self.language == "zh" else told.title_en)

    def page(self, template: str, *, status: int = 200, **data: Any) -> Response:
        """A page, or a part of one, with the frame's data beside its own."""
        told = self.house.words.templates[self.language].get_template(template)
        text = told.render(visit=self, house=self.house, csrf=self.session.csrf, **self._frame(), **data)
        return HTMLResponse(text, status_code=status, headers={"vary": "HX-Request"})

    def _frame(self) -> Mapping[str, Any]:
        if self.by_htmx:
            return {}
        party = self.house.parts.agreement.parties[self.house.parts.party]
        return {
            "path": self.request.url.path, "here": f"{self.request.url.path}?{self.request.url.query}".rstrip("?"),
            "party": party, "counts": counted(self) if self.may("look") else {}, "query": "",
        }  # fmt: skip

    def told(self, error: ExchangeError) -> str:
        """What went wrong and what to do, in this person's language: in Chinese the catalogue's, in English its own."""
        known = self.house.problems.get(error.code)
        if self.language == "zh" and known is not None:
            return known.text_zh + known.remedy_zh
        return f"{error.what} {error.next_step}"

    def go(self, path: str) -> Response:
        """On to another page, after something was done."""
        if self.by_htmx:
            return Response(status_code=204, headers={"hx-redirect": path})
        return RedirectResponse(path, status_code=303)


_SENTENCES: Final = ("text", "reason", "word", "note", "comment", "source", "place")
"""Fields in which people write: an error's page shows them again, to the one who wrote them."""


def needs(action: str) -> Any:
    """The dependency of a route: a signed-in person whose role allows the action; a form's token is checked here."""
    if action not in ALLOWED:
        raise KeyError(action)

    async def admitted(request: Request) -> Visit:
        fields = FormData() if request.method in _READING else await request.form()
        return await run_in_threadpool(_admit, request, fields, action)

    admitted.action = action  # type: ignore[attr-defined]
    return Depends(admitted)


def _admit(request: Request, fields: FormData, action: str) -> Visit:
    visit = visiting(request)
    if visit is None:
        raise SignInNeeded
    visit.fields = fields
    visit.form = {key: value for key, value in fields.items() if isinstance(value, str)}
    if request.method not in _READING:
        check_origin(request)
        told = visit.form.get(CSRF_FIELD) or request.headers.get(CSRF_HEADER, "")
        if not _same(told, visit.session.csrf):
            raise Refused("This form is out of date. What you typed is kept; send it again.")
        request.state.typed = [visit.form[name] for name in _SENTENCES if visit.form.get(name, "").strip()]
    if visit.person.must_change and action != "own":
        raise Refused("Choose a password of your own first.")
    if not visit.may(action):
        raise Refused("Your role does not allow this.")
    return visit


def cookie(house: House) -> str:
    """The session's cookie: two ends on one machine keep theirs apart, since cookies know no ports."""
    return f"exchange_{house.parts.party}"


def visiting(request: Request) -> Visit | None:
    """Who asks; None for nobody, an ended session, an account that is off."""
    house: House = request.app.state.house
    secret = request.cookies.get(cookie(house), "")
    session = house.desk.session(secret) if secret else None
    if session is None:
        return None
    told, now = house.settings.console, house.now
    if now - session.renewed > timedelta(minutes=told.idle_minutes) or now - session.began > timedelta(
        hours=told.session_hours
    ):
        house.desk.close_sessions(secret=secret)
        return None
    person = house.desk.person(session.person)
    if person is None or not person.active:
        return None
    if now - session.renewed > timedelta(seconds=30):
        house.desk.renew(secret, now)
    return Visit(
        request=request, house=house, person=person, roles=house.roles(person), session=session, secret=secret,
        language=language_of(request),
    )  # fmt: skip


def language_of(request: Request) -> str:
    """Chinese unless the person chose otherwise."""
    chosen = request.cookies.get(LANGUAGE_COOKIE, "")
    return chosen if chosen in LANGUAGES else LANGUAGES[0]


def check_origin(request: Request) -> None:
    """Refuse a form that another site sent."""
    origin = request.headers.get("origin")
    if origin and origin != "null" and urlsplit(origin).netloc != request.headers.get("host"):
        raise Refused("This was sent from another site.")
    if request.headers.get("sec-fetch-site") not in (None, "same-origin", "none"):
        raise Refused("This was sent from another site.")


def _same(one: str, other: str) -> bool:
    from hmac import compare_digest

    return compare_digest(one.encode(), other.encode())


def local_path(text: str | None) -> str:
    """A path of this console to return to; the first page for anything else."""
    told = text or "/"
    parts = urlsplit(told)
    plain = told.startswith("/") and not told.startswith(("//", "/\\")) and not parts.scheme and not parts.netloc
    return told if plain and "\\" not in told else "/"


def sign_in_path(request: Request) -> str:
    """Where to sign in, and come back to this page afterwards."""
    here = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    return f"/sign-in?next={quote(here if request.method == 'GET' else '/', safe='/')}"
