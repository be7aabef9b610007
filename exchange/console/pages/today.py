"""今日: what needs me now, by days left; where the quarter stands; lanes; the limits that come."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Response

from exchange.console import today_view
from exchange.console.paging import pages, shown
from exchange.console.today_items import items
from exchange.console.today_words import mine, quarter_name, sections, weekday
from exchange.console.visit import Visit, needs

if TYPE_CHECKING:
    from collections.abc import Mapping

    from exchange.ports import Parts

router = APIRouter()


@router.get("/")
def today(visit: Annotated[Visit, needs("own")], all: str = "") -> Response:
    """The first page; its parts are fetched again when the ledger grew. Who may not look has his own pages."""
    if not visit.may("look"):
        return visit.go("/admin" if visit.may("oversee") else "/account")
    data = _shown(visit, every=bool(all))
    return visit.page("parts/today.html" if visit.by_htmx else "today.html", **data)


def _shown(visit: Visit, *, every: bool) -> Mapping[str, Any]:
    parts, found = _parts(visit), items(visit.house)
    own = [item for item in found if mine(visit, item)]
    listed = list(found if every else own)
    return {
        "sections": sections(visit, listed), "every": every, "total": len(found), "own": len(own),
        "runs": today_view.runs(parts), "quarter_name": lambda period: quarter_name(visit, period),
        "health": today_view.health(parts), "verified": today_view.last_verified(parts),
        "limits": today_view.folded(today_view.limits(parts, days=30))[:12], "parties": _parties(visit),
        "weekday": lambda day: weekday(visit, day), "now": visit.house.now, "today": visit.today,
        "tomorrow": today_view.tomorrow(parts),
    }  # fmt: skip


def _parts(visit: Visit) -> Parts:
    return replace(visit.parts, today=visit.today)


def _parties(visit: Visit) -> Mapping[str, str]:
    return {id: visit.titled(party) for id, party in visit.parts.agreement.parties.items()}


@router.get("/limits")
def limits(visit: Annotated[Visit, needs("look")], days: int = 30, kind: str = "", page: str | None = None) -> Response:
    """Every limit that comes, a page of them."""
    days = days if days in (7, 30, 90) else 30
    kind = kind if kind in today_view.LIMITS else ""
    found = today_view.limits(_parts(visit), days=days, kind=kind)
    which = pages(len(found), page, "/limits", {"days": str(days), "kind": kind})
    return visit.page("limits.html", found=shown(found, which), pages=which, days=days, kind=kind,
                      kinds=today_view.LIMITS, today=visit.today, weekday=lambda day: weekday(visit, day))  # fmt: skip
