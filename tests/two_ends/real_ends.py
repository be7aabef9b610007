"""Both ends on real parts: PostgreSQL for source and ledgers, an OpenSSH server between them; each may be broken.

The court sends over SFTP through a line that can be cut; at the tax end the server's root is a folder.
"""

from __future__ import annotations

import os
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from shutil import rmtree

import psutil

from exchange import wiring
from exchange.ports import Parts
from exchange.settings import Settings, read_settings
from exchange.wiring import certificates
from tests.fakes.proxy import FaultyProxy
from tests.outcomes import WORLDS
from tests.running import ROUNDS, exchange, run
from tests.servers import PostgresServer, running_postgres
from tests.servers_sshd import Sshd, fingerprint, make_key, running_sshd, sshd_path

PAIR = "131100"
COURT, TAX = f"court-{PAIR}", f"tax-{PAIR}"


class Server:
    """The OpenSSH server between the ends, stopped and started with the same settings."""

    def __init__(self, sshd: Sshd) -> None:
        self.sshd = sshd

    def stop(self) -> None:
        """End it and every session of it, at once."""
        family = [*psutil.Process(self.sshd.process.pid).children(recursive=True)]
        os.killpg(self.sshd.process.pid, signal.SIGKILL)
        self.sshd.process.wait()
        for session in family:
            if session.is_running():
                session.kill()

    def start(self) -> None:
        """Start it again on its port."""
        command = [sshd_path(), "-D", "-e", "-f", str(self.sshd.folder / "sshd_config")]
        with (self.sshd.folder / "sshd.log").open("ab") as log:
            self.sshd.process = subprocess.Popen(command, stderr=log, stdout=log, start_new_session=True)
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline and not _listens(self.sshd):
            time.sleep(0.05)

    def new_host_key(self) -> str:
        """Give it another host key, as a reinstalled machine has; its fingerprint."""
        self.stop()
        line = make_key(self.sshd.folder / "host_ed25519")
        make_key(self.sshd.folder / "host_ecdsa", kind="ecdsa")
        self.start()
        return fingerprint(line)


def _listens(sshd: Sshd) -> bool:
    return any(c.laddr.port == sshd.port for c in psutil.Process(sshd.process.pid).net_connections("inet"))


@dataclass(kw_only=True)
class RealEnds:
    """A world's two ends. `court()` and `tax()` open their parts as a new process would."""

    folder: Path
    root: Path
    world: str
    postgres: PostgresServer
    server: Server
    line: FaultyProxy
    host_keys: list[str]
    databases: dict[str, str]

    @property
    def period(self) -> str:
        """The quarter of the world."""
        return ROUNDS[self.world][0]

    @property
    def as_of(self) -> str:
        """The day it is run."""
        return ROUNDS[self.world][1]

    @property
    def key(self) -> str:
        """The quarter's exchange."""
        return f"{PAIR}-cases.Q.{self.period}"

    def home(self, end: str) -> Path:
        """An end's home."""
        return self.folder / end

    def settings(self, end: str) -> Settings:
        """As its exchange.toml has them."""
        return read_settings(home=self.home(end))

    @contextmanager
    def open(self) -> Iterator[tuple[Parts, Parts]]:
        """Both ends' parts."""
        with ExitStack() as stack:
            yield (
                stack.enter_context(wiring.opened(self.settings("court"))),
                stack.enter_context(wiring.opened(self.settings("tax"))),
            )

    def write(self, *, source_password: str | None = None, ledger_password: str | None = None) -> None:
        """Both ends' exchange.toml."""
        to_tax = (
            f'kind = "sftp"\nhost = "127.0.0.1"\nport = {self.line.port}\nuser = "{self.server.sshd.user}"\n'
            f'root = "{self.root}"\nkey_file = "{self.server.sshd.user_key}"\nhost_keys = {self.host_keys}\n'
        )
        source = self.postgres.url(self.databases["source"], password=source_password)
        ends = {
            "court": (COURT, TAX, f'source_url = "{source}"\n', to_tax),
            "tax": (TAX, COURT, "", f'kind = "folder"\nroot = "{self.root}"\n'),
        }
        for end, (party, other, more, channel) in ends.items():
            ledger = self.postgres.url(self.databases[end], password=ledger_password)
            self.home(end).mkdir(exist_ok=True, mode=0o700)
            (self.home(end) / "exchange.toml").write_text(
                f'party = "{party}"\ntoday = {self.as_of}\nchecker = "plain"\nledger_url = "{ledger}"\n{more}'
                f'[officers]\nliaison-1 = ["prepare"]\nchief-1 = ["approve"]\n[channels."{other}"]\n{channel}',
                encoding="utf-8",
            )

    def command(self, end: str, *words: str) -> subprocess.CompletedProcess[str]:
        """An `exchange` command at an end."""
        return run(exchange(*words, "--home", str(self.home(end))))

    def start(self, end: str, *words: str) -> subprocess.Popen[str]:
        """The same, not waited for."""
        command = exchange(*words, "--home", str(self.home(end)))
        return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


@contextmanager
def servers() -> Iterator[tuple[PostgresServer, Server]]:
    """A PostgreSQL and an OpenSSH server of one's own, to be stopped at will."""
    base = Path(tempfile.mkdtemp(prefix="exchange-real-"))
    base.chmod(0o755)
    try:
        with running_postgres() as postgres, running_sshd(base / "sshd") as sshd:
            yield postgres, Server(sshd)
    finally:
        rmtree(base, ignore_errors=True)


@contextmanager
def real_ends(postgres: PostgresServer, server: Server, folder: Path, root: Path, world: str) -> Iterator[RealEnds]:
    """A world's two ends, keys pinned, the court's dump loaded."""
    databases = {name: postgres.new_database() for name in ("source", "court", "tax")}
    with FaultyProxy(server.sshd.port) as line:
        pinned = fingerprint((server.sshd.folder / "host_ed25519.pub").read_text(encoding="ascii"))
        ends = RealEnds(
            folder=folder, root=root, world=world, postgres=postgres, server=server, line=line,
            host_keys=[pinned], databases=databases,
        )  # fmt: skip
        ends.write()
        made = {end: {c.role: c for c in certificates.init_keys(ends.settings(end))} for end in ("court", "tax")}
        for end, other, party in (("court", "tax", TAX), ("tax", "court", COURT)):
            for role in ("sign", "decrypt"):
                shown = made[other][role]
                certificates.pin(ends.settings(end), party, role, shown.certificate, shown.fingerprint)
        wiring.load_source(ends.settings("court"), WORLDS / world / "court_db.sql")
        yield ends
    for name in databases.values():
        postgres.drop_database(name)
