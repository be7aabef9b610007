"""Checker without Great Expectations: the same masks, run one after the other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
import pandas as pd

from exchange.domain.contract import Contract
from exchange.domain.errors import NeedsPerson
from exchange.ports import RowCheck

_AT_ONCE: Final = 50_000
"""Rows that all rules look at before they go on: what they learn of a value is kept for so many."""


class PlainChecker:
    """Runs row checks in this process with pandas alone."""

    def run(self, contract: Contract, checks: Sequence[RowCheck], frame: pd.DataFrame) -> Mapping[str, Sequence[int]]:
        """Positions of the rows that break each rule, ascending. NeedsPerson 915 for a rule that crashes."""
        broken: dict[str, list[int]] = {check.rule: [] for check in checks}
        for start in range(0, len(frame), _AT_ONCE):
            part = frame.iloc[start : start + _AT_ONCE]
            for check in checks:
                broken[check.rule] += [start + n for n in _positions(contract, check, part)]
        return broken


def _positions(contract: Contract, check: RowCheck, frame: pd.DataFrame) -> list[int]:
    try:
        mask = np.asarray(check.broken(frame), dtype=bool)
    except NeedsPerson:
        raise
    except Exception:  # whatever a rule throws, its text may hold values
        raise NeedsPerson(
            915,
            f"Rule {check.rule!r} crashed; no row was judged by it.",
            where=f"dataset {contract.dataset}",
            next_step="Have the rule mended; the rows are not at fault.",
        ) from None
    return [int(n) for n in np.flatnonzero(mask)]
