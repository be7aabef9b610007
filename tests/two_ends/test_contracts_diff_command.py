"""`exchange contracts diff` as people run it: a proposal in a folder of its own, graded, with who has to act."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from tests.fakes.ends import ROOT
from tests.running import exchange, run


@pytest.fixture
def proposal(tmp_path: Path) -> Path:
    for name in ("contracts", "schemas"):
        shutil.copytree(ROOT / name, tmp_path / "new" / name)
    return tmp_path / "new"


def edit(file: Path, old: str, new: str) -> None:
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new, 1), encoding="utf-8")


def test_no_changes_are_said_and_leave_nothing_to_do(proposal: Path) -> None:
    done = run(exchange("contracts", "diff", str(ROOT), str(proposal)))
    assert (done.returncode, done.stdout.strip()) == (0, "没有变化 No changes.")


def test_a_breaking_proposal_is_told_gravest_first_and_exits_with_5(proposal: Path) -> None:
    edit(proposal / "contracts/terms/bankruptcy.yaml", "value: 0.0005,", "value: 0.0004,")
    edit(proposal / "contracts/routes/131103-cases.yaml", "rows: 5", "rows: 6")
    edit(
        proposal / "contracts/datasets/bankruptcy_case.odcs.yaml", "businessName: 承办法官", "businessName: 法官[bold]"
    )
    done = run(exchange("contracts", "diff", str(ROOT), str(proposal)))
    assert done.returncode == 5, done.stderr
    assert "不兼容 breaking" in done.stdout
    assert "法官[bold]" in done.stdout
    assert done.stdout.index("breaking") < done.stdout.index("risky") < done.stdout.index("harmless")
    told = json.loads(run(exchange("contracts", "diff", str(ROOT), str(proposal), "--json")).stdout)
    rates = [c for c in told if c["kind"] == "figure_entry_changed"]
    assert {(c["before"], c["after"], c["grade"]) for c in rates} == {("0.0005", "0.0004", "breaking")}
    assert ("route_terms_changed", "risky") in {(c["kind"], c["grade"]) for c in told}


def test_a_proposal_with_a_flaw_names_file_and_line(proposal: Path) -> None:
    edit(proposal / "contracts/routes/131103-cases.yaml", "valid_days:", "valid_dayz:")
    done = run(exchange("contracts", "diff", str(ROOT), str(proposal)))
    assert done.returncode == 3
    assert "contracts/routes/131103-cases.yaml" in done.stderr
