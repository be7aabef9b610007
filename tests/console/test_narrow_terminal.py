"""What the commands print at 80 columns: keys, rules, paths and commands stand whole on a line, to be copied."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.console.kit import ROOT
from tests.running import environment

PRINT = """
import sys
from pathlib import Path
from types import SimpleNamespace
from exchange import wiring
from exchange.cli import alerts, points, records
from exchange.cli.summary import print_summary
from exchange.domain.outcome_file import load_outcome
from exchange.settings import read_settings
home, key = Path(sys.argv[1]), "131100-cases.Q.2026Q3"
records.status(home=home / "court")
alerts.list_(home=home / "court", limit=50)
points.points(key, home=home / "court")
with wiring.opened(read_settings(home=home / "court")) as court, wiring.opened(read_settings(home=home / "tax")) as tax:
    told = {"home": home, "court": court.party, "tax": tax.party, "route": "131100-cases", "period": "2026Q3"}
    outcome = load_outcome(court.vault.get(key, "outcome.json"), key)
    print_summary(SimpleNamespace(world=SimpleNamespace(**told)), court, tax, key, outcome, seconds=1)
"""


def test_what_is_to_be_copied_stands_whole_on_its_line(gone_round: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", PRINT, str(gone_round)], cwd=ROOT, capture_output=True, text=True, check=False,
        env=environment(plain=True) | {"COLUMNS": "80"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    vault, packet = gone_round / "court/vault", "tax-131100.court-131100.000023.A"
    for whole in (
        packet, "claims_due_within_7_days", "（2026）冀1123破6号", f"{vault}/131100-cases.Q.2026Q3/report.html",
        f"{vault}/{packet}/received.html", f"exchange breaks list --home {gone_round}/court",
        f"exchange console --home {gone_round}",
    ):  # fmt: skip
        assert any(whole in line for line in lines), whole
    assert "…" not in done.stdout.replace("… 4 more", "")
