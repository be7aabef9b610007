"""Plants in the lines of a claim: late fees at every boundary, ranks, periods."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Final

from exchange.sample.catalogue import Shelf, broken, told
from exchange.sample.making import Maker
from exchange.sample.plants_claims import anew
from exchange.sample.rows import Claim, Estate, Instalment

SHELF: Final = Shelf()
DIFFERS, ONE_DAY, OVER = "LATE_FEE_DIFFERS", "LATE_FEE_ONE_DAY", "LATE_FEE_OVER_PRINCIPAL"
LARGE: Final = 40_000_000
"""Fen whose fee of one day (200.00) is far over every tolerance."""


def _fee(m: Maker, e: Estate, principal: int, days: int, off: int) -> tuple[Claim, int]:
    """One more principal with a late fee so many fen off; the claim and the fee's line."""
    claim = e.claims[0]
    lines = m.claims.block(e, claim, levy=m.setting.levies["tax"][0], principal=principal, days=days,
                           fee=m.setting.fee(principal, days) + off)  # fmt: skip
    anew(m, e, claim)
    return claim, lines[1].no


def _day(m: Maker, principal: int) -> int:
    """One day's fee in fen of a principal for which it is whole."""
    return m.setting.fee(principal, 1)


for _id, _zh, _principal, _days, _off, _code in (
    ("fee_at_tolerance_above", "滞纳金多出恰为容差", LARGE, 100, lambda t, _: t, ""),
    ("fee_at_tolerance_below", "滞纳金少算恰为容差", LARGE, 100, lambda t, _: -t, ""),
    ("fee_over_tolerance", "滞纳金多出超过容差一分", LARGE, 100, lambda t, _: t + 1, DIFFERS),
    ("fee_under_tolerance", "滞纳金少算超过容差一分", LARGE, 100, lambda t, _: -t - 1, DIFFERS),
    ("fee_a_day_more", "滞纳金多算一日", LARGE, 100, lambda _, d: d, ONE_DAY),
    ("fee_a_day_less", "滞纳金少算一日", LARGE, 100, lambda _, d: -d, ONE_DAY),
    ("fee_a_day_at_tolerance", "多算一日再加容差", LARGE, 100, lambda t, d: d + t, ONE_DAY),
    ("fee_a_day_over_tolerance", "多算一日再超容差一分", LARGE, 100, lambda t, d: d + t + 1, DIFFERS),
    ("fee_a_day_under_tolerance", "少算一日不足容差外一分", LARGE, 100, lambda t, d: -d + t + 1, DIFFERS),
    ("fee_two_days", "滞纳金多算两日", LARGE, 100, lambda _, d: 2 * d, DIFFERS),
    ("fee_small_principal_a_day", "小额税款，差额恰如一日", 10_000, 100, lambda t, d: t + d, ONE_DAY),
    ("fee_small_principal_over", "小额税款，差额大于一日", 10_000, 100, lambda t, d: t + d + 1, DIFFERS),
    ("fee_none_due", "缴款期限即截止日，无滞纳金", LARGE, 0, lambda t, _: t, ""),
    ("fee_none_due_over", "缴款期限即截止日而计收", LARGE, 0, lambda t, _: t + 1, DIFFERS),
    ("fee_due_after_cutoff", "缴款期限晚于截止日，滞纳金为零", LARGE, -20, lambda *_: 0, ""),
    ("fee_due_after_cutoff_charged", "缴款期限晚于截止日而计收一日", LARGE, -20, lambda _, d: d, ONE_DAY),
):  # fmt: skip

    @SHELF.change(
        _id,
        _zh,
        f"principal {_principal // 100}.00, {_days} days, a late fee off at the boundary",
        _code or "no break",
        *(("E16",) if _id in ("fee_a_day_more", "fee_a_day_less") else ()),
        layer="lines",
    )
    def _late(m: Maker, e: Estate, principal=_principal, days=_days, off=_off, code=_code) -> None:  # type: ignore[no-untyped-def]
        claim, line = _fee(m, e, principal, days, off(m.setting.line_tolerance, _day(m, principal)))
        if code == ONE_DAY:
            told(claim, code, line)
        elif code:
            broken(claim, code, line=line)


for _id, _zh, _days, _over in (("fee_equals_principal", "滞纳金恰等于税款（二千日）", 2000, False),
                               ("fee_over_principal", "滞纳金超过税款（二千零一日）", 2001, True)):  # fmt: skip

    @SHELF.change(
        _id, _zh, f"late fee of {_days} days against its principal", OVER if _over else "no info", layer="lines"
    )
    def _cap(m: Maker, e: Estate, days: int = _days, over: bool = _over) -> None:
        claim, line = _fee(m, e, LARGE, days, 0)
        if over:
            told(claim, OVER, line)


@SHELF.change("fee_wrong_and_over_principal", "滞纳金有误且超过税款", "a late fee both wrong and over its principal",
              f"{DIFFERS} beside {OVER}", layer="lines")  # fmt: skip
def _wrong_over(m: Maker, e: Estate) -> None:
    claim, line = _fee(m, e, LARGE, 100, 2 * LARGE)
    broken(claim, DIFFERS, line=line)
    told(claim, OVER, line)


@SHELF.make(
    "golden_case",
    "南京案：343479.61元，2023日",
    "the court's own case: 343479.61, 2023 days, over the cap by 3950.02",
    f"{OVER}; the administrator confirmed the cap: CONFIRMED_DIFFERS",
    "E15",
)
def _golden(m: Maker) -> Sequence[Estate]:
    e = m.case(stage="distribution", accepted=date(2015, 12, 14), claim=None)
    claim = m.claims.claim(e, blocks=0)
    lines = m.claims.block(e, claim, levy="10104", principal=34_347_961, days=2023, fee=34_742_963)
    anew(m, e, claim)
    m.claims.listed(e, claim, "ordinary").confirmed = 34_347_961
    told(claim, OVER, lines[1].no)
    broken(claim, "CONFIRMED_DIFFERS", rank="ordinary")
    return (e,)


@SHELF.change(
    "fee_without_principal",
    "有滞纳金而无税款",
    "a late fee whose principal was paid",
    "LATE_FEE_NO_PRINCIPAL",
    layer="lines",
)
def _alone(m: Maker, e: Estate) -> None:
    claim = e.claims[0]
    lines = m.claims.block(e, claim, levy=m.setting.levies["tax"][0], principal=LARGE, days=100, fee=99_900)
    claim.last.lines.remove(lines[0])
    told(claim, "LATE_FEE_NO_PRINCIPAL", lines[1].no)
    anew(m, e, claim)


@SHELF.change("fee_on_several_principals", "同税种同期两笔税款合计计算", "two principals of one levy and period",
              "no break: the fee is on their sum", layer="lines")  # fmt: skip
def _several(m: Maker, e: Estate) -> None:
    claim, levy = e.claims[0], m.setting.levies["tax"][0]
    first, _ = m.claims.block(e, claim, levy=levy, principal=LARGE, days=77, fee=m.setting.fee(LARGE + 123_456, 77))
    m.claims.line(claim, levy, first.start, first.end, first.due, "principal", 123_456)
    anew(m, e, claim)


@SHELF.change(
    "fee_line_has_its_own_limit",
    "滞纳金行自有缴款期限",
    "the late-fee line's own limit counts, not the principal's",
    "no break",
    layer="lines",
)
def _own_limit(m: Maker, e: Estate) -> None:
    claim = e.claims[0]
    lines = m.claims.block(
        e, claim, levy=m.setting.levies["tax"][0], principal=LARGE, days=90, fee=m.setting.fee(LARGE, 60)
    )
    lines[1].due += timedelta(days=30)
    anew(m, e, claim)


@SHELF.change(
    "fee_in_segments",
    "中途缴纳一部分，分段计算",
    "part was paid on the way: the fee in two segments in one line",
    f"{DIFFERS}: the remaining principal does not explain it",
    "E17",
    layer="lines",
)
def _segments(m: Maker, e: Estate) -> None:
    claim, line = _fee(m, e, LARGE, 300, m.setting.fee(10_000_000, 120))
    broken(claim, DIFFERS, line=line)


@SHELF.change(
    "fee_in_segments_two_lines",
    "中途缴纳一部分，已缴部分另列一行",
    "part was paid: its fee on a line of its own",
    "LATE_FEE_NO_PRINCIPAL on the part that was paid",
    "E17",
    layer="lines",
)
def _segment_lines(m: Maker, e: Estate) -> None:
    claim, _ = _fee(m, e, LARGE, 300, 0)
    rest, fee = claim.last.lines[-2:]
    del rest
    part = m.claims.line(claim, fee.levy, fee.start, fee.start, fee.due, "late_fee", m.setting.fee(10_000_000, 120))
    told(claim, "LATE_FEE_NO_PRINCIPAL", part.no)
    anew(m, e, claim)


for _id, _zh, _before, _counts in (
    ("fee_segments_told", "中途缴纳一部分，附缴款记录", 180, True),
    ("fee_segments_told_on_cutoff", "截止日当天缴纳一部分", 0, True),
    ("fee_segments_told_after", "截止日后缴纳一部分，不分段", -1, False),
    ("fee_segments_told_wrong", "附缴款记录而未分段计算", 180, False),
):

    @SHELF.change(
        _id, _zh, f"part was paid {_before} days before the cut-off, the payment is told",
        DIFFERS if _id.endswith("wrong") else "no break", "E17", layer="lines",
    )  # fmt: skip
    def _told(m: Maker, e: Estate, before: int = _before, counts: bool = _counts, name: str = _id) -> None:
        if all(contract.dataset != "tax_payment" for contract in m.setting.back.datasets):
            return
        paid, days = 10_000_000, 300
        claim, line = _fee(m, e, LARGE, days, m.setting.fee(paid, days - before) if counts else 0)
        owed = claim.last.lines[-2]
        on = claim.last.cutoff - timedelta(days=before)
        claim.last.instalments.append(Instalment(levy=owed.levy, start=owed.start, end=owed.end, on=on, amount=paid))
        if name.endswith("wrong"):
            broken(claim, DIFFERS, line=line)


@SHELF.make(
    "fee_rounded_by_line",
    "三十七行逐行四舍五入",
    "37 principals, the fee rounded line by line against the total",
    "no break: within the tolerance",
    "E35",
)
def _by_line(m: Maker) -> Sequence[Estate]:
    e = m.case(claim=None)
    claim, levy, days = m.claims.claim(e, blocks=0), m.setting.levies["tax"][0], 101
    first, fee = m.claims.block(e, claim, levy=levy, principal=1_010, days=days, fee=0)
    owed, by_line = 1_010, m.setting.fee(1_010, days)
    while len(claim.last.lines) < 38:
        amount = m.rng.randint(100_000, 9_000_000)
        off = abs(by_line + m.setting.fee(amount, days) - m.setting.fee(owed + amount, days))
        if off <= m.setting.line_tolerance:
            m.claims.line(claim, levy, first.start, first.end, first.due, "principal", amount)
            owed, by_line = owed + amount, by_line + m.setting.fee(amount, days)
    fee.amount = by_line
    anew(m, e, claim)
    return (e,)


@SHELF.make(
    "fee_half_a_fen",
    "滞纳金恰为半分，进位",
    "a fee of exactly half a fen is rounded up",
    "no break at the tolerance above it",
)
def _half(m: Maker) -> Sequence[Estate]:
    e = m.case()
    _fee(m, e, 100, 10, m.setting.line_tolerance)
    return (e,)


@SHELF.change(
    "compulsory_late_fee_by_acceptance",
    "强制清算：滞纳金按受理日计算",
    "compulsory liquidation, the fee by acceptance, not as stated",
    DIFFERS,
    procedure="compulsory_liquidation",
)
def _compulsory(m: Maker, e: Estate) -> None:
    claim = m.claims.claim(e, blocks=0, cutoff=(e.accepted or date.min) + timedelta(days=30))
    lines = m.claims.block(
        e, claim, levy=m.setting.levies["tax"][0], principal=LARGE, days=200, fee=m.setting.fee(LARGE, 170)
    )
    broken(claim, DIFFERS, line=lines[1].no)
    anew(m, e, claim)


RANKS: Final = (
    ("fine_in_tax", "罚款列为税款顺位", "tax", "fine", "tax", ("E18",)),
    ("surcharge_in_ordinary", "教育费附加列为普通债权", "surcharge", "principal", "ordinary", ("E18",)),
    ("late_fee_in_tax", "滞纳金列为税款顺位", "tax", "late_fee", "tax", ("E18",)),
    ("nontax_in_tax", "非税收入列为税款顺位", "nontax", "principal", "tax", ()),
    ("insurance_in_tax", "社会保险费列为税款顺位", "social_insurance", "principal", "tax", ()),
    ("insurance_late_fee_in_ordinary", "社会保险费滞纳金列为普通债权", "social_insurance", "late_fee", "ordinary", ()),
    ("interest_in_tax", "特别纳税调整利息列为税款顺位", "tax", "interest", "tax", ()),
    ("fine_in_ordinary", "罚款列为普通债权", "nontax", "fine", "ordinary", ()),
)
for _id, _zh, _kind, _component, _rank, _edges in RANKS:

    @SHELF.change(_id, _zh, f"{_component} of {_kind} in rank {_rank}", "RANK_DIFFERS", *_edges, layer="lines")
    def _ranked(m: Maker, e: Estate, kind: str = _kind, component: str = _component, rank: str = _rank) -> None:
        claim, levy = e.claims[0], m.setting.levies[kind][0]
        beside = m.setting.fee(LARGE, 100) if component == "late_fee" else 200_000
        lines = m.claims.block(e, claim, levy=levy, principal=LARGE, days=100, fee=beside,
                               component="fine" if component == "principal" else component)  # fmt: skip
        line = lines[0 if component == "principal" else 1]
        line.rank = rank
        broken(claim, "RANK_DIFFERS", line=line.no)
        anew(m, e, claim)


@SHELF.change(
    "insurance_split",
    "社会保险费：划入个人账户部分不申报，其余列社保顺位",
    "social insurance without the part of individual accounts",
    "no break: the employees' part is not filed",
    "E38",
    layer="lines",
)
def _insurance(m: Maker, e: Estate) -> None:
    claim = e.claims[0]
    for levy in m.setting.levies["social_insurance"][:3]:
        m.claims.block(e, claim, levy=levy, principal=7_654_321, days=200, fee=m.setting.fee(7_654_321, 200))
    anew(m, e, claim)


for _id, _days, _zh in (
    ("period_starts_on_acceptance", 0, "所属期始于受理日"),
    ("period_starts_after", 1, "所属期始于受理次日"),
):

    @SHELF.change(_id, _zh, f"a period that starts {_days} days after acceptance",
                  "POST_ACCEPTANCE_PERIOD" if _days else "no break", layer="lines")  # fmt: skip
    def _post(m: Maker, e: Estate, days: int = _days) -> None:
        claim = e.claims[0]
        start = (e.accepted or date.min) + timedelta(days=days)
        line = m.claims.line(
            claim,
            m.setting.levies["tax"][0],
            start,
            start + timedelta(days=20),
            start + timedelta(days=35),
            "principal",
            500_000,
        )
        if days:
            broken(claim, "POST_ACCEPTANCE_PERIOD", line=line.no)
        anew(m, e, claim)


@SHELF.change(
    "land_sale_after_acceptance",
    "受理后处置土地的税款列入申报",
    "tax on land sold after acceptance inside the claim",
    "POST_ACCEPTANCE_PERIOD on each of its lines",
    "E31",
    layer="lines",
)
def _land(m: Maker, e: Estate) -> None:
    claim = e.claims[0]
    start = (e.accepted or date.min) + timedelta(days=45)
    for levy in [code for code in ("10113", "10101", "10109") if code in m.setting.kind_of]:
        line = m.claims.line(
            claim, levy, start, start + timedelta(days=29), start + timedelta(days=44), "principal", 8_000_000
        )
        broken(claim, "POST_ACCEPTANCE_PERIOD", line=line.no)
    anew(m, e, claim)


@SHELF.change(
    "compulsory_period_after",
    "强制清算：所属期在受理后",
    "compulsory liquidation, a period after acceptance",
    "no break",
    procedure="compulsory_liquidation",
)
def _after(m: Maker, e: Estate) -> None:
    claim = e.claims[0]
    start = (e.accepted or date.min) + timedelta(days=10)
    m.claims.line(claim, m.setting.levies["tax"][0], start, start, start + timedelta(days=15), "principal", 500_000)
    anew(m, e, claim)
