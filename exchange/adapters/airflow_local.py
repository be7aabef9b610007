"""Airflow's components on this machine, started for a rehearsal or a test, driven by its REST API, ended cleanly.

Starts `api-server`, `scheduler` (LocalExecutor) and `dag-processor`, each in a session of its own and bound to
127.0.0.1 on a free port; no triggerer, as nothing here defers. Airflow itself is never imported. Every process is
recorded with pid and start time below `<home>/processes/`: what a killed run left behind is found by both and ended
at the next start. Production runs the same components from `docker-compose.yml`.
"""

from __future__ import annotations

import base64
import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

import psutil
import stamina

from exchange.domain.errors import NeedsPerson, RetryLater

COMPONENTS: Final[Mapping[str, tuple[str, ...]]] = {
    "api-server": ("api-server",),
    "scheduler": ("scheduler", "--skip-serve-logs"),
    "dag-processor": ("dag-processor",),
}
USER: Final = "liaison-1"
REPEATABLE: Final = frozenset({"GET", "PATCH"})
ENDED: Final = frozenset({"success", "failed"})
PROCESSES: Final = "processes"
PATIENCE_SECONDS: Final = 30
"""How long a component waits for another that holds SQLite's one writer's lock; by itself, five."""
RECORD_AND_RUN: Final = (
    'r=$1; shift; echo "$$ $(cut -d" " -f22 /proc/$$/stat)" > "$r.part" && mv "$r.part" "$r" && exec "$@"'
)
"""A component writes its pid and start time before it becomes Airflow: killed anywhere, whoever started it leaves no
process that nobody knows."""
MAKE_DATABASE: Final = "from airflow.utils.db import initdb; initdb()"
AIRFLOW: Final = "from airflow.__main__ import main; main()"
POLL_SECONDS: Final = 0.5


class AirflowLocal:
    """One Airflow below `home`, loading `dags` and `plugins`; a context manager that starts and stops it.

    `env` is added to the environment of every component (EXCHANGE_HOME, EXCHANGE_PARTY and the like); `database` is a
    SQLAlchemy URL, SQLite in the home by default; `user` is the name its runs are triggered by; `read_in` is a line
    of Python the scheduler begins with: its tasks are forks of it and need not import again what it has (2 to 5 s).
    Raises NeedsPerson 916 when a component ends or does not become healthy, RetryLater 918 while the API is busy.
    """

    def __init__(
        self,
        home: Path,
        *,
        dags: Path,
        plugins: Path,
        env: Mapping[str, str] | None = None,
        database: str | None = None,
        user: str = USER,
        parallelism: int = 4,
        read_in: str = "",
    ) -> None:
        self.home = home.resolve()
        self.user = user
        self.port = 0
        self._dags, self._plugins = dags.resolve(), plugins.resolve()
        self._env = dict(env or {})
        self._database = database or f"sqlite:///{self.home / 'airflow.db'}?timeout={PATIENCE_SECONDS}"
        self._parallelism = parallelism
        self._first = {"scheduler": read_in}
        self._password = ""
        self._token = ""
        self._running: dict[str, subprocess.Popen[bytes]] = {}

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def url(self) -> str:
        """Where the API and the pages are."""
        return f"http://127.0.0.1:{self.port}"

    def start(self, *, timeout_seconds: float = 180) -> None:
        """Make the database when it is new, start the components, and return once all of them are healthy."""
        self.home.mkdir(parents=True, exist_ok=True, mode=0o700)
        end_leftovers(self.home)
        self.port = _free_port()
        self._password = secrets.token_urlsafe(18)
        _write_private(self.home / "passwords.json", json.dumps({self.user: self._password}))
        environment = self._environment()
        self._make_database(environment)
        try:
            for name, arguments in COMPONENTS.items():
                program = f"{self._first.get(name, '')}\n{AIRFLOW}"
                self._running[name] = self._spawn(name, ("-c", program, *arguments), environment)
            self.until(self._healthy, "become healthy", timeout_seconds)
        except BaseException:
            self.stop()
            raise

    def stop(self, *, patience_seconds: float = 8) -> None:
        """End every component and everything it started; again is safe."""
        _end([process.pid for process in self._running.values() if process.poll() is None], patience_seconds)
        for process in self._running.values():
            process.wait()
        self._running.clear()
        for record in (self.home / PROCESSES).glob("*"):
            record.unlink(missing_ok=True)

    def unpause(self, dag_id: str, *, timeout_seconds: float = 60) -> None:
        """Let a DAG run, waiting for it to be parsed first."""
        self.until(lambda: self._known(dag_id), f"parse the DAG {dag_id}", timeout_seconds)
        self.call("PATCH", f"/api/v2/dags/{dag_id}", {"is_paused": False})

    def scheduled(self, dag_id: str, *, timeout_seconds: float = 60) -> str:
        """Let a DAG run and return the run its schedule makes at once; a run triggered besides would wait for it."""
        before = {run["dag_run_id"] for run in self.runs(dag_id)} if self._known(dag_id) else set()
        self.unpause(dag_id)
        new: list[str] = []

        def made() -> bool:
            new[:] = [str(r["dag_run_id"]) for r in self.runs(dag_id) if r["dag_run_id"] not in before]
            return bool(new)

        self.until(made, f"schedule a run of {dag_id}", timeout_seconds)
        return new[-1]

    def pause(self, dag_id: str) -> None:
        """Let a DAG start no further runs."""
        self.call("PATCH", f"/api/v2/dags/{dag_id}", {"is_paused": True})

    def trigger(self, dag_id: str, conf: Mapping[str, Any] | None = None) -> str:
        """Start a run without a logical date, unpausing the DAG; the run's id.

        The run is named here, so that a busy API can be asked again: where the first call made it after all, none is
        made besides.
        """
        self.unpause(dag_id)
        run_id = f"manual__{secrets.token_hex(8)}"
        body = {"dag_run_id": run_id, "logical_date": None, "conf": dict(conf or {})}
        for attempt in _again():
            with attempt:
                if all(run["dag_run_id"] != run_id for run in self.runs(dag_id)):
                    self.call("POST", f"/api/v2/dags/{dag_id}/dagRuns", body)
        return run_id

    def state(self, dag_id: str, run_id: str) -> str:
        """A run's state: queued, running, success or failed."""
        return str(self.call("GET", f"/api/v2/dags/{dag_id}/dagRuns/{run_id}")["state"])

    def wait(self, dag_id: str, run_id: str, *, timeout_seconds: float = 300) -> str:
        """A run's state once it has ended; NeedsPerson 916 when it does not in time."""
        self.until(lambda: self.state(dag_id, run_id) in ENDED, f"finish {dag_id} {run_id}", timeout_seconds)
        return self.state(dag_id, run_id)

    def runs(self, dag_id: str) -> Sequence[Mapping[str, Any]]:
        """A DAG's runs, newest first, as the API tells them."""
        found: Sequence[Mapping[str, Any]] = self.call(
            "GET", f"/api/v2/dags/{dag_id}/dagRuns?order_by=-run_after&limit=100"
        )["dag_runs"]
        return found

    def tasks(self, dag_id: str, run_id: str) -> Mapping[str, str]:
        """The state of each task instance by task id, `[n]` added where mapped."""
        listed = self.call("GET", f"/api/v2/dags/{dag_id}/dagRuns/{run_id}/taskInstances")["task_instances"]
        names = {i["id"]: i["task_id"] + (f"[{i['map_index']}]" if i["map_index"] >= 0 else "") for i in listed}
        return {names[i["id"]]: str(i["state"]) for i in listed}

    def xcom(self, dag_id: str, run_id: str, task_id: str) -> Any:
        """What an unmapped task returned."""
        path = f"/api/v2/dags/{dag_id}/dagRuns/{run_id}/taskInstances/{task_id}/xcomEntries/return_value"
        return self.call("GET", f"{path}?deserialize=true")["value"]

    def log(self, dag_id: str, run_id: str, task_id: str, attempt: int = 1) -> str:
        """An unmapped task's log of one attempt, as one text."""
        path = f"/api/v2/dags/{dag_id}/dagRuns/{run_id}/taskInstances/{task_id}/logs/{attempt}"
        return json.dumps(self.call("GET", f"{path}?full_content=true"), ensure_ascii=False)

    def attempts(self, dag_id: str, run_id: str, task_id: str) -> int:
        """How often an unmapped task was tried."""
        path = f"/api/v2/dags/{dag_id}/dagRuns/{run_id}/taskInstances/{task_id}"
        return int(self.call("GET", path)["try_number"])

    def import_errors(self) -> Sequence[str]:
        """The DAG files that could not be read, with the reason."""
        found = self.call("GET", "/api/v2/importErrors")["import_errors"]
        return [f"{e['filename']}: {e['stack_trace']}" for e in found]

    def call(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
        """One request to the REST API, logged in; its JSON. What changes nothing when repeated is tried again.

        An API server on SQLite answers 500 while the scheduler or the DAG processor holds the database.
        """
        if not self._token:
            login = {"username": self.user, "password": self._password}
            self._token = _request(f"{self.url}/auth/token", "POST", login)["access_token"]
        for attempt in _again(attempts=6 if method in REPEATABLE else 1):
            with attempt:
                return _request(f"{self.url}{path}", method, body, token=self._token)
        raise AssertionError("stamina ends with an answer or an error")

    def _environment(self) -> dict[str, str]:
        told = {
            "CORE__DAGS_FOLDER": str(self._dags),
            "CORE__PLUGINS_FOLDER": str(self._plugins),
            "CORE__LOAD_EXAMPLES": "False",
            "CORE__EXECUTOR": "LocalExecutor",
            "CORE__PARALLELISM": str(self._parallelism),
            "CORE__DEFAULT_TIMEZONE": "Asia/Shanghai",
            "CORE__EXECUTION_API_SERVER_URL": f"{self.url}/execution/",
            "CORE__AUTH_MANAGER": "airflow.api_fastapi.auth.managers.simple.simple_auth_manager.SimpleAuthManager",
            "CORE__SIMPLE_AUTH_MANAGER_USERS": f"{self.user}:admin",
            "CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": str(self.home / "passwords.json"),
            "CORE__FERNET_KEY": base64.urlsafe_b64encode(secrets.token_bytes(32)).decode(),
            "DATABASE__SQL_ALCHEMY_CONN": self._database,
            "API__HOST": "127.0.0.1",
            "API__PORT": str(self.port),
            "API__BASE_URL": self.url,
            "API__WORKERS": "1",
            "API__SECRET_KEY": secrets.token_urlsafe(32),
            "API_AUTH__JWT_SECRET": secrets.token_urlsafe(32),
            "SCHEDULER__SCHEDULER_IDLE_SLEEP_TIME": "0.5",
            "DAG_PROCESSOR__MIN_FILE_PROCESS_INTERVAL": "60",
            "LOGGING__BASE_LOG_FOLDER": str(self.home / "logs"),
        }
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("AIRFLOW", "PYTHONDONTWRITE"))}
        local = {"NO_PROXY": "127.0.0.1,localhost", "no_proxy": "127.0.0.1,localhost"}
        mine = {f"AIRFLOW__{k}": v for k, v in told.items()}
        return {**kept, **local, **mine, "AIRFLOW_HOME": str(self.home), **self._env}

    def _make_database(self, environment: Mapping[str, str]) -> None:
        if self._database.startswith("sqlite") and (self.home / "airflow.db").exists():
            return
        if self._spawn("database", ("-c", MAKE_DATABASE), environment).wait(timeout=180) != 0:
            raise self._failed("make its database", "database")

    def _spawn(self, name: str, arguments: Sequence[str], environment: Mapping[str, str]) -> subprocess.Popen[bytes]:
        """Start a component in a session of its own; it records itself before it becomes Airflow."""
        record = self.home / PROCESSES / name
        record.parent.mkdir(exist_ok=True, mode=0o700)
        with (self.home / f"{name}.log").open("ab") as log:
            return subprocess.Popen(
                ["/bin/sh", "-c", RECORD_AND_RUN, name, str(record), sys.executable, *arguments],
                env=dict(environment), cwd=self.home, stdin=subprocess.DEVNULL,
                stdout=log, stderr=subprocess.STDOUT, start_new_session=True,
            )  # fmt: skip

    def _healthy(self) -> bool:
        for name, process in self._running.items():
            if process.poll() is not None:
                raise self._failed("keep running", name)
        try:
            health = _request(f"{self.url}/api/v2/monitor/health", "GET")
        except RetryLater:
            return False
        return all(health[part]["status"] == "healthy" for part in ("metadatabase", "scheduler", "dag_processor"))

    def _known(self, dag_id: str) -> bool:
        return any(d["dag_id"] == dag_id for d in self.call("GET", "/api/v2/dags?limit=100")["dags"])

    def until(self, done: Callable[[], bool], what: str, timeout_seconds: float) -> None:
        """Wait for something to be so; NeedsPerson 916 that says what was not, when it lasts too long."""
        limit = time.monotonic() + timeout_seconds
        while not done():
            if time.monotonic() > limit:
                raise self._failed(f"{what} within {timeout_seconds:.0f} seconds", "*")
            time.sleep(POLL_SECONDS)

    def _failed(self, what: str, name: str) -> NeedsPerson:
        return NeedsPerson(
            916,
            f"The local Airflow did not {what}.",
            where=str(self.home / f"{name}.log"),
            next_step="Read that log; then start again.",
        )


def end_leftovers(home: Path) -> int:
    """End what an earlier run recorded and left running below this home; how many. Again is safe."""
    records = sorted((home / PROCESSES).glob("*"))
    left = [pid for record in records if (pid := _living(record)) is not None]
    _end(left, patience_seconds=10)
    for record in records:
        record.unlink(missing_ok=True)
    return len(left)


def _living(record: Path) -> int | None:
    """The recorded process if it still runs: a pid given to another since has another start time."""
    try:
        pid, started = record.read_text().split()
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (OSError, ValueError):
        return None
    return int(pid) if state[19] == started and state[0] != "Z" else None


def _end(leaders: Sequence[int], patience_seconds: float) -> None:
    """Ask the process groups to end, wait, then end what is left of them and of what they started."""
    family = [process for pid in leaders for process in _family(pid)]
    for pid in leaders:
        _signal_group(pid, signal.SIGTERM)
    _, stubborn = psutil.wait_procs(family, timeout=patience_seconds)
    if stubborn:
        for pid in leaders:
            _signal_group(pid, signal.SIGKILL)
        for process in stubborn:
            if process.is_running():
                process.kill()
        psutil.wait_procs(stubborn, timeout=5)


def _family(pid: int) -> list[psutil.Process]:
    try:
        leader = psutil.Process(pid)
        return [*leader.children(recursive=True), leader]
    except psutil.NoSuchProcess:
        return []


def _signal_group(leader: int, which: signal.Signals) -> None:
    try:
        os.killpg(leader, which)
    except ProcessLookupError:
        return


def _again(attempts: int = 6) -> Iterable[stamina.Attempt]:
    return stamina.retry_context(on=RetryLater, attempts=attempts, timeout=60)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _write_private(path: Path, text: str) -> None:
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as out:
        out.write(text)


def _request(url: str, method: str, body: Mapping[str, Any] | None = None, *, token: str = "") -> Any:
    data = None if body is None else json.dumps(body).encode()
    headers = {"content-type": "application/json", "accept": "application/json"}
    if token:
        headers["authorization"] = f"Bearer {token}"
    try:
        with urlopen(Request(url, data=data, method=method, headers=headers), timeout=30) as answer:  # noqa: S310
            return json.load(answer)
    except HTTPError as refused:
        if refused.code >= 500:
            raise RetryLater(
                918, "Airflow's API could not do it now.", where=f"{method} {url.partition('?')[0]}, {refused.code}",
                next_step="Its database may be busy; its log is api-server.log.",
            ) from None  # fmt: skip
        raise NeedsPerson(
            917,
            f"Airflow's API refused the request with status {refused.code}.",
            where=f"{method} {url.partition('?')[0]}",
            next_step="Check the DAG's name and the form's fields.",
        ) from None
    except (URLError, OSError, ValueError):
        raise RetryLater(918, "Airflow's API does not answer.", where=url, next_step="It may be starting.") from None
