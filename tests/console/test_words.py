"""The catalogue: what the pages say is in it, what is in it the pages say, and Chinese stands nowhere else."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest
from babel.messages.extract import extract
from babel.messages.pofile import read_po

from exchange.console.render import HERE

TEMPLATES = sorted((HERE / "templates").rglob("*.html"))
CODE = sorted(HERE.rglob("*.py"))
_CJK = re.compile(r"[\u3400-\u9fff]")
KEYS = (
    "role ",
    "table ",
    "state ",
    "kind ",
    "step ",
    "event ",
    "alert ",
    "decision ",
    "lane ",
    "job ",
    "key ",
    "stage ",
    "owner ",
)
"""Beginnings of message ids that are put together from a code; a new one is named here."""
_ALWAYS = {"中文", "语言 Language"}


@cache
def _catalogue(language: str = "zh") -> dict[str, str]:
    with (HERE / f"words/{language}.po").open("rb") as text:
        return {str(message.id): str(message.string) for message in read_po(text) if message.id}


@cache
def _used() -> set[str]:
    """Message ids in templates, and every sentence of the code the catalogue has."""
    found: set[str] = set()
    for path in TEMPLATES:
        with path.open("rb") as text:
            for _, message, _, _ in extract("jinja2.ext:babel_extract", text, options={"trimmed": "false"}):
                found.add(message if isinstance(message, str) else message[0])
    return found


@cache
def _literals() -> set[str]:
    found: set[str] = set()
    for path in CODE:
        tree = ast.parse(path.read_text(encoding="utf-8"))
        found |= {n.value for n in ast.walk(tree) if isinstance(n, ast.Constant) and isinstance(n.value, str)}
    return found


def test_every_word_of_the_pages_has_its_chinese() -> None:
    known = _catalogue()
    assert sorted(text for text in _used() if not known.get(text)) == []


def test_the_catalogue_has_no_word_that_nobody_says() -> None:
    said = _used() | _literals()
    assert sorted(id for id in _catalogue() if id not in said and not id.startswith(KEYS)) == []


def test_every_key_has_its_english() -> None:
    english = _catalogue("en")
    keys = {id for id in _catalogue() if id.startswith(KEYS) and id not in _used()}
    assert sorted(keys - set(english)) == []
    assert sorted(set(english) - keys) == []


@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_message_stands_once_in_its_catalogue(language: str) -> None:
    text = (HERE / f"words/{language}.po").read_text(encoding="utf-8")
    ids = ["".join(re.findall('"(.*)"', lines)) for lines in re.findall(r'(?m)^msgid ((?:".*"\n)+)', text)]
    assert len(ids) > 5
    assert sorted({one for one in ids if ids.count(one) > 1}) == []


def test_placeholders_are_the_same_in_both_languages() -> None:
    marks = re.compile(r"%\(\w+\)s")
    wrong = [id for id, text in _catalogue().items() if sorted(marks.findall(id)) != sorted(marks.findall(text))]
    assert wrong == []


def test_every_sentence_the_code_says_has_its_chinese() -> None:
    """What `say`, `Refused` and the error pages are given."""
    known, missing = _catalogue(), []
    for path in CODE:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and _name(node.func) in ("say", "Refused", "_shown"):
                texts = [*node.args[:1], *(k.value for k in node.keywords if k.arg in ("happened", "safe", "todo"))]
                missing += [t.value for t in texts if isinstance(t, ast.Constant) and isinstance(t.value, str)
                            and t.value not in known]  # fmt: skip
    assert sorted(set(missing)) == []


def _name(node: ast.expr) -> str:
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""


@pytest.mark.parametrize("path", CODE, ids=lambda p: str(p.relative_to(HERE)))
def test_no_chinese_stands_in_the_code(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    notes = {id(n.value) for n in ast.walk(tree) if isinstance(n, ast.Expr) and isinstance(n.value, ast.Constant)}
    wrong = [
        n.value for n in ast.walk(tree)
        if isinstance(n, ast.Constant) and isinstance(n.value, str) and id(n) not in notes and _CJK.search(n.value)
    ]  # fmt: skip
    assert wrong == []


def test_the_console_and_the_pages_kept_as_files_draw_with_the_same_colours_and_letters() -> None:
    files = (HERE / "static/console.css", HERE.parent / "adapters/pages/style.css")
    tokens = [re.search(r"(?s):root\{(.*?)\}", file.read_text(encoding="utf-8")) for file in files]
    assert tokens[0] is not None
    assert tokens[1] is not None
    assert tokens[0][1] == tokens[1][1]


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda p: str(p.relative_to(HERE / "templates")))
def test_a_template_has_no_script_style_or_chinese_of_its_own(path: Path) -> None:
    text = re.sub(r"(?s)\{#.*?#\}", "", path.read_text(encoding="utf-8"))
    for forbidden in ("hx-on", "js:", " style=", "<style", "javascript:", "onclick", "http://", "https://"):
        assert forbidden not in text, forbidden
    assert not re.search(r"<script(?![^>]*\bsrc=)", text)
    for known in _ALWAYS:
        text = text.replace(known, "")
    assert _CJK.findall(text) == []
