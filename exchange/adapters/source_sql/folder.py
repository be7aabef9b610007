"""A party's folder under `sources/`: its queries and code maps, as sources/README.md says."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from exchange.domain.errors import NeedsPerson
from exchange.domain.strict_yaml import Flaw, parse

PRELUDE: Final = "_cases.sql"
_KEYS: Final = frozenset({"codes", "timezone", "same_as"})
_OFFSET: Final = re.compile(r"[+-](?:0\d|1[0-4]):[0-5]\d")


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceFolder:
    """How one party's database becomes datasets: query files by dataset, code maps by column, offset of plain times."""

    queries: Mapping[str, Path]
    prelude: Path | None
    codes: Mapping[str, Mapping[str, str]]
    offset: str

    def query(self, dataset: str) -> str:
        """A dataset's whole query: the folder's common beginning, then its own."""
        parts = [self.prelude, self.queries[dataset]]
        return "\n".join(part.read_text(encoding="utf-8") for part in parts if part)


def read_folder(folder: Path) -> SourceFolder:
    """A party's folder, what is its own before what it shares; NeedsPerson 905 when it is not as it should be."""
    told = _told(folder)
    base = _shared(folder, told["same_as"]) if "same_as" in told else None
    queries = {file.stem: file for file in sorted(folder.glob("*.sql")) if not file.name.startswith("_")}
    prelude = folder / PRELUDE
    return SourceFolder(
        queries={**(base.queries if base else {}), **queries},
        prelude=prelude if prelude.is_file() else (base.prelude if base else None),
        codes={**(base.codes if base else {}), **told.get("codes", {})},
        offset=told.get("timezone") or (base.offset if base else "+08:00"),
    )


def _shared(folder: Path, name: str) -> SourceFolder:
    other = folder.parent / name
    if "same_as" in _told(other):
        raise _error(str(folder / "codes.yaml"), f"`same_as` names {name}, which itself has `same_as`.")
    return read_folder(other)


def _told(folder: Path) -> Mapping[str, Any]:
    file = folder / "codes.yaml"
    if not folder.is_dir():
        step = "Name a party that has a folder under sources, or make one."
        raise NeedsPerson(905, "There is no folder for this party's source.", where=str(folder), next_step=step)
    if not file.is_file():
        return {}
    try:
        document = parse(file.read_text(encoding="utf-8"))
    except UnicodeDecodeError:
        raise _error(str(file), "The file is not UTF-8.") from None
    if isinstance(document, Flaw):
        raise _error(f"{file}:{document.line}", document.what)
    data = document.data or {}
    if not isinstance(data, dict) or not data.keys() <= _KEYS:
        raise _error(str(file), "Only `codes`, `timezone` and `same_as` are known here.")
    maps = data.get("codes", {})
    if not isinstance(maps, dict) or not all(_is_code_map(m) for m in maps.values()):
        raise _error(str(file), "Each column under `codes` must map quoted source codes to wire codes.")
    if not _OFFSET.fullmatch(str(data.get("timezone", "+08:00"))):
        raise _error(str(file), "`timezone` must be an offset such as +08:00.")
    return data


def _is_code_map(value: object) -> bool:
    return isinstance(value, dict) and all(isinstance(part, str) for pair in value.items() for part in pair)


def _error(where: str, what: str) -> NeedsPerson:
    return NeedsPerson(905, what, where=where, next_step="Mend the file as sources/README.md says.")
