"""The end of the demo: what a person wants to know, on one screen."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any, Final

from rich.cells import set_cell_size
from rich.columns import Columns
from rich.table import Table
from rich.text import Text

from exchange import journeys
from exchange.cli.common import out
from exchange.cli.two_ends import Ends
from exchange.ports import Parts

REASONS_ZH: Final[Mapping[str, str]] = {
    "major": "重大案件", "claims_due_within_7_days": "申报期七日内届满", "accepted_within_7_days": "七日内新受理",
}  # fmt: skip
SHOWN: Final = 8


def print_summary(
    ends: Ends, court: Parts, tax: Parts, key: str, outcome: Mapping[str, Any], *, seconds: float
) -> None:
    """Sent, held, answered, breaks, urgent, packets; then where the files are."""
    world = ends.world
    names = court.agreement.parties
    out.rule(f"[bold]{world.period}[/]  {names[world.court].name_zh}  ⇄  {names[world.tax].name_zh}")
    out.print(Columns([_sent(outcome), _packets(court, tax)], padding=(0, 4)))
    out.print(Columns([_held(court, world.route, outcome), _breaks(court, outcome)], padding=(0, 4)))
    out.print(_urgent(outcome))
    _places(ends, court, tax, key)
    ok = not court.ledger.verify() and not tax.ledger.verify()
    chain = "[green]✓[/] 两端台账链完整 both ledgers' chains are whole" if ok else "[red]✗ 台账链有问题[/]"
    out.print(f"{chain}    用时 {seconds:.0f} s")


def _sent(outcome: Mapping[str, Any]) -> Table:
    table = Table("本季度 the quarter", "案件 cases", box=None, title_justify="left")
    held = {f["record"] for f in outcome["quarantined"] if f["dataset"] == "bankruptcy_case"}
    rows = (
        ("入选 selected", len(outcome["selected"])), ("已传送 sent", len(outcome["sent"])),
        ("被拦下 held", len(held)), ("提示 warned", len(outcome["warned"])),
        ("规范化 normalised", len(outcome["normalised"])), ("差异 breaks", len(outcome["breaks"])),
        ("说明 infos", len(outcome["infos"])), ("紧急 urgent", len(outcome["urgent"])),
    )  # fmt: skip
    for name, count in rows:
        table.add_row(name, str(count))
    return table


def _packets(court: Parts, tax: Parts) -> Table:
    table = Table("数据包 packets", "件 count", "最后 last", box=None)
    names = {
        "Q": "季度 quarterly",
        "N": "零报告 nil",
        "U": "紧急 urgent",
        "A": "应答 answer",
        "B": "差异 breaks",
        "M": "联席会议 meeting",
        "S": "对账单 statement",
        "R": "回执 receipts",
    }
    for title, parts in (("法院发出 from the court", court), ("税务发出 from the tax bureau", tax)):
        packets = list(parts.ledger.packets(direction="out"))
        table.add_row(f"[bold]{title}[/]", str(len(packets)), "")
        for kind, count in Counter(p.kind for p in packets).items():
            last = [p for p in packets if p.kind == kind][-1]
            table.add_row(f"  {names.get(kind, kind)}", str(count), last.packet_id)
    return table


def _held(court: Parts, route_id: str, outcome: Mapping[str, Any]) -> Table:
    table = Table("被拦下 held", "案号 case", box=None)
    route = court.agreement.route(route_id)
    words = {rule.id: rule.title_zh for contract in route.datasets for rule in contract.rules}
    for finding in outcome["quarantined"]:
        alone = "" if finding["dataset"] == "bankruptcy_case" else "[dim]（仅该行 row alone）[/]"
        table.add_row(words.get(finding["rule"], finding["rule"]) + alone, _number(finding))
    return table


def _breaks(court: Parts, outcome: Mapping[str, Any]) -> Table:
    table = Table("差异 breaks", "", "件 count", box=None)
    words = court.agreement.codes["break"].names_zh
    for code, count in sorted(outcome["break_counts"].items(), key=lambda item: (-item[1], item[0])):
        table.add_row(words.get(code, code), f"[dim]{code}[/]", str(count))
    for code, count in Counter(i["code"] for i in outcome["infos"]).items():
        table.add_row(f"{words.get(code, code)} [dim]（说明 info）[/]", f"[dim]{code}[/]", str(count))
    return table


def _urgent(outcome: Mapping[str, Any]) -> Table:
    table = Table("紧急案件 urgent", "事由 why", "", box=None)
    for case in outcome["urgent"][:SHOWN]:
        why = "、".join(REASONS_ZH.get(reason, reason) for reason in case["reasons"])
        table.add_row(_number(case), why, "[red]被拦下 held[/]" if case["held"] else "")
    if len(outcome["urgent"]) > SHOWN:
        table.add_row(f"… {len(outcome['urgent']) - SHOWN} more in outcome.json", "", "")
    return table


def _number(one: Mapping[str, Any]) -> str:
    from exchange.domain.case_number import reference

    return reference(one["case_no"], str(one["record"])).strip()


def _places(ends: Ends, court: Parts, tax: Parts, key: str) -> None:
    """Each place or command on a line of its own, whatever the terminal's width: they are there to be copied."""
    point = ends.world.home / "point" / "root"
    answers = [e.key for e in tax.ledger.exchanges(kind="A") if e.direction == "out"]
    arrived = [e.key for e in court.ledger.exchanges(kind="A") if e.direction == "in"]
    made = journeys.statement_status(court, ends.world.route)[-1:]
    out.print("\n[bold]打开 open[/]")
    for name, place in (
        ("校验报告 report", court.vault.where(key, "report.html")),
        *(("税务应答 answer", tax.vault.where(answer, "report.html")) for answer in answers[-1:]),
        *(("应答收件 received", court.vault.where(packet, "received.html")) for packet in arrived[-1:]),
        ("差异清单 breaks", court.vault.where(key, "breaks.html")),
        ("差异办理 work them", f"exchange breaks list --home {ends.world.home / 'court'}"),
        ("Excel", court.vault.where(key, "breaks.xlsx")),
        *(
            (
                "双签对账单 statement",
                court.vault.where(f"{ends.world.route}.statement.{one['period']}", f"statement-v{one['version']}.html"),
            )
            for one in made
        ),
        ("outcome.json", court.vault.where(key, "outcome.json")),
        ("税务收件 tax inbox", str(point / f"{ends.world.court}.{ends.world.tax}")),
        ("法院收件 court inbox", str(point / f"{ends.world.tax}.{ends.world.court}")),
        ("控制台 console", f"exchange console --home {ends.world.home}"),
        ("再看 look again", f"exchange status --home {ends.world.home / 'court'}"),
    ):
        out.print(Text.assemble((set_cell_size(name, 24), "dim"), place), soft_wrap=True)
    out.print()
