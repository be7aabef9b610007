"""One's own account: the password, and what one had typed."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Response

from exchange.console.accounts import right, set_password
from exchange.console.visit import Visit, needs
from exchange.domain.errors import NeedsPerson

router = APIRouter()


@router.get("/account")
def account(visit: Annotated[Visit, needs("own")]) -> Response:
    """Who one is here, and the form for a new password."""
    return visit.page("account.html", wrong="", done=False)


@router.post("/account/password")
def change(visit: Annotated[Visit, needs("own")]) -> Response:
    """A new password, the old one given; all sessions of this person end."""
    old, new, again = (visit.form.get(name, "") for name in ("old", "new", "again"))
    if not right(visit.person, old):
        return visit.page("account.html", status=422, wrong="old", done=False)
    if new != again:
        return visit.page("account.html", status=422, wrong="again", done=False)
    try:
        set_password(visit.house, visit.person, new, by=visit.person.id)
    except NeedsPerson:
        return visit.page("account.html", status=422, wrong="weak", done=False)
    return visit.go("/sign-in")


@router.put("/drafts/{form:path}")
def keep(form: str, visit: Annotated[Visit, needs("own")]) -> Response:
    """Keep what is being typed; the answer says when it was kept."""
    text = visit.form.get("text", "")[:20_000]
    visit.house.desk.keep_draft(visit.person.id, form, text, visit.house.now)
    return visit.page("parts/kept.html", kept=bool(text))
