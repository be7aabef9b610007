"""What a column's type implies: required, readable, out of its code list. Great Expectations says most of it itself."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow.compute as pc

from exchange.domain.contract import CodeList, Column, ColumnType, Contract
from exchange.domain.rowcheck import RowCheck
from exchange.domain.tablecheck import INT, MONEY, unreadable
from exchange.domain.text import as_array

REQUIRED, UNREADABLE, UNKNOWN_CODE = "required_value_missing", "value_unreadable", "unknown_code"

_END: Final = r"(?!\n)"
"""What Python's `$` wants beside it to be the end of the text and nothing else."""

_EXPECTED: Final[Mapping[ColumnType, tuple[str, Mapping[str, Any]]]] = {
    "money": ("ExpectColumnValuesToMatchRegex", {"regex": MONEY + _END}),
    "int": ("ExpectColumnValuesToMatchRegex", {"regex": INT + _END}),
    "bool": ("ExpectColumnValuesToBeInSet", {"value_set": ["true", "false"]}),
}
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
        known = list(codes[column.code_list].names_zh)
        expected = ("ExpectColumnValuesToBeInSet", {"value_set": known})
        return _check(UNKNOWN_CODE, column, partial(_not_in, known=known), expected)
    if column.type in ("money", "int", "bool", "date", "time"):
        return _check(UNREADABLE, column, partial(_unreadable, type_=column.type), _EXPECTED.get(column.type))
    return None


def _missing(frame: pd.DataFrame, column: str) -> npt.NDArray[np.bool_]:
    return np.asarray(frame[column].isna(), dtype=bool)


def _not_in(frame: pd.DataFrame, column: str, known: list[str]) -> npt.NDArray[np.bool_]:
    return np.asarray(frame[column].notna() & ~frame[column].isin(known), dtype=bool)


def _unreadable(frame: pd.DataFrame, column: str, type_: ColumnType) -> npt.NDArray[np.bool_]:
    """As the receiver reads them: what is let out here is not refused there."""
    return np.asarray(pc.fill_null(unreadable(as_array(frame[column]), type_), False), dtype=bool)
