"""From arrived to compared: fetch, take in, receipt, answers to breaks, the three books."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Final

from exchange.domain.break_due import answers_due
from exchange.domain.lane import lane_of
from exchange.domain.packet import parse_packet_name
from exchange.journeys.calling import Swept, agreed, attempted, call
from exchange.journeys.meetings import hear_meetings
from exchange.ports import Parts

if TYPE_CHECKING:
    from exchange.domain.manifest import Manifest
    from exchange.steps.take_in import TakenIn


_TAKEN: Final[Mapping[str, str]] = {"accepted": "taken in"}
"""How a sweep's counts call what became of a packet, where not by its own word."""


def fetch(parts: Parts, counterpart: str) -> list[str]:
    """Fetch what a counterpart sent into the vault; ids of the packets to take in, in order."""
    from exchange.steps.collect import collect

    with parts.ledger.lock(f"collect:{counterpart}"):
        ids: list[str] = call(collect, parts, counterpart)
        return ids


def receive(parts: Parts, packet_ids: Sequence[str], swept: Swept | None = None) -> list[TakenIn]:
    """Take collected packets of one counterpart in, seal the receipts they are owed, clear them from the channel.

    With `swept` a packet that can't be taken in is noted there and does not hold up the others; else it is raised.
    """
    if not packet_ids:
        return []
    from exchange.steps.acknowledge import acknowledge
    from exchange.steps.take_in import take_in

    results: list[TakenIn] = []
    for packet_id in packet_ids:
        with parts.ledger.lock(f"take_in:{lane_of(packet_id)}"):
            result = attempted(swept, "", packet_id, call, take_in, parts, packet_id)
        if result is not None:
            results.append(result)
            if swept is not None:
                swept.count(_TAKEN.get(result.result, result.result))
    if results:
        attempted(swept, "", results[-1].packet_id, call, acknowledge, parts, results[-1].packet_id)
    for result in results:
        if result.result != "held":
            parts.channels[parse_packet_name(result.packet_id).sender].taken(result.packet_id)
    hear(parts, swept)
    hear_meetings(parts, swept)
    return results


def hear(parts: Parts, swept: Swept | None = None) -> None:
    """Make the answers that came with packets taken in part of the breaks they are about."""
    for key in answers_due(parts.agreement, parts.ledger):
        from exchange.steps.note_answers import note_answers

        attempted(swept, "answers noted", key, call, note_answers, parts, key)


def reconcile(parts: Parts, key: str, as_of: date | None = None) -> None:
    """Compare the three books for an exchange of this end, under what is agreed today; one comparison of a route at a
    time, so that none that read older books has the last word. RetryLater 907 while another runs."""
    from exchange.steps.reconcile import reconcile as step

    found = parts.ledger.exchange(key)
    with parts.ledger.lock(f"reconcile:{found.route if found else key}"):
        call(step, parts, key, as_of=as_of, agreement=agreed(parts))


def verify(parts: Parts, folder: Path) -> Manifest:
    """Check a packet's folder as its receiver would, landing nothing; its manifest. The folder's name is the id."""
    from exchange.domain.opening import open_packet

    name = parse_packet_name(folder.name)
    with parts.vault.workdir() as quarantine:
        opened = open_packet(
            folder,
            packet_id=str(name),
            party=parts.party,
            agreement=parts.agreement,
            schemas=parts.schemas,
            trusted=parts.keys.trusted(name.sender, "sign"),
            keys=parts.keys.decrypting(),
            known=[p for p in parts.ledger.packets(lane=name.lane, direction="in") if p.number < name.number],
            now=parts.clock(),
            quarantine=quarantine,
        )
    return opened.authentic.manifest
