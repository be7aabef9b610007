"""Hear a statement: what a packet of kind S says, read and proven; what can't be read is told, once."""

from __future__ import annotations

from typing import Final

from exchange.domain.canonical import sha256_hex
from exchange.domain.errors import NeedsPerson
from exchange.domain.route import Agreement
from exchange.domain.statement_signing import Signing, parse_signing
from exchange.domain.statement_terms import HEARD
from exchange.ports import Ledger, Vault

SENDERS: Final = frozenset({"signed"})
"""What the sender of the cases says; the other acts are their receiver's."""


def hear_statement(
    key: str, *, agreement: Agreement, party: str, vault: Vault, ledger: Ledger, actor: str = "system"
) -> tuple[Signing, bytes] | None:
    """What a packet taken in says, and its statement's bytes; None when it says nothing this end can use: that is
    told with its code (934), and the packet is not heard again.

    Raises NeedsPerson 914 for a packet that was not taken in.
    """
    exchange = ledger.exchange(key)
    if exchange is None or exchange.direction != "in":
        raise NeedsPerson(914, "No such packet was taken in.", where=key, next_step="See `exchange status`.")
    data = vault.get(key, "inside/statement.json")
    try:
        signing = parse_signing(vault.get(key, "inside/signing.json"))
    except ValueError:
        signing = None
    if signing is not None and _fits(signing, data, exchange.route, agreement, party):
        return signing, data
    unheard(key, 934, ledger, actor)
    return None


def unheard(key: str, code: int, ledger: Ledger, actor: str) -> None:
    """Say once that what a packet says of a statement is of no use here, and by which code."""
    with ledger.transaction() as write:
        if not any(True for _ in ledger.events(exchange=key, kind=HEARD)):
            write.append(HEARD, exchange=key, actor=actor, body={"act": "unusable", "code": code})


def _fits(signing: Signing, data: bytes, came_on: str, agreement: Agreement, party: str) -> bool:
    """It is about the statement beside it, on a route of these two parties, and said by who may say it."""
    route = agreement.routes.get(signing.route)
    if route is None or signing.statement_sha256 != sha256_hex(data):
        return False
    says = route.id if signing.act in SENDERS else route.answered_by
    here = route.receiver if signing.act in SENDERS else route.sender
    return says == came_on and here == party and (signing.signature is None) == (signing.act == "refused")
