"""The list of exchanges, and what came in: a page at a time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from exchange import journeys
from exchange.console.urgent_view import case_of
from exchange.domain.canonical import strict_json
from exchange.domain.errors import NeedsPerson
from exchange.domain.packet import DATA_KINDS, packet_of, parse_packet_name
from exchange.domain.period import Period
from exchange.domain.points_page import reasons_page
from exchange.domain.remedies import Words, remedy
from exchange.domain.wording import KINDS, dataset_words, round_title, rule_words, totals_words, words

if TYPE_CHECKING:
    from datetime import datetime

    from exchange.domain.route import Route
    from exchange.ports import ExchangeRecord, PacketRecord, Parts

FILTERS: Final = ("direction", "kind", "state", "period")
"""What the list may be narrowed to, by its name in the address."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """An exchange in the list. `case_no`: the case an urgent one is about, where this end holds its content."""

    record: ExchangeRecord
    title: Words
    route: Words
    case_no: str | None


def listed(parts: Parts, wanted: Mapping[str, str], *, first: int, most: int) -> tuple[int, Sequence[Row]]:
    """How many exchanges there are of these filters, and a page of them."""
    total, found = parts.ledger.listed_exchanges({n: v for n, v in wanted.items() if v}, first=first, most=most)
    return total, [
        Row(
            record=one, title=round_title(one.kind, one.period), route=_route(parts, one.route),
            case_no=case_of(parts, one) if one.kind == "U" else None,
        )
        for one in found
    ]  # fmt: skip


def _route(parts: Parts, route_id: str) -> Words:
    try:
        route = parts.agreement.route(route_id)
    except KeyError:
        return route_id, route_id
    return route.title_zh, route.title_en


def waiting(parts: Parts) -> Sequence[PacketRecord]:
    """Packets that came and were not taken in: refused, held for a gap, two of one number."""
    found: list[PacketRecord] = []
    for lane in parts.ledger.lanes():
        if lane.endswith(f".{parts.party}"):
            for state in ("refused", "held", "fork"):
                found += parts.ledger.listed_packets(lane, states=(state,), most=10)
    return [packet for packet in found if packet.kind in DATA_KINDS | {"V"}]


def quarters(today: Any) -> Sequence[str]:
    """Quarters that may be started: this one and the four before it."""
    one = Period.of(today)
    found = [one]
    for _ in range(4):
        found.append(found[-1].previous())
    return [str(period) for period in found]


def answers(parts: Parts) -> Sequence[Route]:
    """Routes on which this end answers with claims."""
    return [
        route for route in parts.agreement.routes_from(parts.party)
        if route.answered_by is not None and route.has("tax_claim")
    ]  # fmt: skip


def answer_files(route: Route) -> Sequence[tuple[str, Words, bool]]:
    """The files of an answer: name, title, whether it may be left out."""
    return [
        (f"{c.dataset}.csv", (c.title_zh, c.title_en), route.line(c.dataset).optional) for c in route.carries("A")
    ]  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """A receipt given on a packet."""

    rung: str
    packet_id: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Incoming:
    """A packet that came: what was in it, what was landed, what its sender was told. `code` why it was not taken in."""

    key: str
    packet_id: str
    kind: Words
    period: str
    sender: Words
    state: str
    code: int | None
    at: datetime | None
    manifest_sha256: str
    rows: Sequence[Mapping[str, Any]]
    totals: Sequence[Mapping[str, Any]]
    rejected: Sequence[Mapping[str, Any]]
    rejected_count: int
    reasons: Sequence[Mapping[str, Any]]
    told: Sequence[Told]


REASONS: Final = "inside/reasons.json"
"""Where the reasons that came with a packet lie."""
_SHOWN: Final = 200


def incoming(parts: Parts, key: str) -> Incoming | None:
    """What came under a key; None when no packet did."""
    found = [p for p in parts.ledger.packets(exchange=key, direction="in") if p.packet_id == packet_of(key)]
    if not found:
        return None
    packet, name = found[0], parse_packet_name(packet_of(key))
    record, sender = parts.ledger.exchange(key), parts.agreement.parties[name.sender]
    taken = strict_json(parts.vault.get(key, "taken_in.json")) if parts.vault.has(key, "taken_in.json") else {}
    route = parts.agreement.on_lane(name.sender, name.receiver) if taken else None
    rejected = taken.get("rejected", ())
    events = parts.ledger.listed_events({"exchange": key}, kinds=("receipt_packed",), most=_SHOWN)
    return Incoming(
        key=key, packet_id=packet.packet_id, kind=words(KINDS, packet.kind), period=(record and record.period) or "",
        sender=(sender.name_zh, sender.name_en), state=packet.state, code=packet.code, at=packet.at,
        manifest_sha256=packet.manifest_sha256 or "", rows=_rows(taken, route),
        totals=totals_words(taken["totals"], route) if route else (),
        rejected=[_rejected(one, route) for one in rejected[:_SHOWN]] if route else (), rejected_count=len(rejected),
        reasons=_reasons(parts, key, route),
        told=[Told(rung=e.body["rung"], packet_id=e.body["packet_id"], at=e.at) for e in reversed(events)],
    )  # fmt: skip


def _rows(taken: Mapping[str, Any], route: Route | None) -> Sequence[Mapping[str, Any]]:
    if route is None:
        return ()
    counts = taken["counts"]
    return [
        {"dataset": dataset_words(route, c.dataset), **counts[c.dataset]} for c in route.datasets if c.dataset in counts
    ]  # fmt: skip


def _rejected(one: Mapping[str, Any], route: Route) -> Mapping[str, Any]:
    return {
        "dataset": dataset_words(route, one["dataset"]), "rule": rule_words(route, one["rule"], one["dataset"]),
        "code": one["code"], "case_no": one["case_no"] or "", "record": one["key_sha256"][:16],
        "remedy": remedy(one["rule"]),
    }  # fmt: skip


def _reasons(parts: Parts, key: str, route: Route | None) -> Sequence[Mapping[str, Any]]:
    if route is None or not parts.vault.has(key, REASONS):
        return ()
    return reasons_page(strict_json(parts.vault.get(key, REASONS)), route, parts.agreement.codes)


def known(parts: Parts, key: str) -> ExchangeRecord | None:
    """The exchange of a key, ours or theirs; NeedsPerson 914 when neither an exchange nor a packet has it."""
    if not key.isprintable():
        raise NeedsPerson(914, "There is no such exchange.", where="address", next_step="Open it from the list.")
    record = parts.ledger.exchange(key)
    if record is None and not parts.ledger.packets(exchange=key):
        return journeys.record(parts, key)
    return record
