"""What a busy Airflow API is answered with: asked again where that changes nothing, told where it may."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from exchange.adapters.airflow_local import AirflowLocal
from exchange.domain.errors import RetryLater


class Busy(ThreadingHTTPServer):
    """Answers 500 to every call until `patience` of them were refused."""

    patience = 2
    asked = 0


class _Handler(BaseHTTPRequestHandler):
    server: Busy

    def _answer(self) -> None:
        self.rfile.read(int(self.headers.get("content-length") or 0))
        login = self.path == "/auth/token"
        self.server.asked += not login
        ready = login or self.server.asked > self.server.patience
        body = json.dumps({"access_token": "t", "is_paused": False}).encode()
        self.send_response(200 if ready else 500)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_POST = do_PATCH = do_GET = _answer  # noqa: N815

    def log_message(self, *_: object) -> None:
        return


@pytest.fixture
def busy(tmp_path: Path) -> Iterator[tuple[Busy, AirflowLocal]]:
    server = Busy(("127.0.0.1", 0), _Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    local = AirflowLocal(tmp_path, dags=tmp_path, plugins=tmp_path)
    local.port = server.server_address[1]
    yield server, local
    server.shutdown()
    server.server_close()


def test_a_busy_api_is_asked_again_where_that_changes_nothing(busy: tuple[Busy, AirflowLocal]):
    server, local = busy
    assert local.call("PATCH", "/api/v2/dags/exchange_watch", {"is_paused": False})["is_paused"] is False
    assert server.asked == 3


def test_a_run_is_not_started_twice_by_asking_again(busy: tuple[Busy, AirflowLocal]):
    server, local = busy
    with pytest.raises(RetryLater) as told:
        local.call("POST", "/api/v2/dags/exchange_watch/dagRuns", {"conf": {}})
    assert (told.value.code, server.asked) == (918, 1)
    assert "500" in str(told.value.where)
