"""A court and its counterparts, each with a home of its own, a folder between them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from exchange import journeys, wiring
from exchange.domain import lifecycle
from exchange.domain.points import standing
from exchange.ports import Parts
from exchange.settings import read_settings
from exchange.steps.explain import explain
from exchange.steps.review import review
from exchange.wiring import certificates


@contextmanager
def homes(folder: Path, court: str, others: Mapping[str, Mapping[str, Any]], **told: Any) -> Iterator[dict[str, Parts]]:
    """Party → its parts: a court and its counterparts, keys pinned, one folder per counterpart. `others` may tell each
    counterpart more settings, `told` the court."""
    officers = {"liaison-1": ["prepare"], "chief-1": ["approve"]}
    common = {"checker": "plain", "officers": officers, **{k: told[k] for k in ("today", "project") if k in told}}
    points = {other: {"kind": "folder", "root": str(folder / f"to-{other}")} for other in others}
    settings = {court: read_settings(home=folder / court, party=court, channels=points, **{**common, **told})}
    for other, more in others.items():
        Path(points[other]["root"]).mkdir(parents=True)
        channel = {court: points[other]}
        settings[other] = read_settings(home=folder / other, party=other, channels=channel, **{**common, **more})
    made = {party: {c.role: c for c in certificates.init_keys(one)} for party, one in settings.items()}
    for other in others:
        for one, its in ((court, other), (other, court)):
            for role in ("sign", "decrypt"):
                known = made[its][role]
                certificates.pin(settings[one], its, role, known.certificate, known.fingerprint)
    with ExitStack() as stack:
        yield {party: stack.enter_context(wiring.opened(one)) for party, one in settings.items()}


def release(parts: Parts, key: str) -> None:
    """Both officers let an exchange go, a reason given for every point."""
    now = standing(key, parts.ledger.events(exchange=key), partial(parts.vault.get, key))
    for rule in dict.fromkeys(point.rule for point in now.open):
        told = {"reason": "与来源核对无误", "category": "confirmed_at_source"}
        journeys.call(explain, parts, key, (), rule=rule, by="liaison-1", **told)
    for decision, by in (("prepare", "liaison-1"), ("approve", "chief-1")):
        journeys.call(review, parts, key, decision, by=by)


def settle(ends: Mapping[str, Parts], court: str, key: str) -> None:
    """Sweep all ends until an exchange of the court is accepted."""
    for _ in range(4):
        if journeys.record(ends[court], key).state == lifecycle.ACCEPTED:
            return
        for end in ends.values():
            assert journeys.sweep(end).problems == []
    pytest.fail(f"{key} is {journeys.record(ends[court], key).state}")
