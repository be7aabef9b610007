"""Builds a court and a tax bureau on one machine: homes, keys, pins, source database, exchange point.

Everything here is safe to do again: what is there is kept, what a killed run left half is made whole.
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Final, Literal

from exchange import wiring
from exchange.domain.errors import NeedsPerson
from exchange.domain.person import Person, Role
from exchange.settings import Settings, read_settings
from exchange.wiring import certificates

OFFICERS: Final[Mapping[str, list[str]]] = {"liaison-1": ["prepare"], "chief-1": ["approve"], "chief-2": ["approve"]}
"""Role ids of the demo's officers, at both ends."""

COURT_PEOPLE: Final[Mapping[str, tuple[str, Role]]] = {
    "liaison-1": ("何建海", Role.handler), "chief-1": ("林磊", Role.reviewer), "chief-2": ("徐明", Role.reviewer),
    "audit-1": ("赵敏", Role.auditor), "admin-1": ("周岩", Role.administrator),
}  # fmt: skip
TAX_PEOPLE: Final[Mapping[str, tuple[str, Role]]] = {
    "liaison-1": ("孙立", Role.handler), "chief-1": ("郑楠", Role.reviewer), "chief-2": ("钱宁", Role.reviewer),
    "audit-1": ("冯洁", Role.auditor), "admin-1": ("吴桐", Role.administrator),
}  # fmt: skip
"""Accounts of a rehearsal's consoles, id → name and role. The names are invented."""


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """What a demo is about: a court's dump, a tax bureau's return, a pair of parties, a quarter and a day."""

    home: Path
    source: Path
    answer: Path
    pair: str
    period: str
    as_of: date

    @property
    def court(self) -> str:
        """The court's party id."""
        return f"court-{self.pair}"

    @property
    def tax(self) -> str:
        """The tax bureau's party id."""
        return f"tax-{self.pair}"

    @property
    def route(self) -> str:
        """The route the cases travel on."""
        return f"{self.pair}-cases"

    @property
    def key(self) -> str:
        """The key of the quarter's exchange."""
        return f"{self.route}.Q.{self.period}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ends:
    """Both ends' settings and the running exchange point."""

    world: World
    court: Settings
    tax: Settings
    point: wiring.Point


def build(world: World) -> Ends:
    """Make or find both ends of a world below its home, and start the exchange point.

    Raises NeedsPerson 904 for a dump that can't be loaded, 905 when the home was built for another world.
    """
    _same_world(world)
    point = wiring.start_point(world.home / "point", client_key=world.home / "court/keys/sftp.key")
    court = _settle(world, "court", world.court, _to_point(world, point))
    tax = _settle(world, "tax", world.tax, _from_point(world))
    _introduce(world, court, tax)
    wiring.load_source(court, world.source)
    return Ends(world=world, court=court, tax=tax, point=point)


def reopen(home: Path) -> Ends:
    """Both ends of a demo's home as it was left, the exchange point started; NeedsPerson 914 where none was built."""
    mark = home / "demo.json"
    if not mark.exists():
        raise NeedsPerson(914, "No demo was run here.", where=str(home), next_step="Run `exchange demo` first.")
    told = json.loads(mark.read_text())
    world = World(
        home=home.resolve(), source=home, answer=home, pair=told["pair"], period=told["period"],
        as_of=date.fromisoformat(told["as_of"]),
    )  # fmt: skip
    point = wiring.start_point(world.home / "point", client_key=world.home / "court/keys/sftp.key")
    court = _settle(world, "court", world.court, _to_point(world, point))
    tax = _settle(world, "tax", world.tax, _from_point(world))
    return Ends(world=world, court=court, tax=tax, point=point)


def ready_accounts(ends: Ends) -> Path:
    """Accounts at both ends for a rehearsal, made once; the file that holds their password, for its owner alone."""
    from exchange.console.accounts import add_person
    from exchange.console.house import opened

    file = ends.world.home / "console-accounts.txt"
    if not file.exists():
        _write(file, f"{secrets.token_urlsafe(9)}\n")
        file.chmod(0o600)
    password = file.read_text(encoding="utf-8").split()[0]
    for settings, people in ((ends.court, COURT_PEOPLE), (ends.tax, TAX_PEOPLE)):
        with opened(settings) as house:
            for id, (name, role) in people.items():
                if house.desk.person(id) is None:
                    add_person(house, Person(id=id, name=name, roles=frozenset({role})), password, by="os:demo")
    return file


def _same_world(world: World) -> None:
    told = {
        "source": _digest(world.source), "pair": world.pair, "period": world.period,
        "as_of": world.as_of.isoformat(), "return": {f.name: _digest(f) for f in sorted(world.answer.glob("*.csv"))},
    }  # fmt: skip
    mark = world.home / "demo.json"
    if mark.exists():
        if json.loads(mark.read_text()) != told:
            raise NeedsPerson(
                905, "This home was built from another dump, return, pair, period or day.", where=str(mark),
                next_step="Give another --home, or remove this one.",
            )  # fmt: skip
        return
    world.home.mkdir(parents=True, exist_ok=True, mode=0o700)
    _write(mark, json.dumps(told, indent=1))


def _digest(path: Path) -> str:
    if not path.is_file():
        raise NeedsPerson(914, "There is no such file.", where=str(path), next_step="Check the path you gave.")
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _write(path: Path, text: str) -> None:
    """Whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    half = path.with_name(f".{path.name}.{os.getpid()}")
    half.write_text(text, encoding="utf-8")
    half.replace(path)


def _to_point(world: World, point: wiring.Point) -> dict[str, Any]:
    return {
        world.tax: {
            "kind": "sftp", "host": point.host, "port": point.port, "user": world.court, "root": "/",
            "key_file": str(world.home.resolve() / "court/keys/sftp.key"), "host_keys": [point.host_key],
        }
    }  # fmt: skip


def _from_point(world: World) -> dict[str, Any]:
    """The exchange point stands at the tax end: there it is a folder."""
    return {world.court: {"kind": "folder", "root": str(world.home.resolve() / "point/root")}}


def _settle(world: World, name: str, party: str, channels: Mapping[str, Any]) -> Settings:
    lines = [f'party = "{party}"', f"today = {world.as_of.isoformat()}", "watch_seconds = 900", "sweep_seconds = 5"]
    lines += ["retries = 3", "retry_seconds = 2", "", "[officers]"]
    lines += [f"{officer} = {json.dumps(duties)}" for officer, duties in OFFICERS.items()]
    for counterpart, told in channels.items():
        lines += ["", f'[channels."{counterpart}"]', *(f"{k} = {json.dumps(v)}" for k, v in told.items())]
    home = world.home.resolve() / name
    _write(home / "exchange.toml", "\n".join(lines) + "\n")
    return read_settings(home=home)


def _introduce(world: World, court: Settings, tax: Settings) -> None:
    """Each end makes its keys and pins the other's certificates; here the telephone call is this function."""
    roles: tuple[Literal["sign", "decrypt"], ...] = ("sign", "decrypt")
    made = {
        party: {m.role: m for m in certificates.init_keys(settings)}
        for party, settings in ((world.court, court), (world.tax, tax))
    }
    for settings, other in ((court, world.tax), (tax, world.court)):
        for role in roles:
            certificates.pin(settings, other, role, made[other][role].certificate, made[other][role].fingerprint)
