"""Real servers for tests, started once per pytest process, only when a test asks, and stopped with it.

Each xdist worker has its own PostgreSQL (start about two seconds). `postgres_url` is a new empty database per test.
"""

from __future__ import annotations

import ctypes
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
from psycopg import sql


def free_port() -> int:
    """A TCP port of 127.0.0.1 nobody listens on right now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def dies_with_us(how: int) -> Callable[[], None]:
    """For `preexec_fn`: the kernel sends the child this signal when the pytest process ends, however it ends."""
    libc = ctypes.CDLL(None)

    def ask_kernel() -> None:
        libc.prctl(1, how)

    return ask_kernel


@dataclass(slots=True, kw_only=True)
class PostgresServer:
    """A PostgreSQL of our own on 127.0.0.1 and a unix socket.

    Over TCP roles need their password (scram-sha-256), so a wrong one can be tested; the socket trusts everyone.
    """

    programs: Path
    folder: Path
    port: int
    role: str = "exchange"
    password: str = "right-password"
    process: subprocess.Popen[bytes] | None = None

    @property
    def data(self) -> Path:
        """The data folder."""
        return self.folder / "data"

    def url(self, database: str, *, role: str | None = None, password: str | None = None) -> str:
        """SQLAlchemy URL over TCP with a password; give another one to be refused."""
        who, word = role or self.role, password if password is not None else self.password
        return f"postgresql+psycopg://{who}:{word}@127.0.0.1:{self.port}/{database}"

    def conninfo(self, database: str = "postgres") -> str:
        """libpq connection string of the superuser over the unix socket."""
        return f"host={self.folder} port={self.port} user=postgres dbname={database}"

    def new_database(self) -> str:
        """Make an empty database owned by `role`; its name."""
        name = f"test_{uuid4().hex[:12]}"
        with psycopg.connect(self.conninfo(), autocommit=True) as admin:
            admin.execute(
                # Copied as files it costs half of what it costs page by page.
                sql.SQL("CREATE DATABASE {} OWNER {} TEMPLATE template0 STRATEGY file_copy ENCODING 'UTF8'").format(
                    sql.Identifier(name), sql.Identifier(self.role)
                )
            )
        return name

    def drop_database(self, name: str) -> None:
        """Drop a database, ending whoever is connected."""
        with psycopg.connect(self.conninfo(), autocommit=True) as admin:
            admin.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))

    def start(self) -> None:
        """Start and wait until it answers."""
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                [self.programs / "postgres", "-D", self.data, "-k", self.folder, "-p", str(self.port)],
                stdout=log,
                stderr=log,
                stdin=subprocess.DEVNULL,
                cwd=self.folder,
                preexec_fn=dies_with_us(signal.SIGINT),  # noqa: PLW1509  # no threads yet at fixture time
                **_as_postgres(),
            )
        until = time.monotonic() + 30
        while time.monotonic() < until and self.process.poll() is None:
            with suppress(psycopg.OperationalError), psycopg.connect(self.conninfo()):
                return
            time.sleep(0.05)
        pytest.fail(f"PostgreSQL did not start:\n{(self.folder / 'log').read_text()[-2000:]}")

    def stop(self, *, how: signal.Signals = signal.SIGINT) -> None:
        """Stop at once, ending whoever is connected; again is safe. SIGQUIT writes nothing more down."""
        if self.process is None:
            return
        self.process.send_signal(how)
        try:
            self.process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            self.process.send_signal(signal.SIGQUIT)
            self.process.wait(timeout=10)
        self.process = None


def _as_postgres() -> dict[str, object]:
    """PostgreSQL refuses to run as root: then run it as the user its package made."""
    if os.geteuid() != 0:
        return {}
    try:
        user = pwd.getpwnam("postgres")
    except KeyError:
        pytest.fail("Running as root without a user 'postgres'. Install it: apt-get install postgresql", pytrace=False)
    return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}


def _postgres_programs() -> Path:
    """The folder with initdb and postgres, newest version first; a clear failure when there is none."""
    asked = shutil.which("pg_config")
    found = []
    if asked:
        answer = subprocess.run([asked, "--bindir"], capture_output=True, text=True, check=True)
        found.append(Path(answer.stdout.strip()))
    versions = Path("/usr/lib/postgresql")
    if versions.is_dir():
        found += sorted((v / "bin" for v in versions.iterdir()), key=lambda p: float(p.parent.name), reverse=True)
    for folder in found:
        if (folder / "initdb").exists() and (folder / "postgres").exists():
            return folder
    pytest.fail("PostgreSQL is not installed. Install it: apt-get install postgresql (make test does)", pytrace=False)


@contextmanager
def running_postgres(kept: Path | None = None, **settings: str) -> Iterator[PostgresServer]:
    """A fresh PostgreSQL for the block; a test that stops or breaks its server takes one of its own.

    `kept`: a folder that stays, its databases found again the next time; its path short, and open to the user postgres.
    """
    programs = _postgres_programs()
    folder = kept or Path(tempfile.mkdtemp(prefix="pg-", dir="/tmp"))  # a socket path has at most 107 bytes
    folder.mkdir(exist_ok=True, parents=True)
    identity = _as_postgres()
    if identity:
        os.chown(folder, int(str(identity["user"])), int(str(identity["group"])))
    server = PostgresServer(programs=programs, folder=folder, port=free_port())
    try:
        fresh = not server.data.exists()
        if fresh:
            _initdb(server, identity, settings)
        server.start()
        if fresh:
            with psycopg.connect(server.conninfo(), autocommit=True) as admin:
                admin.execute(
                    sql.SQL("CREATE ROLE {} LOGIN PASSWORD {}").format(sql.Identifier(server.role), server.password)
                )
        yield server
    finally:
        server.stop(how=signal.SIGINT if kept else signal.SIGQUIT)
        if kept is None:
            shutil.rmtree(folder, ignore_errors=True)


def _initdb(server: PostgresServer, identity: dict[str, object], more: dict[str, str]) -> None:
    """Make the data folder: UTF-8, no fsync unless told (tests only), passwords over TCP."""
    made = subprocess.run(
        [
            *(server.programs / "initdb", "-D", server.data, "-U", "postgres", "--no-sync", "--encoding=UTF8"),
            *("--locale=C.UTF-8", "--lc-collate=C", "--auth-local=trust", "--auth-host=scram-sha-256"),
            "--no-instructions",
        ],
        capture_output=True,
        text=True,
        cwd=server.folder,
        check=False,
        **identity,  # type: ignore[call-overload]
    )
    if made.returncode:
        pytest.fail(f"initdb failed:\n{made.stdout[-1000:]}{made.stderr[-1000:]}", pytrace=False)
    settings = {
        "listen_addresses": "'127.0.0.1'",
        "fsync": "off",
        "synchronous_commit": "off",
        "full_page_writes": "off",
        "shared_buffers": "32MB",
        "max_connections": "60",
        "unix_socket_permissions": "0777",
    } | more
    with (server.data / "postgresql.conf").open("a", encoding="utf-8") as out:
        out.writelines(f"{name} = {value}\n" for name, value in settings.items())


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """One PostgreSQL for this pytest process."""
    with running_postgres() as server:
        yield server


@pytest.fixture
def postgres_url(postgres_server: PostgresServer) -> Iterator[str]:
    """SQLAlchemy URL of a new empty database, dropped afterwards."""
    name = postgres_server.new_database()
    yield postgres_server.url(name)
    postgres_server.drop_database(name)


@pytest.fixture(params=["sqlite", "postgres"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A new empty database, once on SQLite and once on PostgreSQL."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'database.sqlite'}"
    return str(request.getfixturevalue("postgres_url"))
