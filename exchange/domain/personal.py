"""Texts that go to the other side name nobody: what looks like a person's number is refused before it is kept."""

from __future__ import annotations

import re
from typing import Final

from exchange.domain.errors import NeedsPerson

_NUMBERS: Final = (
    re.compile(r"(?<!\d)[1-9]\d{5}(19|20)\d{2}(0[1-9]|1[0-2])([0-2]\d|3[01])\d{3}[\dXx](?![\dA-Za-z])"),
    re.compile(r"(?<!\d)1[3-9]\d{9}(?!\d)"),
    re.compile(r"(?<!\d)(62|4\d|5[1-5])\d{14,17}(?!\d)"),
)
"""An identity card, a mobile telephone, a bank card; blanks and hyphens between digits don't hide them."""


def check_telling(text: str, where: str) -> None:
    """NeedsPerson 926 for a text that holds such a number. It can't know a name: the officers read every text."""
    plain = re.sub(r"(?<=\d)[ \u3000-](?=\d)", "", text)
    if any(number.search(plain) for number in _NUMBERS):
        raise NeedsPerson(
            926,
            "The text holds what looks like an identity card, telephone or bank card number, and it goes to the other "
            "side.",
            where=where,
            next_step="Say it without personal data.",
        )
