"""The masks over whole columns say of every value what a plain reading of it alone says, whatever the text."""

from __future__ import annotations

import re
import sys
import unicodedata
from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from functools import cache

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exchange.domain.case_number import parse, serials_alike
from exchange.domain.checks import FORMULA_SIGNS, MAY_BE_SIGN, MAY_BE_STAR, claim_limit, row_checks
from exchange.domain.identifiers import ALPHABET
from exchange.domain.rowcheck import RowCheck
from exchange.domain.text import BLANKS, like
from tests.unit.court_rows import AGREEMENT, AS_OF, IS_WORKDAY, ROUTE, SENDER

Column = list[str | None]
unhurried = settings(deadline=None)

ODD = st.text(
    st.sampled_from("=+-@*＝﹣＊≠⩴\u0338\u200b\u3000\x00\x1f\n\r 019٣９①甲A（)号之第:.TZ😀\U0001d7d8\ufeffé"),
    max_size=6,
)
COURTS = [*dict.fromkeys(code for court in SENDER.courts for code in (court.id, *(c.code for c in court.codes)))]


def near(good: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """A good text; one with something put at a place of it; one that lost a character."""

    def changed(text: str, at: int, odd: str, lost: int) -> str:
        at %= len(text) + 1
        return text[:at] + odd + text[at + lost :]

    return st.one_of(good, st.builds(changed, good, st.integers(0, 40), ODD, st.integers(0, 1)))


def columns(*good: st.SearchStrategy[str]) -> st.SearchStrategy[Column]:
    return st.lists(st.one_of(st.none(), ODD, *map(near, good)), min_size=1, max_size=30)


NUMBERS = st.one_of(
    st.from_regex(
        r"（20(1[0-9]|2[0-9])）(冀|京|豫)[0-9]{2,4}(破申|破|强清|清申)[0-9]{1,5}号(之一|-1)?", fullmatch=True
    ),
    st.from_regex(r"（20[01][0-9]）[一-龥]{1,4}(民破|商破|破|民算)字?第[0-9]{1,3}号(之.{1,3})?", fullmatch=True),
    st.from_regex(r"（?201[0-9]）?冀[0-9]{0,4}(民破|民算)[0-9]{1,4}号", fullmatch=True),
    st.builds("（2026）{}破{}号".format, st.sampled_from(COURTS), st.integers(0, 999)),
)
DAYS = st.one_of(
    st.dates().map(str),
    st.dates(date(2025, 1, 1), date(2027, 1, 1)).map(str),
    st.from_regex(r"[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}", fullmatch=True),
)
TIMES = st.one_of(
    st.datetimes(timezones=st.timezones()).map(lambda when: when.isoformat()),
    st.from_regex(
        r"[0-9]{4}-[01][0-9]-[0-3][0-9]T[0-2][0-9]:[0-6][0-9]:[0-6][0-9](\.[0-9]{1,7})?(Z|[+-][0-2][0-9]:[0-6][0-9])",
        fullmatch=True,
    ),
)
CODES = st.text(st.sampled_from(ALPHABET), min_size=17, max_size=17).map(
    lambda body: body + next(c for c in ALPHABET if uscc_right(body + c))
)
AMOUNTS = st.one_of(
    st.decimals(allow_nan=False, allow_infinity=False, places=2).map(str), st.from_regex(r"-?[0-9]{1,18}(\.[0-9]{2})?")
)


def uscc_right(text: str) -> bool:
    weights = [1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28]
    if len(text) != 18 or any(c not in ALPHABET for c in text):
        return False
    total = sum(ALPHABET.index(c) * weight for c, weight in zip(text, weights, strict=False))
    return ALPHABET.index(text[17]) == (31 - total % 31) % 31


@cache
def checks_of(dataset: str) -> dict[str, RowCheck]:
    route = next(r for r in AGREEMENT.routes.values() if dataset in [c.dataset for c in r.datasets])
    checks = row_checks(
        route.contract(dataset), route=ROUTE, sender=SENDER, as_of=AS_OF, is_workday=IS_WORKDAY, codes=AGREEMENT.codes
    )
    return {check.rule: check for check in checks}


def broken(dataset: str, rule: str, **given_columns: Column) -> list[bool]:
    """What the contract's check of that name says of rows with these columns and nothing else."""
    check = checks_of(dataset)[rule]
    size = len(next(iter(given_columns.values())))
    frame = pd.DataFrame(
        {name: pd.Series(given_columns.get(name, [None] * size), dtype="str") for name in check.columns}
    )
    return [bool(one) for one in check.broken(frame.set_axis([7] * size))]


def plainly(column: Column, is_broken: Callable[[str], bool]) -> list[bool]:
    return [value is not None and is_broken(value) for value in column]


@unhurried
@given(columns(NUMBERS))
def test_a_serial_made_1_changes_nothing_that_is_asked_of_a_number(column: Column) -> None:
    alike = serials_alike(pd.Series(column, dtype="str"))
    for value, other in zip(column, alike, strict=True):
        if value is None:
            assert pd.isna(other)
            continue
        one, two = parse(value), parse(other)
        assert (one.form, one.year, one.code, one.kind) == (two.form, two.year, two.code, two.kind)


@unhurried
@given(columns(NUMBERS))
def test_case_numbers(column: Column) -> None:
    found = broken("bankruptcy_case", "case_no_malformed", case_no=column)
    assert found == [value is None or parse(value).form == "malformed" for value in column]


@unhurried
@given(st.lists(st.tuples(near(NUMBERS), st.one_of(st.none(), near(st.sampled_from(COURTS)))), min_size=1))
def test_court_codes(rows: list[tuple[str, str | None]]) -> None:
    known = {court.id: {code.code for code in court.codes} for court in SENDER.courts}

    def differs(number: str, court: str | None) -> bool:
        parsed = parse(number)
        return parsed.form in ("strict", "legacy2") and parsed.code not in known.get(court or "", ())

    numbers, courts = [n for n, _ in rows], [c for _, c in rows]
    found = broken("bankruptcy_case", "court_code_differs_from_case_no", case_no=[*numbers], court_code=courts)
    assert found == [differs(number, court) for number, court in rows]


@unhurried
@given(columns(CODES))
def test_uscc(column: Column) -> None:
    assert broken("case_debtor", "uscc_check_digit", uscc=column) == plainly(column, lambda text: not uscc_right(text))


@unhurried
@given(columns(st.just("冀州甲乙有限公司"), st.just("=甲"), st.just("甲*")))
def test_names(column: Column) -> None:
    def formula(text: str) -> bool:
        return unicodedata.normalize("NFKC", text.strip(BLANKS)).strip(BLANKS).startswith(FORMULA_SIGNS)

    assert broken("case_debtor", "name_is_a_formula", name=column) == plainly(column, formula)
    stars = plainly(column, lambda text: "*" in unicodedata.normalize("NFKC", text))
    assert broken("case_debtor", "name_is_masked", former_name=column) == stars


@pytest.mark.parametrize(("pattern", "signs"), [(MAY_BE_SIGN, FORMULA_SIGNS), (MAY_BE_STAR, ("*",))])
def test_every_character_nfkc_may_make_a_sign_of_is_looked_at(pattern: str, signs: tuple[str, ...]) -> None:
    characters = [chr(code) for code in range(sys.maxunicode + 1) if not 0xD800 <= code < 0xE000]
    may_be = [c for c in characters if not set(signs).isdisjoint(unicodedata.normalize("NFKD", c))]
    looked_at = like(pd.Series(characters, dtype="str"), pattern)
    assert [c for c, found in zip(characters, looked_at, strict=True) if found] == may_be


@unhurried
@given(columns(DAYS), columns(DAYS))
def test_days_in_order(due: Column, announced: Column) -> None:
    size = min(len(due), len(announced))
    due, announced = due[:size], announced[:size]

    def longer(one: str | None, other: str | None) -> bool:
        last, first = day(one), day(other)
        return last is not None and first is not None and last > claim_limit(first, 3, IS_WORKDAY)

    both = {"claims_due_on": due, "announced_on": announced}
    assert broken("bankruptcy_case", "claim_period_longer_than_3_months", **both) == list(map(longer, due, announced))
    before = [
        d is not None and a is not None and d < a for d, a in zip(map(day, due), map(day, announced), strict=True)
    ]
    assert broken("bankruptcy_case", "claims_due_before_announcement", **both) == before


def day(text: str | None) -> date | None:
    """The day pandas reads, but none before the year 1."""
    read = pd.to_datetime(pd.Series([text], dtype="str"), format="%Y-%m-%d", errors="coerce").iloc[0]
    return None if pd.isna(read) or read.year < 1 else read.date()


@unhurried
@given(columns(AMOUNTS))
def test_amounts(column: Column) -> None:
    def negative(text: str) -> bool:
        try:
            return text.lstrip().startswith("-") and Decimal(text.strip()) < 0
        except InvalidOperation:
            return False

    assert broken("asset_disposal", "negative_amount", deal_amount=column) == plainly(column, negative)


READINGS: dict[str, Callable[[str], object]] = {
    "money": lambda text: re.fullmatch(r"-?[0-9]{1,16}\.[0-9]{2}", text),
    "int": lambda text: re.fullmatch(r"-?(0|[1-9][0-9]{0,17})", text),
    "date": lambda text: re.fullmatch("[0-9]{4}-[0-9]{2}-[0-9]{2}", text) and date.fromisoformat(text),
    "time": lambda text: TIME.fullmatch(text) and datetime.fromisoformat(text),
}
TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?(Z|[+-][0-9]{2}:[0-9]{2})")


@pytest.mark.parametrize(
    ("dataset", "column", "kind", "good"),
    [
        ("bankruptcy_case", "filed_on", "date", DAYS),
        ("bankruptcy_case", "source_updated_at", "time", TIMES),
        ("asset_disposal", "deal_amount", "money", AMOUNTS),
        ("tax_claim", "version", "int", st.from_regex(r"-?[0-9]{1,19}", fullmatch=True)),
    ],
)
def test_what_can_be_read(dataset: str, column: str, kind: str, good: st.SearchStrategy[str]) -> None:
    def is_unreadable(text: str) -> bool:
        try:
            return not READINGS[kind](text)
        except ValueError:
            return True

    @unhurried
    @given(columns(good))
    def reads_the_same(values: Column) -> None:
        found = broken(dataset, f"value_unreadable:{column}", **{column: values})
        assert found == plainly(values, is_unreadable)

    reads_the_same()


@pytest.mark.parametrize("text", ["0000-01-01", "-001-01-01", "0000-12-31"])
def test_a_day_before_the_year_1_crashes_no_rule(text: str) -> None:
    both: dict[str, Column] = {"claims_due_on": ["2026-07-01"], "announced_on": [text]}
    assert broken("bankruptcy_case", "claim_period_longer_than_3_months", **both) == [False]
    assert broken("bankruptcy_case", "value_unreadable:announced_on", **both) == [True]
