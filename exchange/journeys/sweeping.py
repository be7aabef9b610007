"""The sweep: whatever became ready since the last one."""

from __future__ import annotations

from collections.abc import Sequence

import structlog

from exchange.domain import lifecycle
from exchange.domain.break_due import answers_to, lists_due
from exchange.domain.errors import RetryLater
from exchange.journeys.calling import Swept, attempted
from exchange.journeys.incoming import fetch, hear, receive, reconcile
from exchange.journeys.meetings import hear_meetings
from exchange.journeys.outgoing import OUTGOING, deliver, onward, share
from exchange.journeys.statements import hear_statements, tell_statements
from exchange.ports import Parts

log = structlog.get_logger("exchange")


def sweep(parts: Parts) -> Swept:
    """Take up everything that became ready: collect, take in, receipt, pack, send, reconcile.

    One thing that fails does not hold up the others; its error is returned, and the next sweep tries again.
    """
    swept = Swept()
    with parts.ledger.lock("sweep"):
        for counterpart in parts.channels:
            _incoming(parts, counterpart, swept)
        tell_statements(parts, swept)
        for exchange in parts.ledger.exchanges(states=list(OUTGOING)):
            attempted(swept, "sent", exchange.key, onward, parts, exchange.key)
        deliver(parts, swept)
        for key in _unreconciled(parts):
            attempted(swept, "reconciled", key, reconcile, parts, key)
        hear(parts, swept)
        hear_meetings(parts, swept)
        hear_statements(parts, swept)
        for route in lists_due(parts.agreement, parts.party, parts.ledger):
            if attempted(swept, "", route, share, parts, route) is not None:
                swept.count("list of breaks opened")
    for where, problem in swept.problems:
        log.warning("sweep_problem", where=where, code=problem.code, retry=isinstance(problem, RetryLater))
    return swept


def _incoming(parts: Parts, counterpart: str, swept: Swept) -> None:
    ids: Sequence[str] = attempted(swept, "", counterpart, fetch, parts, counterpart) or []
    receive(parts, ids, swept)


def _unreconciled(parts: Parts) -> list[str]:
    """Quarterly exchanges whose route back brought an answer that was not there when they were last compared."""
    due = []
    for route in parts.agreement.routes_from(parts.party):
        if route.answered_by is None:
            continue
        answers = answers_to(route, parts.ledger)
        ours = [
            e for e in parts.ledger.exchanges(route=route.id, kind="Q")
            if e.state in (lifecycle.SENT, lifecycle.RECEIVED, lifecycle.ACCEPTED)
        ]  # fmt: skip
        if not answers or not ours:
            continue
        told = [event.body["answers"] for event in parts.ledger.events(exchange=ours[-1].key, kind="reconciled")]
        if not told or len(answers) > told[-1]:
            due.append(ours[-1].key)
    return due
