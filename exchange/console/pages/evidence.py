"""举证包: make a pack of a case or a packet, and take it along."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Final

from fastapi import APIRouter, Response
from fastapi.responses import StreamingResponse

from exchange.console import evidence
from exchange.console.pages.review import who_of
from exchange.console.paging import pages, shown
from exchange.console.visit import Visit, needs
from exchange.domain.errors import NeedsPerson
from exchange.ports import Parts
from exchange.steps.prove import FOLDER

router = APIRouter()

_CHUNK: Final = 1 << 18


@router.get("/evidence")
def look(visit: Annotated[Visit, needs("look")], case: str = "", packet: str = "", page: str = "") -> Response:
    """The form, and the packs made so far."""
    return _page(visit, case or packet, page)


@router.post("/evidence")
def make(visit: Annotated[Visit, needs("prove")]) -> Response:
    """Make a pack; a large one is made by the worker, and listed when it is ready."""
    asked = visit.form.get("subject", "")
    try:
        subject = evidence.subject_of(visit.parts, asked)
    except NeedsPerson as none:
        if none.code != 914:
            raise
        return _page(visit, asked, "", wrong=True, status=422)
    evidence.make(visit, subject)
    return visit.go("/evidence")


@router.get("/evidence/{name}")
def take(name: str, visit: Annotated[Visit, needs("prove")]) -> Response:
    """The ZIP; the ledger says who took it."""
    pack = evidence.take(visit.parts, name)
    headers = {"content-disposition": f'attachment; filename="evidence-{pack.name}"'}
    return StreamingResponse(_read(visit.parts, pack.name), media_type="application/zip", headers=headers)


def _read(parts: Parts, name: str) -> Iterator[bytes]:
    with parts.vault.open(FOLDER, name) as stored:
        while chunk := stored.read(_CHUNK):
            yield chunk


def _page(visit: Visit, asked: str, page: str, *, wrong: bool = False, status: int = 200) -> Response:
    made = evidence.packs(visit.parts)
    which = pages(len(made), page, "/evidence", {})
    waiting = [job for job in visit.house.desk.jobs() if job.kind == "prove" and job.state in ("waiting", "running")]
    return visit.page(
        "evidence.html", who=who_of(visit), status=status, asked=asked[:200], wrong=wrong,
        packs=shown(made, which), pages=which, waiting=waiting,
    )  # fmt: skip
