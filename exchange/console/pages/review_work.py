"""Work on one exchange before it is decided: reasons, overrules, the sample, a list to take along."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Annotated, Any, Final
from urllib.parse import urlencode

from fastapi import APIRouter, Response

from exchange import journeys
from exchange.console.counts import forget
from exchange.console.pages.review import reviewed, show
from exchange.console.review_lists import rejected
from exchange.console.review_view import Review
from exchange.console.review_words import WHY
from exchange.console.visit import Visit, needs
from exchange.domain.content_rows import why_page
from exchange.domain.errors import NeedsPerson
from exchange.domain.reason import UNUSABLE
from exchange.steps.check_sample import check_sample
from exchange.steps.explain import explain as explain_step
from exchange.steps.explain import reuse as reuse_step
from exchange.steps.overrule import overrule as overrule_step

router = APIRouter()

MOST_LINES: Final = 1_000_000
"""Rows a sheet holds."""
XLSX: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@router.post("/exchanges/{key}/explain")
def explain(key: str, visit: Annotated[Visit, needs("explain")]) -> Response:
    """One reason for the points ticked; of missing serials a part may be named."""
    points = [str(one) for one in visit.fields.getlist("points")]
    told = {
        "reason": visit.form.get("reason", ""), "category": visit.form.get("category", "other"),
        "serials": visit.form.get("serials", "").strip() or None,
    }  # fmt: skip
    do = partial(journeys.call, explain_step, visit.parts, key, points, by=visit.person.id, **told)
    return _work(visit, key, "points", do, draft=f"explain-{key}-{visit.form.get('rule', '')}")


@router.post("/exchanges/{key}/reuse")
def reuse(key: str, visit: Annotated[Visit, needs("explain")]) -> Response:
    """Confirm what was said earlier about the very points that are open."""
    return _work(visit, key, "points", partial(journeys.call, reuse_step, visit.parts, key, by=visit.person.id))


@router.post("/exchanges/{key}/overrule")
def overrule(key: str, visit: Annotated[Visit, needs("explain")]) -> Response:
    """Let a held case go where the contract allows it; the exchange is assembled anew, as work of a while."""
    told = {"rule": visit.form.get("rule", ""), "case_no": visit.form.get("case_no", "")}
    told |= {"reason": visit.form.get("reason", ""), "category": visit.form.get("category", "register_error")}
    do = partial(journeys.call, overrule_step, visit.parts, key, by=visit.person.id, **told)
    answer = _work(visit, key, "held", do)
    if answer.status_code >= 400:
        return answer
    job = visit.house.desk.ask("assemble", {"exchange": key}, by=visit.person.id, now=visit.house.now)
    return visit.go(f"/exchanges/jobs/{job.id}")


@router.post("/exchanges/{key}/sample")
def sample(key: str, visit: Annotated[Visit, needs("sample")]) -> Response:
    """Keep what was found at one place of the sample, and go on to the next."""
    place, found = visit.form.get("place", ""), visit.form.get("found", "")
    told: dict[str, Any] = {"note": visit.form.get("note", ""), "size": visit.house.settings.console.sample_size}
    do = partial(journeys.call, check_sample, visit.parts, key, place, found, by=visit.person.id, **told)
    after = visit.form.get("following", "")
    return _work(visit, key, "sample", do, place=place, draft=f"sample-{key}-{place}", after=after)


@router.post("/exchanges/{key}/reveal")
def reveal(key: str, visit: Annotated[Visit, needs("reveal")]) -> Response:
    """Show the names of one case of the sample in full, for this view alone; the look is in the ledger first."""
    return show(visit, reviewed(visit, key).record, tab="sample", place=visit.form.get("place", ""), full=True)


def _work(
    visit: Visit, key: str, tab: str, do: Callable[[], Any], *, place: str = "", draft: str = "", after: str = ""
) -> Response:
    """Do something under the exchange's lease; what a person can mend is said on the same page, his words kept."""
    with visit.parts.ledger.lock(f"run:{key}"):
        record = reviewed(visit, key).record
        try:
            do()
        except NeedsPerson as problem:
            why, here = visit.told(problem), problem.code in UNUSABLE
            return show(visit, record, status=422, wrong="" if here else why, unusable=why if here else "", tab=tab,
                        place=place)  # fmt: skip
    if draft:
        visit.house.desk.keep_draft(visit.person.id, draft, "", visit.house.now)
    forget(visit.house)
    told = {"tab": tab, "done": "kept", **({"place": after} if after else {})}
    return visit.go(f"/exchanges/{key}?{urlencode(told)}")


@router.get("/exchanges/{key}/sheet.xlsx")
def sheet(key: str, visit: Annotated[Visit, needs("look")]) -> Response:
    """What goes and what stays, as Excel; that it was taken along is in the ledger."""
    review = reviewed(visit, key)
    if not review.page["counts"]:
        raise NeedsPerson(914, "There is no such list.", where=key, next_step="Open the exchange's report.")
    journeys.looked(visit.parts, key, "sheet")
    data = visit.parts.sheets.lists({
        "title": key, "as_of": str(review.record.as_of or visit.today),
        "sheets": [_sent_back(visit, review), _cases(visit, key)],
    })  # fmt: skip
    return workbook(key, data)


def workbook(name: str, data: bytes) -> Response:
    """A file a browser saves."""
    return Response(data, media_type=XLSX, headers={"content-disposition": f'attachment; filename="{name}.xlsx"'})


def _sent_back(visit: Visit, review: Review) -> Mapping[str, Any]:
    within, beside = rejected(visit.parts, review)
    heads = ("Case", 23), ("Debtor", 26), ("Rule not met", 34), ("Item", 24), ("How to mend it", 54), ("Law", 30)
    zh = visit.language == "zh"

    def one(words: Sequence[str]) -> str:
        return words[0] if zh else words[1]

    return {
        "name": visit.say("Sent back for correction")[:31], "heads": [(visit.say(head), w) for head, w in heads],
        "rows": [
            (r.case_no, r.debtor, one(r.rule), ", ".join(map(one, r.columns)), one(r.remedy), r.law)
            for r in (*within, *beside)
        ],
    }  # fmt: skip


def _cases(visit: Visit, key: str) -> Mapping[str, Any]:
    rows = []
    for why, word in WHY.items():
        _, found = why_page(partial(visit.parts.vault.open, key), why, first=0, most=MOST_LINES)
        rows += [(one.case_no, visit.say(word), ", ".join(one.changed)) for one in found]
    heads = ("Case", 23), ("Why it goes", 14), ("What changed", 70)
    return {"name": visit.say("Cases that go"), "heads": [(visit.say(h), w) for h, w in heads], "rows": rows}
