"""What console tests share: a quarter gone round, both ends' consoles with people, a client that signs in."""

from __future__ import annotations

import atexit
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Final

from anyio.from_thread import BlockingPortal, start_blocking_portal
from argon2 import PasswordHasher
from fastapi.testclient import TestClient
from httpx import Response
from sqlalchemy import MetaData, Table, create_engine, insert, inspect, select

from exchange.adapters.desk_sql import open_desk
from exchange.adapters.ledger_sql import open_ledger, shapes
from exchange.console.app import create_app
from exchange.console.house import House, opened
from exchange.console.visit import cookie
from exchange.domain.person import Person, Role
from exchange.settings import read_settings
from tests.running import environment

ROOT: Final = Path(__file__).resolve().parents[2]
PASSWORD: Final = "four plain words here"
PEOPLE: Final[Mapping[str, tuple[str, frozenset[Role]]]] = {
    "liaison-1": ("何建海", frozenset({Role.handler})),
    "chief-1": ("林磊", frozenset({Role.reviewer})),
    "chief-2": ("徐明", frozenset({Role.reviewer})),
    "audit-1": ("赵敏", frozenset({Role.auditor})),
    "admin-1": ("周岩", frozenset({Role.administrator})),
}
"""Everybody at an end of the tests; no name is anybody's in the sample."""
_QUICK: Final = PasswordHasher(time_cost=1, memory_cost=64, parallelism=1).hash(PASSWORD)
"""A hash says itself how dear it is to verify: signing in here costs a hundredth of what it costs people."""


def go_round(home: Path) -> None:
    """The demo's whole round between a court and a tax bureau, both ends below `home`."""
    world = ROOT / "examples/2026Q3"
    command = [sys.executable, "-c", _MAIN]
    command += ["demo", "--no-airflow", "--source", str(world / "court_db.sql"), "--return", str(world / "tax_return")]
    command += ["--period", "2026Q3", "--as-of", "2026-10-09", "--home", str(home)]
    subprocess.run(command, check=True, capture_output=True, cwd=ROOT, env=environment(plain=True))


_MAIN: Final = "from exchange.cli import main; main()"


def copied(world: Path, folder: Path) -> Path:
    """A world of one's own, quick to work in: its addresses point below the copy, rows are checked without Great
    Expectations, and both ends meet in the folder that the demo's exchange point served."""
    into = folder / "world"
    shutil.copytree(world, into)
    for file in into.glob("*/exchange.toml"):
        told = file.read_text(encoding="utf-8").replace(str(world), str(into))
        met = re.sub(r'kind = "sftp"[^\[]*(?:\[[^\]\n]*\]\n)?', f'kind = "folder"\nroot = "{into}/point/root"\n', told)
        file.write_text(met if "checker =" in met else f'checker = "plain"\n{met}', encoding="utf-8")
    return into


def peopled(world: Path, folder: Path) -> Path:
    """A world with `PEOPLE` at both ends, done once a run."""
    into = copied(world, folder)
    for end in ("court", "tax"):
        with console(into / end):
            pass
    return into


def unbegun(world: Path, folder: Path) -> Path:
    """A copy where keys are exchanged and the court has its records, and nothing went yet; a folder between both."""
    into = copied(world, folder)
    (into / "between").mkdir()
    for end in ("court", "tax"):
        home = into / end
        for left in home.glob("ledger.db*"):
            left.unlink()
        shutil.rmtree(home / "vault")
        told = re.sub(r"(?s)\[channels\.(\S+)\].*", rf'[channels.\1]\nkind = "folder"\nroot = "{into / "between"}"\n',
                      (home / "exchange.toml").read_text(encoding="utf-8"))  # fmt: skip
        (home / "exchange.toml").write_text(f"{told}\n[console]\nsample_size = 2\n", encoding="utf-8")
    return into


def on_postgres(world: Path, new_database: Callable[[], str]) -> None:
    """Both ends' ledgers and desks row by row into databases of PostgreSQL; their files go."""
    for end in ("court", "tax"):
        home, told = world / end, ""
        for name, opened_at in (("ledger", open_ledger), ("desk", open_desk)):
            url, file = new_database(), home / f"{name}.db"
            opened_at(url).close()
            if file.exists():
                _rows_over(f"sqlite:///{file}", url)
                file.unlink()
            told += f'{name}_url = "{url}"\n'
        settings = home / "exchange.toml"
        settings.write_text(told + settings.read_text(encoding="utf-8"), encoding="utf-8")


def _rows_over(there: str, here: str) -> None:
    """Every row of every table; tables of landed rows are made as the ledger makes them, of the contract's shape."""
    old, new = create_engine(there), create_engine(here)
    with old.connect() as a, new.begin() as b:
        tables = {name: Table(name, MetaData(), autoload_with=a) for name in inspect(a).get_table_names()}
        if "landed_shape" in tables:
            for shape in a.execute(select(tables["landed_shape"])).all():
                columns = [SimpleNamespace(name=n, type=t) for n, t in json.loads(shape.columns).items()]
                made = SimpleNamespace(dataset=shape.dataset, columns=columns, key=json.loads(shape.key))
                shapes.create(b, made)  # type: ignore[arg-type]
        for name, table in tables.items():
            rows = [dict(row) for row in a.execute(select(table)).mappings()] if not name.endswith("_version") else []
            if rows:
                b.execute(insert(Table(name, MetaData(), autoload_with=b)), rows)
    old.dispose()
    new.dispose()


@contextmanager
def console(home: Path, people: Mapping[str, tuple[str, frozenset[Role]]] = PEOPLE) -> Iterator[Console]:
    """The console of one end's home, its people added."""
    with opened(read_settings(home=home)) as house:
        for id, (name, roles) in people.items():
            if house.desk.person(id) is None:
                house.desk.save_person(Person(id=id, name=name, roles=roles, password=_QUICK))
        yield Console(house=house)


@cache
def _loop() -> BlockingPortal:
    """One event loop in one thread for all requests of this process, where each client would begin one for each
    request; it holds nothing of a request, and ends with the process."""
    open_ = ExitStack()
    atexit.register(open_.close)
    return open_.enter_context(start_blocking_portal())


@dataclass(kw_only=True)
class Console:
    """One end's console. `as_` gives a browser's stand-in with somebody signed in."""

    house: House
    app: Any = field(default=None)

    def __post_init__(self) -> None:
        self.app = create_app(self.house)

    def as_(self, person: str | None, *, language: str = "zh") -> Person_:
        """A client of its own; unless `person` is None, with a session of theirs (the form is for its own tests)."""
        client = TestClient(self.app, raise_server_exceptions=False, follow_redirects=False)
        client.portal = _loop()
        client.cookies.set("exchange_language", language)
        if person is not None:
            client.cookies.set(cookie(self.house), self.house.desk.open_session(person, self.house.now))
        return Person_(client=client, console=self)


@dataclass(kw_only=True)
class Person_:  # noqa: N801
    """Somebody at a browser without script."""

    client: TestClient
    console: Console

    def get(self, path: str, **more: Any) -> Response:
        """A page."""
        return self.client.get(path, **more)

    def page(self, path: str) -> str:
        """A page that is there, as text."""
        answer = self.get(path)
        assert answer.status_code == 200, f"{path}: {answer.status_code} {plain(answer.text)[:600]}"
        return answer.text

    def post(self, path: str, data: Mapping[str, Any] | None = None, **more: Any) -> Response:
        """A form, sent with this session's token."""
        return self.client.post(path, data={"csrf": self.csrf, **(data or {})}, **more)

    @property
    def secret(self) -> str:
        """What the session's cookie holds."""
        return self.client.cookies.get(cookie(self.console.house)) or ""

    @property
    def csrf(self) -> str:
        """The token a form of this session carries."""
        session = self.console.house.desk.session(self.secret)
        return session.csrf if session else ""


def plain(html: str) -> str:
    """What a page says, without its marks."""
    text = re.sub(r"(?s)<(script|style|svg)\b.*?</\1>", " ", html)
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", text)).strip()
