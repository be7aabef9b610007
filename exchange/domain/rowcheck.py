"""One row rule, compiled: what a checker is handed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Protocol

from exchange.domain.errors import NeedsPerson

if TYPE_CHECKING:
    import pandas as pd

    from exchange.domain.contract import Contract


_AT_ONCE: Final = 50_000
"""Rows that all rules look at before they go on, so that memory does not grow with the frame."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RowCheck:
    """One compiled row rule: `rule` id and the mask of rows that break it, positionally.

    `expectation` is set (Great Expectations' class name and arguments) where its own expectation says the same.
    """

    rule: str
    columns: tuple[str, ...]
    broken: Callable[[pd.DataFrame], Any]
    expectation: tuple[str, Mapping[str, Any]] | None = None


def broken_rows(contract: Contract, checks: Sequence[RowCheck], frame: pd.DataFrame) -> dict[str, list[int]]:
    """Positions of the rows that break each rule, ascending, by the rules' own masks.

    NeedsPerson 915 for a rule that crashes: that is no defect of the rows, and none is judged by it. What the rule
    threw is not told, since its text may hold values.
    """
    broken: dict[str, list[int]] = {check.rule: [] for check in checks}
    for start in range(0, len(frame), _AT_ONCE):
        part = frame.iloc[start : start + _AT_ONCE]
        for check in checks:
            broken[check.rule] += [start + n for n in _positions(contract, check, part)]
    return broken


def _positions(contract: Contract, check: RowCheck, frame: pd.DataFrame) -> list[int]:
    import numpy as np

    try:
        mask = np.asarray(check.broken(frame), dtype=bool)
    except NeedsPerson:
        raise
    except Exception:
        raise crashed(contract, check) from None
    return [int(n) for n in np.flatnonzero(mask)]


def crashed(contract: Contract, check: RowCheck) -> NeedsPerson:
    """915: the rule is at fault, not the rows."""
    return NeedsPerson(
        915,
        f"Rule {check.rule!r} crashed; no row was judged by it.",
        where=f"dataset {contract.dataset}",
        next_step="Have the rule mended; the rows are not at fault.",
    )


class RunsChecks(Protocol):
    """Whatever runs row rules over a frame (the port is `Checker`)."""

    def run(self, contract: Contract, checks: Sequence[RowCheck], frame: pd.DataFrame) -> Mapping[str, Sequence[int]]:
        """Positions of the rows that break each rule."""
        ...
