"""Share breaks: open the exchange that carries this end's list of breaks, or its answers to the other side's list."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final

import pandas as pd

from exchange.domain import lifecycle
from exchange.domain.break_life import break_key, note_name
from exchange.domain.break_page import shared_page
from exchange.domain.break_sharing import answer_rows, item_rows, same_rows, still_open, unsent
from exchange.domain.break_view import ANSWER, ITEM, seen
from exchange.domain.content import Content, stage_content
from exchange.domain.errors import NeedsPerson
from exchange.domain.route import Agreement, Route
from exchange.domain.staged import keep_content, open_staged, outcome_of_shared
from exchange.ports import Clock, Ledger, Pages, Vault

KIND: Final = "B"
WAITING: Final = (lifecycle.CHECKED, lifecycle.PREPARED)
"""States in which an older list gives way to a newer one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _End:
    """The ports this step needs, handed from function to function."""

    agreement: Agreement
    party: str
    vault: Vault
    ledger: Ledger
    pages: Pages
    clock: Clock
    today: date
    actor: str


def share_breaks(
    route_id: str | None = None,
    *,
    agreement: Agreement,
    party: str,
    vault: Vault,
    ledger: Ledger,
    pages: Pages,
    clock: Clock,
    today: date,
    actor: str = "system",
) -> str | None:
    """Stage what the other side does not have yet, up to the officers' approval; the exchange's key, None when it has
    all.

    At the end that found the breaks: its whole list (those not closed, and those closed since they were last told).
    At the other: the answers given and not yet sent. The key names the bytes: the same open nothing twice. An older
    list that still waits for its officers is sent back, as it is no longer so. A proposal that waits for its second
    officer is not told. Raises NeedsPerson 905 (this end has no such route, or several and none was named).
    """
    end = _End(
        agreement=agreement, party=party, vault=vault, ledger=ledger, pages=pages, clock=clock, today=today,
        actor=actor,
    )  # fmt: skip
    route = _route(route_id, end)
    frames = _frames(route, end)
    key = _open(route, frames, end) if frames else None
    _listed(route, key, frames, end)
    return key


def _route(route_id: str | None, end: _End) -> Route:
    mine = [
        route
        for route in end.agreement.routes_from(end.party)
        if {c.dataset for c in route.carries(KIND)} & {ITEM, ANSWER} and route_id in (None, route.id)
    ]
    if len(mine) != 1:
        raise NeedsPerson(
            905,
            "This end has no route that carries breaks." if not mine else "This end has several routes with breaks.",
            where=f"party {end.party}",
            next_step=f"Name one of: {', '.join(r.id for r in mine)}." if mine else "See contracts/routes.",
        )
    return mine[0]


def _frames(route: Route, end: _End) -> dict[str, pd.DataFrame]:
    """What is to be told, by dataset; nothing when all of it is known."""
    carried = {contract.dataset for contract in route.carries(KIND)}
    frames = {}
    if ITEM in carried:
        before = end.ledger.landed(route, ITEM)
        rows = _items(route, before, end)
        if not same_rows(rows, before):
            frames[ITEM] = rows
    if ANSWER in carried:
        rows = unsent(_answers(route, end), end.ledger.landed(route, ANSWER))
        if len(rows):
            frames[ANSWER] = rows
    return frames


def _items(route: Route, before: pd.DataFrame, end: _End) -> pd.DataFrame:
    periods = {e.key: e.period or "" for e in end.ledger.exchanges(route=route.id)}
    found = [one for one in seen(end.ledger, end.agreement, end.party) if one.record.route == route.id]
    return item_rows(
        found,
        still_open(before),
        period_of=lambda key: periods.get(key, ""),
        reason_of=lambda id_, sha256: _text(route.id, id_, sha256, end),
        columns=route.wire(ITEM).names,
    )


def _answers(route: Route, end: _End) -> pd.DataFrame:
    asked = [r for r in end.agreement.routes.values() if r.answered_by == route.id]
    works = [work for r in asked for work in end.ledger.break_works(route=r.id)]
    ids = {work.id: work.route for work in works}
    return answer_rows(works, lambda id_, sha256: _text(ids[id_], id_, sha256, end), route.wire(ANSWER).names)


def _text(route: str, id_: str, sha256: str, end: _End) -> str:
    return end.vault.get(break_key(route, id_), note_name(sha256)).decode("utf-8")


def _open(route: Route, frames: Mapping[str, pd.DataFrame], end: _End) -> str:
    with end.vault.workdir() as folder:
        content = stage_content(frames, route, folder, kind=KIND)
        key = _attempt(f"{route.id}.{KIND}.{content.hash[:12]}", route, end.ledger)
        if end.ledger.exchange(key) is not None:
            return key
        keep_content(end.vault, key, folder)
    end.vault.put(key, "outcome.json", outcome_of_shared(key, KIND, content, end.today))
    page = shared_page(
        frames, content, agreement=end.agreement, route=route, key=key, as_of=end.today, made_at=end.clock()
    )
    end.vault.put(key, "report.html", end.pages.shared(page).encode("utf-8"))
    _record(key, route, content, end)
    return key


def _attempt(base: str, route: Route, ledger: Ledger) -> str:
    """The key of these bytes: a new attempt when they were sent back, or sent and others since."""
    ours = {e.key: e.state for e in ledger.exchanges(route=route.id, kind=KIND) if e.direction == "out"}
    over = lifecycle.SENT_BACK | lifecycle.GONE
    return lifecycle.attempt(base, ours.get, lambda _, state: state in over)


def _record(key: str, route: Route, content: Content, end: _End) -> None:
    """All events in one transaction; a list of ours that still waits is sent back by it."""
    rows = sum(content.rows.values())
    with end.ledger.transaction() as write:
        for old in end.ledger.exchanges(route=route.id, kind=KIND, states=list(WAITING)):
            body = {"by": "system", "content_hash": old.content_hash, "why": "a newer list", "newer": key}
            write.append("refused", exchange=old.key, actor="system", body=body)
        open_staged(
            write, key, route, content, kind=KIND, as_of=end.today, actor=end.actor, counts=(rows, 0, rows)
        )  # fmt: skip


def _listed(route: Route, key: str | None, frames: Mapping[str, pd.DataFrame], end: _End) -> None:
    """That the list was looked at after the last comparison, so that a sweep need not look again."""
    compared = [e.seq for e in end.ledger.events(kind="reconciled") if str(e.exchange).startswith(f"{route.id}.")]
    listed = [e.body["after"] for e in end.ledger.events(kind="breaks_listed") if e.body["route"] == route.id]
    after = max(compared, default=0)
    if after > max(listed, default=0):
        body = {"route": route.id, "after": after, "list": key, "rows": sum(map(len, frames.values()))}
        with end.ledger.transaction() as write:
            write.append("breaks_listed", exchange=None, actor=end.actor, body=body)
