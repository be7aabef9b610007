"""What officers meet where the court's register and the tax bureau's status of a debtor part (R21 to R23)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

import numpy as np
import pyarrow as pa

from exchange.domain.books import Matched, plain_ids, plain_numbers
from exchange.domain.columns import Bools, Days, Ints, codes, equals, positions, text, to_days
from exchange.domain.figures import whole_on
from exchange.domain.finding import Finding
from exchange.domain.rank_breaks import Workday
from exchange.domain.route import Route
from exchange.domain.situation_making import found, on_cases


def status_situations(matched: Matched, route: Route, is_workday: Workday | None) -> Iterator[Finding]:
    """Every situation of the status rows."""
    yield from _statuses(matched)
    yield from _closed_alone(matched, route, is_workday)


def _latest_status(matched: Matched) -> tuple[pa.Array, Ints]:
    """Normalised ids of the status rows, and rows up to as-of in order of id and day."""
    frame = matched.books.statuses
    ids = plain_ids(text(frame, "debtor_uscc"))
    days = to_days(text(frame, "as_of"))
    (number,), _ = codes(ids)
    rows = np.flatnonzero(days <= matched.terms.day)
    return ids, rows[np.lexsort((days[rows], number[rows]))]


def _statuses(matched: Matched) -> Iterator[Finding]:
    """A deregistered debtor that is registered again (R22), or whose case goes on (R23)."""
    frame = matched.books.statuses
    ids, rows = _latest_status(matched)
    gone = equals(text(frame, "registration"), "deregistered")
    (number,), _ = codes(ids)
    before, after = rows[:-1], rows[1:]
    back = after[(number[before] == number[after]) & gone[before] & ~gone[after]]
    days = (text(frame, "as_of"),)
    yield from found("registration_went_back", "tax_status", back, case_no=None, keys=days, column="registration")
    yield from _told(matched, ids, rows)
    latest, deregistered = _cases_status(matched, ids, rows, gone)
    on = np.flatnonzero(latest & deregistered & ~equals(matched.cases.stage, "terminated"))
    yield from on_cases(matched, "deregistered_while_case_open", on, "registration", "tax_status")


def _cases_status(matched: Matched, ids: pa.Array, rows: Ints, gone: Bools) -> tuple[Bools, Bools]:
    """For each case whether the status of a debtor is known, and whether all known ones are deregistered."""
    debtors, cases = matched.books.debtors, matched.cases
    (ours, theirs), words = codes(plain_ids(text(debtors, "uscc")), ids)
    newest = np.full(len(words), -1, np.int64)
    newest[theirs[rows]] = rows
    newest[-1] = -1
    case = positions(plain_numbers(text(debtors, "case_no")), cases.number)
    told = (case >= 0) & (newest[ours] >= 0)
    known = np.zeros(len(cases.number), bool)
    known[case[told]] = True
    every = known.copy()
    rows = np.flatnonzero(told)
    every[case[rows[~gone[newest[ours[rows]]]]]] = False
    return known, every


def _told(matched: Matched, ids: pa.Array, rows: Ints) -> Iterator[Finding]:
    """Debtors of open cases that stand abnormal (E29), or under inspection: a supplement may come (E20)."""
    frame, debtors, cases = matched.books.statuses, matched.books.debtors, matched.cases
    (ours, theirs), words = codes(plain_ids(text(debtors, "uscc")), ids)
    newest = np.full(len(words), -1, np.int64)
    newest[theirs[rows]] = rows
    newest[-1] = -1
    case = positions(plain_numbers(text(debtors, "case_no")), cases.number)
    open_ = (case >= 0) & ~equals(cases.stage, "terminated")[case] & (newest[ours] >= 0) if len(cases.number) else \
        np.zeros(len(case), bool)  # fmt: skip
    at = np.flatnonzero(open_)
    for rule, column, value in (
        ("debtor_abnormal", "registration", "abnormal"), ("inspection_open", "inspection_open", "true"),
    ):  # fmt: skip
        these = at[equals(text(frame, column), value)[newest[ours[at]]]]
        yield from found(
            rule, "tax_status", these, case_no=text(debtors, "case_no"), keys=(text(debtors, "debtor_no"),),
            records=text(debtors, "_record"), column=column,
        )  # fmt: skip


def _closed_alone(matched: Matched, route: Route, is_workday: Workday | None) -> Iterator[Finding]:
    """The court has ended the case, the tax side has not: told at once, and as missing clearance after the agreed
    working days (R21; needs a calendar and the figure). A debtor that goes on after a plan or a settlement is none."""
    cases = matched.cases
    ids, rows = _latest_status(matched)
    known, cleared = _cases_status(
        matched, ids, rows, equals(text(matched.books.statuses, "registration"), "deregistered")
    )  # fmt: skip
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
