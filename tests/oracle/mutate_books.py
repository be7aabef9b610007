"""Defects between the books: versions, duplicates, withdrawals, payments, and what is rare."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal

from tests.oracle.forms import FEN, case_number
from tests.oracle.mutate_claims import RANKS, a_debtor, day_after
from tests.oracle.world import World, money


def in_ten_thousands(w: World) -> None:
    """Declared × 10,000 at exactly 50.00 or 50.01 from the sum, by changing the line."""
    case, rng = w.case(), w.rng
    claim = w.add_claim(case, a_debtor(w, case))
    declared = Decimal(rng.choice((0, 1, 12345))) * FEN
    off = Decimal(rng.choice(("50.00", "50.01", "-50.00", "-50.01", "0", "49.99", "0.01", "0.02")))
    w.add_line(claim, amount=money(max(declared * 10000 + off, Decimal(0))), due_on="2025-01-15")
    w.total(claim)
    w.review(case, claim["claim_no"], "tax", declared, declared)


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


def no_claim(w: World) -> None:
    """All claims of a case vanish; its limit is around as-of."""
    case = w.case()
    number = case_number(case["ah"] or "")
    gone = {c["claim_no"] for c in w.claims if case_number(c["case_no"]) == number}
    w.files["tax_claim"] = [c for c in w.claims if c["claim_no"] not in gone]
    w.files["tax_claim_line"] = [x for x in w.lines if x["claim_no"] not in gone]
    if w.rng.random() < 0.7:
        w.set_case(case, zqsbjzrq=w.as_of + timedelta(days=w.rng.choice((-1, 0, 1))))


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
        for row in (*w.lines_of(newer), *w.payments_of(newer)):
            row["version"] = number
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


BOOKS: tuple[Callable[[World], object], ...] = (
    in_ten_thousands,
    paid,
    unknown_in_b,
    no_claim,
    amended,
    amended,
    withdrawn,
    supplement,
    nil,
    duplicate,
    duplicate,
)

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
