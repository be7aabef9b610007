"""What a dataset is and must satisfy: columns, key and rules, as parsed from an ODCS document.

Pure values. Parsing from files lives in `adapters/contracts_files.py`, which validates first.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

ColumnType = Literal["text", "date", "time", "money", "int", "bool", "code"]
Severity = Literal["reject", "verify", "warn"]
Reach = Literal["case", "row"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column of a dataset. `code_list` names a file under `schemas/codes/` for type `code`."""

    name: str
    type: ColumnType
    required: bool
    code_list: str | None = None
    title_zh: str = ""
    title_en: str = ""
    personal: bool = False
    """True when a person can be identified by the value: masked in every report."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One promise about the rows, by name of a vectorised function in `domain/checks.py`.

    `reach` says what a broken reject holds: the whole `case`, or that `row` alone.
    """

    id: str
    severity: Severity
    reach: Reach
    columns: tuple[str, ...]
    params: Mapping[str, Any] = field(default_factory=dict)
    title_zh: str = ""
    title_en: str = ""
    law: str = ""
    overrulable: bool = False
    """True where a named officer may turn this reject into a verify, with a reason that travels."""
    comparable: bool = True
    """False for rules beyond the agreed list: broken ones are reported under `findings` only."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Contract:
    """One dataset under contract. `sha256` is over the bytes of its file."""

    dataset: str
    id: str
    version: str
    key: tuple[str, ...]
    columns: tuple[Column, ...]
    rules: tuple[Rule, ...]
    title_zh: str
    title_en: str
    sha256: str

    def column(self, name: str) -> Column:
        """The column of that name; KeyError when the contract has none."""
        for column in self.columns:
            if column.name == name:
                return column
        raise KeyError(name)

    @property
    def names(self) -> tuple[str, ...]:
        """Column names in the order of the wire."""
        return tuple(column.name for column in self.columns)

    def of_type(self, *types: ColumnType) -> tuple[str, ...]:
        """Names of the columns of these types, in order."""
        return tuple(c.name for c in self.columns if c.type in types)


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeList:
    """A closed list of codes with Chinese and English names; `extra` holds further columns (levy: kind)."""

    name: str
    names_zh: Mapping[str, str]
    names_en: Mapping[str, str]
    extra: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    def __contains__(self, code: object) -> bool:
        return code in self.names_zh
