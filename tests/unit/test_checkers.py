"""Great Expectations and plain masks say the same, on any rows; a rule that crashes is nobody's defect."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from exchange.adapters.checker_gx import GxChecker
from exchange.adapters.checker_plain import PlainChecker
from exchange.domain.checks import row_checks
from exchange.domain.contract import Contract
from exchange.domain.errors import NeedsPerson
from exchange.ports import RowCheck
from tests.unit.court_rows import AGREEMENT, AS_OF, IS_WORKDAY, ROUTE, SENDER

GX, PLAIN = GxChecker(), PlainChecker()
CONTRACTS = [contract for route in ("131100-cases", "131100-claims") for contract in AGREEMENT.route(route).datasets]
ODD: tuple[str | None, ...] = (
    None, None, "2026-07-01", "2026-02-30", "2026-7-1", "2026-07-01\n", "1.00", "-1.00", "1.0", "1.00\n", "-0.00",
    "true", "false", "True", "x", "=1", "甲*", "（2026）冀1103破3号", "冀1103", "accepted", "tax", "91131103MA0ABCDE67",
    "131181735124851", "2026-07-16T09:30:00+08:00", "2026-07-16T25:30:00+08:00", "0", "-7", "07", "principal", "nan",
    "",
)  # fmt: skip


def checks_of(contract: Contract) -> list[RowCheck]:
    return row_checks(
        contract, route=ROUTE, sender=SENDER, as_of=AS_OF, is_workday=IS_WORKDAY, codes=AGREEMENT.codes
    )  # fmt: skip


@pytest.mark.parametrize("contract", CONTRACTS, ids=lambda c: c.dataset)
@pytest.mark.parametrize("seed", [1, 2])
def test_both_checkers_agree_on_random_rows(contract: Contract, seed: int) -> None:
    rng = np.random.default_rng(seed)
    values = np.array(ODD, dtype=object)
    frame = pd.DataFrame({name: values[rng.integers(0, len(values), 300)] for name in contract.names}).astype("str")
    checks = checks_of(contract)
    plain = PLAIN.run(contract, checks, frame)
    assert plain == GX.run(contract, checks, frame)
    assert set(plain) == {check.rule for check in checks}
    assert any(plain.values())


@pytest.mark.parametrize("contract", CONTRACTS, ids=lambda c: c.dataset)
@pytest.mark.parametrize("checker", [GX, PLAIN], ids=["gx", "plain"])
def test_no_rows_break_nothing(contract: Contract, checker: Any) -> None:
    frame = pd.DataFrame({name: pd.Series([], dtype="str") for name in contract.names})
    assert not any(checker.run(contract, checks_of(contract), frame).values())


@pytest.mark.parametrize("checker", [GX, PLAIN], ids=["gx", "plain"])
def test_positions_do_not_depend_on_the_index(checker: Any) -> None:
    contract = AGREEMENT.route("131100-cases").contract("case_debtor")
    frame = pd.DataFrame({name: ["x", None, "y"] for name in contract.names}, index=[7, 7, 2]).astype("str")
    found = checker.run(contract, checks_of(contract), frame)
    assert found["required_value_missing:name"] == [1]
    assert found["uscc_check_digit"] == [0, 2]


@pytest.mark.parametrize("checker", [GX, PLAIN], ids=["gx", "plain"])
def test_a_rule_that_crashes_is_named_and_no_value_is(checker: Any) -> None:
    contract = AGREEMENT.route("131100-cases").contract("case_debtor")
    frame = pd.DataFrame({name: ["secret"] for name in contract.names}).astype("str")

    def crash(rows: pd.DataFrame) -> Any:
        raise ValueError(rows["name"].iloc[0])

    with pytest.raises(NeedsPerson) as crashed:
        checker.run(contract, [*checks_of(contract), RowCheck(rule="own", columns=("name",), broken=crash)], frame)
    assert crashed.value.code == 915
    assert "own" in str(crashed.value)
    assert "case_debtor" in str(crashed.value)
    assert "secret" not in str(crashed.value)
    assert crashed.value.__cause__ is None


def test_a_rule_nobody_has_written_is_refused() -> None:
    from dataclasses import replace

    contract = ROUTE.contract("case_debtor")
    strange = replace(contract, rules=(replace(contract.rules[0], id="no_such_rule", function=""),))
    with pytest.raises(NeedsPerson) as unknown:
        checks_of(strange)
    assert unknown.value.code == 905


def test_great_expectations_own_expectations_are_used_where_they_say_the_same() -> None:
    names = {c.expectation[0] for contract in CONTRACTS for c in checks_of(contract) if c.expectation is not None}
    assert names == {"ExpectColumnValuesToNotBeNull", "ExpectColumnValuesToBeInSet", "ExpectColumnValuesToMatchRegex"}
