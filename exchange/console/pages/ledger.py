"""台账: exchanges, packets and receipts, who did what; one event; whether the chain is whole."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Final
from urllib.parse import urlencode

from fastapi import APIRouter, Response

from exchange import journeys
from exchange.console import ledger_view
from exchange.console.pages.review import who_of
from exchange.console.pages.review_work import workbook
from exchange.console.paging import asked_for, pages
from exchange.console.render import local
from exchange.console.review_words import EVENTS, JOBS, KINDS, PACKET_STATES, STATES, SWEPT, Status
from exchange.console.visit import Visit, needs
from exchange.domain.errors import NeedsPerson
from exchange.domain.wording import KINDS as KIND_WORDS

router = APIRouter()

TABS: Final = {"exchanges": "Exchanges", "packets": "Packets and receipts", "events": "Who did what"}
"""The lists and their names."""
_ASKED: Final = (
    "tab", "direction", "kind", "state", "lane", "packet_kind", "exchange", "actor", "since", "until",
)  # fmt: skip


@router.get("/ledger")
def ledger(visit: Annotated[Visit, needs("look")]) -> Response:
    """One of the three lists; filters and place are in the address."""
    wanted = _wanted(visit)
    below = _number(visit.request.query_params.get("below"))
    verified = next((job for job in visit.house.desk.jobs(limit=200) if job.kind == "verify"), None)
    last = visit.parts.ledger.listed_events({"kind": "chain_verified"}, most=1)
    return visit.page(
        "ledger.html", wanted=wanted, tab=wanted["tab"], states=STATES, packet_states=PACKET_STATES, events=EVENTS,
        kinds=KINDS, kind_words=KIND_WORDS, who=who_of(visit), lanes=visit.parts.ledger.lanes(), job=verified,
        verified=last[0] if last else None, query_of=_query, **_lines(visit, wanted, below),
    )  # fmt: skip


def _wanted(visit: Visit) -> dict[str, str]:
    told = {name: asked_for(visit.request.query_params.get(name, "")) for name in _ASKED}
    return told | {"tab": told["tab"] if told["tab"] in TABS else "exchanges"}


def _number(text: str | None) -> int | None:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 16 else None


def _query(wanted: Mapping[str, str], **more: Any) -> str:
    return urlencode({name: value for name, value in {**wanted, **more}.items() if value})


def _lines(visit: Visit, wanted: Mapping[str, str], below: int | None) -> Mapping[str, Any]:
    parts, tab = visit.parts, wanted["tab"]
    if tab == "exchanges":
        total, _ = ledger_view.exchanges(parts, wanted, first=0, most=0)
        which = pages(total, visit.request.query_params.get("page"), "/ledger", wanted)
        _, rows = ledger_view.exchanges(parts, wanted, first=which.offset)
        return {"rows": rows, "pages": which, "below": None, "first": True}
    leaf = (ledger_view.packets if tab == "packets" else ledger_view.events)(parts, wanted, below)
    return {"rows": leaf.rows, "pages": None, "below": leaf.below, "first": below is None}


@router.get("/ledger/events/{seq}")
def event(seq: int, visit: Annotated[Visit, needs("look")]) -> Response:
    """One event with its hash, and how it hangs on its neighbours."""
    before, this, after = visit.parts.ledger.event(min(seq, 2**62)) if seq > 0 else (None, None, None)
    if this is None:
        raise NeedsPerson(914, "There is no such event.", where=f"event {seq}", next_step="Go back to the ledger.")
    return visit.page(
        "ledger_event.html", this=this, before=before, after=after, facts=ledger_view.facts(this), events=EVENTS,
        who=who_of(visit), fits=ledger_view.fits(before, this, after),
    )  # fmt: skip


@router.post("/ledger/verify")
def verify(visit: Annotated[Visit, needs("verify")]) -> Response:
    """Ask for the whole chain to be walked; the result is kept and told in the ledger."""
    job = visit.house.desk.ask("verify", {}, by=visit.person.id, now=visit.house.now)
    return visit.go(f"/ledger/verify/{job.id}")


@router.get("/ledger/verify/{id}")
def verified(id: int, visit: Annotated[Visit, needs("verify")]) -> Response:
    """How the walk stands."""
    job = visit.house.desk.job(id)
    if job is None or job.kind != "verify":
        raise NeedsPerson(914, "There is no such work.", where=f"job {id}", next_step="Go back to the ledger.")
    problem = visit.house.problems.get(job.code) if job.code is not None else None
    part = "parts/job.html" if visit.by_htmx else "job.html"
    return visit.page(
        part,
        job=job,
        progress=None,
        problem=problem,
        place=job.where,
        jobs=JOBS,
        swept=SWEPT,
        problems=visit.house.problems,
    )


@router.get("/ledger/sheet.xlsx")
def sheet(visit: Annotated[Visit, needs("look")]) -> Response:
    """The list as it is filtered, as Excel; that it was taken along is in the ledger."""
    wanted = _wanted(visit)
    makers = {"exchanges": _exchange_lines, "packets": _packet_lines, "events": _event_lines}
    heads, rows = makers[wanted["tab"]](visit, wanted)
    journeys.looked(visit.parts, None, f"ledger-{wanted['tab']}")
    name = visit.say(TABS[wanted["tab"]])
    list_ = {"name": name, "heads": [(visit.say(head), width) for head, width in heads], "rows": rows}
    data = visit.parts.sheets.lists({"title": visit.say("Ledger"), "as_of": str(visit.today), "sheets": [list_]})
    return workbook(f"ledger-{wanted['tab']}", data)


Lines = tuple[Sequence[tuple[str, int]], Sequence[Sequence[Any]]]


def _exchange_lines(visit: Visit, wanted: Mapping[str, str]) -> Lines:
    who = who_of(visit)
    _, rows = ledger_view.exchanges(visit.parts, wanted, first=0, most=ledger_view.MOST_IN_SHEET)
    heads = ("Exchange", 30), ("Opened", 18), ("State", 22), ("Submitted by", 16), ("Let go by", 16), ("Packet", 32), \
        ("Fingerprint", 37)  # fmt: skip
    return heads, [
        (r.key, r.opened_at and local(r.opened_at), _state(visit, STATES, r.state), who(r.prepared_by),
         who(r.approved_by), r.packet_id, r.content_hash)
        for r in rows
    ]  # fmt: skip


def _packet_lines(visit: Visit, wanted: Mapping[str, str]) -> Lines:
    leaf = ledger_view.packets(visit.parts, wanted, None, most=ledger_view.MOST_IN_SHEET)
    heads = ("Number", 9), ("Packet", 34), ("State", 22), ("When", 18), ("Answers", 34), ("Fingerprint", 37)
    return heads, [
        (r.number, r.packet_id, _state(visit, PACKET_STATES, r.state), r.at and local(r.at), r.answers,
         r.manifest_sha256)
        for r in leaf.rows
    ]  # fmt: skip


def _event_lines(visit: Visit, wanted: Mapping[str, str]) -> Lines:
    who, leaf = who_of(visit), ledger_view.events(visit.parts, wanted, None, most=ledger_view.MOST_IN_SHEET)
    heads = ("Number", 10), ("When", 18), ("What", 34), ("Who", 16), ("Exchange", 34), ("Hash", 37)
    return heads, [
        (r.seq, local(r.at), visit.say(EVENTS.get(r.kind, r.kind)), who(r.actor), r.exchange, r.hash)
        for r in leaf.rows
    ]  # fmt: skip


def _state(visit: Visit, table: Mapping[str, Status], code: str) -> str:
    return visit.say(table[code][2]) if code in table else code
