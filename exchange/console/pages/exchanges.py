"""审查交换: the list of exchanges, and what starts one: a quarter, an answer from files, a sweep."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any, Final

from fastapi import APIRouter, Response

from exchange import journeys
from exchange.console import uploads
from exchange.console.counts import forget
from exchange.console.exchanges_view import FILTERS, answer_files, answers, listed, quarters, waiting
from exchange.console.paging import SIZE, asked_for, pages
from exchange.console.review_words import JOBS, KINDS, STATES, SWEPT
from exchange.console.visit import Visit, needs
from exchange.desk import Job
from exchange.domain.errors import NeedsPerson
from exchange.domain.period import Period
from exchange.domain.wording import KINDS as KIND_WORDS

router = APIRouter()

_JOBS: Final = ("quarterly", "answer", "sweep", "assemble")
"""Kinds of jobs this page starts and tells of."""


@router.get("/exchanges")
def exchanges(visit: Annotated[Visit, needs("look")]) -> Response:
    """The list; what to narrow it to is in the address."""
    return _list(visit)


def _list(visit: Visit, *, status: int = 200, wrong: str = "", form: str = "") -> Response:
    asked = visit.request.query_params if visit.request.method == "GET" else {}
    wanted = {name: asked_for(str(asked.get(name, "")), 40) for name in FILTERS}
    total, _ = visit.parts.ledger.listed_exchanges({n: v for n, v in wanted.items() if v}, most=0)
    which = pages(total, str(asked.get("page", "1")), "/exchanges", wanted)
    _, rows = listed(visit.parts, wanted, first=which.offset, most=SIZE)
    route = next(iter(answers(visit.parts)), None)
    return visit.page(
        "exchanges.html", status=status, rows=rows, pages=which, wanted=wanted, states=STATES, kinds=KINDS,
        kind_words=KIND_WORDS, quarters=quarters(visit.today), came=waiting(visit.parts),
        routes=[visit.parts.agreement.route(id) for id in journeys.quarterly_routes(visit.parts)],
        answer_files=answer_files(route) if route else (), answers=answers(visit.parts), wrong=wrong, form=form,
        jobs=[job for job in visit.house.desk.jobs(limit=12) if job.kind in _JOBS][:4], job_words=JOBS,
    )  # fmt: skip


@router.post("/exchanges/start")
def start(visit: Annotated[Visit, needs("run")]) -> Response:
    """Ask for a quarter to be read and checked; the work goes on while the page may be left."""
    told = {name: visit.form.get(name, "").strip() for name in ("route", "period", "as_of")}
    if told["route"] not in journeys.quarterly_routes(visit.parts):
        return _list(visit, status=422, form="start", wrong=visit.say("Choose a route on which this end sends."))
    try:
        Period.parse(told["period"])
        if told["as_of"]:
            date.fromisoformat(told["as_of"])
    except (ValueError, NeedsPerson):
        return _list(visit, status=422, form="start", wrong=visit.say("The quarter or the day is not one."))
    return _asked(visit, "quarterly", told)


@router.post("/exchanges/answer")
def answer(visit: Annotated[Visit, needs("run")]) -> Response:
    """Keep the files sent, and ask for an answer to be made of them."""
    routes = {route.id: route for route in answers(visit.parts)}
    route = routes.get(visit.form.get("route", "")) or (next(iter(routes.values())) if len(routes) == 1 else None)
    if route is None:
        return _list(visit, status=422, form="answer", wrong=visit.say("Choose which court is answered."))
    files, wrong = uploads.taken(visit.fields.getlist("files"), [name for name, _, _ in answer_files(route)])
    lacking = [name for name, _, optional in answer_files(route) if not optional and name not in files]
    if wrong or lacking:
        return _list(visit, status=422, form="answer", wrong=_why(visit, wrong, lacking))
    folder = uploads.keep(visit.house.settings, files)
    return _asked(visit, "answer", {"folder": str(folder), "route": route.id})


def _why(visit: Visit, wrong: list[tuple[str, str]], lacking: list[str]) -> str:
    told = [f"{visit.say(why)} {name}" for name, why in wrong]
    if lacking:
        told.append(visit.say("These files are missing: %(names)s", names=", ".join(lacking)))
    return " ".join(told)


@router.post("/exchanges/sweep")
def sweep(visit: Annotated[Visit, needs("send")]) -> Response:
    """Ask for everything that became ready to be taken on now."""
    return _asked(visit, "sweep", {})


def _asked(visit: Visit, kind: str, told: Mapping[str, Any]) -> Response:
    job = visit.house.desk.ask(kind, {n: v for n, v in told.items() if v}, by=visit.person.id, now=visit.house.now)
    forget(visit.house)
    return visit.go(f"/exchanges/jobs/{job.id}")


@router.get("/exchanges/jobs/{id}")
def job(id: int, visit: Annotated[Visit, needs("look")]) -> Response:
    """How work that was asked for stands; asked by htmx the part alone, which leads on once it is done."""
    found = visit.house.desk.job(id)
    if found is None or found.kind not in (*_JOBS, "reconcile"):
        raise NeedsPerson(914, "There is no such work.", where=f"job {id}", next_step="Go back to the list.")
    if visit.by_htmx:
        if found.state == "done" and found.found.get("exchange"):
            return visit.go(f"/exchanges/{found.found['exchange']}")
        return visit.page("parts/job.html", job=found, **_told(visit, found))
    return visit.page("job.html", job=found, **_told(visit, found))


def _told(visit: Visit, job: Job) -> Mapping[str, Any]:
    """What is known beside the job itself: how far it is, where it went wrong, in words."""
    problem = visit.house.problems.get(job.code) if job.code is not None else None
    return {"progress": _progress(visit, job), "problem": problem, "place": uploads.place(job.where), "jobs": JOBS,
            "swept": SWEPT, "problems": visit.house.problems}  # fmt: skip


def _progress(visit: Visit, job: Job) -> tuple[int, int] | None:
    """(batches read, batches) of a quarter on its way."""
    if job.kind != "quarterly" or job.state != "running":
        return None
    told = job.arguments
    records = visit.parts.ledger.listed_exchanges({"route": told["route"], "kind": "Q", "period": told["period"]})[1]
    if not records:
        return None
    read = visit.parts.ledger.listed_events({"exchange": records[0].key, "kind": "batch_extracted"}, most=1000)
    return len({event.body["batch"] for event in read}), len(records[0].details.get("batches", ()))
