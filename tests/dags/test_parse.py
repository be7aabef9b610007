"""Reading the DAGs is light: nothing heavy is imported, no network, no Airflow internals."""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.dags.conftest import DAGS, PLUGINS, airflow_settings

HEAVY = (
    "pandas", "pyarrow", "great_expectations", "paramiko", "asyncssh", "apprise", "xlsxwriter",
    "exchange.journeys", "exchange.adapters.ledger_sql", "exchange.adapters.source_sql", "exchange.steps",
)  # fmt: skip
PARSE = """
import json, socket, sys
def refuse(*a): raise AssertionError("the network was used while parsing")
socket.socket.connect = refuse
socket.getaddrinfo = refuse
import airflow
sys.path[:0] = sys.argv[1:3]
from airflow.dag_processing.dagbag import DagBag
bag = DagBag(dag_folder=sys.argv[1], load_op_links=False)
print(json.dumps({"errors": bag.import_errors, "dags": sorted(bag.dags), "modules": sorted(sys.modules)}))
"""


@pytest.mark.airflow
def test_parsing_imports_nothing_heavy_and_reaches_nothing(tmp_path: Path):
    environment = {**os.environ, **airflow_settings(tmp_path), "EXCHANGE_PARTY": "court-131100",
                   "EXCHANGE_HOME": str(tmp_path)}  # fmt: skip
    done = subprocess.run(
        [sys.executable, "-c", PARSE, str(DAGS), str(PLUGINS)],
        env=environment, capture_output=True, text=True, timeout=120, check=True,
    )  # fmt: skip
    seen = json.loads(done.stdout.splitlines()[-1])
    assert seen["errors"] == {}
    assert len(seen["dags"]) == 5
    assert [m for m in seen["modules"] if m in HEAVY or m.startswith(tuple(f"{h}." for h in HEAVY))] == []


@pytest.mark.parametrize("path", sorted(DAGS.glob("*.py")), ids=lambda p: p.name)
def test_dags_keep_off_airflow_s_inside(path: Path):
    allowed = ("airflow.sdk",)
    for module, names in imported(path):
        if module.split(".")[0] == "airflow":
            assert module.startswith(allowed), f"{path.name} imports {module}"
        assert not {"Variable", "Connection", "BaseHook"} & names, f"{path.name} reads {names} while it is parsed"


@pytest.mark.parametrize("path", sorted(DAGS.glob("*.py")), ids=lambda p: p.name)
def test_dags_never_ask_for_the_logical_date(path: Path):
    text = path.read_text(encoding="utf-8")
    for word in ("logical_date", "execution_date", '"ds"', "{{ ds"):
        assert word not in text


@pytest.mark.parametrize("path", sorted(DAGS.glob("*.py")), ids=lambda p: p.name)
def test_dags_know_journeys_and_wiring_only(path: Path):
    for module, names in imported(path):
        if module == "exchange":
            assert names == {"journeys"}
        elif module.startswith("exchange."):
            assert module in {"exchange.wiring", "exchange.settings", "exchange.ports", "exchange.domain.errors"}


def imported(path: Path) -> list[tuple[str, set[str]]]:
    """Every module a file imports, anywhere in it, with the names taken from it."""
    found = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found += [(alias.name, set[str]()) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            found.append((node.module or "", {alias.name for alias in node.names}))
    return found
