"""Words and templates: one catalogue per language, one environment per language, filters for what officers read.

Message ids are English sentences, or keys as `role handler` whose English stands in `words/en.po`; `words/zh.po`
holds all Chinese. What it lacks is shown in English, and a test fails.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import NullTranslations, Translations
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

HERE: Final = Path(__file__).parent
LANGUAGES: Final = ("zh", "en")
_SHANGHAI: Final = ZoneInfo("Asia/Shanghai")


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """A template environment and the translations of each language."""

    templates: Mapping[str, Environment]
    translations: Mapping[str, NullTranslations]

    def say(self, language: str, text: str, **values: Any) -> str:
        """A sentence in a language, its `%(name)s` filled in."""
        said = self.translations[language].gettext(text)
        return said % values if values else said


@cache
def make_words() -> Words:
    """Read the catalogues and make the environments, once a process: templates are compiled as they are first used."""
    translations = {code: _catalogue(code) for code in LANGUAGES}
    return Words(templates={code: _environment(code, translations[code]) for code in LANGUAGES},
                 translations=translations)  # fmt: skip


def _catalogue(language: str) -> NullTranslations:
    with (HERE / f"words/{language}.po").open("rb") as text:
        catalogue = read_po(text, locale=language)
    made = io.BytesIO()
    write_mo(made, catalogue)
    made.seek(0)
    return Translations(fp=made)


def _environment(language: str, translations: NullTranslations) -> Environment:
    made = Environment(
        loader=FileSystemLoader(HERE / "templates"), autoescape=True, undefined=StrictUndefined, trim_blocks=True,
        lstrip_blocks=True, extensions=["jinja2.ext.i18n"],
    )  # fmt: skip
    made.install_gettext_translations(translations, newstyle=True)  # type: ignore[attr-defined]
    made.globals |= {"asset": asset, "language": language}
    made.filters |= {
        "money": money, "day": day, "when": when, "clock": clock, "short_day": short_day, "cn": case_number,
        "grouped": grouped, "count": count,
    }  # fmt: skip
    return made


@cache
def asset(name: str) -> str:
    """The address of a static file, its content's hash in it, so that browsers may keep it for good."""
    digest = hashlib.sha256((HERE / "static" / name).read_bytes()).hexdigest()[:12]
    return f"/static/{digest}/{name}"


def money(amount: Decimal | str | None) -> str:
    """Yuan with two places, commas, a true minus; a dash for none."""
    if amount in (None, ""):
        return "—"
    value = Decimal(str(amount))
    return f"{'−' if value < 0 else ''}{abs(value):,.2f}"


def count(number: int) -> str:
    """A whole number with commas."""
    return f"{number:,}".replace("-", "−")


def day(value: date | str | None) -> str:
    """2026-10-09; a dash for none."""
    return str(value)[:10] if value else "—"


def short_day(value: date | str | None) -> str:
    """10-09, where the year is plain."""
    return day(value)[5:] if value else "—"


def when(value: datetime | str | None) -> str:
    """2026-10-09 09:12, in China's time; a dash for none."""
    return f"{local(value):%Y-%m-%d %H:%M}" if value else "—"


def clock(value: datetime | str | None) -> str:
    """10-09 09:12, in China's time; a dash for none."""
    return f"{local(value):%m-%d %H:%M}" if value else "—"


def local(value: datetime | str) -> datetime:
    at = datetime.fromisoformat(value) if isinstance(value, str) else value
    return at.astimezone(_SHANGHAI)


def case_number(text: str) -> Markup:
    """A case number that never breaks over a line."""
    hung = " hung" if text.startswith("（") else ""
    return Markup('<span class="cn{}" lang="zh-CN">{}</span>').format(hung, escape(text))


def grouped(text: str, size: int = 4) -> str:
    """A fingerprint in groups one can read aloud."""
    return " ".join(text[n : n + size] for n in range(0, len(text), size))
