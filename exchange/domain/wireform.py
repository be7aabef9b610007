"""Source text into the form of the wire, column by column. Pure and vectorised.

Dates `YYYY-MM-DD`, times `YYYY-MM-DDThh:mm:ss+08:00`, money plain decimals with two places, `true` or `false`,
codes as on the wire. Missing is NaN, and so is text of blanks alone. What can't be brought into the form stays as
it was, so that the rules of the contract find it. Names and other text keep their own characters.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Final

import pandas as pd

from exchange.domain.contract import Column

TRUTH: Final[Mapping[str, str]] = {
    "1": "true",
    "0": "false",
    "t": "true",
    "f": "false",
    "true": "true",
    "false": "false",
}
_DATE: Final = r"^\s*([0-9]{4}-[0-9]{2}-[0-9]{2})(?:[ T][0-9:.+Z-]*)?\s*$"
_TIME: Final = (
    r"^\s*([0-9]{4}-[0-9]{2}-[0-9]{2})(?:[ T]([0-9]{2}:[0-9]{2}(?::[0-9]{2})?)(?:\.[0-9]+)?)?"
    r"\s*(Z|[+-][0-9]{2}(?::?[0-9]{2})?)?\s*$"
)
_LOCAL_TIME: Final = r"^([0-9]{4}-[0-9]{2}-[0-9]{2})[ T]([0-9]{2}:[0-9]{2}:[0-9]{2})(?:\.[0-9]+)?$"
_WIRE_TIME: Final = r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}"
_WIRE_DATE: Final = r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
_WHOLE: Final = r"-?(?:0|[1-9][0-9]*)"
_NOISE: Final = Decimal("0.000001")


def to_wire(values: pd.Series, column: Column, *, codes: Mapping[str, str], offset: str = "+08:00") -> pd.Series:
    """A column of source text in wire form.

    `codes` maps source codes of a code or bool column; `offset` is that of times which have none.
    """
    values = values.astype("str")
    plain = values.str.strip()
    blank = plain == ""
    if blank.any():
        values, plain = values.mask(blank), plain.mask(blank)
    if column.type == "text":
        return values
    if column.type == "date":
        return _days(values)
    if column.type == "time":
        return _times(values, offset)
    if column.type == "money":
        return _money(plain)
    if column.type == "int":
        return plain.str.replace(r"^(-?[0-9]+)\.0+$", r"\1", regex=True)
    known = {**TRUTH, **codes} if column.type == "bool" else codes
    return _mapped(plain, known, lower=column.type == "bool")


def _days(values: pd.Series) -> pd.Series:
    odd = values.notna() & ~values.str.fullmatch(_WIRE_DATE, na=False)
    if odd.any():
        values = values.copy()
        values.loc[odd] = values[odd].str.extract(_DATE, expand=False).fillna(values[odd])
    return values


def _mapped(plain: pd.Series, known: Mapping[str, str], *, lower: bool) -> pd.Series:
    found = plain.map({**known})
    if lower:
        found = found.fillna(plain.str.lower().map({**known}))
    return found.fillna(plain).astype("str")


def _times(values: pd.Series, offset: str) -> pd.Series:
    """Times as most databases write them in one pass; the others one by one."""
    wire = values.str.replace(_LOCAL_TIME, rf"\1T\2{offset}", regex=True)
    odd = wire.notna() & ~wire.str.fullmatch(_WIRE_TIME + re.escape(offset), na=False)
    if odd.any():
        wire.loc[odd] = _odd_times(values[odd], offset)
    return wire


def _odd_times(values: pd.Series, offset: str) -> pd.Series:
    parts = values.str.extract(_TIME, expand=True)
    clock = parts[1].fillna("00:00:00")
    clock = clock.where(clock.str.len() != 5, clock + ":00")
    zone = parts[2].fillna(offset)
    wire = parts[0] + "T" + clock + zone
    elsewhere = parts[0].notna() & (zone != offset)
    if elsewhere.any():
        moved = pd.to_datetime(
            wire[elsewhere].str.replace(r"([+-]\d{2})$", r"\1:00", regex=True), utc=True, errors="coerce"
        )
        shifted = (moved + pd.Timedelta(hours=int(offset[:3]), minutes=int(f"{offset[0]}{offset[4:6]}"))).dt
        wire.loc[elsewhere] = shifted.strftime("%Y-%m-%dT%H:%M:%S").astype("str") + offset
    return wire.fillna(values).astype("str")


def _money(plain: pd.Series) -> pd.Series:
    whole = plain.str.fullmatch(_WHOLE, na=False)
    short = plain.str.fullmatch(_WHOLE + r"\.[0-9]", na=False)
    wire = plain.mask(whole, plain + ".00").mask(short, plain + "0")
    odd = wire.notna() & (~wire.str.fullmatch(_WHOLE + r"\.[0-9]{2}", na=False) | wire.isin(["-0.00"]))
    if odd.any():
        wire.loc[odd] = wire[odd].map(_fen).astype("str")
    return wire


def _fen(text: str) -> str:
    """An amount written some other way (1E+3, 12.3400, +5, a float's noise) with two places, else as it was."""
    try:
        amount = Decimal(text)
        rounded = amount.quantize(Decimal("0.01"))
    except InvalidOperation:
        return text
    if not amount.is_finite() or abs(amount - rounded) > _NOISE:
        return text
    return f"{rounded + 0:.2f}" if rounded else "0.00"
