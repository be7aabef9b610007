"""差异: the workbench of breaks. List left, object right; every write is a step's, and says what it was made upon."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Annotated, Any, Final

from fastapi import APIRouter, Response
from starlette.exceptions import HTTPException

from exchange import journeys
from exchange.console import breaks_view, counts
from exchange.console.break_object import Object, object_of, people, reason_of, state_of
from exchange.console.breaks_sheet import sheet
from exchange.console.breaks_view import (
    GROUP_WORDS,
    LIMIT_WORDS,
    ORDER_WORDS,
    STAND_WORDS,
    Filters,
    Listed,
    filters_of,
    listed,
    neighbours,
)
from exchange.console.pages import matches
from exchange.console.today_items import items
from exchange.console.updates import answered, fresh
from exchange.console.visit import Visit, needs
from exchange.domain.break_desk import GROUPS, LIMITS, NOBODY, ORDERS, alike
from exchange.domain.break_view import Seen, one_of, seen, version_of
from exchange.domain.errors import ExchangeError, NeedsPerson
from exchange.domain.reason import UNUSABLE
from exchange.steps.work_break import WHOLE, work_break

router = APIRouter()
router.include_router(matches.router)

ACTS: Final = ("decide", "answer", "confirm", "reopen", "withdraw", "assign", "comment")
STALE: Final = 924
MOST: Final = 200
"""Breaks that are decided together at most."""


@router.get("/breaks")
def breaks(visit: Annotated[Visit, needs("look")]) -> Response:
    """The list, and what there is of which kind."""
    return _page(visit, filters_of(visit.request.query_params), None)


@router.get("/breaks/list")
def anew(visit: Annotated[Visit, needs("look")], chosen: str = "") -> Response:
    """The list alone, as it is now: the break beside it, and what is typed there, stay as they are."""
    asked = visit.request.query_params
    page = asked.get("page")
    if not visit.by_htmx:
        return visit.go(filters_of(asked).at(f"/breaks/{chosen}" if chosen else "/breaks", page=page or ""))
    head, filters = visit.parts.ledger.head(), filters_of(asked)
    breaks_view.forget(visit.house)
    whole = listed(visit, filters, page=page, chosen=chosen)
    one = SimpleNamespace(id=chosen) if chosen else None
    return visit.page("parts/breaks_list.html", list=whole, filters=filters, chosen=one,
                      **_fresh(visit, filters, whole, page, chosen, head))  # fmt: skip


@router.get("/breaks/updates")
def updates(visit: Annotated[Visit, needs("look")], chosen: str = "") -> Response:
    """How much of the list has changed since it was shown."""
    asked, filters = visit.request.query_params, filters_of(visit.request.query_params)
    page = asked.get("page")
    breaks_view.forget(visit.house)
    whole = listed(visit, filters, page=page)
    return answered(visit, _marked(whole), show=_again(filters, page, chosen), total=whole.total, part="col")


def _again(filters: Filters, page: str | None, chosen: str) -> str:
    return filters.at("/breaks/list", page=page or "", chosen=chosen)


def _marked(whole: Listed) -> dict[str, object]:
    return {row.id: (row.version, row.state, row.owner, row.worth, row.days_left) for row in whole.rows}


def _fresh(visit: Visit, filters: Filters, whole: Listed, page: str | None, chosen: str, head: str) -> dict[str, Any]:
    told = filters.at("/breaks/updates", page=page or "", chosen=chosen)
    bar = fresh(_marked(whole), address=told, show=_again(filters, page, chosen), head=head,
                total=whole.total, part="col")  # fmt: skip
    return {"fresh": bar, "now": visit.house.now}


@router.get("/breaks/list.xlsx")
def as_sheet(visit: Annotated[Visit, needs("look")]) -> Response:
    """The list as it is filtered, as a spreadsheet; said in the ledger."""
    data = sheet(visit, filters_of(visit.request.query_params))
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    name = f'attachment; filename="breaks-{visit.today.isoformat()}.xlsx"'
    return Response(data, media_type=kind, headers={"content-disposition": name})


@router.get("/breaks/{id}")
def one_break(id: str, visit: Annotated[Visit, needs("look")]) -> Response:
    """One break beside the list; by htmx the object alone."""
    asked = visit.request.query_params
    return _page(visit, filters_of(asked), object_of(visit, id, runs=asked.get("runs") == "1"))


@router.post("/breaks/share")
def share(visit: Annotated[Visit, needs("run")]) -> Response:
    """Make ready what the other side does not have yet: the list of breaks, or the answers to one."""
    visit.house.desk.ask("share", {}, by=visit.person.id, now=visit.house.now)
    return visit.go("/breaks?done=share")


@router.post("/breaks/{id}/{act}")
def work(id: str, act: str, visit: Annotated[Visit, needs("work")]) -> Response:
    """Do something about a break, or about several that are alike; stale ones answer 409 with both texts."""
    if act not in ACTS or len(id) != WHOLE:
        raise HTTPException(404)
    if act in ("decide", "answer", "assign") and not visit.form.get("choice"):
        raise HTTPException(422)
    filters = filters_of(visit.form)
    several = [f"{id}:{visit.form.get('version', '')}", *map(str, visit.fields.getlist("also"))]
    chosen = dict(one.split(":", 1) for one in dict.fromkeys(several) if ":" in one)
    if len(chosen) > 1:
        _alike(visit, list(chosen))
    failed = []
    for break_, version in chosen.items():
        try:
            _do(visit, break_, act, version)
        except ExchangeError as error:
            failed.append((break_, error))
    breaks_view.forget(visit.house)
    counts.forget(visit.house)
    return _after(visit, id, act, filters, len(chosen), failed)


def _do(visit: Visit, id: str, act: str, version: str) -> None:
    """One break's act. To insist on a decision after a newer one takes that back first, with the same reason."""
    text, choice = visit.form.get("text", ""), visit.form.get("choice", "")
    step = "reopen" if act == "withdraw" else act
    upon = {id: version} if act in ("decide", "confirm", "answer", "reopen", "withdraw") else {}
    if act == "decide" and visit.form.get("insist") == "1":
        journeys.call(work_break, visit.parts, [id], "reopen", by=visit.person.id, text=text, versions=upon)
        upon = {}
    journeys.call(
        work_break, visit.parts, [id], step, by=visit.person.id, text="" if act in ("assign", "confirm") else text,
        choice=choice, versions=upon,
    )  # fmt: skip


def _alike(visit: Visit, ids: Sequence[str]) -> None:
    """NeedsPerson 925 unless all are of one kind, cause and direction, and not too many."""
    found = _seen(visit, ids)
    if len(found) != len(ids) or len(found) > MOST or len({alike(one) for one in found}) > 1:
        raise NeedsPerson(925, "These breaks are not alike; only equal ones are decided together.", where="breaks",
                          next_step="Choose breaks of one kind, cause and direction.")  # fmt: skip


def _seen(visit: Visit, ids: Sequence[str]) -> list[Seen]:
    return seen(visit.parts.ledger, visit.parts.agreement, visit.parts.party, ids=ids)


@dataclass(frozen=True, slots=True, kw_only=True)
class Conflict:
    """What stands now beside what was typed."""

    state: str
    by: str
    text: str
    choice: str
    typed: str
    insist: bool


def _after(
    visit: Visit, id: str, act: str, filters: Filters, tried: int, failed: Sequence[tuple[str, ExchangeError]]
) -> Response:
    if not failed:
        form = {"assign": "", "comment": f"note-{id}"}.get(act, f"break-{id}")
        if form:
            visit.house.desk.keep_draft(visit.person.id, form, "", visit.house.now)
        return visit.go(filters.at(f"/breaks/{id}", done=act, many=str(tried) if tried > 1 else "",
                                   page=visit.form.get("page", "")))  # fmt: skip
    if tried == 1 and failed[0][1].code == STALE:
        one = one_of(_seen(visit, [id]), id)
        if version_of(one) != visit.form.get("version"):
            return _page(visit, filters, object_of(visit, id), status=409, conflict=_conflict(visit, one, act))
    if failed[0][1].code in UNUSABLE:
        return _page(visit, filters, object_of(visit, id), status=422, wrong=visit.told(failed[0][1]))
    status = 409 if failed[0][1].code == STALE else 422
    return _page(visit, filters, object_of(visit, id), status=status, failed=failed, tried=tried)


def _conflict(visit: Visit, one: Seen, act: str) -> Conflict:
    choice, names = visit.form.get("choice", ""), people(visit)
    listed_ = "break_answer" if act == "answer" else "break_state"
    who = one.work.confirmed_by or one.work.decided_by or one.work.answered_by or ""
    return Conflict(
        state=state_of(visit, one.state)[2], by=names.get(who, who), text=reason_of(visit, one),
        choice=visit.name(listed_, choice) if choice else "", typed=visit.form.get("text", ""),
        insist=act == "decide" and one.ours and one.state != "open",
    )  # fmt: skip


def _page(
    visit: Visit, filters: Filters, chosen: Object | None, *, status: int = 200, conflict: Conflict | None = None,
    failed: Sequence[tuple[str, ExchangeError]] = (), tried: int = 0, wrong: str = "",
) -> Response:  # fmt: skip
    asked = visit.request.query_params
    page = asked.get("page") or visit.form.get("page")
    told = {
        "chosen": chosen, "filters": filters, "conflict": conflict, "failed": failed, "tried": tried,
        "done": asked.get("done", ""), "many": asked.get("many", ""), "page": page or "",
        "typed": visit.form.get("text", ""), "tried_act": visit.request.path_params.get("act", ""),
        "choice": visit.form.get("choice", ""), "runs": asked.get("runs", ""),
        "told": visit.told, "wrong": wrong,
    }  # fmt: skip
    if visit.by_htmx and visit.request.method == "GET" and chosen is not None:
        near = neighbours(visit, filters, page=page or "", chosen=chosen.id)
        return visit.page("parts/break.html", status=status, list=near, **told)
    head = visit.parts.ledger.head()
    whole = listed(visit, filters, page=page, chosen=chosen.id if chosen else "")
    bar = _fresh(visit, filters, whole, page, chosen.id if chosen else "", head)
    matches_ = [item for item in items(visit.house) if item.sort in ("match", "match_second")]
    return visit.page("breaks.html", status=status, list=whole, matches=matches_, **told, **bar, **_offers(visit))


def _offers(visit: Visit) -> dict[str, object]:
    """What the filters offer, in this person's language."""
    names, kinds = people(visit), visit.parts.agreement.codes["break"].names_zh
    return {
        "stands": [(value, visit.say(text)) for value, text in STAND_WORDS.items()],
        "limits": [(value, visit.say(text)) for value, text in zip(LIMITS, LIMIT_WORDS, strict=True)],
        "orders": [(value, visit.say(text)) for value, text in zip(("", *ORDERS[1:]), ORDER_WORDS, strict=True)],
        "groups": [(value, visit.say(text)) for value, text in zip(("", *GROUPS[1:]), GROUP_WORDS, strict=True)],
        "kinds": [(code, visit.name("break", code)) for code in kinds],
        "nobody": NOBODY, "owners": [(id, names.get(id, id)) for id in sorted(visit.parts.officers)],
    }  # fmt: skip
