"""预警: what the watch warned of; an officer acknowledges it with a word."""

from __future__ import annotations

from typing import Annotated, Final
from urllib.parse import urlencode

from fastapi import APIRouter, Response

from exchange import journeys
from exchange.console.alerts_view import AlertPage, acknowledge_days, alert_page
from exchange.console.counts import forget
from exchange.console.updates import answered, fresh
from exchange.console.visit import Visit, local_path, needs
from exchange.domain.errors import NeedsPerson
from exchange.domain.reason import UNUSABLE
from exchange.steps.work_alert import acknowledge_alerts

router = APIRouter()

DRAFT: Final = "alerts"
"""The draft of the word that is being typed."""


@router.get("/alerts")
def alerts(
    visit: Annotated[Visit, needs("look")], show: str = "open", rule: str = "", page: str | None = None
) -> Response:
    """The list, a page of it; words that were said are shown to who asks for them, and that is in the ledger."""
    return _shown(visit, show, rule, page)


def _shown(
    visit: Visit,
    show: str,
    rule: str,
    page: str | None,
    *,
    status: int = 200,
    wrong: str = "",
    unusable: str = "",
    word: str = "",
) -> Response:
    head = visit.parts.ledger.head()
    found = alert_page(visit, show=show, rule=rule, page=page)
    if any(line.word for line in found.lines):
        journeys.looked(visit.parts, None, "alerts")
    bar = fresh(_marked(found), address=_at("/alerts/updates", found), show=_at("/alerts", found), head=head,
                total=found.pages.total, part="alert-list")  # fmt: skip
    return visit.page(
        "parts/alerts_list.html" if visit.by_htmx and visit.request.method == "GET" else "alerts.html", status=status,
        found=found, wrong=wrong, unusable=unusable, draft=DRAFT, days=acknowledge_days(visit.parts), fresh=bar,
        now=visit.house.now, word=word or visit.house.desk.draft(visit.person.id, DRAFT), again=visit.request.url.query,
    )  # fmt: skip


@router.get("/alerts/updates")
def updates(
    visit: Annotated[Visit, needs("look")], show: str = "open", rule: str = "", page: str | None = None
) -> Response:
    """How much of the list has changed since it was shown."""
    found = alert_page(visit, show=show, rule=rule, page=page)
    return answered(visit, _marked(found), show=_at("/alerts", found), total=found.pages.total, part="alert-list")


def _at(path: str, found: AlertPage) -> str:
    return f"{path}?{urlencode({'show': found.show, 'rule': found.rule, 'page': found.pages.number})}"


def _marked(found: AlertPage) -> dict[str, object]:
    return {
        line.id: (line.record.state, line.record.escalated_on, line.record.times, line.days_left)
        for line in found.lines
    }  # fmt: skip


@router.post("/alerts/acknowledge")
def acknowledge(visit: Annotated[Visit, needs("acknowledge")]) -> Response:
    """The alerts ticked, with one word; what was typed comes back when it can't be."""
    chosen = [str(one).partition(" ") for one in visit.fields.getlist("alert")]
    word = visit.form.get("word", "")
    if not chosen:
        wrong = visit.say("Tick at least one alert.")
        return _shown(visit, "open", visit.form.get("rule", ""), None, status=422, wrong=wrong, word=word)
    try:
        named = [(rule, subject) for rule, _, subject in chosen]
        journeys.call(acknowledge_alerts, visit.parts, named, by=visit.person.id, word=word)
    except NeedsPerson as problem:
        if problem.code not in UNUSABLE:
            raise
        unusable = visit.told(problem)
        return _shown(visit, "open", visit.form.get("rule", ""), None, status=422, unusable=unusable, word=word)
    visit.house.desk.keep_draft(visit.person.id, DRAFT, "", visit.house.now)
    forget(visit.house)
    return visit.go(local_path(visit.form.get("back") or "/alerts"))
