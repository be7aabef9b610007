"""匹配: claims whose debtor is open, each candidate with names, evidence in words and what was decided."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from exchange import journeys
from exchange.domain.masking import mask_name
from exchange.domain.match_names import is_person
from exchange.steps.list_matches import list_matches

if TYPE_CHECKING:
    from exchange.console.visit import Visit
    from exchange.domain.route import Route

AT_ONCE: Final = 20_000
"""Landed rows over which claims are matched while a page waits; over more a worker does it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pick:
    """One debtor a claim may mean. `decision` is what was decided in words; `said_of` the proposal it was decided of,
    this one or one it reaches here from."""

    id: str
    case_no: str
    debtor_no: str
    name: str
    rule: str
    barred: bool
    evidence: Sequence[tuple[str, int]]
    decision: str
    decided: str
    waits: bool
    by: str
    scope: str
    said_of: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """One claim with its candidates."""

    claim_no: str
    stated: str
    name: str
    standing: str
    settled: bool
    picks: Sequence[Pick]


def matches_of(visit: Visit, *, every: bool, claim: str = "") -> Sequence[Mapping[str, Any]] | None:
    """Those that are open, or all that are listed; of one claim that one, whatever it stands at. None while they are
    made by the worker, who is asked for it."""
    some: Sequence[Mapping[str, Any]] | None = journeys.call(
        list_matches, visit.parts, every=every or bool(claim), at_once=AT_ONCE
    )
    if some is None:
        visit.house.desk.ask("match", {}, by=visit.person.id, now=visit.house.now)
        return None
    return [one for one in some if not claim or one["claim_no"] == claim]


def claim_of(visit: Visit, one: Mapping[str, Any]) -> Claim:
    """One of them with its names."""
    zh = visit.language == "zh"
    route = visit.parts.agreement.route(one["route"])
    names = _debtors(visit, route, sorted({pick["case_no"] for pick in one["candidates"]}))
    return Claim(
        claim_no=one["claim_no"], stated=one["stated"], name=_claimed(visit, route, one["claim_no"]),
        standing=one["standing_zh"] if zh else one["standing_en"],
        settled=one["standing"] in ("certain", "confirmed", "rejected"),
        picks=[_pick(pick, names, zh=zh) for pick in one["candidates"]],
    )  # fmt: skip


def _pick(pick: Mapping[str, Any], names: Mapping[tuple[str, str], str], *, zh: bool) -> Pick:
    decision = pick["decision"] or {}
    return Pick(
        id=pick["id"], case_no=pick["case_no"], debtor_no=pick["debtor_no"],
        name=names.get((pick["case_no"], pick["debtor_no"]), ""), rule=pick["rule_zh"] if zh else pick["rule_en"],
        barred=pick["barred"],
        evidence=[(e["zh"][1:] if zh else e["en"], e["speaks"]) for e in pick["evidence"]],
        decision=decision.get("zh" if zh else "en", ""), decided=decision.get("said", ""),
        waits=bool(decision.get("waits")), by=decision.get("by", ""), scope=decision.get("scope", ""),
        said_of=decision.get("id", ""),
    )  # fmt: skip


def _debtors(visit: Visit, route: Route, cases: Sequence[str]) -> Mapping[tuple[str, str], str]:
    columns = ("case_no", "debtor_no", "name", "uscc", "old_taxpayer_id")
    rows = visit.parts.ledger.rows_now(route, "case_debtor", keys=cases, columns=columns)
    told = [[row.get(column) or "" for column in columns] for row in rows]
    return {(case, no): _shown(name, uscc or old) for case, no, name, uscc, old in told}


def _claimed(visit: Visit, route: Route, claim: str) -> str:
    """The debtor as the claim names it."""
    if not route.answered_by:
        return ""
    back = visit.parts.agreement.route(route.answered_by)
    rows = visit.parts.ledger.rows_now(back, "tax_claim", keys=[claim])
    return _shown(rows[-1]["debtor_name"] or "", rows[-1]["debtor_uscc"] or "") if rows else ""


def _shown(name: str, number: str) -> str:
    """A natural person's name is masked."""
    return mask_name(name) if is_person(name, number or None) else name
