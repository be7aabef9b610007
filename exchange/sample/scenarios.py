"""Edge cases that no single dump and return can show: what changes by the quarter, what happens on the way.

A scenario is a few cases and the states they stand in one after the other. Each state is a whole world with answers of
its own; `expected.json` says in words and fields what must happen besides. Cases of a scenario keep their ids, numbers
and debtors over all its states.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Any, Final

from exchange.domain.period import Period
from exchange.sample.making import Maker
from exchange.sample.plants_claims import anew
from exchange.sample.rows import Claim, Estate, Event
from exchange.sample.setting import Setting

LARGE: Final = 40_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """One day's state of a scenario's cases. `fields` is what must hold then, beside the answers.

    `quarter` False where only the watch looks on that day.
    """

    period: str
    as_of: date
    estates: Sequence[Estate]
    fields: Mapping[str, Any] = field(default_factory=dict)
    quarter: bool = True
    extra_column: tuple[str, str] | None = None
    """A column that no contract has, put into the claims file, and what stands in it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """One edge case over time. `must` says what must happen, in order."""

    id: str
    zh: str
    en: str
    must: tuple[str, ...]
    states: Callable[[Maker], Sequence[State]]


def at(setting: Setting, state: State) -> Setting:
    """The setting on a state's day."""
    return replace(setting, period=Period.parse(state.period), as_of=state.as_of)


def _later(e: Estate, on: date, **changed: Any) -> Estate:
    """The same case as it stands on a later day."""
    made = deepcopy(e)
    for name, value in changed.items():
        setattr(made, name, value)
    made.updated = f"{on} 10:00:00"
    return made


def _one_claim(m: Maker, e: Estate) -> Claim:
    """A claim of one principal with its late fee to the cut-off."""
    claim = m.claims.claim(e, blocks=0)
    m.claims.block(e, claim, levy=m.setting.levies["tax"][0], principal=LARGE, days=200, fee=m.setting.fee(LARGE, 200))
    claim.last.add_up()
    return claim


QUARTERS: Final = (
    ("2025Q4", date(2026, 1, 8)), ("2026Q1", date(2026, 4, 9)), ("2026Q2", date(2026, 7, 7)),
)  # fmt: skip
"""The timeline the scenarios over several quarters share."""


def _quarters(estates: Sequence[Sequence[Estate]], fields: Sequence[Mapping[str, Any]]) -> Sequence[State]:
    """A state a quarter of the shared timeline; what the tax register says is of that day."""
    made = []
    for (period, as_of), cases, told in zip(QUARTERS, estates, fields, strict=True):
        then = [deepcopy(case) for case in cases]
        for case in then:
            for status in case.statuses:
                status.on = as_of
        made.append(State(period=period, as_of=as_of, estates=then, fields=told))
    return made


def _nil(m: Maker) -> Sequence[State]:
    period, as_of = QUARTERS[1]
    m.on(period, as_of, "E02")
    gone = m.case(
        stage="terminated", claim=None, selected=False, accepted=date(2024, 3, 4), terminated=date(2025, 6, 3)
    )
    gone.updated = "2025-06-03 10:00:00"
    return (State(period=period, as_of=as_of, estates=(m.unaccepted("petition"), m.unaccepted("not_accepted"), gone),
                  fields={"packet_kind": "N", "selected": 0}),)  # fmt: skip


def _too_late(m: Maker) -> Sequence[State]:
    accepted, announced, due, run = date(2025, 7, 2), date(2025, 7, 11), date(2025, 8, 11), date(2025, 10, 14)
    m.on("2025Q3", run, "E03")
    e = m.case(
        stage="claims_open", accepted=accepted, announced=announced, due=due, meeting=date(2025, 8, 22), claim=None
    )
    e.statuses = []
    fresh = _later(e, accepted, stage="accepted", announced=None, due=None, meeting=None, events=e.events[:1])
    days = (
        (date(2025, 7, 3), fresh, {"urgent": ["accepted_within_7_days"]}, False),
        (date(2025, 8, 5), _later(e, announced), {"urgent": ["claims_due_within_7_days"]}, False),
        (run, _later(e, announced), {"days_after_limit": (run - due).days, "break": "NO_RESPONSE"}, True),
    )
    return tuple(
        State(period="2025Q3", as_of=day, estates=(one,), fields=fields, quarter=quarter)
        for day, one, fields, quarter in days
    )


def _on_the_way(m: Maker) -> Sequence[State]:
    """Three quarters of one case: three packets to lose, repeat and put out of order."""
    m.on(*QUARTERS[0], "E23")
    e = m.case(stage="claims_open", accepted=date(2025, 11, 3), claim=None)
    _one_claim(m, e)
    states = [(_later(e, as_of, note=period),) for period, as_of in QUARTERS]
    return _quarters(states, [{"packet": number} for number in (1, 2, 3)])


def _switched(m: Maker) -> Sequence[State]:
    m.on(*QUARTERS[0], "E24")
    accepted = date(2025, 10, 20)
    e = m.case(stage="claims_open", accepted=accepted, announced=date(2025, 10, 29), due=date(2025, 12, 8), claim=None)
    m.claims.review(e, _one_claim(m, e), date(2025, 12, 19))
    reorganised = _later(e, date(2026, 3, 2), procedure="reorganisation", stage="plan_approved")
    back = _later(reorganised, date(2026, 6, 1), procedure="liquidation", stage="declared", declared=date(2026, 6, 1))
    back.events.append(
        Event(event="declaration", on=date(2026, 6, 1), document_no=f"{e.number}之5", title="宣告破产裁定书")
    )
    fields = [
        {"procedure": procedure, "accepted_on": accepted.isoformat(), "breaks": 0}
        for procedure in ("liquidation", "reorganisation", "liquidation")
    ]
    return _quarters(((e,), (reorganised,), (back,)), fields)


def _dismissed(m: Maker) -> Sequence[State]:
    m.on(*QUARTERS[0], "E25")
    e = m.case(
        stage="claims_open", accepted=date(2025, 11, 10), announced=date(2025, 11, 19), due=date(2026, 1, 5), claim=None
    )
    _one_claim(m, e)
    gone = _later(e, date(2026, 2, 3), stage="not_accepted", selected=False, known=True)
    gone.statuses = []
    fields: Sequence[Mapping[str, Any]] = ({"sent": True}, {"sent": False, "taken_back": e.number}, {"sent": False})
    return _quarters(((e,), (gone,), (gone,)), fields)


def _became_bankrupt(m: Maker) -> Sequence[State]:
    m.on(*QUARTERS[0], "E26")
    before = m.case(stage="claims_open", procedure="compulsory_liquidation", accepted=date(2025, 10, 13),
                    announced=date(2025, 10, 22), due=date(2025, 12, 5), claim=None)  # fmt: skip
    _one_claim(m, before)
    court = next(court for court in m.setting.courts if court.id == before.court)
    m.on(*QUARTERS[1], "E26 again")
    ended = _later(before, date(2026, 1, 20), stage="terminated", terminated=date(2026, 1, 20))
    m.claims.amend(ended.claims[0], kind="withdrawal", days=60)
    ended.statuses = []
    after = m.case(stage="claims_open", court=court, accepted=date(2026, 1, 20), announced=date(2026, 1, 29),
                   due=date(2026, 3, 16), claim=None)  # fmt: skip
    one, other = before.debtors[0], after.debtors[0]
    other.name, other.uscc, after.statuses[0].uscc = one.name, one.uscc, one.uscc or ""
    _one_claim(m, after)
    over = deepcopy(ended)
    over.selected, over.known = False, True
    fields: Sequence[Mapping[str, Any]] = (
        {"procedure": "compulsory_liquidation"},
        {"new_case": after.number, "cut_off": "2026-01-20", "breaks": 0},
        {"breaks": 0},
    )
    return _quarters(((before,), (ended, after), (over, _later(after, date(2026, 3, 2)))), fields)


def _lifted(m: Maker) -> Sequence[State]:
    m.on(*QUARTERS[0], "E29")
    e = m.case(
        stage="claims_open",
        accepted=date(2025, 11, 3),
        announced=date(2025, 11, 12),
        due=date(2025, 12, 22),
        claim=None,
    )
    claim = _one_claim(m, e)
    status = e.statuses[0]
    status.registration, status.suspended, status.inspection = "abnormal", True, True
    after = _later(e, date(2026, 3, 10))
    lifted = after.statuses[0]
    lifted.registration, lifted.suspended, lifted.inspection = "normal", False, False
    first_line = m.claims.amend(after.claims[0], days=15).lines[0]
    m.claims.line(
        after.claims[0], first_line.levy, first_line.start, first_line.end, first_line.due, "fine", 20_000_000
    )
    anew(m, after, after.claims[0])
    after.reviews = []
    fields: Sequence[Mapping[str, Any]] = (
        {"registration": "abnormal", "claim": claim.no}, {"registration": "normal", "version": 2},
        {"registration": "normal"},
    )  # fmt: skip
    return _quarters(((e,), (after,), (_later(after, date(2026, 3, 10)),)), fields)


def _staff(m: Maker) -> Sequence[State]:
    m.on(*QUARTERS[0], "E33")
    period, as_of = QUARTERS[0]
    e = m.case(stage="claims_open", accepted=date(2025, 11, 3), claim=None)
    _one_claim(m, e)
    column = ("职工身份证号", "某甲 990000198001010011")
    return (
        State(
            period=period, as_of=as_of, estates=(e,), extra_column=column, fields={"answer_refused": True, "stored": 0}
        ),
    )


def _attacked(m: Maker) -> Sequence[State]:
    m.on(*QUARTERS[0], "E36")
    period, as_of = QUARTERS[0]
    attacks = ["one_byte_changed", "wrong_recipient_key", "certificate_expired", "same_person_prepares_and_approves"]
    e = m.case(stage="claims_open", accepted=as_of - timedelta(days=60))
    return (State(period=period, as_of=as_of, estates=(e,), fields={"refused": attacks}),)


SCENARIOS: Final[Mapping[str, Scenario]] = {
    one.id: one
    for one in (
        Scenario(id="E02", zh="零季度", en="a quarter without a case", states=_nil,
                 must=("nothing is selected", "a signed nil packet (kind N) goes", "it is receipted")),
        Scenario(id="E03", zh="只靠季报太迟", en="the quarterly feed alone is too late", states=_too_late,
                 must=("the watch finds the case on 2025-07-03 and sends it at once",
                       "the watch finds it again on 2025-08-05, six days before the limit",
                       "the quarter's own day, 2025-10-14, is 64 days after the limit of 2025-08-11: NO_RESPONSE")),
        Scenario(id="E23", zh="数据包重复、乱序、缺号", en="packets twice, out of order, one missing",
                 states=_on_the_way, must=("packet 3 before packet 2 waits", "packet 1 again changes nothing",
                                           "packet 2 arrives: 2 and 3 are taken in, in order")),
        Scenario(id="E24", zh="清算转重整，计划未获批准再转清算", en="liquidation, reorganisation, liquidation again",
                 states=_switched, must=("the procedure travels as it stands", "the cut-off stays the first acceptance",
                                         "the late fee does not change: no break in any quarter")),
        Scenario(id="E25", zh="受理后被裁定驳回申请", en="the acceptance is dismissed (article 12)", states=_dismissed,
                 must=("the case is sent in the first quarter", "it is not selected in the second",
                       "a record takes it back, so that the other side lets late fees run again")),
        Scenario(id="E26", zh="强制清算转破产", en="a compulsory liquidation becomes a bankruptcy",
                 states=_became_bankrupt, must=("the new case has a number of its own and the same debtor",
                       "its cut-off is the bankruptcy's acceptance", "the old claim is withdrawn, the new one agrees")),
        Scenario(id="E29", zh="非正常户解除", en="an abnormal taxpayer made normal again", states=_lifted,
                 must=("abnormal in the first answer", "normal in the second, after returns and a penalty decision",
                       "the fine is in the amended claim, in the rank subordinated")),
        Scenario(id="E33", zh="应答文件多出职工姓名身份证号一列", en="a column of staff names and ids in the answer",
                 states=_staff, must=("the whole answer is refused", "nothing of it is stored or sent")),
        Scenario(id="E36", zh="数据包被篡改等", en="a packet that was tampered with, and its like", states=_attacked,
                 must=("one byte changed: refused", "encrypted to another key: refused", "expired certificate: refused",
                       "the same person prepares and approves: refused", "each refusal is in the ledger")),
    )
}  # fmt: skip
