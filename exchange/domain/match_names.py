"""What names and ids say about whose they are, for matching alone: nothing here is ever sent or compared as agreed."""

from __future__ import annotations

import re
from typing import Final

from exchange.domain.text import nfkc, without_blanks

_BRACKETS: Final = str.maketrans({"〔": "(", "【": "(", "[": "(", "{": "(", "〕": ")", "】": ")", "]": ")", "}": ")"})
_NOTE: Final = re.compile(r"\([^()]*(?:破产|清算|重整|和解|注销|吊销|停业|歇业|非正常|管理人)[^()]*\)$")
BRANCH: Final = "(?:分公司|支公司|分厂|分店|分部|分社|分行|支行|营业部|办事处|代表处|经营部|项目部)$"
"""How the name of a branch ends: its property is the head office's (2002规定76)."""

_BRANCH: Final = re.compile(BRANCH)
_ORGANISATION: Final = re.compile(r"[司厂社店部所院场行心团业矿站馆会校队庄坊伙处室局吧城铺园]$")
_CARD: Final = re.compile(r"[1-9]\d{5}(?:19|20)\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])\d{3}[\dX]")
_DIGITS: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_ORG_WEIGHTS: Final = (3, 7, 9, 10, 5, 8, 4, 2)
_CARD_WEIGHTS: Final = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
SHORTEST: Final = 5
"""Characters below which a name that ends like no organisation's is taken for a person's."""


def match_name(text: str) -> str:
    """A name as it is matched: NFKC, no blanks, one kind of bracket, no note such as （破产清算中） at its end."""
    name = without_blanks(nfkc(text)).translate(_BRACKETS).upper()
    while (bare := _NOTE.sub("", name)) != name and bare:
        name = bare
    return name


def plain_form(name: str) -> str:
    """A matched name with 有限责任公司 and 有限公司, which are one form of company, written alike."""
    return name.replace("有限责任公司", "有限公司")


def is_branch(name: str) -> bool:
    """Whether it is a branch's: what it owes is the head office's, but it is not the head office (2002规定76)."""
    return bool(_BRANCH.search(name))


def is_person(name: str, number: str | None) -> bool:
    """Whether a natural person is meant: an identity card's number (GB 11643), or a name no organisation has."""
    if number and _CARD.fullmatch(number):
        total = sum(int(digit) * weight for digit, weight in zip(number, _CARD_WEIGHTS, strict=False))
        if "10X98765432"[total % 11] == number[17]:
            return True
    return 0 < len(name) < SHORTEST and not _ORGANISATION.search(name)


def is_masked(name: str) -> bool:
    """Whether characters were replaced by a sign: such a name is like many others."""
    return any(sign in name for sign in "*×某")


def organisation_code(number: str | None) -> str | None:
    """The nine characters of the organisation code: 9 to 17 of a USCC, 7 to 15 of an old taxpayer id."""
    if number and len(number) == 18:
        return number[8:17]
    return number[6:15] if number and len(number) == 15 else None


def organisation_ok(code: str) -> bool:
    """Whether an organisation code's own check digit is right (GB 11714: MOD 11-2 over eight characters)."""
    if len(code) != 9 or any(sign not in _DIGITS for sign in code):
        return False
    total = sum(_DIGITS.index(sign) * weight for sign, weight in zip(code, _ORG_WEIGHTS, strict=False))
    return code[8] == "0123456789X"[-total % 11]
