"""Looking into an exchange's content without reading it whole: which cases, why, and the rows of one of them.

A content's files are columns of text; only the columns asked for are parsed, block by block.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO, Final

from exchange.domain.changes import DATASET as WHY
from exchange.domain.content import Content, load_content
from exchange.domain.prepare import CASES

if TYPE_CHECKING:
    import pyarrow as pa

    from exchange.domain.contract import Contract
    from exchange.domain.route import Route

Opens = Callable[[str], AbstractContextManager[BinaryIO]]
"""Opens a file of an exchange by its name in the vault."""

CLAIMS: Final = "tax_claim"
MOST_ROWS: Final = 200
"""Rows of one dataset a page shows of one place."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InExchange:
    """A case that goes, why, and which columns changed (`case_debtor.address`, or a dataset alone)."""

    case_no: str
    why: str
    changed: tuple[str, ...]


def stored_content(open_: Opens) -> Content:
    """What `content.json` lists. Raises NeedsPerson 914, 949."""
    with open_("content/content.json") as stream:
        return load_content(stream.read())


def place_column(content: Content, route: Route) -> tuple[str, str] | None:
    """(dataset, column) by which a reader names what the content is about: a case or a claim; None for neither."""
    carried = {file.dataset for file in content.files}
    if CASES in carried and route.has(CASES):
        return CASES, "case_no"
    if CLAIMS in carried and route.has(CLAIMS):
        return CLAIMS, "claim_no"
    return None


def places_of(open_: Opens, route: Route) -> Sequence[str]:
    """Every case or claim of the content, each once."""
    content = stored_content(open_)
    named = place_column(content, route)
    if named is None:
        return ()
    dataset = WHY if named[0] == CASES and any(f.dataset == WHY for f in content.files) else named[0]
    found: dict[str, None] = {}
    for table in _tables(open_, content, dataset, (named[1],)):
        found.update(dict.fromkeys(map(str, table.column(named[1]).to_pylist())))
    return tuple(found)


def why_page(open_: Opens, why: str, *, first: int, most: int) -> tuple[int, Sequence[InExchange]]:
    """How many cases go for a reason, and those from the `first`-th on (from 0)."""
    import pyarrow as pa
    import pyarrow.compute as pc

    content = stored_content(open_)
    found = [
        table.filter(pc.equal(table.column("why"), pa.scalar(why, pa.string())))
        for table in _tables(open_, content, WHY, ("case_no", "why", "changed_columns"))
    ]
    total = sum(table.num_rows for table in found)
    if not total:
        return 0, ()
    shown = pa.concat_tables(found).slice(first, most).to_pylist()
    return total, [
        InExchange(
            case_no=row["case_no"], why=row["why"], changed=tuple(filter(None, row["changed_columns"].split("|")))
        )
        for row in shown
    ]


def rows_at(open_: Opens, route: Route, place: str) -> Mapping[str, Sequence[Mapping[str, str]]]:
    """Dataset → the rows of one case or claim as they will leave, at most `MOST_ROWS` of each; missing as empty."""
    import pyarrow as pa
    import pyarrow.compute as pc

    content = stored_content(open_)
    named = place_column(content, route)
    if named is None:
        return {}
    found: dict[str, list[Mapping[str, str]]] = {}
    for contract in _about(route, content, named[1]):
        rows = found.setdefault(contract.dataset, [])
        for table in _tables(open_, content, contract.dataset, contract.names):
            hit = pc.equal(table.column(named[1]), pa.scalar(place, pa.string()))
            rows += table.filter(hit).slice(0, MOST_ROWS - len(rows)).to_pylist()
    return {dataset: rows for dataset, rows in found.items() if rows}


def _about(route: Route, content: Content, column: str) -> Iterator[Contract]:
    carried = {file.dataset for file in content.files}
    for contract in route.datasets:
        wire = route.wire(contract.dataset)
        if contract.dataset in carried and contract.dataset != WHY and column in wire.names:
            yield wire


def _tables(open_: Opens, content: Content, dataset: str, columns: Sequence[str]) -> Iterator[pa.Table]:
    """These columns of a dataset's files, as text; one that its contract did not have then is empty."""
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.csv as pa_csv

    parse = pa_csv.ParseOptions(newlines_in_values=True)
    convert = pa_csv.ConvertOptions(
        include_columns=list(columns), column_types=dict.fromkeys(columns, pa.string()), strings_can_be_null=False,
        check_utf8=False, include_missing_columns=True,
    )  # fmt: skip
    for file in content.files:
        if file.dataset == dataset and file.rows:
            with open_(f"content/{file.path}") as stream:
                table = pa_csv.read_csv(stream, parse_options=parse, convert_options=convert)
            yield pa.table([pc.fill_null(column, "") for column in table.columns], names=table.column_names)
