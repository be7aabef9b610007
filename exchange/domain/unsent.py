"""Cases of the register that an exchange did not take along: those the checks hold, and those nobody selected.

Read from what was extracted, a few columns at a time; names are asked of the cases held alone.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO, Final

from exchange.domain.case_entry import CASES, DEBTORS, NAMES
from exchange.domain.case_index import squeezed
from exchange.domain.content import RECORDS
from exchange.domain.stored import extract_name

if TYPE_CHECKING:
    import pyarrow as pa

Opens = Callable[[str], AbstractContextManager[BinaryIO]]
"""Opens a file of an exchange by its name in the vault."""
Batches = Mapping[str, Mapping[str, str]]
"""Batch → dataset → hash of its file, as the events of extraction name them."""

DOCKET: Final = "_docket"
MOST_ROWS: Final = 200
"""Rows of one dataset that are read of one case."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unsent:
    """One case that did not go, under the source's id of it. `held`: it was selected, and the checks hold it."""

    record: str
    case_no: str
    held: bool


def unsent_table(open_: Opens, batches: Batches) -> pa.Table:
    """`record`, `case_no`, `held` and `words` (all it is found by, squeezed, one a line) of each case that stayed."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if not batches:
        return pa.table({})
    sent = _read(open_, f"content/{RECORDS}", ("_record",))["_record"].combine_chunks()
    found = []
    for batch, files in batches.items():
        cases = _read(open_, extract_name(batch, CASES), ("_record", "case_no"))
        held = cases.filter(pc.invert(pc.is_in(cases["_record"], value_set=sent)))
        names = _names(open_, batch, files, held["_record"].combine_chunks())
        found.append(_named(held, _words(held, names), held=True))
        if DOCKET in files:
            docket = _read(open_, extract_name(batch, DOCKET), ("_record", "case_no"))
            known = cases["_record"].combine_chunks()
            rest = docket.filter(pc.invert(pc.is_in(docket["_record"], value_set=known)))
            found.append(_named(rest, pc.utf8_upper(_squeezed(rest["case_no"])), held=False))
    return pa.concat_tables(found).combine_chunks()


def search(table: pa.Table, asked: str, *, most: int) -> tuple[int, Sequence[Unsent]]:
    """(how many cases have what was typed in one of their words, the first of them, those held before others)."""
    import pyarrow.compute as pc

    plain = squeezed(asked)
    if not plain or not table.num_rows:
        return 0, ()
    hits = table.filter(pc.match_substring(table["words"], plain))
    return hits.num_rows, _unsent(hits.sort_by([("held", "descending")]).slice(0, most))


def numbered(table: pa.Table, case_no: str) -> Sequence[Unsent]:
    """Those of exactly this case number, in any writing of it."""
    import pyarrow.compute as pc

    plain = squeezed(case_no)
    if not plain or not table.num_rows:
        return ()
    return _unsent(table.filter(pc.match_substring(table["words"], f"\n{plain}\n")))


def rows_of(open_: Opens, batches: Batches, record: str) -> Mapping[str, Sequence[Mapping[str, str]]]:
    """Dataset (and `_docket`) → the rows of one case as they stand in the register, missing as empty."""
    found: dict[str, list[Mapping[str, str]]] = {}
    for batch, files in batches.items():
        for dataset in files:
            if dataset.startswith("_") and dataset != DOCKET:
                continue
            hits = _read(open_, extract_name(batch, dataset), (), record=record).slice(0, MOST_ROWS)
            if hits.num_rows:
                rows = [{name: value or "" for name, value in row.items()} for row in hits.to_pylist()]
                found.setdefault(dataset, []).extend(rows)
    return found


def _unsent(table: pa.Table) -> Sequence[Unsent]:
    return [
        Unsent(record=str(row["record"]), case_no=row["case_no"] or "", held=row["held"])
        for row in table.select(["record", "case_no", "held"]).to_pylist()
    ]


def _names(open_: Opens, batch: str, files: Mapping[str, str], records: pa.Array) -> Mapping[str, Sequence[str]]:
    """Record → the names and ids its debtors are found by."""
    import pyarrow.compute as pc

    if DEBTORS not in files or not len(records):
        return {}
    table = _read(open_, extract_name(batch, DEBTORS), ("_record", *NAMES))
    named: dict[str, list[str]] = {}
    for row in table.filter(pc.is_in(table["_record"], value_set=records)).to_pylist():
        named.setdefault(str(row["_record"]), []).extend(str(row[name]) for name in NAMES if row[name])
    return named


def _words(held: pa.Table, named: Mapping[str, Sequence[str]]) -> pa.Array:
    import pyarrow as pa

    rows = zip(held["_record"].to_pylist(), held["case_no"].to_pylist(), strict=True)
    texts = [(number or "", *named.get(str(record), ())) for record, number in rows]
    return pa.array(["\n".join(squeezed(one) for one in some if one) for some in texts], pa.string())


def _squeezed(numbers: pa.ChunkedArray) -> pa.ChunkedArray:
    """Many case numbers squeezed at once, by a pattern that says what `case_index.squeezed` does."""
    import pyarrow.compute as pc

    plain = pc.utf8_normalize(pc.fill_null(numbers, ""), form="NFKC")
    return pc.replace_substring_regex(plain, pattern=r"[\p{Ps}\p{Pe}\p{Z}\p{C}<>]", replacement="")


def _named(cases: pa.Table, words: pa.Array | pa.ChunkedArray, *, held: bool) -> pa.Table:
    import pyarrow as pa
    import pyarrow.compute as pc

    return pa.table({
        "record": cases["_record"].cast(pa.string()), "case_no": cases["case_no"].cast(pa.string()),
        "held": pa.array([held] * cases.num_rows, pa.bool_()),
        "words": pc.binary_join_element_wise("", words, "", "\n"),
    })  # fmt: skip


def _read(open_: Opens, name: str, columns: Sequence[str], *, record: str | None = None) -> pa.Table:
    """These columns of a stored table, all of them where none is named; of one case's rows alone."""
    import pyarrow.parquet as pq

    only = None if record is None else [("_record", "=", record)]
    with open_(name) as stream:
        return pq.read_table(stream, columns=list(columns) or None, filters=only)
