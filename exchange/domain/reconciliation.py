"""Reconciliation 对账: the court's register, the administrator's table and the tax bureau's claims, compared.

Every figure is a dated figure of the route; nothing here is a constant of law. Pure: the same books, route and day
give the same result.
"""

from __future__ import annotations

from datetime import date

from exchange.domain.books import Books, Matched
from exchange.domain.breaks import Result, distinct, in_order_of_work
from exchange.domain.claim_breaks import claim_breaks
from exchange.domain.contract import CodeList
from exchange.domain.errors import NeedsPerson
from exchange.domain.estates import by_case, estates
from exchange.domain.joins import match_books
from exchange.domain.line_breaks import line_breaks
from exchange.domain.match_evidence import limits_of
from exchange.domain.matching import match_claims
from exchange.domain.rank_breaks import Workday, rank_breaks
from exchange.domain.route import Route
from exchange.domain.situations import situations


def reconcile_books(
    books: Books, *, route_out: Route, levy: CodeList, as_of: date, is_workday: Workday | None = None,
    read_on: date | None = None,
) -> Result:  # fmt: skip
    """Every break and info of the agreed table, and what else an officer would want to know as findings.

    `route_out` is the route the cases were sent on, `levy` the code list with the kind of each levy. Claims that were
    withdrawn and older versions are out; a claim on a case never sent has that one break and no other. `read_on` is the
    day up to which the tax side's register was read, where the books are a group of larger ones (`register_read_on`).
    Raises NeedsPerson 504 (a landed column holds something else), 905 (a figure is missing).
    """
    try:
        return _compared(match_books(books, route_out, as_of), route_out, levy, is_workday, read_on)
    except ValueError as error:
        raise NeedsPerson(
            504,
            f"The landed rows can't be compared: {error}.",
            where=f"route {route_out.id}",
            next_step="Verify the ledger; rows are checked before they land.",
        ) from None


def _compared(
    matched: Matched, route: Route, levy: CodeList, is_workday: Workday | None, read_on: date | None
) -> Result:
    found = distinct(
        [
            *claim_breaks(matched),
            *line_breaks(matched, levy, route.ranks),
            *rank_breaks(matched, is_workday),
        ]
    )
    return Result(
        breaks=in_order_of_work(b for b in found if not b.info),
        infos=in_order_of_work(b for b in found if b.info),
        findings=tuple(situations(matched, route, levy, is_workday, read_on)),
        estates=by_case(estates(matched)),
        matches=match_claims(
            matched,
            limits=limits_of(route, matched.terms.as_of),
            differently_named=[b.claim_no for b in found if b.code == "NAME_DIFFERS" and b.claim_no],
        ),
    )
