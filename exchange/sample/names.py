"""Names and ids of nobody: companies that do not exist, persons called 某甲, codes whose digits are right.

Organisation codes begin with Y, which no register has given out; id numbers name the division 990000, which does not
exist; telephone numbers begin with 0, which no subscriber's does.
"""

from __future__ import annotations

from random import Random
from typing import Final

ALPHABET: Final = "0123456789ABCDEFGHJKLMNPQRTUWXY"
"""GB 32100-2015: no I, O, S, V, Z."""

_WEIGHTS: Final = (1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28)
_VALUE: Final = {char: n for n, char in enumerate(ALPHABET)}
_ORG_WEIGHTS: Final = (3, 7, 9, 10, 5, 8, 4, 2)
_ID_WEIGHTS: Final = tuple(2 ** (17 - n) % 11 for n in range(17))
_SPREAD: Final = 412_865_119
"""Prime to 31: neighbours in number are far apart in code."""

PLACES: Final = (
    "衡水",
    "冀州",
    "桃城",
    "枣强",
    "武邑",
    "武强",
    "饶阳",
    "安平",
    "故城",
    "景县",
    "阜城",
    "深州",
    "滏阳",
    "衡湖",
)
WORDS: Final = (
    "金桥",
    "瑞丰",
    "宏远",
    "天成",
    "隆昌",
    "恒润",
    "博纳",
    "科锐",
    "永兴",
    "盛世",
    "中瑞",
    "安泰",
    "宝源",
    "东方",
    "昊天",
    "鼎新",
    "华茂",
    "嘉禾",
    "凯达",
    "利和",
    "明远",
    "诺信",
    "启航",
    "荣昌",
    "顺达",
    "泰和",
    "旺达",
    "信诚",
    "亿通",
    "正大",
)
TRADES: Final = (
    "铸造",
    "采暖设备",
    "橡胶制品",
    "丝网",
    "化工",
    "纺织",
    "食品",
    "医药包装",
    "新能源",
    "建材",
    "物流",
    "工艺品",
    "机械制造",
    "房地产开发",
    "工程橡塑",
    "玻璃钢",
    "农业科技",
    "商贸",
    "汽车配件",
    "印刷包装",
)
FORMS: Final = ("有限公司", "有限责任公司", "股份有限公司", "集团有限公司")
RARE: Final = "𠀋𠮷𡈽𣘺𤭢𦍌𨳝𪚥𫠝𬺈龘"
"""CJK extensions A to E, which two bytes a character do not hold."""

SURNAMES: Final = "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗"
STEMS: Final = "甲乙丙丁戊己庚辛壬癸"
ADMINISTRATORS: Final = (
    "河北衡湖律师事务所",
    "河北冀法律师事务所",
    "衡水中信会计师事务所",
    "河北滏阳清算事务所有限公司",
    "衡水天衡会计师事务所",
)


def organisation_code(number: int) -> str:
    """Nine characters of GB 11714 for a number, the last one their own check character."""
    rest, body = number * _SPREAD % 31**7, ""
    for _ in range(7):
        rest, place = divmod(rest, 31)
        body = ALPHABET[place] + body
    body = "Y" + body
    total = sum(int(char, 36) * weight for char, weight in zip(body, _ORG_WEIGHTS, strict=True))
    return body + "0123456789X0"[11 - total % 11]


def with_check(body: str) -> str:
    """A USCC of 17 characters with its last one."""
    total = sum(_VALUE[char] * weight for char, weight in zip(body, _WEIGHTS, strict=True))
    return body + ALPHABET[(31 - total % 31) % 31]


def uscc(division: str, number: int, kind: str = "91") -> str:
    """The code of the n-th registered body of a world; `kind` 91 company, 92 individual business, 93 cooperative."""
    return with_check(kind + division + organisation_code(number))


def old_taxpayer_id(division: str, number: int) -> str:
    """Fifteen characters from before October 2015: division and organisation code."""
    return division + organisation_code(number)


def company(rng: Random) -> str:
    """A company's name."""
    choose = rng.choice
    return choose(PLACES) + choose(WORDS) + choose(WORDS) + choose(TRADES) + choose(FORMS)


def person(rng: Random) -> str:
    """Somebody who is nobody."""
    return rng.choice(SURNAMES) + "某" + rng.choice(STEMS)


def id_number(rng: Random) -> str:
    """Eighteen digits with the right last one, of a division that does not exist."""
    body = f"990000{rng.randint(1955, 1999)}{rng.randint(1, 12):02d}{rng.randint(1, 28):02d}{rng.randint(1, 999):03d}"
    total = sum(int(char) * weight for char, weight in zip(body, _ID_WEIGHTS, strict=True))
    return body + "10X98765432"[total % 11]


def telephone(rng: Random) -> str:
    """A desk's number that cannot be dialled."""
    return f"0318-0{rng.randint(0, 999_999):06d}"
