"""Commands about matches: list, confirm, reject, revoke."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.text import Text

from exchange import journeys
from exchange.cli.common import By, Home, Json, end, out, working

app = typer.Typer(help="Which debtor a claim means: proposals with their evidence, decisions.", no_args_is_help=True)


class Scope(enum.StrEnum):
    """How far a decision reaches."""

    case = "case"
    route = "route"


Id = Annotated[str, typer.Argument(metavar="ID", help="A candidate's id, or its first digits.")]
Why = Annotated[str, typer.Option("--reason", help="Why; it stays at this end. No personal data.")]
Far = Annotated[
    Scope | None,
    typer.Option(
        "--scope",
        help="This case alone (so when absent), or every case with the same ids and names on the route.",
    ),
]
Until = Annotated[
    datetime | None,
    typer.Option("--until", formats=["%Y-%m-%d"], help="The last day it is remembered; the route's days when absent."),
]


def register(typer_app: typer.Typer) -> None:
    """Add these commands."""
    typer_app.add_typer(app, name="match")


@app.command("list")
def list_(
    case: Annotated[str | None, typer.Option(help="One case's number, or a part of it.")] = None,
    every: Annotated[bool, typer.Option("--all", help="Settled ones too, and claims that nothing is like.")] = False,
    limit: Annotated[int, typer.Option(help="So many claims at most.", min=1)] = 30,
    home: Home = None,
    as_json: Json = False,
) -> None:
    """待匹配: claims whose debtor is open, each candidate with its evidence; debtors by their number, never by name."""
    from exchange.steps.list_matches import list_matches

    with end(home) as parts, working("…"):
        found = journeys.call(list_matches, parts, case=case, every=every) or []
    if as_json:
        out.print_json(data=found[:limit])
        return
    for one in found[:limit]:
        print_match(one)
    out.print(
        f"[dim]共 {len(found)} 笔申报 claims in all[/]" if found else "没有待匹配的申报 no claim waits to be matched."
    )


def print_match(one: Mapping[str, Any]) -> None:
    """One claim's match: each candidate with its evidence, and what was decided about it."""
    out.print(Text.assemble((one["claim_no"], "bold"), f"  {one['stated']}  ", (one["standing_zh"], "yellow"),
                            f" {one['standing_en']}"), soft_wrap=True)  # fmt: skip
    for candidate in one["candidates"]:
        barred = "  不得匹配 never" if candidate["barred"] else ""
        out.print(
            Text.assemble("  ", (candidate["id"], "" if candidate["barred"] else "cyan"),
                          f"  {candidate['case_no']} 债务人 debtor {candidate['debtor_no']}  "
                          f"{candidate['rule_zh']} {candidate['rule_en']}", (barred, "red")),
            soft_wrap=True,
        )  # fmt: skip
        for piece in candidate["evidence"]:
            out.print(Text(f"      {piece['zh']}  {piece['en']}", style="dim"), soft_wrap=True)
        if candidate["decision"]:
            out.print(Text(f"      {candidate['decision']['zh']}", style="green"), soft_wrap=True)
            out.print(Text(f"      {candidate['decision']['en']}", style="dim"), soft_wrap=True)


def _work(home: Path | None, id_: str, act: str, by: str, reason: str, **more: Any) -> None:
    from exchange.domain.match_words import decision_in_words
    from exchange.steps.work_match import work_match

    with end(home, actor=by) as parts, working("…"):
        after = journeys.call(work_match, parts, id_, act, by=by, reason=reason, **more)
        today = parts.today
    if after is None:
        out.print("已撤销 revoked; it is proposed again.")
        return
    words = decision_in_words(after, None, today)
    out.print(Text(f"{after.id}  {words['zh']}  {words['en']}"), soft_wrap=True)
    if after.waits:
        out.print(
            f"  次 next: exchange match confirm {after.id[:10]} --by <另一名人员 another officer> --reason …",
            markup=False, soft_wrap=True,
        )  # fmt: skip
    else:
        out.print(
            "  次 next: exchange reconcile KEY  （差异清单随之更新 the list of breaks then shows it）", markup=False
        )


@app.command("confirm")
def confirm(id_: Id, reason: Why, by: By, scope: Far = None, until: Until = None, home: Home = None) -> None:
    """确认: this claim means this debtor; where the route says so, another officer confirms the same id."""
    last = until.date() if until else None
    _work(home, id_, "confirm", by, reason, scope=scope.value if scope else None, until=last)


@app.command("reject")
def reject(id_: Id, reason: Why, by: By, scope: Far = None, until: Until = None, home: Home = None) -> None:
    """否定: this claim does not mean this debtor; it is not proposed again until a fact changes or the day passes."""
    last = until.date() if until else None
    _work(home, id_, "reject", by, reason, scope=scope.value if scope else None, until=last)


@app.command("revoke")
def revoke(id_: Id, reason: Why, by: By, home: Home = None) -> None:
    """撤销: take a decision back, whatever it was."""
    _work(home, id_, "revoke", by, reason)
