"""Rows on the wire: CSV as docs/packet-format.md §10 has it, written and read without loss.

UTF-8 without BOM, a header, commas, CRLF, minimal quoting, empty = missing, sorted by key: the same rows give
the same bytes. Errors name dataset, column and line (as a spreadsheet numbers them, the header is line 1),
never a value.
"""

from __future__ import annotations

import csv
import hashlib
import io
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, BinaryIO, Final

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv as pa_csv

from exchange.domain.contract import Column, Contract
from exchange.domain.errors import NeedsPerson

MAX_ROWS: Final = 500_000
"""Rows a file may hold (§10.6)."""

_SLICE: Final = 100_000
_BLOCK: Final = 16 * 2**20
_BOM: Final = b"\xef\xbb\xbf"
_TEXT: Final = pa.large_string()
_NEEDS_QUOTES: Final = '[",\r\n]'
_MONEY: Final = r"^-?[0-9]{1,16}\.[0-9]{2}$"
_MONEY_BY_HAND: Final = r"^-?[0-9]{1,16}(\.[0-9]{1,2})?$"
_INT: Final = r"^-?(0|[1-9][0-9]{0,17})$"
_DATE: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
_TIME: Final = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?(Z|[+-][0-9]{2}:[0-9]{2})", re.ASCII
)


@dataclass(frozen=True, slots=True, kw_only=True)
class TableFacts:
    """One written file: `bytes` and `sha256` (hex) of it, `totals` the exact sum of every money column as text."""

    rows: int
    bytes: int
    sha256: str
    totals: Mapping[str, str]


def write_csv(frame: pd.DataFrame, contract: Contract, out: BinaryIO) -> TableFacts:
    """Write a frame's rows as one file of the wire, sorted by key.

    Columns beginning with `_` stay at home. Raises NeedsPerson 501, 502, 504, 506, and 505 above MAX_ROWS.
    """
    table = sorted_rows(frame, contract)
    if table.num_rows > MAX_ROWS:
        raise _wrong(505, contract, "", f"{table.num_rows} rows do not fit into one file of {MAX_ROWS}.")
    return write_rows(table, contract, out)


def sorted_rows(frame: pd.DataFrame, contract: Contract) -> pa.Table:
    """A frame's rows checked against the contract, in its column order, sorted by key (§10.5).

    Text columns sort by the bytes of their UTF-8, int columns by number. Raises 501, 502, 504, 506.
    """
    _check_header([str(c) for c in frame.columns if not str(c).startswith("_")], contract)
    arrays = [
        pc.replace_with_mask(a, pc.equal(a, ""), pa.scalar(None, _TEXT)) for a in map(_array(frame), contract.names)
    ]
    table = pa.table(arrays, names=list(contract.names))
    _check_values(table, contract)
    order = _key_order(table, contract)
    _check_unique(table, contract, order)
    return table.take(order).combine_chunks()


def write_rows(table: pa.Table, contract: Contract, out: BinaryIO) -> TableFacts:
    """Write rows that `sorted_rows` gave (or a slice of them) as one file."""
    digest, size = hashlib.sha256(), 0
    header = ",".join(contract.names).encode() + b"\r\n"
    for chunk in [header, *(_lines(table.slice(at, _SLICE)) for at in range(0, table.num_rows, _SLICE))]:
        out.write(chunk)
        digest.update(chunk)
        size += len(chunk)
    return TableFacts(rows=table.num_rows, bytes=size, sha256=digest.hexdigest(), totals=money_totals(table, contract))


def money_totals(rows: pa.Table | pd.DataFrame, contract: Contract) -> dict[str, str]:
    """The exact sum of every money column, as text with two places; `0.00` where there is none (§6.4)."""
    totals = {}
    for name in contract.of_type("money"):
        column = rows.column(name) if isinstance(rows, pa.Table) else _array(rows)(name)
        total = pc.sum(pc.cast(column, pa.decimal128(38, 2))).as_py()
        totals[name] = str(total if total is not None else Decimal("0.00"))
    return totals


def add_totals(one: Mapping[str, str], other: Mapping[str, str]) -> dict[str, str]:
    """Two files' totals of the same dataset together."""
    names = [*one, *(n for n in other if n not in one)]
    return {n: str(Decimal(one.get(n, "0.00")) + Decimal(other.get(n, "0.00"))) for n in names}


def read_csv(data: bytes | BinaryIO, contract: Contract, *, zero_one_bools: bool = False) -> pd.DataFrame:
    """A file's rows as a frame of `str` columns in the contract's order, missing as NaN.

    The header holds exactly the contract's columns, in any order; a BOM is let pass. `zero_one_bools` is for files
    made by people: 0/1 as bool and money with fewer places are taken and brought to wire form.
    Raises NeedsPerson 501, 502, 504, 505, 506.
    """
    raw = (data if isinstance(data, bytes) else data.read()).removeprefix(_BOM)
    header = _header(raw, contract)
    _check_header(header, contract)
    _check_quotes(raw, contract)
    table = _parse(raw, contract)
    if zero_one_bools:
        table = _from_people(table, contract)
    _check_values(table, contract)
    _check_unique(table, contract, _key_order(table, contract))
    return pd.DataFrame({name: pd.Series(table.column(name).to_pandas(), dtype="str") for name in contract.names})


def join_frames(frames: Sequence[pd.DataFrame], contract: Contract) -> pd.DataFrame:
    """The files of one dataset as one frame; NeedsPerson 506 when a key is in two of them."""
    whole = pd.concat(frames, ignore_index=True) if len(frames) > 1 else frames[0]
    repeated = np.flatnonzero(whole.duplicated(list(contract.key)).to_numpy())
    if len(repeated):
        raise _wrong(506, contract, "|".join(contract.key), f"{len(repeated)} keys are in more than one row.")
    return whole


def _array(frame: pd.DataFrame) -> Callable[[str], Any]:
    def column(name: str) -> Any:
        try:
            found = pa.array(frame[name], type=_TEXT, from_pandas=True)
        except (pa.ArrowInvalid, pa.ArrowTypeError, UnicodeEncodeError):
            found = None
        if found is None:
            raise NeedsPerson(504, "A column does not hold text.", where=f"column {name}", next_step="Read it as text.")
        if isinstance(found, pa.ChunkedArray):
            return pa.chunked_array([chunk.cast(_TEXT) for chunk in found.chunks], type=_TEXT).combine_chunks()
        return found

    return column


def _lines(table: pa.Table) -> bytes:
    """The rows as bytes: each column quoted where it must be, joined; the joined column's buffer is the file."""
    alone = table.num_columns == 1
    fields = []
    for column in table.combine_chunks().itercolumns():
        text = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
        special = pc.match_substring_regex(text, _NEEDS_QUOTES)
        if pc.any(special).as_py():
            doubled = pc.replace_substring(text, '"', '""')
            quoted = pc.binary_join_element_wise(_scalar('"'), doubled, _scalar('"'), _scalar(""))
            text = pc.if_else(special, quoted, text)
        fields.append(pc.fill_null(text, '""' if alone else ""))
    rows = pc.binary_join_element_wise(*fields, _scalar(","))
    ended = pc.binary_join_element_wise(rows, _scalar("\r\n"), _scalar(""))
    joined = ended.combine_chunks() if isinstance(ended, pa.ChunkedArray) else ended
    offsets = np.frombuffer(joined.buffers()[1], dtype=np.int64)[joined.offset : joined.offset + len(joined) + 1]
    first, end = int(offsets[0]), int(offsets[-1])
    return bytes(memoryview(joined.buffers()[2])[first:end])


def _scalar(text: str) -> Any:
    return pa.scalar(text, _TEXT)


def _key_order(table: pa.Table, contract: Contract) -> Any:
    by = pa.table(
        {n: pc.cast(table[n], pa.int64()) if contract.column(n).type == "int" else table[n] for n in contract.key}
    )
    return pc.sort_indices(by, sort_keys=[(n, "ascending") for n in contract.key])


def _check_unique(table: pa.Table, contract: Contract, order: Any) -> None:
    if table.num_rows < 2:
        return
    same = None
    for name in contract.key:
        column = table[name].take(order).combine_chunks()
        equal = pc.equal(column.slice(1), column.slice(0, len(column) - 1))
        same = equal if same is None else pc.and_(same, equal)
    repeated = np.flatnonzero(np.asarray(pc.fill_null(same, False).to_pandas(), dtype=bool))
    if len(repeated):
        places = np.sort(np.asarray(order)[repeated + 1])
        raise _wrong(506, contract, "|".join(contract.key), f"{len(repeated)} rows repeat a key.", places)


def _header(raw: bytes, contract: Contract) -> list[str]:
    line = raw[: raw.find(b"\n") + 1] or raw
    try:
        rows = list(csv.reader(io.StringIO(line.decode("utf-8"), newline=""), strict=True))
    except (ValueError, csv.Error):
        rows = []
    if b"\0" in raw or len(rows) != 1 or not rows[0]:
        raise _wrong(505, contract, "", "The file has no header, or is not CSV in UTF-8.")
    return rows[0]


def _check_header(header: Sequence[str], contract: Contract) -> None:
    known = set(contract.names)
    unknown = [name for name in header if name not in known]
    if unknown:
        is_name = len(unknown) < len(header) and re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]{0,62}", unknown[0])
        named = unknown[0] if is_name else "(not a column name)"  # where the header is missing, it would be a value
        raise _wrong(501, contract, named, f"{len(unknown)} columns are not in the contract.")
    missing = [name for name in contract.names if name not in header]
    if missing:
        raise _wrong(502, contract, ", ".join(missing), "Columns of the contract are missing.")
    if len(header) != len(known):
        raise _wrong(505, contract, "", "A column is in the header twice.")


def _check_quotes(raw: bytes, contract: Contract) -> None:
    """RFC 4180 quoting, which the parser takes too lightly: a quote opens at a field's start, closes at its end."""
    if b'"' not in raw:
        return
    body = np.frombuffer(raw, dtype=np.uint8)
    at = np.flatnonzero(body == ord('"'))
    before = np.where(at[::2] > 0, body[at[::2] - 1], ord("\n"))
    closing = at[1::2]
    after = np.where(closing + 1 < len(body), body[np.minimum(closing + 1, len(body) - 1)], ord("\n"))
    well = len(at) % 2 == 0 and np.isin(before, list(b',\n"')).all() and np.isin(after, list(b',\r\n"')).all()
    if not well:
        raise _wrong(505, contract, "", "A quotation mark stands where RFC 4180 has none.")


def _parse(raw: bytes, contract: Contract) -> pa.Table:
    try:
        table = pa_csv.read_csv(
            pa.BufferReader(raw),
            read_options=pa_csv.ReadOptions(block_size=min(max(len(raw), 1), _BLOCK), use_threads=True),
            parse_options=pa_csv.ParseOptions(newlines_in_values=b'"' in raw, ignore_empty_lines=False),
            convert_options=pa_csv.ConvertOptions(
                column_types=dict.fromkeys(contract.names, _TEXT),
                include_columns=list(contract.names),
                null_values=[""],
                strings_can_be_null=True,
                check_utf8=True,
            ),
        )
    except (pa.ArrowInvalid, pa.ArrowKeyError):
        table = None
    if table is None:
        raise _wrong(505, contract, "", "The file is not CSV in UTF-8 with the same number of fields in every line.")
    if table.num_rows > MAX_ROWS:
        raise _wrong(505, contract, "", f"The file has more than {MAX_ROWS} rows.")
    return table.combine_chunks()


def _from_people(table: pa.Table, contract: Contract) -> pa.Table:
    """0/1 and short money brought to wire form; what fits neither stays, to be refused after."""
    for position, column in enumerate(contract.columns):
        text = table.column(position)
        if column.type == "bool":
            text = pc.if_else(pc.equal(text, "1"), "true", pc.if_else(pc.equal(text, "0"), "false", text))
        elif column.type == "money":
            plain = pc.match_substring_regex(text, _MONEY_BY_HAND)
            padded = pc.if_else(pc.match_substring(text, "."), text, _join(text, "."))
            padded = pc.if_else(pc.match_substring_regex(padded, r"\.[0-9]$"), _join(padded, "0"), padded)
            padded = pc.if_else(pc.match_substring_regex(padded, r"\.$"), _join(padded, "00"), padded)
            text = pc.if_else(plain, padded, text)
        table = table.set_column(position, column.name, pc.cast(text, _TEXT))
    return table


def _join(text: Any, suffix: str) -> Any:
    return pc.binary_join_element_wise(text, _scalar(suffix), _scalar(""))


def _check_values(table: pa.Table, contract: Contract) -> None:
    """Every value fits its column's type, and nothing required is missing."""
    for column in contract.columns:
        values = table.column(column.name)
        if column.required or column.name in contract.key:
            missing = np.flatnonzero(np.asarray(pc.is_null(values).to_pandas(), dtype=bool))
            if len(missing):
                raise _wrong(504, contract, column.name, f"{len(missing)} required values are missing.", missing)
        broken = pc.fill_null(_broken(values, column), False)
        places = np.flatnonzero(np.asarray(broken.to_pandas(), dtype=bool))
        if len(places):
            raise _wrong(504, contract, column.name, f"{len(places)} values are not of type {column.type}.", places)


def _broken(values: Any, column: Column) -> Any:
    if column.type == "money":
        return pc.invert(pc.match_substring_regex(values, _MONEY))
    if column.type == "int":
        return pc.invert(pc.match_substring_regex(values, _INT))
    if column.type == "bool":
        return pc.invert(pc.is_in(values, pa.array(["true", "false", None], _TEXT)))
    if column.type in {"date", "time"}:
        is_good = _is_date if column.type == "date" else _is_time
        bad = [text for text in pc.unique(values).to_pylist() if text is not None and not is_good(text)]
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


def _wrong(code: int, contract: Contract, column: str, what: str, places: Sequence[int] | Any = ()) -> NeedsPerson:
    lines = [int(p) + 2 for p in places[:5]]
    where = f"dataset {contract.dataset}" + (f", column {column}" if column else "")
    if lines:
        where += ", line " + ", ".join(map(str, lines)) + (" …" if len(places) > len(lines) else "")
    return NeedsPerson(code, what, where=where, next_step="Mend the rows at the end that made them and send again.")
