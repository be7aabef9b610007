"""What officers meet beyond the agreed table of breaks: reported as findings, never as breaks.

A finding names dataset, key and column, never a value. Which row of law.md each answers:
docs/reconciliation.md.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Final

from exchange.domain.books import Matched
from exchange.domain.case_situations import case_situations
from exchange.domain.claim_situations import claim_situations
from exchange.domain.contract import CodeList
from exchange.domain.finding import Finding
from exchange.domain.rank_breaks import Workday
from exchange.domain.route import Route
from exchange.domain.situation_making import SEVERITIES
from exchange.domain.status_situations import status_situations
from exchange.domain.table_situations import table_situations
from exchange.domain.urgency import urgent_limits

RULES: Final = tuple(SEVERITIES)
"""Every rule that may be found here."""


def situations(
    matched: Matched, route: Route, levy: CodeList, is_workday: Workday | None, read_on: date | None = None
) -> Iterator[Finding]:
    """Every situation met, in a fixed order."""
    yield from table_situations(matched)
    yield from claim_situations(matched, levy)
    yield from case_situations(matched, urgent_limits(route, matched.terms.as_of)["claims_due"])
    yield from status_situations(matched, route, is_workday, read_on)
