"""Commands about points 待说明事项: list them, explain them, overrule a reject."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from functools import partial
from typing import Annotated, Any

import typer
from rich.text import Text

from exchange import journeys
from exchange.cli.common import By, Home, Json, Key, end, listing, out, whoever
from exchange.domain import lifecycle
from exchange.domain.points import CATEGORIES, Explanation, Point, Standing, standing
from exchange.domain.points_page import day_of, on_one_line, point_words
from exchange.ports import ExchangeRecord, Parts

Said = Annotated[str, typer.Option("--reason", help="Why the data is right as it stands; the other side reads it.")]
Category = Annotated[str, typer.Option("--as", help="A category out of schemas/codes/explanation.csv.")]


def register(app: typer.Typer) -> None:
    """Add these commands."""
    for name, command in (("points", points), ("explain", explain), ("overrule", overrule)):
        app.command(name)(command)


def points(key: Key, home: Home = None, as_json: Json = False) -> None:
    """List what an officer must explain before an exchange may be prepared, what was said, what may be said again."""
    with end(home, actor=whoever()) as parts:
        record = journeys.record(parts, key)
        now = standing(key, parts.ledger.events(exchange=key), partial(parts.vault.get, key))
        known = _proposed(parts, record, now)
        journeys.looked(parts, key, "points")
        if as_json:
            out.print_json(data=_plain(now, known))
            return
        if not now.points:
            out.print("没有待说明事项 no points.")
            return
        _print(parts, record, now, known)
        _next(key, now, known)


def _proposed(parts: Parts, record: ExchangeRecord, now: Standing) -> dict[str, Explanation]:
    from exchange.steps.explain import proposed

    found: dict[str, Explanation] = journeys.call(proposed, parts, record, now.open)
    return found


def _print(parts: Parts, record: ExchangeRecord, now: Standing, known: dict[str, Explanation]) -> None:
    route, categories = (
        journeys.agreed(parts, record.key).route(record.route),
        parts.agreement.codes[CATEGORIES].names_zh,
    )
    for rule in dict.fromkeys(point.rule for point in now.points):
        ours = [point for point in now.points if point.rule == rule]
        table = listing("编号 id", "处所 where", "情形 what", "理由 reason", title=_title(parts, record, ours[0]),
                        title_justify="left")  # fmt: skip
        for point in ours:
            said, before = now.said.get(point.id), known.get(point.id)
            reason = Text("待说明 waits", style="yellow")
            if said is not None:
                again = f"（沿用 {day_of(said.since)} 的说明 reused）" if said.since else ""
                reason = Text(
                    f"{on_one_line(rule, categories.get(said.category, said.category), said.reason)}  {said.by}{again}"
                )
            elif before is not None:
                reason.append(f"  前次 earlier, {before.by} {day_of(before.since or before.at)}：{before.reason}")
            told = point_words(point, route)
            where = " ".join(part for part in (told["case_no"], told["place"]) if part)
            what = "：".join(filter(None, ("、".join(zh for zh, _ in told["columns"]), told["note"])))
            table.add_row(Text(point.id, no_wrap=True), Text(where), Text(what), reason)
        out.print(table)
        out.print()


def _title(parts: Parts, record: ExchangeRecord, point: Point) -> Text:
    told = point_words(point, journeys.agreed(parts, record.key).route(record.route))
    (zh, en), (fix, _) = told["rule"], told["remedy"]
    return Text(f"{zh} {en}  [{point.rule}]\n  办 {fix}")


def _next(key: str, now: Standing, known: dict[str, Explanation]) -> None:
    out.print(f"共 {len(now.points)} 项，待说明 {len(now.open)} 项  {len(now.points)} points, {len(now.open)} wait")
    if known:
        out.print(
            f"  次 next: exchange explain {key} --reuse --by <officer>   （确认沿用 {len(known)} 项）", soft_wrap=True
        )
    if now.open:
        first = now.open[0]
        several = sum(point.rule == first.rule for point in now.open) > 1
        which = f"--rule {first.rule}" if several else first.id
        example = f"exchange explain {key} {which} --by <officer> --reason <why>"
        out.print(f"  次 next: {example}", soft_wrap=True, markup=False)


def _plain(now: Standing, known: dict[str, Explanation]) -> list[dict[str, Any]]:
    def told(one: Explanation | None) -> dict[str, Any] | None:
        return asdict(one) if one is not None else None

    return [
        asdict(point) | {"said": told(now.said.get(point.id)), "proposed": told(known.get(point.id))}
        for point in now.points
    ]


def explain(
    key: Key,
    by: By,
    ids: Annotated[list[str] | None, typer.Argument(help="Ids of points, or their first digits.")] = None,
    reason: Said = "",
    category: Category = "other",
    rule: Annotated[str | None, typer.Option(help="Every open point of this rule, instead of ids.")] = None,
    serials: Annotated[
        str | None, typer.Option(help="Of one docket_gap point these serials alone, as 3,7-9; the rest stays open.")
    ] = None,
    reuse: Annotated[
        bool, typer.Option("--reuse", help="Confirm what was said earlier about these very points.")
    ] = False,
    home: Home = None,
) -> None:
    """说明理由: say why points are right as they stand. A reason given after the preparation voids it."""
    from exchange.steps.explain import explain as step
    from exchange.steps.explain import reuse as again

    if reuse and (ids or rule or reason or serials):
        raise typer.BadParameter("--reuse takes no points and no reason", param_hint="--reuse")
    with end(home, actor=by) as parts:
        with parts.ledger.lock(f"run:{key}"):
            told: Sequence[Any] = (
                journeys.call(again, parts, key, by=by)
                if reuse
                else journeys.call(
                    step, parts, key, ids or [], by=by, reason=reason, category=category, rule=rule, serials=serials
                )
            )
        now = standing(key, parts.ledger.events(exchange=key), partial(parts.vault.get, key))
        out.print(f"已说明 explained {len(told)}；待说明 waiting {len(now.open)}")
        if not now.open:
            out.print(f"  次 next: exchange review prepare {key} --by <officer>", soft_wrap=True, markup=False)


def overrule(
    key: Key,
    by: By,
    rule: Annotated[str, typer.Option(help="The rule that holds the case.")],
    case: Annotated[str, typer.Option("--case", help="The case number, in any bracket style.")],
    reason: Said,
    category: Category = "register_error",
    home: Home = None,
) -> None:
    """确认放行: send a held case all the same, where the contract lets the rule be overruled. Voids a preparation."""
    from exchange.steps.overrule import overrule as step

    with end(home, actor=by) as parts:
        with parts.ledger.lock(f"run:{key}"):
            journeys.call(step, parts, key, rule=rule, case_no=case, by=by, reason=reason, category=category)
            state = journeys.assemble(parts, key)
        record = journeys.record(parts, key)
        out.print(f"[bold]{key}[/]  {state}  ({journeys.GATES.get(state, '')})")
        out.print(f"  内容指纹 fingerprint  {(record.content_hash or '')[:32]}")
        out.print(f"  校验报告 report       {parts.vault.where(key, 'report.html')}", soft_wrap=True)
        if state == lifecycle.CHECKED:
            out.print(f"  次 next: exchange points {key}", soft_wrap=True)
