"""Case numbers 案号: brought to one form, taken apart, judged.

法〔2015〕137号 (since 2016) and 法〔2016〕237号: （year）court code, type, serial 号. Two older forms are accepted as
they were issued. A suffix of a document (号之一, -1号) names a ruling inside the case and is cut.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, Literal

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from exchange.domain.text import BLANKS, as_array, as_series, by_value, distinct, nfkc, without_blanks

Form = Literal["strict", "legacy1", "legacy2", "malformed"]

PROVINCES: Final = "京津冀晋内辽吉黑沪苏浙皖闽赣鲁豫鄂湘粤桂琼渝川贵云藏陕甘青宁新兵军"
TYPES: Final = "破申|破终|破监|清申|清终|清监|强清|破"
_FORMS: Final[Mapping[Form, re.Pattern[str]]] = {
    "strict": re.compile(rf"（(?P<y>20\d{{2}})）(?P<c>[{PROVINCES}]\d{{2,4}})(?P<t>{TYPES})(?P<n>[1-9]\d*)号"),
    "legacy1": re.compile(
        r"（(?P<y>\d{4})）(?P<c>[\u4e00-\u9fa5]{1,8}?)(?P<t>民破|商破|破|民算)(?:字)?第(?P<n>\d+)号(?:之.+)?"
    ),
    "legacy2": re.compile(rf"（?(?P<y>\d{{4}})）?(?P<c>[{PROVINCES}]\d{{0,4}})(?P<t>民破|民算)(?P<n>\d+)号"),
}
_ORDINAL: Final = r"(?:[一二三四五六七八九十百]+|[0-9]+)"
_SUFFIX: Final = re.compile(rf"(?:[之-]{_ORDINAL})?号(?:[之-]{_ORDINAL})?$")
_PLAIN: Final = re.compile(r"[（）0-9\u4e00-\u9fa5-]*")
"""Characters that stand for themselves: most numbers hold no other."""

_HAN: Final = r"[\x{4e00}-\x{4e4a}\x{4e4c}-\x{9fa5}]"
FORMED: Final = rf"^（[0-9]{{4}}）{_HAN}{{1,8}}[0-9]{{0,4}}{_HAN}{{1,4}}[0-9]+号$"
"""RE2 of numbers that are in their one form to begin with, as nearly all are: Arrow finds them. 之 (U+4E4B) may begin a
document's suffix, so a number with it has to be looked at."""

_OPEN: Final = "<"
_CLOSE: Final = ">"

RULES: Final = (
    "half_width_brackets",
    "tortoise_shell_brackets",
    "other_brackets",
    "blanks_in_case_no",
    "full_width_digits_in_case_no",
    "other_width",
)
"""What may be done to a case number, each listed with the case; the cut of a suffix alone is not."""

_BLANK_SET: Final = frozenset(BLANKS)
_HALF_WIDTH: Final = frozenset("()")
_FULL_WIDTH: Final = frozenset("（）")
_TORTOISE_SHELL: Final = frozenset("〔〕﹝﹞")
_FULL_WIDTH_DIGITS: Final = frozenset("０１２３４５６７８９")


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseNumber:
    """A normalised number taken apart. `code` is the court's (冀1103); empty parts when malformed."""

    form: Form
    year: str = ""
    code: str = ""
    kind: str = ""
    serial: str = ""


def normalise(text: str) -> str:
    """One number in its one form: NFKC, no blanks, full-width brackets, without a document's suffix."""
    if _PLAIN.fullmatch(text):
        return _SUFFIX.sub("号", text)
    plain = "".join(_full_width(c) for c in without_blanks(nfkc(text)))
    return _SUFFIX.sub("号", plain)


def applied(text: str) -> tuple[str, ...]:
    """The rules of `RULES` that bringing a number to its one form takes, in that order."""
    if _PLAIN.fullmatch(text):
        return ()
    kinds = {_rule(c) for c in text}
    if nfkc(text) != "".join(map(nfkc, text)):
        kinds.add("other_width")
    return tuple(rule for rule in RULES if rule in kinds)


@lru_cache(maxsize=2**16)
def parse(number: str) -> CaseNumber:
    """A normalised number's form and parts (reference: the three forms that are accepted)."""
    for form, pattern in _FORMS.items():
        found = pattern.fullmatch(number)
        if found is not None:
            return CaseNumber(form=form, year=found["y"], code=found["c"], kind=found["t"], serial=found["n"])
    return CaseNumber(form="malformed")


def reference(text: str | None, record: str) -> str:
    """How a case is named to people outside its files: by its number where it is one, else as `#<record>`.

    A malformed number may hold anything, a person's name too.
    """
    return text if text and parse(normalise(text)).form != "malformed" else f"#{record}"


def normalise_case_no(series: pd.Series) -> pd.Series:
    """A column of numbers in their one form; what holds nothing is missing."""
    return by_value(series, normalise)


def parts(series: pd.Series) -> pd.DataFrame:
    """Form, year, code, kind and serial of normalised numbers, by position; a missing number is malformed."""
    codes, values = distinct(series)
    known = [*map(parse, values), parse("")]
    columns = {
        name: np.array([getattr(number, name) for number in known], dtype=object)[codes]
        for name in ("form", "year", "code", "kind", "serial")
    }
    return pd.DataFrame(columns, index=series.index)


def serials_alike(series: pd.Series) -> pd.Series:
    """The numbers with every plain serial made 1: few distinct ones, of the same form, year, court code and type."""
    numbers = as_array(series)
    ends = pc.match_substring_regex(numbers, "[^0-9][1-9][0-9]*号$")
    heads = pc.ascii_rtrim(pc.utf8_slice_codeunits(numbers, 0, -1), characters="0123456789")
    alike = pc.binary_join_element_wise(heads, pa.scalar("1号", numbers.type), pa.scalar("", numbers.type))
    return as_series(pc.if_else(ends, alike, numbers), index=series.index, name=series.name)


def _full_width(char: str) -> str:
    """A bracket as （ or ）; any other character as it is."""
    if char == _OPEN or (unicodedata.category(char) == "Ps" and unicodedata.mirrored(char)):
        return "（"
    if char == _CLOSE or (unicodedata.category(char) == "Pe" and unicodedata.mirrored(char)):
        return "）"
    return char


def _rule(char: str) -> str:
    """The rule one character of a raw number calls for; empty when it stays."""
    if char in _FULL_WIDTH:
        return ""
    if char in _HALF_WIDTH:
        return "half_width_brackets"
    if char in _TORTOISE_SHELL:
        return "tortoise_shell_brackets"
    if char in _BLANK_SET:
        return "blanks_in_case_no"
    if char in _FULL_WIDTH_DIGITS:
        return "full_width_digits_in_case_no"
    plain = nfkc(char)
    if len(plain) == 1 and _full_width(plain) in _FULL_WIDTH:
        return "other_brackets"
    return "other_width" if plain != char else ""
