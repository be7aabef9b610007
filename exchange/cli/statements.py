"""Commands about the quarter's statement: make it, show it, sign it, compare it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.markup import escape
from rich.table import Table

from exchange import journeys
from exchange.cli.common import EXIT_FOUND, By, Home, Json, a_quarter, end, out, show_error, whoever, working
from exchange.domain.errors import NeedsPerson
from exchange.domain.statement_life import STATES
from exchange.domain.statement_terms import AMOUNTS, WORDS, signature_name

if TYPE_CHECKING:
    from exchange.ports import Parts
    from exchange.steps.make_statement import Made

app = typer.Typer(
    help="The quarter's statement: what was claimed, how it moved, what became of it.", no_args_is_help=True
)

WIDE = 96
"""Columns of a screen from which on the English stands beside the Chinese; amounts come first."""
SHOWN = 50
"""Differing values a screen shows."""

Quarter = Annotated[str, typer.Option("--period", callback=a_quarter, help="The quarter, as 2026Q3.")]
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
    """签署: at the court, the first officer (prepare) puts it forward, a second one (approve) has it signed with this
    end's key; it is sent by the next sweep where the route carries statements."""
    _sign(period, by, route, home, sender=True)


@app.command()
def countersign(period: Quarter, by: By, route: Route = None, home: Home = None) -> None:
    """会签: at the bureau, the same over the court's very bytes, once theirs was compared and agrees."""
    _sign(period, by, route, home, sender=False)


@app.command()
def refuse(
    period: Quarter,
    by: By,
    reason: Annotated[str, typer.Option("--reason", help="Why; it is told to the other side, so no personal data.")],
    route: Route = None,
    home: Home = None,
) -> None:
    """退回: at the bureau, an officer (approve) refuses what the court signed; our figures go back with the reason."""
    with end(home, actor=by) as parts, working(period):
        journeys.refuse_statement(parts, period, journeys.statement_route(parts, route), by, reason)
        out.print("已退回，下次收发时告知对方 refused; the next sweep tells the other side")


@app.command()
def send(period: Quarter, route: Route = None, home: Home = None) -> None:
    """重新送出: put a signed or refused statement on its way again when its packet was sent back."""
    with end(home, actor=whoever()) as parts, working(period):
        key = journeys.tell_statement(parts, period, journeys.statement_route(parts, route), again=True)
        out.print(
            f"{key}  已放行，下次收发时送出 released; the next sweep sends it" if key else "没有待送的 nothing to send"
        )


@app.command()
def status(route: Route = None, home: Home = None, as_json: Json = False) -> None:
    """办理情况: where each quarter's statement stands at both ends, who did what and when.

    Exit 5 when one differs or was refused.
    """
    with end(home) as parts:
        found = journeys.statement_status(parts, route)
    if as_json:
        out.print_json(data=found)
    for one in () if as_json else found:
        out.print(
            f"[bold]{one['period']}[/] 第 {one['version']} 版 {escape(one['route'])}  {' '.join(STATES[one['state']])}"
        )
        for step in one["steps"]:
            more = f"，{step['differing']} 处 values" if step.get("differing") else ""
            out.print(
                f"  {step['at'][:16].replace('T', ' ')} UTC  {STATES[step['what']][0]}{more}  {step['by']}",
                markup=False,
                soft_wrap=True,
            )
    if any(one["state"] in ("differs", "refused", "refused_there") for one in found):
        raise typer.Exit(EXIT_FOUND)


@app.command()
def compare(
    period: Quarter,
    file: Annotated[
        Path | None, typer.Option("--statement", exists=True, dir_okay=False, help="Their statement-v<n>.json.")
    ] = None,
    signature: Annotated[
        Path | None,
        typer.Option("--signature", exists=True, dir_okay=False, help="Their signature on it, a .p7s file."),
    ] = None,
    route: Route = None,
    home: Home = None,
    as_json: Json = False,
) -> None:
    """核对: the other side's signed statement against our own rows, line by line; without files, what the last
    comparison found (one that came as a packet is compared by the sweep).

    Exit 5 when a line differs. Where none does their signature is kept, and ours may follow by `countersign`.
    """
    with end(home, actor=whoever()) as parts, working(period):
        chosen = journeys.statement_route(parts, route)
        if file is not None and signature is not None:
            found = journeys.compare_statement(parts, period, chosen, file.read_bytes(), signature.read_bytes())
        else:
            found = journeys.statement_compared(parts, period, chosen)
        _differences(found, as_json)
    if found:
        raise typer.Exit(EXIT_FOUND)


def _sign(period: str, by: str, route: str | None, home: Path | None, *, sender: bool) -> None:
    with end(home, actor=by) as parts, working(period):
        chosen = journeys.statement_route(parts, route)
        if (parts.agreement.route(chosen).sender == parts.party) is not sender:
            other = "countersign" if sender else "sign"
            raise NeedsPerson(
                934, "The end that sends the cases signs first, the other one counter-signs.", where=chosen,
                next_step=f"Here it is `exchange statement {other}`.",
            )  # fmt: skip
        made = journeys.statement(parts, period, chosen)
        state = journeys.sign_statement(parts, period, chosen, by)
        out.print(" ".join(STATES[state]))
        if state == "signed":
            for name in (f"{made.name}.json", signature_name(made.version, parts.party)):
                out.print(f"  {parts.vault.where(made.key, name)}", soft_wrap=True, markup=False)


def _differences(found: Sequence[Mapping[str, Any]], as_json: bool) -> None:
    if as_json:
        out.print_json(data=found)
    elif not found:
        out.print("两端一致 both ends have the same; their signature is kept")
    for one in () if as_json else found[:SHOWN]:
        where = " ".join(one[name] for name in ("case_no", "claim_no", "rank"))
        out.print(
            f"  {where}  {WORDS.get(one['column'], (one['column'],))[0]}  对方 theirs {one['theirs']}"
            f"  我方 ours {one['ours']}", soft_wrap=True, markup=False,
        )  # fmt: skip
    if not as_json and len(found) > SHOWN:
        out.print(f"  另有 {len(found) - SHOWN} 处 more; --json lists all")


def _tell(parts: Parts, made: Made) -> None:
    out.print(_table(parts, made.statement))
    out.print(f"  第 {made.version} 版 version {made.version}   SHA-256 {made.sha256}", soft_wrap=True)
    for form in ("html", "xlsx", *(() if made.unprinted else ("pdf",))):
        out.print(f"  {parts.vault.where(made.key, f'{made.name}.{form}')}", soft_wrap=True, markup=False)
    for one in journeys.statement_status(parts, made.statement["route"]):
        for step in one["steps"] if one["sha256"] == made.sha256 else ():
            out.print(
                f"  {' '.join(STATES[step['what']])}  {step['by']}  {step['at'][:16].replace('T', ' ')} UTC",
                markup=False,
            )
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
