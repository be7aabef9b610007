"""Plants in the claim period: its least and longest span at every boundary, the first meeting, silence after it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, timedelta
from typing import Final

from exchange.sample.catalogue import Shelf
from exchange.sample.making import Maker
from exchange.sample.rows import Estate
from exchange.sample.setting import Setting

SHELF: Final = Shelf()
SHORT, LONG, EARLY = (
    "claim_period_shorter_than_30_days",
    "claim_period_longer_than_3_months",
    "meeting_before_claims_due",
)
AWAITED: Final = ("claims_open", "meeting_held", "declared", "plan_approved", "distribution")


def _period(m: Maker, announced: date, due: date, *warns: str, holds: str = "") -> Sequence[Estate]:
    """A claimed case with this period, its meeting well after."""
    e = m.case(stage="claims_open", announced=announced, accepted=announced - timedelta(days=12), due=due)
    e.warns += warns
    if holds:
        e.holds.append(holds)
    return (e,)


for _days, _zh in ((30, "恰好三十日"), (29, "二十九日"), (31, "三十一日"), (0, "公告当日"), (-1, "早于公告一日")):

    @SHELF.make(
        f"period_{_days}_days".replace("-", "minus_"),
        f"申报期{_zh}",
        f"claims due {_days} days after announcement",
        {29: f"warned: {SHORT}", 0: f"warned: {SHORT}", -1: "held: claims_due_before_announcement"}.get(
            _days, "no warning"
        ),
    )
    def _least(m: Maker, days: int = _days) -> Sequence[Estate]:
        announced = m.setting.ago(75)
        if days < 0:
            return _period(m, announced, announced + timedelta(days=days), holds="claims_due_before_announcement")
        short = (SHORT,) if days < m.setting.least_days else ()
        return _period(m, announced, announced + timedelta(days=days), *short)


Fits = Callable[[Setting, date, date], bool]
"""Whether an announcement day and the plain end of its three months are of the kind wanted."""


def _plain(s: Setting, announced: date, end: date) -> bool:
    return announced.day == end.day and s.is_workday(end)


def _month_end(s: Setting, announced: date, end: date) -> bool:
    return announced.day > end.day and s.is_workday(end)


def _weekend(s: Setting, announced: date, end: date) -> bool:
    return announced.day == end.day and end.weekday() >= 5 and not s.is_workday(end) and (s.workday(end) - end).days < 3


def _make_up(s: Setting, _: date, end: date) -> bool:
    return end.weekday() >= 5 and s.is_workday(end)


def _holidays(s: Setting, _: date, end: date) -> bool:
    return (s.workday(end) - end).days >= 4


def _month_end_rolled(s: Setting, announced: date, end: date) -> bool:
    return announced.day > end.day and not s.is_workday(end)


def _next_year(s: Setting, _: date, end: date) -> bool:
    return end.year > s.as_of.year


LIMITS: Final[Sequence[tuple[str, str, str, Fits, tuple[str, ...]]]] = (
    ("three_months", "三个月期末为工作日", "three months end on a working day", _plain, ()),
    ("three_months_month_end", "三个月期末为短月末日",
     "three months end on a shorter month's last day", _month_end, ()),
    ("three_months_weekend", "三个月期末为周末，顺延", "three months end on a weekend, rolled", _weekend, ()),
    ("three_months_make_up_day", "三个月期末为调休上班日，不顺延", "three months end on a make-up workday: not rolled",
     _make_up, ("E34",)),
    ("three_months_holidays", "三个月期末在长假，顺延至假后", "three months end within long holidays: rolled past them",
     _holidays, ("E34",)),
    ("three_months_month_end_rolled", "短月末日为休息日，顺延", "a shorter month's last day is a rest day: rolled",
     _month_end_rolled, ()),
    ("three_months_next_year", "三个月期末在下一年",
     "three months end in the next year, whose calendar may be unconfirmed", _next_year, ("E34",)),
)  # fmt: skip


def _day_like(s: Setting, fits: Fits) -> date:
    """The last day up to as-of, else the next one after it, whose three months end as wanted."""
    for days in (*range(3000), *range(-1, -120, -1)):
        announced = s.ago(days)
        if fits(s, announced, s.months_after(announced, s.most_months)):
            return announced
    return s.as_of


for _id, _zh, _en, _fits, _edges in LIMITS:
    for _more in (0, 1):

        @SHELF.make(
            _id + ("_and_a_day" if _more else ""), _zh + ("，晚一日" if _more else "，当日届满"),
            _en + (", and a day more" if _more else ", due on that day"),
            f"warned: {LONG}" if _more else "no warning", *_edges,
        )  # fmt: skip
        def _most(m: Maker, more: int = _more, fits: Fits = _fits) -> Sequence[Estate]:
            s = m.setting
            announced = _day_like(s, fits)
            limit = s.workday(s.months_after(announced, s.most_months))
            (e,) = _period(m, announced, limit + timedelta(days=more), *((LONG,) if more else ()))
            return (e,)


for _days, _zh in ((0, "首次会议在申报期末日"), (-1, "首次会议早于申报期末日一日")):

    @SHELF.make(
        "meeting_on_due" if not _days else "meeting_before_due",
        _zh,
        "the first meeting on the last day for claims"
        if not _days
        else "the first meeting a day before claims are due",
        f"warned: {EARLY}" if _days else "no warning",
    )
    def _meets(m: Maker, days: int = _days) -> Sequence[Estate]:
        announced = m.setting.ago(80)
        due = announced + timedelta(days=40)
        e = m.case(stage="claims_open", announced=announced, accepted=announced - timedelta(days=9), due=due,
                   meeting=due + timedelta(days=days))  # fmt: skip
        e.warns += [EARLY] if days else []
        return (e,)


@SHELF.make("two_warnings", "申报期过短且会议过早", "a period too short and a meeting too early", "two warnings")
def _two(m: Maker) -> Sequence[Estate]:
    announced = m.setting.ago(70)
    due = announced + timedelta(days=20)
    e = m.case(stage="claims_open", announced=announced, accepted=announced - timedelta(days=9), due=due,
               meeting=due - timedelta(days=3))  # fmt: skip
    e.warns += [SHORT, EARLY]
    return (e,)


@SHELF.change("period_warned_and_held", "申报期过短，且名称被遮盖", "a period too short, and the name masked",
              "held: name_is_masked; no warning: it is not sent")  # fmt: skip
def _warned_held(_: Maker, e: Estate) -> None:
    e.due = (e.announced or e.filed) + timedelta(days=5)
    e.debtors[0].name = e.debtors[0].name[:2] + "**" + e.debtors[0].name[4:]
    e.warns.append(SHORT)
    e.holds.append("name_is_masked")


@SHELF.change(
    "period_unknown", "无公告日、无申报期", "no announcement, no limit for claims", "no warning, no break", claim=None
)
def _no_period(_: Maker, e: Estate) -> None:
    e.announced = e.due = None
    e.events = [event for event in e.events if event.event != "announcement"]


for _stage in AWAITED:

    @SHELF.make(f"silence_{_stage}", f"申报期昨日届满，无申报（{_stage}）", f"no claim, due yesterday, stage {_stage}",
                "NO_RESPONSE; finding taxpayer_not_in_register",
                *(("E30",) if _stage == "meeting_held" else ()))  # fmt: skip
    def _silence(m: Maker, stage: str = _stage) -> Sequence[Estate]:
        due = m.setting.ago(1)
        e = m.case(stage=stage, announced=due - timedelta(days=40), accepted=due - timedelta(days=50), due=due,
                   claim=None, procedure="reorganisation" if stage == "plan_approved" else "liquidation")  # fmt: skip
        e.statuses = []
        return (e,)


for _id, _stage, _left, _zh in (
    ("silence_due_today", "claims_open", 0, "申报期今日届满，无申报"),
    ("silence_accepted", "accepted", -1, "仅受理阶段，无申报"),
    ("silence_terminated", "terminated", -1, "已终结，无申报"),
):  # fmt: skip

    @SHELF.make(_id, _zh, f"no claim, stage {_stage}, due {_left} days after as-of", "no NO_RESPONSE")
    def _quiet(m: Maker, stage: str = _stage, left: int = _left) -> Sequence[Estate]:
        due = m.setting.ago(-left)
        e = m.case(
            stage=stage, announced=due - timedelta(days=40), accepted=due - timedelta(days=50), due=due, claim=None
        )
        e.announced, e.due = due - timedelta(days=40), due
        return (e,)


@SHELF.make("silence_held", "被拦下的案件无申报", "no claim on a case that is held", "held; no NO_RESPONSE: never sent")
def _silence_held(m: Maker) -> Sequence[Estate]:
    e = m.case(claim=None)
    e.debtors = []
    e.holds.append("case_without_debtor")
    return (e,)


@SHELF.change(
    "nil_claim", "零申报：无欠税费", "a nil claim: nothing is owed", "no break: an answer", "E37", claim="nil"
)
def _nil(_: Maker, __: Estate) -> None:
    """Nothing to change: the claim is nil."""
