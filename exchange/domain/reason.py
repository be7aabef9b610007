"""An officer's words: one rule for every reason, note and answer, wherever they are typed."""

from __future__ import annotations

from typing import Final

from exchange.domain.errors import NeedsPerson

SHORTEST: Final = 5
LONGEST: Final = 500
"""Characters of a reason. Five let nobody pass with 同意; the other side's datasets hold 500."""
A_WORD: Final = 2
"""Characters of what is said about an alert: 已办 is enough."""

UNUSABLE: Final = frozenset({926, 947})
"""Problems of the words themselves: whoever typed them mends them where they stand."""


def clean_reason(text: str, where: str = "--reason", *, least: int = SHORTEST) -> str:
    """The words on one line, as they are kept and as they travel: blanks and line ends become one blank each.

    `where` names what they were typed into. Raises NeedsPerson 947 for words that are too few or too many, or hold
    what can't be seen: control characters, those that turn a line around, halves of characters.
    """
    plain = " ".join(text.split())
    if not least <= len(plain) <= LONGEST or not plain.isprintable():
        raise unusable(where, least, LONGEST)
    return plain


def unusable(where: str, least: int, most: int) -> NeedsPerson:
    """Problem 947, with the limits that hold there."""
    return NeedsPerson(
        947,
        f"{least} to {most} characters that can be seen are needed.",
        where=where,
        next_step="Say it in a sentence or two.",
    )
