"""Tell a statement: what was signed or refused here becomes an exchange of kind S, released by who signed it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from exchange.domain import lifecycle
from exchange.domain.audit import Event
from exchange.domain.canonical import sha256_hex
from exchange.domain.content import Content, stage_documents
from exchange.domain.errors import NeedsPerson
from exchange.domain.period import Period
from exchange.domain.points import NO_REASONS
from exchange.domain.route import Agreement, Route
from exchange.domain.staged import keep_content, open_staged, outcome_of_shared, state_in
from exchange.domain.statement_book import made_of, statement_key
from exchange.domain.statement_due import KIND, untold, way_of
from exchange.domain.statement_signing import Signing, signing_bytes
from exchange.domain.statement_terms import MADE, PREPARED, SIGNED, TOLD, refusal_name, signature_name
from exchange.ports import Ledger, LedgerWrite, Vault


def tell_statement(
    period: str,
    *,
    route: str,
    again: bool = False,
    agreement: Agreement,
    party: str,
    vault: Vault,
    ledger: Ledger,
    today: date,
) -> str | None:
    """Open the exchange that carries this end's word on a quarter's statement, past its officers: who signed it, or
    refused theirs, has decided about these bytes. Its key; None when there is nothing untold, or the route carries no
    statements. Once for each word: with `again` also when the exchange that carried it was sent back.

    Raises NeedsPerson 949 when the stored statement is not the one that was signed.
    """
    key, both = statement_key(route, Period.parse(period)), agreement.route(route)
    way = way_of(both, party, agreement)
    made = made_of(route, period, ledger.events(kind=MADE))
    back = frozenset(e.key for e in ledger.exchanges(route=way.id, kind=KIND, states=list(lifecycle.SENT_BACK)))
    back = back if again else frozenset()
    said = untold(ledger.events(exchange=key), made["sha256"], back) if made else None
    if made is None or said is None or not way.carries_statements:
        return None
    documents = _documents(key, made, said, party=party, ours=both.sender == party, vault=vault)
    with vault.workdir() as folder:
        content = stage_documents(documents, folder)
        opened = lifecycle.attempt(f"{way.id}.{KIND}.{content.hash[:12]}", state_in(ledger), lambda *_: True)
        keep_content(vault, opened, folder)
    vault.put(opened, "outcome.json", outcome_of_shared(opened, KIND, content, today, period))
    with ledger.transaction() as write:
        if untold(ledger.events(exchange=key), made["sha256"], back) != said:
            return None
        _record(write, opened, way, content, said, _prepared(key, said, ledger), period, today)
        body = {"route": route, "period": period, "sha256": made["sha256"], "seq": said.seq, "exchange": opened}
        write.append(TOLD, exchange=key, actor="system", body=body)
    return opened


def _documents(
    key: str, made: Mapping[str, Any], said: Event, *, party: str, ours: bool, vault: Vault
) -> dict[str, bytes]:
    data = vault.get(key, f"statement-v{made['version']}.json")
    if sha256_hex(data) != made["sha256"]:
        raise NeedsPerson(
            949, "The stored statement is not the one that was made.", where=key,
            next_step="Compare the vault with its backup and find out who changed the file.",
        )  # fmt: skip
    signing = Signing(
        act=("signed" if ours else "countersigned") if said.kind == SIGNED else "refused",
        route=made["route"], period=made["period"], version=made["version"], statement_sha256=made["sha256"],
        answers_sha256=None if ours else said.body.get("theirs_sha256", made["sha256"]),
        signature=vault.get(key, signature_name(made["version"], party)) if said.kind == SIGNED else None,
        reason=None if said.kind == SIGNED else vault.get(key, refusal_name(said.body["reason_sha256"])).decode(),
    )  # fmt: skip
    return {"statement.json": data, "signing.json": signing_bytes(signing)}


def _prepared(key: str, said: Event, ledger: Ledger) -> str | None:
    """Who put forward what a second officer signed."""
    found = [
        e.body["by"]
        for e in ledger.events(exchange=key, kind=PREPARED)
        if said.kind == SIGNED and e.body["sha256"] == said.body["sha256"]
    ]
    return found[-1] if found else None


def _record(
    write: LedgerWrite,
    key: str,
    way: Route,
    content: Content,
    said: Event,
    prepared: str | None,
    period: str,
    today: date,
) -> None:
    """From opened to approved, by the officers who decided."""
    open_staged(
        write, key, way, content, kind=KIND, as_of=today, actor="system", counts=(0, 0, 0), period=Period.parse(period)
    )
    decided = {"content_hash": content.hash, "reasons_sha256": NO_REASONS}
    if prepared is not None:
        write.append("prepared", exchange=key, actor=prepared, body={"by": prepared, **decided})
    by = str(said.body["by"])
    kind, more = ("approved", {}) if prepared is not None else ("released", {"mode": "one_officer"})
    write.append(kind, exchange=key, actor=by, body={"by": by, **decided, **more})
