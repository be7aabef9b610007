"""The port `Source` over a folder of exchange XML, one document a case (`xml+file:///folder`).

A read is of one moment: the folder's listing is the same before and after, else it is tried again. Documents that can't
be read stop the read, and all of them are named: a case is never left out because its file is broken.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from stat import S_ISREG
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import unquote, urlsplit

from exchange.adapters.source_xml.documents import MAX_BYTES, Unreadable, parse_document
from exchange.domain.contract import Contract
from exchange.domain.errors import NeedsPerson, RetryLater
from exchange.domain.route import Route
from exchange.domain.source_codes import FILE, SourceCodes, check_held, parse_codes, receiver_word, wrong
from exchange.domain.xml_mapping import CaseForm, RowForm, dated, parse_case_form, parse_mapping, rows, value

if TYPE_CHECKING:
    import pandas as pd

SCHEME: Final = "xml+file"
SUFFIX: Final = ".xml.yaml"
FORM: Final = f"_case{SUFFIX}"
RECORD: Final = "_record"
_NAMED: Final = 5
_AGAIN: Final = "It is tried again; let the export end before the quarter is read."

_NOTHING: Final[Mapping[str, Sequence[str]]] = {}
Listing = Mapping[str, tuple[int, int, int, int]]


@dataclass(slots=True, kw_only=True)
class _Read:
    """What was read so far: raw rows by dataset, the file of each record, what is wrong with which file."""

    rows: dict[str, list[dict[str, str | None]]]
    owners: dict[str, str] = field(default_factory=dict)
    bad: list[tuple[str, str]] = field(default_factory=list)


class XmlSource:
    """A folder of documents. Nothing is read before the first read."""

    def __init__(self, url: str, *, folder: Path, reading: Callable[[Path], bytes] | None = None) -> None:
        self._url = url
        self._folder = folder
        self._reading = reading or _bytes

    def read(
        self, route: Route, *, courts: Sequence[str], since: date, beside: Mapping[str, Sequence[str]] = _NOTHING
    ) -> Mapping[str, pd.DataFrame]:
        """One consistent read of the route's datasets that have a mapping in the folder, whatever their quarter.

        Documents hold cases alone: of what is asked `beside` there is nothing. Frames as `ports.Source` promises.
        RetryLater 901 when the folder is away or changes meanwhile; NeedsPerson 905
        when the address or a mapping is not right, 927 when nothing gives a dataset, 928 naming the documents that
        can't be read or are about one case.
        """
        del since, beside
        box, form, told, mappings = _box(self._url), *_mappings(self._folder, route)
        before = _listing(box)
        if not before:
            raise _away(box, "The source's folder holds no XML file.")
        read = _Read(rows={dataset: [] for dataset in mappings})
        for name in before:
            _take(self._reading, box / name, name, read, form, mappings, frozenset(courts))
        if _listing(box) != before:
            raise RetryLater(901, "The source's folder changed while it was read.", where=str(box), next_step=_AGAIN)
        if read.bad:
            raise _unreadable(box, read.bad)
        return {d: _frame(read.rows[d], route.contract(d), told, form) for d in mappings}


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
    told, folders = _codes(folder), [folder]
    if told.same_as is not None:
        folders.append(folder.parent / told.same_as)
        told = told.over(_codes(folders[1]))
    shared = next((one / FORM for one in folders if (one / FORM).is_file()), None)
    if shared is None:
        raise wrong(str(folder / FORM), "The file that says what all documents share is not there.")
    word = receiver_word(route)
    names = {
        c.dataset: (f"{c.dataset}.to-{word}{SUFFIX}", f"{c.dataset}{SUFFIX}")
        for c in route.carries("Q")
        if c.dataset not in told.not_supplied
    }
    files = {
        dataset: file
        for dataset, wanted in names.items()
        if (file := next((f for one in folders for name in wanted if (f := one / name).is_file()), None))
    }
    check_held(route, {**files, **told.optional_tables}, told, str(folder), SUFFIX)
    mappings = {d: parse_mapping(f.read_bytes(), str(f), route.readable(d)) for d, f in files.items()}
    return parse_case_form(shared.read_bytes(), str(shared)), told, mappings


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
    path: Path,
    name: str,
    read: _Read,
    form: CaseForm,
    mappings: Mapping[str, RowForm],
    courts: frozenset[str],
) -> None:
    """One document's rows, or what is wrong with it."""
    try:
        root = parse_document(reading(path))
        record, court = _case_of(root, name, read, form)
    except Unreadable as why:
        read.bad.append((name, str(why)))
        return
    if court in courts:
        for dataset, mapping in mappings.items():
            read.rows[dataset] += [{**row, RECORD: record} for row in rows(root, mapping, form)]


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

    from exchange.domain.wireform import to_wire

    made: dict[str, pd.Series] = {}
    for column in contract.columns:
        texts = [row.get(column.name) for row in raw]
        if column.type in ("date", "time"):
            texts = [text if text is None else dated(text, column, form.date_forms) for text in texts]
        values = pd.Series(texts, dtype="str")
        made[column.name] = to_wire(values, column, codes=told.codes.get(column.name, {}), offset=told.offset)
        if contract.key == ("case_no",) and column.name == "case_no":
            made[column.name] = values
    return pd.DataFrame({**made, RECORD: pd.Series([row[RECORD] for row in raw], dtype="str")})
