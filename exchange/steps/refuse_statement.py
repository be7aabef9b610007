"""Refuse the other side's statement: an officer says why; it is not signed here, and they are told."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from exchange.domain.canonical import sha256_hex
from exchange.domain.errors import NeedsPerson
from exchange.domain.officers import check_duty
from exchange.domain.period import Period
from exchange.domain.personal import check_telling
from exchange.domain.reason import clean_reason
from exchange.domain.route import Agreement
from exchange.domain.statement_book import made_of, statement_key
from exchange.domain.statement_terms import CHECKED, DIFFERS, MADE, REFUSED, SIGNED, refusal_name
from exchange.ports import Ledger, Vault


def refuse_statement(
    period: str,
    *,
    route: str,
    by: str,
    reason: str,
    agreement: Agreement,
    party: str,
    vault: Vault,
    ledger: Ledger,
    officers: Mapping[str, Sequence[str]],
) -> None:
    """An officer (duty approve) refuses what the sender of the cases signed, whether lines differ or not; the same
    again changes nothing. The reason goes to the other side, so it may hold no identity card, telephone or bank card
    number; the vault keeps it, the ledger its hash.

    Raises NeedsPerson 910 (duty), 926 (personal data), 934 (this end sends the cases; theirs did not come; it is
    signed here), 947 (a reason that can't be used).
    """
    key = statement_key(route, Period.parse(period))
    check_duty(by, "refuse a statement", ("approve",), officers)
    said = clean_reason(reason)
    check_telling(said, "--reason")
    made = made_of(route, period, ledger.events(kind=MADE))
    known = [e for e in ledger.events(exchange=key) if made and e.body.get("sha256") == made["sha256"]]
    theirs = [e.body["theirs_sha256"] for e in known if e.kind in (CHECKED, DIFFERS) and "theirs_sha256" in e.body]
    if made is None or agreement.route(route).sender == party or not theirs or any(e.kind == SIGNED for e in known):
        raise NeedsPerson(
            934, "There is nothing of theirs to refuse here, or it is signed.", where=key,
            next_step="`exchange statement status` says where it stands.",
        )  # fmt: skip
    body: dict[str, Any] = {
        "route": route, "period": period, "sha256": made["sha256"], "theirs_sha256": theirs[-1], "by": by,
        "reason_sha256": sha256_hex(said.encode()),
    }  # fmt: skip
    vault.put(key, refusal_name(body["reason_sha256"]), said.encode())
    with ledger.transaction() as write:
        if not any(e.body == body for e in ledger.events(exchange=key, kind=REFUSED)):
            write.append(REFUSED, exchange=key, actor=by, body=body)
