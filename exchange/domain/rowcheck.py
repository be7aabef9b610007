"""One row rule, compiled: what a checker is handed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    import pandas as pd

    from exchange.domain.contract import Contract


@dataclass(frozen=True, slots=True, kw_only=True)
class RowCheck:
    """One compiled row rule: `rule` id and the mask of rows that break it, positionally.

    `expectation` is set (Great Expectations' class name and arguments) where its own expectation says the same.
    """

    rule: str
    columns: tuple[str, ...]
    broken: Callable[[pd.DataFrame], Any]
    expectation: tuple[str, Mapping[str, Any]] | None = None


class RunsChecks(Protocol):
    """Whatever runs row rules over a frame (the port is `Checker`)."""

    def run(self, contract: Contract, checks: Sequence[RowCheck], frame: pd.DataFrame) -> Mapping[str, Sequence[int]]:
        """Positions of the rows that break each rule."""
        ...
