"""What the page of a packet received shows: rows, sums and refused records as its receipts tell them. No value."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Final

from exchange.domain.packet import PacketName
from exchange.domain.points_page import reasons_page
from exchange.domain.receipt import Receipt, summary
from exchange.domain.remedies import Words, remedy
from exchange.domain.route import Agreement, Route
from exchange.domain.wording import KINDS, SHOWN, dataset_words, local_time, rule_words, totals_words, words

RUNGS: Final[Mapping[str, Words]] = {
    "opened": ("已打开", "Opened"),
    "validated": ("已校验入库", "Validated"),
    "refused": ("拒收", "Refused"),
    "missing": ("缺号", "Numbers missing"),
    "acted": ("已办理", "Acted on"),
}


def received_data(
    packet: PacketName,
    receipt: Receipt,
    given: Sequence[tuple[str, str]],
    *,
    agreement: Agreement,
    key: str,
    period: str | None,
    reasons: Sequence[Mapping[str, Any]] = (),
) -> dict[str, Any]:
    """Everything the page `received.html` needs, out of the last receipt a packet was given.

    `given` are all receipts given on it, (rung, packet id) in order; `reasons` those its sender's officers gave. Of
    refused records and of reasons the first 500 are shown.
    """
    sender, receiver = agreement.parties[packet.sender], agreement.parties[packet.receiver]
    route = agreement.on_lane(packet.sender, packet.receiver) if receipt.counts or reasons else None
    return {
        "key": key,
        "packet": str(packet),
        "title": words(KINDS, packet.kind),
        "period": period or "",
        "sender": (sender.name_zh, sender.name_en),
        "receiver": (receiver.name_zh, receiver.name_en),
        "party_kind": receiver.kind,
        "at": local_time(receipt.at),
        "rung": receipt.rung,
        "summary": summary(receipt),
        "code": receipt.code,
        "manifest": receipt.manifest_sha256 or "",
        "payloads": [{"name": name, "sha256": sha256} for name, sha256 in sorted(receipt.payloads.items())],
        "refused": len(receipt.rejected),
        "receipts": [{"rung": words(RUNGS, rung), "packet": packet_id} for rung, packet_id in given],
        "reasons": reasons_page(reasons, route, agreement.codes) if route and reasons else [],
        "reasons_count": len(reasons),
        **_landed(receipt, route if receipt.counts else None),
    }


def _landed(receipt: Receipt, route: Route | None) -> dict[str, Any]:
    """What a validated receipt says of the rows; nothing for a packet that brings none."""
    if route is None:
        return {"rows": [], "totals": [], "refused_shown": []}
    left = Counter(rejected.dataset for rejected in receipt.rejected)
    counts = [(c.dataset, *receipt.counts[c.dataset]) for c in route.datasets if c.dataset in receipt.counts]
    return {
        "rows": [
            {"dataset": dataset_words(route, name), "received": got, "landed": landed, "refused": left[name]}
            for name, got, landed in counts
        ],
        "totals": totals_words(receipt.totals, route),
        "refused_shown": [
            {
                "dataset": dataset_words(route, one.dataset),
                "rule": rule_words(route, one.rule, one.dataset),
                "code": one.code,
                "case_no": one.case_no or "",
                "record": one.key_sha256[:16],
                "remedy": remedy(one.rule),
            }
            for one in receipt.rejected[:SHOWN]
        ],
    }
