"""今日: what needs me now, by days left; where the quarter stands; lanes; the limits that come."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Response

from exchange.console import today_view
from exchange.console.paging import pages, shown
from exchange.console.today_items import forget_older, items
from exchange.console.today_words import mine, quarter_name, sections, weekday
from exchange.console.updates import answered, fresh
from exchange.console.visit import Visit, needs

if TYPE_CHECKING:
    from collections.abc import Mapping

    from exchange.ports import Parts

router = APIRouter()


@router.get("/")
def today(visit: Annotated[Visit, needs("own")], all: str = "") -> Response:
    """The first page. When the ledger grew, it says how much of it changed. Who may not look has his own pages."""
    if not visit.may("look"):
        return visit.go("/admin" if visit.may("oversee") else "/account")
    head, every = visit.parts.ledger.head(), bool(all)
    shown = _shown(visit, every=every)
    bar = fresh(_marked(shown), address=f"/updates{_all(every)}", show=f"/{_all(every)}", head=head)
    return visit.page("today.html", **_worded(visit, shown), fresh=bar)


@router.get("/updates")
def updates(visit: Annotated[Visit, needs("look")], all: str = "") -> Response:
    """How much of this person's first page has changed since it was made."""
    forget_older(visit.house)
    return answered(visit, _marked(_shown(visit, every=bool(all))), show=f"/{_all(bool(all))}")


def _all(every: bool) -> str:
    return "?all=1" if every else ""


def _shown(visit: Visit, *, every: bool) -> Mapping[str, Any]:
    parts, found = _parts(visit), items(visit.house)
    own = [item for item in found if mine(visit, item)]
    return {
        "listed": list(found if every else own), "every": every, "total": len(found), "own": len(own),
        "runs": today_view.runs(parts), "health": today_view.health(parts),
        "verified": today_view.last_verified(parts),
        "limits": today_view.folded(today_view.limits(parts, days=30))[:12], "tomorrow": today_view.tomorrow(parts),
    }  # fmt: skip


def _marked(shown: Mapping[str, Any]) -> Mapping[str, Any]:
    """Each thing the page tells, and what would be told of it."""
    told = [(one, (one.due, one.count, one.worth_fen, one.facts.get("at"), one.facts.get("overdue"),
                   one.facts.get("escalated"))) for one in shown["listed"]]  # fmt: skip
    return {
        **{f"{one.sort} {one.key} {one.case_no} {one.href}": stands for one, stands in told},
        **{f"run {run.route.id}": (run.period, run.steps, run.sent, run.held) for run in shown["runs"]},
        **{f"lane {lane.party}": lane for lane in shown["health"]},
        "verified": shown["verified"] and shown["verified"].seq, "limits": shown["limits"],
    }  # fmt: skip


def _worded(visit: Visit, shown: Mapping[str, Any]) -> Mapping[str, Any]:
    return {
        **shown, "sections": sections(visit, shown["listed"]), "parties": _parties(visit),
        "quarter_name": lambda period: quarter_name(visit, period), "weekday": lambda day: weekday(visit, day),
        "now": visit.house.now, "today": visit.today,
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
