"""What differs between two sets of rows of a route: two exchanges, or what was last sent and what will be."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

import pandas as pd

from exchange.domain.changes import DATASET, UNTOLD
from exchange.domain.contract import Contract
from exchange.domain.corrections import VOIDS
from exchange.domain.masking import masked
from exchange.domain.route import Route

Frames = Mapping[str, pd.DataFrame]
What = Literal["changed", "came", "went"]
OWN: Final = frozenset({DATASET, VOIDS})
"""Datasets that tell about the exchange itself, not about a case."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One column of one row that is not the same, or a row on one side only (`column` None).

    `subject` is the case number (of an answer the claim number or the debtor's code), `row` the rest of the row's
    key. `left` and `right` are the values, those that name a person masked.
    """

    subject: str
    dataset: str
    row: str
    what: What
    column: str | None = None
    left: str | None = None
    right: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Differences:
    """Two sides compared. `left_only`, `right_only` and `both` are subjects, in order; `taken_back` are cases that a
    side takes back, with the side."""

    left_only: tuple[str, ...]
    right_only: tuple[str, ...]
    both: tuple[str, ...]
    rows: tuple[Difference, ...]
    taken_back: tuple[tuple[str, str], ...] = ()

    @property
    def changed(self) -> tuple[str, ...]:
        """Subjects on both sides some row of which differs, in order."""
        return tuple(dict.fromkeys(row.subject for row in self.rows))

    @property
    def counts(self) -> dict[str, int]:
        """How many are left only, right only, on both sides, and of these changed and unchanged."""
        changed = len(set(self.changed) & set(self.both))
        return {
            "left_only": len(self.left_only),
            "right_only": len(self.right_only),
            "both": len(self.both),
            "changed": changed,
            "unchanged": len(self.both) - changed,
        }


def compare(left: Frames, right: Frames, route: Route) -> Differences:
    """Compare text frames by dataset and key, as `landed` or `read_csv` give them.

    Missing and empty are the same, the order of rows is none, and neither the time of the last keystroke nor what an
    exchange says about itself counts. A dataset one side does not carry is not compared.
    """
    carried = [route.wire(c.dataset) for c in route.datasets if c.dataset in left and c.dataset in right]
    told = [c for c in carried if c.dataset not in OWN]
    subjects = [_subjects(side, told[0]) for side in (left, right)] if told else [{}, {}]
    both = tuple(name for name in subjects[1] if name in subjects[0])
    rows = [row for contract in told for row in _rows(left, right, contract, told[0].key[0], frozenset(both))]
    return Differences(
        left_only=tuple(name for name in subjects[0] if name not in subjects[1]),
        right_only=tuple(name for name in subjects[1] if name not in subjects[0]),
        both=both,
        rows=tuple(sorted(rows, key=lambda r: r.subject)),
        taken_back=tuple(
            (str(case), name) for name, side in (("left", left), ("right", right)) if VOIDS in side
            for case in side[VOIDS]["case_no"]
        ),
    )  # fmt: skip


def _subjects(side: Frames, contract: Contract) -> dict[str, None]:
    return dict.fromkeys(sorted(side[contract.dataset][contract.key[0]].dropna()))


def _rows(left: Frames, right: Frames, contract: Contract, subject: str, both: frozenset[str]) -> Iterator[Difference]:
    sides = [_keyed(side[contract.dataset], contract) for side in (left, right)]
    if contract.key[0] == subject:
        sides = [side.loc[side[subject].isin(both)] for side in sides]
    columns = [name for name in contract.names if name not in contract.key and name not in UNTOLD]
    there = sides[0].index.intersection(sides[1].index)
    one, other = (side.loc[there] for side in sides)
    for name in columns:
        mask = (one[name] != other[name]).to_numpy(bool)
        values = zip(_keys(one[mask], contract), one[name][mask], other[name][mask], strict=True)
        for (who, row), before, after in values:
            yield Difference(
                subject=who, dataset=contract.dataset, row=row, what="changed", column=name,
                left=masked(contract.column(name), before), right=masked(contract.column(name), after),
            )  # fmt: skip
    went, came = (a.loc[~a.index.isin(b.index)] for a, b in (sides, sides[::-1]))
    yield from (Difference(subject=s, dataset=contract.dataset, row=r, what="went") for s, r in _keys(went, contract))
    yield from (Difference(subject=s, dataset=contract.dataset, row=r, what="came") for s, r in _keys(came, contract))


def _keyed(frame: pd.DataFrame, contract: Contract) -> pd.DataFrame:
    told: pd.DataFrame = frame.reindex(columns=list(contract.names)).astype(object).fillna("")
    return told.set_index(list(contract.key), drop=False)


def _keys(rows: pd.DataFrame, contract: Contract) -> Iterator[tuple[str, str]]:
    """(subject, the rest of the key) of each row."""
    for values in rows[list(contract.key)].itertuples(index=False, name=None):
        yield str(values[0]), "|".join(map(str, values[1:]))


def as_document(found: Differences, *, left: str, right: str) -> dict[str, Any]:
    """The comparison for machines: counts, subjects, and per subject every difference."""
    by_subject: dict[str, list[dict[str, Any]]] = {}
    for one in found.rows:
        said: dict[str, Any] = {"dataset": one.dataset, "row": one.row, "what": one.what}
        if one.column is not None:
            said |= {"column": one.column, "left": one.left, "right": one.right}
        by_subject.setdefault(one.subject, []).append(said)
    return {
        "left": left,
        "right": right,
        "counts": found.counts,
        "left_only": list(found.left_only),
        "right_only": list(found.right_only),
        "taken_back": [{"case_no": case, "in": side} for case, side in found.taken_back],
        "changed": [{"subject": subject, "differences": rows} for subject, rows in by_subject.items()],
    }
