"""A command that only looks, or finds nothing to do, does not wait for pandas or Great Expectations."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from bench.ends import introduce
from exchange.cli import app
from exchange.settings import read_settings

HEAVY = ("pandas", "pyarrow", "numpy", "great_expectations")
LOOK = """
import sys
from exchange.cli import app
try:
    app(sys.argv[1:])
except SystemExit as end:
    assert not end.code, end.code
print([name for name in {heavy!r} if name in sys.modules], file=sys.stderr)
"""


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tax end with keys, a pinned court and a channel on which nothing arrived."""
    folder = tmp_path_factory.mktemp("ends")
    (folder / "point").mkdir()
    for end, other in (("court", "tax"), ("tax", "court")):
        (folder / end).mkdir()
        told = [
            f'party = "{end}-131100"',
            f'[channels."{other}-131100"]',
            'kind = "folder"',
            f'root = "{folder}/point"',
        ]
        (folder / end / "exchange.toml").write_text("\n".join(told) + "\n", encoding="utf-8")
    introduce(read_settings(home=folder / "court"), read_settings(home=folder / "tax"))
    return folder / "tax"


@pytest.mark.parametrize("words", [("--help",), ("status",), ("contracts", "list"), ("keys", "list"), ("sweep",)])
def test_it_brings_nothing_heavy(home: Path, words: tuple[str, ...]) -> None:
    done = subprocess.run(
        [sys.executable, "-c", LOOK.format(heavy=HEAVY), *words],
        env={**os.environ, "EXCHANGE_HOME": str(home)}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr.splitlines()[-1]) == (0, "[]"), done.stdout + done.stderr


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("breaks", "list", "--state", "explianed"), "explained"),
        (("breaks", "list", "--code", "PAID"), "PAID_DIFFERS"),
        (("statement", "show", "--period", "Q3"), "2026Q3"),
    ],
)
def test_a_word_that_is_none_is_wrong_usage_and_not_an_empty_list(
    home: Path, words: tuple[str, ...], told: str
) -> None:
    done = CliRunner().invoke(app, [*words, "--home", str(home)], env={"COLUMNS": "200"})
    assert (done.exit_code, told in done.output) == (2, True), done.output
