"""Plants in the life of a claim: amended, withdrawn, filed again, supplemented."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, timedelta
from typing import Any, Final

from exchange.sample.catalogue import Shelf, broken
from exchange.sample.making import Maker
from exchange.sample.plants_claims import STANDARD, anew
from exchange.sample.rows import Claim, Estate

SHELF: Final = Shelf()
Changed = Mapping[str, Any]
"""Fields of a line that differ."""


@SHELF.change(
    "amendment_lowers",
    "变更申报调减，管理人仍按第一版",
    "an amendment lowers it, the administrator still has version 1",
    "DECLARED_DIFFERS on each rank that changed",
    "E21",
    **STANDARD,
)
def _lowered(m: Maker, e: Estate) -> None:
    claim = m.claims.claim(e, blocks=0)
    fixed = {"days": 200, "levy": m.setting.levies["tax"][0]}
    for principal in (40_000_000, 30_000_000):
        m.claims.block(e, claim, principal=principal, fee=m.setting.fee(principal, 200), **fixed)  # type: ignore[arg-type]
    anew(m, e, claim)
    version = m.claims.amend(claim)
    version.lines = version.lines[:2]
    version.add_up()
    for rank in ("tax", "ordinary"):
        broken(claim, "DECLARED_DIFFERS", rank=rank)


@SHELF.change("version_ten_after_nine", "第十版在第九版之后", "version 10 after version 9, versions between missing",
              "the higher by number counts; no break", **STANDARD)  # fmt: skip
def _ten(m: Maker, e: Estate) -> None:
    claim = e.claims[0]
    m.claims.amend(claim, version=9).total += 900
    m.claims.amend(claim, version=10)


@SHELF.change(
    "withdrawn_still_listed",
    "撤回后管理人仍列示，另有有效申报",
    "withdrawn, the administrator still lists it; another claim is live",
    "WITHDRAWN_STILL_LISTED once",
    "E22",
    **STANDARD,
)
def _withdrawn(m: Maker, e: Estate) -> None:
    claim = m.claims.claim(e, blocks=3)
    m.claims.review(e, claim)
    m.claims.listed(e, claim, "ordinary").declared += 700
    m.claims.amend(claim, kind="withdrawal")


@SHELF.change("withdrawn_alone", "唯一申报撤回，管理人仍列示", "the only claim withdrawn, still listed",
              "WITHDRAWN_STILL_LISTED and NO_RESPONSE", "E22", **STANDARD)  # fmt: skip
def _withdrawn_alone(m: Maker, e: Estate) -> None:
    m.claims.amend(e.claims[0], kind="withdrawal")


@SHELF.change(
    "withdrawn_and_gone",
    "唯一申报撤回，管理人已删",
    "the only claim withdrawn and no longer listed",
    "NO_RESPONSE alone",
    **STANDARD,
)
def _withdrawn_gone(m: Maker, e: Estate) -> None:
    m.claims.amend(e.claims[0], kind="withdrawal")
    e.reviews = []


@SHELF.change(
    "refiled_after_withdrawal",
    "撤回后同号再报",
    "amended again after its withdrawal",
    "live again: no break",
    **STANDARD,
)
def _again(m: Maker, e: Estate) -> None:
    claim = e.claims[0]
    lines = claim.last.lines
    m.claims.amend(claim, kind="withdrawal")
    version = m.claims.amend(claim)
    version.lines = lines
    version.add_up()


def _second(m: Maker, e: Estate, changed: Changed | None = None, *, days: int = 0) -> Claim:
    """A second claim with one line of the first, filed some days from it; something of the line changed."""
    first = e.claims[0]
    claim = m.claims.claim(e, blocks=0, filed=first.versions[0].filed + timedelta(days=days))
    line = first.last.lines[0]
    claim.last.lines.append(replace(line, **{"no": 1, "component": "principal", **(changed or {})}))
    anew(m, e, claim)
    return claim


for _id, _days, _changed, _later, _zh, _en in (
    ("duplicate_later_day", 1, {}, True, "次日重复申报", "the same line filed again a day later"),
    ("duplicate_same_day", 0, {}, True, "同日重复申报，按编号定先后",
     "filed again on the same day: the number decides"),
    ("duplicate_earlier_day", -1, {}, False, "编号在后而申报在先", "the second by number was filed first"),
    ("duplicate_other_amount", 1, {"amount": 777}, True, "重复申报，金额不同", "filed again with another amount"),
):  # fmt: skip

    @SHELF.change(_id, _zh, _en, "DUPLICATE_CLAIM on the later one: "
                  + ("the second" if _later else "the first by number"), **STANDARD)  # fmt: skip
    def _duplicate(m: Maker, e: Estate, days: int = _days, changed: Changed = _changed, later: bool = _later) -> None:
        e.claims[0].versions[0].filed = (e.due or date.min) - timedelta(days=5)
        claim = _second(m, e, changed, days=days)
        broken(claim if later else e.claims[0], "DUPLICATE_CLAIM")


@SHELF.change(
    "not_duplicate_period",
    "同税种不同所属期",
    "a second claim of the same levy for another period",
    "no break",
    **STANDARD,
)
def _other_period(m: Maker, e: Estate) -> None:
    e.claims[0].versions[0].filed = (e.due or date.min) - timedelta(days=5)
    _second(m, e, {"start": date(2020, 2, 2), "end": date(2020, 2, 2)})


@SHELF.change(
    "not_duplicate_component", "同税种同期不同款项", "a second claim of another component, same period",
    "no break", **STANDARD,
)  # fmt: skip
def _other_component(m: Maker, e: Estate) -> None:
    e.claims[0].versions[0].filed = (e.due or date.min) - timedelta(days=5)
    taken = {line.component for line in e.claims[0].last.lines}
    component = "fine" if "interest" in taken else "interest"
    rank = m.setting.ranks[component, m.setting.kind_of[e.claims[0].last.lines[0].levy]]
    if component not in taken:
        _second(m, e, {"component": component, "rank": rank})


@SHELF.change("not_duplicate_withdrawn", "前一申报已撤回", "the earlier claim was withdrawn", "no break", **STANDARD)
def _after_withdrawal(m: Maker, e: Estate) -> None:
    _second(m, e, days=0)
    m.claims.amend(e.claims[0], kind="withdrawal")
    e.reviews = [row for row in e.reviews if row.claim_no != e.claims[0].no]


@SHELF.change(
    "duplicate_line_amended_away", "变更时删去重复明细", "an amendment drops the repeated line", "no break", **STANDARD
)
def _amended_away(m: Maker, e: Estate) -> None:
    claim = _second(m, e, days=0)
    m.claims.block(e, claim, levy=m.setting.levies["tax"][0], principal=12_300, days=90, fee=0)
    version = m.claims.amend(claim)
    version.lines = version.lines[1:]
    for place, line in enumerate(version.lines, 1):
        line.no = place
    version.lines[1].amount = m.setting.fee(12_300, 90)
    anew(m, e, claim)


@SHELF.change("line_twice_in_one_claim", "同一申报内同一明细两行", "the same line twice in one claim",
              "no DUPLICATE_CLAIM: within one claim; late fee on the sum", "E23", **STANDARD)  # fmt: skip
def _line_twice(m: Maker, e: Estate) -> None:
    claim = m.claims.claim(e, blocks=0)
    levy, principal = m.setting.levies["tax"][0], 8_888_800
    first, _ = m.claims.block(e, claim, levy=levy, principal=principal, days=100, fee=m.setting.fee(2 * principal, 100))
    m.claims.line(claim, levy, first.start, first.end, first.due, "principal", principal)
    anew(m, e, claim)


def _supplement(m: Maker, e: Estate, days: int, component: str = "late_fee") -> Claim:
    due = e.due or date.min
    claim = m.claims.claim(e, kind="supplement", supplements=e.claims[0].no, blocks=0, filed=due + timedelta(days=days))
    m.claims.block(
        e,
        claim,
        levy=m.setting.levies["tax"][0],
        principal=3_210_000,
        days=150,
        fee=m.setting.fee(3_210_000, 150) if component == "late_fee" else 900_000,
        component=component,
    )
    claim.last.add_up()
    return claim


@SHELF.change("supplement_in_time", "申报期内补充申报", "a supplement within the limit", "no break", **STANDARD)
def _in_time(m: Maker, e: Estate) -> None:
    _supplement(m, e, 0)


@SHELF.change(
    "supplement_before_distribution",
    "最后分配前补充申报",
    "a supplement after the limit, before the last distribution",
    "FILED_LATE: admissible",
    "E19",
    stage="declared",
)
def _before_last(m: Maker, e: Estate) -> None:
    broken(_supplement(m, e, 30), "FILED_LATE")


@SHELF.change("supplement_after_distribution", "最后分配后补充申报", "a supplement after the last distribution",
              "FILED_LATE: refused by article 56", "E19", stage="terminated")  # fmt: skip
def _after_last(m: Maker, e: Estate) -> None:
    claim = _supplement(m, e, 30)
    claim.last.filed = m.setting.as_of
    broken(claim, "FILED_LATE")


@SHELF.change(
    "supplement_inspection",
    "稽查决定在申报期后、表决前",
    "an inspection's decision after the limit, before the vote",
    "FILED_LATE",
    "E20",
    **STANDARD,
)
def _inspection(m: Maker, e: Estate) -> None:
    e.statuses[0].inspection = True
    broken(_supplement(m, e, 2, "fine"), "FILED_LATE")


@SHELF.change("supplement_overlaps", "补充申报与原申报重叠", "a supplement that repeats a line of its original",
              "DUPLICATE_CLAIM on the supplement", "E23", **STANDARD)  # fmt: skip
def _overlap(m: Maker, e: Estate) -> None:
    e.claims[0].versions[0].filed = (e.due or date.min) - timedelta(days=5)
    claim = _second(m, e, days=2)
    claim.last.kind, claim.last.supplements = "supplement", e.claims[0].no
    broken(claim, "DUPLICATE_CLAIM")
