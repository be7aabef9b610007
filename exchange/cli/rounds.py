"""Commands that move exchanges: run, review, send, collect, take-in, answer, reconcile, urgent, watch, sweep."""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Annotated, Final

import typer
from rich.table import Table

from exchange import journeys
from exchange.cli.common import (
    EXIT_NEEDS_PERSON,
    EXIT_RETRY,
    By,
    Home,
    Json,
    Key,
    a_quarter,
    end,
    err,
    out,
    show_error,
    working,
)
from exchange.domain import lifecycle
from exchange.domain.errors import RetryLater
from exchange.domain.outcome_file import OUTCOME, outcome_of
from exchange.domain.points import standing
from exchange.journeys import Swept
from exchange.ports import ExchangeRecord, Parts
from exchange.steps.review import Decision
from exchange.steps.review import review as review_step

run_app = typer.Typer(help="Run a scheduled round by hand.", no_args_is_help=True)
review_app = typer.Typer(
    help="Decide about an exchange: two officers, each bound to its fingerprint.", no_args_is_help=True
)

Day = Annotated[datetime | None, typer.Option("--as-of", formats=["%Y-%m-%d"], help="The day to work as of (today).")]
Fingerprint = Annotated[str | None, typer.Option(help="The content fingerprint you saw (its first digits).")]
Reason = Annotated[str, typer.Option("--reason", help="Why, in a sentence; kept in the vault, not in the ledger.")]


def register(app: typer.Typer) -> None:
    """Add these commands."""
    app.add_typer(run_app, name="run")
    app.add_typer(review_app, name="review")
    for name, command in (
        ("send", send), ("collect", collect), ("take-in", take_in), ("answer", answer),
        ("reconcile", reconcile), ("urgent", urgent), ("watch", watch), ("sweep", sweep),
    ):  # fmt: skip
        app.command(name)(command)


@run_app.command("quarterly")
def quarterly(
    period: Annotated[str, typer.Option(callback=a_quarter, help="The quarter, as 2026Q3.")],
    route: Annotated[str | None, typer.Option(help="One route; every route of the quarter when absent.")] = None,
    as_of: Day = None,
    home: Home = None,
) -> None:
    """Extract, check and stage a quarter, up to the officers' approval. Again is safe: it goes on where it stopped."""
    with end(home) as parts:
        routes = [route] if route else journeys.quarterly_routes(parts)
        if not routes:
            raise typer.BadParameter("this end sends no cases; name a route", param_hint="--route")
        for one in routes:
            with working(f"{one} {period} …"):
                key = journeys.quarterly(parts, one, period, as_of.date() if as_of else None)
            stands(parts, key)


_NEXT: Final[Mapping[str, str]] = {
    lifecycle.CHECKED: "review prepare {key} --by <officer>",
    lifecycle.PREPARED: "review approve {key} --by <officer>",
    lifecycle.STOPPED: "review lift {key} --by <officer> --reason <why>",
    lifecycle.APPROVED: "send {key}",
    lifecycle.PACKED: "send {key}",
}
"""What an officer does next, by state."""


def stands(parts: Parts, key: str) -> None:
    """One line where it stands, and what to do next."""
    record = journeys.record(parts, key)
    out.print(f"[bold]{key}[/]  {record.state}  ({journeys.GATES.get(record.state, '')})")
    if record.content_hash:
        out.print(f"  内容指纹 fingerprint  {record.content_hash[:32]}")
    if parts.vault.has(key, "report.html"):
        out.print(f"  校验报告 report       {parts.vault.where(key, 'report.html')}", soft_wrap=True)
    following = _NEXT.get(record.state)
    if waiting := _waiting(parts, record):
        out.print(f"  [yellow]待说明 {waiting} 项[/]  {waiting} points wait for an officer's reason")
        following = "points {key}"
    if following:
        out.print(f"  次 next: exchange {following.format(key=key)}", soft_wrap=True)


def _waiting(parts: Parts, record: ExchangeRecord) -> int:
    """How many points of an exchange before its preparation lack a reason."""
    if record.state not in (lifecycle.CHECKED, lifecycle.STOPPED):
        return 0
    return len(
        standing(record.key, parts.ledger.events(exchange=record.key), partial(parts.vault.get, record.key)).open
    )


def _decide(
    home: Path | None, key: str, decision: Decision, by: str, fingerprint: str | None, reason: str = ""
) -> None:
    with end(home, actor=by) as parts:
        with parts.ledger.lock(f"run:{key}"):
            journeys.call(review_step, parts, key, decision, by=by, fingerprint=fingerprint, reason=reason)
        stands(parts, key)


@review_app.command("prepare")
def prepare(key: Key, by: By, fingerprint: Fingerprint = None, home: Home = None) -> None:
    """经办提交复核: the preparer has looked and submits."""
    _decide(home, key, "prepare", by, fingerprint)


@review_app.command("approve")
def approve(key: Key, by: By, fingerprint: Fingerprint = None, home: Home = None) -> None:
    """复核批准: another officer approves; the exchange may leave."""
    _decide(home, key, "approve", by, fingerprint)


@review_app.command("refuse")
def refuse(key: Key, by: By, reason: Reason, home: Home = None) -> None:
    """退回经办: send it back; the next run makes a new attempt."""
    _decide(home, key, "refuse", by, None, reason)


@review_app.command("lift")
def lift(key: Key, by: By, reason: Reason, home: Home = None) -> None:
    """解除停止: let an exchange that stopped (too many cases held) be reviewed all the same."""
    _decide(home, key, "lift", by, None, reason)


@review_app.command("confirm")
def confirm(key: Key, by: By, home: Home = None) -> None:
    """事后复核: look at what one officer or a rule released."""
    _decide(home, key, "confirm", by, None)


def send(
    key: Annotated[str | None, typer.Argument(help="An exchange's key; everything approved when absent.")] = None,
    home: Home = None,
) -> None:
    """Pack and send what is approved. Stored bytes are sent again under the same number, never a new packet."""
    with end(home) as parts:
        keys = [key] if key else [e.key for e in parts.ledger.exchanges(states=list(journeys.OUTGOING))]
        for one in keys:
            with working(one):
                state = journeys.onward(parts, one)
            out.print(f"{one}  {state}  ({journeys.GATES.get(state, '')})")
        if not key:
            journeys.deliver(parts)
        if not keys:
            out.print("没有待传送的交换 nothing is approved and waiting.")


def collect(home: Home = None) -> None:
    """Fetch what arrived from every counterpart into the vault; `take-in` opens it."""
    with end(home) as parts:
        for counterpart in parts.channels:
            for packet_id in journeys.fetch(parts, counterpart):
                out.print(f"{packet_id}  collected")


def take_in(
    packet: Annotated[str | None, typer.Argument(help="A packet's id; everything that arrived when absent.")] = None,
    home: Home = None,
) -> None:
    """Verify, open, check and land collected packets, and send the receipts they are owed."""
    with end(home) as parts:
        seen = 0
        for counterpart in parts.channels:
            ids = [packet] if packet else journeys.fetch(parts, counterpart)
            for packet_id in ids:
                with working(packet_id):
                    results = journeys.receive(parts, [packet_id])
                for result in results:
                    out.print(f"{result.packet_id}  {result.result}" + (f"  E{result.code}" if result.code else ""))
                    if parts.vault.has(result.packet_id, "received.html"):
                        out.print(f"  {parts.vault.where(result.packet_id, 'received.html')}", soft_wrap=True)
            seen += len(ids)
            if packet:
                break
        journeys.deliver(parts)
        if not seen:
            out.print("没有到达的数据包 nothing arrived.")


def answer(
    from_: Annotated[
        Path, typer.Option("--from", help="Folder with tax_claim, tax_claim_line, tax_status .csv; tax_payment too.")
    ],
    route: Annotated[str | None, typer.Option(help="Which court is answered, where this end answers several.")] = None,
    home: Home = None,
) -> None:
    """At the tax end: check the claims and status files and stage them as an answer, up to the officers' approval."""
    with end(home) as parts:
        with working(str(from_)):
            key = journeys.answer(parts, from_, route)
        stands(parts, key)


def reconcile(
    key: Annotated[str | None, typer.Argument(help="A quarterly exchange's key; the newest sent when absent.")] = None,
    as_of: Day = None,
    home: Home = None,
) -> None:
    """Compare register, administrator's table and tax claims; list the differences."""
    with end(home) as parts:
        sent = parts.ledger.exchanges(kind="Q", states=sorted(lifecycle.GONE))
        answered = {r.id for r in parts.agreement.routes_from(parts.party) if r.answered_by is not None}
        keys = [key] if key else [e.key for e in sent if e.direction == "out" and e.route in answered][-1:]
        for one in keys:
            with working(one):
                journeys.reconcile(parts, one, as_of.date() if as_of else None)
            with parts.vault.open(one, OUTCOME) as stored:
                counts = outcome_of(stored, one, ("break_counts",))["break_counts"]
            table = Table("差异 break", "件数 count", title=one, title_justify="left")
            for code, count in counts.items():
                table.add_row(code, str(count))
            out.print(table)
            for name in ("breaks.xlsx", "breaks.html"):
                out.print(f"  {parts.vault.where(one, name)}", soft_wrap=True)
        if not keys:
            out.print("没有可核对的交换 there is no exchange to reconcile.")


def urgent(
    case: Annotated[str, typer.Option("--case", help="The case number, in any bracket style.")],
    reason: Reason,
    by: By,
    home: Home = None,
) -> None:
    """Send one case at once, in the same format."""
    with end(home, actor=by) as parts:
        with working(case):
            key = journeys.urgent(parts, case, reason, by)
        stands(parts, key)


def watch(home: Home = None) -> None:
    """Find urgent cases and limits that run out: open their packets, alert. Cron may run this if Airflow is down."""
    with end(home) as parts:
        for what, count in journeys.watch(parts).items():
            out.print(f"{what:32}{count:6}")


def sweep(
    every: Annotated[float | None, typer.Option(help="Keep going, every so many seconds.")] = None,
    home: Home = None,
    as_json: Json = False,
) -> None:
    """Take up everything that became ready: collect, take in, receipt, pack, send, reconcile."""
    with end(home) as parts:
        while True:
            swept = _one_sweep(parts, lasting=every is not None)
            _swept(swept, as_json=as_json, quiet=every is not None and swept.idle)
            if every is None:
                break
            time.sleep(every)
    if swept.problems:
        retry = all(isinstance(problem, RetryLater) for _, problem in swept.problems)
        raise typer.Exit(EXIT_RETRY if retry else EXIT_NEEDS_PERSON)


def _one_sweep(parts: Parts, *, lasting: bool) -> Swept:
    """A sweep; one that goes on and on outlives a lease somebody else holds or a database that is away."""
    try:
        return journeys.sweep(parts)
    except RetryLater as error:
        if not lasting:
            raise
        return Swept(problems=[("sweep", error)])


def _swept(swept: Swept, *, as_json: bool, quiet: bool) -> None:
    if quiet:
        return
    if as_json:
        problems = [{"where": where, "code": p.code, "what": p.what} for where, p in swept.problems]
        out.print_json(data={"done": swept.done, "problems": problems})
        return
    out.print(" · ".join(f"{what} {count}" for what, count in swept.done.items()) or "无事可办 nothing to do.")
    for where, problem in swept.problems:
        err.print(f"[dim]{where}[/]")
        show_error(problem)
