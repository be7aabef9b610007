"""Checker without Great Expectations: the same masks, run one after the other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from exchange.domain.contract import Contract
from exchange.domain.errors import NeedsPerson
from exchange.ports import RowCheck


class PlainChecker:
    """Runs row checks in this process with pandas alone."""

    def run(self, contract: Contract, checks: Sequence[RowCheck], frame: pd.DataFrame) -> Mapping[str, Sequence[int]]:
        """Positions of the rows that break each rule, ascending. NeedsPerson 915 for a rule that crashes."""
        return {check.rule: _positions(contract, check, frame) for check in checks}


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
