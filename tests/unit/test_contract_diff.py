"""What changed between two agreements: everything is reported, and graded as the table says."""

from __future__ import annotations

import csv
import random
from dataclasses import fields, replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exchange.adapters.contracts_files import load_agreement
from exchange.domain.contract import Column, Contract, Rule
from exchange.domain.contract_diff import TABLE, Change, diff_agreements, diff_contracts, kinds
from exchange.domain.route import Agreement, LegalFigure, RouteLine
from tests.unit.proposals import (
    AGREED,
    GRADES,
    ROOT,
    ROUTE,
    codes_without,
    with_column,
    with_contract,
    with_route,
    with_rule,
)


def told(new: Agreement, old: Agreement = AGREED) -> list[tuple[str, str]]:
    return [(change.kind, change.grade) for change in diff_agreements(old, new, GRADES)]


def test_an_agreement_does_not_differ_from_itself() -> None:
    assert diff_agreements(AGREED, load_agreement(ROOT), GRADES) == []


def test_every_kind_of_change_has_a_grade_and_no_grade_is_for_nothing() -> None:
    with (ROOT / f"schemas/codes/{TABLE}.csv").open(encoding="utf-8") as stream:
        rows = {row["code"]: row for row in csv.DictReader(stream)}
    assert set(rows) == kinds()
    assert {row["grade"] for row in rows.values()} == {"breaking", "risky", "harmless"}
    assert {row["who"] for row in rows.values()} == {"both", "sender", "receiver", "nobody"}


LATER = LegalFigure(value=Decimal("0.0003"), since=date(2027, 1, 1), source="修订后的税收征收管理法")
FIGURES = AGREED.routes[ROUTE].figures


@pytest.mark.parametrize(
    ("new", "kind", "grade"),
    [
        (with_column("judge", required=False), "column_now_optional", "risky"),
        (with_column("announced_on", required=True), "column_now_required", "breaking"),
        (with_column("filed_on", type="text"), "column_type_changed", "breaking"),
        (with_column("judge", personal=False), "column_no_longer_personal", "risky"),
        (with_column("judge", title_zh="法官"), "column_words_changed", "harmless"),
        (with_rule("announced_late", severity="reject"), "rule_stricter", "breaking"),
        (with_rule("accepted_on_missing", severity="warn"), "rule_milder", "risky"),
        (with_rule("claim_period_shorter_than_30_days", params={"days": 45}), "rule_params_changed", "risky"),
        (with_contract(lambda c: replace(c, rules=c.rules[1:])), "rule_removed", "risky"),
        (with_contract(lambda c: replace(c, key=("case_no", "court_code"))), "dataset_key_changed", "breaking"),
        (codes_without("stage", "declared"), "code_removed", "breaking"),
        (with_route(profile="compat"), "route_profile_changed", "breaking"),
        (with_route(drift=None), "route_terms_changed", "risky"),
        (with_route(title_zh="破产案件"), "route_words_changed", "harmless"),
        (
            with_route(lines={"bankruptcy_case": RouteLine(columns=("case_no", "stage"))}),
            "line_columns_fewer",
            "breaking",
        ),
        (
            with_route(figures={**FIGURES, "late_fee_rate": (*FIGURES["late_fee_rate"], LATER)}),
            "figure_entry_added",
            "risky",
        ),
        (
            with_route(
                figures={**FIGURES, "objection_days": (replace(FIGURES["objection_days"][0], value=Decimal(10)),)}
            ),
            "figure_entry_changed",
            "breaking",
        ),
        (replace(AGREED, parties={k: v for k, v in AGREED.parties.items() if k != "tax-131103"}), "party_removed",
         "breaking"),
    ],
)  # fmt: skip
def test_a_change_is_told_with_its_grade(new: Agreement, kind: str, grade: str) -> None:
    assert (kind, grade) in told(new)


def test_a_renamed_column_is_one_removed_and_one_added_and_nothing_below_them_is_repeated() -> None:
    new = with_column("administrator_phone", name="administrator_desk")
    assert sorted(told(new)) == [("column_added", "risky"), ("column_removed", "breaking")]
    other = with_contract(
        lambda c: replace(c, columns=(*c.columns, Column(name="employees", type="int", required=True)))
    )
    assert told(other) == [("column_added_required", "breaking")]


def test_the_gravest_change_comes_first() -> None:
    new = with_contract(
        lambda c: replace(c, title_zh="案件", columns=tuple(replace(x, personal=True, type="text") for x in c.columns))
    )
    grades = [grade for _, grade in told(new)]
    assert grades == sorted(grades, key=("breaking", "risky", "harmless").index)
    assert len(set(grades)) == 3


def changed_value(value: Any, other: random.Random) -> Any:
    if isinstance(value, bool):
        return not value
    if isinstance(value, str):
        return f"{value}{other.randrange(10)}"
    if value is None:
        return "case_no"
    if isinstance(value, tuple):
        return (*value, "case_no" if "case_no" not in value else "stage")
    return {**value, "days": other.randrange(100, 999)}


def mutated(contract: Contract, other: random.Random) -> Contract:
    """The contract with one property of one of its columns or rules, or of itself, changed."""
    kind, things = other.choice([("columns", contract.columns), ("rules", contract.rules or contract.columns)])
    thing: Any = other.choice(things)
    names = [f.name for f in fields(thing) if f.name not in ("type", "severity", "reach", "normalise")]
    name = other.choice(names)
    new = replace(thing, **{name: changed_value(getattr(thing, name), other)})
    kind = "columns" if isinstance(thing, Column) else kind
    assert isinstance(thing, Column | Rule)
    return replace(contract, **{kind: tuple(new if one is thing else one for one in things)})


@settings(max_examples=150, deadline=None)
@given(st.integers(0, 2**32), st.sampled_from([c for r in AGREED.routes.values() for c in r.datasets]))
def test_nothing_that_differs_goes_unreported(seed: int, contract: Contract) -> None:
    new = mutated(contract, random.Random(seed))
    found = diff_contracts(contract, new, GRADES)
    assert found
    assert all(isinstance(change, Change) and change.kind in kinds() for change in found)
    assert [c.as_dict()["kind"] for c in diff_contracts(new, contract, GRADES)]
    assert diff_contracts(new, new, GRADES) == []
