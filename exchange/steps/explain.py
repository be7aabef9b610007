"""Explain: a named officer says why a point of an exchange is right as it stands."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from functools import partial
from typing import Any

from exchange.domain.canonical import sha256_hex
from exchange.domain.complete_words import with_gaps
from exchange.domain.errors import NeedsPerson
from exchange.domain.gap_book import book_of, told_so_far
from exchange.domain.gap_reasons import about_serials, give
from exchange.domain.officers import check_duty
from exchange.domain.points import (
    CATEGORIES,
    EXPLAINED,
    OVERRULED,
    Explanation,
    Point,
    Standing,
    dump_note,
    explanations,
    load_note,
    note_name,
    standing,
    until,
)
from exchange.domain.points_page import PAGE, with_points
from exchange.domain.reason import clean_reason
from exchange.domain.route import Agreement
from exchange.ports import Clock, Event, ExchangeRecord, Ledger, Pages, Vault


def explain(
    key: str,
    points: Sequence[str],
    *,
    by: str,
    reason: str,
    category: str = "other",
    rule: str | None = None,
    serials: str | None = None,
    agreement: Agreement,
    vault: Vault,
    ledger: Ledger,
    pages: Pages,
    officers: Mapping[str, Sequence[str]],
    clock: Clock,
    today: date,
) -> tuple[Point, ...]:
    """Record one reason for points named by id (first digits are enough), or for every open point of `rule`.

    Several at once only when they are of the same rule. A new reason replaces the one before it; given after the
    exchange was prepared, it voids the preparation. The same words by the same officer again change nothing.
    Of a point about missing serials a part may be explained (`serials`, as `3, 7-9`); the rest of it stays open.
    Raises NeedsPerson 908 (past its approval, or not checked), 910 (not that officer), 914 (no such exchange), 922
    (no such point or category, or points of several rules), 947 (a reason that can't be used).
    """
    exchange = _ready(key, by, ledger, officers)
    quarters = _quarters(category, agreement)
    now = standing(key, ledger.events(exchange=key), partial(vault.get, key))
    chosen = _chosen(key, points, rule, now)
    last = until(quarters, exchange.as_of or today)
    said = Explanation(
        point="", category=category, reason=clean_reason(reason), by=by, at=clock().isoformat(timespec="seconds"),
        until=last,
    )  # fmt: skip
    if about_serials(chosen):
        _serials(key, chosen, said, serials, agreement.codes[CATEGORIES].names_zh, vault, ledger)
    else:
        given = [replace(said, point=point.id) for point in chosen if not _same(now.said.get(point.id), said)]
        _record(key, given, by=by, vault=vault, ledger=ledger)
    _show(exchange, agreement, vault, ledger, pages)
    return tuple(chosen)


def reuse(
    key: str,
    *,
    by: str,
    agreement: Agreement,
    vault: Vault,
    ledger: Ledger,
    pages: Pages,
    officers: Mapping[str, Sequence[str]],
    clock: Clock,
    today: date,
) -> tuple[Explanation, ...]:
    """Confirm what officers said earlier on the route about the very points that are open now; what was confirmed.

    Each keeps its end and tells since when it is known. Nothing to confirm changes nothing. Raises as `explain`.
    """
    exchange = _ready(key, by, ledger, officers)
    now = standing(key, ledger.events(exchange=key), partial(vault.get, key))
    known = proposed(exchange, now.open, vault=vault, ledger=ledger, today=today)
    at = clock().isoformat(timespec="seconds")
    given = [replace(one, by=by, at=at, since=one.since or one.at) for one in known.values()]
    _record(key, given, by=by, vault=vault, ledger=ledger, reused=True)
    _show(exchange, agreement, vault, ledger, pages)
    return tuple(given)


def proposed(
    exchange: ExchangeRecord, points: Iterable[Point], *, vault: Vault, ledger: Ledger, today: date
) -> dict[str, Explanation]:
    """Point id → the newest explanation of that very point on the exchange's route that has not ended.

    Missing serials are not among them: what was said about one holds by itself while it is missing.
    """
    wanted = {point.id for point in points if not about_serials([point])}
    routes = {one.key for one in ledger.exchanges(route=exchange.route) if one.direction == "out"} - {exchange.key}
    if not wanted or not routes:
        return {}
    day = exchange.as_of or today
    told = [e for kind in (EXPLAINED, OVERRULED) for e in ledger.events(kind=kind) if e.exchange in routes]
    known: dict[str, Explanation] = {}
    for event in sorted(told, key=lambda e: e.seq):
        if wanted & set(event.body["points"]):
            known |= {one.point: one for one in _still_there(event, vault)}
    return {point: one for point, one in known.items() if point in wanted and one.good_on(day)}


def _still_there(event: Event, vault: Vault) -> list[Explanation]:
    """What was said at an event of another exchange; nothing when its note is gone or is not the one it names."""
    key = str(event.exchange)
    if not vault.has(key, note_name(event.body["note_sha256"])):
        return []
    try:
        return explanations(key, event, partial(vault.get, key))
    except NeedsPerson:
        return []


def _ready(key: str, by: str, ledger: Ledger, officers: Mapping[str, Sequence[str]]) -> ExchangeRecord:
    check_duty(by, "explain a point", ("prepare", "approve"), officers)
    exchange = ledger.exchange(key)
    if exchange is None:
        raise NeedsPerson(914, "There is no such exchange.", where=key, next_step="List them with `exchange status`.")
    return exchange


def _quarters(category: str, agreement: Agreement) -> str:
    known = agreement.codes[CATEGORIES]
    if category not in known:
        raise NeedsPerson(
            922,
            f"There is no category {category!r}.",
            where="--as",
            next_step=f"Use one of: {', '.join(known.names_zh)}.",
        )
    return known.extra[category]["quarters"]


def _chosen(key: str, ids: Sequence[str], rule: str | None, now: Standing) -> list[Point]:
    """The points meant; each id must begin exactly one, and all are of one rule."""
    if rule is not None and not ids:
        found = [point for point in now.open if point.rule == rule]
    else:
        found = [_one(key, given, now) for given in dict.fromkeys(ids)]
    rules = {point.rule for point in found} | ({rule} - {None})
    if not found or len(rules) > 1:
        what = f"They are of several rules: {', '.join(sorted(map(str, rules)))}." if found else "No point is meant."
        raise NeedsPerson(922, what, where=key, next_step="Explain points of one rule at a time.")
    return found


def _one(key: str, given: str, now: Standing) -> Point:
    found = [point for point in now.points if given and point.id.startswith(given.lower())]
    if len(found) != 1:
        what = f"{len(found)} points begin with {given!r}." if found else f"There is no point {given!r}."
        raise NeedsPerson(922, what, where=key, next_step=f"List them with `exchange points {key}`.")
    return found[0]


def _same(before: Explanation | None, said: Explanation) -> bool:
    return before is not None and (before.by, before.category, before.reason) == (said.by, said.category, said.reason)


def _record(
    key: str, given: Sequence[Explanation], *, by: str, vault: Vault, ledger: Ledger, reused: bool = False
) -> None:
    """The words to the vault, then the event with their hash; nothing for nothing."""
    if not given:
        return
    note = dump_note(given)
    sha256 = sha256_hex(note)
    vault.put(key, note_name(sha256), note)
    body: dict[str, Any] = {"by": by, "points": [one.point for one in given], "note_sha256": sha256, "reused": reused}
    with ledger.transaction() as write:
        write.append(EXPLAINED, exchange=key, actor=by, body=body)


def _serials(
    key: str,
    points: Sequence[Point],
    said: Explanation,
    serials: str | None,
    names: Mapping[str, str],
    vault: Vault,
    ledger: Ledger,
) -> None:
    """The words about missing serials to the vault, then the event; a point nothing is left open of has its reason."""
    book = told_so_far(ledger.events(exchange=key, kind=EXPLAINED))
    words = {told.note: load_note(vault.get(key, note_name(told.note)))[0].reason for told in book}
    given = give(points, said, serials, book=book, reasons=words, names=names)
    vault.put(key, note_name(sha256_hex(given.note)), given.note)
    whole = dump_note(given.whole)
    vault.put(key, note_name(sha256_hex(whole)), whole)
    body: dict[str, Any] = {
        "by": said.by, "points": [one.point for one in given.whole], "note_sha256": sha256_hex(whole), "reused": False,
        "docket": list(given.docket),
    }  # fmt: skip
    with ledger.transaction() as write:
        write.append(EXPLAINED, exchange=key, actor=said.by, body=body)


def _show(exchange: ExchangeRecord, agreement: Agreement, vault: Vault, ledger: Ledger, pages: Pages) -> None:
    """The page the approver opens, with the reasons as they are now."""
    key, route = exchange.key, agreement.route(exchange.route)
    if not vault.has(key, PAGE):
        return
    now = standing(key, ledger.events(exchange=key), partial(vault.get, key))
    page = with_points(json.loads(vault.get(key, PAGE)), now, route, agreement.codes)
    page = with_gaps(page, book_of(ledger.events), key, agreement)
    vault.put(key, "report.html", (pages.answer if exchange.kind == "A" else pages.report)(page).encode())
