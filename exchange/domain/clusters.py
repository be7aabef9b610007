"""Cases that have to be looked at together: those that share a debtor, or that one claim speaks of.

Millions of rows are compared cluster by cluster, so that no more than a part of the books stands in memory. Keys are
held as 64-bit hashes: two that happen to be the same put two clusters into one, which changes no result.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from exchange.domain.books import plain_ids, plain_numbers
from exchange.domain.columns import text

_Hashes = npt.NDArray[np.uint64]

_AT_ONCE: Final = 2_000_000

LINKS: Final[Mapping[str, tuple[str, ...]]] = {
    "cases": ("case_no",),
    "debtors": ("case_no", "uscc", "old_taxpayer_id"),
    "reviews": ("case_no", "claim_no"),
    "distributions": ("case_no", "claim_no"),
    "claims": ("claim_no", "case_no", "supplements", "debtor_uscc", "debtor_old_taxpayer_id"),
    "lines": ("claim_no",),
    "payments": ("claim_no",),
    "statuses": ("debtor_uscc",),
    "voids": ("case_no",),
    "history": ("case_no",),
}
"""Book → the columns that tie its row to others; the first says in which group the row stands."""

_KINDS: Final[Mapping[str, str]] = {
    "case_no": "case", "claim_no": "claim", "supplements": "claim", "uscc": "debtor", "old_taxpayer_id": "debtor",
    "debtor_uscc": "debtor", "debtor_old_taxpayer_id": "debtor",
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Groups:
    """Which group each key belongs to: `keys` ascending, `group` beside; `count` groups."""

    keys: _Hashes
    group: npt.NDArray[np.int64]
    count: int

    def of(self, book: str, rows: pd.DataFrame) -> npt.NDArray[np.int64]:
        """The group of each row of a book; a row without a key, or with one nobody else has, is in group 0."""
        wanted, known = _hashed(rows, LINKS[book][0])
        if not len(self.keys):
            return np.zeros(len(rows), np.int64)
        at = np.minimum(np.searchsorted(self.keys, wanted), len(self.keys) - 1)
        return np.where(known & (self.keys[at] == wanted), self.group[at], 0)


def links(book: str, rows: pd.DataFrame) -> npt.NDArray[np.uint64]:
    """What some rows of a book tie together, as pairs of hashes; a row that ties nothing has its own key twice. What
    rows after each other have in common is told once."""
    first, known = _hashed(rows, LINKS[book][0])
    alone, pairs = known.copy(), []
    for column in LINKS[book][1:]:
        other, there = _hashed(rows, column)
        pairs.append(_told_once(np.column_stack([first, other])[known & there]))
        alone &= ~there
    return np.concatenate([_told_once(np.column_stack([first, first])[alone]), *pairs])


def _told_once(pairs: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
    return pairs[np.append(True, (pairs[1:] != pairs[:-1]).any(axis=1))] if len(pairs) else pairs


def grouped(pairs: Iterable[npt.NDArray[np.uint64]], size: int) -> Groups:
    """Whole clusters put together to groups of about so many keys."""
    parts = list(pairs)
    keys = _keys(parts)
    cluster = _clusters(_places(parts, keys), len(keys))
    order = np.argsort(cluster, kind="stable")
    first = np.flatnonzero(np.diff(cluster[order], prepend=-1))
    sizes = np.diff(np.append(first, len(keys)))
    numbers = np.repeat((np.cumsum(sizes) - sizes) // size, sizes)
    group = np.empty(len(keys), np.int64)
    group[order] = np.unique(numbers, return_inverse=True)[1] if len(numbers) else numbers
    return Groups(keys=keys, group=group, count=int(group.max(initial=0)) + 1)


def _keys(parts: Iterable[npt.NDArray[np.uint64]]) -> _Hashes:
    """Every key of the pairs once, ascending; a few million are looked at in one go."""
    keys, more = np.zeros(0, np.uint64), list[_Hashes]()
    for part in parts:
        more.append(part.ravel())
        if sum(map(len, more)) > _AT_ONCE:
            keys, more = _distinct([keys, *more]), []
    return _distinct([keys, *more])


def _distinct(parts: Sequence[_Hashes]) -> _Hashes:
    """Sorted and compared with what stands before: `np.unique` takes ten times as long for hashes, of which few are
    alike."""
    ordered = np.sort(np.concatenate(parts))
    return ordered[np.append(True, ordered[1:] != ordered[:-1])] if len(ordered) else ordered


def _places(parts: Sequence[npt.NDArray[np.uint64]], keys: _Hashes) -> npt.NDArray[np.int32]:
    """Where both ends of every tie between two different keys stand among these."""
    ties = [part[:, 0] != part[:, 1] for part in parts]
    found = np.empty((sum(map(np.count_nonzero, ties)), 2), np.int32)
    at = 0
    for part, tie in zip(parts, ties, strict=True):
        some = np.searchsorted(keys, part[tie])
        found[at : at + len(some)] = some
        at += len(some)
    return found


def _clusters(ends: npt.NDArray[np.int32], count: int) -> npt.NDArray[np.int32]:
    """For each key the lowest key it is tied to, however far."""
    label = np.arange(count, dtype=np.int32)
    while True:
        lowest = np.minimum(label[ends[:, 0]], label[ends[:, 1]])
        after = label.copy()
        for side in (0, 1):
            np.minimum.at(after, label[ends[:, side]], lowest)
        after = after[after]
        if (after == label).all():
            return label
        label = after


def _hashed(rows: pd.DataFrame, column: str) -> tuple[_Hashes, npt.NDArray[np.bool_]]:
    """A column's hashes, and which rows have a value."""
    kind = _KINDS[column]
    values = text(rows, column)
    values = plain_numbers(values) if kind == "case" else plain_ids(values) if kind == "debtor" else values
    known = np.asarray(pc.is_valid(values).to_numpy(zero_copy_only=False), dtype=bool)
    named = pc.binary_join_element_wise(
        pa.scalar(kind, values.type), pc.fill_null(values, ""), pa.scalar("|", values.type)
    )
    return pd.util.hash_array(named.to_numpy(zero_copy_only=False), categorize=False), known
