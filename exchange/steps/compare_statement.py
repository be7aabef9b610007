"""Compare the other side's statement with this end's own, line by line; keep the result, and their signature where it
agrees."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from exchange.domain.canonical import canonical_json, sha256_hex, strict_json
from exchange.domain.errors import NeedsPerson
from exchange.domain.period import Period
from exchange.domain.route import Agreement
from exchange.domain.statement_book import differing, made_as, made_of, statement_key, stored_bytes
from exchange.domain.statement_signing import Signing
from exchange.domain.statement_terms import (
    CHECKED,
    COUNTERSIGNED,
    DIFFERS,
    HEARD,
    MADE,
    REFUSED_THERE,
    compared_name,
    refusal_name,
    signature_name,
)
from exchange.ports import Ledger, Vault


def compare_statement(
    period: str,
    theirs: Mapping[str, Any],
    signature: bytes | None,
    *,
    route: str,
    heard: tuple[str, Signing] | None = None,
    agreement: Agreement,
    party: str,
    vault: Vault,
    ledger: Ledger,
    actor: str,
) -> list[dict[str, Any]]:
    """Every value that differs between the other side's statement, whose signature holds, and the one this end made:
    case, claim, rank, column, theirs and ours; none when both are the same, and their signature is kept then.

    Ours is the version theirs answers, or is the same as; else the newest. `heard` is the packet it came with and what
    it says: a refusal holds their own figures and no signature. Said twice, nothing is added.
    Raises NeedsPerson 934 when this end has no statement of that quarter, or the two are of other packets or versions.
    """
    key, came = statement_key(route, Period.parse(period)), sha256_hex(stored_bytes(theirs))
    answered = heard[1].answers_sha256 if heard else None
    made = _ours(route, period, answered or came, ledger, key)
    found = differing(theirs, strict_json(vault.get(key, f"statement-v{made['version']}.json")))
    refused = heard is not None and heard[1].act == "refused"
    if not found and came != made["sha256"]:
        raise NeedsPerson(
            934, "The lines agree; the versions, or the packets they count, do not.", where=key,
            next_step="Compare with their newest statement; the sender of the cases makes it first.",
        )  # fmt: skip
    both = agreement.route(route)
    other = both.receiver if both.sender == party else both.sender
    kept = canonical_json({"theirs_sha256": came, "differing": found})
    vault.put(key, compared_name(made["version"]), kept)
    body: dict[str, Any] = {
        "route": route, "period": period, "sha256": made["sha256"], "of": other, "theirs_sha256": came,
        "differing": len(found), "compared_sha256": sha256_hex(kept),
    }  # fmt: skip
    if signature is not None:
        body["signature_sha256"] = sha256_hex(signature)
    if signature is not None and not found:
        vault.put(key, signature_name(made["version"], other), signature)
    if heard is not None and heard[1].reason is not None:
        body["reason_sha256"] = _keep_reason(key, heard[1].reason, vault)
    agrees = COUNTERSIGNED if other == both.receiver else CHECKED
    _told(REFUSED_THERE if refused else DIFFERS if found else agrees, key, body, heard, ledger, actor)
    return found


def _keep_reason(key: str, reason: str, vault: Vault) -> str:
    """Why the other side sent it back, in the vault; its SHA-256."""
    told = sha256_hex(reason.encode())
    vault.put(key, refusal_name(told), reason.encode())
    return told


def _ours(route: str, period: str, sha256: str, ledger: Ledger, key: str) -> Mapping[str, Any]:
    """The statement made here that theirs is held against."""
    events = list(ledger.events(kind=MADE))
    made = made_as(route, period, sha256, events) or made_of(route, period, events)
    if made is None:
        raise NeedsPerson(934, "No statement was made here.", where=key, next_step="`exchange statement make` first.")
    return made


def _told(
    kind: str, key: str, body: Mapping[str, Any], heard: tuple[str, Signing] | None, ledger: Ledger, actor: str
) -> None:
    """The comparison, once; and that the packet it came with was heard."""
    with ledger.transaction() as write:
        if not any(e.body == body for e in ledger.events(exchange=key, kind=kind)):
            write.append(kind, exchange=key, actor=actor, body=body)
        if heard is not None and not any(True for _ in ledger.events(exchange=heard[0], kind=HEARD)):
            said = {"statement": key, "act": heard[1].act, "sha256": body["theirs_sha256"]}
            write.append(HEARD, exchange=heard[0], actor=actor, body=said)
