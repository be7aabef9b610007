"""Overrule: a named officer lets a case go that a rule holds, where the contract allows it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from exchange.domain.canonical import sha256_hex
from exchange.domain.case_number import normalise
from exchange.domain.errors import NeedsPerson
from exchange.domain.finding import Finding
from exchange.domain.officers import check_duty
from exchange.domain.outcome_file import OUTCOME, entries_of
from exchange.domain.points import (
    CATEGORIES,
    OVERRULED,
    Explanation,
    dump_note,
    note_name,
    point_id,
    until,
)
from exchange.domain.reason import clean_reason
from exchange.domain.route import Agreement, Route
from exchange.ports import Clock, ExchangeRecord, Ledger, Vault


def overrule(
    key: str,
    *,
    rule: str,
    case_no: str,
    by: str,
    reason: str,
    category: str = "register_error",
    agreement: Agreement,
    vault: Vault,
    ledger: Ledger,
    officers: Mapping[str, Sequence[str]],
    clock: Clock,
    today: date,
) -> None:
    """Turn the rejects of one rule on one case into points that have this reason; the exchange is to be assembled anew.

    A preparation is void then, and a second officer approves as ever. Raises NeedsPerson 908 (past its approval, or
    not checked yet), 910 (not that officer), 914 (no such exchange), 922 (no such category), 923 (the rule may not be
    overruled, does not hold that case, or the exchange is no quarter's), 947 (a reason that can't be used).
    """
    check_duty(by, "overrule a rule", ("prepare", "approve"), officers)
    exchange = ledger.exchange(key)
    if exchange is None:
        raise NeedsPerson(914, "There is no such exchange.", where=key, next_step="List them with `exchange status`.")
    if exchange.kind != "Q":
        raise NeedsPerson(
            923,
            "Rules are overruled in a quarter's exchange alone.",
            where=f"{key}, kind {exchange.kind}",
            next_step="Overrule it in the quarter, or have the record mended at its source.",
        )
    plain, known = clean_reason(reason), agreement.codes[CATEGORIES]
    if category not in known:
        step = f"Use one of: {', '.join(known.names_zh)}."
        raise NeedsPerson(922, f"There is no category {category!r}.", where="--as", next_step=step)
    ids = _ids(exchange, rule, normalise(case_no), agreement.route(exchange.route), vault)
    last = until(known.extra[category]["quarters"], exchange.as_of or today)
    at = clock().isoformat(timespec="seconds")
    note = dump_note([Explanation(point=one, category=category, reason=plain, by=by, at=at, until=last) for one in ids])
    sha256 = sha256_hex(note)
    vault.put(key, note_name(sha256), note)
    body: dict[str, Any] = {"by": by, "rule": rule, "points": ids, "note_sha256": sha256}
    with ledger.transaction() as write:
        write.append(OVERRULED, exchange=key, actor=by, body=body)


def _ids(exchange: ExchangeRecord, rule: str, case_no: str, route: Route, vault: Vault) -> list[str]:
    """The points that the rule's rejects on the case become."""
    overrulable = sorted({r.id for contract in route.datasets for r in contract.rules if r.overrulable})
    if rule not in overrulable:
        raise NeedsPerson(
            923,
            f"The contract does not let {rule!r} be overruled.",
            where=f"route {route.id}",
            next_step=f"Have the record mended at its source. What may be overruled: {', '.join(overrulable)}.",
        )
    with vault.open(exchange.key, OUTCOME) as stored:
        found = [
            Finding(**{**one, "record": str(one["record"])})
            for one in entries_of(stored, exchange.key, "findings")
            if one["rule"] == rule and one["severity"] == "reject" and one["case_no"] is not None
        ]
    ids = sorted({point_id(one) for one in found if normalise(str(one.case_no)) == case_no})
    if not ids:
        raise NeedsPerson(
            923,
            f"The rule {rule!r} holds no case of that number in this exchange.",
            where="--case",
            next_step="Look at the held cases in the exchange's report.",
        )
    return ids
