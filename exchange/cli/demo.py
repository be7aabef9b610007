"""`exchange demo`: one quarter goes round between a court and a tax bureau on this machine, on real parts."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer

from exchange import journeys, wiring
from exchange.cli.common import a_quarter, err
from exchange.cli.summary import print_summary
from exchange.cli.two_ends import Ends, World, build
from exchange.domain import lifecycle
from exchange.domain.break_life import CLOSED
from exchange.domain.break_view import seen
from exchange.domain.errors import NeedsPerson, RetryLater
from exchange.domain.outcome_file import load_outcome
from exchange.domain.points import standing
from exchange.domain.wording import rule_words
from exchange.ports import ExchangeRecord, Parts, Scheduler
from exchange.steps.explain import explain
from exchange.steps.review import review
from exchange.steps.work_break import work_break

PATIENCE_SECONDS = 420
SCRIPTED = "演示：已与来源核对无误 (demo: compared with the source)"
HOW = "confirmed_at_source"
"""The reason the demo's officer gives for every point, and its category."""


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("demo")(demo)


def demo(
    source: Annotated[Path, typer.Option(help="A court's database, as an SQL dump.")],
    return_: Annotated[Path, typer.Option("--return", help="Folder with the tax bureau's files.")],
    period: Annotated[str, typer.Option(callback=a_quarter, help="The quarter, as 2026Q3.")],
    as_of: Annotated[datetime, typer.Option("--as-of", formats=["%Y-%m-%d"], help="The day the quarter is run.")],
    home: Annotated[Path, typer.Option(help="Folder for both ends; again with the same one goes on.")],
    pair: Annotated[str, typer.Option(help="131100: the city's twelve courts; 131103: the district's one.")] = "131100",
    json_: Annotated[Path | None, typer.Option("--json", help="Write outcome.json there too.")] = None,
    airflow: Annotated[
        bool, typer.Option("--airflow/--no-airflow", help="The court's side by Airflow, or by command.")
    ] = True,
) -> None:
    """Watch a court and a tax bureau exchange a quarter, both ends on this machine.

    Killed at any moment and started again with the same --home, it goes on and ends with the same outcome.
    """
    world = World(home=home.resolve(), source=source, answer=return_, pair=pair, period=period, as_of=as_of.date())
    started = time.monotonic()
    with ExitStack() as stack:
        with _telling("两端就绪 both ends: homes, keys, pins, court database, SFTP exchange point"):
            wiring.stop_leftovers(world.home)
            ends = build(world)
            stack.callback(ends.point.stop)
            court = stack.enter_context(wiring.opened(ends.court))
            tax = stack.enter_context(wiring.opened(ends.tax))
        drive = stack.enter_context(_by_airflow(ends, court) if airflow else _by_hand(court))
        stack.callback(_hand_over, court, world.key, json_)
        _round(ends, court, tax, drive)
    outcome = load_outcome(court.vault.get(world.key, "outcome.json"), world.key)
    print_summary(ends, court, tax, world.key, outcome, seconds=time.monotonic() - started)


def _hand_over(court: Parts, key: str, into: Path | None) -> None:
    """Copy what is known of the outcome, also when the round stopped for a person."""
    if into is not None and court.vault.has(key, "outcome.json"):
        into.write_bytes(court.vault.get(key, "outcome.json"))


@contextmanager
def _telling(what: str) -> Iterator[None]:
    """A line with its time, so that long work shows."""
    began = time.monotonic()
    with err.status(what):
        yield
    err.print(f"[green]✓[/] [dim]{time.monotonic() - began:5.1f} s[/]  {what}")


class _Drive:
    """How the court's journeys are set going: `watch` and `quarter` start them, `turn` lets time pass."""

    def __init__(self, watch: Callable[[], None], quarter: Callable[[str, str, str], None], turn: Callable[[], None]):
        self.watch, self.quarter, self.turn = watch, quarter, turn


@contextmanager
def _by_hand(court: Parts) -> Iterator[_Drive]:
    def turn() -> None:
        _raise_person(journeys.sweep(court))

    yield _Drive(
        watch=lambda: _quietly(journeys.watch, court),
        quarter=lambda route, period, as_of: _quietly(
            journeys.quarterly, court, route, period, datetime.fromisoformat(as_of).date()
        ),
        turn=turn,
    )


@contextmanager
def _by_airflow(ends: Ends, court: Parts) -> Iterator[_Drive]:
    with _telling("Airflow 启动 Airflow for the court: API server, scheduler, DAG processor"):
        local = wiring.local_airflow(ends.world.home / "airflow", ends.court)
        local.start()
        local.unpause("exchange_sweep")
    try:
        yield _Drive(
            watch=lambda: _first_watch(local),
            quarter=lambda route, period, as_of: _dag(
                local, f"quarterly_{route.replace('-', '_')}", {"period": period, "as_of": as_of}
            ),
            turn=lambda: time.sleep(1),
        )
    finally:
        local.stop()
    del court


def _first_watch(local: Scheduler) -> None:
    """Unpausing the watch starts its first run; one is enough here."""
    _ended(local, "exchange_watch", local.scheduled("exchange_watch"))
    local.pause("exchange_watch")


def _dag(local: Scheduler, dag_id: str, conf: dict[str, str]) -> None:
    """Trigger a DAG over Airflow's REST API and wait for its end."""
    _ended(local, dag_id, local.trigger(dag_id, conf))


def _ended(local: Scheduler, dag_id: str, run_id: str) -> None:
    state = local.wait(dag_id, run_id, timeout_seconds=PATIENCE_SECONDS)
    if state != "success":
        raise NeedsPerson(
            916, f"Airflow's run of {dag_id} ended {state}.", where=str(local.home),
            next_step="Look at the task logs below that folder.",
        )  # fmt: skip


def _quietly(action: Callable[..., Any], *args: Any) -> None:
    action(*args)


def _raise_person(swept: journeys.Swept) -> None:
    for _, problem in swept.problems:
        if not isinstance(problem, RetryLater):
            raise problem


def _round(ends: Ends, court: Parts, tax: Parts, drive: _Drive) -> None:
    """The whole round, each part until its gate."""
    world, key = ends.world, ends.world.key
    with _telling("紧急案件 the watch finds urgent cases and sends each at once"):
        drive.watch()
        _release_urgent(court)
        _until(lambda: not court.ledger.exchanges(states=list(journeys.OUTGOING)), drive, tax)
    with _telling(f"{world.period} 提取、校验 the quarter is read and checked"):
        drive.quarter(world.route, world.period, world.as_of.isoformat())
    with _telling("经办、复核 two officers release it at the court"):
        _release(court, key)
    with _telling("签名、加密、传送、回执 signed, encrypted, sent; opened, landed and receipted at the tax end"):
        _until(lambda: _state(court, key) == lifecycle.ACCEPTED, drive, tax)
    with _telling("税务局应答 the tax bureau answers with claims and status"):
        answer = journeys.answer(tax, world.answer)
        _release(tax, answer)
        _until(lambda: _state(tax, answer) == lifecycle.ACCEPTED, drive, tax)
    with _telling("三方核对 the court reconciles the three books"):
        _until(lambda: any(True for _ in court.ledger.events(exchange=key, kind="reconciled")), drive, tax)
    with _telling("差异清单送税务、答复送回 the list of breaks goes over, an answer comes back"):
        _until(lambda: any(True for _ in court.ledger.events(kind="breaks_listed")), drive, tax)
        _breaks_shared(world, court, tax, drive)
    with _telling("债权对账单双方签署 the quarter's statement is signed by the court and counter-signed by the bureau"):
        _statement_signed(world, court, tax, drive)
    with _telling("收尾 every packet delivered, every receipt home"):
        _until(lambda: _settled(court) and _settled(tax), drive, tax)


def _breaks_shared(world: World, court: Parts, tax: Parts, drive: _Drive) -> None:
    """The court's officers release the list; at the tax end one answers its first break, and the answer goes back."""
    lists = [e.key for e in court.ledger.exchanges(route=world.route, kind="B") if e.direction == "out"]
    if not lists:
        return
    _release(court, lists[-1])
    _until(lambda: _state(court, lists[-1]) == lifecycle.ACCEPTED, drive, tax)
    first = next(one.record.id for one in seen(tax.ledger, tax.agreement, tax.party) if one.state != CLOSED)
    words = {"text": "演示：已收到，正在核对", "choice": "comment"}
    journeys.call(work_break, tax, [first], "answer", by="liaison-1", **words)
    if (answers := journeys.share(tax)) is not None:
        _release(tax, answers)
        _until(lambda: _state(tax, answers) == lifecycle.ACCEPTED, drive, tax)
    _until(lambda: any(True for _ in court.ledger.events(kind="break_answers_noted")), drive, tax)


def _statement_signed(world: World, court: Parts, tax: Parts, drive: _Drive) -> None:
    """At each end two officers sign; a sweep carries it over, compares it with the bureau's own rows, and back."""
    period, route = str(world.period), world.route
    journeys.statement(court, period, route)
    for parts, reached, other in ((court, "agrees", tax), (tax, "countersigned", court)):
        for by in ("liaison-1", "chief-1"):
            journeys.sign_statement(parts, period, route, by)
        _until(lambda end=other, state=reached: state in _came_to(end, period, route), drive, tax)  # type: ignore[misc]


def _came_to(parts: Parts, period: str, route: str) -> list[str]:
    """What the quarter's statement came to at an end, in order; a person is needed when the ends differ, which a
    demo's don't."""
    found = [one for one in journeys.statement_status(parts, route) if one["period"] == period]
    if found and found[0]["differing"]:
        raise NeedsPerson(
            934, "The statement differs between the ends.", where=f"{route} {period}",
            next_step="See `exchange statement compare`.",
        )  # fmt: skip
    return [step["what"] for step in found[0]["steps"]] if found else []


def _state(parts: Parts, key: str) -> str | None:
    record = parts.ledger.exchange(key)
    return record.state if record else None


def _release(parts: Parts, key: str) -> None:
    """What the two officers do by command: `exchange review prepare` and `approve`."""
    record = journeys.record(parts, key)
    if record.state == lifecycle.STOPPED:
        raise NeedsPerson(
            913, "The whole exchange stopped: too many cases are held.", where=parts.vault.where(key, "report.html"),
            next_step="Look at the report; `exchange review lift` lets it go on, `refuse` sends it back.",
        )  # fmt: skip
    _explain(parts, key)
    for decision, by in (("prepare", "liaison-1"), ("approve", "chief-1")):
        if _awaits(journeys.record(parts, key), decision):
            journeys.call(review, parts, key, decision, by=by)


def _explain(parts: Parts, key: str) -> None:
    """What the liaison officer does by `exchange explain`, rule by rule; each reason is shown."""
    if journeys.record(parts, key).state != lifecycle.CHECKED:
        return
    now = standing(key, parts.ledger.events(exchange=key), partial(parts.vault.get, key))
    for rule in dict.fromkeys(point.rule for point in now.open):
        told = journeys.call(explain, parts, key, (), rule=rule, by="liaison-1", reason=SCRIPTED, category=HOW)
        zh, _ = rule_words(parts.agreement.route(key.partition(".")[0]), rule, told[0].dataset)
        err.print(f"  [dim]待说明 {len(told)} 项 {zh} ({rule})：{SCRIPTED}[/]")
        places = [f"{point.place.replace('|', ' ')} {point.note}".strip() for point in told]
        err.print(f"  [dim]  {'；'.join(places[:8])}[/]", soft_wrap=True)


def _release_urgent(court: Parts) -> None:
    """Where the route wants an officer for an urgent case, one releases it; review follows within a working day."""
    for record in court.ledger.exchanges(states=[lifecycle.CHECKED], kind="U"):
        _explain(court, record.key)
        journeys.call(review, court, record.key, "approve", by="chief-1")


def _awaits(record: ExchangeRecord, decision: str) -> bool:
    return record.state == {"prepare": lifecycle.CHECKED, "approve": lifecycle.PREPARED}[decision]


def _until(reached: Callable[[], bool], drive: _Drive, tax: Parts) -> None:
    """Let both ends sweep until something is so; RetryLater 919 when patience ends."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not reached():
        drive.turn()
        _raise_person(journeys.sweep(tax))
        if time.monotonic() > deadline:
            raise RetryLater(
                919, "The round did not come to its end in time.", where="exchange demo",
                next_step="Start it again with the same --home: it goes on from there.",
            )  # fmt: skip


def _settled(parts: Parts) -> bool:
    """Nothing sealed waits, and what was sent has its receipt."""
    waiting = [lifecycle.APPROVED, lifecycle.PACKED, lifecycle.SENT, lifecycle.RECEIVED]
    return not parts.ledger.packets(direction="out", states=["sealed"]) and not parts.ledger.exchanges(states=waiting)
