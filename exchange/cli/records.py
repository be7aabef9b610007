"""Commands that look: status, show, verify, audit."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Annotated, Any, Final

import typer
from rich.table import Table
from rich.text import Text

from exchange import journeys, wiring
from exchange.cli.common import (
    EXIT_FOUND,
    Home,
    Json,
    Key,
    coded,
    end,
    listing,
    out,
    settings_of,
    whoever,
    working,
)
from exchange.cli.complete import figures_of, print_figures
from exchange.domain import lifecycle
from exchange.domain.canonical import strict_json
from exchange.domain.lane import check_arrived
from exchange.domain.outcome_file import OUTCOME, outcome_of
from exchange.domain.points import REASONS, standing
from exchange.domain.points_page import on_one_line, reasons_page
from exchange.ports import ExchangeRecord, PacketRecord, Parts

audit_app = typer.Typer(help="The ledger's chain.", no_args_is_help=True)
SHOWN: Final = 10


def register(app: typer.Typer) -> None:
    """Add these commands."""
    app.add_typer(audit_app, name="audit")
    for name, command in (("status", status), ("show", show), ("verify", verify)):
        app.command(name)(command)


def status(home: Home = None, as_json: Json = False) -> None:
    """Every exchange of this end and where it stands, newest last."""
    with working("…"):
        ledger = wiring.book(settings_of(home))
    known = list(ledger.exchanges())
    if as_json:
        out.print_json(data=[_plain(e) for e in known])
        return
    out.print(_standing(known) if known else "还没有交换 no exchange yet.", soft_wrap=True)
    stuck = ledger.packets(direction="in", states=["refused", "held"])[-SHOWN:]
    if stuck:
        out.print(_stuck(stuck), soft_wrap=True)


def _standing(known: Sequence[ExchangeRecord]) -> Table:
    """A line an exchange; what it waits for where it waits."""
    table = listing("", "交换 exchange", "状态 state", "包号 no.", "更新 at (UTC)")
    for e in known:
        arrow = "→" if e.direction == "out" else "←"
        waits = e.direction == "out" and e.state != lifecycle.ACCEPTED
        state = f"[yellow]{e.state}: {journeys.GATES.get(e.state, 'at work')}[/]" if waits else f"[green]{e.state}[/]"
        when = f"{e.updated_at:%Y-%m-%d %H:%M}" if e.updated_at else ""
        number = e.packet_id.split(".")[2] if e.packet_id else ""
        table.add_row(arrow, Text(e.key, no_wrap=True), state, number, Text(when, no_wrap=True))
    return table


def _stuck(packets: Sequence[PacketRecord]) -> Table:
    """Packets that arrived and were not taken in, the newest of them, with their codes."""
    table = listing("", "未收下的数据包 packets not taken in", "", "")
    for p in packets:
        table.add_row("←", Text(p.packet_id, no_wrap=True), f"[yellow]{p.state}[/]", coded(p.code))
    return table


def show(key: Key, home: Home = None, as_json: Json = False) -> None:
    """One exchange: its record, its events, its files. `--json` prints its outcome.json; the ledger says who asked."""
    with end(home, actor=whoever()) as parts:
        record = journeys.record(parts, key)
        if as_json and parts.vault.has(key, OUTCOME):
            journeys.looked(parts, key, OUTCOME)
            with parts.vault.open(key, OUTCOME) as stored:
                outcome_of(stored, key, ())
            with parts.vault.open(key, OUTCOME) as stored:
                for line in stored:
                    out.out(line.decode("utf-8"), end="", highlight=False)
            return
        if as_json:
            out.print_json(data=_plain(record))
            return
        out.print(f"[bold]{key}[/]  {record.state}  ({journeys.GATES.get(record.state, '')})")
        if record.state == lifecycle.REJECTED:
            codes = [e.body.get("code") for e in parts.ledger.events(exchange=key, kind="receipt_refused")]
            out.print(f"  [yellow]{coded(codes[-1] if codes else None)}[/]", soft_wrap=True)
        for name in ("period", "as_of", "content_hash", "prepared_by", "approved_by", "packet_id"):
            if (value := getattr(record, name)) is not None:
                out.print(f"  {name:14}{value}")
        if version := _version_before(parts, record):
            out.print(f"  {'contract':14}{version}", soft_wrap=True)
        _reasons(parts, record)
        table = Table("seq", "时间 at (UTC)", "事项 event", "人员 by")
        for event in parts.ledger.events(exchange=key):
            table.add_row(str(event.seq), f"{event.at:%Y-%m-%d %H:%M:%S}", event.kind, event.actor)
        out.print(table)
        print_figures(parts, key, figures_of(parts, key))
        for name in parts.vault.names(key):
            out.print(f"  {parts.vault.where(key, name)}", soft_wrap=True)


def _version_before(parts: Parts, record: ExchangeRecord) -> str | None:
    """The contract's version of an exchange where that is the one before, and up to when it is accepted."""
    if record.direction == "in":
        told = record.details.get("overlap")
        return told and f"{told['version']}  旧版，接收至 {told['until']} 止 the version before, accepted until then"
    route = journeys.agreed(parts, record.key).route(record.route)
    after = route.followed_by
    if after is None or after.overlap is None:
        return None
    begins = f"，{after.overlap.effective} 起用 {after.version} from then" if after.overlap.effective else ""
    return f"{route.version}  旧版，接收至 {after.overlap.until} 止 the version before, accepted until then{begins}"


def _reasons(parts: Parts, record: ExchangeRecord) -> None:
    """The officers' reasons of an exchange, ours or theirs, as its approver and its receiver are shown them."""
    if record.direction == "in":
        inside = f"inside/{REASONS.rpartition('/')[2]}"
        told = strict_json(parts.vault.get(record.key, inside)) if parts.vault.has(record.key, inside) else []
        open_ = 0
    else:
        now = standing(record.key, parts.ledger.events(exchange=record.key), partial(parts.vault.get, record.key))
        told, open_ = strict_json(now.reasons()), len(now.open)
    if not told and not open_:
        return
    journeys.looked(parts, record.key, "reasons")
    table = Table("事项 point", "处所 where", "理由 reason", "人员 by", title="待说明事项 points", title_justify="left")
    page = reasons_page(told, journeys.agreed(parts, record.key).route(record.route), parts.agreement.codes)
    for rule, one in zip((one["rule"] for one in told), page, strict=False):
        again = f"（沿用 {one['since']} 的说明 reused）" if one["since"] else ""
        where = " ".join(part for part in (one["case_no"], one["place"]) if part)
        reason = f"{on_one_line(rule, one['category'][0], one['reason'])}{again}"
        table.add_row(
            Text("  ".join(part for part in (one["rule"][0], one["note"]) if part)),
            Text(where),
            Text(reason),
            f"{one['by']} {one['at']}",
        )
    out.print(table)
    if open_:
        out.print(f"  [yellow]待说明 {open_} 项[/]  exchange points {record.key}", soft_wrap=True)


def _plain(record: Any) -> dict[str, Any]:
    return {k: (v.isoformat() if hasattr(v, "isoformat") else v) for k, v in asdict(record).items()}


def verify(
    packet: Annotated[
        Path, typer.Argument(help="A packet's folder, from the channel or a disc.", exists=True, file_okay=False)
    ],
    home: Home = None,
) -> None:
    """Check a packet as its receiver would, landing nothing: signature, addressee, hashes, content."""
    with end(home) as parts, working(packet.name), parts.vault.workdir() as work:
        manifest = journeys.verify(parts, _copied(packet, work))
    out.print(f"[green]✓[/] {manifest.packet}  {manifest.period or ''}")
    for payload in manifest.payloads:
        out.print(f"  {payload.name}  {payload.bytes} bytes  sha256 {payload.sha256}")


def _copied(packet: Path, work: Path) -> Path:
    """The packet's files in a folder of ours, nobody else's hand on them; links and floods are refused unread."""
    files = list(packet.iterdir())
    sizes = {f.name: f.stat().st_size if f.is_file() and not f.is_symlink() else -1 for f in files}
    check_arrived(sizes, free_bytes=shutil.disk_usage(work).free, where=str(packet))
    (work / packet.name).mkdir(mode=0o700)
    for file in files:
        shutil.copyfile(file, work / packet.name / file.name, follow_symlinks=False)
    return work / packet.name


@audit_app.command("verify")
def audit_verify(home: Home = None) -> None:
    """Walk the hash chain and fold every exchange anew. Exit 5 when something does not agree."""
    with end(home) as parts:
        problems = journeys.audit(parts)
        events = sum(1 for _ in parts.ledger.events())
        head = parts.ledger.head()
    for problem in problems:
        out.print(f"[red]✗[/] {problem}")
    if problems:
        raise typer.Exit(EXIT_FOUND)
    out.print(f"[green]✓[/] {events} events, chain whole, head {head}", soft_wrap=True)
