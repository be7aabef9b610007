"""Rows on the wire: CSV as docs/packet-format.md §10 has it, written and read without loss.

UTF-8 without BOM, a header, commas, CRLF, minimal quoting, empty = missing, sorted by key: the same rows give
the same bytes. Errors name dataset, column and line (as a spreadsheet numbers them, the header is line 1),
never a value.
"""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any, BinaryIO, Final

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv as pa_csv

from exchange.domain.contract import Contract
from exchange.domain.csv_blocks import blocks, well_quoted
from exchange.domain.errors import NeedsPerson
from exchange.domain.tablecheck import check_header, check_unique, check_values, key_order, wrong

MAX_ROWS: Final = 500_000
"""Rows a file may hold (§10.6)."""

_SLICE: Final = 100_000
_BLOCK: Final = 16 * 2**20
_BOM: Final = b"\xef\xbb\xbf"
_TEXT: Final = pa.large_string()
_NEEDS_QUOTES: Final = '[",\r\n]'
_MONEY_BY_HAND: Final = r"^-?[0-9]{1,16}(\.[0-9]{1,2})?$"


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
        raise wrong(505, contract, "", f"{table.num_rows} rows do not fit into one file of {MAX_ROWS}.")
    file = RowsFile(contract, out)
    file.add(table)
    return file.facts


def sorted_rows(frame: pd.DataFrame, contract: Contract) -> pa.Table:
    """A frame's rows checked against the contract, in its column order, sorted by key (§10.5).

    Text columns sort by the bytes of their UTF-8, int columns by number. Raises 501, 502, 504, 506.
    """
    check_header([str(c) for c in frame.columns if not str(c).startswith("_")], contract)
    table = pa.table(list(map(_present, map(_array(frame), contract.names))), names=list(contract.names))
    check_values(table, contract)
    return sorted_together(table, contract)


def _present(values: Any) -> Any:
    """The same with empty texts missing; few columns hold one at all."""
    empty = pc.equal(pc.binary_length(values), 0)
    return pc.replace_with_mask(values, empty, pa.scalar(None, _TEXT)) if pc.any(empty).as_py() else values


def sorted_together(table: pa.Table, contract: Contract) -> pa.Table:
    """Checked rows in the order of their key; NeedsPerson 506 when one is there twice."""
    order = key_order(table, contract)
    check_unique(table, contract, order)
    return table.take(order).combine_chunks()


def no_rows(contract: Contract) -> pa.Table:
    """A table of the contract's columns without rows."""
    return pa.table({name: pa.array([], _TEXT) for name in contract.names})


class RowsFile:
    """One file of the wire, written part by part from rows that `sorted_rows` gave."""

    def __init__(self, contract: Contract, out: BinaryIO) -> None:
        self._contract, self._out, self._digest = contract, out, hashlib.sha256()
        self._size, self.rows = 0, 0
        self._totals = money_totals(no_rows(contract), contract)
        self._put(",".join(contract.names).encode() + b"\r\n")

    def add(self, table: pa.Table) -> None:
        """Write rows after those already there."""
        for at in range(0, table.num_rows, _SLICE):
            self._put(_lines(table.slice(at, _SLICE)))
        self.rows += table.num_rows
        self._totals = add_totals(self._totals, money_totals(table, self._contract))

    def _put(self, data: bytes) -> None:
        self._out.write(data)
        self._digest.update(data)
        self._size += len(data)

    @property
    def facts(self) -> TableFacts:
        """The file as far as it was written."""
        return TableFacts(rows=self.rows, bytes=self._size, sha256=self._digest.hexdigest(), totals=self._totals)


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
    check_header(_header(raw, contract), contract)
    table = _parse(raw, contract)
    if zero_one_bools:
        table = _from_people(table, contract)
    check_values(table, contract)
    check_unique(table, contract, key_order(table, contract))
    return _frame(table, contract)


def read_kept(data: bytes, contract: Contract) -> pd.DataFrame:
    """Rows this end wrote, maybe under another version, in the contract's columns: one the file lacks is missing, one
    it has beside them is left out. Values were checked when they were written. NeedsPerson 502 without a key's column.
    """
    header = _header(data, contract)
    if lacking := [name for name in contract.key if name not in header]:
        raise wrong(502, contract, ", ".join(lacking), "The rows had another key then.")
    there = replace(contract, columns=tuple(c for c in contract.columns if c.name in header))
    return _frame(_parse(data, there), there).reindex(columns=list(contract.names)).astype("str")


def read_parts(
    stream: BinaryIO, contract: Contract, order: KeyOrder | None, *, from_people: bool = False
) -> Iterator[pd.DataFrame]:
    """The same rows part by part, a few MiB at a time; each part's keys are unique, and `order` sees them pass.

    Without `order` neither values nor keys are looked at: the bytes are known to be what `RowsFile` wrote. A file made
    by people (as `zero_one_bools` above) may hold any number of rows: it is no file of the wire.
    """
    header, rows = b"", 0
    for block in _blocks(stream, contract):
        if not header:
            raw = block.removeprefix(_BOM)
            check_header(_header(raw, contract), contract)
            header = raw[: raw.find(b"\n") + 1] or raw
        else:
            raw = header + block
        table = _parse(raw, contract)
        if from_people:
            table = _from_people(table, contract)
        if order is not None:
            check_values(table, contract, rows)
            order.see(table, rows)
        rows += table.num_rows
        if not from_people:
            _check_many(rows, contract)
        yield _frame(table, contract)


def _blocks(stream: BinaryIO, contract: Contract) -> Iterator[bytes]:
    cut = blocks(stream)
    try:
        yield next(cut, b"")
        yield from cut
    except ValueError:
        raise wrong(505, contract, "", "A row never ends.") from None


class KeyOrder:
    """Whether the keys of a dataset's rows come in ascending order, through all its parts and files."""

    def __init__(self, contract: Contract) -> None:
        self._contract = contract
        self._last: tuple[Any, ...] | None = None
        self.kept = True

    def see(self, table: pa.Table, rows_before: int = 0) -> None:
        """Look at the next part; NeedsPerson 506 when a key is twice in it."""
        order = key_order(table, self._contract)
        check_unique(table, self._contract, order, rows_before)
        if not table.num_rows or not self.kept:
            return
        first, last = (self._key(table, n) for n in (0, table.num_rows - 1))
        ascending = bool((np.asarray(order) == np.arange(table.num_rows)).all())
        self.kept = ascending and (self._last is None or self._last < first)
        self._last = last

    def _key(self, table: pa.Table, row: int) -> tuple[Any, ...]:
        texts = [table[name][row].as_py() for name in self._contract.key]
        is_int = [self._contract.column(name).type == "int" for name in self._contract.key]
        return tuple(int(text) if number else text for text, number in zip(texts, is_int, strict=True))


def _frame(table: pa.Table, contract: Contract) -> pd.DataFrame:
    return pd.DataFrame({name: pd.Series(table.column(name).to_pandas(), dtype="str") for name in contract.names})


def join_frames(frames: Sequence[pd.DataFrame], contract: Contract) -> pd.DataFrame:
    """The files of one dataset as one frame; NeedsPerson 506 when a key is in two of them."""
    whole = pd.concat(frames, ignore_index=True) if len(frames) > 1 else frames[0]
    repeated = np.flatnonzero(whole.duplicated(list(contract.key)).to_numpy())
    if len(repeated):
        raise wrong(506, contract, "|".join(contract.key), f"{len(repeated)} keys are in more than one row.")
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


def _header(raw: bytes, contract: Contract) -> list[str]:
    line = raw[: raw.find(b"\n") + 1] or raw
    try:
        rows = list(csv.reader(io.StringIO(line.decode("utf-8"), newline=""), strict=True))
    except (ValueError, csv.Error):
        rows = []
    if len(rows) != 1 or not rows[0]:
        raise wrong(505, contract, "", "The file has no header, or is not CSV in UTF-8.")
    return rows[0]


def _parse(raw: bytes, contract: Contract) -> pa.Table:
    if b"\0" in raw:
        raise wrong(505, contract, "", "The file is not CSV in UTF-8: it holds a zero byte.")
    if not well_quoted(raw):
        raise wrong(505, contract, "", "A quotation mark stands where RFC 4180 has none.")
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
        raise wrong(505, contract, "", "The file is not CSV in UTF-8 with the same number of fields in every line.")
    _check_many(table.num_rows, contract)
    return table.combine_chunks()


def _check_many(rows: int, contract: Contract) -> None:
    if rows > MAX_ROWS:
        raise wrong(505, contract, "", f"The file has more than {MAX_ROWS} rows.")


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
