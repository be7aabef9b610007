"""What was sent beside what the receiver counted: its signed receipt's rows and sums, figure by figure. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from exchange.domain.content import Content

ROWS = "rows"


@dataclass(frozen=True, slots=True, kw_only=True)
class Confirmed:
    """One figure at both ends: `rows`, or a money column's sum. `received` is None while no receipt said it;
    `landed` (rows alone) tells how many the receiver kept."""

    dataset: str
    measure: str
    sent: str
    received: str | None
    landed: str | None

    @property
    def agrees(self) -> bool:
        """Whether the receiver counted what was sent, and kept it all."""
        return self.received == self.sent and self.landed in (None, self.sent)

    def as_dict(self) -> dict[str, Any]:
        """For machines."""
        return {**asdict(self), "agrees": self.agrees if self.received is not None else None}


def side_by_side(content: Content, receipt: Mapping[str, Any] | None) -> list[Confirmed]:
    """Every figure of a content beside the receipt's (`receipt.json` of rung validated; None: none has come yet)."""
    counts = (receipt or {}).get("counts", {})
    totals = (receipt or {}).get("totals", {})
    lines = []
    for dataset, rows in content.rows.items():
        got = counts.get(dataset, {})
        lines.append(
            Confirmed(
                dataset=dataset, measure=ROWS, sent=str(rows), received=_text(got.get("received")),
                landed=_text(got.get("landed")),
            )
        )  # fmt: skip
        for column, total in content.totals.get(dataset, {}).items():
            received = _text(totals.get(dataset, {}).get(column))
            lines.append(Confirmed(dataset=dataset, measure=column, sent=total, received=received, landed=None))
    return lines


def _text(value: Any) -> str | None:
    return None if value is None else str(value)
