"""Airflow in this process, on a home of its own. It reads AIRFLOW_HOME at import: import it inside tests only."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

PROJECT = Path(__file__).resolve().parents[2]
DAGS, PLUGINS = PROJECT / "dags", PROJECT / "plugins"


def airflow_settings(home: Path) -> dict[str, str]:
    """The environment an Airflow of the tests lives in."""
    return {
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__CORE__DAGS_FOLDER": str(DAGS),
        "AIRFLOW__CORE__PLUGINS_FOLDER": str(PLUGINS),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__UNIT_TEST_MODE": "False",
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{home}/airflow.db",
        "AIRFLOW__LOGGING__LOGGING_LEVEL": "WARNING",
        "AIRFLOW__CORE__AUTH_MANAGER": "airflow.api_fastapi.auth.managers.simple.simple_auth_manager.SimpleAuthManager",
    }


@contextmanager
def told(values: Mapping[str, str]) -> Iterator[None]:
    """The environment with these values, restored afterwards."""
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name, None)
            if value is not None:
                os.environ[name] = value


@pytest.fixture(scope="session")
def airflow_home() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="airflow-") as folder, told(airflow_settings(Path(folder))):
        sys.path[:0] = [str(DAGS), str(PLUGINS)]
        yield Path(folder)


def court_settings(airflow_home: Path) -> dict[str, str]:
    """The court end's settings, as its environment tells them."""
    return {"EXCHANGE_HOME": str(airflow_home / "court"), "EXCHANGE_PARTY": "court-131100"}


@pytest.fixture
def court(airflow_home: Path) -> Iterator[None]:
    """The environment of the court end, for one test."""
    with told(court_settings(airflow_home)):
        yield


@pytest.fixture(scope="session")
def bag(airflow_home: Path) -> Any:
    """Every DAG of the project, parsed as the court end."""
    from airflow.utils.db import initdb

    initdb()
    from airflow.dag_processing.dagbag import DagBag

    with told(court_settings(airflow_home)):
        return DagBag(dag_folder=str(DAGS), load_op_links=False)
