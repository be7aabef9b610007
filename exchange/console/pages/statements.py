"""对账单: where each quarter's statement stands, its sums by rank, where both sides differ; signed or refused here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any, Final

from fastapi import APIRouter, Response

from exchange import journeys
from exchange.console.counts import forget
from exchange.console.paging import pages
from exchange.console.render import money
from exchange.console.today_words import person_name
from exchange.console.visit import Visit, needs
from exchange.domain.canonical import strict_json
from exchange.domain.case_number import normalise
from exchange.domain.errors import NeedsPerson
from exchange.domain.period import Period
from exchange.domain.reason import UNUSABLE
from exchange.domain.statement_book import of_case, statement_key
from exchange.domain.statement_life import STATES
from exchange.domain.statement_terms import WORDS, refusal_name

router = APIRouter()

SHOWN: Final = ("opening", "closing", "confirmed", "paid", "outstanding")
"""The amounts of a statement that the page shows of each rank; the statement's own page has all."""
FORMS: Final[Mapping[str, str]] = {
    "pdf": "application/pdf", "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "json": "application/json",
}  # fmt: skip
_OURS: Final[Mapping[str, str]] = {"made": "prepare", "prepared": "approve"}
_THEIRS: Final[Mapping[str, str]] = {"agrees": "prepare", "prepared": "approve"}
"""State → who signs next: at the end that sends the cases, and at the other."""


@router.get("/statements")
def statements(visit: Annotated[Visit, needs("look")]) -> Response:
    """Every quarter's statement, the newest quarter first."""
    zh = visit.language == "zh"
    found = sorted(journeys.statement_status(visit.parts), key=lambda one: (one["period"], one["route"]), reverse=True)
    rows = [(one, visit.titled_of(visit.parts.agreement.route(one["route"])), STATES[one["state"]][0 if zh else 1])
            for one in found]  # fmt: skip
    return visit.page("statements.html", rows=rows)


@router.get("/statements/{route}/{period}")
def statement(route: str, period: str, visit: Annotated[Visit, needs("look")]) -> Response:
    """One quarter's statement."""
    return _shown(visit, route, period)


def _shown(
    visit: Visit, route: str, period: str, *, status: int = 200, wrong: str = "", unusable: str = "", reason: str = ""
) -> Response:
    told = _known(visit, route, period)
    ours = visit.parts.agreement.route(route).sender == visit.parts.party
    waits = (_OURS if ours else _THEIRS).get(told["state"])
    case = normalise(visit.request.query_params.get("case", ""))[:40]
    own = waits == "approve" and told["steps"][-1]["by"] == visit.person.id
    zh = visit.language == "zh"
    return visit.page(
        "statement.html", status=status, told=told, waits=waits, own=own, wrong=wrong, unusable=unusable,
        reason_text=reason,
        may=waits is not None and visit.may(waits) and not own, state=STATES[told["state"]][0 if zh else 1],
        steps=[_step(visit, step) for step in told["steps"]], rows=_rows(visit, told),
        refusable=_refusable(visit, told),
        amounts=[WORDS[name][0 if zh else 1] for name in SHOWN], forms=_forms(visit, told),
        refusal=_refusal(visit, told),
        **_differing(visit, told), case=case, of_case=_rows(visit, told, case) if case else (),
        route=visit.titled_of(visit.parts.agreement.route(route)),
    )  # fmt: skip


def _refusable(visit: Visit, told: Mapping[str, Any]) -> bool:
    """Whether it is the other side's, compared here and not signed."""
    ours = visit.parts.agreement.route(told["route"]).sender == visit.parts.party
    return not ours and told["state"] in ("agrees", "differs") and visit.may("refuse")


def _known(visit: Visit, route: str, period: str) -> Mapping[str, Any]:
    if route in visit.parts.agreement.routes:
        for told in journeys.statement_status(visit.parts, route):
            if told["period"] == period:
                return told
    raise NeedsPerson(914, "There is no such statement.", where="statement", next_step="Make it first.")


def _differing(visit: Visit, told: Mapping[str, Any]) -> Mapping[str, Any]:
    """A page of the values that both sides' statements do not share, as the last comparison found them."""
    zh = visit.language == "zh"
    every = journeys.statement_compared(visit.parts, told["period"], told["route"]) if told["differing"] else []
    at = f"/statements/{told['route']}/{told['period']}"
    which = pages(len(every), visit.request.query_params.get("page"), at, {})
    found = [
        (one["case_no"], one["claim_no"], visit.name("rank", one["rank"]),
         WORDS.get(one["column"], (one["column"],) * 2)[0 if zh else 1],
         _value(one, "theirs"), _value(one, "ours"))
        for one in every[which.offset : which.offset + which.size]
    ]  # fmt: skip
    return {"differing": found, "pages": which}


def _value(one: Mapping[str, Any], side: str) -> str:
    """An amount as money, what is none as it stands, a dash for a line that side lacks."""
    return money(one[side]) if one["column"] in WORDS else str(one[side] or "—")


def _refusal(visit: Visit, told: Mapping[str, Any]) -> str:
    """Why it was sent back, by whichever side; empty when it was not."""
    said = [step["reason_sha256"] for step in told["steps"] if step.get("reason_sha256")]
    key = statement_key(told["route"], Period.parse(told["period"]))
    return visit.parts.vault.get(key, refusal_name(said[-1])).decode("utf-8") if said else ""


def _forms(visit: Visit, told: Mapping[str, Any]) -> Sequence[str]:
    """The forms it was made in, to be taken along."""
    key = statement_key(told["route"], Period.parse(told["period"]))
    return [form for form in FORMS if visit.parts.vault.has(key, f"statement-v{told['version']}.{form}")]


@router.get("/statements/{route}/{period}/statement.{form}")
def taken(route: str, period: str, form: str, visit: Annotated[Visit, needs("look")]) -> Response:
    """The statement to print or to reckon with; it names no person and no debtor."""
    told = _known(visit, route, period)
    if form not in _forms(visit, told):
        raise NeedsPerson(914, "There is no such form of it.", where="statement", next_step="Make it anew.")
    name = f"statement-v{told['version']}.{form}"
    data = visit.parts.vault.get(statement_key(route, Period.parse(period)), name)
    shown = f'attachment; filename="{route}-{period}-v{told["version"]}.{form}"'
    return Response(data, media_type=FORMS[form], headers={"content-disposition": shown})


def _step(visit: Visit, step: Mapping[str, Any]) -> tuple[datetime, str, str]:
    word = STATES[step["what"]][0 if visit.language == "zh" else 1]
    return datetime.fromisoformat(step["at"]), word, person_name(visit, step["by"])


def _rows(visit: Visit, told: Mapping[str, Any], case: str = "") -> Sequence[tuple[str, Sequence[str]]]:
    """Each rank and its amounts in yuan, then all of them; of one case where it is named, nothing where it has none."""
    key, name = f"{told['route']}.statement.{told['period']}", f"statement-v{told['version']}.json"
    stored = strict_json(visit.parts.vault.get(key, name))
    if case:
        stored = of_case(stored, case)
        if not stored["rows"]:
            return ()
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
    told, reason = _known(visit, route, period), visit.form.get("reason", "")
    try:
        journeys.refuse_statement(visit.parts, period, route, visit.person.id, reason)
    except NeedsPerson as error:
        if error.code not in UNUSABLE or not _refusable(visit, told):
            raise
        return _shown(visit, route, period, status=422, unusable=visit.told(error), reason=reason)
    forget(visit.house)
    return visit.go(f"/statements/{route}/{period}")
