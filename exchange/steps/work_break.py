"""Work a break: an officer assigns, comments, decides, confirms or reopens it, or answers one the other side shared."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from types import MappingProxyType
from typing import Any, Final, Literal

from exchange.domain.break_life import (
    BY_OFFICER,
    CLOSED,
    DECISIONS,
    OPEN,
    PROPOSED,
    UNSETTLED,
    BreakWork,
    break_key,
    note_name,
)
from exchange.domain.break_view import Seen, one_of, same_kind, seen, version_of
from exchange.domain.canonical import sha256_hex
from exchange.domain.errors import NeedsPerson
from exchange.domain.personal import check_telling
from exchange.domain.reason import clean_reason
from exchange.domain.route import Agreement, Route
from exchange.ports import Ledger, LedgerWrite, Vault

Act = Literal["assign", "comment", "decide", "confirm", "reopen", "answer"]

WHOLE: Final = 16
"""Digits of an id."""

_NONE: Final[Mapping[str, str]] = MappingProxyType({})


def work_break(
    ids: Sequence[str],
    act: Act,
    *,
    by: str,
    text: str = "",
    choice: str = "",
    agreement: Agreement,
    party: str,
    vault: Vault,
    ledger: Ledger,
    officers: Mapping[str, Sequence[str]],
    today: date,
    versions: Mapping[str, str] = _NONE,
) -> list[Seen]:
    """Record an officer's act about breaks named by the first digits of their ids; the breaks as they then stand.

    `choice` is the owner of an `assign`, the decision of a `decide`, the word of an `answer`. A decision waits for
    another officer where the route's document says so; who decided may not confirm. The same act by the same officer
    again changes nothing. Several breaks go together when they are of one code and one rank, all or none of them.
    Texts are kept in the vault, the ledger holds their hash. What goes to the other side (the reason of a decision or
    an answer) may hold no identity card, telephone or bank card number. `versions` (`version_of`, by whole id) are what
    the officer had before him: a break that stands otherwise by now is left as it is.
    Raises NeedsPerson 910 (not allowed to that officer), 924 (its life does not allow it, or this end does not decide
    about it), 925 (ids that name none or several, or several kinds), 926 (personal data in a text), 947 (a text that
    can't be used).
    """
    _may(by, act, officers)
    if act == "assign" and choice not in officers:
        raise NeedsPerson(
            910, f"{choice!r} is no officer of this end.", where="--to", next_step=f"One of: {', '.join(officers)}."
        )
    text = _words(act, text)
    with ledger.transaction() as write:
        every = _named(ids, ledger, agreement, party)
        chosen = [one_of(every, given) for given in dict.fromkeys(ids)]
        same_kind(chosen)
        _unchanged(chosen, versions)
        for one in chosen:
            _one(one, act, by, text, choice, agreement.route(one.record.route), vault, write, today)
    after = {one.record.id: one for one in _named(ids, ledger, agreement, party)}
    return [after[one.record.id] for one in chosen]


def _named(ids: Sequence[str], ledger: Ledger, agreement: Agreement, party: str) -> list[Seen]:
    """The breaks ids may name: those of whole ids alone, or all that begin as they do."""
    if all(len(one) == WHOLE for one in ids):
        return seen(ledger, agreement, party, ids=ids)
    return seen(ledger, agreement, party, prefix=_common(ids))


def _unchanged(chosen: Sequence[Seen], versions: Mapping[str, str]) -> None:
    for one in chosen:
        if versions.get(one.record.id) not in (None, version_of(one)):
            raise NeedsPerson(
                924,
                "Somebody, or the books, changed this break since it was opened.",
                where=break_key(one.record.route, one.record.id),
                next_step="Look at what it says now, then decide again.",
            )


def _common(ids: Sequence[str]) -> str:
    """What all ids begin with, so that no more is read than is needed."""
    first, last = min(ids), max(ids)
    return first[: next((n for n, pair in enumerate(zip(first, last, strict=False)) if pair[0] != pair[1]), len(first))]


def _may(by: str, act: Act, officers: Mapping[str, Sequence[str]]) -> None:
    """Default deny: who is not listed may do nothing; who confirms needs the duty to approve."""
    duties = officers.get(by, ())
    wanted = ["approve"] if act == "confirm" else ["prepare", "approve"]
    if not set(wanted) & set(duties):
        entitled = ", ".join(sorted(o for o, d in officers.items() if set(wanted) & set(d))) or "nobody is listed"
        raise NeedsPerson(
            910,
            f"{by!r} may not {act}: that needs the duty {' or '.join(wanted)}.",
            where="officers in exchange.toml",
            next_step=f"Let one of these act: {entitled}.",
        )


def _words(act: Act, text: str) -> str:
    """The text an act must have, as it is kept; who assigns or confirms says nothing."""
    if act in ("assign", "confirm"):
        return ""
    said = clean_reason(text, "--text" if act == "comment" else "--reason")
    if act in ("decide", "answer"):
        check_telling(said, "--reason")
    return said


def _one(
    one: Seen,
    act: Act,
    by: str,
    text: str,
    choice: str,
    route: Route,
    vault: Vault,
    write: LedgerWrite,
    today: date,
) -> None:
    """One break's event; none when this officer already said just that."""
    key = break_key(route.id, one.record.id)
    said = sha256_hex(text.encode()) if text else None
    if _said(one, act, by, choice, said):
        return
    _allowed_here(one, act, by, key)
    body: dict[str, Any] = {"route": route.id, "id": one.record.id, **_told(one, act, by, choice, route, today)}
    if not one.touched and one.state == CLOSED:
        body["found"] = False
    if said:
        body["reason_sha256" if act in ("decide", "answer") else "text_sha256"] = said
        vault.put(key, note_name(said), text.encode())
    write.append(_KIND[act], exchange=key, actor=by, body=body)


_KIND: Final[Mapping[Act, str]] = {
    "assign": "break_assigned",
    "comment": "break_commented",
    "decide": "break_decided",
    "confirm": "break_confirmed",
    "reopen": "break_reopened",
    "answer": "break_answer_given",
}


def _allowed_here(one: Seen, act: Act, by: str, key: str) -> None:
    """Who found a break decides about it, who was asked answers; an info needs neither."""
    if act == "confirm" and one.ours and one.state == PROPOSED and one.work.decided_by == by:
        raise NeedsPerson(
            910, "Who decided may not confirm.", where=key, next_step="Let a second officer confirm."
        )  # fmt: skip
    if one.record.info and act != "comment":
        what, step = "An info explains and needs no work.", "Comment on it, if something has to be said."
    elif one.ours and act == "answer":
        what, step = "This end found the break; the other side answers.", "Use `exchange breaks decide`."
    elif not one.ours and act in ("decide", "confirm", "reopen"):
        what, step = "The other side found the break and decides about it.", "Use `exchange breaks answer`."
    elif one.state == CLOSED and act != "comment":
        what, step = "The books agree again; the break is closed.", "It reopens by itself if it comes again."
    elif act == "confirm" and one.state != PROPOSED:
        what, step = f"The break is {one.state}: no decision waits for a second officer.", "Look at its history."
    elif act == "decide" and one.state not in UNSETTLED:
        what, step = f"The break is {one.state} already.", "Reopen it first, with a reason."
    elif act == "decide" and one.state == PROPOSED and one.work.decided_by != by:
        what, step = "Another officer's decision waits for its confirmation.", "Confirm it, or reopen it with a reason."
    elif act == "reopen" and one.state == OPEN:
        what, step = "The break is open already.", "Decide about it."
    else:
        return
    raise NeedsPerson(924, what, where=key, next_step=step)


def _told(one: Seen, act: Act, by: str, choice: str, route: Route, today: date) -> dict[str, Any]:
    """What the event says beyond which break it is."""
    if act == "assign":
        return {"to": choice}
    if act == "decide":
        two = route.breaks.needs_two(choice, code=one.record.code, worth=one.worth, on=today)
        return {"as": choice, "two_people": two, "figures": dict(one.record.amounts)}
    if act == "confirm":
        return {"as": one.work.decision}
    if act == "reopen":
        return {"why": BY_OFFICER}
    if act == "answer":
        figures = dict(one.record.amounts)
        return {"answer": choice, "by": by, "answered_on": today.isoformat(), "figures": figures}
    return {}


def _said(one: Seen, act: Act, by: str, choice: str, said: str | None) -> bool:
    """Whether this officer's same act is what counts now."""
    work: BreakWork = one.work
    if act == "assign":
        return work.owner == choice and one.state != CLOSED
    if act == "decide":
        same = (work.decision, work.decided_by, work.reason_sha256) == (choice, by, said)
        return same and one.state in (PROPOSED, *DECISIONS)
    if act == "confirm":
        return work.confirmed_by == by and one.state == work.decision
    if act == "answer":
        same = (work.answer, work.answered_by, work.answer_sha256) == (choice, by, said)
        return same and work.figures == one.record.amounts
    return False
