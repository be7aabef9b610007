"""The desk of breaks: one row a break, as this end has to work it, so that lists are filtered, ordered and counted by
the ledger and never read whole. Rows are made anew from what the books say, what was done, and what the other side
lists; they decide nothing.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Final, Literal

from exchange.domain.break_life import (
    AWAITING,
    BY_THEM,
    CLOSED,
    DISPUTED,
    NOTHING,
    OPEN,
    PROPOSED,
    BreakWork,
)
from exchange.domain.canonical import canonical_json, sha256_hex

if TYPE_CHECKING:
    from exchange.domain.break_view import Seen

TODO, WAITING, SETTLED, GONE, INFO = "todo", "waiting", "settled", "closed", "info"
STANDS: Final = (TODO, WAITING, SETTLED, GONE, INFO)
"""todo: somebody at this end has to act · waiting: the other side, or the books, have to · settled: a decision stands
· closed: the books agree · info: it explains and needs no work."""

UNDONE: Final = (TODO, WAITING)
NO_LIMIT: Final = "9999-12-31"
NO_CAUSE: Final = "~"
NOBODY: Final = "-"
SOON_DAYS: Final = 30

Order = Literal["due", "amount", "age"]
ORDERS: Final[tuple[Order, ...]] = ("due", "amount", "age")
Group = Literal["limit", "code", "case", "cause"]
GROUPS: Final[tuple[Group, ...]] = ("limit", "code", "case", "cause")
LIMITS: Final = ("overdue", "soon", "later", "none")
"""Where a limit stands on a day: passed, within thirty days, later, none."""

By = Literal["code", "stand", "state", "court", "owner", "limit", "age"]
"""`age`: the class of `report_figures.AGES` a break has been known for."""

_COURT: Final = re.compile(r"（?\d{4}）?([^\d破清强民商（）]{1,8}\d{0,4})")


@dataclass(frozen=True, slots=True, kw_only=True)
class DeskRow:
    """One break as a list shows, orders and finds it. Amounts in fen, without sign.

    `ours` whether this end found it; `cause` what several breaks have in common (a claim whose cut-off differs);
    `asked` what the other side wants of this end, empty for breaks of ours.
    """

    route: str
    id: str
    ours: bool
    code: str
    case_no: str
    court: str
    claim_no: str | None
    rank: str | None
    stand: str
    state: str
    asked: str
    owner: str | None
    worth_fen: int
    due_on: date | None
    found_on: date | None
    cause: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DeskQuery:
    """Which breaks, in which order. Empty fields ask for nothing; `owner` `-` is nobody's, `today` the day of limits.

    `text` is a part of a case number, of a claim number, or the first digits of an id.
    """

    today: date
    stands: Collection[str] = UNDONE
    state: str = ""
    code: str = ""
    rank: str = ""
    owner: str = ""
    court: str = ""
    case_no: str = ""
    claim_no: str = ""
    cause: str = ""
    limit: str = ""
    text: str = ""
    order: Order = "due"
    group: Group = "limit"

    @property
    def soon(self) -> date:
        """The last day that is within thirty days."""
        return self.today + timedelta(days=SOON_DAYS)


@dataclass(frozen=True, slots=True, kw_only=True)
class DeskCount:
    """How many breaks have the same values, what they are about together (fen), how many limits have passed."""

    values: tuple[str, ...]
    count: int
    worth_fen: int
    overdue: int


def court_of(case_no: str) -> str:
    """The court's code within a case number (冀1103); empty for a number that has none."""
    found = _COURT.match(case_no)
    return found[1] if found else ""


def desk_row(one: Seen) -> DeskRow:
    """A break's row."""
    record = one.record
    asked = one.shared.get("asked", "")
    return DeskRow(
        route=record.route, id=record.id, ours=one.ours, code=record.code, case_no=record.case_no,
        court=court_of(record.case_no), claim_no=record.claim_no, rank=record.rank,
        stand=stand_of(one.state, one.work, asked, ours=one.ours, info=record.info), state=one.state, asked=asked,
        owner=one.work.owner, worth_fen=int(one.worth * 100), due_on=record.due_on, found_on=record.found_on,
        cause=record.claim_no if record.code == "CUTOFF_DIFFERS" or record.facts.get("cause") == "cutoff" else None,
    )  # fmt: skip


def stand_of(state: str, work: BreakWork, asked: str, *, ours: bool, info: bool) -> str:
    """Where a break stands for this end. A dispute the other side raised is this end's to answer."""
    if info or state == CLOSED:
        return INFO if info else GONE
    if not ours:
        return SETTLED if asked == NOTHING else WAITING if work.answer else TODO
    if state in (OPEN, PROPOSED) or (state == DISPUTED and work.decision is None):
        return TODO
    return WAITING if state in (AWAITING, BY_THEM, DISPUTED) else SETTLED


def limit_of(due_on: date | None, today: date) -> str:
    """Which of `LIMITS` a limit is on a day."""
    if due_on is None:
        return "none"
    return "overdue" if due_on < today else "soon" if due_on <= today + timedelta(days=SOON_DAYS) else "later"


def alike(one: Seen) -> str:
    """The same for breaks that may be decided together: of one kind and rank, differing the same way, of one cause,
    and standing alike."""
    row = desk_row(one)
    more = one.record.amounts.get("difference", "0").startswith("-")
    told = [row.route, row.code, row.rank, row.cause, row.state, row.asked, more]
    return sha256_hex(canonical_json(told))[:12]
