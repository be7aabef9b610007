"""Every figure of law or agreement has a day and a source; a law that changes is one entry more, and a case keeps
the figure of its own day."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
import yaml

from exchange.domain.errors import NeedsPerson
from exchange.domain.route import LegalFigure, RankRule, Route
from exchange.domain.urgency import urgent_limits
from tests.unit.court_rows import ROUTE, Court
from tests.unit.reconcile_kit import World

ROOT = Path(__file__).parents[2]
CHANGE = date(2026, 6, 1)

JUDGING = (
    "domain/across", "domain/books", "domain/case_situations", "domain/checks", "domain/claim_breaks",
    "domain/claim_situations", "domain/claims", "domain/estates", "domain/examine", "domain/figures", "domain/latefee",
    "domain/line_breaks", "domain/rank_breaks", "domain/reconciliation", "domain/situation_making",
    "domain/situations", "domain/status_situations", "domain/table_situations", "domain/urgency", "steps/reconcile",
    "steps/watch",
)  # fmt: skip
"""Modules in which a case, a claim or a limit is judged."""

SHAPES = {
    "domain/checks": {12: "months of a year"},
    "domain/latefee": {10: "decimal places", 62: "room of int64", 100: "fen of a yuan"},
    "domain/claim_situations": {
        6: "organisation code in an old id", 15: "length of an old id",
        8: "organisation code in a USCC", 17: "organisation code in a USCC",
        2_000_000: "pairs of lines looked at at once",
    },
    "domain/figures": {10: "decimal places"},
    "steps/watch": {3: "parts of a key"},
    "steps/reconcile": {
        3: "keys read for each case at once", 20_000: "rows put aside at once", 100_000: "cases compared at once",
    },
}  # fmt: skip
"""Numbers above 2 that are no figures: how things are built, not what was agreed."""


def numbers_in(file: Path) -> Iterator[float]:
    """Numbers above 2 and exact decimals, but for the codes of errors."""
    tree = list(ast.walk(ast.parse(file.read_text(encoding="utf-8"))))
    calls = [(node, getattr(node.func, "id", "")) for node in tree if isinstance(node, ast.Call)]
    codes = {id(call.args[0]) for call, name in calls if name in ("NeedsPerson", "RetryLater") and call.args}
    yield from (3.0 for call, name in calls if name == "Decimal" and isinstance(call.args[0], ast.Constant))
    for node in tree:
        if isinstance(node, ast.Constant) and type(node.value) in (int, float) and id(node) not in codes:
            yield from (float(number) for number in [node.value] if abs(number) > 2)


@pytest.mark.parametrize("module", JUDGING)
def test_no_figure_stands_in_code(module: str) -> None:
    assert set(numbers_in(ROOT / "exchange" / f"{module}.py")) <= set(SHAPES.get(module, ()))


def test_no_figure_stands_undated_in_a_contract() -> None:
    for file in (ROOT / "contracts/datasets").glob("*.yaml"):
        rules = yaml.safe_load(file.read_text(encoding="utf-8"))["schema"][0].get("quality", ())
        params = {rule["id"]: rule["implementation"].get("params", {}) for rule in rules}
        numbers = {name for given in params.values() for name, value in given.items() if isinstance(value, int)}
        assert numbers <= {"length"}, f"{file.name}: a number of law or agreement is a figure"


def test_every_figure_has_a_day_and_a_source() -> None:
    for name, entries in ROUTE.figures.items():
        assert entries, name
        assert all(entry.since >= date(1949, 10, 1) and len(entry.source) > 1 for entry in entries), name
    assert all(rule.source for rule in ROUTE.ranks)


def changed(name: str, value: str, since: date = CHANGE) -> Route:
    """The route after a law changed a figure from a day on."""
    entry = LegalFigure(value=Decimal(value), since=since, source="a later law")
    return replace(ROUTE, figures={**ROUTE.figures, name: (*ROUTE.figures[name], entry)})


def iso(day: date, days: int = 0) -> str:
    return (day + timedelta(days=days)).isoformat()


def test_a_longer_least_claim_period_counts_from_its_day_on() -> None:
    rule, route = "claim_period_shorter_than_30_days", changed("claim_period_min_days", "45")

    def warned(announced: date, route: Route) -> bool:
        return rule in Court(route).case(1, announced_on=iso(announced), claims_due_on=iso(announced, 30)).warned_for()

    before = CHANGE - timedelta(days=1)
    assert (warned(before, route), warned(CHANGE, route)) == (False, True)
    assert (warned(before, ROUTE), warned(CHANGE, ROUTE)) == (False, False)


def test_the_longest_claim_period_and_the_days_to_announce_do_too() -> None:
    route = changed("claim_period_max_months", "1")

    def rules(route: Route, announced: date, due: int, accepted: int) -> set[str]:
        court = Court(route).case(
            1, accepted_on=iso(announced, accepted), announced_on=iso(announced), claims_due_on=iso(announced, due),
            first_meeting_on=None,
        )  # fmt: skip
        return {f.rule for f in court.examine().findings}

    for day, found in ((CHANGE - timedelta(days=1), False), (CHANGE, True)):
        assert ("claim_period_longer_than_3_months" in rules(route, day, 60, -1)) is found
        shorter = changed("announcement_max_days", "10", CHANGE - timedelta(days=20))
        assert ("announced_late" in rules(shorter, day, 60, -21)) is False
        assert ("announced_late" in rules(shorter, day, 60, -20 if found else -26)) is True


def test_an_objection_runs_as_long_as_the_law_said_on_the_day_of_the_check() -> None:
    route = changed("objection_days", "30")
    for reviewed, last in (("2026-05-31", "2026-06-15"), ("2026-06-01", "2026-07-01")):
        world = World().set("reviews", confirmed_amount="1.00", reviewed_on=reviewed)
        (found,) = world.result(route=route).breaks
        assert found.due_on is not None
        assert found.due_on.isoformat() == last


def test_a_rate_that_changes_is_charged_from_its_day_on() -> None:
    """100 days to 2026-03-10, of which 31.12. to 10.03. are 70 at the later rate."""
    route = changed("late_fee_rate", "0.001", date(2025, 12, 31))
    (found,) = World().result(route=route).breaks
    assert (found.code, found.amounts["computed"]) == ("LATE_FEE_DIFFERS", "85000.00")
    assert World().result(route=changed("late_fee_rate", "0.001", date(2026, 3, 11))).breaks == ()


def test_a_rank_that_changes_holds_for_cases_accepted_from_its_day_on() -> None:
    rule = RankRule(component="late_fee", levy_kind="tax", rank="subordinated", since=date(2026, 3, 10), source="later")
    for since, codes in ((date(2026, 3, 10), ["RANK_DIFFERS"]), (date(2026, 3, 11), [])):
        route = replace(ROUTE, ranks=(*ROUTE.ranks, replace(rule, since=since)))
        assert [b.code for b in World().result(route=route).breaks] == codes


def test_what_makes_a_case_urgent_is_agreed_by_day() -> None:
    route = changed("urgent_claims_due_days", "15")
    assert urgent_limits(route, date(2026, 5, 31)) == {"claims_due": 7, "accepted": 7}
    assert urgent_limits(route, CHANGE) == {"claims_due": 15, "accepted": 7}


def test_a_tolerance_is_that_of_the_day_of_comparison() -> None:
    world = World().total("1050000.05")
    assert world.codes() == ["TOTAL_DIFFERS"]
    assert world.result(route=changed("total_tolerance", "0.05", date(2026, 10, 9))).breaks == ()
    assert len(world.result(route=changed("total_tolerance", "0.05", date(2026, 10, 10))).breaks) == 1


def test_a_figure_nobody_gave_is_named() -> None:
    bare = replace(ROUTE, figures={})
    with pytest.raises(NeedsPerson, match=r"E905.*late_fee_rate"):
        World().result(route=bare)
    with pytest.raises(NeedsPerson, match=r"E905.*urgent_claims_due_days"):
        urgent_limits(bare, CHANGE)
