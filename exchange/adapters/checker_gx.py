"""Checker on Great Expectations: one suite per contract, in an ephemeral context, results as row positions only.

Great Expectations' own expectations run where they say the same as a check; every other check runs as one custom
expectation that asks our mask. It costs seconds to import, so that happens on the first run. Its results hold the
offending values: they are dropped here and go nowhere.
"""

from __future__ import annotations

import logging
import os
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import lru_cache
from importlib.util import LazyLoader, find_spec, module_from_spec
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, Final

from exchange.domain.contract import Contract
from exchange.domain.rowcheck import broken_rows, crashed
from exchange.ports import RowCheck

if TYPE_CHECKING:
    import pandas as pd

_RESULT_FORMAT: Final = {"result_format": "COMPLETE", "include_unexpected_rows": False}
_POSITION: Final = "_position"
_RUNNING: Final = threading.local()
_ONE_AT_A_TIME: Final = threading.Lock()
"""Great Expectations' engine holds one frame under one batch id."""


class GxChecker:
    """Runs row checks as a Great Expectations suite; frames of more than `most_rows` by the masks alone.

    Both find the same rows. Great Expectations takes several times as long and as much memory on a million rows
    (docs/adr/0015), which a district never has and a country need not spend.
    """

    def __init__(self, *, most_rows: int | None = None) -> None:
        self._most_rows = most_rows

    def run(self, contract: Contract, checks: Sequence[RowCheck], frame: pd.DataFrame) -> Mapping[str, Sequence[int]]:
        """Positions of the rows that break each rule, ascending. NeedsPerson 915 for a rule that crashes."""
        if frame.empty or not checks:
            return {check.rule: [] for check in checks}
        if self._most_rows is not None and len(frame) > self._most_rows:
            return broken_rows(contract, checks, frame)
        import numpy as np

        needed = dict.fromkeys(column for check in checks for column in check.columns)
        numbered = frame[list(needed)].reset_index(drop=True)
        numbered[_POSITION] = np.arange(len(numbered))
        with _ONE_AT_A_TIME, _masks({check.rule: check.broken for check in checks}):
            results = _validate(contract.dataset, checks, numbered)
        return {check.rule: _positions(contract, check, results) for check in checks}


@lru_cache(maxsize=1)
def loaded() -> SimpleNamespace:
    """Great Expectations, its context, and our own expectation: once per process."""
    os.environ.setdefault("GX_ANALYTICS_ENABLED", "false")
    _put_off("scipy.stats")
    import great_expectations as gx
    import numpy as np
    import pandas as pd
    from great_expectations.execution_engine.pandas_execution_engine import PandasExecutionEngine
    from great_expectations.expectations.expectation import MulticolumnMapExpectation
    from great_expectations.expectations.metrics.map_metric_provider.multicolumn_condition_partial import (
        multicolumn_condition_partial,
    )
    from great_expectations.expectations.metrics.map_metric_provider.multicolumn_map_metric_provider import (
        MulticolumnMapMetricProvider,
    )
    from great_expectations.validator.v1_validator import Validator

    class RowsKeepOurRule(MulticolumnMapMetricProvider):
        condition_metric_name = "rows.keep_our_rule"
        condition_value_keys = ("rule",)
        condition_domain_keys = (
            "batch_id", "table", "column_list", "row_condition", "condition_parser", "ignore_row_if",
        )  # fmt: skip

        @multicolumn_condition_partial(engine=PandasExecutionEngine)  # type: ignore[untyped-decorator]
        def _pandas(cls, column_list: pd.DataFrame, rule: str, **_: Any) -> pd.Series:  # noqa: N805
            return pd.Series(~np.asarray(_RUNNING.masks[rule](column_list), dtype=bool), index=column_list.index)

    class ExpectRowsToKeepOurRule(MulticolumnMapExpectation):
        map_metric = "rows.keep_our_rule"
        success_keys = ("rule", "mostly")
        args_keys = ("column_list", "rule")
        rule: str

    logging.getLogger("great_expectations").setLevel(logging.WARNING)
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = {"globally": False}  # type: ignore[assignment]
    assert RowsKeepOurRule.condition_metric_name == ExpectRowsToKeepOurRule.map_metric  # noqa: S101
    source = context.data_sources.add_pandas(name="rows")
    return SimpleNamespace(
        expectations=gx.expectations,
        suite=gx.ExpectationSuite,
        ours=ExpectRowsToKeepOurRule,
        whole=source.add_dataframe_asset(name="rows").add_batch_definition_whole_dataframe("whole"),
        validator=Validator,
        forget=source.get_execution_engine().batch_manager.reset_batch_cache,
    )


def _put_off(name: str) -> None:
    """Have a module run when it is first asked for something. Great Expectations imports this one, a quarter of the
    time it takes, for an expectation nobody uses here."""
    found = None if name in sys.modules else find_spec(name)
    if found is None or found.loader is None:
        return
    found.loader = LazyLoader(found.loader)
    sys.modules[name] = module_from_spec(found)
    found.loader.exec_module(sys.modules[name])


@contextmanager
def _masks(masks: Mapping[str, Callable[[pd.DataFrame], Any]]) -> Iterator[None]:
    """The masks our expectation may ask while one suite runs."""
    _RUNNING.masks = masks
    try:
        yield
    finally:
        del _RUNNING.masks


def _expectation(gx: SimpleNamespace, check: RowCheck) -> Any:
    if check.expectation is not None:
        name, arguments = check.expectation
        return getattr(gx.expectations, name)(**arguments, meta={"rule": check.rule})
    columns = [*check.columns, _POSITION]
    return gx.ours(column_list=columns, rule=check.rule, ignore_row_if="never", meta={"rule": check.rule})


def _validate(dataset: str, checks: Sequence[RowCheck], frame: pd.DataFrame) -> dict[str, Any]:
    """Result by rule."""
    gx = loaded()
    suite = gx.suite(name=dataset, expectations=[_expectation(gx, check) for check in checks])
    validator = gx.validator(gx.whole, batch_parameters={"dataframe": frame}, result_format=_RESULT_FORMAT)
    try:
        results = validator.validate_expectation_suite(suite).results
    finally:
        gx.forget()
    return {result.expectation_config.meta["rule"]: result for result in results}


def _positions(contract: Contract, check: RowCheck, results: Mapping[str, Any]) -> list[int]:
    result = results.get(check.rule)
    if result is None or _crashed(result.exception_info):
        raise crashed(contract, check)
    return sorted(int(n) for n in result.result.get("unexpected_index_list") or ())


def _crashed(info: Any) -> bool:
    """Great Expectations reports an exception, or one by each metric that threw."""
    if not info:
        return False
    if "raised_exception" in info:
        return bool(info["raised_exception"])
    return any(bool(one.get("raised_exception")) for one in info.values() if isinstance(one, Mapping))
