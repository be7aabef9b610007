"""Proposed agreements: the agreed one with something changed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from exchange.adapters.contracts_files import load_agreement
from exchange.domain.contract import CodeList, Contract
from exchange.domain.contract_diff import TABLE
from exchange.domain.route import Agreement, Route

ROOT = Path(__file__).resolve().parents[2]
AGREED = load_agreement(ROOT)
GRADES = AGREED.codes[TABLE]
ROUTE = "131100-cases"


def with_route(**changed: Any) -> Agreement:
    return replace(AGREED, routes={**AGREED.routes, ROUTE: replace(AGREED.routes[ROUTE], **changed)})


def with_contract(change: Callable[[Contract], Contract], dataset: str = "bankruptcy_case") -> Agreement:
    def changed(route: Route) -> Route:
        return replace(route, datasets=tuple(change(c) if c.dataset == dataset else c for c in route.datasets))

    return replace(AGREED, routes={name: changed(route) for name, route in AGREED.routes.items()})


def with_column(column: str, /, **changed: Any) -> Agreement:
    return with_contract(
        lambda c: replace(c, columns=tuple(replace(x, **changed) if x.name == column else x for x in c.columns))
    )


def with_rule(rule_id: str, **changed: Any) -> Agreement:
    return with_contract(
        lambda c: replace(c, rules=tuple(replace(x, **changed) if x.id == rule_id else x for x in c.rules))
    )


def codes_without(name: str, code: str) -> Agreement:
    codes = AGREED.codes[name]

    def less(table: Mapping[str, Any]) -> dict[str, Any]:
        return {key: value for key, value in table.items() if key != code}

    fewer = CodeList(
        name=name, names_zh=less(codes.names_zh), names_en=less(codes.names_en), extra=less(codes.extra)
    )  # fmt: skip
    return replace(AGREED, codes={**AGREED.codes, name: fewer})
