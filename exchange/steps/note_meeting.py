"""Note a meeting's acts: what the other side did, taken in with a packet, becomes part of the book both ends read."""

from __future__ import annotations

from collections import Counter

from exchange.domain.break_life import note_name
from exchange.domain.errors import NeedsPerson
from exchange.domain.meeting_life import ACTS, acts_of, meeting_key
from exchange.domain.meeting_sharing import ACT, NOTED, heard
from exchange.domain.route import Agreement
from exchange.ports import Ledger, Vault


def note_meeting(
    key: str, *, agreement: Agreement, vault: Vault, ledger: Ledger, actor: str = "system"
) -> dict[str, int]:
    """Fold the acts of one packet taken in into the meetings with its sender; how many were taken, known before
    (`repeated`), or of no use here (`unusable`: an id that is not its sender's, a value that can't be).

    Texts go to the vault first. Once a packet: again changes nothing. Raises NeedsPerson 914 for a packet that was not
    taken in.
    """
    exchange = ledger.exchange(key)
    if exchange is None or exchange.direction != "in":
        raise NeedsPerson(914, "No such packet was taken in.", where=key, next_step="See `exchange status`.")
    route = agreement.route(exchange.route)
    landed = ledger.landed(route, ACT)
    rows = landed.loc[landed["_packet"] == exchange.packet_id]
    of = meeting_key(route.sender)
    stood: Counter[str] = Counter()
    with ledger.transaction() as write:
        if any(True for _ in ledger.events(exchange=key, kind=NOTED)):
            return {}
        known = {act.id for act in acts_of(ledger.events(exchange=of))}
        for standing, code, body, text in heard(rows, sender=route.sender, known=known, agreement=agreement):
            stood[standing] += 1
            if not body:
                continue
            if text:
                vault.put(of, note_name(body["text_sha256"]), text.encode())
            write.append(ACTS[code], exchange=of, actor=actor, body={**body, "packet": exchange.packet_id})
        write.append(NOTED, exchange=key, actor=actor, body={"with": route.sender, **stood})
    return dict(stood)
