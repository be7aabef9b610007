"""Control totals: the source's own counts and sums, held against what was read, sent, held and left out.

Everything is counted by court and dataset; cases by stage too. Amounts are integer fen. The counts of one batch of
courts may be added to those of another.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from exchange.domain.contract import Contract
from exchange.domain.finding import Finding
from exchange.domain.prepare import CASES
from exchange.domain.text import as_array

CONTROLS: Final = ("_control", "_control_more")
"""The private queries that count, and their columns."""
COLUMNS: Final = ("court_code", "dataset", "stage", "measure", "figure")

REGISTER: Final = "_register"
"""Every case of the register, selected or not."""

ROWS: Final = "rows"
RULE: Final = "control_total_differs"
_MONEY: Final = r"^-?[0-9]{1,16}\.[0-9]{2}$"

Place = tuple[str, str, str]
"""Court, dataset, stage; the stage is empty but for cases."""

Counts = Mapping[Place, Mapping[str, int]]
"""Place → measure (`rows`, or a money column in fen) → figure."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Control:
    """All counts of an exchange. `source` is None where the source counts nothing by itself; it and `register` (the
    cases listed one by one) tell the whole register under `_register`.

    `chosen` is what the selection took out of what was read: it must be the source's own figure, and the sum of
    `sent`, `held` (cases) and `left` (single rows).
    """

    source: Counts | None
    register: Counts
    chosen: Counts
    sent: Counts
    held: Counts
    left: Counts = field(default_factory=dict)

    def variances(self) -> Iterator[tuple[Place, str, str, int, int]]:
        """(place, measure, what is compared, what it should be, what it is) wherever two figures differ."""
        if self.source is not None:
            read = {**self.chosen, **self.register}
            known = {ds: names for ds, names in measures_of(self.source).items() if ds != REGISTER or self.register}
            told = {place: figures for place, figures in self.source.items() if place[1] in known}
            yield from _differ(told, {p: m for p, m in read.items() if p[1] in known}, "read", known)
        parts = add([self.sent, self.held, self.left])
        yield from _differ(self.chosen, parts, "sent_held_left_out", measures_of(self.chosen))


def read_control(frame: pd.DataFrame) -> Counts:
    """The source's figures by place; a figure that is no whole number counts as 0 and will differ."""
    counts: dict[Place, dict[str, int]] = {}
    columns = [frame[name].astype(object).where(frame[name].notna(), "") for name in COLUMNS]
    for court, dataset, stage, measure, figure in zip(*columns, strict=True):
        by_stage = str(stage) if dataset in (CASES, REGISTER) else ""
        told = counts.setdefault((str(court), str(dataset), by_stage), {})
        number = str(figure).strip()
        whole = number.removeprefix("-").isdecimal() and number.isascii()
        told[str(measure)] = told.get(str(measure), 0) + (int(number) if whole else 0)
    return counts


def tally(
    frames: Mapping[str, pd.DataFrame],
    courts: tuple[pa.Array, pa.Array],
    contracts: Mapping[str, Contract],
    keep: Mapping[str, npt.NDArray[np.bool_]] | None = None,
) -> Counts:
    """Rows and money sums of prepared frames by court; of each dataset's `keep` rows where it is given.

    `courts` are records and beside them their courts. An amount that can't be read counts as nothing.
    """
    counts: dict[Place, dict[str, int]] = {}
    for dataset, contract in contracts.items():
        frame = frames.get(dataset)
        if frame is None or frame.empty or (keep is not None and not keep[dataset].any()):
            continue
        chosen = frame if keep is None else frame.loc[keep[dataset]]
        counts |= _tally(dataset, contract, chosen, *courts)
    return counts


def _tally(
    dataset: str, contract: Contract, frame: pd.DataFrame, records: pa.Array, courts: pa.Array
) -> dict[Place, dict[str, int]]:
    money = [name for name in contract.of_type("money") if name in frame]
    table = {
        "court": courts.take(pc.index_in(as_array(frame["_record"]), records, skip_nulls=True)).fill_null(""),
        "stage": as_array(frame["stage"]).fill_null("")
        if dataset == CASES
        else pa.repeat(pa.scalar("", pa.large_string()), len(frame)),
    } | {name: _fen(as_array(frame[name])) for name in money}
    wanted: list[tuple[Any, str]] = [([], "count_all"), *((name, "sum") for name in money)]
    found = pa.table(table).group_by(["court", "stage"]).aggregate(wanted).to_pylist()
    return {
        (row["court"], dataset, row["stage"]): {
            ROWS: int(row["count_all"]), **{name: int(row[f"{name}_sum"] or 0) for name in money}
        }
        for row in found
    }  # fmt: skip


def _fen(values: pa.Array) -> pa.Array:
    """Wire amounts as whole fen; what is none is null."""
    plain = pc.if_else(pc.match_substring_regex(values, _MONEY), values, None)
    return pc.cast(pc.replace_substring(plain, ".", ""), pa.decimal128(38, 0))


def add(parts: Iterable[Counts]) -> Counts:
    """Counts of several batches, or kinds, together."""
    whole: dict[Place, dict[str, int]] = {}
    for part in parts:
        for place, measures in part.items():
            into = whole.setdefault(place, {})
            for measure, figure in measures.items():
                into[measure] = into.get(measure, 0) + figure
    return whole


def measures_of(counts: Counts) -> dict[str, set[str]]:
    """Dataset → the measures it is counted by."""
    known: dict[str, set[str]] = {}
    for (_, dataset, _), measures in counts.items():
        known.setdefault(dataset, set()).update(measures)
    return known


def _differ(
    should: Counts, is_: Counts, what: str, measures: Mapping[str, set[str]]
) -> Iterator[tuple[Place, str, str, int, int]]:
    for place in sorted({*should, *is_}):
        for measure in sorted(measures.get(place[1], {ROWS})):
            left, right = should.get(place, {}).get(measure, 0), is_.get(place, {}).get(measure, 0)
            if left != right:
                yield place, measure, what, left, right


def control_findings(control: Control) -> list[Finding]:
    """One point for each figure that differs; the note says both figures, amounts in yuan."""
    return [
        Finding(
            rule=RULE,
            severity="verify",
            dataset=CASES if place[1] == REGISTER else place[1],
            record=None,
            case_no=None,
            row_key="|".join(filter(None, (*place, measure, what))),
            column=None if measure == ROWS else measure,
            note=f"{figure_text(measure, should)} ≠ {figure_text(measure, is_)}",
            comparable=False,
        )
        for place, measure, what, should, is_ in control.variances()
    ]


def figure_text(measure: str, figure: int) -> str:
    """A count as it is, an amount in yuan with two places."""
    return str(figure) if measure == ROWS else f"{Decimal(figure).scaleb(-2):.2f}"


def by_court(counts: Counts, dataset: str) -> dict[str, int]:
    """Court → rows of a dataset, whatever the stage."""
    found: dict[str, int] = {}
    for (court, name, _), measures in counts.items():
        if name == dataset:
            found[court] = found.get(court, 0) + measures.get(ROWS, 0)
    return found


def by_dataset(counts: Counts) -> dict[str, dict[str, int]]:
    """Dataset → measure → figure, all courts together."""
    found: dict[str, dict[str, int]] = {}
    for (_, dataset, _), measures in counts.items():
        into = found.setdefault(dataset, {})
        for measure, figure in measures.items():
            into[measure] = into.get(measure, 0) + figure
    return found
