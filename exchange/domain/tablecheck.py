"""Whether a table holds what its contract says. Errors name dataset, column and line, never a value."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from exchange.domain.contract import ColumnType, Contract
from exchange.domain.errors import NeedsPerson

_TEXT: Final = pa.large_string()
MONEY: Final = r"^-?[0-9]{1,16}\.[0-9]{2}$"
INT: Final = r"^-?(?:0|[1-9][0-9]{0,17})$"
_DATE: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
_TIME: Final = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?(Z|[+-][0-9]{2}:[0-9]{2})", re.ASCII
)
_PLAIN_DATE: Final = "^[12][0-9]{3}-(?:0[1-9]|1[0-2])-(?:0[1-9]|1[0-9]|2[0-8])"
_PLAIN: Final = {
    "date": _PLAIN_DATE + "$",
    "time": _PLAIN_DATE + r"T(?:[01][0-9]|2[0-3])(?::[0-5][0-9]){2}(?:Z|[+-](?:0[0-9]|1[0-4]):[0-5][0-9])$",
}
"""Days and times that surely are some: the rest are read one by one."""


def key_order(table: pa.Table, contract: Contract) -> Any:
    """Row numbers in the order of the key (§10.5): text by the bytes of its UTF-8, ints by number."""
    by = pa.table(
        {n: pc.cast(table[n], pa.int64()) if contract.column(n).type == "int" else table[n] for n in contract.key}
    )
    return pc.sort_indices(by, sort_keys=[(n, "ascending") for n in contract.key])


def check_unique(table: pa.Table, contract: Contract, order: Any, rows_before: int = 0) -> None:
    """No key stands twice: 506. `order` is that of the key."""
    if table.num_rows < 2:
        return
    same = None
    for name in contract.key:
        column = table[name].take(order).combine_chunks()
        equal = pc.equal(column.slice(1), column.slice(0, len(column) - 1))
        same = equal if same is None else pc.and_(same, equal)
    repeated = np.flatnonzero(np.asarray(pc.fill_null(same, False).to_pandas(), dtype=bool))
    if len(repeated):
        places = np.sort(np.asarray(order)[repeated + 1]) + rows_before
        raise wrong(506, contract, "|".join(contract.key), f"{len(repeated)} rows repeat a key.", places)


def check_header(header: Sequence[str], contract: Contract) -> None:
    """The columns are exactly the contract's: 501, 502, 505."""
    known = set(contract.names)
    unknown = [name for name in header if name not in known]
    if unknown:
        is_name = len(unknown) < len(header) and re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]{0,62}", unknown[0])
        named = unknown[0] if is_name else "(not a column name)"  # where the header is missing, it would be a value
        raise wrong(501, contract, named, f"{len(unknown)} columns are not in the contract.")
    missing = [name for name in contract.names if name not in header]
    if missing:
        raise wrong(502, contract, ", ".join(missing), "Columns of the contract are missing.")
    if len(header) != len(known):
        raise wrong(505, contract, "", "A column is in the header twice.")


def check_values(table: pa.Table, contract: Contract, rows_before: int = 0) -> None:
    """Every value fits its column's type, and nothing required is missing."""
    for column in contract.columns:
        values = table.column(column.name)
        if column.required or column.name in contract.key:
            missing = np.flatnonzero(np.asarray(pc.is_null(values).to_pandas(), dtype=bool))
            if len(missing):
                what = f"{len(missing)} required values are missing."
                raise wrong(504, contract, column.name, what, missing + rows_before)
        broken = pc.fill_null(unreadable(values, column.type), False)
        places = np.flatnonzero(np.asarray(broken.to_pandas(), dtype=bool))
        if len(places):
            what = f"{len(places)} values are not of type {column.type}."
            raise wrong(504, contract, column.name, what, places + rows_before)


def unreadable(values: Any, type_: ColumnType) -> Any:
    """Arrow text → which values are no value of the type (§10.4); null where there is none."""
    if type_ == "money":
        return pc.invert(pc.match_substring_regex(values, MONEY))
    if type_ == "int":
        return pc.invert(pc.match_substring_regex(values, INT))
    if type_ == "bool":
        return pc.invert(pc.is_in(values, pa.array(["true", "false", None], _TEXT)))
    if type_ in {"date", "time"}:
        is_good = _is_date if type_ == "date" else _is_time
        odd = pc.unique(values.filter(pc.invert(pc.match_substring_regex(values, _PLAIN[type_]))))
        bad = [text for text in odd.to_pylist() if text is not None and not is_good(text)]
        return pc.is_in(values, pa.array(bad, _TEXT))
    return pc.match_substring(values, "\0")


def _is_date(text: str) -> bool:
    try:
        return _DATE.fullmatch(text) is not None and bool(date.fromisoformat(text))
    except ValueError:
        return False


def _is_time(text: str) -> bool:
    try:
        return _TIME.fullmatch(text) is not None and bool(datetime.fromisoformat(text))
    except ValueError:
        return False


def wrong(code: int, contract: Contract, column: str, what: str, places: Sequence[int] | Any = ()) -> NeedsPerson:
    """A problem of rows, with the lines of the first five places."""
    lines = [int(p) + 2 for p in places[:5]]
    where = f"dataset {contract.dataset}" + (f", column {column}" if column else "")
    if lines:
        where += ", line " + ", ".join(map(str, lines)) + (" …" if len(places) > len(lines) else "")
    return NeedsPerson(code, what, where=where, next_step="Mend the rows at the end that made them and send again.")
