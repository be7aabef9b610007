"""Review: two people let an exchange go, each bound to the fingerprint of what they saw."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, Final, Literal

from exchange.domain import lifecycle
from exchange.domain.canonical import sha256_hex, sha256_of
from exchange.domain.content import content_hash
from exchange.domain.errors import NeedsPerson
from exchange.domain.officers import check_duty
from exchange.domain.points import NO_REASONS, REASONS, standing, waiting
from exchange.domain.reason import clean_reason
from exchange.domain.route import Agreement, Route
from exchange.ports import Clock, ExchangeRecord, Ledger, Vault

Decision = Literal["prepare", "approve", "refuse", "lift", "confirm"]
_DUTY: Mapping[Decision, str] = {
    "prepare": "prepare",
    "approve": "approve",
    "refuse": "approve",
    "lift": "approve",
    "confirm": "approve",
}

_UNDECIDED: Final = frozenset({lifecycle.EXTRACTED, lifecycle.CHECKED, lifecycle.STOPPED, lifecycle.REFUSED})
"""States in which an earlier preparation or approval does not stand."""


def review(
    key: str,
    decision: Decision,
    *,
    by: str,
    fingerprint: str | None = None,
    reason: str = "",
    agreement: Agreement,
    vault: Vault,
    ledger: Ledger,
    officers: Mapping[str, Sequence[str]],
    clock: Clock,
) -> ExchangeRecord:
    """Record an officer's decision about an exchange; the same decision by the same officer again changes nothing.

    `prepare` then `approve` by another officer release it (one officer's `approve` is enough where the route says
    so: it is then `confirm`ed afterwards by another). `refuse` sends it back, whatever became of its files, also
    before it was checked; `lift` lets a stopped one be prepared. Neither is prepared nor released while a point lacks
    its reason; who decides is bound to the reasons as to the content (`reasons_sha256`, as the manifest names it).
    `fingerprint` is what the officer saw (first digits are enough); the stored bytes are hashed anew each time.
    Raises NeedsPerson 908 (not that state), 910 (not allowed to that officer), 911 (content or reasons are not what
    was seen), 921 (a point waits for its reason), 947 (a reason that can't be used).
    The reason is kept in the vault; the ledger holds its hash, since a reason may name people.
    """
    exchange = _known(ledger, key)
    check_duty(by, decision, (_DUTY[decision],), officers)
    said = _words(decision, reason)
    if decision != "refuse":
        _fresh(exchange, vault, fingerprint)
    kind = _event(exchange, decision, by, agreement.route(exchange.route))
    if kind is None:
        return exchange
    body: dict[str, Any] = {"by": by, "content_hash": exchange.content_hash}
    if kind in ("prepared", "approved", "released"):
        body["reasons_sha256"] = _reasons(exchange, kind, vault, ledger)
    if kind == "released":
        body["mode"] = "one_officer"
    if said:
        body["reason_sha256"] = sha256_hex(said.encode())
        note = {"at": clock().isoformat(), "by": by, "decision": decision, "reason": said}
        stamp = body["reason_sha256"][:12]
        vault.put(key, f"review/{decision}-{stamp}.json", json.dumps(note, ensure_ascii=False).encode())
    with ledger.transaction() as write:
        write.append(kind, exchange=key, actor=by, body=body)
    return _known(ledger, key)


def _words(decision: Decision, reason: str) -> str:
    """The reason a refusal or a lift must have; of another decision the remark it may have."""
    if decision in ("refuse", "lift"):
        return clean_reason(reason)
    return clean_reason(reason, least=1) if reason.strip() else ""


def _known(ledger: Ledger, key: str) -> ExchangeRecord:
    exchange = ledger.exchange(key)
    if exchange is None:
        raise NeedsPerson(914, "There is no such exchange.", where=key, next_step="List them with `exchange status`.")
    return exchange


def _fresh(exchange: ExchangeRecord, vault: Vault, fingerprint: str | None) -> None:
    """The stored content is still the one that was checked, and the one this officer saw."""
    stored = exchange.content_hash
    if stored is None:
        raise NeedsPerson(
            908,
            f"The exchange is {exchange.state}, not yet checked.",
            where=exchange.key,
            next_step="Let `exchange run quarterly` finish first.",
        )
    if fingerprint and not stored.startswith(fingerprint.replace(" ", "").lower()):
        raise NeedsPerson(
            911,
            "The fingerprint given is not that of this content.",
            where=exchange.key,
            next_step="Open the report again and decide about what it shows now.",
        )
    listed = json.loads(vault.get(exchange.key, "content/content.json"))
    for file in listed["files"]:
        with vault.open(exchange.key, f"content/{file['path']}") as stream:
            if sha256_of(stream) != file["sha256"]:
                raise NeedsPerson(
                    911,
                    "A content file was changed after the checks.",
                    where=f"{exchange.key}/content/{file['path']}",
                    next_step="Refuse the exchange and run it anew; report the change as an incident.",
                )
    if content_hash(listed["files"]) != stored:
        raise NeedsPerson(
            911,
            "The content list was changed after the checks.",
            where=f"{exchange.key}/content/content.json",
            next_step="Refuse the exchange and run it anew; report the change as an incident.",
        )


def _reasons(exchange: ExchangeRecord, kind: str, vault: Vault, ledger: Ledger) -> str:
    """The hash of the reasons as they will travel, left in the vault; those that were prepared are approved."""
    events = list(ledger.events(exchange=exchange.key))
    now = standing(exchange.key, events, partial(vault.get, exchange.key))
    if now.open:
        raise waiting(exchange.key, now)
    reasons = now.reasons()
    prepared = [event.body.get("reasons_sha256", NO_REASONS) for event in events if event.kind == "prepared"]
    if kind == "approved" and prepared[-1] != sha256_hex(reasons):
        raise NeedsPerson(
            911,
            "The officers' reasons are not those that were prepared.",
            where=f"{exchange.key}/{REASONS}",
            next_step="Have the exchange prepared again by another officer.",
        )
    if now.points or vault.has(exchange.key, REASONS):
        vault.put(exchange.key, REASONS, reasons)
    return sha256_hex(reasons)


def _event(exchange: ExchangeRecord, decision: Decision, by: str, route: Route) -> str | None:
    """The event a decision becomes; None when this officer already decided just that."""
    decided = {"prepare": exchange.prepared_by, "approve": exchange.approved_by}.get(decision)
    if decided == by and exchange.state not in _UNDECIDED:
        return None
    if decision == "confirm":
        return _confirmation(exchange, by)
    if decision != "approve":
        return {"prepare": "prepared", "refuse": "refused", "lift": "stop_lifted"}[decision]
    if exchange.state == lifecycle.CHECKED and _rule(exchange, route) in ("one_officer", "automatic"):
        return "released"
    if exchange.state == lifecycle.CHECKED:
        raise NeedsPerson(
            910,
            "Two officers are needed: nobody has prepared it yet.",
            where=exchange.key,
            next_step="Let another officer run `exchange review prepare` first.",
        )
    if exchange.prepared_by == by:
        raise NeedsPerson(
            910,
            "The preparer may not approve.",
            where=exchange.key,
            next_step="Let a second officer approve.",
        )
    return "approved"


def _rule(exchange: ExchangeRecord, route: Route) -> str:
    asked = route.review
    rules = {"U": asked.urgent, "A": asked.answer, "B": asked.breaks, "S": asked.statement, "M": asked.meeting}
    return rules.get(exchange.kind) or route.review.quarterly


def _confirmation(exchange: ExchangeRecord, by: str) -> str:
    """A release by one officer or by rule is looked at afterwards by somebody else."""
    if exchange.approved_by is None:
        raise NeedsPerson(
            908,
            f"The exchange is {exchange.state}: nobody has released it, so there is nothing to confirm.",
            where=exchange.key,
            next_step="Confirm it once it was released.",
        )
    if exchange.approved_by == by:
        raise NeedsPerson(
            910,
            "Who released it may not confirm it.",
            where=exchange.key,
            next_step="Let a second officer confirm.",
        )
    return "confirmed"
