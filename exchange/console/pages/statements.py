"""对账单: where a quarter's statement stands, its sums by rank; two officers put it forward, sign or refuse it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any, Final

from fastapi import APIRouter, Response

from exchange import journeys
from exchange.console.counts import forget
from exchange.console.today_words import person_name
from exchange.console.visit import Visit, needs
from exchange.domain.canonical import strict_json
from exchange.domain.errors import NeedsPerson
from exchange.domain.statement_life import STATES
from exchange.domain.statement_terms import WORDS

router = APIRouter()

SHOWN: Final = ("opening", "closing", "confirmed", "paid", "outstanding")
"""The amounts of a statement that the page shows of each rank; the statement's own page has all."""
_OURS: Final[Mapping[str, str]] = {"made": "prepare", "prepared": "approve"}
_THEIRS: Final[Mapping[str, str]] = {"agrees": "prepare", "prepared": "approve"}
"""State → who signs next: at the end that sends the cases, and at the other."""


@router.get("/statements/{route}/{period}")
def statement(route: str, period: str, visit: Annotated[Visit, needs("look")]) -> Response:
    """One quarter's statement."""
    return _shown(visit, route, period)


def _shown(visit: Visit, route: str, period: str, *, status: int = 200, wrong: str = "", reason: str = "") -> Response:
    told = _known(visit, route, period)
    ours = visit.parts.agreement.route(route).sender == visit.parts.party
    waits = (_OURS if ours else _THEIRS).get(told["state"])
    own = waits == "approve" and told["steps"][-1]["by"] == visit.person.id
    zh = visit.language == "zh"
    return visit.page(
        "statement.html", status=status, told=told, waits=waits, own=own, wrong=wrong, reason_text=reason,
        may=waits is not None and visit.may(waits) and not own, state=STATES[told["state"]][0 if zh else 1],
        steps=[_step(visit, step) for step in told["steps"]], rows=_rows(visit, told),
        refusable=not ours and told["state"] in ("agrees", "differs") and visit.may("refuse"),
        amounts=[WORDS[name][0 if zh else 1] for name in SHOWN],
        route=visit.titled_of(visit.parts.agreement.route(route)),
    )  # fmt: skip


def _known(visit: Visit, route: str, period: str) -> Mapping[str, Any]:
    if route in visit.parts.agreement.routes:
        for told in journeys.statement_status(visit.parts, route):
            if told["period"] == period:
                return told
    raise NeedsPerson(914, "There is no such statement.", where="statement", next_step="Make it first.")


def _step(visit: Visit, step: Mapping[str, Any]) -> tuple[datetime, str, str]:
    word = STATES[step["what"]][0 if visit.language == "zh" else 1]
    return datetime.fromisoformat(step["at"]), word, person_name(visit, step["by"])


def _rows(visit: Visit, told: Mapping[str, Any]) -> Sequence[tuple[str, Sequence[str]]]:
    """Each rank and its amounts in yuan, then all of them."""
    key, name = f"{told['route']}.statement.{told['period']}", f"statement-v{told['version']}.json"
    stored = strict_json(visit.parts.vault.get(key, name))
    ranks = [(visit.name("rank", rank), amounts) for rank, amounts in stored["ranks"].items()]
    return [(title, [amounts[n] for n in SHOWN]) for title, amounts in (*ranks, (visit.say("In all"), stored["total"]))]


@router.post("/statements/{route}/{period}/sign")
def sign(route: str, period: str, visit: Annotated[Visit, needs("work")]) -> Response:
    """Put it forward, or as a second officer sign it: what the state asks for; bound to the fingerprint shown."""
    if _known(visit, route, period)["sha256"] != visit.form.get("seen"):
        return _shown(visit, route, period, status=409, wrong=visit.say("The statement was made anew meanwhile."))
    journeys.sign_statement(visit.parts, period, route, visit.person.id)
    forget(visit.house)
    return visit.go(f"/statements/{route}/{period}")


@router.post("/statements/{route}/{period}/refuse")
def refuse(route: str, period: str, visit: Annotated[Visit, needs("refuse")]) -> Response:
    """Send the other side's statement back, with a reason that goes over."""
    _known(visit, route, period)
    reason = visit.form.get("reason", "").strip()
    if len(reason) < 5:
        wrong = visit.say("A reason of at least five characters is needed.")
        return _shown(visit, route, period, status=422, wrong=wrong, reason=reason)
    journeys.refuse_statement(visit.parts, period, route, visit.person.id, reason)
    forget(visit.house)
    return visit.go(f"/statements/{route}/{period}")
