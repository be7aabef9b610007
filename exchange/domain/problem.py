"""What officers read when something is wrong: the catalogue of codes in Chinese and English. Pure values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

WhoActs = Literal["nobody", "officer", "operator", "security", "sender", "counterpart", "both"]


@dataclass(frozen=True, slots=True, kw_only=True)
class CatalogueEntry:
    """One code of `schemas/codes/problems.yaml`: what it means, who acts, what to do."""

    code: int
    name: str
    family: str
    severity: Literal["info", "retry", "person", "incident"]
    who: WhoActs
    text_zh: str
    text_en: str
    remedy_zh: str
    remedy_en: str
