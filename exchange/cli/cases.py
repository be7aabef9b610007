"""Commands about what was told of a case: correct, void-case, reissue, diff, lineage, known."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Final

import typer
from rich.table import Table
from rich.text import Text

from exchange import journeys
from exchange.cli.common import By, Home, Json, Key, end, out, whoever, working
from exchange.cli.complete import some_of
from exchange.cli.rounds import Reason, stands
from exchange.domain.moments import moment_of, moment_text

Case = Annotated[str, typer.Option("--case", help="The case number, in any bracket style.")]
SHOWN: Final = 20
KNOWN: Final = {"nothing": "一无所知 nothing", "known": "已知 known", "taken_back": "已撤回 taken back"}


def register(app: typer.Typer) -> None:
    """Add these commands."""
    for name, command in (
        ("correct", correct), ("void-case", void_case), ("reissue", reissue),
        ("diff", diff), ("lineage", lineage), ("known", known),
    ):  # fmt: skip
        app.command(name)(command)


def correct(
    reason: Reason,
    by: By,
    case: Annotated[list[str] | None, typer.Option("--case", help="A case number; may be given several times.")] = None,
    exchange: Annotated[
        str | None, typer.Option("--exchange", help="A past quarter's key: read that quarter anew from today's source.")
    ] = None,
    home: Home = None,
) -> None:
    """更正: read cases that were sent anew, and stage what differs as a correction for two officers.

    Not the same as `reissue`, which sends the very bytes that were sent.
    """
    if bool(case) == bool(exchange):
        raise typer.BadParameter("give --case or --exchange", param_hint="--case")
    from exchange.steps.correct import correct as step

    with end(home, actor=by) as parts:
        with working("…"):
            keys = journeys.call(step, parts, cases=tuple(case or ()), exchange=exchange, reason=reason)
        for key in keys:
            stands(parts, key)


def void_case(
    case: Case,
    why: Annotated[str, typer.Option("--why", help="dismissed, sent_in_error, wrong_counterpart, other.")],
    on: Annotated[datetime, typer.Option("--on", formats=["%Y-%m-%d"], help="Day of the ruling or decision.")],
    reason: Reason,
    by: By,
    ruling_no: Annotated[str | None, typer.Option("--ruling-no", help="The ruling's number (dismissed).")] = None,
    home: Home = None,
) -> None:
    """撤回案件: take a case back that was sent (acceptance dismissed, sent in error); two officers release it."""
    from exchange.steps.void_case import void_case as step

    with end(home, actor=by) as parts:
        with working(case):
            keys = journeys.call(
                step, parts, case, code=why, decided_on=on.date(), document_no=ruling_no, reason=reason
            )  # fmt: skip
        for key in keys:
            stands(parts, key)


def reissue(
    name: Annotated[str, typer.Argument(help="An exchange's key or a packet's id.")],
    by: By,
    into: Annotated[Path | None, typer.Option("--into", help="A folder or disc instead of the channel.")] = None,
    home: Home = None,
) -> None:
    """原样补发: the bytes that were sent, once more under the same id; the receiver answers with the same receipts."""
    from exchange.steps.reissue import reissue as step

    with end(home, actor=by) as parts:
        with working(name):
            done = journeys.call(step, parts, name, into=into)
        out.print(
            f"[bold]{done.packet_id}[/]  原样补发 reissued as sent" + (f" → {into}" if into else ""), soft_wrap=True
        )
        for file, sha256 in done.files.items():
            out.print(f"  {sha256}  {file}", soft_wrap=True)


def diff(
    key: Key,
    other: Annotated[
        str | None,
        typer.Argument(help="The later one; when absent, KEY is compared with its predecessor."),
    ] = None,
    home: Home = None,
    as_json: Json = False,
) -> None:
    """比对两次交换: which cases are on one side only, which changed and how; names of people masked."""
    from exchange.steps.diff import diff as step

    right, left = (other, key) if other else (key, None)
    with end(home, actor=whoever()) as parts:
        with working(right):
            found = journeys.call(step, parts, right, left)
        if as_json:
            out.print_json(data=found)
            return
        _counts(found)
        _changes(found)
        for kind in ("html", "xlsx"):
            name = f"diff-{found['left']}.{kind}"
            out.print(f"  {parts.vault.where(right, name)}", soft_wrap=True)


def _counts(found: Mapping[str, Any]) -> None:
    out.print(f"[bold]{found['left']}[/] → [bold]{found['right']}[/]", soft_wrap=True)
    counts = found["counts"]
    out.print(
        f"  变化 changed {counts['changed']} · 无变化 unchanged {counts['unchanged']} · 仅在后者 only right "
        f"{counts['right_only']} · 仅在前者 only left {counts['left_only']}",
        soft_wrap=True,
    )
    for side, words in (("right_only", "仅在后者 only right"), ("left_only", "仅在前者 only left")):
        if found[side]:
            out.print(f"  {words}: {some_of(found[side])}", soft_wrap=True, markup=False)


def _changes(found: Mapping[str, Any]) -> None:
    """The first changed cases, a line a column."""
    if not found["changed"]:
        return
    table = Table("案号 case", "数据集 dataset", "项目 column", "前 before", "后 after")
    for one in found["changed"][:SHOWN]:
        for n, row in enumerate(one["differences"]):
            place = f"{row['dataset']} {row['row']}".strip()
            values = (row.get("column") or row["what"], row.get("left") or "", row.get("right") or "")
            table.add_row("" if n else Text(one["subject"], no_wrap=True), place, *map(Text, values))
    out.print(table)
    if len(found["changed"]) > SHOWN:
        out.print(f"  … {len(found['changed']) - SHOWN} more with --json, and in the page and the sheet")


def lineage(case: Case, home: Home = None, as_json: Json = False) -> None:
    """案件沿革: every packet that carried a case, in order: what changed, why, who approved it, which receipts."""
    from exchange.steps.trace import trace

    with end(home, actor=whoever()) as parts:
        found = journeys.call(trace, parts, case)
    if as_json:
        out.print_json(data=found)
        return
    for one in found:
        _packets(one)


def known(
    case: Case,
    on: Annotated[str, typer.Option("--on", help="A day (its end) or a time, as 2026-10-09 or 2026-10-09T15:00.")],
    full: Annotated[bool, typer.Option("--full", help="Names of people in full; the ledger says who looked.")] = False,
    home: Home = None,
    as_json: Json = False,
) -> None:
    """当日所知: what the other side knew of a case that day, by its receipts; at the receiver, what this end knew."""
    from exchange.steps.trace import trace

    with end(home, actor=whoever()) as parts:
        found = journeys.call(trace, parts, case, on=moment_of(on), full=full)
    if as_json:
        out.print_json(data=found)
        return
    for one in found:
        what = f"{KNOWN[one['known']]}  {one['by'] or ''}"
        out.print(f"[bold]{one['case_no']}[/]  {moment_text(moment_of(one['on']))}  {what}", soft_wrap=True)
        _packets(one)
        for dataset, rows in one["rows"].items():
            _rows(dataset, rows)


def _packets(one: Mapping[str, Any]) -> None:
    """A line a packet, in the order they were sent."""
    heads = ("号 no.", "情形 why", "变化 changed", "经办、批准 by", "送出 sent", "对方收下 taken in", "回执 receipts")
    table = Table()
    for head in heads:
        table.add_column(head, overflow="fold")
    for packet in one["packets"]:
        officers = "\n".join(filter(None, (packet["prepared_by"], packet["approved_by"])))
        receipts = "\n".join(f"{r['rung']} {r['receipt'].split('.')[2]}" for r in packet["receipts"])
        table.add_row(
            f"{packet['number']} {packet['kind']}", _why(packet), "\n".join(packet["changed_columns"]), officers,
            _short(packet["sent_at"]), _taken(packet), receipts,
        )  # fmt: skip
    out.print(f"[bold]{one['case_no']}[/]  {one['route']}")
    out.print(table)


def _why(packet: Mapping[str, Any]) -> str:
    told = f"void: {packet['void_reason']}" if packet["void_reason"] else packet["why"] or ""
    return f"{told} → {packet['corrects'].split('.')[2]}" if packet["corrects"] else told


def _taken(packet: Mapping[str, Any]) -> str:
    if packet["refused_at"]:
        return f"[red]拒收 refused[/] {_short(packet['refused_at'])}"
    return _short(packet["taken_in_at"]) or "[yellow]未回执 not confirmed[/]"


def _short(at: str | None) -> str:
    return at[:16].replace("T", " ") if at else ""


def _rows(dataset: str, rows: list[Mapping[str, Any]]) -> None:
    table = Table("项目 column", "值 value", title=dataset, title_justify="left")
    for n, row in enumerate(rows):
        if n:
            table.add_section()
        for name, value in row.items():
            table.add_row(name, Text(str(value or "")))
    out.print(table)
