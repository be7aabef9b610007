"""The tax bureau's claims 税费债权: versions, kinds, which one is live, and its files brought to wire form.

A claim is live in its highest version unless that is a withdrawal. A nil claim is an answer without lines. A
supplement is a claim of its own that names the one it adds to.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from exchange.domain.case_number import normalise_case_no
from exchange.domain.columns import TEXT, Bools, Days, Ints, codes, combine, equals, positions, text, to_days, to_ints
from exchange.domain.contract import Contract
from exchange.domain.identifiers import normalise_id, sent_name

WITHDRAWAL: Final = "withdrawal"
NIL: Final = "nil"
SUPPLEMENT: Final = "supplement"


@dataclass(frozen=True, slots=True, kw_only=True)
class Heads:
    """One entry per claim number: row numbers into the claims frame and what follows from all its versions.

    `latest` is the row of the highest version, `first` that of version 1 (of the lowest when 1 never came).
    """

    claim_no: pa.Array
    latest: Ints
    first: Ints
    version: Ints
    first_version: Ints
    filed_on: Days
    withdrawn: Bools

    def __len__(self) -> int:
        return len(self.claim_no)


def heads(claims: pd.DataFrame) -> Heads:
    """Every claim number once, in the order it first appears."""
    (numbers,), words = codes(text(claims, "claim_no"))
    count = len(words)
    known = numbers < count
    version = to_ints(text(claims, "version"))
    latest, first = _extreme_rows(numbers, version, known, count)
    return Heads(
        claim_no=words,
        latest=latest,
        first=first,
        version=version[latest],
        first_version=version[first],
        filed_on=to_days(text(claims, "filed_on"))[first],
        withdrawn=equals(text(claims, "kind"), WITHDRAWAL)[latest],
    )


def _extreme_rows(numbers: Ints, version: Ints, known: Bools, count: int) -> tuple[Ints, Ints]:
    """For each claim the row of its highest version, and of version 1 or else the lowest."""
    rows = np.flatnonzero(known)
    upward = rows[np.lexsort((version[rows], numbers[rows]))]
    latest = np.zeros(count, np.int64)
    latest[numbers[upward]] = upward
    first = np.zeros(count, np.int64)
    by_first = rows[np.lexsort((-version[rows], version[rows] == 1, numbers[rows]))]
    first[numbers[by_first]] = by_first
    return latest, first


def own_lines(claims: pd.DataFrame, lines: pd.DataFrame) -> pd.DataFrame:
    """The lines (or payments) that came with the packet their claim version last came with.

    A version that is sent again replaces them as a whole; rows without `_number` are taken as they are.
    """
    if "_number" not in claims.columns or "_number" not in lines.columns or lines.empty:
        return lines
    (claim, line), _ = codes(text(claims, "claim_no"), text(lines, "claim_no"))
    whole = combine(
        np.concatenate([claim, line]),
        np.concatenate([to_ints(text(claims, "version")), to_ints(text(lines, "version"))]) + 1,
    )
    of_claims, of_lines = whole[: len(claims)], whole[len(claims) :]
    order = np.argsort(of_claims, kind="stable")
    at = np.minimum(np.searchsorted(of_claims[order], of_lines), max(len(claims) - 1, 0))
    row = order[at] if len(claims) else np.zeros(len(lines), np.int64)
    has_claim = (of_claims[row] == of_lines) if len(claims) else np.zeros(len(lines), bool)
    claim_number = pd.to_numeric(claims["_number"]).to_numpy()
    stale = has_claim & (claim_number[row] != pd.to_numeric(lines["_number"]).to_numpy())
    kept: pd.DataFrame = lines[~stale]
    return kept


def own_rows(
    claims: Iterable[Mapping[str, str | None]], rows: Iterable[Mapping[str, str | None]]
) -> list[Mapping[str, str | None]]:
    """The same of a few rows as plain values, `_number` in all of them."""
    came = {(row["claim_no"], row["version"]): row["_number"] for row in claims}
    return [row for row in rows if came.get((row["claim_no"], row["version"]), row["_number"]) == row["_number"]]


def canonical(frame: pd.DataFrame, contract: Contract) -> pd.DataFrame:
    """A tax dataset as it is sent: case numbers and ids normalised, the debtor's name less outer blanks."""
    changes = {
        "case_no": normalise_case_no,
        "debtor_uscc": normalise_id,
        "debtor_old_taxpayer_id": normalise_id,
        "debtor_name": sent_name,
    }
    brought = {name: changes[name](frame[name]) for name in contract.names if name in changes}
    return frame.assign(**brought)


def with_claim(claims: pd.DataFrame, rows: pd.DataFrame) -> Bools:
    """Which rows (lines, payments) belong to a claim version that is there."""
    return same_rows(rows, claims, ("claim_no", "version"))


def same_rows(rows: pd.DataFrame, within: pd.DataFrame, columns: Sequence[str]) -> Bools:
    """Which rows have the same texts in these columns as a row of another frame; none where one is missing."""
    key = [
        pc.binary_join_element_wise(*(text(frame, name) for name in columns), pa.scalar("|", TEXT))
        for frame in (rows, within)
    ]
    return np.asarray(positions(key[0], key[1]) >= 0, dtype=bool)
