"""举证包: which packets belong to it, its time line as HTML and PDF, and the packs made so far."""

from __future__ import annotations

import secrets
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from markupsafe import Markup

from exchange import journeys
from exchange.console.case_file import CaseFile, read_case
from exchange.console.case_view import case_view
from exchange.console.render import HERE
from exchange.desk import Job
from exchange.domain.errors import NeedsPerson
from exchange.domain.packet import parse_packet_name
from exchange.steps.prove import FOLDER

if TYPE_CHECKING:
    from exchange.console.visit import Visit
    from exchange.ports import Event, PacketRecord, Parts

LARGE_BYTES: Final = 20_000_000
"""Sealed bytes from which on a pack is made by the worker."""
_SHOWN: Final = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """What a pack is about: a case or a packet; its packets' ids; whether sealed payloads go along."""

    name: str
    packets: tuple[str, ...]
    whole: bool
    file: CaseFile | None = None
    packet: PacketRecord | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Pack:
    """A pack that was made."""

    name: str
    subject: str
    sha256: str
    packets: int
    by: str
    at: datetime


def subject_of(parts: Parts, typed: str) -> Subject:
    """The case or packet somebody names (an exchange's key names its packet); NeedsPerson 914 for none."""
    text = typed.strip()
    file = read_case(parts, text) if text else None
    if file is not None:
        ids = [one.packet for one in file.carriers if one.sent_at or one.taken_in_at or one.refused_at]
        return Subject(name=file.entry.case_no, packets=(*ids, *(p.packet_id for p in file.answers)), whole=False,
                       file=file)  # fmt: skip
    packet = _packet(parts, text)
    if packet is None:
        raise NeedsPerson(
            914, "Nothing of that name was exchanged.", where="evidence",
            next_step="Give a case number, a packet's id or an exchange's key.",
        )  # fmt: skip
    return Subject(name=packet.packet_id, packets=(packet.packet_id,), whole=True, packet=packet)


def _packet(parts: Parts, text: str) -> PacketRecord | None:
    known = parts.ledger.exchange(text)
    wanted = known.packet_id if known is not None and known.packet_id else text
    try:
        name = parse_packet_name(wanted)
    except NeedsPerson:
        return None
    found = parts.ledger.packets(lane=name.lane, numbers=[name.number])
    return next((one for one in found if one.packet_id == wanted and one.state not in ("numbered", "sealed")), None)


def make(visit: Visit, subject: Subject) -> Mapping[str, str] | Job:
    """The pack made, or the job that makes it where it is large."""
    drawn = f"{visit.house.now:%Y%m%d}-{secrets.token_hex(6)}"
    for name, data in _documents(visit, subject).items():
        visit.parts.vault.put(FOLDER, f"{drawn}/{name}", data)
    told = {"subject": subject.name, "packets": list(subject.packets), "drawn": drawn, "whole": subject.whole}
    if subject.packet is not None and _sealed_bytes(visit.parts, subject.packet) > LARGE_BYTES:
        return visit.house.desk.ask("prove", told, by=visit.person.id, now=visit.house.now)
    return journeys.prove(visit.parts, told)


def _sealed_bytes(parts: Parts, packet: PacketRecord) -> int:
    import json

    key = str(packet.exchange or packet.packet_id)
    if not parts.vault.has(key, "packet/manifest.json"):
        return 0
    manifest = json.loads(parts.vault.get(key, "packet/manifest.json"))
    return sum(int(one["bytes"]) for one in manifest["payloads"])


def _documents(visit: Visit, subject: Subject) -> dict[str, bytes]:
    """The time line as one HTML file and as PDF, both without a network."""
    import weasyprint

    style = (HERE / "documents/evidence.css").read_text(encoding="utf-8")
    view = case_view(visit, subject.file, revealed=False) if subject.file is not None else None
    page = visit.house.words.templates[visit.language].get_template("paper/evidence.html").render(
        visit=visit, house=visit.house, subject=subject, view=view, events=list(_events(visit.parts, subject)),
        party=visit.titled(visit.house.parts.agreement.parties[visit.house.parts.party]),
        style=Markup("<style>{}</style>").format(Markup(style)),  # noqa: S704 our own file
    )  # fmt: skip
    made: bytes = weasyprint.HTML(string=page, url_fetcher=_nothing).write_pdf()
    return {"timeline.html": page.encode("utf-8"), "timeline.pdf": made}


def _events(parts: Parts, subject: Subject) -> Iterator[Event]:
    """Of a packet: every event of its exchange; of a case none, its page tells them."""
    if subject.packet is not None:
        keys = dict.fromkeys(key for key in (subject.packet.exchange, subject.packet.packet_id) if key)
        for key in keys:
            yield from (event for event in parts.ledger.events(exchange=key) if event.kind != "looked_at")


def _nothing(url: str, *_: Any, **__: Any) -> Any:
    raise ValueError(f"A paper page loads nothing: {url.partition(':')[0]}")


def packs(parts: Parts) -> Sequence[Pack]:
    """The packs made last, newest first."""
    made = deque(parts.ledger.events(kind="evidence_made"), maxlen=_SHOWN)
    return [
        Pack(name=str(e.body["name"]), subject=str(e.body["subject"]), sha256=str(e.body["sha256"]),
             packets=int(e.body["packets"]), by=e.actor, at=e.at)
        for e in reversed(made)
    ]  # fmt: skip


def take(parts: Parts, name: str) -> Pack:
    """A pack, and say in the ledger who took it; NeedsPerson 914 for one that was never made or is gone."""
    pack = next((one for one in packs(parts) if one.name == name), None)
    if pack is None or not parts.vault.has(FOLDER, name):
        raise NeedsPerson(914, "There is no such pack.", where="evidence", next_step="Make it anew.")
    with parts.ledger.transaction() as write:
        body = {"subject": pack.subject, "name": pack.name, "sha256": pack.sha256}
        write.append("evidence_taken", exchange=None, actor=parts.actor, body=body)
    return pack
