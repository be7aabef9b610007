"""Commands about the quarter's statement: make it, show it, sign it, compare it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table

from exchange import journeys
from exchange.cli.common import EXIT_FOUND, By, Home, Json, end, out, show_error, whoever, working
from exchange.domain.statement_terms import (
    AMOUNTS,
    CHECKED,
    COUNTERSIGNED,
    DIFFERS,
    PREPARED,
    SIGNED,
    WORDS,
    signature_name,
)

if TYPE_CHECKING:
    from exchange.ports import Parts
    from exchange.steps.make_statement import Made

app = typer.Typer(
    help="The quarter's statement: what was claimed, how it moved, what became of it.", no_args_is_help=True
)

WIDE = 96
"""Columns of a screen from which on the English stands beside the Chinese; amounts come first."""
_STATES = {
    "prepared": "已提交，待第二人签署 put forward, waits for a second officer",
    "signed": "已签署 signed",
}
_TOLD = {
    PREPARED: "已提交 put forward by",
    SIGNED: "已签署 signed by",
    CHECKED: "与对方一致 the same as the sender's, compared by",
    COUNTERSIGNED: "对方已会签 counter-signed by the other side, compared by",
    DIFFERS: "有差异 lines differ, compared by",
}

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


@app.command()
def sign(period: Quarter, by: By, route: Route = None, home: Home = None) -> None:
    """签署: the first officer (prepare) puts it forward, a second one (approve) has it signed with this end's key."""
    with end(home, actor=by) as parts, working(period):
        made = journeys.statement(parts, period, route)
        state = journeys.sign_statement(parts, period, made.statement["route"], by)
        out.print(
            "已提交，待第二人签署 put forward, waits for a second officer" if state == "prepared" else "已签署 signed"
        )
        if state == "signed":
            for name in (f"{made.name}.json", signature_name(made.version, parts.party)):
                out.print(f"  {parts.vault.where(made.key, name)}", soft_wrap=True, markup=False)


@app.command()
def compare(
    period: Quarter,
    file: Annotated[Path, typer.Option("--statement", exists=True, dir_okay=False, help="Their statement-v<n>.json.")],
    signature: Annotated[
        Path, typer.Option("--signature", exists=True, dir_okay=False, help="Their signature on it, a .p7s file.")
    ],
    route: Route = None,
    home: Home = None,
    as_json: Json = False,
) -> None:
    """核对: the other side's signed statement against our own rows, line by line.

    Exit 5 when a line differs. Where none does their signature is kept, and ours may follow by `sign`.
    """
    with end(home, actor=whoever()) as parts, working(period):
        chosen = route or journeys.statement_route(parts)
        found = journeys.compare_statement(parts, period, chosen, file.read_bytes(), signature.read_bytes())
        if as_json:
            out.print_json(data=found)
        elif not found:
            out.print("两端一致 both ends have the same; their signature is kept")
        for one in () if as_json else found[:50]:
            where = " ".join(one[name] for name in ("case_no", "claim_no", "rank"))
            out.print(
                f"  {where}  {WORDS.get(one['column'], (one['column'],))[0]}  对方 theirs {one['theirs']}"
                f"  我方 ours {one['ours']}", soft_wrap=True, markup=False,
            )  # fmt: skip
    if found:
        raise typer.Exit(EXIT_FOUND)


def _tell(parts: Parts, made: Made) -> None:
    out.print(_table(parts, made.statement))
    out.print(f"  第 {made.version} 版 version {made.version}   SHA-256 {made.sha256}", soft_wrap=True)
    for form in ("html", "xlsx", *(() if made.unprinted else ("pdf",))):
        out.print(f"  {parts.vault.where(made.key, f'{made.name}.{form}')}", soft_wrap=True, markup=False)
    for event in parts.ledger.events(exchange=made.key):
        if event.kind in _TOLD and event.body["sha256"] == made.sha256:
            out.print(f"  {_TOLD[event.kind]} {event.actor}  {event.at:%Y-%m-%d %H:%M} UTC", markup=False)
    if made.unprinted:
        show_error(made.unprinted)


def _table(parts: Parts, statement: Mapping[str, Any]) -> Table:
    names = parts.agreement.codes["rank"].names_zh
    ranks = [rank for rank in names if rank in statement["ranks"]]
    table = Table(title=f"债权对账单 {statement['period']}（元 yuan）", box=None, padding=(0, 0, 0, 1))
    table.add_column("", overflow="fold")
    for rank in ranks:
        table.add_column(names[rank], justify="right", overflow="fold")
    table.add_column("合计 in all", justify="right", style="bold", overflow="fold")
    for name in AMOUNTS:
        amounts = [*(statement["ranks"][rank][name] for rank in ranks), statement["total"][name]]
        if name in ("opening", "closing") or any(amount != "0.00" for amount in amounts):
            table.add_row(
                " ".join(WORDS[name]) if out.width >= WIDE else WORDS[name][0], *(_grouped(one) for one in amounts)
            )
    return table


def _grouped(text: str) -> str:
    whole, _, cents = text.partition(".")
    sign = "-" if whole == "-0" else ""
    return f"{sign}{int(whole):,}.{cents}"
