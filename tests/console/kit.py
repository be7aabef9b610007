"""What console tests share: a quarter gone round, both ends' consoles with people, a client that signs in."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from fastapi.testclient import TestClient
from httpx import Response

from exchange.console.accounts import add_person
from exchange.console.app import create_app
from exchange.console.house import House, opened
from exchange.console.visit import cookie
from exchange.domain.person import Person, Role
from exchange.settings import read_settings

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


def go_round(home: Path) -> None:
    """The demo's whole round between a court and a tax bureau, both ends below `home`."""
    world = ROOT / "examples/2026Q3"
    command = [sys.executable, "-c", _MAIN]
    command += ["demo", "--no-airflow", "--source", str(world / "court_db.sql"), "--return", str(world / "tax_return")]
    command += ["--period", "2026Q3", "--as-of", "2026-10-09", "--home", str(home)]
    subprocess.run(command, check=True, capture_output=True, cwd=ROOT)


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


@contextmanager
def console(home: Path, people: Mapping[str, tuple[str, frozenset[Role]]] = PEOPLE) -> Iterator[Console]:
    """The console of one end's home, its people added."""
    with opened(read_settings(home=home)) as house:
        for id, (name, roles) in people.items():
            if house.desk.person(id) is None:
                add_person(house, Person(id=id, name=name, roles=roles), PASSWORD, by="admin-1")
        yield Console(house=house)


@dataclass(kw_only=True)
class Console:
    """One end's console. `as_` gives a browser's stand-in with somebody signed in."""

    house: House
    app: Any = field(default=None)

    def __post_init__(self) -> None:
        self.app = create_app(self.house)

    def as_(self, person: str | None, *, language: str = "zh") -> Person_:
        """A client of its own; signed in unless `person` is None."""
        client = TestClient(self.app, raise_server_exceptions=False, follow_redirects=False)
        client.cookies.set("exchange_language", language)
        if person is not None:
            answer = client.post("/sign-in", data={"person": person, "password": PASSWORD})
            assert answer.status_code == 303, answer.text
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
