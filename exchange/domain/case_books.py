"""One case's three books side by side, by rank: the tax bureau's claims, the administrator's table, what was paid.

Rows are those that are current, in wire form. Amounts are Decimal yuan; None where a book says nothing of a rank.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from exchange.domain.claims import WITHDRAWAL

RANKS: Final = ("tax", "social_insurance", "ordinary", "subordinated")
_BOOKS: Final = ("claimed", "declared", "confirmed", "payable", "paid")
Row = Mapping[str, str | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class RankRow:
    """One rank. `difference` is the first of paid less payable and declared less claimed that is not nothing; None
    where there are no two figures to compare."""

    rank: str
    claimed: Decimal | None
    declared: Decimal | None
    confirmed: Decimal | None
    payable: Decimal | None
    paid: Decimal | None
    difference: Decimal | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseBooks:
    """The ranks in order, and their totals."""

    rows: tuple[RankRow, ...]
    total: RankRow


def live_claims(claims: Sequence[Row]) -> list[Row]:
    """Of every version of some claims the last of each, by version, then by packet, unless it was withdrawn."""
    last: dict[str, Row] = {}
    for row in sorted(claims, key=lambda row: (int(row["version"] or 0), int(row["_number"] or 0))):
        last[str(row["claim_no"])] = row
    return [row for row in last.values() if row["kind"] != WITHDRAWAL]


def lines_of(claim: Row, lines: Iterable[Row]) -> list[Row]:
    """The lines of one version of a claim, as its own packet brought them."""
    same = ("claim_no", "version", "_number")
    return [line for line in lines if all(line[name] == claim[name] for name in same)]


def case_books(
    claims: Sequence[Row], lines: Sequence[Row], reviews: Sequence[Row], distributions: Sequence[Row]
) -> CaseBooks:
    """The three books of a case. `claims` and `lines` are every version, the others current."""
    live = live_claims(claims)
    claimed = _summed([line for claim in live for line in lines_of(claim, lines)], "amount")
    books = {
        "claimed": claimed,
        "declared": _summed(reviews, "declared_amount"),
        "confirmed": _summed(reviews, "confirmed_amount"),
        "payable": _summed(distributions, "payable_amount"),
        "paid": _summed(distributions, "paid_amount"),
    }
    ranks = [*RANKS, *sorted({rank for book in books.values() for rank in book} - set(RANKS))]
    rows = tuple(_row(rank, {name: book.get(rank) for name, book in books.items()}) for rank in ranks)
    totals = {name: _total(getattr(row, name) for row in rows) for name in _BOOKS}
    return CaseBooks(rows=rows, total=_row("", totals))


def _row(rank: str, told: Mapping[str, Decimal | None]) -> RankRow:
    pairs = ((told["paid"], told["payable"]), (told["declared"], told["claimed"]))
    found = [one - other for one, other in pairs if one is not None and other is not None]
    difference = next((one for one in found if one), found[0] if found else None)
    return RankRow(rank=rank, difference=difference, **told)


def _summed(rows: Iterable[Row], column: str) -> dict[str, Decimal]:
    found: dict[str, Decimal] = {}
    for row in rows:
        if row[column] is not None and row["rank"]:
            found[row["rank"]] = found.get(row["rank"], Decimal(0)) + Decimal(row[column] or 0)
    return found


def _total(amounts: Iterable[Decimal | None]) -> Decimal | None:
    known = [amount for amount in amounts if amount is not None]
    return sum(known, Decimal(0)) if known else None
