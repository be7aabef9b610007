"""紧急传送: pick the case, say why, see exactly what goes, send; then its receipts arrive live."""

from __future__ import annotations

from typing import Annotated, Final
from urllib.parse import quote

from fastapi import APIRouter, Response

from exchange import journeys
from exchange.console.counts import forget
from exchange.console.today_words import person_name
from exchange.console.urgent_view import candidates, case_by_key, listed, preview, sends, urgent_of
from exchange.console.visit import Visit, needs
from exchange.desk import Job
from exchange.domain.errors import NeedsPerson
from exchange.domain.reason import clean_reason
from exchange.steps.review import review

router = APIRouter()

_JOBS: Final = ("preview", "urgent", "onward")


@router.get("/urgent")
def urgent(visit: Annotated[Visit, needs("look")], page: str | None = None) -> Response:
    """The last ones, and those that another officer still has to look at."""
    found, which = listed(visit, page)
    waiting = [
        (event, case_by_key(visit.parts, str(event.exchange))) for event in visit.parts.ledger.unconfirmed(limit=20)
    ]
    return visit.page("urgent.html", found=found, pages=which, waiting=waiting, sends=sends(visit.parts),
                      name=lambda id: person_name(visit, id))  # fmt: skip


@router.get("/urgent/new")
def new(visit: Annotated[Visit, needs("send")], case: str = "", q: str = "") -> Response:
    """Pick the case, say why."""
    return _form(visit, case=case[:200], asked=q[:200])


def _form(
    visit: Visit, *, case: str, asked: str = "", reason: str = "", unusable: str = "", status: int = 200
) -> Response:
    found = candidates(visit.parts, asked or case) if asked or case else ()
    if not case and len(found) == 1:
        case = found[0].case_no
    known = next((one for one in found if one.case_no == case), None)
    return visit.page(
        "urgent_new.html", status=status, case=case, asked=asked, found=found, known=known, unusable=unusable,
        reason_text=reason or visit.house.desk.draft(visit.person.id, f"urgent-{case}"), sends=sends(visit.parts),
    )  # fmt: skip


@router.post("/urgent/preview")
def look(visit: Annotated[Visit, needs("send")]) -> Response:
    """Ask for what would go; a register may take a while to be read, so that is work of the worker."""
    case, reason = visit.form.get("case", "").strip()[:200], visit.form.get("reason", "")
    if not case:
        return visit.go("/urgent/new")
    try:
        told = {"case_no": case, "reason": clean_reason(reason)}
    except NeedsPerson as error:
        return _form(visit, case=case, reason=reason, unusable=visit.told(error), status=422)
    job = visit.house.desk.ask("preview", told, by=visit.person.id, now=visit.house.now)
    return visit.go(f"/urgent/jobs/{job.id}")


@router.get("/urgent/jobs/{id}")
def work(id: int, visit: Annotated[Visit, needs("send")]) -> Response:
    """How it stands: being read; to be looked at and sent; sent, and on to its own page."""
    job = visit.house.desk.job(id)
    if job is None or job.kind not in _JOBS or job.by != visit.person.id:
        raise NeedsPerson(914, "There is no such work.", where=f"job {id}", next_step="Begin anew.")
    if job.state == "done" and job.kind != "preview":
        return visit.go(f"/urgent/{quote(str(job.found['exchange']))}")
    if job.state == "done":
        return visit.go(f"/urgent/jobs/{id}") if visit.by_htmx else _going(visit, job)
    problem = visit.house.problems.get(job.code) if job.code else None
    return visit.page("parts/urgent_job.html" if visit.by_htmx else "urgent_job.html", job=job, problem=problem)


def _going(visit: Visit, job: Job) -> Response:
    found = preview(visit, str(job.found["preview"]))
    journeys.looked(visit.parts, str(job.found["preview"]), "urgent preview")
    return visit.page("urgent_preview.html", job=job, preview=found, reason=job.arguments["reason"])


@router.post("/urgent/send")
def send(visit: Annotated[Visit, needs("send")]) -> Response:
    """Send what was seen and nothing else."""
    job = visit.house.desk.job(int(visit.form["job"])) if visit.form.get("job", "").isdecimal() else None
    if job is None or job.kind != "preview" or job.state != "done" or job.by != visit.person.id:
        raise NeedsPerson(914, "There is no such work.", where="job", next_step="Begin anew.")
    seen = preview(visit, str(job.found["preview"]))
    told = {"case_no": seen.case_no, "reason": job.arguments["reason"], "seen": seen.sha256}
    asked = visit.house.desk.ask("urgent", told, by=visit.person.id, now=visit.house.now)
    visit.house.desk.keep_draft(visit.person.id, f"urgent-{job.arguments['case_no']}", "", visit.house.now)
    forget(visit.house)
    return visit.go(f"/urgent/jobs/{asked.id}")


@router.get("/urgent/{key}")
def watch(key: str, visit: Annotated[Visit, needs("look")]) -> Response:
    """One of them: how far it has come; its part is fetched again when the ledger grew."""
    head, one = visit.parts.ledger.head()[:16], urgent_of(visit.parts, key)
    return visit.page("parts/urgent_one.html" if visit.by_htmx else "urgent_one.html", head=head, one=one,
                      today=visit.today, now=visit.house.now, name=lambda id: person_name(visit, id),
                      parties=_parties(visit))  # fmt: skip


def _parties(visit: Visit) -> dict[str, str]:
    return {id: visit.titled(party) for id, party in visit.parts.agreement.parties.items()}


@router.post("/urgent/{key}/approve")
def approve(key: str, visit: Annotated[Visit, needs("approve")]) -> Response:
    """A second officer lets it go; bound to the content that was shown."""
    urgent_of(visit.parts, key)
    with visit.parts.ledger.lock(f"run:{key}"):
        journeys.call(
            review, visit.parts, key, "approve", by=visit.person.id, fingerprint=visit.form.get("seen") or None
        )
    job = visit.house.desk.ask("onward", {"exchange": key}, by=visit.person.id, now=visit.house.now)
    forget(visit.house)
    return visit.go(f"/urgent/jobs/{job.id}")


@router.post("/urgent/{key}/confirm")
def confirm(key: str, visit: Annotated[Visit, needs("approve")]) -> Response:
    """Another officer has looked at what went out by rule or by one officer."""
    with visit.parts.ledger.lock(f"run:{key}"):
        journeys.call(review, visit.parts, key, "confirm", by=visit.person.id)
    forget(visit.house)
    return visit.go("/urgent" if visit.form.get("back") == "list" else f"/urgent/{quote(key)}")
