"""Commands about the joint meeting: what is open, what was filed, answered, put on the agenda, resolved and done."""

from __future__ import annotations

import enum
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.text import Text

from exchange import journeys
from exchange.cli.common import By, Home, Json, a_quarter, end, out
from exchange.domain.meeting_life import Book, Question, Resolution
from exchange.ports import Parts

app = typer.Typer(help="The joint meeting: questions, agenda, resolutions; shared with the other side.",
                  no_args_is_help=True)  # fmt: skip


class Kind(enum.StrEnum):
    """What a question is of."""

    policy = "policy"
    interface = "interface"


With = Annotated[str | None, typer.Option("--with", help="The other party's id; this end's only one when it has one.")]
Id = Annotated[str, typer.Argument(help="Its id, as `exchange meetings list` shows it.")]
Meeting = Annotated[str, typer.Option("--meeting", help="The meeting: the day it was first called for.")]
Words = Annotated[str, typer.Option("--text", help="In a sentence or two. The other side reads it: no personal data.")]
Day = Annotated[str, typer.Option("--day", help="As 2026-10-20.")]
Place = Annotated[str, typer.Option("--place", help="Where it is held.")]


def register(typer_app: typer.Typer) -> None:
    """Add these commands."""
    typer_app.add_typer(app, name="meetings")


@app.command("list")
def list_(with_: With = None, home: Home = None, as_json: Json = False) -> None:
    """Open questions with their answers, meetings to come, resolutions not done, what is not sent or of no use."""
    with end(home) as parts:
        other = journeys.meeting_with(parts, with_)
        book, untold = journeys.meeting_book(parts, other), journeys.meeting_untold(parts, other)
        told = _told(parts, other, book, len(untold))
    if as_json:
        out.print_json(data=told)
        return
    out.print(f"联席会议 joint meeting  {told['with']}")
    for title, name in (("未决议题 open questions", "questions"), ("会议 meetings", "meetings"),
                        ("未完成的决议 resolutions not done", "resolutions")):  # fmt: skip
        out.print(f"[bold]{title}[/]  {len(told[name])}")
        for one in told[name]:
            out.print(Text(f"  {one['id']}  {one.get('text', one.get('place', ''))}  {_more(one)}"), soft_wrap=True)
            for said in one.get("answers", ()):
                out.print(Text(f"      {said['party']} {said['by']}: {said['text']}"), soft_wrap=True)
    for one in told["unheard"]:
        out.print(f"[red]对方无法使用 of no use there: {one['act']}[/]  {one['exchange']}", soft_wrap=True)
    if untold:
        out.print(f"[yellow]尚未送对方 not sent yet: {len(untold)}[/]  exchange meetings share")


def _told(parts: Parts, other: str, book: Book, untold: int) -> dict[str, Any]:
    def words(sha256: str | None) -> str:
        return journeys.meeting_text(parts, other, sha256)

    def question(one: Question) -> dict[str, Any]:
        answers = [{"party": a.party, "by": a.by, "text": words(a.text_sha256)} for a in one.answers]
        return {"id": one.id, "kind": one.kind, "text": words(one.text_sha256), "about": dict(one.about),
                "party": one.party, "by": one.by, "meeting": one.meeting, "answers": answers}  # fmt: skip

    def resolution(one: Resolution) -> dict[str, Any]:
        return {"id": one.id, "text": words(one.text_sha256), "meeting": one.meeting, "party": one.owner_party,
                "by": one.owner, "due_on": one.due_on.isoformat(), "days_left": one.days_left(parts.today)}  # fmt: skip

    return {
        "with": other, "untold": untold,
        "unheard": [{"exchange": key, "act": act.id} for key, act in journeys.meeting_unheard(parts, other)],
        "questions": [question(q) for q in book.questions.values() if q.open],
        "meetings": [
            {"id": m.id, "day": m.day.isoformat(), "period": m.period, "place": words(m.place_sha256),
             "party": m.party, "by": m.by, "agenda": [q.id for q in book.agenda(m.id)]}
            for m in book.meetings.values() if m.waits
        ],
        "resolutions": [resolution(r) for r in book.unfinished()],
    }  # fmt: skip


def _more(one: dict[str, Any]) -> str:
    names = ("party", "by", "day", "period", "meeting", "due_on")
    return " ".join(str(one[name]) for name in names if one.get(name))


@app.command()
def file(
    kind: Annotated[Kind, typer.Option(help="Of tax policy in bankruptcy, or a problem of the interface.")],
    text: Words,
    by: By,
    case: Annotated[str, typer.Option("--case", help="The case it is about, in any bracket style.")] = "",
    break_: Annotated[str, typer.Option("--break", help="The break it is about, by its whole id.")] = "",
    with_: With = None,
    home: Home = None,
) -> None:
    """提出议题: file a question for the next meeting."""
    _do(home, by, with_, "file", kind=kind.value, text=text, about={"case": case, "break": break_})


@app.command()
def answer(id_: Id, text: Words, by: By, with_: With = None, home: Home = None) -> None:
    """答复议题: say what this side thinks of a question."""
    _do(home, by, with_, "answer", id=id_, text=text)


@app.command()
def settle(id_: Id, by: By, with_: With = None, home: Home = None) -> None:
    """议题了结: an answer was enough; only the side that filed it says so."""
    _do(home, by, with_, "settle", id=id_)


@app.command()
def withdraw(id_: Id, by: By, with_: With = None, home: Home = None) -> None:
    """撤回议题: take one's own question back."""
    _do(home, by, with_, "withdraw", id=id_)


@app.command()
def call(
    day: Day,
    period: Annotated[str, typer.Option("--period", callback=a_quarter, help="The quarter it is about, as 2026Q3.")],
    place: Place,
    by: By,
    with_: With = None,
    home: Home = None,
) -> None:
    """召集会议: call a meeting for today or a day to come."""
    _do(home, by, with_, "call", day=day, period=period, place=place)


@app.command()
def move(meeting: Meeting, day: Day, place: Place, by: By, with_: With = None, home: Home = None) -> None:
    """改期: another day or place; its agenda stays."""
    _do(home, by, with_, "move", meeting=meeting, day=day, place=place)


@app.command("call-off")
def call_off(meeting: Meeting, by: By, with_: With = None, home: Home = None) -> None:
    """取消会议: its questions are on no agenda again."""
    _do(home, by, with_, "call_off", meeting=meeting)


@app.command()
def put(id_: Id, meeting: Meeting, by: By, with_: With = None, home: Home = None) -> None:
    """列入议程: put a question on a meeting's agenda."""
    _do(home, by, with_, "put", id=id_, meeting=meeting)


@app.command("take-off")
def take_off(id_: Id, by: By, with_: With = None, home: Home = None) -> None:
    """移出议程: take a question off the agenda it stands on."""
    _do(home, by, with_, "take_off", id=id_)


@app.command()
def held(meeting: Meeting, day: Day, by: By, with_: With = None, home: Home = None) -> None:
    """会议已召开: it was held on that day."""
    _do(home, by, with_, "held", meeting=meeting, day=day)


@app.command()
def resolve(
    meeting: Meeting,
    text: Words,
    owner: Annotated[str, typer.Option("--owner", help="Who sees to it: an officer here, or the other party's id.")],
    due_on: Annotated[str, typer.Option("--due", help="By which day, as 2026-11-30.")],
    by: By,
    question: Annotated[str, typer.Option("--question", help="The question it answers.")] = "",
    with_: With = None,
    home: Home = None,
) -> None:
    """记录决议: what was resolved, who sees to it, by when."""
    _do(home, by, with_, "resolve", meeting=meeting, text=text, owner=owner, due_on=due_on, question=question)


@app.command()
def assign(
    id_: Id,
    owner: Annotated[str, typer.Option("--owner", help="The officer here who sees to it.")],
    by: By,
    with_: With = None,
    home: Home = None,
) -> None:
    """指定责任人: name who sees to a resolution that fell to this side."""
    _do(home, by, with_, "assign", id=id_, owner=owner)


@app.command()
def finish(id_: Id, text: Words, by: By, with_: With = None, home: Home = None) -> None:
    """决议办结: say what was done; the side that sees to it does."""
    _do(home, by, with_, "finish", id=id_, text=text)


@app.command()
def reopen(id_: Id, by: By, with_: With = None, home: Home = None) -> None:
    """退回未完成: it is not done after all."""
    _do(home, by, with_, "reopen", id=id_)


@app.command()
def propose(
    meeting: Meeting,
    route: Annotated[str, typer.Option("--route", help="The route whose figure is to change.")],
    figure: Annotated[str, typer.Option("--figure", help="The figure, as urgent_claims_due_days.")],
    value: Annotated[str, typer.Option("--value", help="Its new value.")],
    since: Annotated[str, typer.Option("--since", help="The day it comes into force.")],
    source: Annotated[str, typer.Option("--source", help="Where it was agreed.")],
    by: By,
    with_: With = None,
    home: Home = None,
) -> None:
    """建议调整参数: a figure agreed on, as a change of the agreement both sides still have to make."""
    _do(home, by, with_, "propose", meeting=meeting, route=route, figure=figure, value=value, since=since,
        source=source)  # fmt: skip


@app.command()
def share(by: By, with_: With = None, home: Home = None) -> None:
    """送对方: put forward what the other side has not heard; a second officer approves it, the next sweep sends it."""
    with end(home, actor=by) as parts:
        key = journeys.share_meeting(parts, with_, by=by)
    if key is None:
        out.print("对方均已知悉 the other side has all of it")
        return
    out.print(f"{key}  已提交复核 put forward\n  exchange review approve {key} --by …", soft_wrap=True)


def _do(home: Path | None, by: str, other: str | None, act: str, **told: Any) -> None:
    with end(home, actor=by) as parts:
        out.print(journeys.meet(parts, act, told, by=by, other=other), markup=False, soft_wrap=True)
