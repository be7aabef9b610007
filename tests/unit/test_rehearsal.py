"""A proposal rehearsed on stored rounds: what would fail, would pass, has no data; nothing is changed by it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from exchange.adapters.checker_plain import PlainChecker
from exchange.adapters.pages import HtmlPages
from exchange.domain.contract import Column
from exchange.domain.errors import NeedsPerson
from exchange.domain.rehearsal import Rehearsed
from exchange.domain.route import Agreement, RouteLine
from exchange.steps.rehearse import PAGE, rehearse_rounds
from tests.unit.proposals import AGREED, ROUTE, codes_without, with_contract, with_route, with_rule
from tests.unit.test_quarter_steps import CALENDAR, KEY, NOW, End


@pytest.fixture(scope="module")
def end(tmp_path_factory: pytest.TempPathFactory) -> Iterator[End]:
    court = End(tmp_path_factory.mktemp("rehearsal"))
    court.run()
    yield court
    court.ledger.close()


def rehearsed(end: End, proposed: Agreement) -> Rehearsed:
    (one,) = rehearse_rounds(
        proposed, agreement=AGREED, party="court-131100", vault=end.vault, ledger=end.ledger, checker=PlainChecker(),
        is_workday=CALENDAR.is_workday, actor="liaison-1", pages=HtmlPages(), clock=lambda: NOW,
    )  # fmt: skip
    return one


def test_the_agreement_in_force_rehearsed_changes_nothing(end: End) -> None:
    state, files = end.ledger.exchange(KEY), end.vault.names(KEY)
    one = rehearsed(end, AGREED)
    assert (one.fails, one.passes, one.worse) == ((), (), False)
    assert (one.now.selected, one.now.held) == (146, 14)
    assert end.ledger.exchange(KEY) == state
    assert set(end.vault.names(KEY)) - {*files} == {PAGE}
    looks = [e for e in end.ledger.events(exchange=KEY, kind="looked_at") if e.body["what"] == "rehearsal"]
    assert looks[-1].actor == "liaison-1"


def test_a_stricter_rule_lists_the_cases_it_would_hold(end: End) -> None:
    warned = {w["record"] for w in end.outcome()["warned"] if w["rule"] == "claim_period_longer_than_3_months"}
    one = rehearsed(end, with_rule("claim_period_longer_than_3_months", severity="reject"))
    would = {f[2] for f in one.fails if (f[0], f[5]) == ("claim_period_longer_than_3_months", "reject")}
    assert warned
    assert {str(record) for record in warned} <= would
    assert one.worse
    assert one.then.held > one.now.held
    page = end.vault.get(KEY, PAGE).decode()
    assert f"{one.now.held}<small>" in page
    assert f"{one.then.held}<small>" in page
    assert "债权申报期长于三个月" in page


def test_a_milder_rule_lists_what_would_pass(end: End) -> None:
    one = rehearsed(end, with_rule("uscc_check_digit", severity="warn"))
    assert not one.worse
    one = rehearsed(
        end, with_contract(lambda c: replace(c, rules=tuple(r for r in c.rules if r.id != "accepted_on_missing")))
    )
    assert {fault[0] for fault in one.passes} == {"accepted_on_missing"}
    assert one.then.held < one.now.held


def test_a_required_column_without_data_is_told_once_and_a_dropped_one_is_left_behind(end: End) -> None:
    more = Column(name="employees", type="int", required=True)
    one = rehearsed(end, with_contract(lambda c: replace(c, columns=(*c.columns, more))))
    assert one.without_data == (("bankruptcy_case", "employees"),)
    assert one.fails == ()
    assert one.worse
    names = tuple(n for n in AGREED.route(ROUTE).contract("bankruptcy_case").names if n != "judge")
    one = rehearsed(end, with_route(lines={"bankruptcy_case": RouteLine(columns=names)}))
    assert ("bankruptcy_case", "judge") in one.left_behind


def test_a_code_that_goes_is_found_in_the_rows_that_use_it(end: End) -> None:
    one = rehearsed(end, codes_without("procedure", "compulsory_liquidation"))
    assert {(f[0], f[4]) for f in one.fails} == {("unknown_code", "procedure")}
    assert one.worse


def test_nothing_stored_is_said(tmp_path: Path) -> None:
    end = End(tmp_path)
    with pytest.raises(NeedsPerson) as refused:
        rehearsed(end, AGREED)
    assert refused.value.code == 914
    end.ledger.close()
