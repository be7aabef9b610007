"""Sets of serial numbers as ranges: written and read as `3, 7-9`, taken from one another, counted."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from exchange.domain.errors import NeedsPerson

DOCKET_GAP: Final = "docket_gap"
"""The rule that asks for the serials a register lacks."""

Spans = tuple[tuple[int, int], ...]
"""Ascending ranges that do not touch, both ends included."""

_SPAN: Final = re.compile(r"([1-9][0-9]{0,14})(?:-([1-9][0-9]{0,14}))?")
_SPLIT: Final = re.compile(r"[,，、;；\s]+")


def spans_text(spans: Spans) -> str:
    """`3, 7-9`."""
    return ", ".join(str(first) if first == last else f"{first}-{last}" for first, last in spans)


def parse_spans(text: str) -> Spans:
    """Serials as a person writes them: numbers and ranges, any comma between; NeedsPerson 922 for anything else."""
    found = []
    for part in filter(None, _SPLIT.split(re.sub(r"\s*[-–—~～至]\s*", "-", text.strip()))):
        match = _SPAN.fullmatch(part)
        if match is None or int(match[2] or match[1]) < int(match[1]):
            raise NeedsPerson(922, "Serials are written like 3, 7-9.", where="--serials", next_step="Write them so.")
        found.append((int(match[1]), int(match[2] or match[1])))
    if not found:
        raise NeedsPerson(922, "No serial is named.", where="--serials", next_step="Write them like 3, 7-9.")
    return union(found)


def union(spans: Iterable[tuple[int, int]]) -> Spans:
    """Ranges in order, those that overlap or touch as one."""
    out: list[tuple[int, int]] = []
    for first, last in sorted(spans):
        if out and first <= out[-1][1] + 1:
            out[-1] = (out[-1][0], max(last, out[-1][1]))
        else:
            out.append((first, last))
    return tuple(out)


def minus(spans: Spans, taken: Spans) -> Spans:
    """What is in the first and not in the second."""
    left = list(spans)
    for low, high in taken:
        kept = []
        for first, last in left:
            if high < first or low > last:
                kept.append((first, last))
                continue
            if first < low:
                kept.append((first, low - 1))
            if last > high:
                kept.append((high + 1, last))
        left = kept
    return tuple(left)


def common(spans: Spans, other: Spans) -> Spans:
    """What is in both."""
    return minus(spans, minus(spans, other))


def count(spans: Spans) -> int:
    """How many serials."""
    return sum(last - first + 1 for first, last in spans)


def holds(spans: Spans, serial: int) -> bool:
    """Whether a serial is among them."""
    return any(first <= serial <= last for first, last in spans)
