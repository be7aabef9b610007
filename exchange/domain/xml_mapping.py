"""A party's XML as datasets: which elements are rows, which paths give which columns. Pure, told by data alone.

A path names elements of the court's namespace, one below the other, from the row's element, or from the document's with
a leading `/`; `@name` at its end is an attribute, `.` the element itself. Of several paths the first that gives text
counts; `{if: path, then: text}` gives a text where the path gives any.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Protocol

from exchange.domain.contract import Column
from exchange.domain.source_codes import wrong
from exchange.domain.strict_yaml import Flaw, parse

_CASE_KEYS: Final = {"namespace", "roots", "record", "court", "date_forms"}
_KEYS: Final = {"each", "where", "columns"}
_REGISTER_KEYS: Final = _KEYS | {"root"}


class Element(Protocol):
    """What is used of an XML element."""

    text: str | None

    def get(self, key: str) -> str | None:
        """An attribute."""
        ...

    def findall(self, path: str) -> Sequence[Any]:
        """The children of a name."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseForm:
    """What all files of a folder share: `roots` a document's element may be, where its record's id and court stand."""

    namespace: str
    roots: tuple[str, ...]
    record: tuple[Any, ...]
    court: tuple[Any, ...]
    date_forms: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RowForm:
    """How one dataset's rows stand in a document; `where` is a path, the text one that counts contains, and the text
    (empty: none) that it lacks."""

    each: tuple[str, ...]
    where: tuple[str, str, str] | None
    columns: Mapping[str, tuple[Any, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisterForm:
    """How rows of the court's own register stand in documents about no single case; `root` is their element."""

    root: str
    rows: RowForm


def parse_case_form(data: bytes, file: str) -> CaseForm:
    """`_case.xml.yaml`; NeedsPerson 905 when it is not as sources/README.md says."""
    told = _told(data, file, _CASE_KEYS, _CASE_KEYS - {"date_forms"})
    forms, roots = told.get("date_forms", []), told["roots"]
    if not isinstance(told["namespace"], str) or not _texts(roots) or not _texts(forms):
        raise wrong(file, "`namespace` must be text, `roots` and `date_forms` lists of text.")
    return CaseForm(
        namespace=told["namespace"], roots=tuple(roots), record=_paths(told["record"], "record", file),
        court=_paths(told["court"], "court", file), date_forms=tuple(forms),
    )  # fmt: skip


def parse_mapping(data: bytes, file: str, columns: Collection[str]) -> RowForm:
    """`<dataset>.xml.yaml` over the contract's columns; NeedsPerson 905 when it is not as sources/README.md says."""
    return _row_form(_told(data, file, _KEYS, {"columns"}), file, columns)


def parse_register(data: bytes, file: str, columns: Collection[str]) -> RegisterForm:
    """`_docket.xml.yaml` or `_control….xml.yaml`, which must give every column; NeedsPerson 905 as `parse_mapping`."""
    told = _told(data, file, _REGISTER_KEYS, {"root", "columns"})
    if not isinstance(told["root"], str):
        raise wrong(file, "`root` must be the name of the register documents' element.")
    form = _row_form(told, file, columns)
    if lacking := sorted(set(columns) - set(form.columns)):
        raise wrong(file, f"`columns` must also give {', '.join(lacking)}.")
    return RegisterForm(root=told["root"], rows=form)


def _row_form(told: Mapping[str, Any], file: str, columns: Collection[str]) -> RowForm:
    each, where, named = told.get("each", "."), told.get("where"), told["columns"]
    each = [each] if isinstance(each, str) else each
    if not _texts(each) or not isinstance(named, dict):
        raise wrong(file, "`each` must be a path or several, `columns` name → paths.")
    if where is not None and not (
        isinstance(where, dict) and set(where) - {"lacks"} == {"path", "contains"} and _texts(list(where.values()))
    ):
        raise wrong(file, "`where` must have a `path` and the text it `contains`, and may have the text it `lacks`.")
    unknown = sorted(set(named) - set(columns))
    if unknown:
        raise wrong(file, f"{', '.join(map(repr, unknown))} is no column of the contract.")
    return RowForm(
        each=tuple(each),
        where=(where["path"], where["contains"], where.get("lacks", "")) if where else None,
        columns={name: _paths(paths, name, file) for name, paths in named.items()},
    )


def rows(root: Element, mapping: RowForm, form: CaseForm) -> Iterator[dict[str, str | None]]:
    """The dataset's rows in one document, as they stand there."""
    found = next((elements for path in mapping.each if (elements := _elements(root, root, path, form.namespace))), [])
    for element in found:
        if mapping.where is not None:
            path, wanted, unwanted = mapping.where
            told = [text or "" for text in _texts_at(root, element, path, form.namespace)]
            if not any(wanted in text for text in told) or any(unwanted and unwanted in text for text in told):
                continue
        yield {name: value(root, element, paths, form) for name, paths in mapping.columns.items()}


def value(root: Element, element: Element, paths: Sequence[Any], form: CaseForm) -> str | None:
    """The first text a list of paths gives; None where none does."""
    for path in paths:
        asked = path["if"] if isinstance(path, dict) else path
        for text in _texts_at(root, element, asked, form.namespace):
            if text is not None and text.strip():
                return str(path["then"]) if isinstance(path, dict) else text
    return None


def dated(text: str, column: Column, forms: Sequence[str]) -> str:
    """A day or time in one of the folder's forms as ISO text; anything else as it is."""
    for form in forms:
        with suppress(ValueError):
            at = datetime.strptime(text.strip(), form)  # noqa: DTZ007  # the offset is the folder's, added later
            return at.date().isoformat() if column.type == "date" else at.isoformat(sep=" ", timespec="seconds")
    return text


def _elements(root: Element, element: Element, path: str, namespace: str) -> list[Any]:
    here: list[Any] = [root if path.startswith("/") else element]
    for name in path.strip("/").split("/"):
        if name != ".":
            here = [child for one in here for child in one.findall(f"{{{namespace}}}{name}")]
    return here


def _texts_at(root: Element, element: Element, path: str, namespace: str) -> Iterator[str | None]:
    up, _, attribute = path.rpartition("@")
    if up or attribute != path:
        for one in _elements(root, element, up.rstrip("/") or ("/." if up else "."), namespace):
            yield one.get(attribute)
        return
    for one in _elements(root, element, path, namespace):
        yield one.text


def _told(data: bytes, file: str, known: set[str], needed: set[str]) -> dict[str, Any]:
    try:
        document = parse(data.decode("utf-8"))
    except UnicodeDecodeError:
        raise wrong(file, "The file is not UTF-8.") from None
    if isinstance(document, Flaw):
        raise wrong(f"{file}:{document.line}", document.what)
    told = document.data
    if not isinstance(told, dict) or not needed <= told.keys() <= known:
        may = ", ".join(sorted(known - needed)) or "nothing else"
        raise wrong(file, f"It has {', '.join(sorted(needed))}, and may have {may}.")
    return told


def _paths(told: Any, name: str, file: str) -> tuple[Any, ...]:
    paths = told if isinstance(told, list) else [told]
    for path in paths:
        if not isinstance(path, str) and not (isinstance(path, dict) and set(path) == {"if", "then"}):
            raise wrong(file, f"{name!r} must be a path, or a list of paths and of `if` with `then`.")
    return tuple(paths)


def _texts(told: object) -> bool:
    return isinstance(told, list) and all(isinstance(one, str) for one in told)
