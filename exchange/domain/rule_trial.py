"""A contract's rules tried on made-up rows: a wrong name, column or parameter is found before a quarter is run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date

import pandas as pd

from exchange.domain.checks import ACROSS, RULES, Context
from exchange.domain.contract import Contract, Rule
from exchange.domain.route import Agreement
from exchange.domain.strict_yaml import nearest


def rule_flaws(contracts: Mapping[str, Contract], agreement: Agreement) -> Iterator[tuple[str, int, str, str]]:
    """(dataset, which rule, what is wrong, what to write) of every rule that can't do its work on its dataset."""
    for name, contract in contracts.items():
        for n, rule in enumerate(contract.rules):
            if rule.runs not in RULES and rule.runs not in ACROSS:
                known = nearest(rule.runs, sorted({*RULES, *ACROSS}))
                yield name, n, f"There is no rule function {rule.runs!r}.", known
            elif rule.runs in RULES and (what := _fails(rule, contract, agreement)):
                step = "Mend the rule's columns or parameters; docs/add-a-dataset.md lists the functions."
                yield name, n, f"The rule function {rule.runs!r} can't work here: {what}.", step


def _fails(rule: Rule, contract: Contract, agreement: Agreement) -> str | None:
    """Why a rule can't be run on its dataset; None when it can."""
    route = next((r for r in agreement.routes.values() if contract in r.datasets), None)
    route = route or next(iter(agreement.routes.values()))
    context = Context(
        route=route, sender=agreement.parties[route.sender], as_of=date(2026, 1, 1), is_workday=lambda _: True,
        codes=agreement.codes, contract=contract,
    )  # fmt: skip
    values = pd.Series([None, "2026-01-01", "1"], dtype="str")
    frame = pd.DataFrame(dict.fromkeys(rule.columns, values))
    try:
        broken = RULES[rule.runs](frame, rule, context)
    except KeyError as error:
        return f"it looks at {error.args[0]!r}, which is not among its columns"
    except Exception as error:
        return str(error) or type(error).__name__
    return None if len(broken) == len(frame) else "it does not answer for every row"
