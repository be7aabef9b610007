"""Wire text of landed rows: checked against its types, hashed, and read back. Vectorised."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from typing import Any, Final

import numpy as np
import pandas as pd
import pyarrow as pa
from pyarrow import compute
from sqlalchemy import Result

from exchange.domain.contract import Contract
from exchange.domain.errors import NeedsPerson
from exchange.domain.row_hash import row_hashes
from exchange.domain.text import all_differ, as_array, as_series

_AT_ONCE: Final = 20_000
STREAMED: Final = {"stream_results": True, "max_row_buffer": _AT_ONCE}
"""Options of a statement whose rows are taken over part by part, as `frames_of` does."""

_FORMS: Final = {
    "money": r"-?(0|[1-9][0-9]{0,15})\.[0-9]{2}",
    "date": r"[0-9]{4}-[0-9]{2}-[0-9]{2}",
    "int": r"-?(0|[1-9][0-9]{0,17})",
    "bool": r"true|false",
}
"""What a typed column gives back exactly as it took it. Days that no calendar has are refused too."""


def checked_rows(contract: Contract, rows: pd.DataFrame) -> pd.DataFrame:
    """The contract's columns (and `_record` when present) of a text frame; NeedsPerson 501, 502, 504, 506."""
    given = [str(name) for name in rows.columns if not str(name).startswith("_")]
    _refuse(501, contract, [name for name in given if name not in contract.names], "is not in the contract")
    _refuse(502, contract, [name for name in contract.names if name not in given], "is missing")
    kept = [*contract.names, *(["_record"] if "_record" in rows else [])]
    frame = rows[kept].astype("str").reset_index(drop=True)
    if frame.empty:
        return frame
    for name in contract.of_type("money"):
        frame[name] = frame[name].mask(frame[name] == "-0.00", "0.00")
    wrong = [c.name for c in contract.columns if c.type in _FORMS and not _fits(frame[c.name], c.type)]
    _refuse(504, contract, wrong, "holds a value that is not of its type")
    _refuse(502, contract, [n for n in contract.key if frame[n].isna().any()], "is part of the key and empty somewhere")
    if not all_differ(_joined(frame, contract.key)) and frame.duplicated(list(contract.key)).any():
        _refuse(506, contract, [", ".join(contract.key)], "is the key and occurs twice")
    return frame


def _joined(frame: pd.DataFrame, key: Sequence[str]) -> pa.Array:
    """Each row's key as one text. Where these all differ so do the keys; two that are alike may differ still."""
    parts = [as_array(frame[name]) for name in key]
    return parts[0] if len(parts) == 1 else compute.binary_join_element_wise(*parts, pa.scalar("\x1f", parts[0].type))


def _fits(values: pd.Series[str], kind: str) -> bool:
    present = values.dropna()
    if not bool(present.str.fullmatch(_FORMS[kind]).all()):
        return False
    if kind != "date":
        return True
    days = pd.to_datetime(pd.Series(present.unique()), format="%Y-%m-%d", errors="coerce")
    return bool(days.notna().all())


def _refuse(code: int, contract: Contract, columns: Sequence[str], what: str) -> None:
    if columns:
        named = columns[0] if code != 501 else f"{len(columns)} unknown"
        raise NeedsPerson(
            code,
            f"Column {named} {what}.",
            where=f"dataset {contract.dataset}",
            next_step="Nothing was stored. Check the rows against the contract.",
        )


class RowHashes:
    """The hashes of rows that come part by part, 32 bytes each, and the hash of them all, whatever their order."""

    def __init__(self) -> None:
        self._all = bytearray()

    def __len__(self) -> int:
        return len(self._all) // 32

    def add(self, names: Sequence[str], frame: pd.DataFrame) -> list[bytes]:
        """The hashes of a part's rows."""
        hashes = row_hashes(names, frame)
        self.take(hashes)
        return hashes

    def take(self, hashes: Sequence[bytes]) -> None:
        """Add rows that are hashed already."""
        self._all += b"".join(hashes)

    def together(self) -> str:
        """SHA-256 over the sorted hashes of the rows, each in hex."""
        each = np.sort(np.frombuffer(self._all, dtype="S32"))
        digest = hashlib.sha256()
        for at in range(0, len(each), _AT_ONCE):
            digest.update(each[at : at + _AT_ONCE].tobytes().hex().encode())
        return digest.hexdigest()


def frame_of(names: Sequence[str], result: Result[Any] | None) -> pd.DataFrame:
    """Rows of text or None as a frame of `str` columns, None as missing; taken over part by part."""
    parts = [] if result is None else [columns_of(rows) for rows in result.partitions(_AT_ONCE)]
    return frame_from(names, parts)


def frames_of(names: Sequence[str], result: Result[Any]) -> Iterator[pd.DataFrame]:
    """The same rows in several frames, each of a few ten thousand rows."""
    for rows in result.partitions(_AT_ONCE):
        yield frame_from(names, [columns_of(rows)])


def columns_of(rows: Sequence[Any]) -> list[pa.Array]:
    """Rows of text or None as columns."""
    return [as_array(values) for values in zip(*rows, strict=True)]


def frame_from(names: Sequence[str], parts: Sequence[Sequence[pa.Array]]) -> pd.DataFrame:
    """Parts of columns as one frame."""
    columns = zip(*parts, strict=True) if parts else ([as_array(())] for _ in names)
    made = {name: as_series(pa.concat_arrays(column)) for name, column in zip(names, columns, strict=True)}
    return pd.DataFrame(made, columns=list(names))
