"""Row rules any dataset may use, told by columns and parameters alone: a new dataset needs no Python.

Each answers per row, by position: is the rule broken here? An empty cell breaks none of them but those that ask for a
value. `docs/add-a-dataset.md` lists them with their parameters. ValueError for parameters a rule can't work with.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date
from typing import Any, Final, Protocol

import numpy as np
import numpy.typing as npt
import pandas as pd

from exchange.domain.columns import Days
from exchange.domain.contract import Rule
from exchange.domain.route import Party
from exchange.domain.text import any_of, once_each, passes

_FIRST: Final = np.datetime64("0001-01-01")
"""The first day a calendar here knows."""

Mask = npt.NDArray[np.bool_]


class Looks(Protocol):
    """What these rules look at beside the rows."""

    @property
    def sender(self) -> Party:
        """Who sends the rows."""
        ...

    @property
    def as_of(self) -> date:
        """The day the data is looked at."""
        ...


def days(series: pd.Series) -> Days:
    """Dates of a text column; NaT where there is none that can be read, or none after the year 0."""
    return once_each(series, _days, np.datetime64("NaT"))


def _days(texts: pd.Series) -> Days:
    read = pd.to_datetime(texts, format="%Y-%m-%d", errors="coerce").to_numpy().astype("datetime64[D]")
    return np.where(read >= _FIRST, read, np.datetime64("NaT"))


def _pattern(frame: pd.DataFrame, rule: Rule, _: Looks) -> Mask:
    """A value is not of the form `pattern`, a regular expression for the whole of it."""
    form = _expression(rule)
    return any_of((passes(frame[c], lambda text: form.fullmatch(text) is None) for c in rule.columns), len(frame))


def _none_filled(frame: pd.DataFrame, rule: Rule, _: Looks) -> Mask:
    """None of the columns has a value."""
    return np.asarray(frame[list(rule.columns)].isna().all(axis=1), dtype=bool)


def _apart(frame: pd.DataFrame, rule: Rule, _: Looks) -> Mask:
    """Of columns that belong together some have a value and some have none."""
    empty = frame[list(rule.columns)].isna()
    return np.asarray(empty.any(axis=1) & ~empty.all(axis=1), dtype=bool)


def _missing_when(frame: pd.DataFrame, rule: Rule, _: Looks) -> Mask:
    """One of the columns but the first is empty though the first has one of the `values`."""
    when, *asked = rule.columns
    missing = any_of((frame[c].isna().to_numpy(bool) for c in asked), len(frame))
    return np.asarray(frame[when].isin(_told(rule, "values", list)), dtype=bool) & missing


def _after_as_of(frame: pd.DataFrame, rule: Rule, context: Looks) -> Mask:
    """A day lies after the day the data is looked at."""
    return any_of((days(frame[c]) > np.datetime64(context.as_of) for c in rule.columns), len(frame))


def _other_court(frame: pd.DataFrame, rule: Rule, context: Looks) -> Mask:
    """The court's code in a number (`pattern` with a group `code`) is none of the court's own; not checked on a
    number of another form. Columns: the court, then the number."""
    form = _expression(rule)
    if "code" not in form.groupindex or len(rule.columns) != 2:
        raise ValueError("it needs two columns, court and number, and a `pattern` with a group named `code`")
    known = {court.id: {code.code for code in court.codes} for court in context.sender.courts}
    court, number = (frame[c].astype(object).fillna("") for c in rule.columns)

    def strange(both: str) -> bool:
        owner, _, text = both.partition("\x1f")
        found = form.fullmatch(text)
        return found is not None and found["code"] not in known.get(owner, ())

    return passes((court + "\x1f" + number).astype("str"), strange)


def _expression(rule: Rule) -> re.Pattern[str]:
    text = _told(rule, "pattern", str)
    try:
        return re.compile(text)
    except re.error as error:
        raise ValueError(f"`pattern` is no regular expression: {error}") from None


def _told(rule: Rule, name: str, kind: type) -> Any:
    told = rule.params.get(name)
    if told is None or not isinstance(told, kind):
        raise ValueError(f"it needs the parameter `{name}` ({kind.__name__})")
    return told


ROW_RULES: Final[Mapping[str, Callable[[pd.DataFrame, Rule, Looks], Mask]]] = {
    "pattern": _pattern,
    "none_filled": _none_filled,
    "apart": _apart,
    "missing_when": _missing_when,
    "after_as_of": _after_as_of,
    "other_court": _other_court,
}
"""Function → mask. Beside them any dataset may use uscc_check_digit, name_is_a_formula, name_is_masked,
negative_amount and dates_out_of_order, which look at the rule's own columns alone."""
