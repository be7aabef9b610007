"""Commands about the quarter's statement: make it, show it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table

from exchange import journeys
from exchange.cli.common import Home, Json, end, out, show_error, whoever, working
from exchange.domain.statement import AMOUNTS
from exchange.domain.statement_page import WORDS

if TYPE_CHECKING:
    from exchange.ports import Parts
    from exchange.steps.make_statement import Made

app = typer.Typer(
    help="The quarter's statement: what was claimed, how it moved, what became of it.", no_args_is_help=True
)

Quarter = Annotated[str, typer.Option("--period", help="The quarter, as 2026Q3.")]
Route = Annotated[str | None, typer.Option(help="The route of the cases (this end's only one, when it has one).")]
Case = Annotated[str | None, typer.Option("--case", help="One case's part, in any bracket style; a page of its own.")]


def register(typer_app: typer.Typer) -> None:
    """Add these commands."""
    typer_app.add_typer(app, name="statement")


@app.command()
def make(
    period: Quarter,
    again: Annotated[bool, typer.Option("--again", help="Take in what came since, as the next version.")] = False,
    route: Route = None,
    home: Home = None,
) -> None:
    """制作对账单: the quarter's statement as JSON, page, sheet and print; made again it is the same, byte for byte."""
    with end(home, actor=whoever()) as parts, working(period):
        _tell(parts, journeys.statement(parts, period, route, again=again))


@app.command()
def show(
    period: Quarter, case: Case = None, route: Route = None, home: Home = None, as_json: Json = False
) -> None:  # fmt: skip
    """查看对账单: the quarter's sums by rank, or one case's with a page of its own to sign."""
    with end(home, actor=whoever()) as parts, working(period):
        made = journeys.statement(parts, period, route, case=case)
        if as_json:
            out.print_json(data=dict(made.statement))
        else:
            _tell(parts, made)


def _tell(parts: Parts, made: Made) -> None:
    out.print(_table(parts, made.statement))
    out.print(f"  第 {made.version} 版 version {made.version}   SHA-256 {made.sha256}", soft_wrap=True)
    for form in ("html", "xlsx", *(() if made.unprinted else ("pdf",))):
        out.print(f"  {parts.vault.where(made.key, f'{made.name}.{form}')}", soft_wrap=True, markup=False)
    if made.unprinted:
        show_error(made.unprinted)


def _table(parts: Parts, statement: Mapping[str, Any]) -> Table:
    names = parts.agreement.codes["rank"].names_zh
    ranks = [rank for rank in names if rank in statement["ranks"]]
    table = Table(title=f"债权对账单 {statement['period']}（元 yuan）", box=None)
    table.add_column("")
    for rank in ranks:
        table.add_column(names[rank], justify="right", overflow="fold", min_width=14)
    table.add_column("合计 in all", justify="right", style="bold", overflow="fold", min_width=14)
    for name in AMOUNTS:
        amounts = [*(statement["ranks"][rank][name] for rank in ranks), statement["total"][name]]
        if name in ("opening", "closing") or any(amount != "0.00" for amount in amounts):
            table.add_row(f"{WORDS[name][0]} {WORDS[name][1]}", *(_grouped(one) for one in amounts))
    return table


def _grouped(text: str) -> str:
    whole, _, cents = text.partition(".")
    sign = "-" if whole == "-0" else ""
    return f"{sign}{int(whole):,}.{cents}"
