"""A difference between the books, with the identity it keeps from run to run, and the order it is worked in."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from exchange.domain.estates import Affiliate
    from exchange.domain.finding import Finding
    from exchange.domain.matching import Matches

INFOS: Final = frozenset({"LATE_FEE_ONE_DAY", "LATE_FEE_OVER_PRINCIPAL", "LATE_FEE_NO_PRINCIPAL"})
"""Codes that explain and are no breaks."""

ON_LINE: Final = frozenset({"LATE_FEE_DIFFERS", "RANK_DIFFERS", "POST_ACCEPTANCE_PERIOD", *INFOS})
ON_RANK: Final = frozenset({"DECLARED_DIFFERS", "UNIT_SUSPECT", "CONFIRMED_DIFFERS", "PAID_DIFFERS"})

_WORTH: Final = ("difference", "amount", "total", "declared")
"""What a break is about, in this order, when breaks are sorted by amount."""


def worth_of(amounts: Mapping[str, str]) -> Decimal:
    """The amount a break is about in yuan, without sign; 0 when it is about none."""
    for name in _WORTH:
        if name in amounts:
            return abs(Decimal(amounts[name]))
    return Decimal(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Break:
    """One difference. `amounts` are plain decimals as text (yuan, days or counts), never names.

    `facts` are dates and codes that explain it, `case` the position of its case in book A (-1 for none).
    `due_on` is the last day it can still matter: the claim deadline, or the end of the objection period.
    """

    id: str
    code: str
    case_no: str
    claim_no: str | None
    line_no: int | None = None
    rank: str | None = None
    amounts: Mapping[str, str] = field(default_factory=dict)
    facts: Mapping[str, str] = field(default_factory=dict)
    due_on: date | None = None
    case: int = -1

    @property
    def info(self) -> bool:
        """Whether it explains and needs no work."""
        return self.code in INFOS

    @property
    def worth(self) -> Decimal:
        """The amount it is about in yuan, without sign; 0 when it is about none."""
        return worth_of(self.amounts)

    def as_outcome(self) -> dict[str, Any]:
        """The comparable shape of outcome.json: code, case_no, claim_no, and line_no or rank where it is on one."""
        shape: dict[str, Any] = {"code": self.code, "case_no": self.case_no, "claim_no": self.claim_no}
        if self.code in ON_LINE:
            shape["line_no"] = self.line_no
        if self.code in ON_RANK:
            shape["rank"] = self.rank
        return shape


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What the comparison of the books gave. `breaks` and `infos` in order of work; `estates` by case; `matches`
    explain breaks and change none."""

    breaks: tuple[Break, ...]
    infos: tuple[Break, ...]
    findings: tuple[Finding, ...]
    estates: tuple[Affiliate, ...] = ()
    matches: Matches | None = None

    @property
    def counts(self) -> dict[str, int]:
        """How many breaks of each code, by code."""
        return dict(sorted(Counter(b.code for b in self.breaks).items()))

    def as_outcome(self) -> dict[str, Any]:
        """The keys `breaks`, `infos` and `break_counts` of outcome.json."""
        return {
            "breaks": [b.as_outcome() for b in self.breaks],
            "infos": [b.as_outcome() for b in self.infos],
            "break_counts": self.counts,
        }


def break_id(route: str, code: str, case_no: str, claim_no: str | None, place: int | str | None) -> str:
    """The identity of a break: 16 hex digits over route, code, case, claim and line or rank; the same at both ends."""
    parts = (route, code, case_no, claim_no or "", "" if place is None else str(place))
    return hashlib.sha256("\x1f".join(parts).encode()).hexdigest()[:16]


def in_order_of_work(breaks: Iterable[Break]) -> tuple[Break, ...]:
    """Days left first, those without a limit after, then the larger amount, then code and place."""
    return tuple(
        sorted(
            breaks,
            key=lambda b: (
                b.due_on or date.max,
                -b.worth,
                b.code,
                b.case_no,
                b.claim_no or "",
                b.line_no if b.line_no is not None else -1,
                b.rank or "",
            ),
        )
    )


def distinct(breaks: Sequence[Break]) -> list[Break]:
    """One break per identity: the first one."""
    seen: dict[str, Break] = {}
    for found in breaks:
        seen.setdefault(found.id, found)
    return list(seen.values())
