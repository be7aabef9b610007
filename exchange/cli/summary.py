"""The end of the demo: what a person wants to know, on one screen."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any, Final

from rich.columns import Columns
from rich.panel import Panel
from rich.table import Table

from exchange.cli.common import out
from exchange.cli.two_ends import Ends
from exchange.ports import Parts

BREAKS_ZH: Final[Mapping[str, str]] = {
    "UNKNOWN_CASE": "案号未交换过", "NO_RESPONSE": "逾期未申报", "DEBTOR_MISMATCH": "债务人不符",
    "NAME_DIFFERS": "名称不一致", "TOTAL_DIFFERS": "合计不等于明细", "CUTOFF_DIFFERS": "截止日不是受理日",
    "LATE_FEE_DIFFERS": "滞纳金不符", "RANK_DIFFERS": "清偿顺位不符", "POST_ACCEPTANCE_PERIOD": "受理后新生税费",
    "FILED_LATE": "逾期申报", "DUPLICATE_CLAIM": "重复申报", "DECLARED_DIFFERS": "申报额不符",
    "UNIT_SUSPECT": "疑似万元单位", "CONFIRMED_DIFFERS": "确认额不符", "WITHDRAWN_STILL_LISTED": "已撤回仍在表",
    "PAID_DIFFERS": "实付不符",
}  # fmt: skip
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
    out.print(Columns([_held(outcome), _breaks(outcome)], padding=(0, 4)))
    out.print(_urgent(outcome))
    out.print(_places(ends, court, key))
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
    names = {"Q": "季度 quarterly", "N": "零报告 nil", "U": "紧急 urgent", "A": "应答 answer", "R": "回执 receipts"}
    for title, parts in (("法院发出 from the court", court), ("税务发出 from the tax bureau", tax)):
        packets = list(parts.ledger.packets(direction="out"))
        table.add_row(f"[bold]{title}[/]", str(len(packets)), "")
        for kind, count in Counter(p.kind for p in packets).items():
            last = [p for p in packets if p.kind == kind][-1]
            table.add_row(f"  {names.get(kind, kind)}", str(count), last.packet_id)
    return table


def _held(outcome: Mapping[str, Any]) -> Table:
    table = Table("被拦下 held: rule", "案号 case", box=None)
    for finding in outcome["quarantined"]:
        table.add_row(finding["rule"], str(finding["case_no"]).strip())
    return table


def _breaks(outcome: Mapping[str, Any]) -> Table:
    table = Table("差异 breaks", "", "件 count", box=None)
    for code, count in sorted(outcome["break_counts"].items(), key=lambda item: (-item[1], item[0])):
        table.add_row(code, BREAKS_ZH.get(code, ""), str(count))
    for code, count in Counter(i["code"] for i in outcome["infos"]).items():
        table.add_row(f"[dim]{code}[/]", "[dim]说明 info[/]", f"[dim]{count}[/]")
    return table


def _urgent(outcome: Mapping[str, Any]) -> Table:
    table = Table("紧急案件 urgent", "事由 why", "", box=None)
    for case in outcome["urgent"][:SHOWN]:
        why = "、".join(REASONS_ZH.get(reason, reason) for reason in case["reasons"])
        table.add_row(str(case["case_no"]).strip(), why, "[red]被拦下 held[/]" if case["held"] else "")
    if len(outcome["urgent"]) > SHOWN:
        table.add_row(f"… {len(outcome['urgent']) - SHOWN} more in outcome.json", "", "")
    return table


def _places(ends: Ends, court: Parts, key: str) -> Panel:
    point = ends.world.home / "point" / "root"
    lines = [
        f"校验报告 report       {court.vault.where(key, 'report.html')}",
        f"差异清单 breaks       {court.vault.where(key, 'breaks.html')}",
        f"Excel              {court.vault.where(key, 'breaks.xlsx')}",
        f"outcome.json       {court.vault.where(key, 'outcome.json')}",
        f"税务收件 tax inbox    {point / f'{ends.world.court}.{ends.world.tax}'}",
        f"法院收件 court inbox  {point / f'{ends.world.tax}.{ends.world.court}'}",
        f"再看 look again      exchange status --home {ends.world.home / 'court'}",
    ]
    return Panel("\n".join(lines), title="打开 open", title_align="left", expand=False)
