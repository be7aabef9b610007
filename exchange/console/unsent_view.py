"""The file of a case that did not go: what stands in the register, why it stays here, what is to be done."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Final
from weakref import WeakKeyDictionary

from exchange.console.review_lists import Rejected, Shown, rejected, rows_told
from exchange.console.review_view import Review, review_of
from exchange.domain import lifecycle
from exchange.domain.case_entry import CASES, DEBTORS
from exchange.domain.case_index import case_routes
from exchange.domain.errors import NeedsPerson
from exchange.domain.selection import NOT_EXCHANGED
from exchange.domain.unsent import DOCKET, Unsent, numbered, rows_of, search, unsent_table

if TYPE_CHECKING:
    import pyarrow as pa

    from exchange.domain.route import Route
    from exchange.ports import ExchangeRecord, Ledger, Parts

MOST: Final = 20
"""Cases that did not go which a search lists."""
_KEPT: Final = 4
_known: WeakKeyDictionary[Ledger, dict[tuple[str, str], pa.Table]] = WeakKeyDictionary()


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A case that did not go, and the quarter it did not go with."""

    exchange: str
    period: str
    case: Unsent


@dataclass(frozen=True, slots=True, kw_only=True)
class UnsentFile:
    """One such case. `reasons` say why the checks hold it; without any, `stage` and `ended_on` why nobody asked for it.

    `overrule` leads to where it may be let go all the same.
    """

    review: Review
    case: Unsent
    debtors: Sequence[str]
    court: str
    stage: str
    ended_on: str
    reasons: Sequence[Rejected]
    rows: Sequence[Shown]
    sent_before: bool
    overrule: bool

    @property
    def why(self) -> str:
        """`held`, `not_accepted`, `ended` or `other`."""
        if self.case.held:
            return "held"
        return "not_accepted" if self.stage in NOT_EXCHANGED else "ended" if self.ended_on else "other"


def look_for(parts: Parts, asked: str) -> tuple[int, Sequence[Found]]:
    """(how many cases that did not go with the last quarter have what was typed, the first of them); not those that
    another packet carried: these have a file."""
    found: list[Found] = []
    total = 0
    for record in _last(parts):
        many, some = search(_table(parts, record), asked, most=MOST)
        lane = parts.agreement.route(record.route).lane
        new = [one for one in some if parts.ledger.case(lane, one.case_no.strip()) is None]
        total += many - (len(some) - len(new))
        found += [Found(exchange=record.key, period=record.period or "", case=one) for one in new]
    return total, found


def held_now(parts: Parts, case_no: str) -> Found | None:
    """The case of this number as the last quarter left it here; None where it went, or was not in the register."""
    for record in _last(parts):
        for one in numbered(_table(parts, record), case_no):
            return Found(exchange=record.key, period=record.period or "", case=one)
    return None


def read_unsent(parts: Parts, record: ExchangeRecord, id: str, *, size: int, full: bool) -> UnsentFile | None:
    """The file; None where the exchange has no such case, or took it along."""
    table = _table(parts, record) if record.content_hash else None
    one = _one(table, id) if table is not None else None
    if one is None:
        return None
    review = review_of(parts, record, size=size)
    rows = rows_of(partial(parts.vault.open, record.key), _batches(parts, record.key), id)
    own = {**_first(rows, DOCKET), **{k: v for k, v in _first(rows, CASES).items() if v}}
    reasons = [r for part in rejected(parts, review) for r in part if r.record == id] if one.held else []
    return UnsentFile(
        review=review, case=one, debtors=[row["name"] for row in rows.get(DEBTORS, ()) if row.get("name")],
        court=own.get("court_name") or own.get("court_code", ""), stage=own.get("stage", ""),
        ended_on=own.get("terminated_on", ""), reasons=reasons,
        rows=rows_told(parts, review.route, {k: v for k, v in rows.items() if k != DOCKET}, full=full),
        sent_before=parts.ledger.case(review.route.lane, one.case_no.strip()) is not None,
        overrule=any(r.overrulable for r in reasons) and (record.state, "overruled") in lifecycle.MOVES,
    )  # fmt: skip


def _first(rows: Mapping[str, Sequence[Mapping[str, str]]], dataset: str) -> Mapping[str, str]:
    found = rows.get(dataset, ())
    return found[0] if found else {}


def _one(table: pa.Table, id: str) -> Unsent | None:
    import pyarrow.compute as pc

    hits = table.filter(pc.equal(table["record"], id)).to_pylist() if table.num_rows else []
    return Unsent(record=id, case_no=hits[0]["case_no"] or "", held=hits[0]["held"]) if hits else None


def _last(parts: Parts) -> Sequence[ExchangeRecord]:
    """Of each route on which this end sends its cases the last quarter that was assembled."""
    found = []
    for route in sending(parts):
        wanted = {"route": route.id, "kind": "Q", "direction": "out"}
        _, records = parts.ledger.listed_exchanges(wanted, most=8)
        found += [one for one in records if one.content_hash][:1]
    return found


def sending(parts: Parts) -> Sequence[Route]:
    """Routes on which this end sends cases: of what it did not send it alone knows."""
    return [route for route in case_routes(parts.agreement, parts.party) if route.sender == parts.party]


def _table(parts: Parts, record: ExchangeRecord) -> pa.Table:
    """Read once for each content: an overrule makes another."""
    known = _known.setdefault(parts.ledger, {})
    asked = (record.key, str(record.content_hash))
    if asked not in known:
        if len(known) >= _KEPT:
            known.clear()
        known[asked] = _read(parts, record.key)
    return known[asked]


def _read(parts: Parts, key: str) -> pa.Table:
    """Nothing where what was extracted is not kept any more."""
    try:
        return unsent_table(partial(parts.vault.open, key), _batches(parts, key))
    except NeedsPerson as gone:
        if gone.code != 914:
            raise
        return unsent_table(partial(parts.vault.open, key), {})


def _batches(parts: Parts, key: str) -> Mapping[str, Mapping[str, str]]:
    events = parts.ledger.events(exchange=key, kind="batch_extracted")
    return {event.body["batch"]: event.body["files"] for event in events}
