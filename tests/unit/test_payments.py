"""Late fees by segments: what was paid late before the cut-off, and what is still owed (E17)."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exchange.domain.answering import check_answer
from exchange.domain.latefee import rate_days
from exchange.domain.route import LegalFigure
from tests.unit import reconcile_worlds as worlds
from tests.unit.reconcile_kit import CASE, FEE, ROWS, USCC, World

PAID = {"levy_code": "10101", "period_start": "2025-07-01", "period_end": "2025-09-30"}


def with_fee(amount: str, *payments: tuple[str, str], **changes: str) -> World:
    """The case of the kit, its fee line at `amount`, payments of the same levy and period as (day, amount)."""
    world = World().drop("lines", 1).add("lines", **(FEE | {"amount": amount} | changes)).drop("reviews", 1)
    world.total(str(Decimal("1000000.00") + Decimal(amount)))
    for day, paid in payments:
        world.add("payments", **PAID, paid_on=day, amount=paid)
    return world


def test_a_payment_midway_makes_a_segment_of_its_own() -> None:
    """Owed 1,000,000 for 100 days, 200,000 paid after 40: 50,000.00 + 4,000.00."""
    assert with_fee("54000.00", ("2026-01-09", "200000.00")).codes() == []
    found = with_fee("50000.00", ("2026-01-09", "200000.00")).one("LATE_FEE_DIFFERS")
    assert found.amounts["computed"] == "54000.00"
    assert (found.amounts["paid_before"], found.amounts["payments"]) == ("200000.00", "1")
    assert with_fee("50000.00").codes() == []


def test_each_segment_is_rounded_by_itself() -> None:
    """10.00 for one day and 5.00 for two are 0.005 each: 0.01 each, not 0.01 together."""
    world = with_fee("50001.00", ("2025-12-01", "10.00"), ("2025-12-02", "5.00"))
    assert world.one("LATE_FEE_DIFFERS").amounts["computed"] == "50000.02"


@pytest.mark.parametrize(
    ("day", "computed"),
    [
        ("2025-11-30", "50000.00"),
        ("2025-11-01", "50000.00"),
        ("2025-12-01", "50100.00"),
        ("2026-03-10", "60000.00"),
        ("2026-03-11", "50000.00"),
    ],
)
def test_days_of_a_payment_run_from_the_limit_to_the_day_it_was_paid(day: str, computed: str) -> None:
    """In time it costs nothing; after the cut-off it is no payment before the claim (破产法16)."""
    assert with_fee("1.00", (day, "200000.00")).one("LATE_FEE_DIFFERS").amounts["computed"] == computed


def test_a_levy_paid_in_full_owes_its_fee_alone() -> None:
    world = with_fee("100.00", period_end="2025-08-31")
    assert "LATE_FEE_NO_PRINCIPAL" in world.codes()
    world.add("payments", **(PAID | {"period_end": "2025-08-31"}), paid_on="2026-01-09", amount="5000.00")
    assert world.codes() == []


def test_the_day_in_dispute_is_the_first_or_the_last() -> None:
    """1,000,000 owed is 500.00 a day at the end; with 200,000 paid later it was 600.00 at the beginning."""
    for amount in ("54500.00", "53500.00", "54600.00", "53400.00"):
        assert with_fee(amount, ("2026-01-09", "200000.00")).codes() == ["LATE_FEE_ONE_DAY"]
    assert with_fee("54550.00", ("2026-01-09", "200000.00")).codes() == ["LATE_FEE_DIFFERS"]


def test_payments_of_another_version_levy_or_period_change_nothing() -> None:
    for other in ({"version": "2"}, {"levy_code": "10104"}, {"period_end": "2025-09-29"}, {"claim_no": "T9"}):
        world = with_fee("50000.00")
        world.add("payments", **(PAID | {"paid_on": "2026-01-09", "amount": "200000.00"} | other))
        assert world.codes() == []


@settings(max_examples=15, deadline=None)
@given(st.lists(st.tuples(st.integers(-10, 130), st.integers(1, 10**9)), max_size=5, unique_by=lambda p: p[0]))
def test_the_fee_is_the_exact_sum_of_its_segments(payments: list[tuple[int, int]]) -> None:
    due, cut_off = date(2025, 11, 30), date(2026, 3, 10)
    given_ = [(due + timedelta(days=after), Decimal(fen).scaleb(-2)) for after, fen in payments]
    segments = [(cut_off, Decimal(1_000_000)), *(pair for pair in given_ if pair[0] <= cut_off)]
    fee = sum(
        (amount * Decimal("0.0005") * max(0, (until - due).days)).quantize(Decimal("0.01"), ROUND_HALF_UP)
        for until, amount in segments
    )
    world = with_fee(str(fee), *((day.isoformat(), str(amount)) for day, amount in given_))
    assert world.codes() == ([] if fee <= sum(a for _, a in segments) else ["LATE_FEE_OVER_PRINCIPAL"])


def test_each_day_is_charged_at_the_rate_of_that_day() -> None:
    figures = [
        LegalFigure(value=Decimal("0.0004"), since=date(2026, 1, 1), source="a later law"),
        LegalFigure(value=Decimal("0.0005"), since=date(2001, 5, 1), source="征管法32"),
    ]

    def rates(since: str, until: str) -> Decimal:
        found, denominator = rate_days(figures, np.array([since], "M8[D]"), np.array([until], "M8[D]"))
        return Decimal(int(found[0])) / denominator

    assert rates("2025-12-21", "2026-01-10") == 10 * Decimal("0.0005") + 10 * Decimal("0.0004")
    assert rates("2025-12-31", "2026-01-01") == Decimal("0.0004")
    assert rates("2025-12-30", "2025-12-31") == Decimal("0.0005")
    assert rates("2026-01-10", "2025-12-21") == 0
    assert rates("1999-01-01", "1999-01-03") == 2 * Decimal("0.0005")


# what the tax bureau's own end says of the file


def answered(**row: str) -> list[tuple[str, str, str]]:
    route = worlds.agreed().route("131100-claims")
    payment = {"claim_no": "T1", "version": "1", **PAID, "paid_on": "2026-01-09", "amount": "5.00"} | row
    rows = {"tax_claim": ROWS["claims"], "tax_claim_line": ROWS["lines"], "tax_status": ROWS["statuses"]}
    frames = {name: pd.DataFrame([one], dtype="str") for name, one in {**rows, "tax_payment": payment}.items()}
    found = check_answer(
        frames, route=route, code_lists=worlds.agreed().codes,
        cases=pd.DataFrame({"case_no": [CASE]}, dtype="str"), debtors=pd.DataFrame({"uscc": [USCC]}, dtype="str"),
    )  # fmt: skip
    assert len(found.frames["tax_claim"]) == 1 - found.held
    kept = "sent" if len(found.frames["tax_payment"]) else "stays"
    return [(f.rule, f.row_key or "", kept) for f in found.findings if f.dataset == "tax_payment"]


@pytest.mark.parametrize(
    ("row", "found"),
    [
        ({}, []),
        ({"claim_no": "T9"}, [("payment_without_claim", "T9|1|10101|2026-01-09", "stays")]),
        ({"version": "2"}, [("payment_without_claim", "T1|2|10101|2026-01-09", "stays")]),
        ({"amount": "0.00"}, [("payment_not_positive", "T1|1|10101|2026-01-09", "sent")]),
        ({"levy_code": "10104"}, [("payment_of_nothing_claimed", "T1|1|10104|2026-01-09", "sent")]),
    ],
)
def test_a_payment_that_fits_nothing_is_told(row: dict[str, str], found: list[tuple[str, str, str]]) -> None:
    assert answered(**row) == found


def test_a_payment_of_an_unknown_levy_holds_its_claim() -> None:
    assert {rule for rule, _, kept in answered(levy_code="99999") if kept == "stays"} >= {"levy_code_unknown"}


def test_the_sample_folder_is_whole_without_the_file(tmp_path: Path) -> None:
    assert not (worlds.WORLDS / "sample" / "tax_return" / "tax_payment.csv").exists()
    assert len(worlds.tax_rows("sample")["tax_payment"]) == 0
