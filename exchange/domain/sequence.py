"""Where a packet stands in its lane: next, duplicate, gap, fork, or a broken chain. Pure judgement.

docs/packet-format.md §8. A number is settled once its packet was accepted, refused or voided. A packet refused
before its signature was proven settles its number without a hash (`manifest_sha256` None): whoever made those bytes
is unknown, so the authentic packet of that number may still come.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal, Protocol

from exchange.domain.audit import Direction
from exchange.domain.manifest import NO_HASH

VOID: Final = "void"
SETTLED: Final = frozenset({"accepted", "refused", VOID})

Standing = Literal["next", "duplicate", "gap", "fork", "chain_break"]


@dataclass(frozen=True, slots=True, kw_only=True)
class PacketRecord:
    """One numbered packet of a lane, ours or theirs. `state` out: numbered, sealed, sent; in: accepted,
    refused, held, fork. `exchange` is the exchange it carries; `answers` the packet id a receipt is about."""

    lane: str
    number: int
    packet_id: str
    direction: Direction
    kind: str
    exchange: str | None
    state: str
    manifest_sha256: str | None = None
    answers: str | None = None
    code: int | None = None
    at: datetime | None = None


class Known(Protocol):
    """What a lane remembers of one number (a packet's record in the ledger)."""

    @property
    def number(self) -> int:
        """Its number in the lane."""
        ...

    @property
    def state(self) -> str:
        """What became of it."""
        ...

    @property
    def manifest_sha256(self) -> str | None:
        """Hash of its manifest; None when nobody proved who made it."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """How a packet stands, and for a gap the numbers that are missing before it."""

    standing: Standing
    missing: tuple[int, ...] = ()


def judge(
    number: int, manifest_sha256: str, previous_sha256: str, known: Iterable[Known], *, top: int | None = None
) -> Judgement:
    """Judge one packet against its lane's known packets.

    With `top`, the number up to which all are settled, the packet's own, the one before and those above it are enough.
    """
    lane = {k.number: k for k in known}
    before = lane.get(number)
    if before is not None and before.state == VOID:
        return Judgement(standing="duplicate")
    if before is not None and before.manifest_sha256 is not None:
        if before.manifest_sha256 != manifest_sha256:
            return Judgement(standing="fork")
        if before.state in SETTLED:
            return Judgement(standing="duplicate")
    top = top_settled(lane.values()) if top is None else top
    if number > top + 1:
        missing = tuple(n for n in range(top + 1, number) if n not in lane)
        return Judgement(standing="gap", missing=missing)
    if not _chained(previous_sha256, number, lane):
        return Judgement(standing="chain_break")
    return Judgement(standing="next")


def top_settled(known: Iterable[Known]) -> int:
    """The highest number up to which every packet is settled; 0 before the first."""
    settled = {k.number for k in known if k.state in SETTLED}
    top = 0
    while top + 1 in settled:
        top += 1
    return top


def last_taken_in(last: Known | None) -> tuple[int, str]:
    """(number, manifest hash) of the last packet taken in, as the other direction's next manifest names it (§4.5)."""
    return (last.number, hash_of(last)) if last else (0, NO_HASH)


def hash_of(before: Known | None) -> str:
    """The hash the packet after this one chains to (§4.4)."""
    return (before.manifest_sha256 if before else None) or NO_HASH


def _chained(previous_sha256: str, number: int, lane: Mapping[int, Known]) -> bool:
    if number == 1:
        return previous_sha256 == NO_HASH
    before = lane.get(number - 1)
    expected = before.manifest_sha256 if before else None
    return expected is None or expected == previous_sha256
