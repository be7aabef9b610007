"""Identifiers and names of debtors: brought to one form, checked, compared, masked.

USCC 统一社会信用代码: GB 32100-2015, 18 characters, the last one a check character over the others.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from exchange.domain.text import BLANKS, as_array, by_value, nfkc, trimmed, without_blanks

ALPHABET: Final = "0123456789ABCDEFGHJKLMNPQRTUWXY"
"""GB 32100-2015: no I, O, S, V, Z."""

WEIGHTS: Final = (1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28, 1)
"""Of the eighteen characters; their weighted sum is a multiple of 31."""
_VALUE_OF: Final = {sign: n for n, sign in enumerate(ALPHABET)}
_VALUES: Final = np.full(256, -1, dtype=np.int16)
_VALUES[[ord(c) for c in ALPHABET]] = np.arange(len(ALPHABET))
_BLANK_SET: Final = frozenset(BLANKS)

ID_FORMED: Final = "^[0-9A-Z]+$"
NAME_FORMED: Final = r"^[（）()0-9A-Za-z·\x{4e00}-\x{9fa5}]+$"
"""RE2 of identifiers and of names that are in their form to begin with, as nearly all are: Arrow finds them."""


def id_form(text: str) -> str:
    """One identifier in its one form: NFKC, no blanks, upper case."""
    return without_blanks(nfkc(text)).upper()


def id_applied(text: str) -> tuple[str, ...]:
    """What bringing an identifier to its one form takes: `lower_case_uscc`, `blanks_in_uscc`, `other_width`."""
    if text.isascii() and text.isalnum() and text == text.upper():
        return ()
    bare = "".join(c for c in text if c not in _BLANK_SET)
    wide = nfkc(bare)
    found = {"lower_case_uscc": wide != wide.upper(), "blanks_in_uscc": bare != text, "other_width": wide != bare}
    return tuple(rule for rule, is_so in found.items() if is_so)


def normalise_id(series: pd.Series) -> pd.Series:
    """A column of identifiers in their one form; what holds nothing is missing."""
    return by_value(series, id_form)


def uscc_valid(text: str) -> bool:
    """Whether one normalised code is a USCC."""
    return misses(text) == 0


def misses(code: str) -> int | None:
    """By how much the weighted sum of a code misses a multiple of 31; None when it can't be summed."""
    if len(code) != len(WEIGHTS) or any(sign not in _VALUE_OF for sign in code):
        return None
    return sum(_VALUE_OF[sign] * weight for sign, weight in zip(code, WEIGHTS, strict=True)) % 31


def uscc_ok(series: pd.Series) -> pd.Series:
    """Whether normalised codes are 18 characters of the alphabet with the right check character; missing is not.

    The organisation code's own digit inside is not checked, and letters are allowed everywhere.
    """
    codes = as_array(series)
    fits = np.asarray(pc.fill_null(pc.equal(pc.binary_length(codes), 18), False), dtype=bool)
    good = np.zeros(len(codes), dtype=bool)
    if fits.any():
        good[fits] = _checked(codes if fits.all() else codes.filter(pa.array(fits)))
    return pd.Series(good, index=series.index, dtype=bool)


def _checked(codes: pa.LargeStringArray) -> npt.NDArray[np.bool_]:
    """Whether codes of 18 bytes each are of the alphabet and add up: the weighted sum, the last one's own included,
    is a multiple of 31."""
    _, offsets, data = codes.buffers()
    first = int(np.frombuffer(offsets, np.int64)[codes.offset])
    letters = np.frombuffer(data, np.uint8, len(codes) * 18, first).reshape(-1, 18)
    total, known = np.zeros(len(codes), np.int16), np.ones(len(codes), dtype=bool)
    for place, weight in enumerate(WEIGHTS):
        value = _VALUES[letters[:, place]]
        known &= value >= 0
        total += value * np.int16(weight) % np.int16(31)
    return np.asarray(known & (total % 31 == 0), dtype=bool)


def name_applied(text: str) -> tuple[str, ...]:
    """`blanks_around_name` when a name stands between blanks."""
    return () if trimmed(text) == text else ("blanks_around_name",)


def sent_name(series: pd.Series) -> pd.Series:
    """Names as they are sent: the court's own characters less outer blanks."""
    return by_value(series, trimmed)


def compare_name(series: pd.Series) -> pd.Series:
    """Names as they are compared: NFKC, without any blanks."""
    return by_value(series, lambda text: without_blanks(nfkc(text)))
