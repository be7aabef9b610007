"""A party's folder under `sources/`: its queries and code maps, as sources/README.md says."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from exchange.domain.errors import NeedsPerson
from exchange.domain.route import Route
from exchange.domain.source_codes import FILE, SourceCodes, parse_codes, receiver_word, wrong

PRELUDE: Final = "_cases.sql"
CONTROL_CASES: Final = "_control_cases"


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceFolder:
    """How one party's database becomes datasets: query files by name without `.sql`, private ones (`_docket`) apart,
    and what codes.yaml says."""

    queries: Mapping[str, Path]
    private: Mapping[str, Path]
    prelude: Path | None
    told: SourceCodes

    @property
    def codes(self) -> Mapping[str, Mapping[str, str]]:
        """Code maps by column."""
        return self.told.codes

    @property
    def offset(self) -> str:
        """The offset of times that have none."""
        return self.told.offset

    def files(self, route: Route) -> dict[str, Path]:
        """Dataset → the query for a route: the one for such receivers alone before the one for all."""
        word = receiver_word(route)
        found = {
            c.dataset: self.queries.get(f"{c.dataset}.to-{word}") or self.queries.get(c.dataset)
            for c in route.carries("Q")
            if c.dataset not in self.told.not_supplied
        }
        return {dataset: file for dataset, file in found.items() if file is not None}

    def private_files(self, names: Iterable[str], route: Route) -> dict[str, Path]:
        """Name → the private query for a route, of those the folder has."""
        word = receiver_word(route)
        found = {name: self.private.get(f"{name}.to-{word}") or self.private.get(name) for name in names}
        return {name: file for name, file in found.items() if file is not None}

    def text(self, file: Path) -> str:
        """A file's whole query: the folder's common beginning, then its own."""
        return "\n".join(part.read_text(encoding="utf-8") for part in (self.prelude, file) if part)

    def private_text(self, file: Path) -> str:
        """A private query whole: those of control totals have a beginning of their own in common."""
        common = self.private.get(CONTROL_CASES) if file.stem.startswith("_control") else None
        return "\n".join(part.read_text(encoding="utf-8") for part in (common, file) if part)


def read_folder(folder: Path) -> SourceFolder:
    """A party's folder, what is its own before what it shares; NeedsPerson 905 when it is not as it should be."""
    told = _told(folder)
    base = _shared(folder, told.same_as) if told.same_as is not None else None
    files = {file.stem: file for file in sorted(folder.glob("*.sql")) if file.name != PRELUDE}
    queries = {name: file for name, file in files.items() if not name.startswith("_")}
    private = {name: file for name, file in files.items() if name.startswith("_")}
    prelude = folder / PRELUDE
    shared = (
        {name: file for name, file in base.queries.items() if name.partition(".")[0] not in queries} if base else {}
    )
    return SourceFolder(
        queries={**shared, **queries},
        private={**(base.private if base else {}), **private},
        prelude=prelude if prelude.is_file() else (base.prelude if base else None),
        told=told.over(base.told) if base else told,
    )


def _shared(folder: Path, name: str) -> SourceFolder:
    other = folder.parent / name
    if _told(other).same_as is not None:
        raise wrong(str(folder / FILE), f"`same_as` names {name}, which itself has `same_as`.")
    return read_folder(other)


def _told(folder: Path) -> SourceCodes:
    if not folder.is_dir():
        step = "Name a party that has a folder under sources, or make one."
        raise NeedsPerson(905, "There is no folder for this party's source.", where=str(folder), next_step=step)
    file = folder / FILE
    return parse_codes(file.read_bytes(), str(file)) if file.is_file() else SourceCodes()
