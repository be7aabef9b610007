"""Commands about alerts: list, acknowledge."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.text import Text

from exchange import journeys
from exchange.cli.common import By, Home, Json, end, listing, out
from exchange.domain.alert_life import OPEN

app = typer.Typer(help="What the watch warned of, and who has seen it.", no_args_is_help=True)


def register(typer_app: typer.Typer) -> None:
    """Add these commands."""
    typer_app.add_typer(app, name="alerts")


@app.command("list")
def list_(
    every: Annotated[bool, typer.Option("--all", help="Acknowledged ones too.")] = False,
    limit: Annotated[int, typer.Option(help="So many at most.", min=1)] = 50,
    home: Home = None,
    as_json: Json = False,
) -> None:
    """预警: those nobody has acknowledged, escalated ones first."""
    from exchange.domain.alert_words import TITLES

    with end(home) as parts:
        found = parts.ledger.alerts(state=None if every else OPEN, limit=limit)
    if as_json:
        shown = ("rule", "subject", "state", "first_day", "last_day", "times", "escalated_on", "acknowledged_by")
        out.print_json(data=[{name: str(getattr(one, name) or "") for name in shown} for one in found])
        return
    if not found:
        out.print("没有未确认的预警 no alert waits to be acknowledged.")
        return
    table = listing("自 since", "预警 alert, rule", "对象 subject", "状态 state", header_style="dim")
    for one in found:
        state = f"已确认 {one.acknowledged_by}" if one.state != OPEN else "已报复核" if one.escalated_on else "未确认"
        words = Text(f"{TITLES.get(one.rule, (one.rule, ''))[0]}\n").append(Text(one.rule, style="dim", no_wrap=True))
        table.add_row(str(one.first_day), words, Text(one.subject, no_wrap=True), state)
    out.print(table)


@app.command("acknowledge")
def acknowledge(
    rule: Annotated[str, typer.Argument(help="The alert's rule, as `exchange alerts list` shows it.")],
    subject: Annotated[str, typer.Argument(help="What it is about: a case number, an exchange's key.")],
    by: By,
    word: Annotated[str, typer.Option("--word", help="What is done about it; stays at this end.")],
    home: Home = None,
) -> None:
    """确认预警: somebody has seen it. It rests, and comes again when its cause still stands after the agreed days."""
    from exchange.steps.work_alert import acknowledge_alerts

    with end(home, actor=by) as parts:
        alert = journeys.call(acknowledge_alerts, parts, [(rule, subject)], by=by, word=word)[0]
    out.print(f"{alert.subject}  已确认 acknowledged  {alert.acknowledged_by}  {alert.acknowledged_on}")
