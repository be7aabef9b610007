"""Docs are proved over the real lists: commands, settings, links, make targets."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from exchange.settings import Settings

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])


def test_every_command_is_documented_as_it_is(tmp_path: Path) -> None:
    made = tmp_path / "commands.md"
    command = [sys.executable, "-m", "typer", "exchange.cli", "utils", "docs", "--name", "exchange", "--output", made]
    subprocess.run([str(part) for part in command], check=True, capture_output=True, cwd=ROOT)
    assert (ROOT / "docs/commands.md").read_text() == made.read_text(), "run `make docs`"


def test_every_setting_is_documented() -> None:
    told = (ROOT / "docs/operations.md").read_text(encoding="utf-8")
    missing = [name for name in Settings.model_fields if f"`{name}`" not in told]
    assert missing == []


@pytest.mark.parametrize("page", PAGES, ids=lambda p: str(p.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    prose = re.sub(r"(?s)```.*?```|`[^`\n]*`", "", page.read_text(encoding="utf-8"))
    links = re.findall(r"\]\((?!https?:|#|mailto:)([^)#\s]+)", prose)
    broken = [link for link in links if not (page.parent / link).exists()]
    assert broken == []


def test_the_commands_a_readme_names_exist() -> None:
    makefile = (ROOT / "Makefile").read_text()
    named = set(re.findall(r"`make ([a-z-]+)`", " ".join(p.read_text(encoding="utf-8") for p in PAGES)))
    assert [name for name in named if not re.search(rf"(?m)^{name}:", makefile)] == []


@pytest.mark.parametrize("page", ["add-a-dataset.md", "add-a-counterpart.md"])
def test_a_story_names_files_and_commands_that_are_there(page: str) -> None:
    text = (ROOT / "docs" / page).read_text(encoding="utf-8")
    named = re.findall(r"`((?:contracts|schemas|sources|examples|tests)/[^`\s<]+)`", text)
    assert [name for name in named if not (ROOT / name).exists()] == []
    commands = (ROOT / "docs/commands.md").read_text(encoding="utf-8")
    given = {" ".join(found) for found in re.findall(r"(?m)^\$ exchange ([a-z-]+)(?: ([a-z-]+))?", text)}
    assert given
    assert [
        one for one in given if f"`exchange {one}`" not in commands and f"`exchange {one.split()[0]}`" not in commands
    ] == []


def test_the_stories_list_every_rule_a_new_dataset_may_use() -> None:
    from exchange.domain.row_rules import ROW_RULES

    told = (ROOT / "docs/add-a-dataset.md").read_text(encoding="utf-8")
    assert [name for name in ROW_RULES if f"| `{name}`" not in told] == []


def test_every_promise_names_a_test_on_postgresql_and_a_command() -> None:
    rows = [
        line.strip("|").split(" | ")
        for line in (ROOT / "docs/where-shown.md").read_text(encoding="utf-8").splitlines()[1:]
        if line.startswith("| ") and not line.startswith("| promise")
    ]
    commands = (ROOT / "docs/commands.md").read_text(encoding="utf-8")
    assert len(rows) > 20
    for promise, shown, told in rows:
        tests = re.findall(r"`([a-z_]+/test_\w+\.py)::(test_\w+)`", shown)
        assert tests or shown.strip() == "the same", promise
        for file, name in tests:
            code = (ROOT / "tests" / file).read_text(encoding="utf-8")
            assert f"def {name}(" in code, (file, name)
            assert re.search(r"postgres|real_ends|database_url", code), file
        named = re.findall(r"`(exchange [a-z -]+)`", told)
        assert named, promise
        assert [one for one in named if f"## `{one}`" not in commands] == []


EDGE_CASES, RECONCILED = [f"E{n:02d}" for n in range(1, 39)], [f"R{n:02d}" for n in range(1, 27)]


@pytest.mark.parametrize(("page", "wanted"), [("edge-cases.md", EDGE_CASES), ("reconciliation.md", RECONCILED)])
def test_every_row_of_the_law_says_where_it_is_shown(page: str, wanted: list[str]) -> None:
    """Each row once, and each test it names is there."""
    text = (ROOT / "docs" / page).read_text(encoding="utf-8")
    rows = dict(re.findall(r"(?m)^\| ([ER]\d\d)\b(.*)\|$", text))
    assert list(rows) == wanted
    known = "\n".join(file.read_text(encoding="utf-8") for file in (ROOT / "tests").rglob("test_*.py"))
    files = {file.stem for file in (ROOT / "tests").rglob("test_*.py")}
    for row, told in rows.items():
        shown = told.split("|")[-1]
        named = re.findall(r"\btest_\w+", shown)
        assert named or re.search(r"\bfindings\b", shown), row
        assert [n for n in named if n not in files and f"def {n.rstrip('_')}" not in known] == [], row
