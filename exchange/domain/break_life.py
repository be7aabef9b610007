"""The life of a break 差异: what people and books do to it, the one table of allowed moves, the record it folds into.

What the books say (found, with which figures; gone) is a row of the comparison, vouched for as a whole by one hash a
run. What anybody did about a break is an event of its own, and `BreakWork` is the fold of these events over `MOVES`.
A break nobody has touched has no events and no work: it is open while the books differ.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, Final

from exchange.domain.canonical import canonical_json
from exchange.domain.errors import NeedsPerson

if TYPE_CHECKING:
    from exchange.domain.audit import Event

OPEN, PROPOSED, CLOSED, AWAITING = "open", "proposed", "closed", "awaiting"
EXPLAINED, BY_US, BY_THEM = "explained", "corrected_by_us", "corrected_by_them"
ACCEPTED, DISPUTED = "accepted", "disputed"
DECISIONS: Final = (EXPLAINED, BY_US, BY_THEM, ACCEPTED, DISPUTED)
LIVING: Final = (OPEN, PROPOSED, AWAITING, *DECISIONS)
STATES: Final = (*LIVING, CLOSED)
UNSETTLED: Final = (OPEN, PROPOSED, AWAITING, BY_THEM, DISPUTED)
"""States in which a decision is still to be taken; any other decision is reopened first."""

AGREED, CORRECTED, CONTESTED, COMMENT = "agreed", "corrected", "contested", "comment"
ANSWERS: Final = (AGREED, CORRECTED, CONTESTED, COMMENT)

ANSWER_IT, CORRECT_IT, NOTHING = "answer", "correct", "nothing"
"""What the other side is asked to do."""

AS_DECIDED: Final = "(as decided)"
"""In `MOVES`: the state is the decision that was proposed or taken."""

MOVES: Final[Mapping[tuple[str, str], str]] = {
    # people at this end
    **{(state, "assigned"): state for state in LIVING},
    **{(state, "commented"): state for state in STATES},
    **{(state, "decided"): AS_DECIDED for state in UNSETTLED},
    **{(state, "proposed"): PROPOSED for state in UNSETTLED},
    (PROPOSED, "confirmed"): AS_DECIDED,
    **{(state, "reopened"): OPEN for state in LIVING if state != OPEN},
    # the books
    **{(state, "closed"): CLOSED for state in LIVING},
    (CLOSED, "returned"): OPEN,
    # the other side's answer
    **{(state, AGREED): state for state in STATES},
    (OPEN, AGREED): AWAITING,
    (DISPUTED, AGREED): AWAITING,
    **{(state, CORRECTED): BY_THEM for state in LIVING},
    (CLOSED, CORRECTED): CLOSED,
    **{(state, CONTESTED): DISPUTED for state in LIVING},
    (CLOSED, CONTESTED): CLOSED,
    **{(state, "noted"): state for state in STATES},
    # the answer this end gives on a break of the other's list
    **{(state, "answer_given"): state for state in LIVING},
}
"""(state, act) → state. What is absent is not allowed."""

KINDS: Final = frozenset(
    {
        "break_assigned", "break_commented", "break_decided", "break_confirmed", "break_reopened", "break_closed",
        "break_answered", "break_answer_given",
    }
)  # fmt: skip
"""The ledger's events about one break. Their `exchange` is its key, their body names `route` and `id`."""

SAYING: Final = frozenset(
    {"break_commented", "break_decided", "break_reopened", "break_answered", "break_answer_given"}
)  # fmt: skip
"""Those that may bring a text, kept in the vault under the hash they name."""

CAME_AGAIN, AMOUNTS_CHANGED, BY_OFFICER = "came_again", "amounts_changed", "officer"
"""Why a break reopened."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BreakRecord:
    """A difference (or info) as the comparison found it, with its identity over runs. No names anywhere.

    `state` is open while the books differ here and closed once they agree; what people made of it is its `BreakWork`.
    `amounts` are decimals as text, `facts` dates and codes; `found_on` the day of the first comparison that had it.
    """

    id: str
    route: str
    code: str
    case_no: str
    claim_no: str | None
    line_no: int | None
    rank: str | None
    info: bool
    state: str
    amounts: Mapping[str, str]
    first_exchange: str
    last_exchange: str
    due_on: date | None = None
    facts: Mapping[str, str] = field(default_factory=dict)
    found_on: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BreakWork:
    """What has been done about one break: the fold of its events.

    `figures` are the amounts the decision or answer is about; texts are kept in the vault, here are their SHA-256.
    """

    route: str
    id: str
    state: str = OPEN
    owner: str | None = None
    decision: str | None = None
    decided_by: str | None = None
    confirmed_by: str | None = None
    reason_sha256: str | None = None
    figures: Mapping[str, str] = field(default_factory=dict)
    answer: str | None = None
    answered_by: str | None = None
    answered_on: str | None = None
    answer_sha256: str | None = None
    comments: int = 0
    updated_at: datetime | None = None

    @property
    def settled(self) -> str | None:
        """The decision, once it stands."""
        return self.decision if self.state in (self.decision, CLOSED) else None


def break_key(route: str, break_id: str) -> str:
    """Under which the ledger and the vault keep what belongs to one break."""
    return f"{route}.break.{break_id}"


def state_now(found: BreakRecord, work: BreakWork | None) -> str:
    """Where a break stands: what the books say first, then what people made of it."""
    if found.state == CLOSED:
        return CLOSED
    return work.state if work is not None and work.state != CLOSED else OPEN


def act_of(kind: str, body: Mapping[str, Any]) -> str:
    """The row of `MOVES` an event is; ValueError for one that is none."""
    if kind == "break_decided":
        return "proposed" if body["two_people"] else "decided"
    if kind == "break_reopened":
        return "returned" if body["why"] == CAME_AGAIN else "reopened"
    if kind == "break_answered":
        moves = body["standing"] == "current" and body["answer"] in (AGREED, CORRECTED, CONTESTED)
        return str(body["answer"]) if moves else "noted"
    if kind not in KINDS:
        raise ValueError(f"{kind!r} is no event of a break.")
    return kind.removeprefix("break_")


def move(state: str, act: str, decision: str | None = None) -> str | None:
    """The state after an act; None when it is not allowed."""
    after = MOVES.get((state, act))
    return decision if after == AS_DECIDED else after


def fold(work: BreakWork | None, event: Event) -> BreakWork:
    """The work after one more event of its break; NeedsPerson 924 when the life does not allow it."""
    body = event.body
    before = work or BreakWork(route=body["route"], id=body["id"], state=_begins(event))
    act = act_of(event.kind, body)
    after = move(before.state, act, body.get("as", before.decision))
    if after is None:
        raise NeedsPerson(
            924,
            f"A break that is {before.state} can't be {act.replace('_', ' ')}.",
            where=break_key(before.route, before.id),
            next_step="Look at its history with `exchange breaks show`; somebody may have been faster.",
        )
    return replace(_LEARNS.get(act, _nothing)(before, event), state=after, updated_at=event.at)


def _begins(event: Event) -> str:
    """A break nobody had touched is open, or closed when the books had agreed again."""
    returned = event.kind == "break_reopened" and event.body["why"] == CAME_AGAIN
    return CLOSED if returned or event.body.get("found") is False else OPEN


def _nothing(work: BreakWork, _: Event) -> BreakWork:
    return work


def _assigned(work: BreakWork, event: Event) -> BreakWork:
    return replace(work, owner=event.body["to"])


def _commented(work: BreakWork, _: Event) -> BreakWork:
    return replace(work, comments=work.comments + 1)


def _decided(work: BreakWork, event: Event) -> BreakWork:
    return replace(
        work, decision=event.body["as"], decided_by=event.actor, confirmed_by=None,
        reason_sha256=event.body["reason_sha256"], figures=event.body["figures"],
    )  # fmt: skip


def _confirmed(work: BreakWork, event: Event) -> BreakWork:
    return replace(work, confirmed_by=event.actor)


def reopened(work: BreakWork) -> BreakWork:
    """Nothing that was said about the old figures stands; whose it is stays."""
    return BreakWork(route=work.route, id=work.id, owner=work.owner, comments=work.comments)


def _answered(work: BreakWork, event: Event) -> BreakWork:
    body = event.body
    if body.get("standing", "current") != "current":
        return work
    told = replace(
        work, answer=body["answer"], answered_by=body["by"], answered_on=body["answered_on"],
        answer_sha256=body.get("reason_sha256"),
    )  # fmt: skip
    return replace(told, figures=body["figures"]) if "figures" in body else told


def _overturned(work: BreakWork, event: Event) -> BreakWork:
    """Their answer takes the place of a decision of ours that says something else."""
    told = _answered(work, event)
    said = {CORRECTED: BY_THEM, CONTESTED: DISPUTED}[event.body["answer"]]
    stands = work.decision == said or work.state == CLOSED
    return told if stands else replace(told, decision=None, decided_by=None, confirmed_by=None, reason_sha256=None)


_LEARNS: Final[Mapping[str, Callable[[BreakWork, Event], BreakWork]]] = {
    "assigned": _assigned,
    "commented": _commented,
    "decided": _decided,
    "proposed": _decided,
    "confirmed": _confirmed,
    "reopened": lambda work, _: reopened(work),
    "returned": lambda work, _: reopened(work),
    AGREED: _answered,
    CORRECTED: _overturned,
    CONTESTED: _overturned,
    "noted": _answered,
    "answer_given": _answered,
}


_LONGEST: Final = 2**17
"""Bytes of a set in which one break's line ends for certain."""

SET_COLUMNS: Final = (
    "id", "code", "case_no", "claim_no", "line_no", "rank", "info", "due_on", "first_exchange", "found_on",
    "amounts", "facts",
)  # fmt: skip


def found_set(records: Iterable[BreakRecord]) -> bytes:
    """The breaks the books hold now as CSV by id: the file of one comparison, whose hash its event names."""
    return b"".join(_lines(sorted(records, key=lambda r: r.id)))


def set_sha256(records: Iterable[BreakRecord]) -> str:
    """The hash of `found_set`, in hex, of records that come by id."""
    digest = hashlib.sha256()
    for line in _lines(records):
        digest.update(line)
    return digest.hexdigest()


def _lines(records: Iterable[BreakRecord]) -> Iterator[bytes]:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(SET_COLUMNS)
    for one in records:
        if one.state != CLOSED:
            writer.writerow(
                (
                    one.id, one.code, one.case_no, one.claim_no, one.line_no, one.rank, one.info, one.due_on,
                    one.first_exchange, one.found_on, _json(one.amounts), _json(one.facts),
                )
            )  # fmt: skip
        yield out.getvalue().encode("utf-8")
        out.seek(0)
        out.truncate()


def note_name(sha256: str) -> str:
    """Where the vault keeps a text under its break's key."""
    return f"notes/{sha256}.txt"


def texts_of(body: Mapping[str, Any]) -> list[str]:
    """The hashes of the texts an event of a break brought."""
    return [str(body[name]) for name in ("reason_sha256", "text_sha256", "word_sha256") if body.get(name)]


def set_name(sha256: str) -> str:
    """Where the vault keeps a `found_set`, compressed, under the exchange that was compared."""
    return f"breaks/{sha256[:16]}.csv.gz"


def in_set(data: bytes, break_id: str) -> dict[str, Any] | None:
    """One break's line of a stored set, amounts and facts read; None when the books agreed about it then."""
    start = data.find(f"\n{break_id},".encode())
    if start < 0:
        return None
    rest = data[start + 1 : start + _LONGEST].decode("utf-8", errors="ignore")
    told: dict[str, Any] = dict(zip(SET_COLUMNS, next(csv.reader(io.StringIO(rest, newline=""))), strict=True))
    return told | {name: json.loads(told[name]) for name in ("amounts", "facts")}


def _json(value: Mapping[str, str]) -> str:
    return canonical_json(dict(value)).decode()
