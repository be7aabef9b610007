"""The quarter an exchange is about."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from exchange.domain.errors import NeedsPerson

_FORM: Final = re.compile(r"(20[0-9]{2})Q([1-4])")


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Period:
    """A calendar quarter; its text is `2026Q3`."""

    year: int
    quarter: int

    @classmethod
    def parse(cls, text: str) -> Period:
        """The quarter written as `2026Q3`; NeedsPerson 905 for anything else."""
        found = _FORM.fullmatch(text)
        if found is None:
            raise NeedsPerson(
                905,
                "A period is written as year and quarter.",
                where="period",
                next_step="Write it like 2026Q3.",
            )
        return cls(year=int(found[1]), quarter=int(found[2]))

    @classmethod
    def of(cls, day: date) -> Period:
        """The quarter a day lies in."""
        return cls(year=day.year, quarter=(day.month + 2) // 3)

    @property
    def first_day(self) -> date:
        """The quarter's first day."""
        return date(self.year, 3 * self.quarter - 2, 1)

    @property
    def last_day(self) -> date:
        """The quarter's last day."""
        return self.next().first_day - timedelta(days=1)

    def next(self) -> Period:
        """The quarter after."""
        return Period(year=self.year + self.quarter // 4, quarter=self.quarter % 4 + 1)

    def previous(self) -> Period:
        """The quarter before."""
        return Period.of(self.first_day - timedelta(days=1))

    def __str__(self) -> str:
        return f"{self.year}Q{self.quarter}"
