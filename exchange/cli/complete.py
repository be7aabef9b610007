"""Commands about completeness: control totals with the receiver's, and as-of reads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any

import typer
from rich.table import Table
from rich.text import Text

from exchange import journeys
from exchange.cli.common import EXIT_FOUND, Home, Json, Key, end, out, whoever, working
from exchange.domain.complete_words import BECAUSE, HINTS, WHAT
from exchange.domain.moments import moment_of
from exchange.domain.wording import column_words, dataset_words, words
from exchange.ports import Parts

SHOWN = 20


def register(app: typer.Typer) -> None:
    """Add these commands."""
    app.command("control")(control)
    app.command("asof")(asof)


def control(key: Key, home: Home = None, as_json: Json = False) -> None:
    """控制总数: the source's own counts, what was selected, sent, held, left out, and what the receiver counted.

    Exit 5 when two figures that must be equal are not.
    """
    with end(home) as parts:
        journeys.record(parts, key)
        found = figures_of(parts, key)
        if as_json:
            out.print_json(data=found)
        else:
            print_figures(parts, key, found)
    if found.get("control", {}).get("variances") or any(line["agrees"] is False for line in found["confirmed"]):
        raise typer.Exit(EXIT_FOUND)


def asof(
    on: Annotated[datetime, typer.Option("--on", formats=["%Y-%m-%d"], help="The day that is looked at.")],
    known_on: Annotated[
        str | None,
        typer.Option("--known-on", help="What had been recorded by then: a day (its end) or a time; --on when absent."),
    ] = None,
    case: Annotated[str | None, typer.Option("--case", help="One case number alone, in any bracket style.")] = None,
    source: Annotated[
        bool, typer.Option("--source", help="Today's side is this end's register, not what was exchanged.")
    ] = False,
    route: Annotated[str | None, typer.Option(help="The route, where several have carried such rows.")] = None,
    dataset: Annotated[str | None, typer.Option(help="The cases and this dataset of them alone.")] = None,
    home: Home = None,
    as_json: Json = False,
) -> None:
    """某日情况: that day as it stood (known by --known-on) against as known today; names of people masked."""
    from exchange.steps.readings import readings

    moment = moment_of(known_on or on.date().isoformat())
    with end(home, actor=whoever()) as parts, working(on.date().isoformat()):
        found = journeys.call(
            readings, parts, on.date(), known_on=moment, case=case, from_source=source, route=route, dataset=dataset
        )  # fmt: skip
    if as_json:
        out.print_json(data=found)
        return
    print_readings(found)


def print_readings(found: Mapping[str, Any]) -> None:
    """How many rows either reading has, the cases on one side alone, and what differs, case by case."""
    out.print(f"[bold]{found['route']}[/]  {found['on']}   当时所知 as it stood: {found['left']}", soft_wrap=True)
    table = _table("", ["数据集 dataset"], ["当时 then", "今日 today"])
    for dataset, rows in found["rows"]["now"].items():
        table.add_row(dataset, str(found["rows"]["then"].get(dataset, 0)), str(rows))
    out.print(table)
    for side, words_ in (("right_only", "今日始知 known only today"), ("left_only", "今日已无 gone today")):
        if found[side]:
            out.print(f"  {words_}: {some_of(found[side])}", soft_wrap=True, markup=False)
    if not found["changed"]:
        if not found["right_only"] and not found["left_only"]:
            out.print("  两次所知相同 both readings are the same")
        return
    table = _table("", ["案号 case", "处所 where", "项目 column", "当时 then", "今日 today"])
    for one in found["changed"][:SHOWN]:
        for n, row in enumerate(one["differences"]):
            cells = (f"{row['dataset']} {row['row']}".strip(), row.get("column") or row["what"])
            values = (row.get("left") or "", row.get("right") or "")
            table.add_row(Text("" if n else one["subject"]), *map(Text, (*cells, *values)))
    out.print(table)
    if len(found["changed"]) > SHOWN:
        out.print(f"  … {len(found['changed']) - SHOWN} more with --json")


def some_of(numbers: Sequence[str]) -> str:
    """The first numbers of a list, and how many more there are."""
    return "、".join(numbers[:SHOWN]) + (f" … {len(numbers) - SHOWN} more" if len(numbers) > SHOWN else "")


def figures_of(parts: Parts, key: str) -> dict[str, Any]:
    """An exchange's figures (`steps/figures`)."""
    from exchange.steps.figures import figures

    found: dict[str, Any] = journeys.call(figures, parts, key)
    return found


def print_figures(parts: Parts, key: str, found: Mapping[str, Any]) -> None:
    """Courts that add up, figures side by side, missing serials, late events; nothing where nothing was counted."""
    if "control" in found:
        out.print(_courts(parts, key, found["control"]))
        out.print(_figures(parts, key, found["control"]))
        for one in found["control"]["variances"]:
            place = " ".join(filter(None, (one["court"], one["dataset"], one["stage"], one["measure"])))
            out.print(f"  [red]✗[/] {place}  {one['should']} ≠ {one['is']}  ({one['between']})", soft_wrap=True)
    if found["confirmed"]:
        out.print(_confirmed(parts, key, found["confirmed"]))
    for one in found.get("docket", {}).get("series", ())[:SHOWN]:
        out.print(_gap(one), soft_wrap=True)
    if found.get("late"):
        out.print(_late(found["late"]))


def _table(title: str, left: Sequence[str], right: Sequence[str] = ()) -> Table:
    """A table whose cells break rather than lose a digit."""
    table = Table(title=title, title_justify="left", box=None)
    for head in left:
        table.add_column(head, overflow="fold")
    for head in right:
        table.add_column(head, overflow="fold", justify="right")
    return table


def _courts(parts: Parts, key: str, control: Mapping[str, Any]) -> Table:
    route = journeys.agreed(parts, key).route(journeys.record(parts, key).route)
    names = {court.id: court.name for court in parts.agreement.parties[route.sender].courts}
    heads = {
        "register": "在册", "not_accepted": "未受理", "ended": "前已办结", "selected": "选中", "sent": "拟送",
        "held": "退回",
    }  # fmt: skip
    shown = [name for name in heads if any(name in line for line in control["courts"])]
    agreed = "与来源独立计数一致 agrees with the source" if control["checked"] else "来源未独立计数 not counted there"
    if control["variances"]:
        agreed = "[red]与来源不符 differs from the source[/]"
    table = _table(f"各法院件数 cases by court  {agreed}", ["法院 court"], [heads[name] for name in shown])
    for line in control["courts"]:
        table.add_row(names.get(line["court"], line["court"]), *(str(line.get(name, 0)) for name in shown))
    table.add_row("合计 total", *(str(sum(line.get(n, 0) for line in control["courts"])) for n in shown), style="bold")
    return table


def _figures(parts: Parts, key: str, control: Mapping[str, Any]) -> Table:
    heads = {"source": "来源", "selected": "选中", "sent": "拟送", "held": "退回", "left_out": "剔除"}
    shown = [name for name in heads if any(name in line for line in control["datasets"])]
    table = _table("控制总数 control totals", ["数据集", "项目"], [heads[name] for name in shown])
    for line in control["datasets"]:
        table.add_row(*_named(parts, key, line), *(line.get(name, "") for name in shown))
    return table


def _named(parts: Parts, key: str, line: Mapping[str, Any]) -> tuple[str, str]:
    """A figure's dataset and column as officers call them."""
    route = journeys.agreed(parts, key).route(journeys.record(parts, key).route)
    measure = "行数" if line["measure"] == "rows" else column_words(route, line["dataset"], line["measure"])[0]
    return dataset_words(route, line["dataset"])[0], measure


def _confirmed(parts: Parts, key: str, lines: Sequence[Mapping[str, Any]]) -> Table:
    title = "双方核对 both ends" if lines[0]["received"] is not None else "双方核对 both ends  待回执 no receipt yet"
    table = _table(title, ["数据集", "项目"], ["送出 sent", "对方收到 received", "对方入库 landed"])
    table.add_column("")
    for line in lines:
        sign = {True: "[green]✓[/]", False: "[red]✗[/]", None: ""}[line["agrees"]]
        cells = (line["sent"], line["received"] or "", line["landed"] or "")
        table.add_row(*_named(parts, key, line), *cells, sign)
    return table


def _gap(one: Mapping[str, Any]) -> str:
    hints = "、".join(
        (f"{h['serial']} ← " if h["serial"] else "") + f"#{h['record']} {words(HINTS, h['why'])[0]}"
        for h in one["hints"][:SHOWN]
    )
    state = f"[yellow]待说明 open {one['open']}[/]" if one["open"] else "[green]已说明 explained[/]"
    return f"  缺号 missing  {one['series']}  {one['missing']}  {state}" + (f"  可能 probably {hints}" if hints else "")


def _late(late: Sequence[Mapping[str, Any]]) -> Table:
    from exchange.domain.case_number import reference

    heads = ["案号 case", "事项 what", "日期 day", "季度 quarter", "迟报天数 days late", "缘由 because"]
    table = _table(f"补录 late-keyed {len(late)}", heads)
    for one in late[:SHOWN]:
        number = Text(reference(one["case_no"], str(one["record"])))
        because = words(BECAUSE, one["because"])[0]
        cells = (words(WHAT, one["what"])[0], one["happened_on"], one["quarter"], str(one["days_late"]), because)
        table.add_row(number, *cells)
    if len(late) > SHOWN:
        table.add_row(f"… {len(late) - SHOWN} more in outcome.json")
    return table
