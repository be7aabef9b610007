"""Plants in stages and selection: which cases a quarter takes, which it holds for their stage or acceptance."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Final

from exchange.sample.catalogue import Shelf
from exchange.sample.making import Maker
from exchange.sample.rows import Estate

SHELF: Final = Shelf()


@SHELF.make(
    "clean_liquidation", "清算终结，各方一致", "a liquidation to its end, all books agree", "sent; no break", "E01"
)
def _clean(m: Maker) -> Sequence[Estate]:
    return (m.case(stage="terminated", terminated=m.setting.as_of),)


for _id, _stage, _zh in (("stage_null", None, "程序阶段为空"), ("stage_unknown", "47", "程序阶段不在代码表"),
                         ("stage_empty", "", "程序阶段为空字符串")):  # fmt: skip

    @SHELF.change(_id, _zh, "a stage that is none of the list", "held: unknown_stage_code", layer="court")
    def _unknown(_: Maker, e: Estate, stage: str | None = _stage) -> None:
        e.stage = stage
        e.holds.append("unknown_stage_code")


@SHELF.change("stage_unknown_major", "重大案件，阶段不明", "major, and its stage unknown",
              "held: unknown_stage_code; urgent all the same: major, held")  # fmt: skip
def _unknown_major(_: Maker, e: Estate) -> None:
    e.stage, e.major = "99", True
    e.holds.append("unknown_stage_code")


@SHELF.change("stage_unknown_not_accepted_on", "阶段不明且无受理日", "stage unknown, no acceptance date",
              "held: unknown_stage_code alone")  # fmt: skip
def _unknown_bare(_: Maker, e: Estate) -> None:
    e.stage, e.accepted, e.claims = None, None, []
    e.reviews = []
    e.holds.append("unknown_stage_code")


@SHELF.change("accepted_on_missing", "已受理而无受理日", "a stage after acceptance, no date of it",
              "held: accepted_on_missing")  # fmt: skip
def _missing(_: Maker, e: Estate) -> None:
    e.accepted = None
    e.holds.append("accepted_on_missing")


@SHELF.change("terminated_without_acceptance", "已终结而无受理日", "terminated, no date of acceptance",
              "held: accepted_on_missing", stage="terminated")  # fmt: skip
def _ended_missing(m: Maker, e: Estate) -> None:
    _missing(m, e)


@SHELF.make("accepted_today", "报送日当天受理", "accepted on the day the quarter is run", "sent; urgent: accepted")
def _today(m: Maker) -> Sequence[Estate]:
    return (m.case(stage="accepted", accepted=m.setting.as_of),)


@SHELF.make("accepted_tomorrow", "受理日在报送日之后", "accepted one day after as-of",
            "held: accepted_on_in_future; not urgent for that")  # fmt: skip
def _tomorrow(m: Maker) -> Sequence[Estate]:
    e = m.case(stage="accepted", accepted=m.setting.as_of)
    e.accepted = m.setting.as_of + timedelta(days=1)
    e.holds.append("accepted_on_in_future")
    return (e,)


for _id, _more in (("accepted_seven_days", 0), ("accepted_eight_days", 1)):

    @SHELF.make(_id, f"受理第{7 + _more}日", f"accepted {7 + _more} days before as-of",
                "sent; urgent" if not _more else "sent; not urgent")  # fmt: skip
    def _days_ago(m: Maker, more: int = _more) -> Sequence[Estate]:
        return (m.case(stage="accepted", accepted=m.setting.ago(m.setting.urgent_days["accepted"] + more)),)


for _id, _left, _zh in (
    ("due_today", 0, "申报期今日届满"), ("due_in_seven_days", 7, "申报期七日内届满"),
    ("due_in_eight_days", 8, "申报期八日后届满"), ("due_yesterday", -1, "申报期昨日届满，已申报"),
):  # fmt: skip

    @SHELF.make(_id, _zh, f"claims due {_left} days after as-of, claimed", "urgent from 0 to 7 days; no break")
    def _due(m: Maker, left: int = _left) -> Sequence[Estate]:
        due = m.setting.ago(-left)
        return (m.case(stage="claims_open", announced=due - timedelta(days=45),
                       accepted=due - timedelta(days=60), due=due),)  # fmt: skip


@SHELF.change("major", "重大案件", "a major case", "sent; urgent: major", layer="court")
def _major(_: Maker, e: Estate) -> None:
    e.major = True


@SHELF.change(
    "major_terminated", "重大案件已终结", "a major case that has ended", "sent; not urgent", stage="terminated"
)
def _major_over(_: Maker, e: Estate) -> None:
    e.major = True


@SHELF.change("major_held", "重大案件被拦下", "a major case that is held", "held: name_is_masked; urgent, held")
def _major_held(_: Maker, e: Estate) -> None:
    e.major, e.debtors[0].name = True, "某＊有限公司"
    e.holds.append("name_is_masked")


def _ended(m: Maker, days: int, updated: int | None, clock: str = "00:00:00", *, selected: bool,
           stage: str = "terminated") -> Sequence[Estate]:  # fmt: skip
    """A case that ended `days` after the quarter's first day and was updated `updated` days after it."""
    first = m.setting.period.first_day
    e = m.case(stage="terminated", terminated=first + timedelta(days=days), selected=selected,
               claim="original" if selected else None,
               accepted=min(m.setting.ago(430), first + timedelta(days=days - 400)))  # fmt: skip
    e.stage = stage
    e.updated = None if updated is None else f"{first + timedelta(days=updated)} {clock}"
    return (e,)


for _id, _args, _zh, _en, _expected in (
    ("ended_on_first_day", (0, -5, "00:00:00", True), "季度首日终结", "ended on the quarter's first day", "selected"),
    ("ended_before_updated_before", (-1, -1, "23:59:59", False), "季前终结且季前更新",
     "ended and last updated on the day before", "not selected"),
    ("ended_before_updated_first_day", (-1, 0, "00:00:00", True), "季前终结，首日零时更新",
     "ended before, updated as the quarter began", "selected"),
    ("ended_before_never_updated", (-30, None, "", False), "季前终结，无更新时间", "ended before, no time of update",
     "not selected"),
    ("ended_long_ago_keyed_now", (-400, 3, "09:30:00", True), "很久以前终结，本季补录", "ended long ago, keyed now",
     "selected: late, not lost"),
):  # fmt: skip

    @SHELF.make(_id, _zh, _en, _expected)
    def _end(m: Maker, args: tuple[int, int | None, str, bool] = _args) -> Sequence[Estate]:
        return _ended(m, *args[:3], selected=args[3])


@SHELF.make(
    "open_but_ended_before",
    "阶段未终结而终结日在季前",
    "a stage that goes on, with a date of termination before",
    "not selected: the date rules",
)
def _open_ended(m: Maker) -> Sequence[Estate]:
    return _ended(m, -20, -10, selected=False, stage="distribution")


@SHELF.change("terminated_without_date", "已终结而无终结日", "terminated, no date of it",
              "selected and sent; finding terminated_on_missing", stage="terminated")  # fmt: skip
def _undated(_: Maker, e: Estate) -> None:
    e.terminated = None


@SHELF.make("petition", "破产申请审查中", "a petition under review", "not selected")
def _under_review(m: Maker) -> Sequence[Estate]:
    return (m.unaccepted("petition"),)


@SHELF.make("not_accepted", "不予受理", "a petition refused", "not selected")
def _refused(m: Maker) -> Sequence[Estate]:
    return (m.unaccepted("not_accepted"),)


@SHELF.make("court_unknown", "法院不在本方名单", "a court the party does not speak for",
            "not selected: it is never read")  # fmt: skip
def _stranger(m: Maker) -> Sequence[Estate]:
    e = m.case(claim=None, selected=False, number=m.serial(m.setting.as_of.year, "冀0102")[0])
    e.court = "冀0102"
    return (e,)


@SHELF.make("no_assets", "无财产可供分配，数周内终结", "no assets, ended within weeks (article 43), no claims table",
            "sent; no break", "E27")  # fmt: skip
def _no_assets(m: Maker) -> Sequence[Estate]:
    s = m.setting
    ended = s.workday(max(s.period.first_day, s.ago(20)))
    accepted = ended - timedelta(days=40)
    e = m.case(stage="terminated", claim=None, accepted=accepted, announced=accepted + timedelta(days=5),
               due=accepted + timedelta(days=36), terminated=min(ended, s.as_of))  # fmt: skip
    e.meeting, e.declared, e.disposals = None, None, []
    e.events = [event for event in e.events if event.event != "declaration"]
    return (e,)


@SHELF.make("converted", "强制清算转破产清算", "a compulsory liquidation that became a bankruptcy",
            "two cases sent; the bankruptcy's cut-off is its own acceptance", "E26")  # fmt: skip
def _converted(m: Maker) -> Sequence[Estate]:
    s = m.setting
    ended = max(s.period.first_day, s.ago(60))
    court = m.court()
    before = m.case(stage="terminated", procedure="compulsory_liquidation", court=court, claim=None,
                    accepted=ended - timedelta(days=300), terminated=ended)  # fmt: skip
    after = m.case(stage="claims_open", court=court, accepted=ended, announced=min(s.as_of, ended + timedelta(days=8)))
    one, other = before.debtors[0], after.debtors[0]
    other.name, other.uscc = one.name, one.uscc
    before.statuses = []
    after.statuses[0].uscc, after.statuses[0].registration = one.uscc or "", "normal"
    for claim in after.claims:
        claim.last.name, claim.last.uscc = one.name, one.uscc or ""
    return after, before


@SHELF.make(
    "compulsory_any_cut_off",
    "强制清算：截止日由税务一方载明",
    "compulsory liquidation, cut-off as the tax side states it",
    "no CUTOFF_DIFFERS; late fees by the stated cut-off",
)
def _compulsory(m: Maker) -> Sequence[Estate]:
    e = m.case(procedure="compulsory_liquidation", claim=None)
    m.claims.review(e, m.claims.claim(e, cutoff=(e.accepted or date.min) + timedelta(days=44), blocks=3))
    return (e,)
