"""What a broken USCC may have been meant as: one slip undone, and the check character (GB 32100) is right again.

Every single wrong character and every swap of neighbours breaks the check character, so the code that was meant is
always among those given. Which of them it is, nobody can tell from the code alone: they are asked for among known ones.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final, Literal

from exchange.domain.identifiers import ALPHABET, WEIGHTS, misses

Slip = Literal["confused", "swapped", "one", "lost", "added"]
SLIPS: Final[Mapping[Slip, tuple[str, str]]] = {
    "confused": (
        "仅 O/0、I/1、S/5、Z/2 一类易混字符不同",
        "only signs alike (O/0, I/1, S/5, Z/2) differ",
    ),
    "swapped": ("仅相邻两位互换", "only two neighbours are swapped"),
    "one": ("仅一位不同", "only one sign differs"),
    "lost": ("仅少一位", "only one sign is missing"),
    "added": ("仅多一位", "only one sign is too many"),
}
"""How a code went wrong, in words."""

_CONFUSED: Final = str.maketrans("OISZ", "0152")
_LENGTH: Final = 18


def meant(code: str) -> dict[str, Slip]:
    """Valid USCCs that are one slip away from a normalised code which is none, each with the slip; the likeliest slip
    counts. Empty for a valid code, and for one of another length than 17 to 19."""
    if len(code) not in (_LENGTH - 1, _LENGTH, _LENGTH + 1) or misses(code) == 0:
        return {}
    found: dict[str, Slip] = {}
    for slip, one in _slips(code):
        if one not in found and misses(one) == 0:
            found[one] = slip
    return found


def hint(code: str) -> tuple[str, str] | None:
    """That letters no USCC has, read for the digits they look like, make the code valid: in words, by their places and
    without the code. None where that is not so; other slips would fit too often by chance (a swap in every second
    code) to be told without a known code that they lead to."""
    read = code.translate(_CONFUSED)
    if meant(code).get(read) != "confused":
        return None
    where = "、".join(str(n + 1) for n, (was, now) in enumerate(zip(code, read, strict=True)) if was != now)
    return (
        f"第 {where} 位的字母改为形近的数字后校验位相符",
        f"with the digit that the letter at {where} looks like the check digit is right",
    )


def _slips(code: str) -> Iterator[tuple[Slip, str]]:
    if len(code) == _LENGTH:
        yield "confused", code.translate(_CONFUSED)
        for n in range(_LENGTH - 1):
            yield "swapped", code[:n] + code[n + 1] + code[n] + code[n + 2 :]
        for n in range(_LENGTH):
            yield from (("one", one) for one in _completed(code[:n], code[n + 1 :]))
    elif len(code) < _LENGTH:
        for n in range(_LENGTH):
            yield from (("lost", one) for one in _completed(code[:n], code[n:]))
    else:
        for n in range(len(code)):
            yield "added", code[:n] + code[n + 1 :]


def _completed(head: str, tail: str) -> Iterator[str]:
    """The one sign between two parts that makes the whole valid: 31 is prime, so there is exactly one."""
    missed = misses(f"{head}0{tail}")
    if missed is None:
        return
    yield f"{head}{ALPHABET[-missed * pow(WEIGHTS[len(head)], -1, 31) % 31]}{tail}"
