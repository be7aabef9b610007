"""What the commands share: options, the console, how an error looks."""

from __future__ import annotations

import getpass
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, Final, TextIO

import typer
from rich.console import Console
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from exchange import wiring
from exchange.domain.errors import ExchangeError, NeedsPerson, RetryLater
from exchange.domain.period import Period
from exchange.ports import Parts
from exchange.settings import Settings, read_settings

EXIT_FAULT: Final = 1
EXIT_NEEDS_PERSON: Final = 3
EXIT_RETRY: Final = 4
EXIT_FOUND: Final = 5

_FILED: Final = 160
"""Columns of what goes to a file or another program: it has no width of its own, and nothing is to be cut for one."""


def _width(stream: TextIO) -> int | None:
    return None if stream.isatty() or "COLUMNS" in os.environ else _FILED


out = Console(width=_width(sys.stdout), highlight=False)
err = Console(stderr=True, width=_width(sys.stderr), highlight=False)

Home = Annotated[
    Path | None,
    typer.Option("--home", envvar="EXCHANGE_HOME", help="This end's folder: exchange.toml, ledger, vault, keys."),
]
By = Annotated[str, typer.Option("--by", envvar="EXCHANGE_OFFICER", help="Your role id, as listed under [officers].")]
Key = Annotated[str, typer.Argument(help="An exchange's key, as `exchange status` lists it.")]
Json = Annotated[bool, typer.Option("--json", help="Machine-readable output.")]


def a_quarter(text: str | None) -> str | None:
    """What `--period` was given, once it is a quarter: wrong usage otherwise, and no fault of a file."""
    if text is not None:
        try:
            Period.parse(text)
        except NeedsPerson as error:
            raise typer.BadParameter(f"{text!r}: {error.next_step}") from None
    return text


def whoever() -> str:
    """Who sits here, for the ledger: the officer named by EXCHANGE_OFFICER, else the system's user as `os:<name>`."""
    return os.environ.get("EXCHANGE_OFFICER") or f"os:{getpass.getuser()}"


def settings_of(home: Path | None, **more: Any) -> Settings:
    """This end's settings; NeedsPerson 905 when the home has none."""
    return read_settings(home=home, **more)


@contextmanager
def end(home: Path | None, *, actor: str = "system") -> Iterator[Parts]:
    """Every port of this end, with a spinner while it is being put together."""
    with err.status("…"):
        settings = settings_of(home)
        manager = wiring.opened(settings, actor=actor)
        parts = manager.__enter__()
    try:
        yield parts
    finally:
        manager.__exit__(None, None, None)


@contextmanager
def working(text: str) -> Iterator[None]:
    """A spinner on a terminal while something takes its time."""
    with err.status(text):
        yield


def listing(*heads: str, **look: Any) -> Table:
    """A table without lines in which nothing is cut: what is too long for its column goes on below."""
    table = Table(box=None, **look)
    for head in heads:
        table.add_column(head, overflow="fold")
    return table


def coded(code: int | None) -> str:
    """A code as an officer reads it: `E303` and its Chinese text."""
    known = wiring.problem(code) if code else None
    return f"E{code} {known.text_zh if known else ''}".strip() if code else ""


def show_error(error: ExchangeError) -> None:
    """What is wrong, where, and what next: Chinese from the catalogue, English from the error."""
    problem = wiring.problem(error.code)
    body = Text()
    if problem is not None:
        body.append(f"{problem.text_zh}\n", style="bold")
    body.append(error.what)
    if error.where:
        body.append("\n在 where: ", style="dim")
        body.append(error.where)
    if problem is not None:
        body.append("\n办 remedy: ", style="dim")
        body.append(problem.remedy_zh)
    if error.next_step:
        body.append("\n次 next: ", style="dim")
        body.append(error.next_step)
    kind = "可稍后重试 try again later" if isinstance(error, RetryLater) else "需人工处理 a person is needed"
    colour = "yellow" if isinstance(error, RetryLater) else "red"
    err.print(Panel(body, title=f"E{error.code} · {kind}", border_style=colour, title_align="left"))
