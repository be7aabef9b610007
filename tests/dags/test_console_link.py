"""The link to the console in Airflow's menu: there where the setting says so, and never in anybody's way."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.dags.conftest import PLUGINS, airflow_settings

pytestmark = pytest.mark.airflow

_ASK = """
import json, os, sys
from airflow import plugins_manager
told = {p["name"]: p["external_views"] for p in plugins_manager.get_plugin_info(["name", "external_views"])}
heavy = [m for m in ("pandas", "fastapi.testclient", "exchange.console", "exchange.journeys") if m in sys.modules]
import console_link
others = []
for name, value in (("ADDRESS", ""), ("ADDRESS", "javascript:alert(1)"), ("PORT", "none")):
    os.environ["EXCHANGE_CONSOLE__" + name] = value
    others.append(console_link.links())
print(json.dumps({"told": told, "errors": plugins_manager.get_import_errors(), "heavy": heavy, "others": others}))
"""


def test_the_link_is_there_where_an_address_is_set_and_nowhere_else(tmp_path: Path) -> None:
    address = "https://console.court.example/"
    told = {**os.environ, **airflow_settings(tmp_path), "EXCHANGE_HOME": str(tmp_path),
            "EXCHANGE_PARTY": "court-131100", "EXCHANGE_CONSOLE__ADDRESS": address}  # fmt: skip
    told["PYTHONPATH"] = str(PLUGINS)
    done = subprocess.run(
        [sys.executable, "-c", _ASK], env=told, capture_output=True, text=True, timeout=250, check=True
    )
    found = json.loads(done.stdout.splitlines()[-1])
    [link] = found["told"]["console_link"]
    assert link["href"] == address
    assert link.get("url_route") is None, "a link, no frame"
    assert found["errors"] == {}
    assert found["heavy"] == []
    assert "quarter_timetable" in found["told"]
    assert found["others"] == [[], [], []], "none, no address of a page, settings that can't be read"
