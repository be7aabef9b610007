"""An idle sweep and a quarter on ledgers with years behind them, beside the same on fresh ones.

The past is made by the ledger's own port at both ends: urgent exchanges with their packets, receipts and events, and
quarters whose rows were landed. What is measured are CPU seconds of this process, both ends together.
"""

from __future__ import annotations

import json
import sys
import tempfile
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any

from bench.ends import AS_OF, PAIR, both_ends, go_round
from bench.measure import in_child, peak_mib, print_table, timed
from bench.world import build
from exchange import journeys
from exchange.ports import LedgerWrite, PacketRecord, Parts

SIZES, SHORT = (0, 500, 5_000), (0, 200)
"""Exchanges behind each ledger: ten events and three packets each at the court's end."""

CASES, QUARTERS = 1_000, 20
COLUMNS = {
    "events": "{:,}", "packets": "{:,}", "landed quarters": "{}", "idle sweep cpu": "{:.3f}", "quarter cpu": "{:.2f}",
    "watch cpu": "{:.2f}", "MiB": "{:.0f}",
}  # fmt: skip
ROUTE, OUT, BACK = f"{PAIR}-cases", f"court-{PAIR}.tax-{PAIR}", f"tax-{PAIR}.court-{PAIR}"
_AT_ONCE = 500


def rows(sizes: tuple[int, ...] = SIZES) -> list[dict[str, Any]]:
    """One row a size: events and packets at the court, seconds of an idle sweep at both ends and of a quarter."""
    with tempfile.TemporaryDirectory() as folder:
        build(Path(folder) / "court.db", CASES)
        return [in_child("bench.history", size, folder) for size in sizes]


def fill(court: Parts, tax: Parts, exchanges: int) -> None:
    """Give both ends a past of so many urgent exchanges, each sent, opened and validated."""
    for parts, past in ((court, _sent), (tax, _received)):
        for first in range(1, exchanges + 1, _AT_ONCE):
            with parts.ledger.transaction() as write:
                for number in range(first, min(first + _AT_ONCE, exchanges + 1)):
                    past(write, number)


def _sent(write: LedgerWrite, number: int) -> None:
    """One exchange of the past as the court has it."""
    key = f"{ROUTE}.U.{number:012x}"

    def event(what: str, /, **body: Any) -> None:
        write.append(what, exchange=key, actor="system", body=body)

    event("exchange_opened", route=ROUTE, direction="out", kind="U", period="2026Q2", as_of=AS_OF.isoformat())
    event("extracted")
    event("checked", content_hash=_hash(number), selected=1, held=0, sent=1, rows={})
    event("released", by="rule", content_hash=_hash(number), mode="automatic")
    packet = write.number_packet(lane=OUT, kind="U", exchange=key)
    write.set_packet(replace(packet, state="sent", manifest_sha256=_hash(number)))
    event("packed", packet_id=packet.packet_id, number=packet.number, manifest_sha256=_hash(number))
    event("sent", packet_id=packet.packet_id)
    for place, rung in ((2 * number - 1, "opened"), (2 * number, "validated")):
        receipt = f"{BACK}.{place:06d}.R"
        write.append("collected", exchange=receipt, actor="system", body={"packet_id": receipt})
        write.set_packet(_accepted(BACK, place, receipt, "R", receipt))
        event(f"receipt_{rung}", receipt=receipt, answers=packet.packet_id)
    event("confirmed", by="chief-2")


def _received(write: LedgerWrite, number: int) -> None:
    """The same exchange as the tax end has it."""
    key = f"{OUT}.{number:06d}.U"
    write.append("collected", exchange=key, actor="system", body={"packet_id": key})
    write.set_packet(_accepted(OUT, number, key, "U", key))
    body = {"route": ROUTE, "direction": "in", "kind": "U", "period": "2026Q2", "packet_id": key, "rows": {}}
    write.append("taken_in", exchange=key, actor="system", body=body)
    for rung in ("opened", "validated"):
        packet = write.number_packet(lane=BACK, kind="R", exchange=key, answers=key)
        write.set_packet(replace(packet, state="sent", manifest_sha256=_hash(packet.number)))
        for kind in ("receipt_packed", "receipt_sent"):
            said = {"packet_id": packet.packet_id, "rung": rung}
            write.append(kind, exchange=key, actor="system", body=said)


def _accepted(lane: str, number: int, packet_id: str, kind: str, exchange: str) -> PacketRecord:
    return PacketRecord(
        lane=lane, number=number, packet_id=packet_id, direction="in", kind=kind, exchange=exchange,
        state="accepted", manifest_sha256=_hash(number),
    )  # fmt: skip


def _hash(number: int) -> str:
    return sha256(str(number).encode()).hexdigest()


def land_past(parts: Parts, frames: dict[str, Any], quarters: int, *, above: int = 0) -> None:
    """Land a quarter's rows so many times over, under numbers of the past."""
    route = parts.agreement.route(ROUTE)
    for number in range(above + 1, above + quarters + 1):
        with parts.ledger.transaction() as write:
            for dataset, frame in frames.items():
                write.land(route, dataset, frame, number=number, packet_id=f"{OUT}.{number:06d}.U")


def _measure(exchanges: int, folder: Path) -> dict[str, float]:
    home, source = folder / f"ends-{exchanges}", folder / "court.db"
    with both_ends(folder / "first", source, checker="plain") as (court, tax):
        if not court.ledger.exchanges():
            go_round(court, tax)
        route = court.agreement.route(ROUTE)
        frames = {c.dataset: court.ledger.landed(route, c.dataset)[[*c.names, "_record"]] for c in route.carries("Q")}
    with both_ends(home, source, checker="plain") as (court, tax):
        fill(court, tax, exchanges)
        for parts in (court, tax):
            land_past(parts, frames, min(QUARTERS, exchanges))
        sweep = timed(lambda: (journeys.sweep(court), journeys.sweep(tax)), 3).cpu
        quarter = timed(lambda: go_round(court, tax)).cpu
        watch = timed(lambda: journeys.watch(court)).cpu
        events, packets = sum(1 for _ in court.ledger.events()), len(court.ledger.packets())
    return {
        "events": events, "packets": packets, "landed quarters": min(QUARTERS, exchanges), "idle sweep cpu": sweep,
        "quarter cpu": quarter, "watch cpu": watch, "MiB": peak_mib(),
    }  # fmt: skip


def main(args: list[str]) -> None:
    """Measure and print, or be the process that measures one size (how many exchanges, and a folder)."""
    if len(args) == 2:
        print(json.dumps(_measure(int(args[0]), Path(args[1]))))
        return
    print_table(
        f"an idle sweep, a quarter of {CASES:,} cases at both ends and a watch, on ledgers with a past",
        COLUMNS, rows(SHORT if "--short" in args else SIZES),
    )  # fmt: skip


if __name__ == "__main__":
    main(sys.argv[1:])
