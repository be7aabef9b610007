"""Plants in claims as a whole: the case and debtor they name, totals, cut-off, filing day, versions, duplicates."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, timedelta
from typing import Final

from exchange.sample import names
from exchange.sample.catalogue import Shelf, broken
from exchange.sample.making import Maker
from exchange.sample.rows import Claim, Estate, Line

SHELF: Final = Shelf()


def _wide_digits(text: str) -> str:
    return "".join(chr(ord(char) + 0xFEE0) if char.isdigit() else char for char in text)


STANDARD: Final = {"stage": "meeting_held"}
"""A shape of its own keeps a plant from being laid over others."""


def anew(m: Maker, e: Estate, claim: Claim) -> None:
    """Total and administrator's table as the lines now are."""
    claim.last.add_up()
    e.reviews = [row for row in e.reviews if row.claim_no != claim.no]
    m.claims.review(e, claim)


@SHELF.change("unknown_case", "申报所称案号不存在", "a claim on a number no case has", "UNKNOWN_CASE, no other code")
def _unknown(m: Maker, e: Estate) -> None:
    claim = m.claims.claim(e)
    claim.stray = m.serial(m.setting.as_of.year, "冀99")[0]
    claim.last.case_no = claim.stray
    claim.last.total += 500


@SHELF.make("claim_on_petition", "申报所称为申请审查案件", "a claim on a petition that was never sent", "UNKNOWN_CASE")
def _petition(m: Maker) -> Sequence[Estate]:
    e = m.unaccepted("petition")
    e.due, e.accepted = m.setting.ago(20), m.setting.ago(60)
    m.claims.claim(e)
    e.due = e.accepted = None
    return (e,)


@SHELF.make(
    "claim_on_held_case", "申报所称案件被拦下", "a claim with other defects on a held case", "UNKNOWN_CASE alone"
)
def _held(m: Maker) -> Sequence[Estate]:
    e = m.case()
    e.debtors[0].uscc = "91"
    e.holds.append("uscc_check_digit")
    e.claims[0].last.total += 100
    e.claims[0].last.name += "甲"
    broken(e.claims[0], "TOTAL_DIFFERS")
    broken(e.claims[0], "NAME_DIFFERS")
    return (e,)


for _id, _zh, _write in (
    ("claim_half_width", "申报案号用半角括号", lambda n: n.replace("（", "(").replace("）", ")")),
    ("claim_blanks", "申报案号有空格", lambda n: f"{n[:6]} {n[6:]}　"),
    ("claim_suffix", "申报案号带文书后缀", lambda n: n + "之一"),
    ("claim_full_width", "申报案号用全角数字", _wide_digits),
):  # fmt: skip

    @SHELF.change(
        _id, _zh, "the claim's number written in another way", "no break: it names its case", "E04", layer="claim"
    )
    def _styled(_: Maker, e: Estate, write: Callable[[str], str] = _write) -> None:
        for claim in e.claims:
            if claim.stray is None:
                claim.last.case_no = write(claim.last.case_no)


@SHELF.change(
    "claim_id_lower_case", "申报代码小写带空格", "the claim's USCC in lower case with a blank", "no break", **STANDARD
)
def _lower(_: Maker, e: Estate) -> None:
    code = e.claims[0].last.uscc
    e.claims[0].last.uscc = f" {code[:9].lower()} {code[9:]}"


@SHELF.change("claim_name_width", "申报名称全角、含空格", "the claim's name in full width with blanks", "no break")
def _width(_: Maker, e: Estate) -> None:
    version = e.claims[0].last
    for debtor in e.debtors:
        debtor.name = version.name = debtor.name.replace("有限", "(A1)有限")
    version.name = version.name.replace("(A1)", "（Ａ１） ")


@SHELF.change("wrong_uscc", "申报代码是另一企业的", "another company's USCC", "DEBTOR_MISMATCH", **STANDARD)
def _wrong_code(m: Maker, e: Estate) -> None:
    m.bodies += 1
    e.claims[0].last.uscc = names.uscc(e.division, m.bodies)
    broken(e.claims[0], "DEBTOR_MISMATCH")


@SHELF.change("no_id", "申报无任何代码", "neither USCC nor old id", "DEBTOR_MISMATCH: both empty is one", **STANDARD)
def _no_id(_: Maker, e: Estate) -> None:
    e.claims[0].last.uscc = ""
    broken(e.claims[0], "DEBTOR_MISMATCH")


@SHELF.change("uscc_counts_before_old_id", "代码不符而旧识别号相符", "the USCC is another's, the old id is right",
              "DEBTOR_MISMATCH: the USCC decides", **STANDARD)  # fmt: skip
def _decides(m: Maker, e: Estate) -> None:
    m.bodies += 2
    e.debtors[0].old_id = e.claims[0].last.old_id = names.old_taxpayer_id("131103", m.bodies)
    e.claims[0].last.uscc = names.uscc(e.division, m.bodies - 1)
    broken(e.claims[0], "DEBTOR_MISMATCH")


@SHELF.change(
    "nil_with_wrong_debtor",
    "零申报的债务人不符",
    "a nil claim under another's code",
    "DEBTOR_MISMATCH; an answer all the same",
    claim="nil",
)
def _nil_wrong(m: Maker, e: Estate) -> None:
    _wrong_code(m, e)


@SHELF.change("name_differs", "申报名称不同", "another name under the right code", "NAME_DIFFERS", **STANDARD)
def _name(_: Maker, e: Estate) -> None:
    e.claims[0].last.name = e.claims[0].last.name.replace("公司", "公司（旧）")
    broken(e.claims[0], "NAME_DIFFERS")


@SHELF.change(
    "mismatch_hides_name", "代码与名称都不同", "code and name both another's", "DEBTOR_MISMATCH alone", **STANDARD
)
def _both(m: Maker, e: Estate) -> None:
    _wrong_code(m, e)
    e.claims[0].last.name = "衡水某某甲有限公司"


for _id, _more, _kind in (
    ("total_at_tolerance", 0, "original"), ("total_over_tolerance", 1, "original"),
    ("nil_total_at_tolerance", 0, "nil"), ("nil_total_over_tolerance", 1, "nil"),
):  # fmt: skip
    for _sign in (1, -1) if _kind == "original" else (1,):

        @SHELF.change(
            _id + ("" if _sign > 0 else "_below"),
            f"总额与明细相差{'超过' if _more else '恰为'}容差" + ("（零申报）" if _kind == "nil" else ""),
            f"total {'over' if _more else 'at'} the tolerance, {'above' if _sign > 0 else 'below'} its lines, {_kind}",
            "TOTAL_DIFFERS" if _more else "no break", **({"claim": "nil"} if _kind == "nil" else {"layer": "claim"}),
        )  # fmt: skip
        def _total(m: Maker, e: Estate, more: int = _more, sign: int = _sign) -> None:
            e.claims[0].last.total += sign * (m.setting.total_tolerance + more)
            if more:
                broken(e.claims[0], "TOTAL_DIFFERS")


for _id, _days, _edges in (
    ("cutoff_a_day_late", 1, ()),
    ("cutoff_a_day_early", -1, ()),
    ("cutoff_on_filing", 40, ("E14",)),
):

    @SHELF.make(
        _id,
        f"债权截止日差{_days}日" if _days < 2 else "滞纳金算到申报日（受理后四十日）",
        f"the cut-off is {_days} days off" + (", late fees up to it" if _days > 1 else ", late fees by acceptance"),
        "CUTOFF_DIFFERS" + ("; LATE_FEE_DIFFERS on each late-fee line" if _days > 1 else ""),
        *_edges,
    )
    def _cutoff(m: Maker, days: int = _days) -> Sequence[Estate]:
        e = m.case(claim=None)
        stated = (e.accepted or date.min) + timedelta(days=days)
        claim = m.claims.claim(e, blocks=0)
        claim.last.cutoff = e.accepted or date.min
        fees: list[Line] = []
        for _ in range(3):
            principal = m.rng.randint(5_000_000, 90_000_000)
            past = m.rng.randint(100, 600)
            fees += m.claims.block(e, claim, levy=m.setting.levies["tax"][0], principal=principal, days=past,
                                   fee=m.setting.fee(principal, past + (days if days > 1 else 0)))[1:]  # fmt: skip
        claim.last.cutoff = stated
        anew(m, e, claim)
        broken(claim, "CUTOFF_DIFFERS")
        for line in fees if days > 1 else ():
            broken(claim, "LATE_FEE_DIFFERS", line=line.no)
        return (e,)


for _id, _days, _zh in (("filed_on_due", 0, "申报期末日申报"), ("filed_a_day_late", 1, "逾期一日申报")):

    @SHELF.change(
        _id, _zh, f"filed {_days} days after claims were due", "FILED_LATE" if _days else "no break", **STANDARD
    )
    def _filed(_: Maker, e: Estate, days: int = _days) -> None:
        e.claims[0].versions[0].filed = (e.due or date.min) + timedelta(days=days)
        if days:
            broken(e.claims[0], "FILED_LATE")


@SHELF.change(
    "amended_late",
    "按期申报，逾期变更",
    "filed in time, amended after the limit",
    "no FILED_LATE: version 1 counts",
    **STANDARD,
)
def _amended_late(m: Maker, e: Estate) -> None:
    version = m.claims.amend(e.claims[0])
    version.filed = (e.due or date.min) + timedelta(days=20)


@SHELF.change(
    "filed_late_without_limit", "无申报期，何日都不逾期", "no limit for claims, filed whenever", "no break", **STANDARD
)
def _no_limit(_: Maker, e: Estate) -> None:
    e.due = e.announced = None
    e.events = [event for event in e.events if event.event != "announcement"]
