"""Note answers: what the other side says of breaks, taken in with a packet, becomes part of each one's history."""

from __future__ import annotations

from collections import Counter

from exchange.domain.break_life import break_key, note_name
from exchange.domain.break_sharing import heard
from exchange.domain.break_view import ANSWER
from exchange.domain.canonical import sha256_hex
from exchange.domain.errors import NeedsPerson
from exchange.domain.route import Agreement
from exchange.ports import Ledger, Vault

NOTED = "break_answers_noted"


def note_answers(
    key: str, *, agreement: Agreement, party: str, vault: Vault, ledger: Ledger, actor: str = "system"
) -> dict[str, int]:
    """Fold the answers of one packet taken in into the breaks they are about; how many stood how.

    `current` moves its break as the life says; `crossed` is about figures of an older list, `late` to a break that is
    closed: both are kept in the history and move nothing; `repeated` was said before just so; `unknown` names no
    break here. Once a packet: again changes nothing. Raises NeedsPerson 914 for a packet that was not taken in.
    """
    exchange = ledger.exchange(key)
    if exchange is None or exchange.direction != "in":
        raise NeedsPerson(914, "No such packet was taken in.", where=key, next_step="See `exchange status`.")
    route = agreement.route(exchange.route)
    asked = next(r for r in agreement.routes.values() if r.answered_by == route.id and r.sender == party)
    landed = ledger.landed(route, ANSWER)
    rows = landed.loc[landed["_packet"] == exchange.packet_id]
    stood: Counter[str] = Counter()
    with ledger.transaction() as write:
        if any(True for _ in ledger.events(exchange=key, kind=NOTED)):
            return {}
        records = {record.id: record for record in ledger.breaks(route=asked.id)}
        works = {work.id: work for work in ledger.break_works(route=asked.id)}
        for standing, body, text in heard(rows, records, works):
            stood[standing] += 1
            if body:
                at = break_key(asked.id, body["id"])
                if text:
                    vault.put(at, note_name(sha256_hex(text.encode())), text.encode())
                body["packet"] = exchange.packet_id
                write.append("break_answered", exchange=at, actor=actor, body=body)
        write.append(NOTED, exchange=key, actor=actor, body={"route": asked.id, **stood})
    return dict(stood)
