"""Readings: what was on a day, as it stood at a moment, against what is known of that day now."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from functools import partial
from typing import Any

import pandas as pd

from exchange.domain.asof import as_of, of_case
from exchange.domain.case_number import normalise
from exchange.domain.choice import by_number
from exchange.domain.differences import as_document, compare
from exchange.domain.errors import NeedsPerson
from exchange.domain.moments import moment_text
from exchange.domain.period import Period
from exchange.domain.prepare import CASES, prepare
from exchange.domain.route import Agreement, Route
from exchange.ports import Ledger, Source


def readings(
    on: date,
    *,
    known_on: datetime,
    case: str | None = None,
    from_source: bool = False,
    route: str | None = None,
    dataset: str | None = None,
    agreement: Agreement,
    party: str,
    ledger: Ledger,
    source: Source,
    actor: str,
) -> dict[str, Any]:
    """The two readings of a day compared: what had been recorded by `known_on`, and what is known now.

    Of what the route carried, by its landed rows, at either end; with `from_source` "now" is this end's own register.
    Without `route` it is the only one that carries cases (and `dataset`), or the only one of them that has carried
    anything. Both hold the facts dated up to `on`, of `dataset` beside the cases alone where it is given. Values that
    name a person are masked; the ledger says who asked. Raises NeedsPerson 905 (no such route, or its register is at
    the other end), 914 (no packet carried such a case by either).
    """
    chosen = _route(agreement, party, route, dataset, ledger, from_source=from_source)
    number = normalise(case) if case else None
    then = _landed(ledger, chosen, known_on, number)
    now = _register(source, agreement, chosen, on, number) if from_source else _landed(ledger, chosen, None, number)
    before, after = (of_case(as_of(side, on, chosen), number, chosen) for side in (then, now))
    if number is not None and not len(before[CASES]) and not len(after[CASES]):
        raise NeedsPerson(
            914, "Neither reading holds a case of this number.", where="--case",
            next_step="Check the number and the day; a case is in it from its acceptance on.",
        )  # fmt: skip
    if dataset is not None:
        before, after = ({n: f for n, f in side.items() if n in (CASES, dataset)} for side in (before, after))
    told = {"what": "asof", "on": on.isoformat(), "known_on": known_on.isoformat(), "source": from_source}
    with ledger.transaction() as write:
        write.append("looked_at", exchange=None, actor=actor, body=told | ({"subject": number} if number else {}))
    left, right = (f"known on {moment_text(known_on)}", "register now" if from_source else "known now")
    found = as_document(compare(before, after, chosen), left=left, right=right)
    rows = {side: {n: len(f) for n, f in frames.items()} for side, frames in (("then", before), ("now", after))}
    return {"route": chosen.id, "on": on.isoformat(), "rows": rows, **found}


def _route(
    agreement: Agreement, party: str, name: str | None, dataset: str | None, ledger: Ledger, *, from_source: bool
) -> Route:
    ours = [
        r for r in agreement.routes.values()
        if party in (r.sender, r.receiver) and r.has(CASES) and (dataset is None or r.has(dataset))
    ]  # fmt: skip
    chosen = [r for r in ours if name in (None, r.id)]
    if len(chosen) > 1:
        chosen = [r for r in chosen if ledger.newest(r.lane) is not None]
    if len(chosen) != 1:
        step = f"Give --route, one of: {', '.join(r.id for r in ours) or 'none here'}."
        raise NeedsPerson(905, "Which route is not clear.", where="--route", next_step=step)
    if from_source and chosen[0].sender != party:
        raise NeedsPerson(
            905, "The register is the sender's.", where="--source", next_step="Leave --source out at this end."
        )  # fmt: skip
    return chosen[0]


def _landed(ledger: Ledger, route: Route, until: datetime | None, number: str | None) -> dict[str, pd.DataFrame]:
    """What the route carried of cases, or of one, as of a moment (None: to this day)."""
    read = partial(ledger.landed, route, until=until, keys=None if number is None else [number])
    return {contract.dataset: read(contract.dataset) for contract in route.datasets if contract.of_case}


def _register(
    source: Source, agreement: Agreement, route: Route, on: date, number: str | None
) -> Mapping[str, pd.DataFrame]:
    """This end's register, or one case of it, as it would be exchanged, each value in its form."""
    sender, period = agreement.parties[route.sender], Period.of(on)
    only = None if number is None else by_number([number])
    frames = source.read(route, courts=sender.court_ids, since=period.first_day, only=only)
    return dict(prepare(frames, route=route, sender=sender, period=period, as_of=on).frames)
