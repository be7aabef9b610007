"""The standard steps of the proceedings: who owes what by when, done or overdue, as far as what was exchanged tells.

The steps, their order and law are the code list `case_step`; their days are figures of the route's terms. A limit in
natural days that ends on a rest day ends on the next working day (民事诉讼法 article 85).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final, Literal

from exchange.domain.calendar import WorkCalendar
from exchange.domain.contract import CodeList

State = Literal["done", "late", "running", "idle", "unknown", "not_applicable"]
"""unknown: nothing that is exchanged tells of it, or the proceedings are over and nothing told of it."""

CODES: Final = "case_step"
_AFTER_THE_END: Final = frozenset({"clear", "deregister"})


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseStep:
    """One step: `on` the day it was done or is set for, `begins` and `due` its limit; `days` to the limit, negative
    when it has passed and the step is not done."""

    number: int
    code: str
    owner: str
    state: State
    on: date | None
    begins: date | None
    due: date | None
    law_zh: str
    days: int | None = None


def case_steps(
    facts: Mapping[str, date | None],
    *,
    procedure: str | None,
    codes: CodeList,
    days_of: Callable[[str, date], int],
    calendar: WorkCalendar,
    today: date,
) -> tuple[CaseStep, ...]:
    """Every step in order. `facts` are days by the names the code list uses, `days_of` a figure in force on a day."""
    over = facts.get("terminated_on")
    found = []
    for number, code in enumerate(codes.names_zh, start=1):
        rule = codes.extra[code]
        begins, done = facts.get(rule["begins"]), facts.get(rule["done"])
        due = facts.get(rule["due"]) if rule["due"] else _limit(rule, begins, days_of, calendar)
        applies = not rule["procedures"] or procedure in rule["procedures"].split("|")
        ended = over is not None and over <= today and code not in _AFTER_THE_END
        state = _state(known=rule["done"] in facts, done=done, begins=begins, due=due, today=today, ended=ended)
        late = state == "late" or (state == "running" and due is not None)
        found.append(
            CaseStep(
                number=number, code=code, owner=rule["owner"], state=state if applies else "not_applicable", on=done,
                begins=begins, due=due, law_zh=rule["law_zh"], days=(due - today).days if late and due else None,
            )
        )  # fmt: skip
    return tuple(found)


def _limit(
    rule: Mapping[str, str], begins: date | None, days_of: Callable[[str, date], int], calendar: WorkCalendar
) -> date | None:
    if begins is None or not rule["figure"]:
        return None
    days = days_of(rule["figure"], begins)
    if rule["unit"] == "workdays":
        return calendar.add_workdays(begins, days)
    return calendar.roll_forward(begins + timedelta(days=days))


def _state(*, known: bool, done: date | None, begins: date | None, due: date | None, today: date, ended: bool) -> State:
    if done is not None and done <= today:
        return "done"
    if not known or ended:
        return "unknown"
    if due is not None and due < today:
        return "late"
    return "running" if begins is not None and begins <= today else "idle"
