"""The documents of an agreement as they were read, and a flaw in one of them with its place."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from exchange.domain.contract import CodeList, ColumnType
from exchange.domain.strict_yaml import Document, Flaw, place

Codes = Mapping[str, CodeList]
Path = tuple[str | int, ...]

TYPES: Final[Mapping[str, tuple[ColumnType, str]]] = {
    "string": ("text", "TEXT"),
    "date": ("date", "DATE"),
    "timestamp": ("time", "TIMESTAMP WITH TIME ZONE"),
    "number": ("money", "DECIMAL(18,2)"),
    "integer": ("int", "INTEGER"),
    "boolean": ("bool", "BOOLEAN"),
}
"""ODCS logicalType → our type, and the physicalType that goes with it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """One document of the agreement: its name, file, bytes and parsed text."""

    name: str
    file: str
    data: bytes
    document: Document

    def __getitem__(self, key: str) -> Any:
        return self.document.data[key]


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """A flaw in a file."""

    file: str
    flaw: Flaw


Sheets = Mapping[str, Mapping[str, Sheet]]
"""Kind (dataset, terms, party, route) → id → sheet."""


def trouble(sheet: Sheet, at: Path, what: str, next_step: str) -> Trouble:
    """A flaw at a place of a sheet, with its line."""
    return Trouble(
        file=sheet.file, flaw=Flaw(at=place(at), line=sheet.document.line(*at), what=what, next_step=next_step)
    )


def custom(data: Mapping[str, Any]) -> dict[str, Any]:
    """ODCS customProperties by name."""
    return {p["property"]: p["value"] for p in data["customProperties"]}


def day(text: str | None) -> date | None:
    """A date as written, if any is; ValueError for one that is no day of the calendar."""
    return date.fromisoformat(text) if text is not None else None
