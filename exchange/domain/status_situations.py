"""What officers meet where the court's register and the tax bureau's status of a debtor part (R21 to R23, E30)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import pandas as pd

from exchange.domain.books import Matched
from exchange.domain.claim_breaks import AWAITED
from exchange.domain.columns import Bools, Days, Ints, among, equals, text, to_days
from exchange.domain.figures import whole_on
from exchange.domain.finding import Finding
from exchange.domain.rank_breaks import Workday
from exchange.domain.route import Route
from exchange.domain.situation_making import found, on_cases


def status_situations(
    matched: Matched, route: Route, is_workday: Workday | None, read_on: date | None
) -> Iterator[Finding]:
    """Every situation of the status rows. `read_on` as in `register_read_on`; None: as these rows tell."""
    told = _told(matched)
    yield from _statuses(matched, told)
    yield from _not_in_register(matched, told, read_on)
    yield from _closed_alone(matched, told, route, is_workday)


def register_read_on(statuses: pd.DataFrame, as_of: date) -> date | None:
    """The newest day up to as-of that a status tells of: until then the tax side's register was read."""
    days = to_days(text(statuses, "as_of"))
    known = days[days <= np.datetime64(as_of, "D")]
    return known.max().item() if len(known) else None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Told:
    """What is told of debtors up to as-of: `rows` of the status frame in order of id and day, `number` the id of every
    row, `newest` for each row of the debtors the newest status of its USCC or -1, `gone` which rows say deregistered.
    """

    rows: Ints
    number: Ints
    newest: Ints
    gone: Bools


def _told(matched: Matched) -> _Told:
    frame = matched.books.statuses
    days = to_days(text(frame, "as_of"))
    ids, number = matched.debtors.id, matched.status_ids
    rows = np.flatnonzero(days <= matched.terms.day)
    rows = rows[np.lexsort((days[rows], number[rows]))]
    newest = np.full(ids.missing + 1, -1, np.int64)
    newest[number[rows]] = rows
    newest[-1] = -1
    gone = equals(text(frame, "registration"), "deregistered")
    return _Told(rows=rows, number=number, newest=newest[ids.numbers], gone=gone)


def _statuses(matched: Matched, told: _Told) -> Iterator[Finding]:
    """A deregistered debtor that is registered again (R22), or whose case goes on (R23)."""
    frame = matched.books.statuses
    before, after = told.rows[:-1], told.rows[1:]
    back = after[(told.number[before] == told.number[after]) & told.gone[before] & ~told.gone[after]]
    days = (text(frame, "as_of"),)
    yield from found("registration_went_back", "tax_status", back, case_no=None, keys=days, column="registration")
    yield from _open(matched, told)
    latest, deregistered = _cases_status(matched, told)
    on = np.flatnonzero(latest & deregistered & ~equals(matched.cases.stage, "terminated"))
    yield from on_cases(matched, "deregistered_while_case_open", on, "registration", "tax_status")


def _cases_status(matched: Matched, told: _Told) -> tuple[Bools, Bools]:
    """For each case whether the status of a debtor is known, and whether all known ones are deregistered."""
    case = matched.debtors.case
    rows = np.flatnonzero((case >= 0) & (told.newest >= 0))
    known = np.zeros(len(matched.cases.number), bool)
    known[case[rows]] = True
    every = known.copy()
    every[case[rows[~told.gone[told.newest[rows]]]]] = False
    return known, every


def _open(matched: Matched, told: _Told) -> Iterator[Finding]:
    """Debtors of open cases that stand abnormal (E29), or under inspection: a supplement may come (E20)."""
    frame, debtors, case = matched.books.statuses, matched.books.debtors, matched.debtors.case
    some = np.flatnonzero((case >= 0) & (told.newest >= 0))
    at = some[~equals(matched.cases.stage, "terminated")[case[some]]]
    for rule, column, value in (
        ("debtor_abnormal", "registration", "abnormal"), ("inspection_open", "inspection_open", "true"),
    ):  # fmt: skip
        these = at[equals(text(frame, column), value)[told.newest[at]]]
        yield from found(
            rule, "tax_status", these, case_no=text(debtors, "case_no"), keys=(text(debtors, "debtor_no"),),
            records=text(debtors, "_record"), column=column,
        )  # fmt: skip


def _not_in_register(matched: Matched, told: _Told, read_on: date | None) -> Iterator[Finding]:
    """No answer, and no word of any of the case's debtors out of a register that was read since its claim period ended:
    the taxpayer is registered elsewhere (E30). A debtor without a USCC can't be looked up, and is another matter."""
    cases, claims, case = matched.cases, matched.claims, matched.debtors.case
    read_on = read_on or register_read_on(matched.books.statuses, matched.terms.as_of)
    if read_on is None:
        return
    id_ = matched.debtors.id
    asked, answered = (np.zeros(len(cases.number), bool) for _ in range(2))
    asked[case[(case >= 0) & (id_.numbers != id_.missing)]] = True
    answered[claims.case[claims.judged]] = True
    known, _ = _cases_status(matched, told)
    over = ~np.isnat(cases.claims_due_on) & (cases.claims_due_on <= np.datetime64(read_on, "D"))
    silent = np.flatnonzero(over & among(cases.stage, AWAITED) & asked & ~answered & ~known)
    yield from on_cases(matched, "taxpayer_not_in_register", silent, "uscc", "case_debtor")


def _closed_alone(matched: Matched, told: _Told, route: Route, is_workday: Workday | None) -> Iterator[Finding]:
    """The court has ended the case, the tax side has not: told at once, and as missing clearance after the agreed
    working days (R21; needs a calendar and the figure). A debtor that goes on after a plan or a settlement is none."""
    cases = matched.cases
    known, cleared = _cases_status(matched, told)
    ended = to_days(text(matched.books.cases, "terminated_on"))
    over = equals(cases.stage, "terminated") & (ended <= matched.terms.day) & _ends_the_debtor(matched)
    late = np.zeros(len(over), bool)
    if is_workday is not None and route.figures.get("clearance_workdays"):
        late = over & (matched.terms.day > _limits(ended, route, is_workday))
    yield from on_cases(
        matched, "closed_by_court_alone", np.flatnonzero(over & known & ~cleared & ~late), "terminated_on"
    )
    yield from on_cases(matched, "clearance_missing", np.flatnonzero(late & ~cleared), "terminated_on")


def _ends_the_debtor(matched: Matched) -> Bools:
    """Liquidations, and any case in which bankruptcy was declared (税总发〔2019〕64号)."""
    procedure = text(matched.books.cases, "procedure")
    going_on = equals(procedure, "reorganisation") | equals(procedure, "settlement")
    return ~going_on | ~np.isnat(to_days(text(matched.books.cases, "declared_on")))


def _limits(ended: Days, route: Route, is_workday: Workday) -> Days:
    """The last day for clearance of each case, by the working days in force on the day it ended."""
    days = whole_on(route.dated("clearance_workdays"), ended)
    last = {}
    for day, count in {(d, c) for d, c in zip(ended.tolist(), days.tolist(), strict=True) if d is not None}:
        last[day] = _workdays_after(day, count, is_workday)
    return np.array([last.get(day) for day in ended.tolist()], "datetime64[D]")


def _workdays_after(day: date, count: int, is_workday: Workday) -> date:
    """The day so many working days after a day."""
    while count > 0:
        day += timedelta(days=1)
        count -= is_workday(day)
    return day
