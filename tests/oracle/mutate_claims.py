"""Defects in the three books: claims, their lines, the administrator's table and the distributions."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal

from tests.oracle.oracle import as_date, case_number
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


def in_ten_thousands(w: World) -> None:
    """Declared × 10,000 at exactly 50.00 or 50.01 from the sum, by changing the line."""
    case, rng = w.case(), w.rng
    claim = w.add_claim(case, a_debtor(w, case))
    declared = Decimal(rng.choice((0, 1, 12345))) * FEN
    off = Decimal(rng.choice(("50.00", "50.01", "-50.00", "-50.01", "0", "49.99", "0.01", "0.02")))
    w.add_line(claim, amount=money(max(declared * 10000 + off, Decimal(0))), due_on="2025-01-15")
    w.total(claim)
    w.review(case, claim["claim_no"], "tax", declared, declared)


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


def amended(w: World) -> None:
    """A further version: with lines dropped, moved to another rank or case, or withdrawn."""
    claim, rng = w.claim(), w.rng
    newer = w.amend(claim, lines=rng.random() < 0.8)
    for line in w.lines_of(newer):
        if rng.random() < 0.2:
            w.lines.remove(line)
        elif rng.random() < 0.1:
            line["amount"] = money(Decimal(line["amount"]) / 2)
    newer["filed_on"] = day_after(newer["filed_on"], rng.choice((-30, 0, 90)))
    if rng.random() < 0.8:
        w.total(newer)
    if rng.random() < 0.2:
        newer["case_no"] = case_number(w.case()["ah"] or "") or newer["case_no"]


def withdrawn(w: World) -> None:
    claim, rng = w.claim(), w.rng
    newer = w.amend(claim, "withdrawal", lines=rng.random() < 0.3)
    newer["total_amount"] = rng.choice(("0.00", newer["total_amount"]))
    case = w.case_of(claim)
    if case and rng.random() < 0.6:
        for rank in rng.sample(RANKS, 2):
            w.review(case, claim["claim_no"], rank, Decimal(100), Decimal(rng.choice((100, 50))))
            w.pay(case, claim["claim_no"], rank, Decimal(10), Decimal(9), w.as_of)
    if rng.random() < 0.2:
        w.amend(newer, "amendment", lines=False)["total_amount"] = "0.00"


def supplement(w: World) -> None:
    claim, rng = w.claim(), w.rng
    number = f"131103TSSB2026{w.new_id()}"
    more = claim | {"claim_no": number, "version": "1", "kind": "supplement", "supplements": claim["claim_no"]}
    more["filed_on"] = day_after(claim["filed_on"], rng.choice((0, 1, 200)))
    w.claims.append(more)
    w.add_line(more, period_start="2022-01-01", period_end="2022-12-31", due_on="2023-01-15")
    for line in w.lines_of(claim)[: rng.choice((0, 0, 1))]:
        w.lines.append(line | {"claim_no": number, "version": "1", "line_no": "2"})
    w.total(more)


def nil(w: World) -> None:
    case, rng = w.case(), w.rng
    claim = w.add_claim(case, a_debtor(w, case), kind="nil")
    if rng.random() < 0.4:
        claim["total_amount"] = rng.choice(("0.01", "0.02"))
    if rng.random() < 0.4:
        claim[rng.choice(("cutoff_on", "filed_on"))] = (w.as_of + timedelta(days=3)).isoformat()
    if rng.random() < 0.3:
        claim["debtor_name"] = "另一公司"
    if rng.random() < 0.4:
        w.review(case, claim["claim_no"], "tax", Decimal(rng.choice(("0", "0.01", "0.02", "5"))), Decimal(0))
    if rng.random() < 0.3:
        w.pay(case, claim["claim_no"], "tax", Decimal(5), Decimal(4), w.as_of)


def duplicate(w: World) -> None:
    """A second claim with a line of the first, by the same debtor, another of the case, or one thing different."""
    claim, rng = w.claim(), w.rng
    lines = w.lines_of(claim)
    if not lines:
        return
    number = f"131103TSSB{rng.choice((2025, 2027))}{w.new_id()}"
    more = claim | {"claim_no": number, "version": "1", "kind": "original"}
    more["filed_on"] = day_after(claim["filed_on"], rng.choice((-1, 0, 1)))
    case = w.case_of(claim)
    if rng.random() < 0.3 and case:
        other = w.add_debtor(case)
        more |= {"debtor_uscc": other["tyshxydm"], "debtor_name": other["mc"]}
    if rng.random() < 0.3:
        more["debtor_uscc"] = more["debtor_uscc"].lower()
    w.claims.append(more)
    line = rng.choice(lines) | {"claim_no": number, "version": "1", "line_no": "1"}
    if rng.random() < 0.4:
        line |= rng.choice(
            (
                {"levy_code": "10104"},
                {"component": "fine"},
                {"period_end": "2023-05-05"},
                {"amount": "7.77"},
                {"rank": "tax"},
            )
        )
    w.lines.append(line)
    w.total(more)
    if rng.random() < 0.3:
        w.amend(more)["filed_on"] = day_after(claim["filed_on"], -3)


def no_claim(w: World) -> None:
    """All claims of a case vanish; its limit is around as-of."""
    case = w.case()
    number = case_number(case["ah"] or "")
    gone = {c["claim_no"] for c in w.claims if case_number(c["case_no"]) == number}
    w.files["tax_claim"] = [c for c in w.claims if c["claim_no"] not in gone]
    w.files["tax_claim_line"] = [x for x in w.lines if x["claim_no"] not in gone]
    if w.rng.random() < 0.7:
        w.set_case(case, zqsbjzrq=w.as_of + timedelta(days=w.rng.choice((-1, 0, 1))))


def paid(w: World) -> None:
    """Distributions on several days around as-of, in sum near a boundary."""
    claim, rng = w.claim(), w.rng
    case = w.case_of(claim)
    if case is None:
        return
    rank = rng.choice(RANKS)
    for days in rng.sample((-40, -1, 0, 1, 30), rng.randint(1, 4)):
        off = Decimal(rng.choice(("0", "0.01", "-0.01", "0.02", "-0.02", "60")))
        w.pay(case, claim["claim_no"], rank, Decimal(100), Decimal(100) + off, w.as_of + timedelta(days=days))


def unknown_in_b(w: World) -> None:
    case = w.case()
    w.review(case, f"131103TSSB2099{w.new_id()}", "tax", Decimal(5), Decimal(5))
    w.pay(case, f"131103TSSB2099{w.next}", "tax", Decimal(5), Decimal(4), w.as_of)


def one_debtor_by_two_ids(w: World) -> None:
    """The same levy claimed of one debtor by its USCC and by its old id."""
    case = w.case()
    debtor = w.add_debtor(case, nsrsbh="131103730200012")
    for ids in ({"debtor_old_taxpayer_id": ""}, {"debtor_uscc": ""}):
        claim = w.add_claim(case, debtor, **ids)
        w.add_line(claim, due_on="2025-01-15")
        w.total(claim)


def without_any_id(w: World) -> None:
    case = w.case()
    debtor = a_debtor(w, case)
    for _ in range(2):
        claim = w.add_claim(case, debtor, debtor_uscc="", debtor_old_taxpayer_id=w.rng.choice(("", " ")))
        w.add_line(claim, due_on="2025-01-15")
        w.total(claim)


def late_version(w: World) -> None:
    """Version 10 after 9: the higher by number."""
    claim = w.claim()
    for number in ("9", "10") if int(claim["version"]) < 9 else ():
        newer = w.amend(claim)
        for line in w.lines_of(newer):
            line["version"] = number
        newer["version"] = number
        newer["total_amount"] = money(Decimal(newer["total_amount"]) + (1 if number == "9" else 0))


def nil_with_lines(w: World) -> None:
    case = w.case()
    claim = w.add_claim(case, a_debtor(w, case), kind="nil")
    w.add_line(claim, rank="ordinary")


def negative_line(w: World) -> None:
    case = w.case()
    claim = w.add_claim(case, a_debtor(w, case))
    w.add_line(claim, amount="1000.00")
    w.add_line(claim, amount=w.rng.choice(("-200.00", "-1000.00", "-3000.00")))
    w.add_line(claim, component="late_fee", amount=w.rng.choice(("10.00", "-10.00", "0.00")), rank="ordinary")
    w.total(claim)


def huge(w: World) -> None:
    case = w.case()
    claim = w.add_claim(case, a_debtor(w, case))
    w.add_line(claim, amount="9000000000000.00", due_on="2018-01-15")
    w.add_line(claim, component="late_fee", amount="10.00", rank="ordinary", due_on="2018-01-15")
    w.total(claim)
    w.review(case, claim["claim_no"], "tax", Decimal("9000000000000"), Decimal("9000000000000"))
    w.review(case, claim["claim_no"], "ordinary", Decimal("0"), Decimal("0"))


def withdrawn_elsewhere(w: World) -> None:
    """A withdrawn claim whose case is unknown, or another one than the administrator lists it under."""
    case, rng = w.case(), w.rng
    claim = w.add_claim(case, a_debtor(w, case))
    other = rng.choice((w.case()["ah"] or "", "（2026）冀1103破901号")) or "（2026）冀1103破902号"
    newer = w.amend(claim, "withdrawal")
    newer["case_no"] = case_number(other) or "（2026）冀1103破902号"
    w.review(case, claim["claim_no"], "tax", Decimal(5), Decimal(5))


def listed_elsewhere(w: World) -> None:
    """The administrator lists a claim under another case than the claim names."""
    claim, case = w.claim(), w.case()
    w.review(case, claim["claim_no"], w.rng.choice(RANKS), Decimal(5), Decimal(5))
    w.pay(case, claim["claim_no"], w.rng.choice(RANKS), Decimal(5), Decimal(4), w.as_of)


def short_money(w: World) -> None:
    for row, name in ((w.claim(), "total_amount"), (w.rng.choice(w.lines), "amount")):
        if row[name].endswith("0"):
            row[name] = row[name].removesuffix("0").removesuffix("0").removesuffix(".") or "0"


RARE: tuple[Callable[[World], object], ...] = (
    one_debtor_by_two_ids,
    without_any_id,
    late_version,
    nil_with_lines,
    negative_line,
    huge,
    withdrawn_elsewhere,
    listed_elsewhere,
    short_money,
)

CLAIMS: tuple[Callable[[World], object], ...] = (
    new_claim,
    new_claim,
    new_claim,
    in_ten_thousands,
    wrong_case,
    wrong_debtor,
    old_id_both_sides,
    two_with_one_id,
    total,
    cutoff,
    filed,
    period,
    ranks,
    line_amount,
    amended,
    amended,
    withdrawn,
    supplement,
    nil,
    duplicate,
    duplicate,
    no_claim,
    paid,
    unknown_in_b,
)
