"""Commands about this end's own records: source check."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from exchange import journeys
from exchange.cli.common import EXIT_FOUND, Home, Json, a_quarter, end, out, whoever, working
from exchange.domain.period import Period

source_app = typer.Typer(help="This end's own records.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Add these commands."""
    app.add_typer(source_app, name="source")


@source_app.command("check")
def source_check(
    period: Annotated[
        str | None, typer.Option("--period", callback=a_quarter, help="A quarter (2026Q3), else today's.")
    ] = None,
    route: Annotated[str | None, typer.Option("--route", help="One route; every quarterly route when absent.")] = None,
    as_json: Json = False,
    home: Home = None,
) -> None:
    """来源核对: whether the source still gives what the contract expects. Opens no exchange. Exit 5 when not."""
    from exchange.steps.check_source import check_source as step

    with end(home, actor=whoever()) as parts, working("…"):
        quarter = Period.parse(period) if period else Period.of(parts.today)
        routes = [route] if route else journeys.quarterly_routes(parts)
        found: list[dict[str, Any]] = [journeys.call(step, parts, one, quarter) for one in routes]
    if as_json:
        out.print_json(data=found)
    for one in () if as_json else found:
        _show(one)
    if any(one["drifts"] for one in found):
        raise typer.Exit(EXIT_FOUND)


def _show(one: dict[str, Any]) -> None:
    sign = "[red]✗[/]" if one["drifts"] else "[green]✓[/]"
    compared = "与上期比较 against the last quarter" if one["compared"] else "无上期可比 no earlier quarter to compare"
    out.print(f"{sign} [bold]{one['route']}[/] {one['period']}  {sum(one['rows'].values())} 行 rows  {compared}")
    for drift in one["drifts"]:
        out.print(f"    {drift['note']}", markup=False, soft_wrap=True)
