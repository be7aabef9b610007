"""Plants in the administrator's table, in distributions, and in amounts below zero."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from exchange.sample.catalogue import Shelf, broken
from exchange.sample.making import Maker
from exchange.sample.plants_claims import anew
from exchange.sample.rows import Claim, Disposal, Estate, Payment, Review

SHELF: Final = Shelf()
DECLARED, UNIT, CONFIRMED, PAID = "DECLARED_DIFFERS", "UNIT_SUSPECT", "CONFIRMED_DIFFERS", "PAID_DIFFERS"

Off = tuple[int, int]
"""How far off: so many tolerances, and fen beyond."""


def _fen(off: Off, tolerance: int) -> int:
    return off[0] * tolerance + off[1]


def _tax_claim(m: Maker, e: Estate, amount: int) -> tuple[Claim, Review]:
    """A further claim of one principal of the rank tax, and its row in the administrator's table."""
    claim = m.claims.claim(e, blocks=0)
    m.claims.block(e, claim, levy=m.setting.levies["tax"][0], principal=amount, days=0, fee=None)
    claim.last.lines = claim.last.lines[:1]
    anew(m, e, claim)
    return claim, m.claims.listed(e, claim, "tax")


for _id, _zh, _off_declared, _off_confirmed, _code in (
    ("declared_at_tolerance", "申报额相差恰为容差", (1, 0), (1, 0), ""),
    ("declared_at_tolerance_below", "申报额少恰为容差", (-1, 0), (-1, 0), ""),
    ("declared_over_tolerance", "申报额多出超过容差", (1, 1), (0, 0), DECLARED),
    ("declared_under_tolerance", "申报额少超过容差", (-1, -1), (-1, -1), DECLARED),
    ("confirmed_at_tolerance", "确认额相差恰为容差", (0, 0), (-1, 0), ""),
    ("confirmed_over_tolerance", "确认额少超过容差", (0, 0), (-1, -1), CONFIRMED),
    ("confirmed_above", "确认额高于申报", (0, 0), (1, 1), CONFIRMED),
    ("declared_hides_confirmed", "申报额与确认额都不同", (0, 5000), (0, -5000), DECLARED),
):  # fmt: skip

    @SHELF.change(_id, _zh, "the administrator's row off by fen at the boundary", _code or "no break", layer="table")
    def _off(
        m: Maker, e: Estate, declared: Off = _off_declared, confirmed: Off = _off_confirmed, code: str = _code
    ) -> None:
        claim, row = _tax_claim(m, e, 123_456_789)
        row.declared += _fen(declared, m.setting.rank_tolerance)
        row.confirmed += _fen(confirmed, m.setting.rank_tolerance)
        if code:
            broken(claim, code, rank="tax")


@SHELF.change("refused_whole", "管理人全不确认", "nothing of a rank confirmed", CONFIRMED, layer="table")
def _refused(m: Maker, e: Estate) -> None:
    claim, row = _tax_claim(m, e, 50_000_000)
    row.confirmed, row.why = 0, "证据不足"
    broken(claim, CONFIRMED, rank="tax")


for _id, _more, _zh in (
    ("no_lines_at_tolerance", 0, "无该顺位明细而列一分"),
    ("no_lines_over_tolerance", 1, "无该顺位明细而列两分"),
):

    @SHELF.change(_id, _zh, "a row of a rank the claim has no lines of", DECLARED if _more else "no break")
    def _no_lines(m: Maker, e: Estate, more: int = _more) -> None:
        claim, _ = _tax_claim(m, e, 50_000_000)
        row = m.claims.listed(e, claim, "subordinated")
        row.declared = m.setting.rank_tolerance + more
        if more:
            broken(claim, UNIT if row.declared * m.setting.unit_factor <= m.setting.unit_tolerance else DECLARED,
                   rank="subordinated")  # fmt: skip


for _id, _zh, _declared, _off_by, _code, _edges in (
    ("in_ten_thousands", "管理人以万元列示", 12_345, (0, 0), UNIT, ("E32",)),
    ("in_ten_thousands_at_tolerance", "万元折算相差恰为五十元", 12_345, (1, 0), UNIT, ("E32",)),
    ("in_ten_thousands_at_tolerance_below", "万元折算少恰为五十元", 12_345, (-1, 0), UNIT, ()),
    ("in_ten_thousands_over", "万元折算相差超过五十元一分", 12_345, (1, 1), DECLARED, ("E32",)),
    ("in_ten_thousands_under", "万元折算少超过五十元一分", 12_345, (-1, -1), DECLARED, ()),
    ("nothing_declared_of_fifty", "申报五十元，列示零", 0, (1, 0), UNIT, ()),
    ("nothing_declared_of_more", "申报五十元一分，列示零", 0, (1, 1), DECLARED, ()),
    ("nothing_declared_of_a_fen", "申报一分，列示零", 0, (0, 1), "", ()),
):  # fmt: skip

    @SHELF.change(_id, _zh, "declared in ten thousands, or nearly", _code or "no break", *_edges, layer="table")
    def _unit(m: Maker, e: Estate, declared: int = _declared, off: Off = _off_by, code: str = _code) -> None:
        claim, row = _tax_claim(m, e, declared * m.setting.unit_factor + _fen(off, m.setting.unit_tolerance))
        row.declared = row.confirmed = declared
        if code:
            broken(claim, code, rank="tax")


@SHELF.change("claimed_in_ten_thousands", "税务一方以万元申报", "the tax side claims in ten thousands",
              f"{DECLARED}; finding claim_may_be_in_ten_thousands", "E32", layer="table")  # fmt: skip
def _reversed(m: Maker, e: Estate) -> None:
    claim, row = _tax_claim(m, e, 12_345)
    row.declared = row.confirmed = 123_450_000
    broken(claim, DECLARED, rank="tax")


@SHELF.change(
    "unknown_in_table",
    "管理人列示税务不知的编号",
    "the administrator lists a claim number the tax side doesn't know",
    "no break; finding claim_unknown_to_tax",
)
def _unknown(m: Maker, e: Estate) -> None:
    (row, *_) = e.reviews or [m.claims.listed(e, e.claims[0], "tax")]
    e.reviews.append(
        Review(
            claim_no=f"{m.setting.authority}TSSB1999{m.records:06d}",
            rank="tax",
            declared=500,
            confirmed=500,
            on=row.on,
            creditor=row.creditor,
        )
    )


@SHELF.change("other_creditors", "管理人表中有其他债权人", "other creditors' rows in the administrator's table",
              "not read: none of the tax side's business")  # fmt: skip
def _others(m: Maker, e: Estate) -> None:
    for n in (1, 2):
        e.reviews.append(Review(claim_no=f"ZQ{m.records}-{n}", rank="ordinary", declared=900_000, confirmed=900_000,
                                on=e.meeting or m.setting.as_of, creditor=f"衡水某某银行第{n}支行"))  # fmt: skip


@SHELF.change(
    "table_is_silent", "管理人表中无此申报", "a claim the administrator does not list", "no break: silence is none"
)
def _silent(_: Maker, e: Estate) -> None:
    e.reviews = []


def _pay(m: Maker, e: Estate, *paid: tuple[int, int]) -> Claim:
    """Payments of 1000.00 each on a further claim: (days before as-of, fen paid too much)."""
    claim, _ = _tax_claim(m, e, 50_000_000)
    for days, off in paid:
        e.payments.append(
            Payment(claim_no=claim.no, rank="tax", payable=100_000, paid=100_000 + off, on=m.setting.ago(days))
        )
    return claim


for _id, _zh, _payments, _broken in (
    ("paid_at_tolerance", "实付相差恰为容差", ((5, 1),), False),
    ("paid_over_tolerance", "实付多付超过容差", ((5, 2),), True),
    ("paid_under_tolerance", "实付少付超过容差", ((5, -2),), True),
    ("paid_on_day", "报送日当日的分配计入", ((0, -6000),), True),
    ("paid_after", "报送日之后的分配不计", ((-1, -6000),), False),
    ("paid_in_two", "两次分配各差一分，合计超过容差", ((30, 1), (5, 1)), True),
    ("paid_makes_up", "前次少付，后次补足", ((30, -6000), (5, 6000)), False),
    ("paid_makes_up_later", "前次少付，补足在报送日之后", ((30, -6000), (-3, 6000)), True),
):  # fmt: skip

    @SHELF.change(
        _id, _zh, "distributions up to as-of, in sum at the boundary", PAID if _broken else "no break", layer="paid"
    )
    def _paid(m: Maker, e: Estate, payments: tuple[tuple[int, int], ...] = _payments, wrong: bool = _broken) -> None:
        claim = _pay(m, e, *payments)
        if wrong:
            broken(claim, PAID, rank="tax")


@SHELF.change("paid_on_withdrawn", "已撤回的申报仍获分配", "a distribution on a withdrawn claim",
              "WITHDRAWN_STILL_LISTED; no PAID_DIFFERS; finding paid_on_withdrawn_claim")  # fmt: skip
def _paid_withdrawn(m: Maker, e: Estate) -> None:
    claim = _pay(m, e, (10, -500))
    m.claims.amend(claim, kind="withdrawal")


NEGATIVE = "that row alone held: negative_amount"


def _disposal(price: int | None, appraised: int) -> Disposal:
    return Disposal(
        kind="vehicle", what="货车", appraised=appraised, price=price, on=None, buyer="", platform="协议转让"
    )


for _id, _zh, _price, _appraised, _held in (
    ("negative_price", "成交价为负", -1, 100_000, True), ("negative_appraisal", "评估价为负", None, -100_000, True),
    ("zero_price", "成交价为零", 0, 0, False),
):  # fmt: skip

    @SHELF.change(_id, _zh, "an asset's amount", NEGATIVE if _held else "sent", layer="rows")
    def _asset(
        _: Maker, e: Estate, price: int | None = _price, appraised: int = _appraised, held: bool = _held
    ) -> None:
        e.disposals.append(_disposal(price, appraised))
        if held:
            e.row_holds.add("asset_disposal")


@SHELF.change(
    "negative_declared",
    "管理人表申报额为负",
    "a declared amount below zero",
    f"{NEGATIVE}; not in book B: no DECLARED_DIFFERS",
)
def _negative_declared(m: Maker, e: Estate) -> None:
    _, row = _tax_claim(m, e, 50_000_000)
    row.declared = -50_000_000
    e.row_holds.add("claim_review")


@SHELF.change("negative_confirmed", "管理人表确认额为负", "a confirmed amount below zero", f"{NEGATIVE}; not in book B")
def _negative_confirmed(m: Maker, e: Estate) -> None:
    _, row = _tax_claim(m, e, 50_000_000)
    row.confirmed = -1
    e.row_holds.add("claim_review")


@SHELF.change("negative_payment", "实付为负", "a payment below zero", f"{NEGATIVE}; it does not count for PAID_DIFFERS")
def _negative_paid(m: Maker, e: Estate) -> None:
    claim = _pay(m, e, (5, 0))
    e.payments.append(Payment(claim_no=claim.no, rank="tax", payable=100_000, paid=-100_000, on=m.setting.ago(3)))
    e.row_holds.add("distribution")


@SHELF.make(
    "negative_row_of_held_case", "被拦下的案件另有负数行", "a negative row in a case that is held", "both listed"
)
def _negative_held(m: Maker) -> Sequence[Estate]:
    e = m.case()
    e.debtors = []
    e.holds.append("case_without_debtor")
    e.disposals.append(_disposal(-5, 100))
    e.row_holds.add("asset_disposal")
    return (e,)


@SHELF.change(
    "withdrawn_listed_in_held_row",
    "撤回的申报只列于负数行",
    "a withdrawn claim listed in a negative row alone",
    "no WITHDRAWN_STILL_LISTED: that row is not in book B",
)
def _withdrawn_negative(m: Maker, e: Estate) -> None:
    claim, row = _tax_claim(m, e, 50_000_000)
    row.declared = -1
    e.row_holds.add("claim_review")
    m.claims.amend(claim, kind="withdrawal")


@SHELF.change(
    "negative_line",
    "申报明细为负（多缴抵减）",
    "a negative line: an overpayment set off",
    "no break: totals and sums agree",
)
def _negative_line(m: Maker, e: Estate) -> None:
    claim = m.claims.claim(e, blocks=0)
    for principal in (9_000_000, -2_000_000):
        m.claims.block(e, claim, levy=m.setting.levies["tax"][0], principal=principal, days=0, fee=None)
    claim.last.lines = [line for line in claim.last.lines if line.component == "principal"]
    for place, line in enumerate(claim.last.lines, 1):
        line.no = place
    anew(m, e, claim)


@SHELF.change(
    "several_administrators",
    "先后两名管理人",
    "two administrators, one after the other",
    "sent once, with the last appointed",
)
def _two(_: Maker, e: Estate) -> None:
    if e.administrator is not None:
        name, lead, phone, on = e.administrator
        e.predecessor = (name + "（前任）", lead, phone, on - timedelta(days=1))
