"""The forms of values as the design states them: case numbers, ids, names, dates, amounts, working days."""

from __future__ import annotations

import calendar
import re
import unicodedata
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import chinese_calendar

Row = dict[str, Any]
FEN = Decimal("0.01")
ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
WEIGHTS = (1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28)
ZERO_WIDTH = "\u200b\u200c\u200d\u2060\ufeff"
TORTOISE = "〔〕﹝﹞"
OPENING = "([{〔【〖《〈「『〘〚⟨⟦⟪❨❪❬❮❰❲❴⦅⦗"
CLOSING = ")]}〕】〗》〉」』〙〛⟩⟧⟫❩❫❭❯❱❳❵⦆⦘"
P = "京津冀晋内辽吉黑沪苏浙皖闽赣鲁豫鄂湘粤桂琼渝川贵云藏陕甘青宁新兵军"
T = "破申|破终|破监|清申|清终|清监|强清|破"
STRICT = re.compile(rf"（(?P<y>20\d{{2}})）(?P<c>[{P}]\d{{2,4}})(?P<t>{T})(?P<n>[1-9]\d*)号")
LEGACY1 = re.compile(
    r"[（(](?P<y>\d{4})[)）](?P<c>[\u4e00-\u9fa5]{1,8}?)(?P<t>民破|商破|破|民算)(?:字)?第(?P<n>\d+)号(?:之.+)?"
)
LEGACY2 = re.compile(rf"[（(]?(?P<y>\d{{4}})[)）]?(?P<c>[{P}]\d{{0,4}})(?P<t>民破|民算)(?P<n>\d+)号")
ORDINAL = r"(?:之|-)(?:[一二三四五六七八九十百]+|[0-9]+)"
SUFFIX = re.compile(rf"(.*?)(?:{ORDINAL})?号(?:{ORDINAL})?")


def is_blank(char: str) -> bool:
    return char.isspace() or char in ZERO_WIDTH


def without_blanks(text: str) -> str:
    return "".join(c for c in text if not is_blank(c))


def strip_blanks(text: str) -> str:
    while text and is_blank(text[0]):
        text = text[1:]
    while text and is_blank(text[-1]):
        text = text[:-1]
    return text


def nfkc(text: str) -> str:
    return unicodedata.normalize("NFKC", text)


def case_number(raw: str) -> str:
    text = without_blanks(nfkc(raw))
    text = "".join("（" if c in OPENING else "）" if c in CLOSING else c for c in text)
    match = SUFFIX.fullmatch(text)
    return match[1] + "号" if match else text


def identifier(raw: str | None) -> str:
    return without_blanks(nfkc(raw or "")).upper()


def comparable_name(raw: str | None) -> str:
    return without_blanks(nfkc(raw or ""))


def is_other_width(char: str) -> bool:
    """A character NFKC changes that is neither a blank nor a bracket."""
    return nfkc(char) != char and not is_blank(char) and nfkc(char) not in OPENING and nfkc(char) not in CLOSING


def number_rules(raw: str) -> list[str]:
    rules = []
    if any(c in "()" for c in raw):
        rules.append("half_width_brackets")
    if any(c in TORTOISE for c in raw):
        rules.append("tortoise_shell_brackets")
    if any(
        (c in OPENING or c in CLOSING or nfkc(c) in OPENING or nfkc(c) in CLOSING) and c not in "()（）" + TORTOISE
        for c in raw
    ):
        rules.append("other_brackets")
    if any(is_blank(c) for c in raw):
        rules.append("blanks_in_case_no")
    if any("０" <= c <= "９" for c in raw):
        rules.append("full_width_digits_in_case_no")
    if any(is_other_width(c) and not "０" <= c <= "９" for c in raw):
        rules.append("other_width")
    return rules


def uscc_rules(raw: str) -> list[str]:
    rules = []
    if nfkc(raw) != nfkc(raw).upper():
        rules.append("lower_case_uscc")
    if any(is_blank(c) for c in raw):
        rules.append("blanks_in_uscc")
    if any(nfkc(c) != c and not is_blank(c) for c in raw):
        rules.append("other_width")
    return rules


def uscc_is_right(code: str) -> bool:
    if len(code) != 18 or any(c not in ALPHABET for c in code):
        return False
    total = sum(ALPHABET.index(c) * w for c, w in zip(code, WEIGHTS, strict=False))
    return ALPHABET[(31 - total % 31) % 31] == code[17]


def form(number: str) -> tuple[bool, str | None]:
    """Whether the number is well formed, and its court code where that is checked."""
    match = STRICT.fullmatch(number) or LEGACY2.fullmatch(number)
    if match:
        return True, match["c"]
    return LEGACY1.fullmatch(number) is not None, None


def is_workday(day: date) -> bool:
    try:
        return bool(chinese_calendar.is_workday(day))
    except NotImplementedError:
        fixed = {(1, 1), (5, 1), (5, 2), (10, 1), (10, 2), (10, 3), (4, 4 if day.year % 4 in (0, 1) else 5)}
        return day.weekday() < 5 and (day.month, day.day) not in fixed


def three_months_after(day: date) -> date:
    year, month = day.year + (day.month + 2) // 12, (day.month + 2) % 12 + 1
    last = calendar.monthrange(year, month)[1]
    end = date(year, month, min(day.day, last))
    while not is_workday(end):
        end += timedelta(days=1)
    return end


def as_date(value: object) -> date | None:
    return date.fromisoformat(str(value)[:10]) if value not in (None, "") else None


def as_money(value: object) -> Decimal | None:
    return Decimal(str(value)).quantize(FEN) if value not in (None, "") else None


def first_day(period: str) -> date:
    return date(int(period[:4]), int(period[5]) * 3 - 2, 1)
