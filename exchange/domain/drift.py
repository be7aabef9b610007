"""Source drift 来源变化: where what a source gives no longer is what the contract expects, told once, in its words.

A single wrong value is the checks' business. Here whole columns are looked at: half of a column's values can't be read
any more, a column went empty, a code that no list has keeps coming. No value of a row is told, but for codes.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from decimal import Decimal
from typing import Any, Final

import pandas as pd

from exchange.domain.audit import Event, ExchangeRecord
from exchange.domain.canonical import canonical_json, sha256_hex, strict_json
from exchange.domain.contract import CodeList, Column, ColumnType, Contract
from exchange.domain.errors import NeedsPerson
from exchange.domain.finding import Finding
from exchange.domain.lifecycle import GONE
from exchange.domain.period import Period
from exchange.domain.route import Drift, Route
from exchange.domain.types import UNREADABLE

RULE: Final = "source_drift"
PROFILE: Final = "profile.json"
"""Where an exchange's profile lies in the vault."""

_DICTIONARY: Final = re.compile(r"[0-9A-Za-z_-]{1,6}")
"""What can only be a code; anything else in a column of codes is counted and not shown."""

_TYPES: Final[Mapping[ColumnType, tuple[str, str]]] = {
    "date": ("日期", "dates"), "time": ("时刻", "times"), "money": ("金额", "amounts"),
    "int": ("整数", "whole numbers"), "bool": ("是否", "yes or no"),
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnProfile:
    """How one column looks: values that are there, those its type can't read, codes off the list with their rows."""

    filled: int
    unreadable: int = 0
    codes: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class DatasetProfile:
    """How one dataset looks: its rows, and its columns by name."""

    rows: int
    columns: Mapping[str, ColumnProfile]


Profile = Mapping[str, DatasetProfile]
"""Dataset → how it looks. Holds counts and codes alone."""


def profile_of(
    frames: Mapping[str, pd.DataFrame], findings: Iterable[Finding], *, route: Route, codes: Mapping[str, CodeList]
) -> Profile:
    """How prepared rows look, given what their checks found."""
    unreadable = Counter((f.dataset, f.column) for f in findings if f.rule == UNREADABLE)
    found: dict[str, DatasetProfile] = {}
    for dataset, frame in frames.items():
        columns = {
            column.name: ColumnProfile(
                filled=int(frame[column.name].notna().sum()), unreadable=unreadable[dataset, column.name],
                codes=_unknown(frame[column.name], column, codes),
            )
            for column in route.contract(dataset).columns
        }  # fmt: skip
        found[dataset] = DatasetProfile(rows=len(frame), columns=columns)
    return found


def _unknown(values: pd.Series, column: Column, codes: Mapping[str, CodeList]) -> dict[str, int]:
    """Codes that no list has, with their rows; what is no code at all is counted under an empty one."""
    if column.type != "code" or column.code_list not in codes:
        return {}
    off = values[values.notna() & ~values.isin(list(codes[str(column.code_list)].names_zh))]
    told: Counter[str] = Counter()
    for text, count in off.value_counts().items():
        told[str(text) if _DICTIONARY.fullmatch(str(text)) else ""] += int(count)
    return dict(sorted(told.items()))


def together(parts: Iterable[Profile]) -> Profile:
    """The profiles of a quarter's batches as one."""
    whole: dict[str, DatasetProfile] = {}
    for part in parts:
        for dataset, told in part.items():
            whole[dataset] = _added(whole[dataset], told) if dataset in whole else told
    return whole


def _added(one: DatasetProfile, other: DatasetProfile) -> DatasetProfile:
    columns = {
        name: ColumnProfile(
            filled=column.filled + other.columns[name].filled,
            unreadable=column.unreadable + other.columns[name].unreadable,
            codes=dict(sorted((Counter(column.codes) + Counter(other.columns[name].codes)).items())),
        )
        for name, column in one.columns.items()
    }
    return DatasetProfile(rows=one.rows + other.rows, columns=columns)


def drifts(now: Profile, before: Profile | None, route: Route) -> Iterator[Finding]:
    """Each column that drifted, as a point (severity verify), at the place `dataset.column|what`; none on a route whose
    terms do not say from when on (`drift:`).

    `before` is the profile of the last quarter that went out, None when there is none: then what only a comparison
    shows (an optional column that went empty) is not told.
    """
    terms = route.drift
    if terms is None:
        return
    for dataset, told in now.items():
        contract = route.contract(dataset)
        last = before.get(dataset) if before is not None else None
        for column in contract.columns:
            old = last.columns.get(column.name) if last is not None else None
            for what, note in _column(terms, column, told, told.columns[column.name], last, old):
                yield _finding(contract, column, what, note)


def _column(
    limits: Drift,
    column: Column,
    told: DatasetProfile,
    now: ColumnProfile,
    last: DatasetProfile | None,
    old: ColumnProfile | None,
) -> Iterator[tuple[str, str]]:
    empty, least = told.rows - now.filled, limits.rows
    was_filled = last is not None and old is not None and _many(old.filled, limits.filled_before * last.rows, least)
    gone = (
        empty >= limits.empty * told.rows
        if column.required
        else was_filled and now.filled < limits.filled_now * told.rows
    )
    if empty >= least and gone:
        before = f"，上期 last quarter {last.rows - old.filled}/{last.rows}" if last and old else ""
        yield "empty", f"空值 empty {empty}/{told.rows}{before}"
    if _many(now.unreadable, limits.unreadable * now.filled, least):
        zh, en = _TYPES.get(column.type, ("该类型", "of its type"))
        before = f"，上期 last quarter {old.unreadable}/{old.filled}" if old else ""
        yield "type", f"不是{zh} not {en} {now.unreadable}/{now.filled}{before}"
    new = {c: n for c, n in now.codes.items() if _many(n, limits.code * now.filled, least)}
    if new:
        named = "、".join(f"{code or '非代码文本 no code'} ×{count}" for code, count in new.items())
        yield "code", f"代码表 {column.code_list} 没有 not on the list: {named}"


def _many(rows: int, share: Decimal, least: int) -> bool:
    return rows >= least and rows >= share


def _finding(contract: Contract, column: Column, what: str, note: str) -> Finding:
    return Finding(
        rule=RULE, severity="verify", dataset=contract.dataset, record=None, case_no=None,
        row_key=f"{contract.dataset}.{column.name}|{what}", column=column.name,
        note=f"{contract.title_zh}·{column.title_zh} {contract.dataset}.{column.name}: {note}", comparable=False,
    )  # fmt: skip


def dump_profile(profile: Profile) -> bytes:
    """`profile.json`: counts and codes, nothing of a row."""
    return canonical_json({dataset: asdict(told) for dataset, told in profile.items()})


def load_profile(data: bytes) -> Profile:
    """What `dump_profile` wrote."""
    stored: dict[str, Any] = strict_json(data)
    return {
        dataset: DatasetProfile(
            rows=told["rows"], columns={name: ColumnProfile(**one) for name, one in told["columns"].items()}
        )
        for dataset, told in stored.items()
    }


def last_profile(
    known: Sequence[ExchangeRecord],
    period: Period,
    *,
    events: Callable[[str], Iterable[Event]],
    read: Callable[[str], bytes | None],
) -> Profile | None:
    """The profile of the last quarter before a period that went out; None when none was kept.

    `read` gives an exchange's stored profile by its key. NeedsPerson 949 when it was changed after the checks.
    """
    earlier = [
        (Period.parse(one.period), one.key)
        for one in known
        if one.direction == "out" and one.kind == "Q" and one.state in GONE and one.period is not None
    ]
    for _, key in sorted((one for one in earlier if one[0] < period), reverse=True)[:1]:
        told = [e.body.get("profile_sha256") for e in events(key) if e.kind in ("checked", "stopped")]
        data = read(key) if told and told[-1] is not None else None
        if data is None:
            return None
        if sha256_hex(data) != told[-1]:
            raise NeedsPerson(
                949,
                "The profile of an earlier quarter was changed after its checks.",
                where=f"{key}/{PROFILE}",
                next_step="Restore the file from the backup, or remove it: that quarter says nothing then.",
            )
        return load_profile(data)
    return None
