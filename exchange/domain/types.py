"""What a column's type implies: required, readable, out of its code list. Great Expectations says most of it itself."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from exchange.domain.contract import CodeList, Column, ColumnType, Contract
from exchange.domain.rowcheck import RowCheck
from exchange.domain.text import passes

REQUIRED, UNREADABLE, UNKNOWN_CODE = "required_value_missing", "value_unreadable", "unknown_code"

_FORMS: Final[Mapping[ColumnType, str]] = {
    "money": r"^-?[0-9]{1,16}\.[0-9]{2}$(?!\n)",
    "int": r"^-?(?:0|[1-9][0-9]{0,17})$(?!\n)",
}
_DATE: Final = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$(?!\n)"
_TIME: Final = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?(Z|[+-][0-9]{2}:[0-9]{2})$(?!\n)"
_COVERED: Final[Mapping[str, str]] = {"case_no_malformed": "case_no", "unknown_stage_code": "stage"}
"""Rules that already speak of a column's being there and known."""


def type_checks(contract: Contract, codes: Mapping[str, CodeList]) -> Iterator[RowCheck]:
    """The checks a contract's columns imply, named `<rule>:<column>`; those a rule of its own covers are left out."""
    covered = {_COVERED[rule.runs] for rule in contract.rules if rule.runs in _COVERED}
    if contract.of_case:
        covered.add("case_no")
    for column in contract.columns:
        if column.name in covered:
            continue
        if column.required:
            yield _check(REQUIRED, column, _missing, ("ExpectColumnValuesToNotBeNull", {}))
        readable = _readable(column, codes)
        if readable is not None:
            yield readable


def _check(
    rule: str,
    column: Column,
    broken: Callable[..., Any],
    expectation: tuple[str, Mapping[str, Any]] | None,
) -> RowCheck:
    if expectation is not None:
        expectation = (expectation[0], {"column": column.name, **expectation[1]})
    return RowCheck(
        rule=f"{rule}:{column.name}",
        columns=(column.name,),
        broken=partial(broken, column=column.name),
        expectation=expectation,
    )


def _readable(column: Column, codes: Mapping[str, CodeList]) -> RowCheck | None:
    if column.type == "code" and column.code_list is not None and column.code_list in codes:
        return _in_set(UNKNOWN_CODE, column, list(codes[column.code_list].names_zh))
    if column.type == "bool":
        return _in_set(UNREADABLE, column, ["true", "false"])
    if column.type in _FORMS:
        form = _FORMS[column.type]
        broken = partial(_not_like, form=form)
        return _check(UNREADABLE, column, broken, ("ExpectColumnValuesToMatchRegex", {"regex": form}))
    if column.type == "date":
        return _check(UNREADABLE, column, _no_day, None)
    if column.type == "time":
        return _check(UNREADABLE, column, _no_time, None)
    return None


def _in_set(rule: str, column: Column, known: list[str]) -> RowCheck:
    broken = partial(_not_in, known=known)
    return _check(rule, column, broken, ("ExpectColumnValuesToBeInSet", {"value_set": known}))


def _missing(frame: pd.DataFrame, column: str) -> npt.NDArray[np.bool_]:
    return np.asarray(frame[column].isna(), dtype=bool)


def _not_in(frame: pd.DataFrame, column: str, known: list[str]) -> npt.NDArray[np.bool_]:
    return np.asarray(frame[column].notna() & ~frame[column].isin(known), dtype=bool)


def _like(series: pd.Series, form: str) -> npt.NDArray[np.bool_]:
    pattern = re.compile(form)
    return passes(series, lambda text: pattern.search(text) is not None)


def _not_like(frame: pd.DataFrame, column: str, form: str) -> npt.NDArray[np.bool_]:
    return np.asarray(frame[column].notna() & ~_like(frame[column], form), dtype=bool)


def _no_day(frame: pd.DataFrame, column: str) -> npt.NDArray[np.bool_]:
    read = pd.to_datetime(frame[column], format="%Y-%m-%d", errors="coerce").notna()
    return np.asarray(frame[column].notna() & ~(read & _like(frame[column], _DATE)), dtype=bool)


def _no_time(frame: pd.DataFrame, column: str) -> npt.NDArray[np.bool_]:
    read = pd.to_datetime(frame[column], format="ISO8601", errors="coerce", utc=True).notna()
    return np.asarray(frame[column].notna() & ~(read & _like(frame[column], _TIME)), dtype=bool)
