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
