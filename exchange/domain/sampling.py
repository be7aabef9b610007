"""A sample to check by hand: drawn from the content's own hash, so that everybody draws the same; and what was found.

What was found holds for the content it was drawn from alone: content assembled anew is sampled anew.
"""

from __future__ import annotations

import hashlib
import heapq
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

from exchange.domain.audit import Event
from exchange.domain.errors import NeedsPerson

SAMPLE_CHECKED: Final = "sample_checked"
"""The event that keeps what one person found at one place of the sample."""

Found = Literal["agrees", "differs"]
FOUND: Final[tuple[Found, ...]] = ("agrees", "differs")


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """What was found at a place: whether the content agrees with the case's own papers, by whom, when.

    `text_sha256` names the words in the vault; a place that differs has some.
    """

    place: str
    found: Found
    by: str
    at: datetime
    text_sha256: str | None


def draw(content_hash: str, places: Iterable[str], size: int) -> tuple[str, ...]:
    """`size` places, each as likely as any other, in the order they were drawn; all of them where there are fewer.

    The hash is the seed: nobody chooses it, and it is another one as soon as a byte of the content is.
    """

    def lot(place: str) -> tuple[bytes, str]:
        return hashlib.sha256(f"{content_hash}|{place}".encode()).digest(), place

    return tuple(place for _, place in heapq.nsmallest(size, map(lot, dict.fromkeys(places))))


def checks(events: Iterable[Event], content_hash: str | None) -> Mapping[str, Checked]:
    """Place → what was found there last, of the content as it is now."""
    return {
        event.body["place"]: Checked(
            place=event.body["place"], found=event.body["found"], by=event.body["by"], at=event.at,
            text_sha256=event.body.get("text_sha256"),
        )
        for event in events
        if event.kind == SAMPLE_CHECKED and event.body["content_hash"] == content_hash
    }  # fmt: skip


def known_finding(found: str) -> Found:
    """The finding of that name; NeedsPerson 905 for another."""
    for known in FOUND:
        if found == known:
            return known
    raise NeedsPerson(
        905, f"There is no finding {found!r}.", where="sample", next_step=f"Use one of: {', '.join(FOUND)}."
    )
