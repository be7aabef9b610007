"""匹配: which debtor a claim means. Beside 差异, for it explains breaks; what is decided is the step's."""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import APIRouter, Response
from starlette.exceptions import HTTPException

from exchange import journeys
from exchange.console import counts
from exchange.console.matches_view import claim_of, matches_of
from exchange.console.paging import pages, shown
from exchange.console.visit import Visit, needs
from exchange.domain.errors import NeedsPerson
from exchange.domain.match_book import SCOPES
from exchange.domain.reason import UNUSABLE
from exchange.steps.work_match import work_match

router = APIRouter()

ACTS: Final = ("confirm", "reject", "revoke")


@router.get("/breaks/matches")
def matches(visit: Annotated[Visit, needs("look")]) -> Response:
    """Claims whose debtor is open; with `all` those settled too, with `claim` that one."""
    return _page(visit)


@router.post("/breaks/matches/{id}/{act}")
def decide(id: str, act: str, visit: Annotated[Visit, needs("work")]) -> Response:
    """Confirm, reject or take back; the reason is kept, and shown where the decision is used again."""
    if act not in ACTS:
        raise HTTPException(404)
    scope = visit.form.get("scope")
    more = {} if act == "revoke" else {"scope": scope if scope in SCOPES else None}
    try:
        journeys.call(work_match, visit.parts, id, act, by=visit.person.id, reason=visit.form.get("reason", ""), **more)
    except NeedsPerson as error:
        if error.code not in (910, 932, *UNUSABLE):
            raise
        return _page(visit, status=422, wrong=id, error=error)
    counts.forget(visit.house)
    visit.house.desk.keep_draft(visit.person.id, f"match-{id}", "", visit.house.now)
    return visit.go(f"/breaks/matches?done={id}" + ("&all=1" if visit.form.get("all") else ""))


def _page(visit: Visit, *, status: int = 200, wrong: str = "", error: NeedsPerson | None = None) -> Response:
    asked = visit.request.query_params
    every, claim = bool(asked.get("all") or visit.form.get("all")), asked.get("claim", "")[:80]
    found = matches_of(visit, every=every, claim=claim)
    if visit.by_htmx and visit.request.method == "GET":
        return Response(status_code=204) if found is None else visit.go(f"/breaks/matches?{visit.request.url.query}")
    which = pages(len(found or ()), asked.get("page"), "/breaks/matches", {"all": "1" if every else "", "claim": claim})
    return visit.page(
        "matches.html", status=status, claims=[claim_of(visit, one) for one in shown(found or (), which)], pages=which,
        making=found is None, every=every, claim=claim, wrong=wrong,
        said=visit.told(error) if error else "", typed=visit.form.get("reason", ""), done=asked.get("done", ""),
    )  # fmt: skip
