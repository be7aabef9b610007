"""`exchange console` and the people who may use it."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from exchange.cli.common import Home, Json, out, settings_of, whoever
from exchange.domain.errors import NeedsPerson
from exchange.domain.person import Person, Role

if TYPE_CHECKING:
    from exchange.settings import Settings

people = typer.Typer(help="The console's accounts: list, add, set a password.", no_args_is_help=True)

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

    settings = _at(settings_of(home), host, port)
    if not _accounts(settings):
        raise NeedsPerson(940, "Nobody has an account yet.", where=str(settings.home),
                          next_step="Add one: exchange people add admin-1 --name … --role administrator.")  # fmt: skip
    out.print(f"控制台 console: {address(settings)}  （Ctrl+C 结束 ends it）")
    serve(settings)


def _at(settings: Settings, host: str | None, port: int | None) -> Settings:
    told = {name: value for name, value in (("host", host), ("port", port)) if value is not None}
    return settings.model_copy(update={"console": settings.console.model_copy(update=told)})


def _accounts(settings: Settings) -> bool:
    from exchange import wiring

    desk = wiring.desk(settings)
    try:
        return bool(desk.people())
    finally:
        desk.close()


@people.command("list")
def list_(home: Home = None, as_json: Json = False) -> None:
    """Everybody with an account."""
    from exchange import wiring

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
