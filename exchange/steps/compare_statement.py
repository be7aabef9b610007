"""Compare the other side's statement with this end's own, line by line; keep their signature where it agrees."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from exchange.domain.canonical import sha256_hex, strict_json
from exchange.domain.errors import NeedsPerson
from exchange.domain.period import Period
from exchange.domain.route import Agreement
from exchange.domain.statement_book import differing, made_of, statement_key, stored_bytes
from exchange.domain.statement_terms import CHECKED, COUNTERSIGNED, DIFFERS, signature_name
from exchange.ports import Ledger, Vault


def compare_statement(
    period: str,
    theirs: Mapping[str, Any],
    signature: bytes,
    *,
    route: str,
    agreement: Agreement,
    party: str,
    vault: Vault,
    ledger: Ledger,
    actor: str,
) -> list[dict[str, Any]]:
    """Every value that differs between the other side's statement, whose signature holds, and the one this end made:
    case, claim, rank, column, theirs and ours; none when both are the same, and their signature is kept then.

    Raises NeedsPerson 934 when this end has no statement of that quarter, or the two are of other packets or versions.
    """
    key = statement_key(route, Period.parse(period))
    made = made_of(route, period, ledger.events(kind="statement_made"))
    if made is None:
        raise NeedsPerson(934, "No statement was made here.", where=key, next_step="`exchange statement make` first.")
    found = differing(theirs, strict_json(vault.get(key, f"statement-v{made['version']}.json")))
    if not found and sha256_hex(stored_bytes(theirs)) != made["sha256"]:
        raise NeedsPerson(
            934, "The lines agree; the versions, or the packets they count, do not.", where=key,
            next_step="Compare with their newest statement; the sender of the cases makes it first.",
        )  # fmt: skip
    both = agreement.route(route)
    other = both.receiver if both.sender == party else both.sender
    kind = DIFFERS if found else (COUNTERSIGNED if other == both.receiver else CHECKED)
    if not found:
        vault.put(key, signature_name(made["version"], other), signature)
    body = {
        "route": route, "period": period, "sha256": made["sha256"], "of": other, "differing": len(found),
        "signature_sha256": sha256_hex(signature),
    }  # fmt: skip
    if not any(e.body == body for e in ledger.events(exchange=key, kind=kind)):
        with ledger.transaction() as write:
            write.append(kind, exchange=key, actor=actor, body=body)
    return found
