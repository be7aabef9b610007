"""Show a break: both figures, the rule and its law, the work done, and its whole history; the look is recorded."""

from __future__ import annotations

import gzip
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import date
from typing import Any, Final

from exchange.domain.break_life import BreakRecord, break_key, in_set, note_name, set_name, texts_of
from exchange.domain.break_list import FIGURES, details, worked
from exchange.domain.break_view import Seen, one_of, seen, version_of
from exchange.domain.masking import mask_name
from exchange.domain.match_view import of_claim
from exchange.domain.route import Agreement, Route
from exchange.ports import Event, Ledger, Vault

DEBTORS: Final = "case_debtor"
WHOLE: Final = 16
"""Digits of an id."""


def show_break(
    id_: str, *, agreement: Agreement, party: str, vault: Vault, ledger: Ledger, today: date, actor: str,
    runs: bool = True,
) -> dict[str, Any]:  # fmt: skip
    """Everything this end knows of one break, as plain values. Debtors' names are masked. `match`: which debtor its
    claim means, by which rule, on what evidence; None where that is by its own USCC and name.

    The figures of a closed break are those of the last comparison that had it (`figures_of`: last_open, else now); it
    has no days left. Its history is every comparison that first had it, lost it or changed its figures, and every act
    of a person or answer of the other side, with their texts; oldest first. Without `runs` the comparisons, each a file
    of all breaks of its time, are left out. Raises NeedsPerson 925 for an id that names no break.
    """
    with ledger.one_moment():
        one = one_of(_named(id_, agreement, party, ledger), id_)
    route = agreement.route(one.record.route)
    with ledger.transaction() as write:
        write.append("looked_at", exchange=break_key(route.id, one.record.id), actor=actor, body={"what": "break"})
    with ledger.one_moment():
        return _told(one, route, agreement, ledger, vault, today, runs=runs)


def _named(id_: str, agreement: Agreement, party: str, ledger: Ledger) -> list[Seen]:
    """What an id may mean: a whole one stands on one route, looked for no further than there."""
    if len(id_) != WHOLE:
        return seen(ledger, agreement, party, prefix=id_)
    return next(
        (found for route in agreement.routes if (found := seen(ledger, agreement, party, ids=[id_], of=route))), []
    )


def _told(
    one: Seen, route: Route, agreement: Agreement, ledger: Ledger, vault: Vault, today: date, *, runs: bool
) -> dict[str, Any]:
    claim = one.record.claim_no
    match = (
        of_claim(ledger, agreement, route, claim, today, named_otherwise=one.record.code == "NAME_DIFFERS")
        if claim is not None
        else None
    )
    names, rules = agreement.codes["break"], agreement.codes["break_rule"]
    code = one.record.code
    return {
        "id": one.record.id,
        "route": route.id,
        "code": code,
        "zh": names.names_zh.get(code, code),
        "en": names.names_en.get(code, code),
        "rule_zh": rules.names_zh.get(code, ""),
        "rule_en": rules.names_en.get(code, ""),
        "law_zh": rules.extra.get(code, {}).get("law_zh", ""),
        "case_no": one.record.case_no,
        "claim_no": one.record.claim_no,
        "line_no": one.record.line_no,
        "rank": one.record.rank,
        "debtors": _debtors(one, route, ledger),
        "due_on": one.record.due_on.isoformat() if one.record.due_on else None,
        "days_left": one.days_left(today),
        "figures_of": "last_open" if one.closed else "now",
        "match": match,
        "details": details(_called(one), agreement.codes["rank"]),
        "ours": one.ours,
        "shared": {n: one.shared[n] for n in ("state", "decision", "reason", "asked", "first_seen") if one.shared},
        **worked(one.record, one.work, agreement.codes, today),
        "state": one.state,
        "state_zh": agreement.codes["break_state"].names_zh.get(one.state, one.state),
        "version": version_of(one),
        "history": _history(one, ledger, vault, runs=runs),
    }


def _called(one: Seen) -> BreakRecord:
    """The break with its figures called as its kind calls them, also where they came by the other side's list."""
    if one.ours:
        return one.record
    claimed, compared = FIGURES.get(one.record.code, ("total", None))
    names = {"claimed": claimed or "claimed", "compared": compared or "compared"}
    return replace(one.record, amounts={names.get(name, name): value for name, value in one.record.amounts.items()})


def _debtors(one: Seen, route: Route, ledger: Ledger) -> list[str]:
    """Masked names of the case's debtors; none where the contract calls the name personal."""
    if DEBTORS not in [c.dataset for c in route.datasets] or route.contract(DEBTORS).column("name").personal:
        return []
    rows = ledger.rows_now(route, DEBTORS, keys=[one.record.case_no], columns=["case_no", "name"])
    return [mask_name(row["name"]) for row in rows if row["name"] is not None]


def _history(one: Seen, ledger: Ledger, vault: Vault, *, runs: bool) -> list[dict[str, Any]]:
    key = break_key(one.record.route, one.record.id)
    acts = [(event.seq, _act(event, key, vault)) for event in ledger.events(exchange=key) if event.kind != "looked_at"]
    compared = list(_runs(one.record, ledger, vault)) if one.ours and runs else []
    return [entry for _, entry in sorted([*acts, *compared], key=lambda pair: pair[0])]


def _act(event: Event, key: str, vault: Vault) -> dict[str, Any]:
    entry = {"at": event.at.isoformat(), "by": event.actor, "kind": event.kind, **event.body}
    for sha256 in texts_of(event.body):
        name = note_name(sha256)
        entry["text"] = vault.get(key, name).decode() if vault.has(key, name) else "(the text is gone from the vault)"
    return {k: v for k, v in entry.items() if k not in ("reason_sha256", "text_sha256", "route", "id")}


def _runs(record: BreakRecord, ledger: Ledger, vault: Vault) -> Iterator[tuple[int, dict[str, Any]]]:
    """Each comparison after which the books said something else of this break than before."""
    before: Mapping[str, Any] | None = None
    for event in ledger.events(kind="reconciled"):
        exchange, sha256 = str(event.exchange), event.body.get("set_sha256")
        name = set_name(str(sha256))
        if not exchange.startswith(f"{record.route}.") or sha256 is None or not vault.has(exchange, name):
            continue
        now = in_set(gzip.decompress(vault.get(exchange, name)), record.id)
        said = {"at": event.at.isoformat(), "by": event.actor, "comparison": exchange, "as_of": event.body["as_of"]}
        if now is not None and before is None:
            yield event.seq, {**said, "kind": "found", "after": now["amounts"]}
        elif now is None and before is not None:
            yield event.seq, {**said, "kind": "gone", "before": before["amounts"]}
        elif now is not None and before is not None and now["amounts"] != before["amounts"]:
            yield event.seq, {**said, "kind": "changed", "before": before["amounts"], "after": now["amounts"]}
        before = now
