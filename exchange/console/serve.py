"""Running the console: the web server in this process, its worker in another."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn

from exchange.console.app import create_app
from exchange.console.house import opened
from exchange.settings import Settings


def address(settings: Settings) -> str:
    """Where browsers reach it."""
    told = settings.console
    scheme = "https" if told.tls_certificate else "http"
    return told.address or f"{scheme}://{told.host}:{told.port}"


def serve(settings: Settings) -> None:
    """Serve until ended. NeedsPerson 905 and the like before the first request; the worker ends with it."""
    told = settings.console
    with opened(settings) as house, working(settings):
        uvicorn.run(
            create_app(house), host=told.host, port=told.port, log_level="warning", access_log=False,
            server_header=False, proxy_headers=False,
            ssl_certfile=str(settings.at_home(told.tls_certificate)) if told.tls_certificate else None,
            ssl_keyfile=str(settings.at_home(told.tls_key)) if told.tls_key else None,
        )  # fmt: skip


@contextmanager
def working(settings: Settings) -> Iterator[None]:
    """The worker of a home, beside; it ends with the block, or when this process is killed."""
    told = {"HOME": settings.home.resolve(), "PROJECT": settings.project,
            "CONSOLE__SWEEP_SECONDS": settings.console.sweep_seconds}  # fmt: skip
    environment = {**os.environ, **{f"EXCHANGE_{name}": str(value) for name, value in told.items()}}
    worker = subprocess.Popen([sys.executable, "-m", "exchange.console.work"], env=environment)
    try:
        yield
    finally:
        worker.terminate()
        worker.wait(timeout=20)
