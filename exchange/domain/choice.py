"""Which cases are read out of a register too large to hold: whoever asks is shown its columns part by part."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Final

from exchange.domain.case_number import FORMED, normalise_case_no
from exchange.domain.columns import Bools, mapped, unlike
from exchange.domain.text import among, as_array, as_list, as_series
from exchange.domain.urgency import CASE_COLUMNS, urgent_cases

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

NUMBER: Final = "case_no"


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """`of` names the records that are read, out of `_record` and these `columns` of every case that may be selected, as
    the port `Source` gives them, a part of the register at a time."""

    columns: tuple[str, ...]
    of: Callable[[Iterable[pd.DataFrame]], Collection[str]]


def by_number(numbers: Collection[str]) -> Choice:
    """All records that bear one of these normalised numbers, whatever way it is written."""

    def of(parts: Iterable[pd.DataFrame]) -> Collection[str]:
        return {record for part in parts for record in _records(part, among(_in_form(part[NUMBER]), numbers))}

    return Choice(columns=(NUMBER,), of=of)


def urgent_ones(as_of: date, limits: Mapping[str, int]) -> Choice:
    """The cases that can't wait (`urgent_cases`), and the others that bear the number of one of them."""

    def of(parts: Iterable[pd.DataFrame]) -> Collection[str]:
        chosen, numbered = set[str](), []
        for part in parts:
            found = urgent_cases(part.assign(_case_no_raw=part[NUMBER]), as_of=as_of, limits=limits, held=())
            chosen |= {case.record for case in found}
            numbered.append(part[["_record"]].assign(**{NUMBER: _in_form(part[NUMBER])}))
        theirs = {n for part in numbered for n in as_list(part.loc[among(part["_record"], chosen), NUMBER]) if n}
        return chosen.union(*(_records(part, among(part[NUMBER], theirs)) for part in numbered))

    return Choice(columns=(NUMBER, *CASE_COLUMNS), of=of)


def _records(part: pd.DataFrame, those: Bools) -> list[str]:
    return [str(record) for record in as_list(part.loc[those, "_record"])]


def _in_form(numbers: pd.Series) -> pd.Series:
    """Numbers in their one form; nearly all are in it to begin with."""
    values = as_array(numbers)
    return as_series(mapped(values, unlike(values, FORMED), normalise_case_no), index=numbers.index)
