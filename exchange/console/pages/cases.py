"""一案一档: find a case, and all this end knows of it on one page."""

from __future__ import annotations

from typing import Annotated, Final
from urllib.parse import quote, urlencode

from fastapi import APIRouter, Response

from exchange import journeys
from exchange.console.case_file import CaseFile, read_case
from exchange.console.case_view import case_view
from exchange.console.paging import SIZE, Pages, pages
from exchange.console.review_words import STATES
from exchange.console.unsent_view import Found, held_now, look_for, read_unsent, sending
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
    plain = not stage and not court
    many, unsent = look_for(visit.parts, asked) if asked and plain and which.number == 1 else (0, ())
    if asked and found.total == 1 and not found.more and plain and not many:
        return visit.go(f"/cases/{quote(found.entries[0].case_no)}")
    if not found.total and many == 1:
        return visit.go(_unsent_at(unsent[0]))
    return visit.page(
        "cases.html", asked=asked, stage=stage, court=court, found=found, pages=which, courts=_courts(visit),
        stages=list(lists["stage"].names_zh), sends=bool(sending(visit.parts)), unsent=unsent, unsent_count=many,
        unsent_at=_unsent_at,
    )  # fmt: skip


def _unsent_at(one: Found) -> str:
    return f"/exchanges/{quote(one.exchange)}/case?{urlencode({'record': one.case.record})}"


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
    """One case's file; of one that never went, what stands in the register and why it stays."""
    file = read_case(visit.parts, case)
    held = held_now(visit.parts, case)
    if file is None and held is not None:
        return visit.go(_unsent_at(held))
    file = file or _file(visit, case)
    revealed = _mark(file) in visit.session.revealed
    if revealed:
        journeys.looked_at_case(visit.parts, file.entry.case_no, "names")
    view = case_view(visit, file, revealed=revealed)
    stays = held if held is not None and held.case.held and _since(visit, file, held) else None
    return visit.page("case.html", view=view, head=visit.parts.ledger.head(), stays=stays and _unsent_at(stays),
                      statement=journeys.last_statement(visit.parts, file.route.id))  # fmt: skip


def _since(visit: Visit, file: CaseFile, held: Found) -> bool:
    """Whether the checks held it after it last went."""
    record = visit.parts.ledger.exchange(held.exchange)
    went = [one.sent_at for one in file.carriers if one.sent_at]
    return record is not None and record.opened_at is not None and (not went or record.opened_at > max(went))


@router.get("/exchanges/{key}/case")
def unsent(key: str, visit: Annotated[Visit, needs("look")], record: str = "") -> Response:
    """A case an exchange did not take along: what stands in the register, why, what to do."""
    return _unsent(visit, key, record, full=False)


@router.post("/exchanges/{key}/case/reveal")
def reveal_unsent(key: str, visit: Annotated[Visit, needs("reveal")]) -> Response:
    """The same with the names of persons in full, for this view alone; the look is in the ledger first."""
    journeys.looked(visit.parts, journeys.record(visit.parts, key).key, "unsent-full")
    return _unsent(visit, key, visit.form.get("record", ""), full=True)


def _unsent(visit: Visit, key: str, record: str, *, full: bool) -> Response:
    size = visit.house.settings.console.sample_size
    known = journeys.record(visit.parts, key)
    file = read_unsent(visit.parts, known, record, size=size, full=full) if known.direction == "out" else None
    if file is None:
        raise NeedsPerson(914, "This exchange left no such case here.", where=key, next_step="Open it from its list.")
    return visit.page("unsent.html", file=file, record=known, full=full, states=STATES)


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
