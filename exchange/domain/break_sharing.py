"""The list of breaks as a dataset of its own, and the answers to it: rows out, rows in."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

import pandas as pd

from exchange.domain.break_life import (
    AGREED,
    ANSWER_IT,
    AWAITING,
    BY_THEM,
    BY_US,
    CLOSED,
    CORRECT_IT,
    NOTHING,
    OPEN,
    PROPOSED,
    BreakRecord,
    BreakWork,
    state_now,
)
from exchange.domain.break_list import FIGURES
from exchange.domain.break_view import Seen
from exchange.domain.breaks import worth_of
from exchange.domain.canonical import sha256_hex

CURRENT, CROSSED, LATE, REPEATED, UNKNOWN = "current", "crossed", "late", "repeated", "unknown"
STANDINGS: Final = (CURRENT, CROSSED, LATE, REPEATED, UNKNOWN)
"""How an answer stands to the break: about its figures, about older ones, to a closed one, said before, to none."""


def item_rows(
    found: Iterable[Seen],
    told: Collection[str],
    *,
    period_of: Callable[[str], str],
    reason_of: Callable[[str, str], str],
    columns: Sequence[str],
) -> pd.DataFrame:
    """The list: every break of this end that is not closed, and those closed that the other side still has as open.

    `told` are the ids it has so; `period_of` an exchange's quarter, `reason_of` (break id, hash) a decision's text.
    """
    rows = [
        _item(one, period_of, reason_of)
        for one in found
        if one.ours and not one.record.info and (one.state != CLOSED or one.record.id in told)
    ]
    return _frame(rows, columns)


def still_open(items: pd.DataFrame) -> frozenset[str]:
    """Ids the other side has as not closed, of a list that was sent."""
    return frozenset(items.loc[items["state"] != CLOSED, "id"])


def same_rows(rows: pd.DataFrame, before: pd.DataFrame) -> bool:
    """Whether the other side has every one of these rows just so, and none of them more in it as open."""
    names = list(rows.columns)
    known = {row[0]: row for row in _tuples(before[names])}
    return all(known.get(row[0]) == row for row in _tuples(rows))


def answer_rows(
    works: Iterable[BreakWork], reason_of: Callable[[str, str], str], columns: Sequence[str]
) -> pd.DataFrame:
    """This end's answers, one a break: the last."""
    rows = [
        {
            "id": work.id,
            "answer": work.answer,
            "difference_amount": work.figures.get("difference"),
            "reason": reason_of(work.id, work.answer_sha256) if work.answer_sha256 else None,
            "answered_by": work.answered_by,
            "answered_on": work.answered_on,
        }
        for work in works
        if work.answer
    ]
    return _frame(rows, columns)


def unsent(rows: pd.DataFrame, before: pd.DataFrame) -> pd.DataFrame:
    """The rows the other side does not have just so."""
    known = set(_tuples(before[list(rows.columns)]))
    return rows.loc[[row not in known for row in _tuples(rows)]].reset_index(drop=True)


def heard(
    rows: pd.DataFrame, records: Mapping[str, BreakRecord], works: Mapping[str, BreakWork]
) -> Iterator[tuple[str, dict[str, Any], str]]:
    """For each answer: how it stands, the body of its event, its text. One said before has no body.

    An answer that repeats the difference of the list is held against the figure now: another one means that it
    crossed a newer list, and moves nothing.
    """
    for row in rows.astype(object).where(rows.notna(), None).to_dict("records"):
        record, work = records.get(row["id"]), works.get(row["id"])
        if record is None:
            yield UNKNOWN, {}, ""
            continue
        text = row["reason"] or ""
        said = sha256_hex(text.encode()) if text else None
        body: dict[str, Any] = {
            "route": record.route, "id": record.id, "answer": row["answer"], "by": row["answered_by"],
            "answered_on": row["answered_on"],
        }  # fmt: skip
        if text:
            body["reason_sha256"] = said
        if work is not None and _same_answer(work, body, said):
            yield REPEATED, {}, ""
            continue
        standing = _standing(record, row["difference_amount"])
        body |= {"standing": standing}
        if standing == CURRENT:
            body["figures"] = dict(record.amounts)
        if record.state == CLOSED and work is None:
            body["found"] = False
        yield standing, body, text


def _same_answer(work: BreakWork, body: Mapping[str, Any], said: str | None) -> bool:
    before = (work.answer, work.answered_by, work.answered_on, work.answer_sha256)
    return before == (body["answer"], body["by"], body["answered_on"], said)


def _standing(record: BreakRecord, difference: str | None) -> str:
    if record.state == CLOSED:
        return LATE
    return CROSSED if difference is not None and difference != record.amounts.get("difference") else CURRENT


def _item(one: Seen, period_of: Callable[[str], str], reason_of: Callable[[str, str], str]) -> dict[str, Any]:
    record, work = one.record, one.work
    claimed, compared = FIGURES.get(record.code, ("total", None))
    settled = work.settled
    state = state_now(record, work)
    return {
        "id": record.id,
        "code": record.code,
        "case_no": record.case_no,
        "claim_no": record.claim_no,
        "line_no": str(record.line_no) if record.line_no is not None else None,
        "rank": record.rank,
        "claimed_amount": record.amounts.get(claimed) if claimed else None,
        "compared_amount": record.amounts.get(compared) if compared else None,
        "difference_amount": record.amounts.get("difference"),
        "at_stake_amount": f"{worth_of(record.amounts):.2f}",
        "due_on": record.due_on.isoformat() if record.due_on else None,
        "state": OPEN if state == PROPOSED else state,
        "decision": settled,
        "reason": reason_of(record.id, work.reason_sha256) if settled and work.reason_sha256 else None,
        "first_seen": period_of(record.first_exchange),
        "asked": _asked(state, work),
    }


def _asked(state: str, work: BreakWork) -> str:
    if state in (CLOSED, BY_US) or (work.answer == AGREED and state != AWAITING):
        return NOTHING
    return CORRECT_IT if state in (AWAITING, BY_THEM) else ANSWER_IT


def _frame(rows: Sequence[Mapping[str, Any]], columns: Sequence[str]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=list(columns), dtype="str")


def _tuples(frame: pd.DataFrame) -> list[tuple[Any, ...]]:
    return list(frame.astype(object).where(frame.notna(), None).itertuples(index=False, name=None))
