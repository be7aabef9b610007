"""The port `Source` over a folder of exchange XML, one document a case (`xml+file:///folder`).

A read is of one moment: the folder's listing is the same before and after, else it is tried again. Documents that can't
be read stop the read, and all of them are named: a case is never left out because its file is broken.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import partial
from pathlib import Path
from stat import S_ISREG
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import unquote, urlsplit

from exchange.adapters.source_xml.documents import MAX_BYTES, Unreadable, parse_document
from exchange.domain.contract import Column, Contract
from exchange.domain.errors import NeedsPerson, RetryLater
from exchange.domain.route import Route
from exchange.domain.source_codes import FILE, SourceCodes, check_held, parse_codes, receiver_word, wrong
from exchange.domain.xml_mapping import (
    CaseForm,
    RegisterForm,
    RowForm,
    dated,
    parse_case_form,
    parse_mapping,
    parse_register,
    rows,
    value,
)

if TYPE_CHECKING:
    import pandas as pd

    from exchange.domain.choice import Choice

SCHEME: Final = "xml+file"
SUFFIX: Final = ".xml.yaml"
FORM: Final = f"_case{SUFFIX}"
RECORD: Final = "_record"
COURT: Final = "court_code"
CASES: Final = "bankruptcy_case"
_NAMED: Final = 5
_AGAIN: Final = "It is tried again; let the export end before the quarter is read."

_NOTHING: Final[Mapping[str, Sequence[str]]] = {}
Listing = Mapping[str, tuple[int, int, int, int]]


@dataclass(slots=True, kw_only=True)
class _Read:
    """What was read so far: raw rows by dataset, those of the court's own register by what is asked beside, the file of
    each record, what is wrong with which file."""

    rows: dict[str, list[dict[str, str | None]]]
    beside: dict[str, list[dict[str, str | None]]] = field(default_factory=dict)
    owners: dict[str, str] = field(default_factory=dict)
    bad: list[tuple[str, str]] = field(default_factory=list)


class XmlSource:
    """A folder of documents. Nothing is read before the first read."""

    def __init__(self, url: str, *, folder: Path, reading: Callable[[Path], bytes] | None = None) -> None:
        self._url = url
        self._folder = folder
        self._reading = reading or _bytes

    def read(
        self,
        route: Route,
        *,
        courts: Sequence[str],
        since: date,
        beside: Mapping[str, Sequence[str]] = _NOTHING,
        only: Choice | None = None,
    ) -> Mapping[str, pd.DataFrame]:
        """One consistent read of the route's datasets that have a mapping in the folder, whatever their quarter.

        What is asked `beside` is read where a mapping says in which documents the court's register stands, and there
        are such. With `only` every document is opened, for a folder has no index, and those it chooses are read again
        for all their rows. Frames as `ports.Source` promises.
        RetryLater 901 when the folder is away or changes meanwhile; NeedsPerson 905
        when the address or a mapping is not right, 927 when nothing gives a dataset, 928 naming the documents that
        can't be read or are about one case.
        """
        del since
        box, (form, told, mappings) = _box(self._url), _mappings(self._folder, route)
        registers = _registers(self._folder, route, beside)
        before = _listing(box)
        if not before:
            raise _away(box, "The source's folder holds no XML file.")
        read = _Read(rows={dataset: [] for dataset in mappings})
        take = partial(_take, self._reading, box, read=read, form=form, courts=frozenset(courts))
        shown = mappings if only is None else {name: mappings[name] for name in mappings if name == CASES}
        for name in before:
            take(name, mappings=shown, registers=registers)
        if only is not None:
            cases = _frame(read.rows.get(CASES, []), route.contract(CASES), told, form) if CASES in mappings else None
            chosen = {read.owners[record] for record in (only.of([cases]) if cases is not None else ())}
            read.rows = {dataset: [] for dataset in mappings}
            for name in sorted(chosen):
                take(name, mappings=mappings, registers={})
        if _listing(box) != before:
            raise RetryLater(901, "The source's folder changed while it was read.", where=str(box), next_step=_AGAIN)
        if read.bad:
            raise _unreadable(box, read.bad)
        contracts = [route.contract(dataset) for dataset in mappings]
        return {c.dataset: _frame(read.rows[c.dataset], c, told, form) for c in contracts} | {
            name: _private_frame(raw, beside[name], contracts, told, form) for name, raw in read.beside.items()
        }


def _box(url: str) -> Path:
    parts = urlsplit(url)
    if parts.scheme != SCHEME or parts.netloc or not parts.path:
        step = f"Write {SCHEME}:///path/of/the/folder."
        raise NeedsPerson(905, "This is no address of a folder of XML.", where="source_url", next_step=step)
    return Path(unquote(parts.path))


def _mappings(folder: Path, route: Route) -> tuple[CaseForm, SourceCodes, dict[str, RowForm]]:
    """What the party's folder, and the one it shares, say of its documents; what is its own counts before."""
    if not folder.is_dir():
        step = "Name a party that has a folder under sources, or make one."
        raise NeedsPerson(905, "There is no folder for this party's source.", where=str(folder), next_step=step)
    folders, told = _folders(folder)
    shared = next((one / FORM for one in folders if (one / FORM).is_file()), None)
    if shared is None:
        raise wrong(str(folder / FORM), "The file that says what all documents share is not there.")
    files = _files([c.dataset for c in route.carries("Q") if c.dataset not in told.not_supplied], folders, route)
    check_held(route, {**files, **told.optional_tables}, told, str(folder), SUFFIX)
    mappings = {d: parse_mapping(f.read_bytes(), str(f), route.readable(d)) for d, f in files.items()}
    return parse_case_form(shared.read_bytes(), str(shared)), told, mappings


def _registers(folder: Path, route: Route, beside: Mapping[str, Sequence[str]]) -> dict[str, RegisterForm]:
    """How what is asked beside the datasets stands in the court's register documents, where a mapping says so."""
    files = _files(beside, _folders(folder)[0], route)
    return {name: parse_register(file.read_bytes(), str(file), beside[name]) for name, file in files.items()}


def _folders(folder: Path) -> tuple[list[Path], SourceCodes]:
    """The party's folder and the one it shares; what both say of codes, the party's own first."""
    told = _codes(folder)
    if told.same_as is None:
        return [folder], told
    shared = folder.parent / told.same_as
    return [folder, shared], told.over(_codes(shared))


def _files(names: Iterable[str], folders: Sequence[Path], route: Route) -> dict[str, Path]:
    """Name → its mapping: the one for such receivers alone goes before, so does the party's own."""
    word = receiver_word(route)
    wanted = {name: (f"{name}.to-{word}{SUFFIX}", f"{name}{SUFFIX}") for name in names}
    return {
        name: file
        for name, known in wanted.items()
        if (file := next((f for one in folders for n in known if (f := one / n).is_file()), None))
    }


def _codes(folder: Path) -> SourceCodes:
    file = folder / FILE
    return parse_codes(file.read_bytes(), str(file)) if file.is_file() else SourceCodes()


def _listing(box: Path) -> Listing:
    """Name → inode, size and times of every document; a link or pipe is named too, and refused when read."""
    try:
        found = sorted(p for p in box.rglob("*") if p.suffix.lower() == ".xml" and not p.name.startswith("."))
        stats = {p.relative_to(box).as_posix(): p.lstat() for p in found}
        if not box.is_dir():
            raise FileNotFoundError
    except OSError:
        raise _away(box, "The source's folder can't be read.") from None
    return {name: (s.st_ino, s.st_size, s.st_mtime_ns, s.st_ctime_ns) for name, s in stats.items()}


def _away(box: Path, what: str) -> RetryLater:
    step = "Check that its disk is mounted and the export has run."
    return RetryLater(901, what, where=str(box), next_step=step)


def _take(
    reading: Callable[[Path], bytes],
    box: Path,
    name: str,
    *,
    read: _Read,
    form: CaseForm,
    courts: frozenset[str],
    mappings: Mapping[str, RowForm],
    registers: Mapping[str, RegisterForm],
) -> None:
    """One document's rows, or what is wrong with it."""
    try:
        root = parse_document(reading(box / name))
        if any(root.tag == f"{{{form.namespace}}}{one.root}" for one in registers.values()):
            _take_register(root, read, form, registers, courts)
            return
        record, court = _case_of(root, name, read, form)
    except Unreadable as why:
        read.bad.append((name, str(why)))
        return
    if court in courts:
        for dataset, mapping in mappings.items():
            read.rows[dataset] += [{**row, RECORD: record} for row in rows(root, mapping, form)]


def _take_register(
    root: Any, read: _Read, form: CaseForm, registers: Mapping[str, RegisterForm], courts: frozenset[str]
) -> None:
    """The rows of a register document that are about the courts."""
    for name, register in registers.items():
        if root.tag == f"{{{form.namespace}}}{register.root}":
            told = rows(root, register.rows, form)
            read.beside.setdefault(name, []).extend(row for row in told if (row[COURT] or "").strip() in courts)


def _case_of(root: Any, name: str, read: _Read, form: CaseForm) -> tuple[str, str]:
    """The record and the court a document is about; Unreadable when it says neither, or another is about the same."""
    if root.tag not in {f"{{{form.namespace}}}{known}" for known in form.roots}:
        raise Unreadable(f"its root is none of {', '.join(form.roots)} in the agreed namespace")
    record, court = (value(root, root, paths, form) for paths in (form.record, form.court))
    if record is None or court is None:
        raise Unreadable(f"it has no {'record id' if record is None else 'court'}")
    if (other := read.owners.setdefault(record.strip(), name)) != name:
        raise Unreadable(f"it is about the case of {other}; keep the newer of the two")
    return record.strip(), court.strip()


def _bytes(path: Path) -> bytes:
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        with os.fdopen(handle, "rb") as file:
            if not S_ISREG(os.fstat(handle).st_mode):
                raise Unreadable("it is no plain file")
            return file.read(MAX_BYTES + 1)
    except OSError:
        raise Unreadable("it can't be opened, or is a link") from None


def _unreadable(box: Path, bad: Sequence[tuple[str, str]]) -> NeedsPerson:
    named = "; ".join(f"{name}: {why}" for name, why in bad[:_NAMED])
    more = f"; and {len(bad) - _NAMED} more" if len(bad) > _NAMED else ""
    return NeedsPerson(
        928,
        f"{len(bad)} documents can't be used: {named}{more}.",
        where=str(box),
        next_step="Mend them or export them again, then start again; nothing was read, nothing is left out.",
    )


def _frame(raw: Sequence[Mapping[str, Any]], contract: Contract, told: SourceCodes, form: CaseForm) -> pd.DataFrame:
    """Rows in wire form: the contract's columns, those the mapping has not empty, and `_record`."""
    import pandas as pd

    made: dict[str, pd.Series] = {}
    for column in contract.columns:
        texts = [row.get(column.name) for row in raw]
        raw_number = contract.key == ("case_no",) and column.name == "case_no"
        made[column.name] = _text(texts) if raw_number else _wire(texts, column, told, form)
    return pd.DataFrame({**made, RECORD: _text([row[RECORD] for row in raw])})


def _private_frame(
    raw: Sequence[Mapping[str, Any]],
    names: Sequence[str],
    contracts: Sequence[Contract],
    told: SourceCodes,
    form: CaseForm,
) -> pd.DataFrame:
    """Rows of the register as text; a column that bears the name of a contract's is in wire form, but for case_no."""
    import pandas as pd

    known = {column.name: column for contract in reversed(contracts) for column in contract.columns}
    made: dict[str, pd.Series] = {}
    for name in names:
        texts = [row.get(name) for row in raw]
        plain = name == "case_no" or name not in known
        made[name] = _text(texts) if plain else _wire(texts, known[name], told, form)
    return pd.DataFrame(made)


def _wire(texts: Sequence[str | None], column: Column, told: SourceCodes, form: CaseForm) -> pd.Series:
    from exchange.domain.wireform import to_wire

    if column.type in ("date", "time"):
        texts = [text if text is None else dated(text, column, form.date_forms) for text in texts]
    return to_wire(_text(texts), column, codes=told.codes.get(column.name, {}), offset=told.offset)


def _text(values: Sequence[str | None]) -> pd.Series:
    import pandas as pd

    return pd.Series(values, dtype="str")
