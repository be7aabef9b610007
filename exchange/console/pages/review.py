"""One exchange: its tabs, and the decisions about it, each bound to what was on the screen."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Any, Final

from fastapi import APIRouter, Response

from exchange import journeys
from exchange.console.counts import forget
from exchange.console.exchanges_view import incoming, known
from exchange.console.paging import SIZE, pages, shown
from exchange.console.review_lists import Shown, going, rejected, rows_shown, to_explain
from exchange.console.review_panel import Choice, Panel, panel
from exchange.console.review_view import Review, compared, numbers, review_of, tabs_of
from exchange.console.review_words import EVENTS, PACKET_STATES, STATES, TABS, WHY
from exchange.console.visit import Visit, needs
from exchange.domain import lifecycle
from exchange.domain.errors import NeedsPerson
from exchange.domain.points import CATEGORIES
from exchange.domain.reason import SHORTEST, clean_reason
from exchange.domain.received import RUNGS
from exchange.ports import ExchangeRecord
from exchange.steps.review import Decision
from exchange.steps.review import review as review_step

router = APIRouter()


@router.get("/exchanges/{key}")
def exchange(key: str, visit: Annotated[Visit, needs("look")]) -> Response:
    """An exchange of ours by tabs, or what came under this key."""
    record = known(visit.parts, key)
    if record is None or record.direction == "in":
        return _incoming(visit, key, record)
    return show(visit, record)


def _incoming(visit: Visit, key: str, record: ExchangeRecord | None) -> Response:
    came = incoming(visit.parts, key)
    if came is None:
        raise NeedsPerson(914, "There is no such exchange.", where=key, next_step="Go back to the list.")
    if came.reasons:
        journeys.looked(visit.parts, key, "points")
    problem = visit.house.problems.get(came.code) if came.code is not None else None
    return visit.page("incoming.html", came=came, record=record, problem=problem, states=PACKET_STATES, rungs=RUNGS,
                      back=_answers(visit, record))  # fmt: skip


def _answers(visit: Visit, record: ExchangeRecord | None) -> bool:
    """Whether this end answers what came."""
    routes = visit.parts.agreement.routes_from(visit.parts.party)
    return record is not None and record.kind == "Q" and any(r.answered_by == record.route for r in routes)


def reviewed(visit: Visit, key: str) -> Review:
    """The exchange of ours of a key; NeedsPerson 914 for none."""
    record = journeys.record(visit.parts, key)
    if record.direction == "in":
        raise NeedsPerson(914, "That came from the other side.", where=key, next_step="Open it from the list.")
    return review_of(visit.parts, record, size=visit.house.settings.console.sample_size)


def who_of(visit: Visit) -> Callable[[str | None], str]:
    """Ids → names; ids nobody has are shown as they are."""
    people = {person.id: person.name for person in visit.people}
    fixed = {"system": visit.say("The system"), "rule": visit.say("By rule")}
    return lambda id: fixed.get(id or "", people.get(id or "", id or ""))


def show(visit: Visit, record: ExchangeRecord, *, status: int = 200, wrong: str = "", unusable: str = "",
         typed: str = "", place: str = "", full: bool = False, tab: str = "") -> Response:  # fmt: skip
    """The page of an exchange of ours. `wrong` says why a form was not taken, `unusable` why its reason was not; that
    of the tab asked for, or the opinion, of which `typed` is kept."""
    review = review_of(visit.parts, record, size=visit.house.settings.console.sample_size)
    tabs = tabs_of(review)
    asked = tab or visit.request.query_params.get("tab", "")
    chosen = asked if asked in tabs else "overview"
    who = who_of(visit)
    made = panel(review, me=visit.person.id, may=visit.may, who=who)
    draft = typed or visit.house.desk.draft(visit.person.id, f"review-{record.key}")
    done = visit.request.query_params.get("done", "")
    return visit.page(
        "review.html", status=status, review=review, record=record, tabs=[(t, TABS[t]) for t in tabs], tab=chosen,
        numbers=numbers(review), panel=made, wrong=wrong, unusable=unusable, unusable_in=tab, typed=draft, who=who,
        states=STATES, whys=WHY, events=EVENTS, done=done, **_tab(visit, review, chosen, place, full=full),
    )  # fmt: skip


def _tab(visit: Visit, review: Review, tab: str, place: str, *, full: bool) -> Mapping[str, Any]:
    """What one tab needs beside the rest."""
    makers: Mapping[str, Callable[[], Mapping[str, Any]]] = {
        "overview": lambda: dict(zip(("before", "compared"), compared(visit.parts, review), strict=True)),
        "held": lambda: _held(visit, review),
        "points": lambda: _points(visit, review),
        "sample": lambda: _sample(visit, review, place, full=full),
        **{why: lambda: _going(visit, review, tab) for why in WHY},
    }
    return makers.get(tab, dict)()


def _held(visit: Visit, review: Review) -> Mapping[str, Any]:
    if not review.page["counts"]:
        return {"within": (), "beside": (), "pages": None, "can_overrule": False, "categories": ()}
    within, beside = rejected(visit.parts, review)
    which = pages(
        len(within), visit.request.query_params.get("page"), f"/exchanges/{review.record.key}", {"tab": "held"}
    )
    open_ = (review.record.state, "overruled") in lifecycle.MOVES and review.record.kind == "Q"
    return {
        "within": shown(within, which), "beside": beside[:SIZE], "beside_count": len(beside), "pages": which,
        "can_overrule": open_ and visit.may("explain"), "categories": _categories(visit),
    }  # fmt: skip


def _points(visit: Visit, review: Review) -> Mapping[str, Any]:
    journeys.looked(visit.parts, review.record.key, "points")
    groups = to_explain(visit.parts, review)
    return {
        "groups": groups, "categories": _categories(visit),
        "can_explain": visit.may("explain") and (review.record.state, "explained") in lifecycle.MOVES,
        "reusable": sum(one.earlier is not None for _, _, points in groups for one in points),
    }  # fmt: skip


def _categories(visit: Visit) -> list[tuple[str, str]]:
    known = visit.parts.agreement.codes[CATEGORIES]
    return [(code, visit.name(known, code)) for code in known.names_zh]


def _sample(visit: Visit, review: Review, place: str, *, full: bool) -> Mapping[str, Any]:
    asked = place or visit.request.query_params.get("place", "")
    chosen = asked if asked in review.sample else ""
    rows: Sequence[Shown] = ()
    if chosen:
        journeys.looked(visit.parts, review.record.key, "sample-full" if full else "sample")
        rows = rows_shown(visit.parts, review, chosen, full=full)
    following = next((p for p in review.sample if p not in review.checked and p != chosen), "")
    open_ = review.record.state in (lifecycle.CHECKED, lifecycle.STOPPED, lifecycle.PREPARED)
    return {"place": chosen, "shown": rows, "following": following, "can_check": visit.may("sample") and open_}


def _going(visit: Visit, review: Review, why: str) -> Mapping[str, Any]:
    path, asked = f"/exchanges/{review.record.key}", visit.request.query_params.get("page")
    total = int(numbers(review)[why])
    which = pages(total, asked, path, {"tab": why})
    _, found = going(visit.parts, review, why, first=which.offset, most=SIZE)
    return {"going": found, "pages": which}


_DONE: Final[Mapping[str, str]] = {
    "prepare": "prepared", "approve": "approved", "refuse": "refused", "lift": "lifted", "confirm": "confirmed",
}  # fmt: skip


@router.post("/exchanges/{key}/prepare")
def prepare(key: str, visit: Annotated[Visit, needs("prepare")]) -> Response:
    """Submit for review."""
    return _decide(visit, key, "prepare")


@router.post("/exchanges/{key}/approve")
def approve(key: str, visit: Annotated[Visit, needs("approve")]) -> Response:
    """Let it go, as the second person."""
    return _decide(visit, key, "approve")


@router.post("/exchanges/{key}/refuse")
def refuse(key: str, visit: Annotated[Visit, needs("refuse")]) -> Response:
    """Send it back, with a reason."""
    return _decide(visit, key, "refuse")


@router.post("/exchanges/{key}/lift")
def lift(key: str, visit: Annotated[Visit, needs("approve")]) -> Response:
    """Let a stopped one be reviewed all the same, with a reason."""
    return _decide(visit, key, "lift")


@router.post("/exchanges/{key}/confirm")
def confirm(key: str, visit: Annotated[Visit, needs("approve")]) -> Response:
    """Look at what one officer or a rule let go, afterwards."""
    return _decide(visit, key, "confirm")


def _decide(visit: Visit, key: str, decision: Decision) -> Response:
    """Under the exchange's lease: is it still what was seen, may it be decided so, then the step."""
    typed, parts = visit.form.get("reason", "").strip(), visit.parts
    with parts.ledger.lock(f"run:{key}"):
        review = reviewed(visit, key)
        if stale := _stale(visit, review):
            return stale
        made = panel(review, me=visit.person.id, may=visit.may, who=who_of(visit))
        if wrong := _not_now(visit, review, made, decision, typed):
            return show(visit, review.record, status=422, wrong=wrong, typed=typed)
        if unusable := _unusable(visit, typed, needed=_needed(review, made, decision)):
            return show(visit, review.record, status=422, unusable=unusable, typed=typed)
        fingerprint = visit.form.get("content_hash", "") or None
        journeys.call(review_step, parts, key, decision, by=visit.person.id, fingerprint=fingerprint, reason=typed)
    visit.house.desk.keep_draft(visit.person.id, f"review-{key}", "", visit.house.now)
    forget(visit.house)
    return visit.go(f"/exchanges/{key}?done={_DONE[decision]}")


def _stale(visit: Visit, review: Review) -> Response | None:
    """409 with what happened since the page was made, and the opinion kept; None when nothing did."""
    seen, seen_hash = visit.form.get("version", ""), visit.form.get("content_hash", "")
    if seen == review.version and seen_hash == (review.record.content_hash or ""):
        return None
    since = [event for event in review.events if not (seen.isdigit() and event.seq <= int(seen))]
    action = visit.request.url.path.rpartition("/")[2]
    still = [
        c for c in panel(review, me=visit.person.id, may=visit.may, who=who_of(visit)).choices if c.action == action
    ]
    return visit.page(
        "review_stale.html", status=409, review=review, record=review.record, since=since, events=EVENTS, states=STATES,
        who=who_of(visit), typed=visit.form.get("reason", ""), seen_hash=seen_hash, action=action,
        still=still[0] if still and not still[0].why_not else None,
    )  # fmt: skip


def _not_now(visit: Visit, review: Review, made: Panel, decision: str, typed: str) -> str:
    """Why this decision is not taken; empty when it is."""
    choice: Choice | None = next((one for one in made.choices if one.action == decision), None)
    if choice is None:
        return visit.say("This can't be decided in the state it is in.")
    if choice.why_not:
        return visit.say(choice.why_not)
    if decision == "approve" and review.differs and not typed:
        return visit.say("A case of the sample differs from its papers. Say why it is approved all the same.")
    return ""


def _needed(review: Review, made: Panel, decision: str) -> bool:
    return (decision == "approve" and review.differs > 0) or any(
        one.needs_reason for one in made.choices if one.action == decision
    )


def _unusable(visit: Visit, typed: str, *, needed: bool) -> str:
    """Why this can't be a decision's reason; empty when it can, or none is needed."""
    try:
        if needed or typed:
            clean_reason(typed, least=SHORTEST if needed else 1)
    except NeedsPerson as error:
        return visit.told(error)
    return ""
