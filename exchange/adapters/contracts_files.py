"""The agreement as files: `contracts/**/*.yaml` and `schemas/codes/*.csv`, read, checked and made into values.

`check` lists everything that is wrong; `load_agreement` refuses to go on when anything is. Both read local files
only and import neither pandas nor a network library, so that Airflow may call them while it parses.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Any, Final

from jsonschema import Draft202012Validator

from exchange.domain.agreement import build_contract, build_party, build_route
from exchange.domain.agreement_sheets import Sheet, Trouble
from exchange.domain.contract import CodeList, Contract
from exchange.domain.cross_check import cross_check
from exchange.domain.errors import NeedsPerson
from exchange.domain.fitting import fitting, overlap_flaw
from exchange.domain.problem import CatalogueEntry
from exchange.domain.route import Agreement, Overlap, Party, Route
from exchange.domain.strict_yaml import Document, Flaw, parse, place, schema_flaws

FOLDERS: Final[Mapping[str, tuple[str, str]]] = {
    "dataset": ("contracts/datasets", ".odcs.yaml"),
    "terms": ("contracts/terms", ".yaml"),
    "party": ("contracts/parties", ".yaml"),
    "route": ("contracts/routes", ".yaml"),
}
CODES: Final = "schemas/codes"
SUPERSEDED: Final = "contracts/superseded"
"""Agreements that went before, each whole in a folder, for as long as a route still accepts them."""

PROBLEMS: Final = "schemas/codes/problems.yaml"


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One thing that is wrong in the agreement's files. `file` is relative to the root, `line` from 1."""

    file: str
    line: int | None
    where: str
    what: str
    next_step: str

    def __str__(self) -> str:
        line = f":{self.line}" if self.line else ""
        where = f" ({self.where})" if self.where else ""
        return f"{self.file}{line}{where}: {self.what} {self.next_step}"


@dataclass(slots=True)
class _Reading:
    """What was read so far. Sheets by kind and id; values only once they hold no flaw."""

    root: Path
    problems: list[Problem] = field(default_factory=list)
    sheets: dict[str, dict[str, Sheet]] = field(default_factory=dict)
    codes: dict[str, CodeList] = field(default_factory=dict)

    def add(self, file: Path, flaws: Iterable[Flaw]) -> bool:
        """Note the flaws of a file; True when there were any."""
        found = list(flaws)
        name = file.relative_to(self.root).as_posix()
        self.problems += [
            Problem(file=name, line=f.line, where=f.at, what=f.what, next_step=f.next_step) for f in found
        ]
        return bool(found)


Stamp = tuple[tuple[str, int, int], ...]
_cache: dict[Path, tuple[Stamp, Agreement]] = {}
_catalogues: dict[Path, tuple[Stamp, Mapping[int, CatalogueEntry]]] = {}


def _stamp(files: Iterable[Path]) -> Stamp:
    """By which it is seen that a file changed."""
    return tuple((str(p), s.st_mtime_ns, s.st_size) for p in files for s in (p.stat(),))


def load_agreement(root: Path) -> Agreement:
    """Everything the parties promised each other, whole and consistent.

    `root` holds `contracts/` and `schemas/`. A `Contract.sha256` is over its file's bytes; a route's
    `contract_sha256` is over the canonical JSON of its document, its terms and those hashes. Read again only when a
    file changed. Raises NeedsPerson 905 naming the first flaw, its file and line, and how many more there are.
    """
    root = root.resolve()
    stamp = _stamp(_files(root))
    held = _cache.get(root)
    if held is not None and held[0] == stamp:
        return held[1]
    reading = _read(root)
    agreement = _build(reading) if not reading.problems else None
    if reading.problems or agreement is None:
        raise _refusal(reading.problems)
    _cache[root] = (stamp, agreement)
    return agreement


def check(root: Path) -> list[Problem]:
    """Everything that is wrong in the agreement's files, in the order of the files; empty when all is well."""
    reading = _read(root.resolve())
    agreement = _build(reading) if not reading.problems else None
    if agreement is not None:
        _try_rules(reading, agreement)
    _read_problems(reading)
    return reading.problems


def load_problems(root: Path) -> Mapping[int, CatalogueEntry]:
    """The catalogue of problem codes, by code; NeedsPerson 905 when it is not as its schema says.

    Read again only when a file changed: every end that is opened asks for it.
    """
    root = root.resolve()
    stamp = _stamp(file for file in (root / PROBLEMS, root / "schemas/problems.schema.json") if file.exists())
    held = _catalogues.get(root)
    if held is not None and held[0] == stamp:
        return held[1]
    reading = _Reading(root=root)
    entries = _read_problems(reading)
    if reading.problems:
        raise _refusal(reading.problems)
    _catalogues[root] = (stamp, _catalogue(entries))
    return _catalogues[root][1]


def _catalogue(entries: Iterable[Any]) -> Mapping[int, CatalogueEntry]:
    return {
        entry["code"]: CatalogueEntry(
            code=entry["code"],
            name=entry["name"],
            family=entry["family"],
            severity=entry["severity"],
            who=entry["who"],
            text_zh=entry["text"]["zh"],
            text_en=entry["text"]["en"],
            remedy_zh=entry["remedy"]["zh"],
            remedy_en=entry["remedy"]["en"],
        )
        for entry in entries
    }


def _refusal(problems: list[Problem]) -> NeedsPerson:
    first, more = problems[0], len(problems) - 1
    others = f" There are {more} more." if more else ""
    line = f":{first.line}" if first.line else ""
    inside = f" {first.where}" if first.where else ""
    return NeedsPerson(
        905,
        f"{first.what}{others}",
        where=f"{first.file}{line}{inside}",
        next_step=f"{first.next_step} `exchange contracts check` lists everything.",
    )


def _files(root: Path) -> list[Path]:
    listed = [p for folder, _ in FOLDERS.values() for p in (root / folder).glob("*")]
    listed += (root / SUPERSEDED).rglob("*.*")
    return sorted([*listed, *(root / CODES).glob("*.csv"), *(root / "schemas").glob("*.schema.json")])


def _read(root: Path) -> _Reading:
    reading = _Reading(root=root)
    for file in sorted((root / CODES).glob("*.csv")):
        _read_codes(reading, file)
    for kind, (folder, suffix) in FOLDERS.items():
        reading.sheets[kind] = {}
        validator = _validator(reading, kind)
        files = sorted((root / folder).glob("*"))
        if not files:
            reading.problems.append(_nothing(folder, f"Put the {kind} files there."))
        for file in files:
            if not file.name.endswith(suffix):
                reading.problems.append(
                    _nothing(file.relative_to(root).as_posix(), f"Name it `<id>{suffix}`.", stray=True)
                )
            elif validator is not None:
                _read_sheet(reading, kind, file, file.name.removesuffix(suffix), validator)
    return reading


def _nothing(file: str, next_step: str, *, stray: bool = False) -> Problem:
    what = "This file's name is not of this folder." if stray else "There is nothing here."
    return Problem(file=file, line=None, where="", what=what, next_step=next_step)


def _validator(reading: _Reading, kind: str) -> Draft202012Validator | None:
    file = reading.root / "schemas" / f"{kind}.schema.json"
    try:
        return Draft202012Validator(json.loads(file.read_bytes()))
    except (OSError, ValueError):
        name = file.relative_to(reading.root).as_posix()
        step = "Restore it from the release."
        reading.problems.append(
            Problem(file=name, line=None, where="", what="The schema can't be read.", next_step=step)
        )
        return None


def _document(reading: _Reading, file: Path, validator: Draft202012Validator) -> Document | None:
    """A file's document that satisfies its schema, or None with the flaws noted."""
    try:
        document = parse(file.read_bytes().decode("utf-8"))
    except OSError:
        document = Flaw(at="", line=None, what="The file can't be read.", next_step="Restore it from the release.")
    except UnicodeDecodeError:
        document = Flaw(at="", line=None, what="The file is not UTF-8.", next_step="Save it as UTF-8.")
    flaws = [document] if isinstance(document, Flaw) else schema_flaws(document, validator)
    return None if reading.add(file, flaws) or isinstance(document, Flaw) else document


def _read_sheet(reading: _Reading, kind: str, file: Path, name: str, validator: Draft202012Validator) -> None:
    document = _document(reading, file, validator)
    if document is None:
        return
    if document.data["id"] != name:
        step = f"Rename the file, or write `id: {name}`."
        flaw = Flaw(at="id", line=document.line("id"), what="The id is not the file's name.", next_step=step)
        reading.add(file, [flaw])
    reading.sheets[kind][name] = Sheet(name=name, file=file.as_posix(), data=file.read_bytes(), document=document)


def _read_problems(reading: _Reading) -> list[Any]:
    validator = _validator(reading, "problems")
    file = reading.root / PROBLEMS
    document = _document(reading, file, validator) if validator else None
    if document is None:
        return []
    codes = [entry["code"] for entry in document.data]
    for i, code in enumerate(codes):
        if code in codes[:i]:
            what = f"The code {code} is there twice."
            flaw = Flaw(at=f"[{i}]", line=document.line(i, "code"), what=what, next_step="Keep one of them.")
            reading.add(file, [flaw])
    return list(document.data)


def _read_codes(reading: _Reading, file: Path) -> None:
    try:
        rows = list(csv.DictReader(io.StringIO(file.read_bytes().decode("utf-8")), strict=True))
    except (UnicodeDecodeError, csv.Error):
        step = "Save it as UTF-8 with commas and a header."
        reading.add(file, [Flaw(at="", line=None, what="The code list can't be read.", next_step=step)])
        return
    flaws = list(_code_flaws(rows))
    if reading.add(file, flaws):
        return
    extra = [key for key in rows[0] if key not in ("code", "name_zh", "name_en")]
    reading.codes[file.stem] = CodeList(
        name=file.stem,
        names_zh={row["code"]: row["name_zh"] for row in rows},
        names_en={row["code"]: row["name_en"] for row in rows},
        extra={row["code"]: {key: row[key] for key in extra} for row in rows} if extra else {},
    )


def _code_flaws(rows: list[dict[str, Any]]) -> Iterable[Flaw]:
    if not rows or not {"code", "name_zh", "name_en"} <= set(rows[0]):
        step = "Begin it with the header code,name_zh,name_en and one code at the least."
        yield Flaw(at="", line=1, what="The code list has no codes or not the right header.", next_step=step)
        return
    seen: set[str] = set()
    for line, row in enumerate(rows, start=2):
        if None in row or None in row.values() or not all(row[k].strip() for k in ("code", "name_zh", "name_en")):
            step = "Give a code, a Chinese and an English name, and as many fields as the header."
            yield Flaw(at=str(row.get("code")), line=line, what="A code lacks its names.", next_step=step)
        elif row["code"] in seen:
            yield Flaw(at=row["code"], line=line, what="A code is there twice.", next_step="Keep one of them.")
        seen.add(str(row.get("code")))


def _build(reading: _Reading) -> Agreement | None:
    sheets = reading.sheets
    troubles = list(cross_check(sheets, reading.codes)) or list(fitting(sheets, reading.codes))
    for trouble in troubles:
        _note(reading, trouble)
    if troubles:
        return None
    contracts = _contracts(sheets["dataset"])
    parties: dict[str, Party] = {name: build_party(sheet) for name, sheet in sheets["party"].items()}
    routes: dict[str, Route] = {
        name: build_route(sheet, contracts, sheets["terms"]) for name, sheet in sheets["route"].items()
    }
    for name, sheet in sheets["route"].items():
        if "supersedes" in sheet.document.data:
            overlap = _overlap(reading, sheet, routes[name])
            if overlap is None:
                return None
            routes[name] = replace(routes[name], overlap=overlap)
    return Agreement(parties=parties, routes=routes, codes=reading.codes)


def _overlap(reading: _Reading, sheet: Sheet, route: Route) -> Overlap | None:
    """The version a route supersedes, as it was kept; None with the flaw noted when it is not that version."""
    told = sheet.document.data["supersedes"]
    kept: Agreement | None = None
    flaw = _days_flaw(told)
    try:
        kept = load_agreement(reading.root / SUPERSEDED / told["kept"])
        flaw = flaw or overlap_flaw(told, kept.route(route.id), route)
    except NeedsPerson as problem:
        step = f"Keep contracts/ and schemas/ of version {told['version']} there, as they were."
        flaw = ("kept", f"The agreement kept there can't be read: {problem.what}", step)
    if flaw is not None or kept is None:
        at, what, step = flaw or ("kept", "", "")
        line = sheet.document.line("supersedes", at)
        reading.add(Path(sheet.file), [Flaw(at=f"supersedes.{at}", line=line, what=what, next_step=step)])
        return None
    return Overlap(
        route=kept.route(route.id), codes=kept.codes, until=date.fromisoformat(told["until"]),
        warn_days=told["warn_days"],
        effective=date.fromisoformat(told["effective"]) if "effective" in told else None,
    )  # fmt: skip


def _days_flaw(told: Mapping[str, Any]) -> tuple[str, str, str] | None:
    for at in ("until", "effective"):
        try:
            date.fromisoformat(told.get(at, "2000-01-01"))
        except ValueError:
            return at, f"{told[at]} is no day of the calendar.", "Mend the date."
    return None


def _contracts(sheets: Mapping[str, Sheet]) -> dict[str, Contract]:
    return {name: build_contract(sheet) for name, sheet in sheets.items()}


def _try_rules(reading: _Reading, agreement: Agreement) -> None:
    """Each rule set to work on rows made up for its dataset: what it can't do is told here, not on a quarter's day."""
    from exchange.domain.rule_trial import rule_flaws

    sheets = reading.sheets["dataset"]
    for dataset, at, what, next_step in rule_flaws(_contracts(sheets), agreement):
        sheet, path = sheets[dataset], ("schema", 0, "quality", at, "implementation")
        flaw = Flaw(at=place(path), line=sheet.document.line(*path), what=what, next_step=next_step)
        reading.add(Path(sheet.file), [flaw])


def _note(reading: _Reading, trouble: Trouble) -> None:
    reading.add(Path(trouble.file), [trouble.flaw])
