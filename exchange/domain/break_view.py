"""Breaks as one end sees them: those its own comparison found, and those on the list a counterpart shared."""

from __future__ import annotations

from collections.abc import Collection, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final, Protocol

from exchange.domain.break_life import CLOSED, OPEN, BreakRecord, BreakWork, state_now
from exchange.domain.breaks import worth_of
from exchange.domain.canonical import canonical_json, sha256_hex
from exchange.domain.errors import NeedsPerson
from exchange.domain.route import Agreement, Route

if TYPE_CHECKING:
    import pandas as pd

ITEM: Final = "break_item"
ANSWER: Final = "break_answer"
SHORTEST: Final = 4
"""Digits of an id that are asked for at least."""


class KeepsBreaks(Protocol):
    """What a view needs of a ledger."""

    def breaks(
        self, *, route: str | None = None, prefix: str = "", ids: Collection[str] | None = None
    ) -> Sequence[BreakRecord]:
        """What the comparison left."""

    def break_works(
        self, *, route: str | None = None, prefix: str = "", ids: Collection[str] | None = None
    ) -> Sequence[BreakWork]:
        """What was done about it."""

    def landed(self, route: Route, dataset: str) -> pd.DataFrame:
        """Rows received."""

    def rows_now(self, route: Route, dataset: str, *, keys: Sequence[str]) -> Sequence[Mapping[str, str | None]]:
        """Those of a few keys, as plain values."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """One break. `shared` holds its row of the counterpart's list where this end has it from there, else nothing."""

    record: BreakRecord
    work: BreakWork
    touched: bool
    shared: Mapping[str, str] = field(default_factory=dict)

    @property
    def ours(self) -> bool:
        """Whether this end found it, and decides about it."""
        return not self.shared

    @property
    def state(self) -> str:
        """Where it stands; on a list, what the counterpart said last."""
        return self.shared["state"] if self.shared else state_now(self.record, self.work)

    @property
    def worth(self) -> Decimal:
        """The amount it is about."""
        return Decimal(self.shared["at_stake_amount"]) if self.shared else worth_of(self.record.amounts)

    def days_left(self, today: date) -> int | None:
        """Days to its limit; negative when that has passed, None when it has none, or is closed."""
        return (self.record.due_on - today).days if self.record.due_on and not self.closed else None

    @property
    def closed(self) -> bool:
        """Whether the books agree again: its figures are then those of the last comparison that had it."""
        return self.state == CLOSED


def seen(
    book: KeepsBreaks, agreement: Agreement, party: str, *, prefix: str = "", ids: Collection[str] | None = None,
    of: str | None = None,
) -> list[Seen]:  # fmt: skip
    """Every break and info of this end (`of` one route) whose id begins so, or is one of `ids`; in order of work."""
    found: list[Seen] = []
    for route in agreement.routes.values() if of is None else (agreement.route(of),):
        if route.sender == party:
            works = {work.id: work for work in book.break_works(route=route.id, prefix=prefix, ids=ids)}
            found += [_seen(one, works) for one in book.breaks(route=route.id, prefix=prefix, ids=ids)]
        elif route.receiver == party and any(c.dataset == ITEM for c in route.datasets):
            works = {work.id: work for work in book.break_works(route=route.id, prefix=prefix, ids=ids)}
            rows = _items(book, route, ids)
            found += [listed(row, route.id, works) for row in rows if row["id"].startswith(prefix)]
    return in_order(found)


def _items(book: KeepsBreaks, route: Route, ids: Collection[str] | None) -> list[dict[Hashable, Any]]:
    """Rows of the counterpart's list, nothing as empty text; of these ids alone, or all."""
    if ids is not None:
        return [{k: v or "" for k, v in row.items()} for row in book.rows_now(route, ITEM, keys=list(ids))]
    items = book.landed(route, ITEM)
    return items.astype(object).where(items.notna(), "").to_dict("records")


def in_order(found: Iterable[Seen]) -> list[Seen]:
    """Days left to the limit, overdue first and those without a limit last; then the larger amount."""
    return sorted(
        found,
        key=lambda one: (one.record.due_on or date.max, -one.worth, one.record.code, one.record.case_no, one.record.id),
    )


def one_of(found: Sequence[Seen], given: str) -> Seen:
    """The break a short id names; NeedsPerson 925 when it names none, several, or is too short to be safe."""
    matching = [one for one in found if one.record.id.startswith(given)]
    if len(given) >= SHORTEST and len(matching) == 1:
        return matching[0]
    what = "names no break here" if not matching else f"could be {len(matching)} breaks"
    raise NeedsPerson(
        925,
        f"This id is shorter than {SHORTEST} digits." if len(given) < SHORTEST else f"This id {what}.",
        where=f"break {given[:16]}",
        next_step="Take the id from `exchange breaks list`; as many digits as make it the only one.",
    )


def same_kind(chosen: Sequence[Seen]) -> None:
    """Several breaks are worked at once only when they are of one code and one rank; else NeedsPerson 925."""
    if len({(one.record.route, one.record.code, one.record.rank) for one in chosen}) > 1:
        raise NeedsPerson(
            925,
            "Several breaks are worked at once only when all are of one code and one rank.",
            where="--",
            next_step="Work them by code and rank; `exchange breaks list --code` shows those of one code.",
        )


def version_of(one: Seen) -> str:
    """What a decision is about, in sixteen digits: another after any decision, answer or change of figures; the same
    after a comment or an assignment."""
    work = one.work
    told = [
        one.state, work.decision, work.decided_by, work.confirmed_by, work.reason_sha256, work.answer,
        work.answered_by, work.answer_sha256, dict(one.record.amounts), one.shared.get("decision"),
    ]  # fmt: skip
    return sha256_hex(canonical_json(told))[:16]


def _seen(record: BreakRecord, works: Mapping[str, BreakWork], shared: Mapping[str, str] | None = None) -> Seen:
    work = works.get(record.id)
    return Seen(
        record=record,
        work=work or BreakWork(route=record.route, id=record.id),
        touched=work is not None,
        shared=shared or {},
    )


def listed(row: Mapping[Hashable, Any], route: str, works: Mapping[str, BreakWork]) -> Seen:
    """A break of a counterpart's list, from its row (nothing is empty text) and what this end did about it."""
    amounts = {name: row[f"{name}_amount"] for name in ("claimed", "compared", "difference")}
    record = BreakRecord(
        id=row["id"],
        route=route,
        code=row["code"],
        case_no=row["case_no"],
        claim_no=row["claim_no"] or None,
        line_no=int(row["line_no"]) if row["line_no"] else None,
        rank=row["rank"] or None,
        info=False,
        state=CLOSED if row["state"] == CLOSED else OPEN,
        amounts={name: amount for name, amount in amounts.items() if amount},
        first_exchange=row["first_seen"],
        last_exchange=row["_packet"],
        due_on=date.fromisoformat(row["due_on"]) if row["due_on"] else None,
    )
    return _seen(record, works, {str(name): str(value) for name, value in row.items()})
