"""What the checks page says about completeness: courts that add up, figures side by side, gaps, late events."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from exchange.domain.gap_book import Told, retold
from exchange.domain.points import CATEGORIES
from exchange.domain.remedies import Words
from exchange.domain.route import Agreement, Route
from exchange.domain.serials import parse_spans
from exchange.domain.wording import SHOWN, code_words, column_words, dataset_words, words

BECAUSE: Final[Mapping[str, Words]] = {
    "keyed_later": ("该季交换后才录入", "keyed after that quarter's run"),
    "held_then": ("该季被退回更正", "held in that quarter"),
    "not_carried": ("该季已在册而未送，请查明", "was registered and not carried: find out why"),
}
HINTS: Final[Mapping[str, Words]] = {
    "malformed": ("案号不规范", "malformed number"),
    "other_code": ("法院代字不符", "another court's code"),
    "doubled": ("重号", "the same number twice"),
}
WHAT: Final[Mapping[str, Words]] = {
    "review": ("债权审查", "claim review"),
    "distribution": ("分配", "distribution"),
}


def completeness_words(found: Mapping[str, Any], agreement: Agreement, route: Route) -> dict[str, Any]:
    """The page's part out of the outcome's keys `docket`, `control` and `late`. A list shows its first 500 entries."""
    control, docket = found["control"], found["docket"]
    names = {court.id: court.name for court in agreement.parties[route.sender].courts}
    series, late = docket.get("series", []), found["late"]
    return {
        "counted": control["checked"],
        "looked": docket["checked"],
        "courts": [line | {"name": names.get(line["court"], line["court"])} for line in control["courts"][:SHOWN]],
        "whole": {
            name: sum(line.get(name, 0) for line in control["courts"])
            for name in ("register", "not_accepted", "ended", "selected", "sent", "held")
        },
        "figures": [
            line | {"title": dataset_words(route, line["dataset"]), "what": _measure(route, line)}
            for line in control["datasets"]
        ],
        "variances": len(control["variances"]),
        "gaps": [_gap(one, agreement) for one in series[:SHOWN]],
        "missing": sum(one["count"] for one in series),
        "turned_up": docket.get("turned_up", []),
        "late": [_late(one, agreement) for one in late[:SHOWN]],
        "listed": {"courts": len(control["courts"]), "gaps": len(series), "late": len(late)},
    }


def _measure(route: Route, line: Mapping[str, Any]) -> Words:
    if line["measure"] == "rows":
        return "行数", "rows"
    return column_words(route, line["dataset"], line["measure"])


def _gap(one: Mapping[str, Any], agreement: Agreement) -> dict[str, Any]:
    code, year, kind = one["series"].split("|")
    return {
        "key": one["series"],
        "series": f"（{year}）{code}{kind}",
        "highest": one["highest"],
        "missing": one["missing"],
        "open": one["open"],
        "hints": [
            {"record": h["record"], "serial": h["serial"], "why": words(HINTS, h["why"])} for h in one["hints"][:20]
        ],
        "explained": _explained(one["explained"], agreement),
    }


def with_gaps(page: Mapping[str, Any], book: Sequence[Told], key: str, agreement: Agreement) -> dict[str, Any]:
    """A page's data with what was said about missing serials since it was made."""
    part = page.get("completeness")
    if not part:
        return dict(page)
    gaps = []
    for one in part["gaps"]:
        now = retold(one["key"], parse_spans(one["missing"]), book, key)
        gaps.append({**one, "open": now["open"], "explained": _explained(now["explained"], agreement)})
    return {**page, "completeness": {**part, "gaps": gaps}}


def _explained(said: Sequence[Mapping[str, Any]], agreement: Agreement) -> list[dict[str, Any]]:
    return [{**one, "words": code_words(agreement.codes[CATEGORIES], one["category"])} for one in said]


def _late(one: Mapping[str, Any], agreement: Agreement) -> dict[str, Any]:
    known = code_words(agreement.codes["event"], one["what"])
    return {**one, "what": WHAT.get(one["what"], known), "because": BECAUSE[one["because"]]}
