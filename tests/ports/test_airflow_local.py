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
    """Answers 500 to the calls of these numbers; keeps the runs it was told to start, where `half` is set also that
    of a call it answered 500."""

    refused = frozenset({1, 2})
    asked = 0
    half = False
    runs: list[str]


class _Handler(BaseHTTPRequestHandler):
    server: Busy

    def _answer(self) -> None:
        told = json.loads(self.rfile.read(int(self.headers.get("content-length") or 0)) or b"{}")
        login = self.path == "/auth/token"
        self.server.asked += not login
        ready = login or self.server.asked not in self.server.refused
        if self.command == "POST" and "conf" in told and (ready or self.server.half):
            self.server.runs.append(told.get("dag_run_id", "named by Airflow"))
        runs = [{"dag_run_id": run} for run in self.server.runs]
        dags = [{"dag_id": "exchange_watch"}]
        body = json.dumps({"access_token": "t", "is_paused": False, "dags": dags, "dag_runs": runs}).encode()
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
    server.runs = []
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
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


@pytest.mark.parametrize("half", [False, True], ids=["nothing was done", "it was done"])
@pytest.mark.parametrize("call", [1, 2, 3, 4], ids=["the DAG", "let it run", "its runs", "the run"])
def test_a_triggered_run_is_made_once_whichever_call_finds_the_api_busy(
    busy: tuple[Busy, AirflowLocal], call: int, half: bool
):
    server, local = busy
    server.refused, server.half = frozenset({call}), half
    assert [local.trigger("exchange_watch")] == server.runs
