"""The file outcome.json: written and read entry by entry, or named as damaged. It needs no table of rows."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Mapping
from functools import partial
from itertools import chain, islice
from typing import Any, Final, NoReturn

from exchange.domain.errors import NeedsPerson

OUTCOME: Final = "outcome.json"
"""Where an exchange's outcome lies in the vault."""


class Entry(str):
    """An entry of a list that is JSON already."""

    __slots__ = ()


def outcome_json(document: Mapping[str, Any]) -> bytes:
    """`outcome.json`: one key a line, and one entry a line where a list holds more than plain values."""
    return "".join(outcome_text(document.items())).encode("utf-8")


def load_outcome(data: bytes, key: str) -> dict[str, Any]:
    """What `outcome_json` wrote for an exchange. NeedsPerson 946 when the stored file is no whole outcome."""
    try:
        document = json.loads(data)
    except ValueError:
        document = None
    if not isinstance(document, dict):
        damaged(key)
    return document


def outcome_of(lines: Iterable[bytes], key: str, only: Collection[str]) -> dict[str, Any]:
    """These keys alone of a stored outcome, given line by line: of a country's, memory follows what is asked for.

    NeedsPerson 946 as `load_outcome`; what is not asked for is only looked through for its end.
    """
    found = {}
    for name, value in walk_outcome(lines, key, only):
        if name in only:
            found[name] = list(value) if isinstance(value, Iterator) else value
    return found


def entries_of(lines: Iterable[bytes], key: str, name: str) -> Iterator[Any]:
    """The entries of one list of a stored outcome, one after the other, as `outcome_of` reads."""
    for told, value in walk_outcome(lines, key, (name,)):
        if told == name:
            yield from value


def walk_outcome(lines: Iterable[bytes], key: str, only: Collection[str] | None = None) -> Iterator[tuple[str, Any]]:
    """Each key of a stored outcome with its value, a list of entries as an iterator that reads on as it is asked.

    What is left of a list by then is skipped; with `only` plain values under other keys are too. A file that was not
    written a key a line is read whole. NeedsPerson 946 where it is no whole outcome.
    """
    given = iter(lines)
    first = list(islice(given, 2))
    if len(first) < 2 or first[0] != b"{\n" or not first[1].startswith(b'"'):
        yield from load_outcome(b"".join([*first, *given]), key).items()
        return
    wanted = tuple(json.dumps(name).encode() + b": " for name in only) if only is not None else b""
    rest = chain(first[1:], given)
    for line in rest:
        if line.rstrip() == b"}":
            break
        told = line.rstrip(b"\n").removesuffix(b",")
        if told.endswith(b": ["):
            entries = _of_list(rest, key)
            yield _value(told[:-3], key), map(partial(_value, key=key), entries)
            for _ in entries:
                pass
        elif told.startswith(wanted):
            one = _value(b"{%b}" % told, key)
            if len(one) != 1:
                damaged(key)
            yield from one.items()
    else:
        damaged(key)
    if any(given):
        damaged(key)


def _of_list(lines: Iterator[bytes], key: str) -> Iterator[bytes]:
    """The entries up to the end of their list."""
    for line in lines:
        if line.startswith(b"]"):
            return
        yield line.rstrip(b"\n").removesuffix(b",")
    damaged(key)


def _value(text: bytes, key: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        damaged(key)


def damaged(key: str) -> NoReturn:
    """NeedsPerson 946: the exchange's stored outcome is not whole, or gone."""
    raise NeedsPerson(
        946, "The stored outcome of the exchange is damaged.", where=f"{key}/{OUTCOME}",
        next_step="Restore the file from the vault's backup and do it again; the ledger is unchanged.",
    )  # fmt: skip


def outcome_text(document: Iterable[tuple[str, Any]]) -> Iterator[str]:
    """The text of `outcome_json` piece by piece; a value may be an iterator of entries, made while it is walked."""
    yield "{"
    for number, (name, value) in enumerate(document):
        yield f"{',' if number else ''}\n{json.dumps(name)}: "
        if isinstance(value, Iterator) or (isinstance(value, list) and value and isinstance(value[0], dict)):
            yield from _entries(iter(value))
        else:
            yield json.dumps(value, ensure_ascii=False)
    yield "\n}\n"


def entry(value: Mapping[str, Any]) -> Entry:
    """An entry as it stands in the file."""
    return Entry(json.dumps(value, ensure_ascii=False))


def _entries(entries: Iterator[Any]) -> Iterator[str]:
    """A list, an entry a line."""
    empty = True
    for one in entries:
        yield f"{'[' if empty else ','}\n {one if isinstance(one, Entry) else entry(one)}"
        empty = False
    yield "[]" if empty else "\n]"
