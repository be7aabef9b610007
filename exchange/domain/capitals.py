"""An amount in the capitals of Chinese bookkeeping 大写, which a stroke of the pen can't change (票据法 article 8)."""

from __future__ import annotations

from typing import Final

_DIGITS: Final = "零壹贰叁肆伍陆柒捌玖"
_PLACES: Final = ("", "拾", "佰", "仟")
_GROUPS: Final = ("", "万", "亿", "万亿", "亿亿")


def capitals(fen: int) -> str:
    """Fen as 人民币…元…角…分, or …元整; a negative amount begins with 负."""
    yuan, rest = divmod(abs(fen), 100)
    jiao, cents = divmod(rest, 10)
    whole = _whole(yuan)
    tail = f"{_DIGITS[jiao]}角" if jiao else ("零" if cents and whole else "")
    tail += f"{_DIGITS[cents]}分" if cents else ""
    said = f"{whole}元" if whole else ("" if rest else "零元")
    return f"人民币{'负' if fen < 0 else ''}{said}{tail if rest else '整'}{'' if cents or not rest else '整'}"


def _whole(yuan: int) -> str:
    """Whole yuan, four places at a time; empty for none."""
    out, gap = "", False
    groups = [yuan // 10 ** (4 * n) % 10000 for n in range(len(_GROUPS))]
    for n in reversed(range(len(groups))):
        if not groups[n]:
            gap = bool(out)
            continue
        if out and (gap or groups[n] < 1000):
            out += "零"
        out += _four(groups[n]) + _GROUPS[n]
        gap = False
    return out


def _four(number: int) -> str:
    out, gap = "", False
    for place in (3, 2, 1, 0):
        digit = number // 10**place % 10
        if not digit:
            gap = bool(out)
            continue
        out += ("零" if gap else "") + _DIGITS[digit] + _PLACES[place]
        gap = False
    return out
