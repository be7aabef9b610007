"""YAML read without mercy, and JSON Schema errors in words an officer can act on, with line numbers.

Numbers with a point and dates stay text as written, so that nothing is rounded and nothing guessed; only
`true`, `false`, whole numbers and null become values. Duplicate keys and tags are refused.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import yaml

_Base: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _Loader(_Base):  # type: ignore[misc]
    """Safe loading with a narrow idea of what a scalar is."""

    yaml_implicit_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {}  # noqa: RUF012

    def construct_mapping(self, node: Any, deep: bool = False) -> Any:
        seen: set[str] = set()
        for key, _ in node.value:
            if key.value in seen:
                raise yaml.constructor.ConstructorError(
                    None, None, f"the key {key.value!r} is there twice", key.start_mark
                )
            seen.add(key.value)
        return super().construct_mapping(node, deep=deep)


_Loader.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile(r"^(?:true|false)$"), list("tf"))
_Loader.add_implicit_resolver("tag:yaml.org,2002:int", re.compile(r"^(?:0|-?[1-9][0-9]*)$"), list("-0123456789"))
_Loader.add_implicit_resolver("tag:yaml.org,2002:null", re.compile(r"^(?:null|~|)$"), ["n", "~", ""])


@dataclass(frozen=True, slots=True, kw_only=True)
class Flaw:
    """What is wrong at one place of a document. `at` is the place inside it (`datasets[2].version`)."""

    at: str
    line: int | None
    what: str
    next_step: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A parsed document and where its parts stand in the text."""

    data: Any
    root: Any

    def line(self, *path: str | int) -> int | None:
        """Line (from 1) of the part at a path, or of its nearest parent that is there."""
        node, line = self.root, None
        for part in path:
            node = _child(node, part)
            if node is None:
                break
            line = node.start_mark.line + 1
        return line if line is not None else (self.root.start_mark.line + 1 if self.root else None)


class Validator(Protocol):
    """What is used of a jsonschema validator."""

    def iter_errors(self, instance: Any) -> Iterator[Any]:
        """Every error of a document."""
        ...


def parse(text: str) -> Document | Flaw:
    """One YAML document, or the flaw that stops it from being read."""
    loader = _Loader(text)
    try:
        node = loader.get_single_node()
        return Document(data=loader.construct_document(node) if node else None, root=node)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        what = getattr(error, "problem", None) or "it is not YAML"
        return Flaw(
            at="",
            line=mark.line + 1 if mark else None,
            what=f"The file can't be read: {what}.",
            next_step="Mend the YAML at this line.",
        )
    except (RecursionError, ValueError):
        return Flaw(at="", line=None, what="The file can't be read as YAML.", next_step="Mend the YAML.")
    finally:
        loader.dispose()


def schema_flaws(document: Document, validator: Validator) -> list[Flaw]:
    """Every place where a document departs from its schema, in the order of the text."""
    flaws = [flaw for error in validator.iter_errors(document.data) for flaw in _explain(document, error)]
    return sorted(flaws, key=lambda flaw: (flaw.line or 0, flaw.at))


def nearest(word: str, known: Sequence[str]) -> str:
    """`Did you mean …?` for a word that is not known, else the list of those that are."""
    close = difflib.get_close_matches(word, known, n=1, cutoff=0.6)
    return f"Did you mean {close[0]!r}?" if close else f"Use one of: {', '.join(sorted(known))}."


def _explain(document: Document, error: Any) -> list[Flaw]:
    path = tuple(error.absolute_path)
    if error.validator == "additionalProperties" and isinstance(error.instance, Mapping):
        known = list(error.schema.get("properties", {}))
        unknown = [key for key in error.instance if key not in known]
        if error.schema.get("additionalProperties") is False:
            return [
                _flaw(document, (*path, key), f"The key {key!r} is unknown.", nearest(key, known)) for key in unknown
            ]
    if error.validator == "required":
        missing = [key for key in error.validator_value if key not in error.instance]
        return [_flaw(document, path, f"The key {key!r} is missing.", f"Add {key!r}.") for key in missing[:1]]
    if error.validator == "enum":
        known = [str(value) for value in error.validator_value]
        return [_flaw(document, path, f"{error.instance!r} is not allowed here.", nearest(str(error.instance), known))]
    if error.validator == "pattern":
        step = f"Write it so that it matches {error.validator_value}."
        return [_flaw(document, path, f"{error.instance!r} does not have the right form.", step)]
    return [_flaw(document, path, f"{_short(error.message)}.", "Compare it with the schema and its neighbours.")]


def _flaw(document: Document, path: tuple[str | int, ...], what: str, next_step: str) -> Flaw:
    return Flaw(at=place(path), line=document.line(*path), what=what, next_step=next_step)


def place(path: Sequence[str | int]) -> str:
    """A path inside a document as people write it: `schema[0].properties[3].name`."""
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)
    return text.removeprefix(".")


def _short(message: str) -> str:
    return message if len(message) <= 160 else f"{message[:157]}..."


def _child(node: Any, part: str | int) -> Any:
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if key.value == str(part):
                return value if value.start_mark.line == key.start_mark.line else _Keyed(key, value)
        return None
    if isinstance(node, (yaml.SequenceNode, _Keyed)):
        inner = node.value
        if isinstance(node, _Keyed):
            return _child(node.inner, part)
        return inner[part] if isinstance(part, int) and part < len(inner) else None
    return None


class _Keyed:
    """A value whose place is its key's: for blocks, which begin on the line below."""

    __slots__ = ("inner", "start_mark", "value")

    def __init__(self, key: Any, inner: Any) -> None:
        self.start_mark, self.inner, self.value = key.start_mark, inner, inner.value
