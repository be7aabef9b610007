"""Commands about what the parties agreed: contracts check, list, diff, rehearse."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer
from rich.table import Table
from rich.text import Text

from exchange import journeys, wiring
from exchange.cli.common import EXIT_FOUND, Home, Json, end, out, settings_of, whoever, working
from exchange.domain.contract import CodeList
from exchange.domain.contract_diff import TABLE, Change, Grade, diff_agreements
from exchange.domain.route import Route
from exchange.domain.wording import rule_words

if TYPE_CHECKING:
    from exchange.domain.rehearsal import Fault, Rehearsed

contracts_app = typer.Typer(help="What the parties agreed.", no_args_is_help=True)

Root = Annotated[
    Path, typer.Argument(help="A folder that holds contracts/ and schemas/.", exists=True, file_okay=False)
]
_COLOURS: Final[Mapping[Grade, str]] = {"breaking": "red", "risky": "yellow", "harmless": "green"}
_GRADES: Final[Mapping[Grade, str]] = {
    "breaking": "不兼容 breaking", "risky": "有风险 risky", "harmless": "无影响 harmless",
}  # fmt: skip
_WHO: Final = {"both": "双方 both ends", "sender": "发送方 sender", "receiver": "接收方 receiver", "nobody": "—"}


def register(app: typer.Typer) -> None:
    """Add these commands."""
    app.add_typer(contracts_app, name="contracts")


@contracts_app.command("check")
def contracts_check(home: Home = None) -> None:
    """Say what is wrong where in contracts/ and schemas/. Exit 5 when something is."""
    settings = settings_of(home)
    problems = wiring.check_contracts(settings)
    for problem in problems:
        place = f"{problem.file}:{problem.line}" if problem.line else str(problem.file)
        out.print(f"[red]✗[/] {place}  {problem.where}\n    {problem.what}\n    次 next: {problem.next_step}")
    if problems:
        raise typer.Exit(EXIT_FOUND)
    agreed = wiring.agreement(settings)
    out.print(f"[green]✓[/] {len(agreed.parties)} parties, {len(agreed.routes)} routes, {len(agreed.codes)} code lists")


@contracts_app.command("list")
def contracts_list(home: Home = None) -> None:
    """Routes with their datasets and the hash both parties agreed."""
    table = Table("路线 route", "→", "数据集 datasets", "contract sha256")
    for route in wiring.agreement(settings_of(home)).routes.values():
        names = "\n".join(f"{c.dataset} {c.version}  {c.title_zh}" for c in route.datasets)
        versions = "\n".join([f"{route.id}  {route.version}", *_before(route)])
        table.add_row(versions, f"{route.sender}\n→ {route.receiver}", names, route.contract_sha256[:16])
    out.print(table)


def _before(route: Route) -> list[str]:
    """What is told of the version before: from when on the sender uses this one, up to when that one is accepted."""
    if route.overlap is None:
        return []
    begins = [f"{route.overlap.effective} 起用 used from then"] if route.overlap.effective else []
    return [*begins, f"旧版 {route.overlap.route.version} 接收至 {route.overlap.until} accepted until then"]


@contracts_app.command("diff")
def contracts_diff(old: Root, new: Root, as_json: Json = False, home: Home = None) -> None:
    """What changed from one agreement to another, the gravest first, and who has to act. Exit 5 when it is breaking."""
    settings = settings_of(home)
    before, after = (wiring.agreement_at(root) for root in (old, new))
    table = wiring.agreement(settings).codes[TABLE]
    changes = diff_agreements(before, after, table)
    if as_json:
        out.print_json(data=[change.as_dict() for change in changes])
    elif not changes:
        out.print("没有变化 No changes.")
    else:
        out.print(_told(changes, table), soft_wrap=True)
        counted = Counter(change.grade for change in changes)
        out.print("  ".join(f"{_GRADES[grade]} {counted[grade]}" for grade in _GRADES if counted[grade]))
    if any(change.grade == "breaking" for change in changes):
        raise typer.Exit(EXIT_FOUND)


def _told(changes: list[Change], table: CodeList) -> Table:
    """A line a change; texts of the contracts are shown as they are, never as markup."""
    shown = Table("等级 grade", "变化 change", "位置 where", "原 before", "现 after", "谁处理 who acts", box=None)
    for change in changes:
        words = f"{table.names_zh[change.kind]}\n{table.names_en[change.kind]}"
        who = _WHO[table.extra[change.kind]["who"]]
        shown.add_row(
            Text(_GRADES[change.grade], style=_COLOURS[change.grade]), Text(words), Text("/".join(change.where)),
            Text(change.before or ""), Text(change.after or ""), who,
        )  # fmt: skip
    return shown


@contracts_app.command("rehearse")
def contracts_rehearse(
    new: Root,
    quarters: Annotated[int, typer.Option("--quarters", min=1, help="How many stored rounds, the last ones.")] = 4,
    as_json: Json = False,
    home: Home = None,
) -> None:
    """Run the last stored rounds of this end against a proposed agreement. Exit 5 when something would fail."""
    from exchange.steps.rehearse import PAGE
    from exchange.steps.rehearse import rehearse_rounds as step

    proposed = wiring.agreement_at(new)
    with end(home, actor=whoever()) as parts, working("…"):
        found: list[Rehearsed] = journeys.call(step, parts, proposed, last=quarters)
        page = parts.vault.where(found[-1].key, PAGE)
    if as_json:
        out.print_json(data=[one.as_dict() for one in found])
    for one in () if as_json else found:
        _show_rehearsed(one, proposed.route(one.key.partition(".")[0]))
    if not as_json:
        out.print(f"  试行报告 page  {page}", soft_wrap=True)
    if any(one.worse for one in found):
        raise typer.Exit(EXIT_FOUND)


def _show_rehearsed(one: Rehearsed, route: Route) -> None:
    """One round: counts on both sides, then what would fail and what would pass, by rule, with a few case numbers."""
    from exchange.domain.rehearsal import by_rule

    sign = "[red]✗[/]" if one.worse else "[green]✓[/]"
    out.print(
        f"{sign} [bold]{one.key}[/]  退回 held {one.now.held} → {one.then.held} / {one.then.selected}"
        + ("  [red]整批停止 would stop[/]" if one.then.stopped and not one.now.stopped else "")
    )
    for dataset, column in one.without_data:
        out.print(
            f"    必填而无存量数据 required, but no stored row has it: {dataset}.{column}", markup=False, soft_wrap=True
        )
    for dataset, column in one.left_behind:
        out.print(f"    不再传送 would no longer travel: {dataset}.{column}", markup=False, soft_wrap=True)
    for title, faults in (("将不通过 would fail", one.fails), ("将通过 would pass", one.passes)):
        for severity, rule, dataset, count in by_rule(faults):
            zh, en = rule_words(route, rule, dataset) if route.has(dataset) else (rule, rule)
            out.print(
                f"    {title}: {severity} {zh} {en} ({dataset}) ×{count}  {_some(faults, rule, dataset)}", markup=False
            )


def _some(faults: tuple[Fault, ...], rule: str, dataset: str) -> str:
    """A few of the places a rule speaks of."""
    places = [fault[3] for fault in faults if (fault[0], fault[1]) == (rule, dataset) and fault[3]]
    return "、".join(places[:5]) + (" …" if len(places) > 5 else "")
