"""Everything this end knows of one case, read by keys and indexes: rows, claims, packets, breaks, alerts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from exchange.domain.break_desk import STANDS, DeskQuery
from exchange.domain.break_view import Seen, seen
from exchange.domain.case_books import Row
from exchange.domain.case_entry import CASES, CLAIMS, DEBTORS, CaseEntry
from exchange.domain.case_index import case_routes
from exchange.domain.case_number import normalise
from exchange.domain.lineage import Carrier

if TYPE_CHECKING:
    from exchange.domain.route import Route
    from exchange.ports import AlertRecord, PacketRecord, Parts

LINES: Final = "tax_claim_line"
STATUS: Final = "tax_status"
EVENTS, REVIEWS, PAID, SOLD = "case_event", "claim_review", "distribution", "asset_disposal"
MOST_BREAKS: Final = 500
OF_CASE: Final = (CASES, DEBTORS, EVENTS, REVIEWS, PAID, SOLD)


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseFile:
    """One case. `rows` are current, by dataset; `claims`, `lines` every version, `statuses` every one of its debtors.

    `carriers` are the packets of the court's lane that carried it, `answers` those that brought its claims.
    """

    entry: CaseEntry
    route: Route
    back: Route | None
    ours: bool
    rows: Mapping[str, Sequence[Row]]
    claims: Sequence[Row]
    lines: Sequence[Row]
    statuses: Sequence[Row]
    carriers: Sequence[Carrier]
    answers: Sequence[PacketRecord]
    breaks: Sequence[Seen]
    alerts: Sequence[AlertRecord]

    @property
    def case(self) -> Row:
        """The case's own row."""
        found = self.rows[CASES]
        return found[-1] if found else {}

    @property
    def debtors(self) -> Sequence[Row]:
        """Its debtors."""
        return self.rows[DEBTORS]


def read_case(parts: Parts, typed: str) -> CaseFile | None:
    """The file of a case, by its number in any writing; None when no packet of this end ever carried it."""
    case_no = normalise(typed)
    with parts.ledger.one_moment():
        for route in case_routes(parts.agreement, parts.party):
            entry = parts.ledger.case(route.lane, case_no)
            if entry is not None:
                return _read(parts, route, entry)
    return None


def _read(parts: Parts, route: Route, entry: CaseEntry) -> CaseFile:
    from exchange.steps.trace import carriers

    rows = _current(parts, route, entry.case_no)
    back = parts.agreement.routes.get(route.answered_by or "")
    claims, lines = _claims(parts, back, entry.case_no) if back else ([], [])
    ids = sorted({str(row["uscc"]) for row in rows[DEBTORS] if row.get("uscc")})
    known = back is not None and back.has(STATUS) and bool(ids)
    return CaseFile(
        entry=entry, route=route, back=back, ours=route.sender == parts.party, rows=rows, claims=claims, lines=lines,
        statuses=list(parts.ledger.rows_ever(back, STATUS, keys=ids)) if known and back is not None else [],
        carriers=carriers(entry.case_no, route, party=parts.party, vault=parts.vault, ledger=parts.ledger),
        answers=_answers(parts, back, claims) if back else [],
        breaks=breaks_of(parts, entry.case_no),
        alerts=parts.ledger.alerts(subject=entry.case_no, limit=100),
    )  # fmt: skip


def _current(parts: Parts, route: Route, case_no: str) -> dict[str, list[Row]]:
    """By dataset the rows of the last packet that carried the case in any of them."""
    told = {name: parts.ledger.rows_ever(route, name, case_no=case_no) for name in OF_CASE if route.has(name)}
    last = max((int(row["_number"] or 0) for rows in told.values() for row in rows), default=0)
    return {name: [row for row in told.get(name, []) if row["_number"] == str(last)] for name in OF_CASE}


def _claims(parts: Parts, back: Route, case_no: str) -> tuple[list[Row], list[Row]]:
    """Every version of the case's claims, and their lines."""
    numbers = parts.ledger.case_claims(back.lane, case_no) if back.has(CLAIMS) else ()
    if not numbers:
        return [], []
    claims = parts.ledger.rows_ever(back, CLAIMS, keys=numbers)
    return (
        [row for row in claims if normalise(row["case_no"] or "") == case_no],
        list(parts.ledger.rows_ever(back, LINES, keys=numbers)),
    )


def _answers(parts: Parts, back: Route, claims: Sequence[Row]) -> Sequence[PacketRecord]:
    numbers = sorted({int(row["_number"] or 0) for row in claims})
    return parts.ledger.packets(lane=back.lane, numbers=numbers) if numbers else ()


def breaks_of(parts: Parts, case_no: str) -> list[Seen]:
    """This end's breaks and infos of a case, in order of work."""
    query = DeskQuery(today=parts.today, stands=STANDS, case_no=case_no)
    ids = [row.id for row in parts.ledger.break_desk(query, limit=MOST_BREAKS)]
    return seen(parts.ledger, parts.agreement, parts.party, ids=ids) if ids else []
