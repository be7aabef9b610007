"""What a dataset is and must satisfy: columns, key and rules, as parsed from an ODCS document.

Pure values. Parsing from files lives in `adapters/contracts_files.py`, which validates first.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal

ColumnType = Literal["text", "date", "time", "money", "int", "bool", "code"]
Severity = Literal["reject", "verify", "warn"]
Reach = Literal["case", "row"]
Form = Literal["case_no", "id", "name"]

MADE_HERE: Final = ("case_in_exchange", "case_void")
"""Datasets the exchange makes itself out of others; no source holds them."""


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
    normalise: Form | None = None
    """The one form a source's values are brought to before they are checked; None leaves them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One promise about the rows, kept by a vectorised function of `domain/checks.py`.

    `function` is that function's name where it is not the rule's id: one function may keep several promises.
    `reach` says what a broken reject holds: the whole `case`, or that `row` alone.
    """

    id: str
    severity: Severity
    reach: Reach
    columns: tuple[str, ...]
    params: Mapping[str, Any] = field(default_factory=dict)
    figures: Mapping[str, str] = field(default_factory=dict)
    """What the rule calls a number → the dated figure of the route or its terms that it is."""
    title_zh: str = ""
    title_en: str = ""
    law: str = ""
    overrulable: bool = False
    """True where a named officer may turn this reject into a verify, with a reason that travels."""
    comparable: bool = True
    """False for rules beyond the agreed list: broken ones are reported under `findings` only."""
    function: str = ""

    @property
    def runs(self) -> str:
        """The name of the function that finds the rows."""
        return self.function or self.id


@dataclass(frozen=True, slots=True, kw_only=True)
class Contract:
    """One dataset under contract. `sha256` is over the bytes of its file.

    A dataset whose key begins with case_no is part of a bankruptcy case and goes where the case goes. Any other stands
    alone: a quarter holds its rows of which a day of `select_by` lies on or after the quarter's first day, all of them
    where it names none.
    """

    dataset: str
    id: str
    version: str
    key: tuple[str, ...]
    columns: tuple[Column, ...]
    rules: tuple[Rule, ...]
    title_zh: str
    title_en: str
    sha256: str
    select_by: tuple[str, ...] = ()

    @property
    def of_case(self) -> bool:
        """Whether its rows are part of a bankruptcy case."""
        return self.key[:1] == ("case_no",)

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
