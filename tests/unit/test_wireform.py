"""Source text into wire form: what is brought into it, and what stays as it was."""

from __future__ import annotations

from decimal import Decimal

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from exchange.domain.contract import Column, ColumnType
from exchange.domain.wireform import to_wire

MISSING = None


def wire(
    kind: ColumnType, *values: str | None, codes: dict[str, str] | None = None, offset: str = "+08:00"
) -> list[object]:
    column = Column(name="x", type=kind, required=False)
    found = to_wire(pd.Series(list(values), dtype="str"), column, codes=codes or {}, offset=offset)
    assert str(found.dtype) == "str"
    return [None if pd.isna(value) else value for value in found]


@pytest.mark.parametrize("kind", ["text", "date", "time", "money", "int", "bool", "code"])
def test_empty_and_blank_are_missing(kind: ColumnType) -> None:
    assert wire(kind, "", "  ", "\u3000", None) == [None] * 4
    assert wire(kind) == []


@pytest.mark.parametrize(
    ("given_", "expected"),
    [
        ("2026-01-02", "2026-01-02"),
        ("2026-01-02 00:00:00", "2026-01-02"),
        ("2026-01-02T23:59:59.999+08:00", "2026-01-02"),
        ("2026-02-30", "2026-02-30"),
        ("2026/1/2", "2026/1/2"),
        ("2026-01-02 or so", "2026-01-02 or so"),
        ("２０２６-01-02", "２０２６-01-02"),
        ("infinity", "infinity"),
    ],
)
def test_dates(given_: str, expected: str) -> None:
    assert wire("date", given_) == [expected]


@pytest.mark.parametrize(
    ("given_", "expected"),
    [
        ("2026-07-16 09:30:00", "2026-07-16T09:30:00+08:00"),
        ("2026-07-16T09:30", "2026-07-16T09:30:00+08:00"),
        ("2026-07-16 09:30:00.123456", "2026-07-16T09:30:00+08:00"),
        ("2026-07-16", "2026-07-16T00:00:00+08:00"),
        ("2026-07-16 09:30:00+08", "2026-07-16T09:30:00+08:00"),
        ("2026-07-16 20:30:00Z", "2026-07-17T04:30:00+08:00"),
        ("2026-07-16 20:30:00-0330", "2026-07-17T08:00:00+08:00"),
        ("yesterday", "yesterday"),
        ("2026-13-40 20:30:00Z", "2026-13-40 20:30:00Z"),
    ],
)
def test_times(given_: str, expected: str) -> None:
    assert wire("time", given_) == [expected]
    assert wire("time", "2026-07-16 20:30:00Z", offset="-03:30") == ["2026-07-16T17:00:00-03:30"]


@pytest.mark.parametrize(
    ("given_", "expected"),
    [
        ("5", "5.00"),
        ("-5.5", "-5.50"),
        ("5.25", "5.25"),
        ("5.2500", "5.25"),
        ("+5", "5.00"),
        ("007", "7.00"),
        ("1e3", "1000.00"),
        ("-0", "0.00"),
        ("-0.00", "0.00"),
        ("1130432.0699999999", "1130432.07"),
        ("5.255", "5.255"),
        ("1,000.00", "1,000.00"),
        ("NaN", "NaN"),
        ("Infinity", "Infinity"),
        ("五元", "五元"),
    ],
)
def test_money(given_: str, expected: str) -> None:
    assert wire("money", given_) == [expected]


@given(st.integers(-(10**15), 10**15))
def test_every_amount_of_fen_survives(fen: int) -> None:
    amount = Decimal(fen) / 100
    assert wire("money", str(amount), f"{amount:.2f}", f"{amount:.4f}") == [f"{amount:.2f}"] * 3


def test_bools_codes_and_ints() -> None:
    assert wire("bool", "1", "0", "T", "false", "2") == ["true", "false", "true", "false", "2"]
    assert wire("bool", "是", "否", codes={"是": "true", "否": "false"}) == ["true", "false"]
    assert wire("code", "20", "20 ", "47", codes={"20": "accepted"}) == ["accepted", "accepted", "47"]
    assert wire("int", "3", "3.0", "x") == ["3", "3", "x"]


def test_names_keep_their_own_characters() -> None:
    name = "  冀州\u3000𠀋龘（集团）有限公司 "
    assert wire("text", name) == [name]
