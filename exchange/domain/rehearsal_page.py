"""What the page of a rehearsal shows: each stored round under both agreements, what would fail and what would pass."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from exchange.domain.rehearsal import Fault, Rehearsed, by_rule
from exchange.domain.remedies import Words
from exchange.domain.route import Agreement, Route
from exchange.domain.wording import SEVERITIES, SHOWN, column_words, dataset_words, local_time, rule_words


def rehearsal_data(
    found: Sequence[Rehearsed], *, now: Agreement, then: Agreement, party: str, made_at: datetime
) -> dict[str, Any]:
    """Everything the page needs; of each list of places the first 500 are shown."""
    own = now.parties[party]
    return {
        "party": (own.name_zh, own.name_en),
        "party_kind": own.kind,
        "made_at": local_time(made_at),
        "worse": sum(one.worse for one in found),
        "rounds": [_round(one, now, then) for one in found],
    }


def _round(one: Rehearsed, now: Agreement, then: Agreement) -> dict[str, Any]:
    name = one.key.partition(".")[0]
    before, after = now.route(name), then.route(name)
    return {
        "key": one.key,
        "route": (after.title_zh, after.title_en),
        "versions": (before.version, after.version),
        "now": one.now,
        "then": one.then,
        "worse": one.worse,
        "fails": [*_rules(one.fails, after)],
        "passes": [*_rules(one.passes, before)],
        "without_data": [_column(after, *place) for place in one.without_data],
        "left_behind": [_column(before, *place) for place in one.left_behind],
    }


def _rules(faults: Sequence[Fault], route: Route) -> Iterator[dict[str, Any]]:
    for severity, rule, dataset, count in by_rule(faults):
        same = [fault for fault in faults if (fault[5], fault[0], fault[1]) == (severity, rule, dataset)]
        places = [str(fault[3]) for fault in same if fault[3]]
        yield {
            "severity": severity,
            "weight": SEVERITIES[severity],
            "rule": rule_words(route, rule, dataset) if route.has(dataset) else (rule, rule),
            "dataset": _titles(route, dataset),
            "count": count,
            "places": list(dict.fromkeys(places))[:SHOWN],
        }


def _titles(route: Route, dataset: str) -> Words:
    return dataset_words(route, dataset) if route.has(dataset) else (dataset, dataset)


def _column(route: Route, dataset: str, column: str) -> tuple[Words, Words]:
    return _titles(route, dataset), column_words(route, dataset, column)
