"""From nothing to sent: the quarter, an urgent case, an answer, a list of breaks."""

from __future__ import annotations

from datetime import date
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

from exchange.domain import lifecycle
from exchange.domain.errors import NeedsPerson
from exchange.domain.period import Period
from exchange.journeys.calling import Swept, attempted, call, record, state_of
from exchange.ports import Parts

if TYPE_CHECKING:
    from exchange.domain.urgency import UrgentRound


OUTGOING: Final = (lifecycle.APPROVED, lifecycle.PACKED)
"""Past the approval: the states from which a step takes an exchange on."""


def quarterly_routes(parts: Parts) -> list[str]:
    """The routes on which this end sends a quarter's records."""
    return list(parts.agreement.quarterly_routes(parts.party, parts.channels))


def open_quarter(parts: Parts, route_id: str, period: str, as_of: date | None = None) -> str:
    """Open the quarter's exchange of a route, or find the one that is open; return its key.

    One refused by an officer or by the other side is followed by the next attempt, `….2`, `….3`.
    """
    quarter, day = Period.parse(period), as_of or parts.today
    route = parts.agreement.used_by(parts.party, day).route(route_id)
    if route.sender != parts.party:
        raise NeedsPerson(
            905,
            f"{parts.party} does not send on this route.",
            where=f"route {route_id}",
            next_step="Run it at the sender's end.",
        )
    if quarter.first_day > day:
        raise NeedsPerson(
            905, "The quarter has not begun.", where=f"period {quarter}, as of {day}",
            next_step="Check the period, or give --as-of.",
        )  # fmt: skip
    base = f"{route_id}.Q.{quarter}"
    with parts.ledger.lock(f"open:{base}"):
        key = lifecycle.attempt(base, partial(state_of, parts), lambda _, state: state in lifecycle.SENT_BACK)
        if state_of(parts, key) is not None:
            return key
        body = {
            "route": route_id, "direction": "out", "kind": "Q", "period": str(quarter),
            "as_of": day.isoformat(), "batches": _batches(parts), "contract_sha256": route.contract_sha256,
        }  # fmt: skip
        with parts.ledger.transaction() as write:
            write.append("exchange_opened", exchange=key, actor=parts.actor, body=body)
    return key


def _batches(parts: Parts) -> dict[str, list[str]]:
    courts = parts.agreement.parties[parts.party].court_ids
    size = parts.batch_size
    return {f"b{n // size + 1:03d}": courts[n : n + size] for n in range(0, len(courts), size)}


def batches(parts: Parts, key: str) -> list[str]:
    """Names of the batches of courts of an exchange."""
    return list(record(parts, key).details["batches"])


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
    """From nothing to the approval gate; return the exchange's key. Batches are taken in turn, or spread."""
    key = open_quarter(parts, route_id, period, as_of)
    with parts.ledger.lock(f"run:{key}"):
        names = batches(parts, key)
        if parts.spread is not None and len(names) > 1:
            parts.spread(read_and_check, key, names)
        else:
            for batch in names:
                read_and_check(parts, key, batch)
        assemble(parts, key)
    return key


def read_and_check(parts: Parts, key: str, batch: str) -> None:
    """Read one batch of courts into the vault and check it."""
    extract(parts, key, batch)
    validate(parts, key, batch)


def onward(parts: Parts, key: str) -> str:
    """Take an approved exchange on through packing and sending; return the state it stops at."""
    from exchange.steps.pack import pack
    from exchange.steps.send import send

    with parts.ledger.lock(f"run:{key}"):
        while (state := record(parts, key).state) in OUTGOING:
            call(pack if state == lifecycle.APPROVED else send, parts, key)
    return record(parts, key).state


def preview_urgent(parts: Parts, case_no: str) -> str:
    """Lay what an urgent transfer of a case would carry into the vault; its key there."""
    from exchange.steps.urgent import preview_urgent as step

    key: str = call(step, parts, case_no)
    return key


def urgent(parts: Parts, case_no: str, reason: str, officer: str, *, seen: str | None = None) -> str:
    """Send one case at once on every route that carries urgent cases: opened, released as the route says, packed and
    sent; return the first exchange's key. One counterpart that can't be reached holds up no other."""
    from exchange.steps.urgent import urgent as step

    round_ = call(step, parts, case_no=case_no, reason=reason, actor=officer, seen=seen)
    swept = Swept()
    for key in round_.keys:
        attempted(swept, "sent", key, onward, parts, key)
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


def share(parts: Parts, route_id: str | None = None) -> str | None:
    """Open the exchange that carries this end's list of breaks, or its answers; None when there is nothing new."""
    from exchange.steps.share_breaks import share_breaks

    key: str | None = call(share_breaks, parts, route_id)
    return key


def deliver(parts: Parts, swept: Swept | None = None) -> None:
    """Send every sealed packet that is not out yet, lane by lane in order; a lane that is stuck holds up no other."""
    waiting = sorted(parts.ledger.packets(direction="out", states=["sealed"]), key=lambda p: (p.lane, p.number))
    if not waiting:
        return
    from exchange.steps.send import send

    for lane in dict.fromkeys(p.lane for p in waiting):
        for key in dict.fromkeys(p.exchange for p in waiting if p.lane == lane and p.exchange):
            before = len(swept.problems) if swept else 0
            attempted(swept, "delivered", key, call, send, parts, key)
            if swept and len(swept.problems) > before:
                break
