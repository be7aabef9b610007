"""Defects in the three books: claims, their lines, the administrator's table and the distributions."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal

from tests.oracle.forms import as_date, case_number
from tests.oracle.world import FEN, Row, World, money, uscc

COMPONENTS = ("principal", "late_fee", "fine", "interest")
RANKS = ("tax", "social_insurance", "ordinary", "subordinated")
DAY_RATE = Decimal("0.0005")


def day_after(value: str, days: int) -> str:
    return (date.fromisoformat(value) + timedelta(days=days)).isoformat()


def right_rank(kind: str, component: str) -> str:
    if component == "principal":
        return {"tax": "tax", "surcharge": "tax", "social_insurance": "social_insurance"}.get(kind, "ordinary")
    if component == "late_fee":
        return "subordinated" if kind == "social_insurance" else "ordinary"
    return "ordinary" if component == "interest" else "subordinated"


def a_debtor(w: World, case: Row) -> Row:
    found = w.debtors(case)
    return w.rng.choice(found) if found else w.add_debtor(case)


def an_amount(w: World) -> Decimal:
    return Decimal(w.rng.choice((1, 99, 1000, 34347961, 123456789, w.rng.randint(1, 10**9)))) * FEN


def add_block(w: World, claim: Row, cut_off: date) -> None:
    """Principal lines of one levy and period, their late fee near a boundary, and a line of another component."""
    rng = w.rng
    levy = rng.choice(sorted(w.levies))
    due = cut_off - timedelta(days=rng.choice((-30, -1, 0, 1, 2, 100, 2023, 2500)))
    start = due - timedelta(days=105)
    same = {"levy_code": levy, "period_start": start.isoformat(), "period_end": day_after(due.isoformat(), -15)}
    parts = [an_amount(w) for _ in range(rng.choice((0, 1, 1, 1, 2)))]
    for part in parts:
        rank = right_rank(w.levies[levy], "principal")
        w.add_line(claim, **same, due_on=due.isoformat(), amount=money(part), rank=rank)
    if rng.random() < 0.8:
        total = sum(parts, Decimal(0))
        a_day = total * DAY_RATE
        days = max(0, (cut_off - due).days)
        fee = (a_day * days).quantize(FEN, ROUND_HALF_UP)
        off = rng.choice((Decimal(0), Decimal(0), Decimal("0.05"), Decimal("0.06"), a_day, a_day * 2, total))
        near = rng.choice(("0", "0", "0.05", "-0.05", "0.06", "-0.06", "0.01"))
        fee += rng.choice((1, -1)) * off + Decimal(near)
        rank = right_rank(w.levies[levy], "late_fee")
        fee_due = due + timedelta(days=rng.choice((0, 0, 0, 0, 1)))
        amount = money(max(fee, Decimal(0)))
        w.add_line(claim, **same, due_on=fee_due.isoformat(), component="late_fee", amount=amount, rank=rank)
    if rng.random() < 0.4:
        component = rng.choice(COMPONENTS)
        rank = rng.choice((right_rank(w.levies[levy], component), rng.choice(RANKS)))
        given = same | {"period_end": day_after(same["period_end"], rng.choice((0, 1)))}
        w.add_line(claim, **given, due_on=due.isoformat(), component=component, amount=money(an_amount(w)), rank=rank)


def reviews(w: World, claim: Row, case: Row) -> None:
    """Book B's rows of a claim, each near a boundary, also for ranks the claim has no lines of."""
    rng = w.rng
    for rank in RANKS:
        due = sum((Decimal(x["amount"]) for x in w.lines_of(claim) if x["rank"] == rank), Decimal(0))
        if rng.random() < 0.2:
            continue
        off = Decimal(rng.choice(("0", "0", "0", "0.01", "-0.01", "0.02", "-0.02", "100")))
        declared = max(due + off, Decimal(0))
        if rng.random() < 0.25:
            near = Decimal(rng.choice(("0", "0.0050", "-0.0050", "0.0051", "0.0060", "-0.0060", "0.01")))
            declared = max((due / 10000 + near).quantize(FEN, ROUND_HALF_UP), Decimal(0))
        confirmed = (
            declared if rng.random() < 0.6 else max(due - Decimal(rng.choice(("0.01", "0.02", "5"))), Decimal(0))
        )
        w.review(case, claim["claim_no"], rank, declared, confirmed)


def new_claim(w: World) -> Row:
    """A claim that may be on any case, selected, held or unknown, filed around the limit."""
    rng, case = w.rng, w.case()
    claim = w.add_claim(case, a_debtor(w, case))
    limit = as_date(case["zqsbjzrq"]) or w.as_of
    claim["filed_on"] = (limit + timedelta(days=rng.choice((-20, -1, 0, 0, 1, 60)))).isoformat()
    if rng.random() < 0.2:
        claim["cutoff_on"] = day_after(claim["cutoff_on"], rng.choice((-1, 1, 40)))
    cut_off = as_date(claim["cutoff_on"] if case["ajlx_dm"] == "04" else case["slrq"]) or w.as_of
    for _ in range(rng.randint(1, 4)):
        add_block(w, claim, cut_off)
    w.total(claim)
    if rng.random() < 0.2:
        off = Decimal(rng.choice(("0.01", "-0.01", "0.02", "-0.02", "1")))
        claim["total_amount"] = money(Decimal(claim["total_amount"]) + off)
    if rng.random() < 0.7:
        reviews(w, claim, case)
    return claim


def wrong_case(w: World) -> None:
    claim = w.claim()
    claim["case_no"] = w.rng.choice(
        (
            "（2026）冀1103破901号",
            case_number(w.case()["ah"] or "") or "（2026）冀1103破902号",
            "2026年破产第7号",
            "(2026) 冀1103破903号之一",
        )
    )


def wrong_debtor(w: World) -> None:
    claim, rng = w.claim(), w.rng
    case = w.case_of(claim)
    own = w.debtors(case) if case else []
    claim["debtor_uscc"] = rng.choice((uscc(rng), "", "", " ", *(d["tyshxydm"] or "" for d in own)))
    claim["debtor_old_taxpayer_id"] = rng.choice(
        ("", "131103730200012", "13110373020001x", " 131103730200012 ", *(d["nsrsbh"] or "" for d in own))
    )


def old_id_both_sides(w: World) -> None:
    """A debtor known by its old id alone, claimed by it in several spellings."""
    case, rng = w.case(), w.rng
    old = rng.choice(("131103730200012", "13110373020001X"))
    debtor = w.add_debtor(
        case, tyshxydm=rng.choice((None, "", uscc(rng))), nsrsbh=rng.choice((old, f" {old}", old.lower()))
    )
    claim = w.add_claim(
        case, debtor, debtor_uscc="", debtor_old_taxpayer_id=rng.choice((old, old.lower(), f"{old}\u3000"))
    )
    if rng.random() < 0.3:
        claim["debtor_name"] = rng.choice(("另一公司", debtor["mc"] + " "))
    w.add_line(claim, due_on="2025-01-15")
    w.total(claim)


def two_with_one_id(w: World) -> None:
    """Two debtors of a case share an id; the claim names one, the other or a third."""
    case, rng = w.case(), w.rng
    code = uscc(rng)
    first = w.add_debtor(case, tyshxydm=code, cym=rng.choice((None, "", "曾用 名（甲）公司")))
    second = w.add_debtor(case, tyshxydm=rng.choice((code, code.lower())))
    name = rng.choice((first["mc"], second["mc"], "曾用名(甲)公司", "曾 用名（甲）公司", "第三公司"))
    claim = w.add_claim(case, first, debtor_name=name)
    w.add_line(claim, due_on="2025-01-15")
    w.total(claim)


def total(w: World) -> None:
    claim = w.claim()
    off = Decimal(w.rng.choice(("0.01", "-0.01", "0.02", "-0.02", "10000")))
    claim["total_amount"] = money(Decimal(claim["total_amount"]) + off)


def cutoff(w: World) -> None:
    claim = w.claim()
    claim["cutoff_on"] = day_after(claim["cutoff_on"], w.rng.choice((-1, 1, 40)))


def filed(w: World) -> None:
    claim = w.claim()
    case = w.case_of(claim)
    limit = as_date(case["zqsbjzrq"]) if case else None
    if limit:
        claim["filed_on"] = (limit + timedelta(days=w.rng.choice((-1, 0, 1)))).isoformat()


def period(w: World) -> None:
    """A line whose period starts around the day of acceptance."""
    claim = w.claim()
    case = w.case_of(claim)
    start = as_date(case["slrq"]) if case else None
    if start:
        day = start + timedelta(days=w.rng.choice((-1, 0, 1, 30)))
        due = day + timedelta(days=w.rng.choice((-10, 45)))
        span = {"period_start": day.isoformat(), "period_end": day.isoformat(), "due_on": due.isoformat()}
        w.add_line(claim, **span, component=w.rng.choice(COMPONENTS))
        w.total(claim)


def payments(w: World) -> None:
    """A levy paid in part, in full or twice before the cut-off, on it or after it, and the fee of its segments."""
    rng, case = w.rng, w.case()
    claim = w.add_claim(case, a_debtor(w, case))
    cut_off = as_date(claim["cutoff_on"] if case["ajlx_dm"] == "04" else case["slrq"]) or w.as_of
    due = cut_off - timedelta(days=rng.choice((-5, 0, 30, 500)))
    same = {"levy_code": "10104", "period_start": "2021-01-01", "period_end": "2021-12-31"}
    owed = an_amount(w)
    if rng.random() < 0.8:
        w.add_line(claim, **same, due_on=due.isoformat(), amount=money(owed))
    else:
        owed = Decimal(0)
    fee, paid = (owed * DAY_RATE * max(0, (cut_off - due).days)).quantize(FEN, ROUND_HALF_UP), Decimal(0)
    for after in rng.sample((-60, -1, 0, 1, 3, 29, 30, 31, 499, 600), rng.randint(1, 3)):
        day, amount = due + timedelta(days=after), an_amount(w)
        key = {"claim_no": claim["claim_no"], "version": claim["version"]} | same
        if rng.random() < 0.15:
            key["period_end"] = "2021-12-30"
        w.payments.append(key | {"paid_on": day.isoformat(), "amount": money(amount)})
        if day <= cut_off and key["period_end"] == same["period_end"]:
            paid += amount
            fee += (amount * DAY_RATE * max(0, (day - due).days)).quantize(FEN, ROUND_HALF_UP)
    off = rng.choice((Decimal(0), Decimal(0), owed * DAY_RATE, (owed + paid) * DAY_RATE, Decimal(5)))
    near = rng.choice(("0", "0", "0.05", "-0.05", "0.06", "-0.06"))
    amount = max(fee + rng.choice((1, -1)) * off + Decimal(near), Decimal(0))
    w.add_line(claim, **same, due_on=due.isoformat(), component="late_fee", amount=money(amount), rank="ordinary")
    w.total(claim)


def ranks(w: World) -> None:
    claim, rng = w.claim(), w.rng
    levy, component = rng.choice(sorted(w.levies)), rng.choice(COMPONENTS)
    rank = rng.choice((right_rank(w.levies[levy], component), *RANKS))
    w.add_line(
        claim, levy_code=levy, component=component, rank=rank, period_start="2023-01-01", period_end="2023-12-31"
    )
    w.total(claim)


def line_amount(w: World) -> None:
    line, rng = w.rng.choice(w.lines), w.rng
    off = Decimal(rng.choice(("0.01", "0.05", "0.06", "-0.05", "-0.06", "1000", "1000000")))
    line["amount"] = money(max(Decimal(line["amount"]) + off, Decimal(0)))


CLAIMS: tuple[Callable[[World], object], ...] = (
    new_claim,
    new_claim,
    new_claim,
    wrong_case,
    wrong_debtor,
    old_id_both_sides,
    two_with_one_id,
    total,
    cutoff,
    filed,
    period,
    payments,
    ranks,
    line_amount,
)
