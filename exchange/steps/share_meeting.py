"""Share the joint meeting: open the exchange that carries what the other side has not heard of it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from exchange.domain import lifecycle
from exchange.domain.break_life import note_name
from exchange.domain.content import Content, stage_content
from exchange.domain.errors import NeedsPerson
from exchange.domain.meeting_life import Act, meeting_key
from exchange.domain.meeting_page import acts_page
from exchange.domain.meeting_sharing import ACT, KIND, SHARED, act_rows, partner, state_by, untold, way_to
from exchange.domain.points_page import PAGE
from exchange.domain.route import Agreement, Route
from exchange.domain.staged import keep_content, open_staged, outcome_of_shared
from exchange.ports import Clock, Ledger, Pages, Vault

_OVER: Final = lifecycle.SENT_BACK | lifecycle.GONE


@dataclass(frozen=True, slots=True, kw_only=True)
class _End:
    """The ports this step needs, handed from function to function."""

    agreement: Agreement
    vault: Vault
    ledger: Ledger
    pages: Pages
    clock: Clock
    today: date
    actor: str


def share_meeting(
    other: str | None = None,
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
    """Stage this end's acts that are in no exchange on its way, up to the officers' approval; the exchange's key, None
    when the other side has, or is about to have, all of them.

    The key names the bytes: the same open nothing twice. An exchange that nobody has prepared yet gives way to a newer
    one that carries its acts too; of one that was sent back, or refused there, the acts are open again.
    Raises NeedsPerson 905 (no such party, several and none named, or none of this goes there).
    """
    other = partner(agreement, party, other)
    way = way_to(agreement, party, other)
    if way is None:
        raise NeedsPerson(
            905, "What is noted of meetings stays at this end: no route carries it.", where=f"party {other}",
            next_step=f"A route to that party needs {ACT} in packets of kind {KIND}.",
        )  # fmt: skip
    end = _End(agreement=agreement, vault=vault, ledger=ledger, pages=pages, clock=clock, today=today, actor=actor)
    key = meeting_key(other)
    with ledger.lock(f"meet:{other}"):
        acts = untold(list(ledger.events(exchange=key)), party, state_by(ledger.exchange), replacing=True)
        return _open(acts, way, key, end) if acts else None


def _open(acts: Sequence[Act], way: Route, of: str, end: _End) -> str:
    rows = act_rows(acts, lambda sha256: end.vault.get(of, note_name(sha256)).decode(), way.wire(ACT).names)
    with end.vault.workdir() as folder:
        content = stage_content({ACT: rows}, way, folder, kind=KIND)
        ours = {e.key: e.state for e in end.ledger.exchanges(route=way.id, kind=KIND) if e.direction == "out"}
        key = lifecycle.attempt(f"{way.id}.{KIND}.{content.hash[:12]}", ours.get, lambda _, state: state in _OVER)
        if key in ours:
            return key
        keep_content(end.vault, key, folder)
    end.vault.put(key, "outcome.json", outcome_of_shared(key, KIND, content, end.today))
    page = acts_page(rows, content, agreement=end.agreement, route=way, key=key, as_of=end.today, made_at=end.clock())
    end.vault.put(key, PAGE, json.dumps({"acts": page["acts"]}, ensure_ascii=False).encode())
    end.vault.put(key, "report.html", end.pages.acts(page).encode("utf-8"))
    _record(key, way, of, content, [act.id for act in acts], end)
    return key


def _record(key: str, way: Route, of: str, content: Content, acts: Sequence[str], end: _End) -> None:
    """All events in one transaction; an exchange of ours that still waits to be prepared is sent back by it."""
    rows = sum(content.rows.values())
    with end.ledger.transaction() as write:
        for old in end.ledger.exchanges(route=way.id, kind=KIND, states=[lifecycle.CHECKED]):
            body = {"by": "system", "content_hash": old.content_hash, "why": "newer acts", "newer": key}
            write.append("refused", exchange=old.key, actor="system", body=body)
        open_staged(
            write, key, way, content, kind=KIND, as_of=end.today, actor=end.actor, counts=(rows, 0, rows)
        )  # fmt: skip
        write.append(SHARED, exchange=of, actor=end.actor, body={"exchange": key, "acts": list(acts)})
