"""一案一档: find a case, and all this end knows of it on one page."""

from __future__ import annotations

from typing import Annotated, Final
from urllib.parse import quote

from fastapi import APIRouter, Response

from exchange import journeys
from exchange.console.case_file import CaseFile, read_case
from exchange.console.case_view import case_view
from exchange.console.paging import SIZE, Pages, pages
from exchange.console.visit import Visit, needs
from exchange.domain.case_entry import CaseQuestion, FoundCases
from exchange.domain.case_index import LONGEST, case_routes, questions
from exchange.domain.errors import NeedsPerson

router = APIRouter()

_MOST: Final = 1000


@router.get("/cases")
def cases(visit: Annotated[Visit, needs("look")], q: str = "", stage: str = "", court: str = "", page: str = "",
          ) -> Response:  # fmt: skip
    """Search by number, credit code, name or a part; one hit opens its file."""
    asked, lists = q.strip()[:LONGEST], visit.parts.agreement.codes
    narrowed = CaseQuestion(stages=(stage,) if stage else (), courts=(court,) if court else ())
    found, which = _found(visit, asked, narrowed, page)
    if asked and found.total == 1 and not found.more and not stage and not court:
        return visit.go(f"/cases/{quote(found.entries[0].case_no)}")
    return visit.page(
        "cases.html", asked=asked, stage=stage, court=court, found=found, pages=which, courts=_courts(visit),
        stages=list(lists["stage"].names_zh), held=visit.house.party_kind == "court",
    )  # fmt: skip


def _found(visit: Visit, asked: str, narrowed: CaseQuestion, page: str) -> tuple[FoundCases, Pages]:
    """The page asked for of what the first question finds that finds anything."""
    ledger = visit.parts.ledger
    lanes = [route.lane for route in case_routes(visit.parts.agreement, visit.parts.party)]
    filters = {"q": asked, "stage": "".join(narrowed.stages), "court": "".join(narrowed.courts)}
    found = FoundCases(entries=(), total=0)
    for one in questions(asked) if asked else (CaseQuestion(),):
        question = CaseQuestion(
            number=one.number, whole=one.whole, parts=one.parts, stages=narrowed.stages, courts=narrowed.courts
        )  # fmt: skip
        which = pages(SIZE * 1_000_000, page, "/cases", filters)
        found = ledger.find_cases(lanes, question, offset=which.offset, limit=SIZE, most=_MOST)
        if found.total:
            break
    return found, pages(found.total, page, "/cases", filters)


def _courts(visit: Visit) -> list[tuple[str, str]]:
    """The courts' codes and names, of whichever party speaks for them."""
    parties = visit.parts.agreement.parties
    senders = {route.sender for route in case_routes(visit.parts.agreement, visit.parts.party)}
    return [
        (code.code, court.name)
        for sender in sorted(senders) for court in parties[sender].courts for code in court.codes
    ]  # fmt: skip


@router.get("/cases/{case}")
def case(case: str, visit: Annotated[Visit, needs("look")]) -> Response:
    """One case's file."""
    file = _file(visit, case)
    revealed = _mark(file) in visit.session.revealed
    view = case_view(visit, file, revealed=revealed)
    return visit.page("case.html", view=view, head=visit.parts.ledger.head())


@router.post("/cases/{case}/reveal")
def reveal(case: str, visit: Annotated[Visit, needs("reveal")]) -> Response:
    """Names of natural persons in full, for this session; the ledger says who asked."""
    file = _file(visit, case)
    journeys.looked_at_case(visit.parts, file.entry.case_no, "names")
    shown = tuple(dict.fromkeys((*visit.session.revealed, _mark(file))))
    visit.house.desk.renew(visit.secret, visit.house.now, revealed=shown)
    return visit.go(f"/cases/{quote(file.entry.case_no)}")


@router.post("/cases/{case}/printed")
def printed(case: str, visit: Annotated[Visit, needs("look")]) -> Response:
    """Say in the ledger that the file is printed."""
    journeys.looked_at_case(visit.parts, _file(visit, case).entry.case_no, "case_printed")
    return Response(status_code=204)


def _file(visit: Visit, case: str) -> CaseFile:
    file = read_case(visit.parts, case)
    if file is None:
        raise NeedsPerson(
            914, "No packet ever carried a case of this number.", where="case", next_step="Search for a part of it."
        )  # fmt: skip
    return file


def _mark(file: CaseFile) -> str:
    return f"case:{file.entry.case_no}"
