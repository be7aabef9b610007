"""What stays of a quarter is what its checks held; what a later comparison found is not among it."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from exchange.adapters.vault_fs import FsVault
from exchange.console.review_lists import rejected
from exchange.domain.finding import Finding
from exchange.domain.outcome_file import OUTCOME, outcome_json
from tests.unit.reconcile_worlds import agreed

KEY = "131100-cases.Q.2026Q3"


class Ledger:
    """What is remembered is remembered of a ledger."""


def found(rule: str, dataset: str, record: str | None, **more: Any) -> dict[str, Any]:
    return asdict(Finding(rule=rule, severity="reject", dataset=dataset, record=record, case_no="c", **more))


def test_what_the_comparison_found_is_not_among_what_stays(tmp_path: Path) -> None:
    vault = FsVault(f"file://{tmp_path}")
    findings = [
        found("uscc_check_digit", "case_debtor", "1", column="uscc"),
        found("supplement_overlaps_original", "tax_claim_line", "1", row_key="A|1", comparable=False),
        found("claim_may_be_in_ten_thousands", "claim_review", "1", row_key="A|tax", comparable=False),
    ]
    vault.put(KEY, OUTCOME, outcome_json({"selected": [1], "findings": findings}))
    parts: Any = SimpleNamespace(vault=vault, ledger=Ledger(), agreement=agreed())
    record = SimpleNamespace(key=KEY, content_hash="0" * 64)
    review: Any = SimpleNamespace(
        record=record, version=1, page={"held": [], "rows": []}, route=agreed().route("131100-cases")
    )
    within, beside = rejected(parts, review)
    assert [one.rule_id for one in (*within, *beside)] == ["uscc_check_digit"]
