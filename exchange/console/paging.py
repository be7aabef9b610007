"""Page links: fifty rows a page, the filters kept in the address."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeVar
from urllib.parse import urlencode

SIZE: Final = 50
T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Pages:
    """Which rows of how many are shown, counted from 1; addresses of the pages beside, None at an end."""

    total: int
    number: int
    size: int
    before: str | None
    after: str | None

    @property
    def offset(self) -> int:
        """Rows before the first one shown."""
        return (self.number - 1) * self.size

    @property
    def first(self) -> int:
        """The first row shown."""
        return self.offset + 1 if self.total else 0

    @property
    def last(self) -> int:
        """The last row shown."""
        return min(self.offset + self.size, self.total)


def pages(total: int, asked: str | None, path: str, filters: Mapping[str, str], *, size: int = SIZE) -> Pages:
    """The page asked for, or the nearest there is. `filters` go into the addresses, empty ones left out."""
    last = max(1, -(-total // size))
    number = min(max(int(asked), 1), last) if asked and asked.isascii() and asked.isdigit() else 1
    told = {name: value for name, value in filters.items() if value}

    def at(page: int) -> str:
        return f"{path}?{urlencode({**told, 'page': page})}"

    return Pages(
        total=total, number=number, size=size, before=at(number - 1) if number > 1 else None,
        after=at(number + 1) if number < last else None,
    )  # fmt: skip


def asked_for(text: str, longest: int = 120) -> str:
    """What an address asks for, without what no database takes (a NUL) and nobody types."""
    return "".join(c for c in text if c.isprintable()).strip()[:longest]


def shown(rows: Sequence[T], which: Pages) -> Sequence[T]:
    """The rows of a page, of all rows."""
    return rows[which.offset : which.offset + which.size]
