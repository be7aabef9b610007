"""The row rules, each written once as a vectorised mask; `row_checks` compiles a contract's into checks.

A mask answers per row, by position: is the rule broken here? Rows are normalised text (`examine.prepare`). A value
that can't be read breaks no rule of dates or amounts: the rule about unreadable values has it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from functools import partial
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from exchange.domain.case_number import parse, serials_alike
from exchange.domain.columns import Days, Ints
from exchange.domain.contract import CodeList, Contract, Rule
from exchange.domain.errors import NeedsPerson
from exchange.domain.figures import whole_on
from exchange.domain.identifiers import uscc_ok
from exchange.domain.route import Party, Route
from exchange.domain.row_rules import ROW_RULES, days
from exchange.domain.rowcheck import RowCheck
from exchange.domain.text import any_of, distinct, like, nfkc, passes, passes_among, trimmed
from exchange.domain.types import type_checks

__all__ = ["ACROSS", "RULES", "Context", "claim_limit", "claim_limits", "court_code_fits", "days", "row_checks"]

Mask = npt.NDArray[np.bool_]

ACROSS: Final = frozenset({"duplicate_case_no", "case_without_debtor"})
"""Rules that need more than one row: `domain/across.py` has them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """What a rule may look at beside the rows."""

    route: Route
    sender: Party
    as_of: date
    is_workday: Callable[[date], bool]
    codes: Mapping[str, CodeList]
    contract: Contract


RuleMask = Callable[[pd.DataFrame, Rule, Context], Mask]


def row_checks(
    contract: Contract,
    *,
    route: Route,
    sender: Party,
    as_of: date,
    is_workday: Callable[[date], bool],
    codes: Mapping[str, CodeList],
) -> list[RowCheck]:
    """The contract's row rules and those its columns imply (required, readable, out of the code list).

    An implied check is called `<rule>:<column>`. NeedsPerson 905 for a rule id nobody has written.
    """
    context = Context(route=route, sender=sender, as_of=as_of, is_workday=is_workday, codes=codes, contract=contract)
    compiled = [_compile(rule, context) for rule in contract.rules if rule.runs not in ACROSS]
    return [*compiled, *type_checks(contract, codes)]


def _compile(rule: Rule, context: Context) -> RowCheck:
    if rule.runs not in RULES:
        raise NeedsPerson(
            905,
            f"The contract names a rule nobody has written: {rule.runs!r}.",
            where=f"dataset {context.contract.dataset}",
            next_step="Correct the rule in the contract, or write it in domain/checks.py.",
        )
    mask = RULES[rule.runs]
    return RowCheck(rule=rule.id, columns=rule.columns, broken=partial(_run, mask=mask, rule=rule, context=context))


def _run(frame: pd.DataFrame, *, mask: RuleMask, rule: Rule, context: Context) -> Mask:
    return mask(frame, rule, context)


def court_code_fits(numbers: pd.Series, courts: pd.Series, sender: Party) -> Mask:
    """Whether each normalised number's court code is one of its court's, whatever their dates."""
    known = {court.id: {code.code for code in court.codes} for court in sender.courts}
    (number, written), (court, named) = distinct(serials_alike(numbers)), distinct(courts)
    both = (number >= 0) & (court >= 0)
    pair, pairs = pd.factorize(number[both] * len(named) + court[both])
    fits = [parse(written[one // len(named)]).code in known.get(named[one % len(named)], ()) for one in pairs]
    out = np.zeros(len(numbers), dtype=bool)
    out[both] = np.array(fits, dtype=bool)[pair]
    return out


def claim_limit(announced: date, months: int, is_workday: Callable[[date], bool]) -> date:
    """The last day a claim period may end: so many calendar months on, or that month's last day, then a working day.

    民事诉讼法 第85条: a period that ends on a rest day ends on the next working day.
    """
    if announced.year >= date.max.year:
        return date.max
    month = announced.month - 1 + months
    year, month = announced.year + month // 12, month % 12 + 1
    last = (date(year + month // 12, month % 12 + 1, 1) - timedelta(days=1)).day
    limit = date(year, month, min(announced.day, last))
    while not is_workday(limit):
        limit += timedelta(days=1)
    return limit


def claim_limits(
    announced: Days, rule: Rule, route: Route, is_workday: Callable[[date], bool]
) -> tuple[Days, list[date]]:
    """The distinct days of announcement, ascending, and beside each the last day a claim period may end, by the months
    in force on that day."""
    distinct = np.unique(announced[~np.isnat(announced)])
    months = whole_on(route.dated(rule.figures["months"]), distinct).tolist()
    return distinct, [claim_limit(day, n, is_workday) for day, n in zip(distinct.tolist(), months, strict=True)]


def _case_no_malformed(frame: pd.DataFrame, _: Rule, __: Context) -> Mask:
    return ~passes(serials_alike(frame["case_no"]), lambda number: parse(number).form != "malformed")


def _court_code_differs(frame: pd.DataFrame, _: Rule, context: Context) -> Mask:
    checked = passes(serials_alike(frame["case_no"]), lambda number: parse(number).form in ("strict", "legacy2"))
    return checked & ~court_code_fits(frame["case_no"], frame["court_code"], context.sender)


def _unknown_stage(frame: pd.DataFrame, _: Rule, context: Context) -> Mask:
    return np.asarray(~frame["stage"].isin(list(context.codes["stage"].names_zh)), dtype=bool)


def _accepted_on_missing(frame: pd.DataFrame, rule: Rule, _: Context) -> Mask:
    stage = frame["stage"]
    return np.asarray(stage.isin(list(rule.params["stages"])) & frame["accepted_on"].isna(), dtype=bool)


def _accepted_in_future(frame: pd.DataFrame, _: Rule, context: Context) -> Mask:
    return days(frame["accepted_on"]) > np.datetime64(context.as_of)


def _due_before_announcement(frame: pd.DataFrame, _: Rule, __: Context) -> Mask:
    return days(frame["claims_due_on"]) < days(frame["announced_on"])


def _days_in_force(name: str, rule: Rule, context: Context, on: Days) -> Ints:
    """The rule's figure of that name as a number of days, the value of each row's own day."""
    return whole_on(context.route.dated(rule.figures[name]), on)


def _period_too_short(frame: pd.DataFrame, rule: Rule, context: Context) -> Mask:
    announced = days(frame["announced_on"])
    return days(frame["claims_due_on"]) < announced + _days_in_force("days", rule, context, announced)


def _period_too_long(frame: pd.DataFrame, rule: Rule, context: Context) -> Mask:
    due, announced = days(frame["claims_due_on"]), days(frame["announced_on"])
    both = ~np.isnat(due) & ~np.isnat(announced)
    distinct, limits = claim_limits(announced[both], rule, context.route, context.is_workday)
    long = np.zeros(len(frame), dtype=bool)
    long[both] = due[both] > np.array(limits, "datetime64[D]")[np.searchsorted(distinct, announced[both])]
    return long


def _meeting_before_due(frame: pd.DataFrame, _: Rule, __: Context) -> Mask:
    return days(frame["first_meeting_on"]) < days(frame["claims_due_on"])


def _uscc(frame: pd.DataFrame, rule: Rule, _: Context) -> Mask:
    return any_of((np.asarray(frame[c].notna() & ~uscc_ok(frame[c]), bool) for c in rule.columns), len(frame))


def _formula(frame: pd.DataFrame, rule: Rule, _: Context) -> Mask:
    def begins(name: str) -> bool:
        return trimmed(nfkc(trimmed(name)))[:1] in FORMULA_SIGNS

    return any_of((passes_among(frame[c], like(frame[c], MAY_BE_SIGN), begins) for c in rule.columns), len(frame))


def _masked(frame: pd.DataFrame, rule: Rule, _: Context) -> Mask:
    return any_of(
        (passes_among(frame[c], like(frame[c], MAY_BE_STAR), lambda name: "*" in nfkc(name)) for c in rule.columns),
        len(frame),
    )


def _old_id_only(frame: pd.DataFrame, rule: Rule, _: Context) -> Mask:
    old = frame["old_taxpayer_id"].str.len() == int(rule.params["length"])
    return np.asarray(frame["uscc"].isna() & old, dtype=bool)


def _no_id(frame: pd.DataFrame, rule: Rule, context: Context) -> Mask:
    return np.asarray(frame["uscc"].isna(), dtype=bool) & ~_old_id_only(frame, rule, context)


def _negative(frame: pd.DataFrame, rule: Rule, _: Context) -> Mask:
    return any_of((passes_among(frame[c], like(frame[c], "-"), _below_zero) for c in rule.columns), len(frame))


def _below_zero(text: str) -> bool:
    if not text.lstrip().startswith("-"):
        return False
    try:
        return Decimal(text.strip()) < 0
    except ArithmeticError:
        return False


def _old_court_code(frame: pd.DataFrame, _: Rule, context: Context) -> Mask:
    ended = {
        code.code: code.until.year for court in context.sender.courts for code in court.codes if code.until is not None
    }

    def late(number: str) -> bool:
        parsed = parse(number)
        return parsed.code in ended and int(parsed.year) > ended[parsed.code] + 1

    return passes(serials_alike(frame["case_no"]), late)


def _terminated_without_day(frame: pd.DataFrame, _: Rule, __: Context) -> Mask:
    return np.asarray((frame["stage"] == "terminated") & frame["terminated_on"].isna(), dtype=bool)


def _day_without_terminated(frame: pd.DataFrame, _: Rule, __: Context) -> Mask:
    return np.asarray((frame["stage"] != "terminated") & frame["terminated_on"].notna(), dtype=bool)


def _out_of_order(frame: pd.DataFrame, rule: Rule, _: Context) -> Mask:
    """Days in the order of the rule's columns: none lies before one named earlier."""
    given = [days(frame[column]) for column in rule.columns]
    pairs = [(a, b) for n, a in enumerate(given) for b in given[n + 1 :]]
    return any_of((b < a for a, b in pairs), len(frame))


def _announced_late(frame: pd.DataFrame, rule: Rule, context: Context) -> Mask:
    accepted = days(frame["accepted_on"])
    return days(frame["announced_on"]) > accepted + _days_in_force("days", rule, context, accepted)


FORMULA_SIGNS: Final = ("=", "+", "-", "@")
MAY_BE_SIGN: Final = "[-+=@⁺⁼₊₌≠⩴⩵⩶﬩﹢﹣﹦﹫＋－＝＠]"
MAY_BE_STAR: Final = "[*﹡＊]"
"""Every character NFKC may make a formula sign or a star of: a name without one need not be brought to NFKC."""

RULES: Final[Mapping[str, RuleMask]] = {
    "case_no_malformed": _case_no_malformed,
    "court_code_differs_from_case_no": _court_code_differs,
    "unknown_stage_code": _unknown_stage,
    "accepted_on_missing": _accepted_on_missing,
    "accepted_on_in_future": _accepted_in_future,
    "claims_due_before_announcement": _due_before_announcement,
    "claim_period_shorter_than_30_days": _period_too_short,
    "claim_period_longer_than_3_months": _period_too_long,
    "meeting_before_claims_due": _meeting_before_due,
    "uscc_check_digit": _uscc,
    "name_is_a_formula": _formula,
    "name_is_masked": _masked,
    "uscc_missing_old_taxpayer_id": _old_id_only,
    "negative_amount": _negative,
    "debtor_not_identified": _no_id,
    "old_court_code_on_new_case": _old_court_code,
    "terminated_on_missing": _terminated_without_day,
    "terminated_on_but_not_terminated": _day_without_terminated,
    "dates_out_of_order": _out_of_order,
    "announced_late": _announced_late,
    **ROW_RULES,
}
"""Function → mask. The first fourteen are agreed; the rest are ours and are not compared."""
