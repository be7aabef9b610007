"""The docket 案号登记: serials that are missing where a court's numbers should run without gaps.

法〔2015〕137号 art. 9-10: the serial is a natural number in the order of filing, counted for each year, court and type
by itself. So from all numbers a register holds, also those that are never exchanged, it can be told which ones are
not there. Legacy forms are left out; a malformed number fills no place, but is named as what probably explains one.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from exchange.domain.case_number import PROVINCES, TYPES, normalise, parse
from exchange.domain.finding import Finding
from exchange.domain.prepare import CASES
from exchange.domain.route import Party, Route
from exchange.domain.serials import DOCKET_GAP, Spans, holds, spans_text
from exchange.domain.text import as_array

DOCKET: Final = "_docket"
"""The private query that reads the whole register, and its columns."""
COLUMNS: Final = ("_record", "case_no", "court_code", "stage", "terminated_on", "source_updated_at")

FIRST_YEAR: Final = "docket_first_year"
"""The figure of the terms: the first year looked at, where a court says nothing else."""

_STRICT: Final = rf"^（(?P<y>20[0-9]{{2}})）(?P<c>[{PROVINCES}][0-9]{{2,4}})(?P<t>{TYPES})(?P<n>[1-9][0-9]{{0,14}})号$"
_PARTS: Final = {"code": "c", "year": "y", "kind": "t", "serial": "n"}
_SERIES: Final = ["code", "year", "kind"]
_KINDS: Final = pd.CategoricalDtype(sorted(TYPES.split("|")))
_Key = tuple[str, int, str]
_TOO_LONG: Final = 16
_TRACE: Final = re.compile(
    rf"(?P<y>20[0-9]{{2}})\D{{0,3}}?(?P<c>[{PROVINCES}][0-9]{{2,4}})?(?P<t>{TYPES})\D{{0,4}}?0*(?P<n>[1-9][0-9]{{0,14}})"
)
"""What a number that is none still shows: year, perhaps a court's code, type, serial."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hint:
    """A row of the register that may explain a missing serial: its number is `malformed`, has an `other_code`, or is
    there twice (`doubled`). `serial` is the place it shows; None where it shows none. `record` stays at home."""

    record: str
    why: str
    serial: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """The numbers of one court code, year and type: the highest, how many are there, and which are missing below it."""

    code: str
    year: int
    kind: str
    highest: int
    held: int
    missing: Spans
    hints: tuple[Hint, ...] = ()

    @property
    def key(self) -> str:
        """`冀1103|2026|破`, as a place."""
        return f"{self.code}|{self.year}|{self.kind}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Numbers:
    """The numbers of some courts' register: one row for each well-formed one of the party's codes, and the odd ones.

    `good` has `code`, `year`, `kind`, `serial` (in small kinds, for those of a country are held at once) and `_record`;
    `odd` are rows whose number fills no place, as (record, number brought to its form, court id).
    """

    good: pd.DataFrame
    odd: tuple[tuple[str, str, str], ...]


def numbers_of(register: pd.DataFrame, sender: Party) -> Numbers:
    """The numbers of a register's rows (columns of `_docket`), those of the sender's own court codes to be counted.

    A number counts for the code it shows, whichever of the sender's courts holds the row. May be read batch by
    batch and joined with `joined`.
    """
    codes = {code.code for court in sender.courts for code in court.codes}
    raw, records, courts = (as_array(register[name]) for name in ("case_no", "_record", "court_code"))
    found = pc.extract_regex(raw, _STRICT)
    ours = pc.fill_null(pc.is_in(found.field("c"), pa.array(sorted(codes), found.field("c").type)), False)
    read = pa.table({**{name: pc.filter(found.field(part), ours) for name, part in _PARTS.items()},
                     "_record": pc.filter(records, ours)})  # fmt: skip
    more: list[dict[str, str]] = []
    odd: list[tuple[str, str, str]] = []
    for n in np.flatnonzero(~ours.to_numpy(zero_copy_only=False)):
        text, record = normalise(raw[int(n)].as_py() or ""), str(records[int(n)].as_py())
        number = parse(text)
        if number.form == "strict" and number.code in codes and len(number.serial) < _TOO_LONG:
            parts = (number.code, number.year, number.kind, number.serial, record)
            more.append(dict(zip((*_PARTS, "_record"), parts, strict=True)))
        elif number.form in ("strict", "malformed") and text:
            odd.append((record, text, courts[int(n)].as_py() or ""))
    good = pd.concat([read.to_pandas(), pd.DataFrame(more, columns=[*_PARTS, "_record"], dtype="str")])
    kinds = {"code": pd.CategoricalDtype(sorted(codes)), "kind": _KINDS, "year": "int16", "serial": "int64"}
    return Numbers(good=good.astype(kinds).reset_index(drop=True), odd=tuple(odd))


def joined(parts: Sequence[Numbers]) -> Numbers:
    """The numbers of several batches of courts together; ValueError for none."""
    good = pd.concat([part.good for part in parts], ignore_index=True)
    return Numbers(good=good, odd=tuple(one for part in parts for one in part.odd))


def looked_at(numbers: Numbers, *, sender: Party, route: Route, as_of: date) -> pd.DataFrame:
    """The numbers of the years from the one a court's file (else the terms) names up to that of `as_of`."""
    good = numbers.good
    since = good["code"].map(first_years(sender, route, as_of)).astype("int64")
    return good.loc[((good["year"] >= since) & (good["year"] <= as_of.year)).to_numpy(bool)]


def gaps(numbers: Numbers, looked: pd.DataFrame, *, sender: Party) -> tuple[Series, ...]:
    """The series that have missing serials, by code, year and type. Above the highest serial nothing is missing."""
    ordered = looked[[*_SERIES, "serial"]].sort_values([*_SERIES, "serial"], kind="stable")
    once = ordered.drop_duplicates()
    before = once.groupby(_SERIES, sort=False, observed=True)["serial"].shift(fill_value=0)
    jumps = once.assign(first=before + 1, last=once["serial"] - 1).loc[once["serial"] - before > 1]
    again = ordered.index[ordered.duplicated(keep=False)]
    spans, twice = _by_series(jumps, "first", "last"), _by_series(looked.loc[again], "_record")
    there = once.groupby(_SERIES, observed=True)["serial"].agg(["max", "size"])
    sizes = dict(zip(there.index.tolist(), there.to_numpy().tolist(), strict=True))
    hints = _hints(numbers.odd, spans, sender)
    return tuple(
        Series(
            code=key[0], year=key[1], kind=key[2], highest=sizes[key][0], held=sizes[key][1], missing=tuple(missing),
            hints=(*hints.get(key, ()), *(Hint(record=r, why="doubled", serial=None) for (r,) in twice.get(key, ()))),
        )
        for key, missing in sorted(spans.items())
    )  # fmt: skip


def _by_series(rows: pd.DataFrame, *columns: str) -> dict[_Key, list[tuple[Any, ...]]]:
    """Each series' values of some columns, in the rows' order."""
    found: dict[_Key, list[tuple[Any, ...]]] = {}
    values = [rows[name].tolist() for name in columns]
    for key, row in zip(
        zip(*(rows[name].tolist() for name in _SERIES), strict=True), zip(*values, strict=True), strict=True
    ):
        found.setdefault(key, []).append(row)
    return found


def first_years(sender: Party, route: Route, on: date) -> dict[str, int]:
    """Court code → the first year whose numbers are looked through: the court's own entry in force, else the terms'."""
    found: dict[str, int] = {}
    for court in sender.courts:
        told = [start for start in court.docket_from if start.since <= on]
        year = int(max(told, key=lambda start: start.since).value) if told else int(route.figure(FIRST_YEAR, on))
        found |= {code.code: year for code in court.codes}
    return found


def _hints(
    odd: Sequence[tuple[str, str, str]], missing: Mapping[_Key, Sequence[tuple[int, int]]], sender: Party
) -> dict[_Key, list[Hint]]:
    """What odd rows say about series with missing serials.

    A code that is none of our courts' counts as mistaken for the code of the row's own court; a number that shows no
    serial may be any of its court's.
    """
    own = {court.id: [code.code for code in court.codes] for court in sender.courts}
    known = {code for codes in own.values() for code in codes}
    found: dict[_Key, list[Hint]] = {}
    for record, text, court in odd:
        seen = _TRACE.search(text)
        if seen is None:
            hint = Hint(record=record, why="malformed", serial=None)
            for key in [key for key in missing if key[0] in own.get(court, ())]:
                found.setdefault(key, []).append(hint)
            continue
        serial, shown = int(seen["n"]), seen["c"]
        why = "other_code" if shown is not None and shown not in known else "malformed"
        for code in [shown] if shown in known else own.get(court, ()):
            key = (code, int(seen["y"]), seen["t"])
            if holds(tuple(missing.get(key, ())), serial):
                found.setdefault(key, []).append(Hint(record=record, why=why, serial=serial))
    return found


def gap_findings(open_: Mapping[str, Spans]) -> list[Finding]:
    """One point for each series with unexplained missing serials; the note names them."""
    return [
        Finding(
            rule=DOCKET_GAP, severity="verify", dataset=CASES, record=None, case_no=None, row_key=key, column="case_no",
            note=spans_text(spans), comparable=False,
        )
        for key, spans in open_.items()
        if spans
    ]  # fmt: skip
