"""One rule met or broken at one place. Never the value."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from exchange.domain.contract import Severity


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """`record` is the source's id of the case (never sent); `case_no` as it stands in the source;
    `row_key` the row's key columns joined by `|` where the finding is on a row; `comparable` is False for
    rules added beyond design (they are reported under `findings` only)."""

    rule: str
    severity: Severity
    dataset: str
    record: str | None
    case_no: str | None
    row_key: str | None = None
    column: str | None = None
    note: str = ""
    comparable: bool = True

    def as_dict(self) -> dict[str, Any]:
        """A plain mapping for JSON."""
        return {name: getattr(self, name) for name in self.__slots__}
