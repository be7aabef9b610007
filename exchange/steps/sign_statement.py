"""Sign a quarter's statement: two officers of this end, then the end's key."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from exchange.domain.canonical import sha256_hex
from exchange.domain.cms.signature import sign, verify
from exchange.domain.errors import NeedsPerson
from exchange.domain.officers import check_duty
from exchange.domain.period import Period
from exchange.domain.route import Agreement
from exchange.domain.statement_book import made_of, statement_key
from exchange.domain.statement_due import way_of
from exchange.domain.statement_terms import CHECKED, PREPARED, SIGNED, signature_name
from exchange.ports import Clock, Keys, Ledger, Vault

FIRST: Final = "prepare"
SECOND: Final = "approve"


def sign_statement(
    period: str,
    *,
    route: str,
    by: str,
    agreement: Agreement,
    party: str,
    vault: Vault,
    ledger: Ledger,
    keys: Keys,
    clock: Clock,
    officers: Mapping[str, Sequence[str]],
) -> str:
    """The first officer (duty prepare) puts it forward, a second one (duty approve) has it signed: `prepared` or
    `signed`, again the same. Where the route says `statement: one_officer`, one with the duty to approve signs alone.

    The signature is a detached CMS one over the stored bytes, `statement-v<n>.<party>.p7s`. The end that does not send
    the cases signs only what its own rows were found to agree with. Raises NeedsPerson 910 (duty, or one officer for
    both), 949 (the stored bytes are not those that were made), 934 (not made, not checked against the other side's).
    """
    key = statement_key(route, Period.parse(period))
    made = made_of(route, period, ledger.events(kind="statement_made"))
    if made is None:
        raise NeedsPerson(934, "No statement was made.", where=key, next_step="Make it: `exchange statement make`.")
    told = {e.kind: e for e in ledger.events(exchange=key) if e.body.get("sha256") == made["sha256"]}
    if SIGNED in told:
        return "signed"
    if agreement.route(route).sender != party and CHECKED not in told:
        raise NeedsPerson(
            934, "It was not compared with the other side's signed statement.", where=key,
            next_step="Compare it first: `exchange statement compare`.",
        )  # fmt: skip
    data = _as_made(key, made, vault)
    body: dict[str, Any] = {"route": route, "period": period, "sha256": made["sha256"], "by": by}
    way = way_of(agreement.route(route), party, agreement)
    alone = way.review.statement == "one_officer" and SECOND in officers.get(by, ())
    if PREPARED not in told and not alone:
        check_duty(by, "put a statement forward", (FIRST,), officers)
        with ledger.transaction() as write:
            write.append(PREPARED, exchange=key, actor=by, body=body)
        return "prepared"
    _second(by, str(told[PREPARED].actor) if PREPARED in told else "", officers)
    signature = _signature(data, keys, clock)
    vault.put(key, signature_name(made["version"], party), signature)
    with ledger.transaction() as write:
        write.append(SIGNED, exchange=key, actor=by, body={**body, "signature_sha256": sha256_hex(signature)})
    return "signed"


def _signature(data: bytes, keys: Keys, clock: Clock) -> bytes:
    """This end's over the bytes, looked at before it counts."""
    private, certificate = keys.signing()
    signature = sign(data, private, certificate, at=clock())
    verify(data, signature, [certificate])
    return signature


def _as_made(key: str, made: Mapping[str, Any], vault: Vault) -> bytes:
    """The stored statement; NeedsPerson 949 when it is not the one that was made."""
    name = f"statement-v{made['version']}.json"
    data = vault.get(key, name)
    if sha256_hex(data) != made["sha256"]:
        raise NeedsPerson(
            949, "The stored statement is not the one that was made.", where=f"{key}/{name}",
            next_step="Compare the vault with its backup and find out who changed the file.",
        )  # fmt: skip
    return data


def _second(by: str, first: str, officers: Mapping[str, Sequence[str]]) -> None:
    check_duty(by, "sign a statement", (SECOND,), officers)
    if by == first:
        raise NeedsPerson(
            910, "Who put it forward may not sign it too.", where="statement", next_step="Let another officer sign."
        )  # fmt: skip
