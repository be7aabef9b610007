"""Work a match: officers confirm or reject which debtor a claim means, or take such a decision back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any, Literal

from exchange.domain.break_life import note_name
from exchange.domain.canonical import sha256_hex
from exchange.domain.errors import NeedsPerson
from exchange.domain.match_book import CASE, ROUTE, Decision, book_of
from exchange.domain.match_events import DECIDED, REVOKED, SECONDED, match_key
from exchange.domain.match_kept import decided_again, kept_views
from exchange.domain.match_view import View, decision, proposal
from exchange.domain.matching import CONFIRMED, REJECTED, Candidate, Match
from exchange.domain.personal import check_telling
from exchange.domain.reason import clean_reason
from exchange.domain.route import Agreement
from exchange.ports import Ledger, LedgerWrite, Vault

Act = Literal["confirm", "reject", "revoke"]


def work_match(
    id_: str,
    act: Act,
    *,
    by: str,
    reason: str,
    scope: str | None = None,
    until: date | None = None,
    agreement: Agreement,
    party: str,
    vault: Vault,
    ledger: Ledger,
    officers: Mapping[str, Sequence[str]],
    today: date,
) -> Decision | None:
    """Record what an officer says of the proposal whose id begins so; the decision as it stands then, None if revoked.

    Where the route wants two officers (`review: matches`), a confirmation waits for another one, who confirms the same
    id and may not be the first. A rejection and a revocation need one. `scope` is this case when absent, `until` the
    last day it is remembered, the route's `match_valid_days` from today when absent; of the second officer what the
    first said. Said again it changes nothing; said otherwise by another officer it is refused.
    Raises NeedsPerson 910 (not allowed to that officer), 926 (personal data in the reason), 932 (can't be decided
    so), 933 (no such id), 947 (a reason that can't be used).
    """
    _may(by, act, officers)
    said = clean_reason(reason)
    check_telling(said, "--reason")
    found = kept_views(ledger, vault, agreement, party, today) or []
    with ledger.transaction() as write:
        found = [decided_again(view, ledger, today) for view in found]
        if act == "revoke":
            view, known = decision(found, id_)
            _say(write, vault, REVOKED, view.route.id, known.id, by, said, {})
            return None
        view, match, one = proposal(found, id_)
        before = next((d for d in view.book if d.id == one.id), None)
        kind, body = _told(act, view, match, one, before, by=by, scope=scope, until=until, today=today)
        if kind:
            _say(write, vault, kind, view.route.id, one.id, by, said, body)
    return next(d for d in book_of(ledger.events, view.route.id) if d.id == one.id)


def _may(by: str, act: Act, officers: Mapping[str, Sequence[str]]) -> None:
    """Default deny: who is not listed may do nothing."""
    if not {"prepare", "approve"} & set(officers.get(by, ())):
        raise NeedsPerson(
            910,
            f"{by!r} may not {act} a match: that needs the duty prepare or approve.",
            where="officers in exchange.toml",
            next_step=f"Let one of these act: {', '.join(sorted(officers)) or 'nobody is listed'}.",
        )


def _told(
    act: Act, view: View, match: Match, one: Candidate, before: Decision | None, *, by: str, scope: str | None,
    until: date | None, today: date,
) -> tuple[str, dict[str, Any]]:  # fmt: skip
    """The event's kind and body; no kind when it would say nothing new."""
    as_ = CONFIRMED if act == "confirm" else REJECTED
    standing = before if before is not None and before.until >= today and before.said == as_ else None
    if standing is not None and standing.by != by:
        if scope not in (None, standing.scope) or until not in (None, standing.until):
            raise _not_so(
                "Another officer said so with another scope or last day.", one,
                "Say it without --scope and --until, which leaves them as they are; or revoke it first.",
            )  # fmt: skip
        return (SECONDED if standing.waits else ""), {}
    scope = scope or CASE
    until = until or today + timedelta(days=view.route.days("match_valid_days", today))
    if standing is not None and (standing.scope, standing.until) == (scope, until):
        return "", {}
    if until < today:
        raise _not_so("The last day has passed.", one, "Give a day from today on with --until.")
    if scope == ROUTE and not match.known:
        raise _not_so("The claim's case was never sent; which case is meant holds for this one only.", one,
                      "Confirm it with --scope case.")  # fmt: skip
    two = act == "confirm" and view.route.review.matches == "two_officers"
    return DECIDED, {
        "as": as_, "pair": one.pair, "rule": one.rule, "scope": scope, "on": today.isoformat(),
        "until": until.isoformat(), "two_people": two,
    }  # fmt: skip


def _not_so(what: str, one: Candidate, step: str) -> NeedsPerson:
    return NeedsPerson(932, what, where=f"match {one.id}", next_step=step)


def _say(
    write: LedgerWrite, vault: Vault, kind: str, route: str, id_: str, by: str, words: str, body: Mapping[str, Any]
) -> None:
    """The words into the vault first, then the event with their hash."""
    said, key = sha256_hex(words.encode()), match_key(route, id_)
    vault.put(key, note_name(said), words.encode())
    write.append(kind, exchange=key, actor=by, body={"route": route, "id": id_, "reason_sha256": said, **body})
