"""One case whose three books agree, and a way to disturb one cell of it."""

from __future__ import annotations

from datetime import date
from typing import Any

import pandas as pd

from exchange.domain.books import Books
from exchange.domain.breaks import Break, Result
from exchange.domain.reconciliation import reconcile_books
from exchange.domain.route import Route
from tests.unit.reconcile_worlds import agreed

AS_OF = date(2026, 10, 9)
CASE = "（2026）冀1103破1号"
USCC = "91131103MA0ABCDE67"
CLAIM = "T1"

ROWS: dict[str, dict[str, Any]] = {
    "cases": {
        "case_no": CASE, "procedure": "liquidation", "stage": "claims_open", "accepted_on": "2026-03-10",
        "announced_on": "2026-03-20", "claims_due_on": "2026-05-20", "terminated_on": None, "declared_on": None,
        "court_name": "某法院", "_record": "7", "_number": "9", "_packet": "x.000009.Q",
    },
    "debtors": {
        "case_no": CASE, "debtor_no": "1", "name": "冀州金桥有限公司", "former_name": "冀州老桥有限公司",
        "uscc": USCC, "old_taxpayer_id": "131103123456789", "_record": "7",
    },
    "reviews": {
        "case_no": CASE, "claim_no": CLAIM, "rank": "tax", "declared_amount": "1000000.00",
        "confirmed_amount": "1000000.00", "review_status": "confirmed", "reviewed_on": "2026-06-01", "reason": None,
        "_record": "7",
    },
    "distributions": {
        "case_no": CASE, "claim_no": CLAIM, "rank": "tax", "payable_amount": "5000.00", "paid_amount": "5000.00",
        "paid_on": "2026-09-30", "_record": "7",
    },
    "claims": {
        "claim_no": CLAIM, "version": "1", "kind": "original", "supplements": None, "case_no": CASE,
        "debtor_uscc": USCC, "debtor_old_taxpayer_id": None, "debtor_name": "冀州金桥有限公司",
        "tax_authority": "131103", "filed_on": "2026-05-01", "cutoff_on": "2026-03-10", "total_amount": "1050000.00",
    },
    "lines": {
        "claim_no": CLAIM, "version": "1", "line_no": "1", "levy_code": "10101", "period_start": "2025-07-01",
        "period_end": "2025-09-30", "due_on": "2025-11-30", "component": "principal", "amount": "1000000.00",
        "rank": "tax",
    },
    "payments": {
        "claim_no": CLAIM, "version": "1", "levy_code": "10101", "period_start": "2025-07-01",
        "period_end": "2025-09-30", "paid_on": "2026-01-09", "amount": "1.00",
    },
    "statuses": {
        "debtor_uscc": USCC, "as_of": "2026-10-01", "registration": "normal", "invoices_suspended": "false",
        "inspection_open": "false",
    },
}  # fmt: skip

FEE = {"line_no": "2", "component": "late_fee", "amount": "50000.00", "rank": "ordinary"}
"""2025-11-30 → 2026-03-10 is 100 days: 1,000,000.00 x 0.0005 x 100."""

DAY_FEE = "500.00"


class World:
    """Rows of the books by table; `add` copies the first row of a table with changes, `set` changes one."""

    def __init__(self) -> None:
        self.rows: dict[str, list[dict[str, Any]]] = {name: [dict(row)] for name, row in ROWS.items()}
        self.rows["payments"] = []
        self.add("lines", **FEE)
        self.add("reviews", rank="ordinary", declared_amount="50000.00", confirmed_amount="50000.00")

    def add(self, table: str, **changes: Any) -> World:
        """Another row like the first."""
        self.rows[table].append({**ROWS[table], **changes})
        return self

    def set(self, table: str, at: int = 0, /, **changes: Any) -> World:
        """Change a row."""
        self.rows[table][at].update(changes)
        return self

    def drop(self, table: str, at: int | None = None) -> World:
        """Take one row away, or all."""
        if at is None:
            self.rows[table] = []
        else:
            del self.rows[table][at]
        return self

    def total(self, amount: str) -> World:
        """What the claim says in all."""
        return self.set("claims", total_amount=amount)

    def books(self, **more: pd.DataFrame) -> Books:
        """As frames."""
        frames = {n: pd.DataFrame(rows, columns=list(ROWS[n]), dtype="str") for n, rows in self.rows.items()}
        return Books(**frames, **more)

    def result(
        self, as_of: date = AS_OF, *, route: Route | None = None, history: pd.DataFrame | None = None, **more: Any
    ) -> Result:
        """Compared, on the agreed route or another, after what was told before."""
        books = self.books() if history is None else self.books(history=history)
        out = route or agreed().route("131100-cases")
        return reconcile_books(books, route_out=out, levy=agreed().codes["levy"], as_of=as_of, **more)

    def codes(self, as_of: date = AS_OF) -> list[str]:
        """Codes of all breaks and infos, sorted."""
        result = self.result(as_of)
        return sorted(b.code for b in (*result.breaks, *result.infos))

    def one(self, code: str, as_of: date = AS_OF) -> Break:
        """The only break or info of that code."""
        result = self.result(as_of)
        (found,) = [b for b in (*result.breaks, *result.infos) if b.code == code]
        return found
