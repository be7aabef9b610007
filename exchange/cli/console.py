"""`exchange console` and the people who may use it."""

from __future__ import annotations

import os
import secrets
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer
from rich.table import Table

from exchange import wiring
from exchange.cli.common import Home, Json, out, settings_of, whoever
from exchange.cli.two_ends import COURT_PEOPLE, TAX_PEOPLE, ready_accounts, reopen
from exchange.domain.errors import NeedsPerson
from exchange.domain.person import Person, Role

if TYPE_CHECKING:
    from exchange.settings import Settings

people = typer.Typer(help="The console's accounts: list, add, set a password.", no_args_is_help=True)

_ROLES: Final = {
    Role.handler: "经办 handler", Role.reviewer: "复核 reviewer", Role.auditor: "审计 auditor",
    Role.administrator: "管理员 administrator",
}  # fmt: skip

Id = Annotated[str, typer.Argument(help="The person's id: a role id as liaison-1, never a name.")]


def register(typer_app: typer.Typer) -> None:
    """Add these commands."""
    typer_app.command("console")(console)
    typer_app.add_typer(people, name="people")


def console(
    home: Home = None,
    host: Annotated[str | None, typer.Option(help="Address to listen on.")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on.")] = None,
) -> None:
    """Open the officers' console of this end in a browser; for a demo's home, of both ends.

    Its settings stand under [console] in exchange.toml; docs/operations.md tells how to run it behind TLS.
    """
    from exchange.console.serve import address, serve

    if home is not None and (home / "demo.json").exists():
        _both(home, port or 8600)
        return
    settings = _at(settings_of(home), host, port)
    if not _accounts(settings):
        raise NeedsPerson(940, "Nobody has an account yet.", where=str(settings.home),
                          next_step="Add one: exchange people add admin-1 --name … --role administrator.")  # fmt: skip
    out.print(f"控制台 console: {address(settings)}  （Ctrl+C 结束 ends it）")
    serve(settings)


def _both(home: Path, port: int) -> None:
    """A demo's two consoles, each in a process of its own, with the exchange point between them, until ended."""
    wiring.stop_leftovers(home.resolve())
    ends = reopen(home)
    try:
        accounts = ready_accounts(ends)
        _tell(port, accounts.read_text(encoding="utf-8").strip(), accounts)
        environment = {**os.environ, "EXCHANGE_CONSOLE__SWEEP_SECONDS": "3"}
        environment.pop("EXCHANGE_HOME", None)
        running = [
            subprocess.Popen([sys.executable, "-c", "from exchange.cli import main; main()", "console", "--home",
                              str(settings.home), "--port", str(at)], env=environment, stdout=subprocess.DEVNULL)
            for settings, at in ((ends.court, port), (ends.tax, port + 1))
        ]  # fmt: skip
        with suppress(KeyboardInterrupt):
            for one in running:
                one.wait()
        for one in running:
            one.terminate()
            one.wait(timeout=30)
    finally:
        ends.point.stop()


def _tell(port: int, password: str, file: Path) -> None:
    table = Table("工号 id", f"法院 court http://127.0.0.1:{port}", f"税务 tax http://127.0.0.1:{port + 1}", box=None)
    for id, (name, role) in COURT_PEOPLE.items():
        table.add_row(id, f"{name} {_ROLES[role]}", f"{TAX_PEOPLE[id][0]} {_ROLES[role]}")
    out.print(table)
    out.print(f"密码 password: {password}　（{file}）", soft_wrap=True)
    out.print("Ctrl+C 结束 ends both.")


def _at(settings: Settings, host: str | None, port: int | None) -> Settings:
    told = {name: value for name, value in (("host", host), ("port", port)) if value is not None}
    return settings.model_copy(update={"console": settings.console.model_copy(update=told)})


def _accounts(settings: Settings) -> bool:
    desk = wiring.desk(settings)
    try:
        return bool(desk.people())
    finally:
        desk.close()


@people.command("list")
def list_(home: Home = None, as_json: Json = False) -> None:
    """Everybody with an account."""
    desk = wiring.desk(settings_of(home))
    try:
        found = desk.people()
    finally:
        desk.close()
    if as_json:
        out.print_json(data=[{"id": p.id, "roles": sorted(p.roles), "active": p.active} for p in found])
        return
    table = Table("工号 id", "姓名 name", "岗位 roles", "状态 state", box=None)
    for one in found:
        table.add_row(one.id, one.name, ", ".join(sorted(one.roles)), "启用 on" if one.active else "停用 off")
    out.print(table)


@people.command("add")
def add(
    id: Id,
    name: Annotated[str, typer.Option(help="The name shown on pages; it stays in the console.")],
    role: Annotated[list[Role], typer.Option(help="May be given several times.")],
    home: Home = None,
) -> None:
    """Add an account; its first password is printed once, and is changed at the first sign-in."""
    from exchange.console.accounts import add_person
    from exchange.console.house import opened

    password = secrets.token_urlsafe(12)
    with opened(settings_of(home)) as house:
        person = Person(id=id, name=name, roles=frozenset(role), must_change=True)
        add_person(house, person, password, by=whoever())
    out.print(f"已建立 added: {id}　首次密码 first password: {password}", soft_wrap=True)


@people.command("password")
def password(id: Id, home: Home = None) -> None:
    """Give a new password to somebody who forgot theirs; it opens a locked account too."""
    from exchange.console.accounts import set_password
    from exchange.console.house import opened

    made = secrets.token_urlsafe(12)
    with opened(settings_of(home)) as house:
        person = house.desk.person(id)
        if person is None:
            raise NeedsPerson(914, "There is no such account.", where=f"person {id}", next_step="exchange people list")
        set_password(house, person, made, by=whoever(), must_change=True)
    out.print(f"已重设 set: {id}　密码 password: {made}", soft_wrap=True)
