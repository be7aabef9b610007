"""Identifiers and names of debtors: brought to one form, checked, compared, masked.

USCC 统一社会信用代码: GB 32100-2015, 18 characters, the last one a check character over the others.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from exchange.domain.text import BLANKS, by_value, distinct, nfkc, trimmed, without_blanks

ALPHABET: Final = "0123456789ABCDEFGHJKLMNPQRTUWXY"
"""GB 32100-2015: no I, O, S, V, Z."""

_WEIGHTS: Final = np.array([1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28], dtype=np.int64)
_VALUES: Final = np.full(128, -1, dtype=np.int64)
_VALUES[[ord(c) for c in ALPHABET]] = np.arange(len(ALPHABET))
_BLANK_SET: Final = frozenset(BLANKS)


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
    return bool(uscc_ok(pd.Series([text], dtype="str")).iloc[0])


def uscc_ok(series: pd.Series) -> pd.Series:
    """Whether normalised codes are 18 characters of the alphabet with the right check character; missing is not.

    The organisation code's own digit inside is not checked, and letters are allowed everywhere.
    """
    codes, texts = distinct(series)
    fits = np.array([len(text) == 18 and text.isascii() for text in texts], dtype=bool)
    good = np.zeros(len(texts) + 1, dtype=bool)
    if fits.any():
        joined = "".join(text for text, fit in zip(texts, fits, strict=True) if fit)
        good[:-1][fits] = _checked(joined)
    return pd.Series(good[codes], index=series.index, dtype=bool)


def _checked(joined: str) -> npt.NDArray[np.bool_]:
    """Codes of 18 ASCII characters, one after the other."""
    digits = _VALUES[np.frombuffer(joined.encode("ascii"), dtype=np.uint8).reshape(-1, 18)]
    expected = (31 - (digits[:, :17] @ _WEIGHTS) % 31) % 31
    return np.asarray((digits >= 0).all(axis=1) & (digits[:, 17] == expected), dtype=bool)


def name_applied(text: str) -> tuple[str, ...]:
    """`blanks_around_name` when a name stands between blanks."""
    return () if trimmed(text) == text else ("blanks_around_name",)


def sent_name(series: pd.Series) -> pd.Series:
    """Names as they are sent: the court's own characters less outer blanks."""
    return by_value(series, trimmed)


def compare_name(series: pd.Series) -> pd.Series:
    """Names as they are compared: NFKC, without any blanks."""
    return by_value(series, lambda text: without_blanks(nfkc(text)))
