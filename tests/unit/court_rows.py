"""Rows of a small court, written the short way: only what a test is about."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd

from exchange.adapters.calendar_cn import calendar
from exchange.adapters.checker_plain import PlainChecker
from exchange.adapters.contracts_files import load_agreement
from exchange.domain.contract import MADE_HERE
from exchange.domain.examine import Examination, check_across, check_rows, conclude, join, prepare
from exchange.domain.outcome import examined
from exchange.domain.period import Period
from exchange.domain.route import Route

AGREEMENT = load_agreement(Path(__file__).parents[2])
ROUTE = AGREEMENT.route("131100-cases")
SENDER = AGREEMENT.parties[ROUTE.sender]
PERIOD, AS_OF = Period.parse("2026Q3"), date(2026, 10, 9)
IS_WORKDAY: Callable[[date], bool] = calendar(None).is_workday

CASE: Mapping[str, str | None] = {
    "case_no": "（2026）冀1103破1号", "court_code": "冀1103", "court_name": "衡水市冀州区人民法院",
    "procedure": "liquidation", "stage": "claims_open", "filed_on": "2026-05-01", "accepted_on": "2026-05-20",
    "announced_on": "2026-06-01", "claims_due_on": "2026-07-10", "first_meeting_on": "2026-07-20", "judge": "某某",
    "is_major": "false", "source_updated_at": "2026-07-20T09:30:00+08:00",
}  # fmt: skip
DEBTOR: Mapping[str, str | None] = {"name": "冀州甲乙有限公司", "uscc": "91131103MA0ABCDE67"}
ROWS: Mapping[str, Mapping[str, str | None]] = {
    "asset_disposal": {"asset_kind": "vehicle", "description": "车辆", "deal_amount": "1.00"},
    "claim_review": {
        "claim_no": "C1", "rank": "tax", "declared_amount": "2.00", "confirmed_amount": "2.00",
        "review_status": "confirmed", "reviewed_on": "2026-07-21",
    },
    "distribution": {
        "claim_no": "C1", "rank": "tax", "payable_amount": "2.00", "paid_amount": "2.00", "paid_on": "2026-09-01",
    },
    "case_event": {"event": "acceptance", "happened_on": "2026-05-20"},
}  # fmt: skip
KEYS = {"asset_disposal": "disposal_no", "case_event": "event_no"}


class Court:
    """Rows as a source gives them, collected case by case."""

    def __init__(self, route: Route = ROUTE) -> None:
        self.route = route
        self.rows: dict[str, list[dict[str, str | None]]] = {"bankruptcy_case": [], "case_debtor": []}

    def case(
        self, record: int | str, *, debtors: tuple[Mapping[str, str | None], ...] = ({},), **columns: Any
    ) -> Court:
        """A case that keeps every rule but for what is said, with one debtor unless others are given."""
        number = {"case_no": f"（2026）冀1103破{record}号"}
        self.rows["bankruptcy_case"].append({**CASE, **number, **columns, "_record": str(record)})
        for n, debtor in enumerate(debtors):
            self.rows["case_debtor"].append({**DEBTOR, **debtor, "debtor_no": f"{record}{n}", "_record": str(record)})
        return self

    def row(self, dataset: str, record: int | str, **columns: Any) -> Court:
        """A row of another dataset."""
        rows = self.rows.setdefault(dataset, [])
        key = {KEYS[dataset]: str(len(rows))} if dataset in KEYS else {}
        rows.append({**ROWS[dataset], **key, **columns, "_record": str(record)})
        return self

    @property
    def frames(self) -> dict[str, pd.DataFrame]:
        frames = {}
        for contract in ROUTE.datasets:
            if contract.dataset not in MADE_HERE:
                rows, columns = self.rows.get(contract.dataset, []), [*contract.names, "_record"]
                frames[contract.dataset] = pd.DataFrame(rows, columns=columns).astype("str")
        return frames

    def examine(self, *, checker: Any = None, as_of: date = AS_OF, overruled: Any = ()) -> Examination:
        part = join([prepare(self.frames, route=self.route, sender=SENDER, period=PERIOD, as_of=as_of)])
        found = check_rows(
            part, route=self.route, sender=SENDER, codes=AGREEMENT.codes, as_of=as_of, is_workday=IS_WORKDAY,
            checker=checker or PlainChecker(),
        )  # fmt: skip
        found += check_across(part, found, route=self.route, sender=SENDER)
        return conclude(part, found, route=self.route, as_of=as_of, overruled=overruled)

    def outcome(self, **more: Any) -> dict[str, Any]:
        as_of = more.get("as_of", AS_OF)
        return examined(self.examine(**more), route=self.route, period=PERIOD, as_of=as_of, exchange={"key": "k"})

    def held_for(self, record: int | str = 1, **more: Any) -> set[str]:
        """The agreed rules one case is held for."""
        return {q["rule"] for q in self.outcome(**more)["quarantined"] if q["record"] == record}

    def warned_for(self, record: int | str = 1, **more: Any) -> set[str]:
        """The agreed rules one case is warned of."""
        return {w["rule"] for w in self.outcome(**more)["warned"] if w["record"] == record}
