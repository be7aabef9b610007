"""The file outcome.json: written entry by entry, read whole or named as damaged. It needs no table of rows."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from exchange.domain.errors import NeedsPerson


def outcome_json(document: Mapping[str, Any]) -> bytes:
    """`outcome.json`: one key a line, and one entry a line where a list holds more than plain values."""
    return "".join(outcome_text(document)).encode("utf-8")


def load_outcome(
    data: bytes, key: str, *, object_hook: Callable[[dict[str, Any]], Any] | None = None
) -> dict[str, Any]:
    """What `outcome_json` wrote for an exchange. NeedsPerson 946 when the stored file is no whole outcome."""
    try:
        document = json.loads(data, object_hook=object_hook)
    except ValueError:
        document = None
    if not isinstance(document, dict):
        raise NeedsPerson(
            946, "The stored outcome of the exchange is damaged.", where=f"{key}/outcome.json",
            next_step="Restore the file from the vault's backup and do it again; the ledger is unchanged.",
        )  # fmt: skip
    return document


def outcome_text(document: Mapping[str, Any]) -> Iterator[str]:
    """The text of `outcome_json` piece by piece; a value may be an iterator of entries, made while it is walked."""
    yield "{"
    for number, (name, value) in enumerate(document.items()):
        yield f"{',' if number else ''}\n{json.dumps(name)}: "
        if isinstance(value, Iterator) or (isinstance(value, list) and value and isinstance(value[0], dict)):
            yield from _entries(iter(value))
        else:
            yield json.dumps(value, ensure_ascii=False)
    yield "\n}\n"


def _entries(entries: Iterator[Any]) -> Iterator[str]:
    """A list, an entry a line."""
    empty = True
    for one in entries:
        yield f"{'[' if empty else ','}\n {json.dumps(one, ensure_ascii=False)}"
        empty = False
    yield "[]" if empty else "\n]"
