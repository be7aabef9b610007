"""Commands that work breaks: list, show, assign, comment, decide, confirm, reopen, answer."""

from __future__ import annotations

import enum
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Final
from zoneinfo import ZoneInfo

import typer
from rich.table import Table
from rich.text import Text

from exchange import journeys, wiring
from exchange.cli.common import By, Home, Json, end, err, out, settings_of, whoever, working
from exchange.cli.matches import print_match
from exchange.cli.rounds import stands
from exchange.domain.break_life import CLOSED, STATES
from exchange.domain.break_view import Seen, seen
from exchange.domain.contract import CodeList
from exchange.domain.errors import NeedsPerson

app = typer.Typer(help="Work the differences: list, show, decide, answer.", no_args_is_help=True)

TELLING: Final = "[dim]这段文字会送达对方，请勿写入个人信息。The other side reads this text: no personal data.[/]"


class Decision(enum.StrEnum):
    """What an officer may decide."""

    explained = "explained"
    corrected_by_us = "corrected_by_us"
    corrected_by_them = "corrected_by_them"
    accepted = "accepted"
    disputed = "disputed"


class Answer(enum.StrEnum):
    """What the other side may answer."""

    agreed = "agreed"
    corrected = "corrected"
    contested = "contested"
    comment = "comment"


To = Annotated[str, typer.Option("--to", help="The role id of who is to work it.")]
Note = Annotated[str, typer.Option("--text", help="What there is to say; it stays at this end.")]
Own = Annotated[str, typer.Option("--reason", help="Why; it stays at this end.")]
As = Annotated[Decision, typer.Option("--as", help="The decision.")]
Said = Annotated[Answer, typer.Option("--as", help="The answer.")]
Ids = Annotated[list[str], typer.Argument(help="Ids; their first digits are enough. Several: of one code and rank.")]
Words = Annotated[str, typer.Option("--reason", help="Why, in a sentence. The other side reads it: no personal data.")]


def register(typer_app: typer.Typer) -> None:
    """Add these commands."""
    typer_app.add_typer(app, name="breaks")


@app.command("list")
def list_(
    state: Annotated[str | None, typer.Option(help=f"{', '.join(STATES)}; all but closed when absent.")] = None,
    code: Annotated[str | None, typer.Option(help="One kind of difference, as PAID_DIFFERS.")] = None,
    case: Annotated[str | None, typer.Option(help="One case's number, or a part of it.")] = None,
    owner: Annotated[str | None, typer.Option(help="The role id of who works them; `-` for nobody's.")] = None,
    limit: Annotated[int, typer.Option(help="So many at most.", min=1)] = 30,
    infos: Annotated[bool, typer.Option("--infos", help="Infos too: they explain and need no work.")] = False,
    home: Home = None,
    as_json: Json = False,
) -> None:
    """The breaks in order of work: days left to the limit, overdue first; then the larger amount."""
    with working("…"):
        settings = settings_of(home)
        agreed = wiring.agreement(settings)
        every = seen(wiring.book(settings), agreed, settings.party)
    for name, given, known in (("--state", state, STATES), ("--code", code, agreed.codes["break"].names_zh)):
        if given is not None and given not in known:
            raise typer.BadParameter(f"{given!r} is none of {', '.join(known)}.", param_hint=name)
    today = settings.today or wiring.now().astimezone(ZoneInfo("Asia/Shanghai")).date()
    chosen = [one for one in every if _fits(one, state, code, case, owner, infos)]
    if as_json:
        out.print_json(data=[_plain(one, one.days_left(today)) for one in chosen[:limit]])
        return
    if not chosen:
        out.print("没有这样的差异 no such break.")
        return
    table = Table("编号 id", "日 days", "案号与差异 case, break", "金额 yuan", "状态 state", box=None)
    table.columns[3].justify = "right"
    names, states = agreed.codes["break"], agreed.codes["break_state"]
    for one in chosen[:limit]:
        table.add_row(*_cells(one, one.days_left(today), names, states))
    out.print(table, soft_wrap=True)
    more = f"，此处 {limit} 条 {limit} shown" if len(chosen) > limit else ""
    out.print(f"[dim]共 {len(chosen)} 条 in all{more}[/]")


def _fits(one: Seen, state: str | None, code: str | None, case: str | None, owner: str | None, infos: bool) -> bool:
    return (
        (one.state == state if state else one.state != CLOSED)
        and (code is None or one.record.code == code)
        and (case is None or case in one.record.case_no)
        and (owner is None or (one.work.owner or "-") == owner)
        and (infos or not one.record.info)
    )


def _plain(one: Seen, left: int | None) -> dict[str, Any]:
    return {
        "id": one.record.id, "code": one.record.code, "case_no": one.record.case_no, "claim_no": one.record.claim_no,
        "line_no": one.record.line_no, "rank": one.record.rank, "state": one.state, "owner": one.work.owner,
        "decision": one.shared.get("decision") or one.work.decision, "answer": one.work.answer,
        "amounts": dict(one.record.amounts), "worth": f"{one.worth:.2f}",
        "due_on": one.record.due_on.isoformat() if one.record.due_on else None, "days_left": left,
        "first_seen": one.record.first_exchange, "info": one.record.info,
    }  # fmt: skip


def _cells(one: Seen, left: int | None, names: CodeList, states: CodeList) -> list[Text | str]:
    when = (
        ""
        if left is None
        else f"[red]超期 {-left}[/]"
        if left < 0
        else f"[yellow]{left}[/]"
        if left <= 7
        else str(left)
    )
    place = f" 第 {one.record.line_no} 行" if one.record.line_no is not None else ""
    waits = one.state in ("open", "proposed", "disputed", "awaiting")
    name = f"{names.names_zh.get(one.record.code, one.record.code)}{place}"
    state = Text(states.names_zh.get(one.state, one.state), style="yellow" if waits else "green")
    return [
        Text(one.record.id[:8], no_wrap=True),
        when,
        Text(one.record.case_no, no_wrap=True).append(f"\n{name}", style="dim"),
        Text(f"{one.worth:,.2f}" if one.worth else "", no_wrap=True),
        state.append(f"\n{one.work.owner}", style="dim") if one.work.owner else state,
    ]


@app.command("show")
def show(
    id_: Annotated[str, typer.Argument(metavar="ID", help="Its id, or the first digits.")],
    home: Home = None,
    as_json: Json = False,
) -> None:
    """One break: both figures, the rule and its law, and its whole history. The ledger says who looked."""
    from exchange.steps.show_break import show_break

    with end(home, actor=whoever()) as parts:
        told = journeys.call(show_break, parts, id_)
        codes = [parts.agreement.codes[name] for name in ("break_state", "break_answer")]
    words = {**{code: f"{zh} {code}" for one in codes for code, zh in one.names_zh.items()}, **_WHY}
    if as_json:
        out.print_json(data=told)
        return
    out.print(f"[bold]{told['zh']}[/] {told['en']}  [dim]{told['id']}  {told['code']}[/]", soft_wrap=True)
    place = f"  第 {told['line_no']} 行 line" if told["line_no"] is not None else f"  {told['rank'] or ''}"
    where = f"  {told['case_no']}  {told['claim_no'] or ''}{place}  {'、'.join(told['debtors'])}"
    out.print(_inert(where), soft_wrap=True)
    out.print(f"  [dim]{told['rule_zh']} {told['rule_en']}  {told['law_zh']}[/]", soft_wrap=True)
    if told["match"]:
        out.print(Text(f"  匹配 match: {told['match']['rule_zh']} {told['match']['rule_en']}", style="bold"))
        print_match(told["match"])
    _facts(told, words)
    out.print(_history(told["history"], words), soft_wrap=True)


def _inert(text: str) -> Text:
    """What others wrote, without what moves a cursor, turns a line around or means something to the terminal."""
    return Text("".join(c if c.isprintable() else "\ufffd" for c in text), overflow="fold")


def _facts(told: Mapping[str, Any], words: Mapping[str, str]) -> None:
    grid = Table.grid(padding=(0, 2))
    left: int | None = told["days_left"]
    over = "" if left is None else f"  超期 {-left} 日 over" if left < 0 else f"  剩 {left} 日 left"
    limit = f"{told['due_on']}{over}" if told["due_on"] else "—"
    rows = [
        ("状态 state", f"{told['state_zh']} {told['state']}"),
        ("期限 limit", limit),
        *([("数字 figures", _LAST_OPEN)] if told["details"] and told["figures_of"] == "last_open" else []),
        *((f"{d['zh']} {d['en']}", d["value"]) for d in told["details"]),
        ("经办 owner", told["owner"] or "—"),
    ]
    if told["decision"]:
        by = "、".join(filter(None, (told["decided_by"], told["confirmed_by"])))
        rows.append(("处理意见 decision", f"{told['decision_zh']} {told['decision']}（{by}）"))
    if told["shared"]:
        shared = told["shared"]
        rows += [
            ("对方处理 their decision", words.get(shared["decision"], "—")),
            ("对方理由 their reason", shared["reason"] or "—"),
        ]
    if told["answer"]:
        whose = "对方答复 their answer" if told["ours"] else "我方答复 our answer"
        rows.append((whose, f"{told['answer_zh']} {told['answer']}（{told['answered_by']} {told['answered_on']}）"))
    for name, value in rows:
        grid.add_row(f"  {name}", _inert(str(value)))
    out.print(grid)


def _history(entries: Sequence[Mapping[str, Any]], words: Mapping[str, str]) -> Table:
    table = Table("时间 at (UTC)", "经过 what", "人员 by", "", box=None)
    for one in entries:
        said = [words.get(one[n], one[n]) for n in ("to", "as", "answer", "why", "standing") if one.get(n)]
        figures = [
            f"{name} {one[when][name]}" for when in ("before", "after") for name in ("difference", "amount", "total")
            if name in one.get(when, {})
        ]  # fmt: skip
        figures += ["—"] if figures and one["kind"] == "gone" else []
        text = one.get("text", "")
        table.add_row(
            one["at"][:16].replace("T", " "), _inert(f"{_DID.get(one['kind'], one['kind'])} {' '.join(said)}"),
            _inert(one["by"]), _inert(" → ".join(figures) + ("  " if figures and text else "") + text),
        )  # fmt: skip
    return table


_LAST_OPEN: Final = "消除前最后一次比对的，现已不再相差 of the last comparison before it closed; nothing differs now"

_WHY: Final[Mapping[str, str]] = {
    "current": "",
    "crossed": "（就旧数作答 about older figures）",
    "late": "（已消除 after it closed）",
    "books_agree": "两账一致 the books agree",
    "case_gone": "案件已撤回 the case was taken back",
    "came_again": "再次出现 it came again",
    "amounts_changed": "数额变动 figures changed",
    "officer": "",
}
_DID: Final[Mapping[str, str]] = {
    "found": "发现 found",
    "gone": "两账一致 the books agree",
    "changed": "数额变动 figures changed",
    "break_assigned": "指派 assigned",
    "break_commented": "备注 commented",
    "break_decided": "处理 decided",
    "break_confirmed": "复核 confirmed",
    "break_reopened": "重新打开 reopened",
    "break_closed": "消除 closed",
    "break_answered": "对方答复 answered",
    "break_answer_given": "我方答复 answer given",
}


def _work(home: Path | None, ids: list[str], act: str, by: str, *, text: str = "", choice: str = "") -> None:
    from exchange.steps.work_break import work_break

    with end(home, actor=by) as parts:
        after = journeys.call(work_break, parts, ids, act, by=by, text=text, choice=choice)
        states = parts.agreement.codes["break_state"].names_zh
    for one in after:
        out.print(f"{one.record.id}  {states.get(one.state, one.state)} {one.state}")
        if one.ours and one.state == "proposed":
            out.print(f"  次 next: exchange breaks confirm {one.record.id[:10]} --by <另一名人员 another officer>")


@app.command("assign")
def assign(ids: Ids, to: To, by: By, home: Home = None) -> None:
    """指派: say who works it."""
    _work(home, ids, "assign", by, choice=to)


@app.command("comment")
def comment(ids: Ids, text: Note, by: By, home: Home = None) -> None:
    """备注: add a note of this end's own."""
    _work(home, ids, "comment", by, text=text)


@app.command("decide")
def decide(ids: Ids, as_: As, reason: Words, by: By, home: Home = None) -> None:
    """处理: decide, with a reason; where the contract says so, another officer confirms."""
    err.print(TELLING)
    _work(home, ids, "decide", by, text=reason, choice=as_.value)


@app.command("confirm")
def confirm(ids: Ids, by: By, home: Home = None) -> None:
    """复核: another officer confirms what was decided."""
    _work(home, ids, "confirm", by)


@app.command("reopen")
def reopen(ids: Ids, reason: Own, by: By, home: Home = None) -> None:
    """重新打开: take a decision back."""
    _work(home, ids, "reopen", by, text=reason)


@app.command("answer")
def answer(ids: Ids, as_: Said, reason: Words, by: By, home: Home = None) -> None:
    """答复: answer breaks the other side shared; `exchange breaks share` sends the answers."""
    err.print(TELLING)
    _work(home, ids, "answer", by, text=reason, choice=as_.value)


@app.command("answers")
def answers(
    from_: Annotated[Path, typer.Option("--from", help="A CSV file with the columns of break_answer.")],
    by: By,
    home: Home = None,
) -> None:
    """批量答复: give all answers of a file, or none of them."""
    from exchange.steps.answer_breaks import answer_breaks

    err.print(TELLING)
    with end(home, actor=by) as parts, working(str(from_)):
        given = journeys.call(answer_breaks, parts, from_, by=by)
    out.print(f"已答复 {given} 条 answered.  次 next: exchange breaks share --by <officer>")


@app.command("share")
def share(
    by: By,
    route: Annotated[str | None, typer.Option(help="The route (this end's only one with breaks, when absent).")] = None,
    home: Home = None,
) -> None:
    """送出: stage the list of breaks, or the answers given, for the officers' approval."""
    with end(home, actor=by) as parts:
        if not parts.officers.get(by):
            raise NeedsPerson(
                910, f"{by!r} is no officer of this end.", where="officers in exchange.toml", next_step="Give --by."
            )
        with working("…"):
            key = journeys.share(parts, route)
        if key is None:
            out.print("对方已全部知悉，没有要送的内容 the other side has all of it; nothing to send.")
        else:
            stands(parts, key)
