"""Values as a page may show them: enough to recognise what one knows already, not enough to learn it."""

from __future__ import annotations

from typing import Final

from exchange.domain.contract import Column

_TAILS: Final = ("股份有限公司", "有限责任公司", "有限公司", "合作社", "分公司", "公司", "厂")


def mask_name(name: str) -> str:
    """冀州博纳宏远新能源有限公司 → 冀州***有限公司; of a person's name the first character stays."""
    tail = next((tail for tail in _TAILS if name.endswith(tail)), "")
    if tail and len(name) > len(tail) + 2:
        return f"{name[:2]}***{tail}"
    return f"{name[:1]}**" if name else ""


def mask_id(text: str) -> str:
    """91131103MA0ABCDE67 → 9113************67."""
    return f"{text[:4]}{'*' * (len(text) - 6)}{text[-2:]}" if len(text) > 8 else "*" * len(text)


def masked(column: Column, value: str | None) -> str | None:
    """A cell as it may be shown: one that names a person masked, any other as it is; empty as None."""
    if not value or not column.personal:
        return value or None
    return mask_id(value) if value.isascii() else mask_name(value)
