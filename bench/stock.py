"""The same suite in Great Expectations' own expectations on pandas alone, as one without ours would write it.

Where stock has an expectation it is used, in the quickest way found: days are read once with pandas and compared as
timestamps, figures of the law become columns beside, court and number become one text in a set (its pair-in-set goes
row by row). One rule has none: the check character of a USCC, a custom expectation that asks each value.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from functools import cache
from typing import Any

import pandas as pd

from exchange.domain.checks import claim_limit
from exchange.domain.contract import Contract

ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
WEIGHTS = (1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28)
_P = "京津冀晋内辽吉黑沪苏浙皖闽赣鲁豫鄂湘粤桂琼渝川贵云藏陕甘青宁新兵军"
NUMBER = (
    rf"^(?:（20\d{{2}}）[{_P}]\d{{2,4}}(?:破申|破终|破监|清申|清终|清监|强清|破)[1-9]\d*号"
    r"|（\d{4}）[\u4e00-\u9fa5]{1,8}?(?:民破|商破|破|民算)字?第\d+号(?:之.+)?"
    rf"|（?\d{{4}}）?[{_P}]\d{{0,4}}(?:民破|民算)\d+号)$"
)
PARTS = rf"^（?(?P<year>20\d{{2}})）?(?P<code>[{_P}]\d{{2,4}})(?:破|清|强|民)\D*\d+号$"


def uscc_is_right(text: str) -> bool:
    """One USCC, character by character."""
    if len(text) != 18 or any(c not in ALPHABET for c in text):
        return False
    total = sum(ALPHABET.index(c) * weight for c, weight in zip(text, WEIGHTS, strict=False))
    return ALPHABET[-total % 31] == text[17]


@cache
def loaded() -> tuple[Any, Any, type]:
    """Great Expectations, where its frames come from, and the expectation stock does not have."""
    import great_expectations as gx
    from great_expectations.execution_engine import PandasExecutionEngine
    from great_expectations.expectations.expectation import ColumnMapExpectation
    from great_expectations.expectations.metrics import ColumnMapMetricProvider, column_condition_partial

    class ColumnValuesUscc(ColumnMapMetricProvider):
        condition_metric_name = "column_values.uscc"

        @column_condition_partial(engine=PandasExecutionEngine)
        def _pandas(cls, column: pd.Series, **_: Any) -> pd.Series:  # noqa: N805
            return column.map(uscc_is_right).astype(bool)

    class ExpectColumnValuesToBeUscc(ColumnMapExpectation):
        map_metric = "column_values.uscc"
        success_keys = ("mostly",)

    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = {"globally": False}
    return gx, context, ExpectColumnValuesToBeUscc


def run(frame: pd.DataFrame, contract: Contract, given: Mapping[str, Any]) -> dict[str, list[int]]:
    """Positions of the rows that break each rule, ascending; `given` are the agreed codes, courts and figures."""
    gx, context, uscc = loaded()
    cases = contract.dataset == "bankruptcy_case"
    wide = _with_columns(frame, given) if cases else frame
    suite = gx.ExpectationSuite(name=contract.dataset)
    for rule, one in (*_required(gx, contract), *(_of_cases(gx, given) if cases else _of_debtors(gx, uscc))):
        one.meta = {"rule": rule}
        suite.add_expectation(one)
    source = context.data_sources.add_or_update_pandas("rows")
    batch = source.add_dataframe_asset("rows").add_batch_definition_whole_dataframe("whole")
    definition = gx.ValidationDefinition(name="rows", data=batch, suite=context.suites.add_or_update(suite))
    context.validation_definitions.add_or_update(definition)
    form = {"result_format": "COMPLETE", "include_unexpected_rows": False}
    results = definition.run(batch_parameters={"dataframe": wide}, result_format=form).results
    broken: dict[str, set[int]] = {}
    for result in results:
        assert not result.exception_info.get("raised_exception", bool(result.exception_info)), result.exception_info
        broken.setdefault(result.expectation_config.meta["rule"], set()).update(result.result["unexpected_index_list"])
    return {rule: sorted(rows) for rule, rows in broken.items()}


def _with_columns(frame: pd.DataFrame, given: Mapping[str, Any]) -> pd.DataFrame:
    """The cases with their days read, and what the law makes of them."""
    wide = frame.copy(deep=False)
    for column in DAYS:
        wide[f"{column}_day"] = pd.to_datetime(frame[column], format="%Y-%m-%d", errors="coerce")
    wide["updated"] = pd.to_datetime(frame["source_updated_at"], format="ISO8601", errors="coerce", utc=True)
    announced = wide["announced_on_day"]
    wide["period_days"] = (wide["claims_due_on_day"] - announced).dt.days
    wide["announced_after_days"] = (announced - wide["accepted_on_day"]).dt.days
    limits = {day: claim_limit(day.date(), given["months"], given["is_workday"]) for day in announced.dropna().unique()}
    wide["last_due_day"] = pd.to_datetime(announced.map(limits))
    parts = frame["case_no"].str.extract(PARTS)
    wide["court_and_number"] = frame["court_code"] + "|" + parts["code"]
    wide["year"] = parts["year"].astype(float)
    wide["last_year"] = parts["code"].map(given["ended"])
    return wide


DAYS = (
    "filed_on", "accepted_on", "announced_on", "claims_due_on", "first_meeting_on", "declared_on", "terminated_on",
    "administrator_appointed_on",
)  # fmt: skip
ORDER = ("filed_on", "accepted_on", "announced_on", "declared_on", "terminated_on")


def _required(gx: Any, contract: Contract) -> Iterator[tuple[str, Any]]:
    for column in contract.columns:
        if column.required and column.name not in ("case_no", "stage"):
            yield (
                f"required_value_missing:{column.name}",
                gx.expectations.ExpectColumnValuesToNotBeNull(column=column.name),
            )


def _of_cases(gx: Any, given: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    from great_expectations.expectations.row_conditions import Column

    e = gx.expectations

    def not_before(a: str, b: str) -> Any:
        return e.ExpectColumnPairValuesAToBeGreaterThanB(
            column_A=a, column_B=b, or_equal=True, ignore_row_if="either_value_is_missing"
        )

    def there(column: str, when: Any) -> Any:
        return e.ExpectColumnValuesToNotBeNull(column=column, row_condition=when)

    yield "case_no_malformed", e.ExpectColumnValuesToMatchRegex(column="case_no", regex=NUMBER)
    yield (
        "court_code_differs_from_case_no",
        e.ExpectColumnValuesToBeInSet(column="court_and_number", value_set=given["courts"]),
    )
    yield "unknown_stage_code", e.ExpectColumnValuesToNotBeNull(column="stage")
    yield "unknown_stage_code", e.ExpectColumnValuesToBeInSet(column="stage", value_set=given["stage"])
    yield "unknown_code:procedure", e.ExpectColumnValuesToBeInSet(column="procedure", value_set=given["procedure"])
    yield "value_unreadable:is_major", e.ExpectColumnValuesToBeInSet(column="is_major", value_set=["true", "false"])
    yield "accepted_on_missing", there("accepted_on", Column("stage").is_in(given["stages"]))
    yield (
        "accepted_on_in_future",
        e.ExpectColumnValuesToBeBetween(column="accepted_on_day", max_value=pd.Timestamp(given["as_of"])),
    )
    yield "claims_due_before_announcement", not_before("claims_due_on_day", "announced_on_day")
    yield "claim_period_shorter_than_30_days", e.ExpectColumnValuesToBeBetween(column="period_days", min_value=30)
    yield "claim_period_longer_than_3_months", not_before("last_due_day", "claims_due_on_day")
    yield "meeting_before_claims_due", not_before("first_meeting_on_day", "claims_due_on_day")
    yield "old_court_code_on_new_case", not_before("last_year", "year")
    yield "terminated_on_missing", there("terminated_on", Column("stage") == "terminated")
    yield (
        "terminated_on_but_not_terminated",
        e.ExpectColumnValuesToBeNull(column="terminated_on", row_condition=Column("stage") != "terminated"),
    )
    for n, before in enumerate(ORDER):
        for after in ORDER[n + 1 :]:
            yield "dates_out_of_order", not_before(f"{after}_day", f"{before}_day")
    yield "announced_late", e.ExpectColumnValuesToBeBetween(column="announced_after_days", max_value=25)
    for column in DAYS:
        yield f"value_unreadable:{column}", there(f"{column}_day", Column(column).is_not_null())
    yield "value_unreadable:source_updated_at", there("updated", Column("source_updated_at").is_not_null())


def _of_debtors(gx: Any, uscc: type) -> Iterator[tuple[str, Any]]:
    from great_expectations.expectations.row_conditions import Column

    e = gx.expectations
    yield "uscc_check_digit", uscc(column="uscc")
    for column in ("name", "former_name"):
        yield "name_is_a_formula", e.ExpectColumnValuesToNotMatchRegex(column=column, regex=r"^\s*[=+@＝＋－＠-]")
        yield "name_is_masked", e.ExpectColumnValuesToNotMatchRegex(column=column, regex="[*＊]")
    for rule, when in (
        ("uscc_missing_old_taxpayer_id", Column("old_taxpayer_id").is_not_null()),
        ("debtor_not_identified", Column("old_taxpayer_id").is_null()),
    ):
        yield rule, e.ExpectColumnValuesToNotBeNull(column="uscc", row_condition=when)


def given_by(route: Any, sender: Any, codes: Mapping[str, Any], as_of: date, is_workday: Any) -> dict[str, Any]:
    """What the suite needs of the agreement, as plain lists and numbers."""
    ended = {code.code: code.until.year + 1 for c in sender.courts for code in c.codes if code.until is not None}
    rules = {rule.id: rule for rule in route.contract("bankruptcy_case").rules}
    return {
        "courts": [f"{court.id}|{code.code}" for court in sender.courts for code in court.codes], "ended": ended,
        "stage": list(codes["stage"].names_zh), "procedure": list(codes["procedure"].names_zh), "months": 3,
        "stages": list(rules["accepted_on_missing"].params["stages"]), "as_of": as_of, "is_workday": is_workday,
    }  # fmt: skip
