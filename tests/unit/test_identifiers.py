"""Identifiers and names: GB 32100, the one form, what is sent, what is compared, what a page shows."""

from __future__ import annotations

import random

import pandas as pd
import pytest

from exchange.domain.identifiers import (
    ALPHABET,
    compare_name,
    id_applied,
    name_applied,
    normalise_id,
    sent_name,
    uscc_ok,
    uscc_valid,
)
from exchange.domain.masking import mask_id, mask_name

WEIGHTS = (1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28)


def text(*values: str | None) -> pd.Series:
    return pd.Series(values, dtype="str")


@pytest.mark.parametrize(
    "code",
    ["91131103MA0ABCDE67", "91131181100000016H", "91131103730200012M", "93131103MA0FGHJK9K", "911311271FDLWN65YN"],
)
def test_valid_codes(code: str) -> None:
    assert uscc_valid(code)


@pytest.mark.parametrize(
    "code",
    [
        "91131103MA0ABCDE6A", "91131103MA0ABCDE6", "91131103MA0ABCDE677", "91131103MAOABCDE67", "91131103ma0abcde67",
        "９1131103MA0ABCDE67", "91131103MA0ABCDE6 ", "", "*" * 18,
    ],
)  # fmt: skip
def test_codes_that_are_none(code: str) -> None:
    assert not uscc_valid(code)


def test_letters_may_stand_in_the_region() -> None:
    body = "91ABCD03MA0ABCDE6"
    check = ALPHABET[-sum(ALPHABET.index(c) * w for c, w in zip(body, WEIGHTS, strict=True)) % 31]
    assert uscc_valid(body + check)


def test_one_changed_character_is_always_found() -> None:
    rng = random.Random(7)
    for _ in range(200):
        body = "".join(rng.choice(ALPHABET) for _ in range(17))
        code = body + ALPHABET[-sum(ALPHABET.index(c) * w for c, w in zip(body, WEIGHTS, strict=True)) % 31]
        at = rng.randrange(18)
        other = rng.choice([c for c in ALPHABET if c != code[at]])
        assert uscc_valid(code)
        assert not uscc_valid(code[:at] + other + code[at + 1 :])


def test_a_column_of_codes() -> None:
    column = pd.Series(["91131103MA0ABCDE67", None, "x", "91131103MA0ABCDE67"], index=[5, 6, 7, 5], dtype="str")
    assert uscc_ok(column).tolist() == [True, False, False, True]
    assert list(uscc_ok(column).index) == [5, 6, 7, 5]


@pytest.mark.parametrize(
    ("raw", "rules"),
    [
        ("91131103MA0ABCDE67", ()),
        ("91131103ma0abcde67", ("lower_case_uscc",)),
        (" 91131103MA0ABCDE67", ("blanks_in_uscc",)),
        ("9113 1103 MA0ABCDE67\u200b", ("blanks_in_uscc",)),
        ("９１１３１１０３ＭＡ0ABCDE67", ("other_width",)),
        ("91131103ＭＡ０ＡＢＣＤＥ67", ("other_width",)),
        ("91131103ｍa0ABCDE67\u3000", ("lower_case_uscc", "blanks_in_uscc", "other_width")),
    ],
)
def test_an_identifier_has_one_form(raw: str, rules: tuple[str, ...]) -> None:
    assert normalise_id(text(raw)).tolist() == ["91131103MA0ABCDE67"]
    assert id_applied(raw) == rules


def test_a_blank_identifier_is_missing() -> None:
    assert normalise_id(text(" \u3000", None, "")).isna().all()


def test_names_are_sent_as_written_less_outer_blanks() -> None:
    names = text("\u3000景县（甲） 有限公司 \u200b", "𠀋龘\U000e0100有限公司", "ＡＢ公司", "  ")
    assert sent_name(names).tolist()[:3] == ["景县（甲） 有限公司", "𠀋龘\U000e0100有限公司", "ＡＢ公司"]
    assert sent_name(names).isna().tolist() == [False, False, False, True]
    assert name_applied("\u3000景县") == ("blanks_around_name",)
    assert name_applied("景 县") == ()


def test_names_are_compared_without_width_and_blanks() -> None:
    assert compare_name(text("景县（甲） 有限公司", "ＡＢ 公司", "𠀋龘\u200b")).tolist() == [
        "景县(甲)有限公司",
        "AB公司",
        "𠀋龘",
    ]


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("冀州博纳宏远新能源有限责任公司", "冀州***有限责任公司"),
        ("冀州甲有限公司", "冀州***有限公司"),
        ("甲乙有限公司", "甲**"),
        ("王小明", "王**"),
        ("", ""),
    ],
)
def test_pages_mask_names(name: str, shown: str) -> None:
    assert mask_name(name) == shown


def test_pages_mask_identifiers() -> None:
    assert mask_id("91131103MA0ABCDE67") == "9113************67"
    assert mask_id("1234") == "****"
