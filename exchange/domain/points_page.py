"""Points and their reasons in words, for pages and the command line: places, rules, reasons; no value of a row."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any, Final

from exchange.domain.contract import CodeList
from exchange.domain.points import CATEGORIES, Point, Standing
from exchange.domain.remedies import Words, remedy
from exchange.domain.route import Route
from exchange.domain.serials import DOCKET_GAP
from exchange.domain.wording import SHOWN, code_words, column_words, dataset_words, local_time, rule_words

PAGE: Final = "report.json"
"""Where a page's data lies in the vault without its points, so that the page is made anew with each reason."""


def dump_page(page: Mapping[str, Any]) -> bytes:
    """A page's data as JSON."""
    return json.dumps(page, ensure_ascii=False, sort_keys=True).encode()


def with_points(page: Mapping[str, Any], now: Standing, route: Route, codes: Mapping[str, CodeList]) -> dict[str, Any]:
    """A page's data with the exchange's points: the first 500 with their reasons, how many, how many wait."""
    shown = [*now.open, *(point for point in now.points if point.id in now.said)]
    return {
        **page,
        "points": [_told(point, now, route, codes[CATEGORIES]) for point in shown[:SHOWN]],
        "points_count": len(now.points),
        "points_open": len(now.open),
    }


def point_words(point: Point, route: Route) -> dict[str, Any]:
    """One point: what it is, where, what is missing and how it may be mended instead."""
    columns = point.column.split(",") if point.column else []
    return {
        "id": point.id,
        "rule": rule_words(route, point.rule, point.dataset),
        "dataset": dataset_words(route, point.dataset),
        "case_no": _printable(point.case_no or ""),
        "place": _printable(_rest(point.row_key, point.case_no)),
        "columns": [column_words(route, point.dataset, name) for name in columns],
        "note": _printable(point.note),
        "remedy": remedy(point.rule),
    }


def reasons_page(
    reasons: Sequence[Mapping[str, Any]], route: Route, codes: Mapping[str, CodeList]
) -> list[dict[str, Any]]:
    """The reasons that came inside a packet, as its receiver is shown them; the first 500, on plain lines."""
    known = {contract.dataset for contract in route.datasets}
    plain = [{name: _printable(value) for name, value in one.items()} for one in reasons[:SHOWN]]
    return [
        {
            "rule": rule_words(route, one["rule"], one["dataset"]) if one["dataset"] in known else (one["rule"],) * 2,
            "case_no": one["case_no"] or "",
            "place": _rest(one["row_key"], one["case_no"]),
            "note": one["note"],
            **_said(one, codes[CATEGORIES]),
        }
        for one in plain
    ]


def _told(point: Point, now: Standing, route: Route, categories: CodeList) -> dict[str, Any]:
    said = now.said.get(point.id)
    return point_words(point, route) | {"said": None if said is None else _said(asdict(said), categories)}


def _said(one: Mapping[str, Any], categories: CodeList) -> dict[str, Any]:
    category: Words = code_words(categories, one["category"])
    return {
        "category": category,
        "reason": one["reason"],
        "by": one["by"],
        "at": day_of(one["at"]),
        "since": day_of(one["since"]),
    }


def on_one_line(rule: str, category: str, reason: str) -> str:
    """Category and reason; what was said about serials names its categories itself."""
    return reason if rule == DOCKET_GAP else f"{category}：{reason}"


def _printable(value: Any) -> Any:
    """What others wrote, without what moves a cursor or turns a line around."""
    return "".join(c if c.isprintable() else "\ufffd" for c in value) if isinstance(value, str) else value


def day_of(at: str | None) -> str:
    """The day of an ISO time in Asia/Shanghai; as it stands where it is none, empty for nothing."""
    try:
        return local_time(datetime.fromisoformat(at))[:10] if at else ""
    except ValueError:
        return str(at)[:10]


def _rest(row_key: str | None, case_no: str | None) -> str:
    """A row's key without the case number it begins with, as pages show it."""
    rest = (row_key or "").removeprefix(f"{case_no}|") if case_no else (row_key or "")
    return rest.replace("|", " · ")
