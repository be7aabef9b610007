"""From one comparison to the next: which breaks are new, gone, back, changed; what that does to work done on them."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Final

from exchange.domain.break_life import (
    AMOUNTS_CHANGED,
    CAME_AGAIN,
    CLOSED,
    OPEN,
    BreakRecord,
    BreakWork,
    found_set,
)
from exchange.domain.breaks import Break, Result
from exchange.domain.canonical import sha256_hex

BOOKS_AGREE: Final = "books_agree"
CASE_GONE: Final = "case_gone"
"""Why a break closed by itself: its case is not among those sent any more, or the books agree."""

Told = tuple[str, dict[str, Any]]
"""An event of one break: kind and body."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """What one comparison left. `records` are all found now and those closed by it; `set_file` lists those found."""

    records: Sequence[BreakRecord]
    counts: Mapping[str, int]
    set_file: bytes

    @property
    def set_sha256(self) -> str:
        """The hash of the set, in hex."""
        return sha256_hex(self.set_file)


def run_of(key: str, route: str, day: date, result: Result, known: Mapping[str, BreakRecord]) -> Run:
    """The records after a comparison, made from those before it."""
    found = [_found(key, route, day, one, known.get(one.id)) for one in (*result.breaks, *result.infos)]
    now = {record.id for record in found}
    gone = [
        replace(record, state=CLOSED, last_exchange=key)
        for record in known.values()
        if record.id not in now and record.state != CLOSED
    ]
    before = [known.get(record.id) for record in found]
    counts = {
        "new": sum(one is None for one in before),
        "again": sum(one is not None and one.state == CLOSED for one in before),
        "changed": sum(
            one is not None and one.state != CLOSED and one.amounts != record.amounts
            for one, record in zip(before, found, strict=True)
        ),
        "closed": len(gone),
    }
    return Run(records=[*found, *gone], counts=counts, set_file=found_set(found))


def _found(key: str, route: str, day: date, one: Break, before: BreakRecord | None) -> BreakRecord:
    return BreakRecord(
        id=one.id,
        route=route,
        code=one.code,
        case_no=one.case_no,
        claim_no=one.claim_no,
        line_no=one.line_no,
        rank=one.rank,
        info=one.info,
        state=OPEN,
        amounts=dict(one.amounts),
        facts=dict(one.facts),
        first_exchange=before.first_exchange if before is not None else key,
        last_exchange=key,
        due_on=one.due_on,
        found_on=before.found_on if before is not None else day,
    )


def told_by_the_books(
    key: str, records: Sequence[BreakRecord], works: Mapping[str, BreakWork], cases: Collection[str]
) -> Iterator[Told]:
    """What happens by itself to breaks that were worked: they close, come again, or reopen as their figures changed.

    `cases` are the numbers of the cases sent. A decision stands as long as the figures it is about.
    """
    by_id = {record.id: record for record in records if record.id in works}
    for id_, work in works.items():
        record = by_id.get(id_)
        body: dict[str, Any] = {"route": work.route, "id": id_, "comparison": key}
        if record is None:
            continue
        if record.state == CLOSED:
            if work.state != CLOSED:
                why = BOOKS_AGREE if record.case_no in cases or record.code == "UNKNOWN_CASE" else CASE_GONE
                yield "break_closed", {**body, "why": why, "before": dict(record.amounts)}
        elif work.state == CLOSED:
            yield "break_reopened", {**body, "why": CAME_AGAIN, "after": dict(record.amounts)}
        elif work.state != OPEN and dict(work.figures) != dict(record.amounts):
            changed = {"before": dict(work.figures), "after": dict(record.amounts)}
            yield "break_reopened", {**body, "why": AMOUNTS_CHANGED, **changed}
