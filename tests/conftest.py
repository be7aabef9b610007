"""Fixtures every test may ask for. Servers live in `tests/servers.py` and start only when asked for."""

from __future__ import annotations

import gc
import os
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from exchange.wiring import COLLECTED
from tests.scheduling import WholeFiles, dearest_first

USUAL_UMASK = 0o022

settings.register_profile("unhurried", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("unhurried")
"""How long something takes says how busy the machine is, and fails no test."""

pytest_plugins = ("tests.servers", "tests.servers_sshd")


@pytest.fixture(autouse=True)
def _umask_as_it_was() -> Iterator[None]:
    """What the command line sets for its process does not outlive the test or fixture that calls it in ours."""
    os.umask(USUAL_UMASK)
    yield
    os.umask(USUAL_UMASK)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """With `--dist loadfile`, our own of that kind."""
    return WholeFiles(config, log) if config.getvalue("dist") == "loadfile" else None


def pytest_collection_finish() -> None:
    """What is imported and collected by now stays, and the collector of cycles walks through it no more; as in the
    product's own processes (docs/adr/0029)."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*COLLECTED)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The dearest files first."""
    order = dearest_first([item.nodeid.split("::", 1)[0] for item in items])
    items[:] = [items[at] for at in order]
