"""The order of steps, once. Airflow's DAGs, the command line and the tests all travel here.

A journey runs to the next gate in the ledger (approval, receipt, answer) and ends; `sweep` takes up whatever has
become ready since. Nothing waits here, so a restart, a lost event or an approval after three weeks changes nothing.

A step is imported by the journey that takes it: pandas and what else it brings cost a second, which a command that only
looks, or a sweep that finds nothing, need not spend.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import structlog

from exchange.domain import lifecycle
from exchange.domain.break_due import answers_due, lists_due
from exchange.domain.errors import ExchangeError, NeedsPerson, RetryLater
from exchange.domain.lane import lane_of
from exchange.domain.packet import parse_packet_name
from exchange.domain.period import Period
from exchange.ports import ExchangeRecord, Parts

if TYPE_CHECKING:
    from exchange.domain.manifest import Manifest
    from exchange.domain.urgency import UrgentRound
    from exchange.steps.make_statement import Made
    from exchange.steps.take_in import TakenIn

log = structlog.get_logger("exchange")

OUTGOING: Final = (lifecycle.APPROVED, lifecycle.PACKED)
"""Past the approval: the states from which a step takes an exchange on."""

GATES: Final[Mapping[str, str]] = {
    lifecycle.OPENED: "being read and checked; run it again if it stopped",
    lifecycle.EXTRACTED: "being assembled; run it again if it stopped",
    lifecycle.CHECKED: "waits for the officers",
    lifecycle.STOPPED: "stopped: too many cases are held; waits for an officer",
    lifecycle.PREPARED: "waits for the approver",
    lifecycle.APPROVED: "released; the next sweep sends it",
    lifecycle.PACKED: "sealed; the next sweep sends it",
    lifecycle.SENT: "waits for the receipt",
    lifecycle.RECEIVED: "opened by the other side; waits for the validated receipt",
    lifecycle.ACCEPTED: "received and validated by the other side",
    lifecycle.REJECTED: "refused by the other side: see its code",
    lifecycle.REFUSED: "sent back by an officer",
}


_TAKEN: Final[Mapping[str, str]] = {"accepted": "taken in"}
"""How a sweep's counts call what became of a packet, where not by its own word."""


@dataclass(slots=True, kw_only=True)
class Swept:
    """What one sweep did: counts by step, and what could not be done with its error."""

    done: dict[str, int] = field(default_factory=dict)
    problems: list[tuple[str, ExchangeError]] = field(default_factory=list)

    def count(self, what: str, times: int = 1) -> None:
        """Add to a count."""
        self.done[what] = self.done.get(what, 0) + times

    @property
    def idle(self) -> bool:
        """Nothing was there to do."""
        return not self.done and not self.problems


def call(step: Callable[..., Any], parts: Parts, *args: Any, **more: Any) -> Any:
    """Run a step with the ports its signature names."""
    named = {
        name: getattr(parts, name)
        for name in inspect.signature(step).parameters
        if name not in more and name in Parts.__dataclass_fields__
    }
    return step(*args, **named, **more)


def quarterly_routes(parts: Parts) -> list[str]:
    """The routes on which this end sends a quarter's records."""
    return list(parts.agreement.quarterly_routes(parts.party, parts.channels))


def open_quarter(parts: Parts, route_id: str, period: str, as_of: date | None = None) -> str:
    """Open the quarter's exchange of a route, or find the one that is open; return its key.

    One refused by an officer or by the other side is followed by the next attempt, `….2`, `….3`.
    """
    route = parts.agreement.route(route_id)
    if route.sender != parts.party:
        raise NeedsPerson(
            905,
            f"{parts.party} does not send on this route.",
            where=f"route {route_id}",
            next_step="Run it at the sender's end.",
        )
    quarter, day = Period.parse(period), as_of or parts.today
    if quarter.first_day > day:
        raise NeedsPerson(
            905, "The quarter has not begun.", where=f"period {quarter}, as of {day}",
            next_step="Check the period, or give --as-of.",
        )  # fmt: skip
    base = f"{route_id}.Q.{quarter}"
    with parts.ledger.lock(f"open:{base}"):
        key = lifecycle.attempt(base, partial(_state_of, parts), lambda _, state: state in lifecycle.SENT_BACK)
        if _state_of(parts, key) is not None:
            return key
        body = {
            "route": route_id, "direction": "out", "kind": "Q", "period": str(quarter),
            "as_of": day.isoformat(), "batches": _batches(parts),
        }  # fmt: skip
        with parts.ledger.transaction() as write:
            write.append("exchange_opened", exchange=key, actor=parts.actor, body=body)
    return key


def _state_of(parts: Parts, key: str) -> str | None:
    known = parts.ledger.exchange(key)
    return known.state if known else None


def _batches(parts: Parts) -> dict[str, list[str]]:
    courts = [court.id for court in parts.agreement.parties[parts.party].courts]
    size = parts.batch_size
    return {f"b{n // size + 1:03d}": courts[n : n + size] for n in range(0, len(courts), size)}


def batches(parts: Parts, key: str) -> list[str]:
    """Names of the batches of courts of an exchange."""
    return list(record(parts, key).details["batches"])


def record(parts: Parts, key: str) -> ExchangeRecord:
    """Where an exchange stands; NeedsPerson 914 when there is none of that key."""
    known = parts.ledger.exchange(key)
    if known is None:
        raise NeedsPerson(914, "There is no such exchange.", where=key, next_step="List them with `exchange status`.")
    return known


def extract(parts: Parts, key: str, batch: str) -> None:
    """Read one batch of courts into the vault."""
    from exchange.steps.extract import extract as step

    call(step, parts, key, batch)


def validate(parts: Parts, key: str, batch: str) -> None:
    """Check one batch's rows."""
    from exchange.steps.validate import validate as step

    call(step, parts, key, batch)


def assemble(parts: Parts, key: str) -> str:
    """Join the batches, check across them, stage what will be sent; return the state."""
    from exchange.steps.assemble import assemble as step

    call(step, parts, key)
    return record(parts, key).state


def quarterly(parts: Parts, route_id: str, period: str, as_of: date | None = None) -> str:
    """From nothing to the approval gate, all batches in turn; return the exchange's key."""
    key = open_quarter(parts, route_id, period, as_of)
    with parts.ledger.lock(f"run:{key}"):
        for batch in batches(parts, key):
            extract(parts, key, batch)
            validate(parts, key, batch)
        assemble(parts, key)
    return key


def onward(parts: Parts, key: str) -> str:
    """Take an approved exchange on through packing and sending; return the state it stops at."""
    from exchange.steps.pack import pack
    from exchange.steps.send import send

    with parts.ledger.lock(f"run:{key}"):
        while (state := record(parts, key).state) in OUTGOING:
            call(pack if state == lifecycle.APPROVED else send, parts, key)
    return record(parts, key).state


def urgent(parts: Parts, case_no: str, reason: str, officer: str) -> str:
    """Send one case at once on every route that carries urgent cases: opened, released as the route says, packed and
    sent; return the first exchange's key. One counterpart that can't be reached holds up no other."""
    from exchange.steps.urgent import urgent as step

    round_ = call(step, parts, case_no=case_no, reason=reason, actor=officer)
    swept = Swept()
    for key in round_.keys:
        _try(swept, "sent", key, onward, parts, key)
    if swept.problems:
        raise swept.problems[0][1]
    first: str = round_.keys[0]
    return first


def watch(parts: Parts) -> dict[str, int]:
    """Find urgent cases and limits that run out; open their packets, alert. Counts of what was found."""
    from exchange.steps.urgent import urgent as find
    from exchange.steps.watch import watch as warn

    with parts.ledger.lock("watch"):
        round_: UrgentRound = call(find, parts)
        counts: dict[str, int] = call(warn, parts, urgent=round_)
        return counts


def answer(parts: Parts, folder: Path, route_id: str | None = None) -> str:
    """At the tax end: check the claims and status files of a folder and open their exchange; return its key.

    `route_id` says which court is answered where this end answers several.
    """
    from exchange.steps.answer import answer as step

    key: str = call(step, parts, folder, route_id=route_id)
    return key


def reconcile(parts: Parts, key: str, as_of: date | None = None) -> None:
    """Compare the three books for an exchange of this end."""
    from exchange.steps.reconcile import reconcile as step

    call(step, parts, key, as_of=as_of)


def fetch(parts: Parts, counterpart: str) -> list[str]:
    """Fetch what a counterpart sent into the vault; ids of the packets to take in, in order."""
    from exchange.steps.collect import collect

    with parts.ledger.lock(f"collect:{counterpart}"):
        ids: list[str] = call(collect, parts, counterpart)
        return ids


def receive(parts: Parts, packet_ids: Sequence[str], swept: Swept | None = None) -> list[TakenIn]:
    """Take collected packets of one counterpart in, seal the receipts they are owed, clear them from the channel.

    With `swept` a packet that can't be taken in is noted there and does not hold up the others; else it is raised.
    """
    if not packet_ids:
        return []
    from exchange.steps.acknowledge import acknowledge
    from exchange.steps.take_in import take_in

    results: list[TakenIn] = []
    for packet_id in packet_ids:
        with parts.ledger.lock(f"take_in:{lane_of(packet_id)}"):
            result = _try(swept, "", packet_id, call, take_in, parts, packet_id)
        if result is not None:
            results.append(result)
            if swept is not None:
                swept.count(_TAKEN.get(result.result, result.result))
    if results:
        _try(swept, "", results[-1].packet_id, call, acknowledge, parts, results[-1].packet_id)
    for result in results:
        if result.result != "held":
            parts.channels[parse_packet_name(result.packet_id).sender].taken(result.packet_id)
    hear(parts, swept)
    return results


def share(parts: Parts, route_id: str | None = None) -> str | None:
    """Open the exchange that carries this end's list of breaks, or its answers; None when there is nothing new."""
    from exchange.steps.share_breaks import share_breaks

    key: str | None = call(share_breaks, parts, route_id)
    return key


def statement(
    parts: Parts, period: str, route_id: str | None = None, *, again: bool = False, case: str | None = None
) -> Made:
    """Make a quarter's statement, or find it made; with its forms, or one case's."""
    from exchange.steps.make_statement import make_statement

    made: Made = call(make_statement, parts, period, route=route_id, again=again, case=case)
    return made


def statement_route(parts: Parts) -> str:
    """The only route this end's statements can be of; NeedsPerson 905 when there are several, or none."""
    from exchange.steps.make_statement import route_of

    return route_of(parts.agreement, parts.party, None).id


def sign_statement(parts: Parts, period: str, route_id: str, by: str) -> str:
    """An officer puts a quarter's statement forward, a second one has it signed: `prepared` or `signed`."""
    from exchange.steps.sign_statement import sign_statement as step

    state: str = call(step, parts, period, route=route_id, by=by)
    return state


def compare_statement(parts: Parts, period: str, route_id: str, data: bytes, signature: bytes) -> list[dict[str, Any]]:
    """What differs between the other side's signed statement and ours, made of the same packets; nothing: the same."""
    from exchange.steps.compare_statement import compare_statement as compare
    from exchange.steps.make_statement import make_statement
    from exchange.steps.read_statement import read_statement

    theirs = call(read_statement, parts, period, data, signature, route=route_id)
    call(make_statement, parts, period, route=route_id, like=theirs)
    found: list[dict[str, Any]] = call(compare, parts, period, theirs, signature, route=route_id)
    return found


def hear(parts: Parts, swept: Swept | None = None) -> None:
    """Make the answers that came with packets taken in part of the breaks they are about."""
    for key in answers_due(parts.agreement, parts.ledger):
        from exchange.steps.note_answers import note_answers

        _try(swept, "answers noted", key, call, note_answers, parts, key)


def verify(parts: Parts, folder: Path) -> Manifest:
    """Check a packet's folder as its receiver would, landing nothing; its manifest. The folder's name is the id."""
    from exchange.domain.opening import open_packet

    name = parse_packet_name(folder.name)
    with parts.vault.workdir() as quarantine:
        opened = open_packet(
            folder,
            packet_id=str(name),
            party=parts.party,
            agreement=parts.agreement,
            schemas=parts.schemas,
            trusted=parts.keys.trusted(name.sender, "sign"),
            keys=parts.keys.decrypting(),
            known=[p for p in parts.ledger.packets(lane=name.lane, direction="in") if p.number < name.number],
            now=parts.clock(),
            quarantine=quarantine,
        )
    return opened.authentic.manifest


def audit(parts: Parts) -> list[str]:
    """Every problem of this end's ledger, in words."""
    from exchange.steps.audit import audit as step

    problems: list[str] = call(step, parts)
    return problems


def looked(parts: Parts, key: str, what: str) -> None:
    """Say in the ledger that somebody was shown data of an exchange that may name people."""
    with parts.ledger.transaction() as write:
        write.append("looked_at", exchange=key, actor=parts.actor, body={"what": what})


def deliver(parts: Parts, swept: Swept | None = None) -> None:
    """Send every sealed packet that is not out yet, lane by lane in order; a lane that is stuck holds up no other."""
    waiting = sorted(parts.ledger.packets(direction="out", states=["sealed"]), key=lambda p: (p.lane, p.number))
    if not waiting:
        return
    from exchange.steps.send import send

    for lane in dict.fromkeys(p.lane for p in waiting):
        for key in dict.fromkeys(p.exchange for p in waiting if p.lane == lane and p.exchange):
            before = len(swept.problems) if swept else 0
            _try(swept, "delivered", key, call, send, parts, key)
            if swept and len(swept.problems) > before:
                break


def sweep(parts: Parts) -> Swept:
    """Take up everything that became ready: collect, take in, receipt, pack, send, reconcile.

    One thing that fails does not hold up the others; its error is returned, and the next sweep tries again.
    """
    swept = Swept()
    with parts.ledger.lock("sweep"):
        for counterpart in parts.channels:
            _incoming(parts, counterpart, swept)
        for exchange in parts.ledger.exchanges(states=list(OUTGOING)):
            _try(swept, "sent", exchange.key, onward, parts, exchange.key)
        deliver(parts, swept)
        for key in _unreconciled(parts):
            _try(swept, "reconciled", key, reconcile, parts, key)
        hear(parts, swept)
        for route in lists_due(parts.agreement, parts.party, parts.ledger):
            if _try(swept, "", route, share, parts, route) is not None:
                swept.count("list of breaks opened")
    for where, problem in swept.problems:
        log.warning("sweep_problem", where=where, code=problem.code, retry=isinstance(problem, RetryLater))
    return swept


def _incoming(parts: Parts, counterpart: str, swept: Swept) -> None:
    ids: Sequence[str] = _try(swept, "", counterpart, fetch, parts, counterpart) or []
    receive(parts, ids, swept)


def _try(swept: Swept | None, what: str, where: str, action: Callable[..., Any], *args: Any) -> Any:
    try:
        result = action(*args)
    except ExchangeError as error:
        if swept is None:
            raise
        swept.problems.append((where, error))
        return None
    if what and swept is not None:
        swept.count(what)
    return result


def _unreconciled(parts: Parts) -> list[str]:
    """Quarterly exchanges whose route back brought an answer since they were last reconciled."""
    due = []
    for route in parts.agreement.routes_from(parts.party):
        if route.answered_by is None:
            continue
        answers = [e for e in parts.ledger.exchanges(route=route.answered_by, kind="A") if e.direction == "in"]
        ours = [
            e for e in parts.ledger.exchanges(route=route.id, kind="Q")
            if e.state in (lifecycle.SENT, lifecycle.RECEIVED, lifecycle.ACCEPTED)
        ]  # fmt: skip
        if not answers or not ours:
            continue
        last = [event.seq for event in parts.ledger.events(exchange=ours[-1].key, kind="reconciled")]
        news = [event.seq for event in parts.ledger.events(exchange=answers[-1].key, kind="taken_in")]
        if not last or max(news, default=0) > last[-1]:
            due.append(ours[-1].key)
    return due
