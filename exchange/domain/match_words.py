"""Matches as officers read them: standing and rule by name, the evidence of every candidate, what was decided."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from exchange.domain.contract import CodeList
from exchange.domain.match_book import CASE, Decision, about, uses
from exchange.domain.matching import CONFIRMED, Candidate, Match, Matches

SIGNS = {1: "＋", 0: "·", -1: "－"}
"""Before a piece of evidence: it speaks for the pair, for neither, against it."""


def matches_in_words(
    matches: Matches, book: Sequence[Decision], codes: Mapping[str, CodeList], day: date
) -> dict[str, dict[str, Any]]:
    """Each listed claim's match by claim number, plain values only; debtors by their number, never by name."""
    used = uses(matches)
    told = [_match(one, book, used, codes, day) for one in matches.listed]
    return {one["claim_no"]: {**one, "line": in_one_line(one)} for one in told}


def _match(
    match: Match, book: Sequence[Decision], used: Mapping[str, int], codes: Mapping[str, CodeList], day: date
) -> dict[str, Any]:
    return {
        "claim_no": match.claim_no, "stated": match.stated, "standing": match.standing,
        **_named(codes, "match_standing", match.standing, "standing"),
        "rule": match.rule or "", **_named(codes, "match_rule", match.rule or "", "rule"),
        "case_no": match.case_no or "", "debtor_no": match.debtor_no or "",
        "candidates": [candidate(match, one, book, used, codes, day) for one in match.candidates],
    }  # fmt: skip


def candidate(
    match: Match,
    one: Candidate,
    book: Sequence[Decision],
    used: Mapping[str, int],
    codes: Mapping[str, CodeList],
    day: date,
) -> dict[str, Any]:
    """One candidate with its evidence and the decision about it, also one that has expired or waits."""
    decision = about(book, match, one, day)
    return {
        "id": one.id, "case_no": one.case_no, "debtor_no": one.debtor_no, "barred": one.barred, "near": one.near,
        "rule": one.rule, **_named(codes, "match_rule", one.rule, "rule"),
        "evidence": [{"zh": f"{SIGNS[e.speaks]}{e.zh}", "en": e.en, "speaks": e.speaks} for e in one.evidence],
        "decision": decision_in_words(decision, used, day) if decision else None,
    }  # fmt: skip


def decision_in_words(decision: Decision, used: Mapping[str, int] | None, day: date) -> dict[str, Any]:
    """Who decided what, when, how far and how long, and how many claims rest on it; None where that is not known."""
    said = ("确认", "confirmed") if decision.said == CONFIRMED else ("否定", "rejected")
    scope = ("仅本案", "this case") if decision.scope == CASE else ("本路线各案", "every case of the route")
    who = "、".join(filter(None, (decision.by, decision.second)))
    count = used.get(decision.id, 0) if used else 0
    after = (
        ("待另一人员复核", "waits for another officer")
        if decision.waits
        else ("已过期", "expired")
        if decision.until < day
        else (f"已用 {count} 次", f"used {count} times")
        if used is not None
        else ("有效", "in force")
    )
    return {
        "id": decision.id, "said": decision.said, "by": decision.by, "scope": decision.scope,
        "until": decision.until.isoformat(), "holds": decision.holds(day), "waits": decision.waits,
        "uses": count,
        "zh": f"{decision.on} {who}{said[0]}（{scope[0]}，至 {decision.until}，{after[0]}）",
        "en": f"{said[1]} by {who} on {decision.on} ({scope[1]}, until {decision.until}, {after[1]})",
    }  # fmt: skip


def _named(codes: Mapping[str, CodeList], listed: str, code: str, name: str) -> dict[str, str]:
    return {
        f"{name}_zh": codes[listed].names_zh.get(code, code),
        f"{name}_en": codes[listed].names_en.get(code, code),
    }


def in_one_line(match: Mapping[str, Any]) -> str:
    """A match for a cell of a sheet: standing, then each candidate with its evidence and decision."""
    parts = [f"{match['standing_zh']} {match['standing_en']}"]
    for one in match["candidates"]:
        words = "；".join(piece["zh"] for piece in one["evidence"])
        said = f"；{one['decision']['zh']}" if one["decision"] else ""
        parts.append(f"{one['case_no']} 债务人 {one['debtor_no']}（{one['rule_zh']}）{words}{said} [{one['id']}]")
    return "\n".join(parts)
