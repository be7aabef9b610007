"""Validate: run the contract's row rules over one batch."""

from __future__ import annotations

from functools import partial

from exchange.domain.drift import dump_profile, profile_of
from exchange.domain.errors import NeedsPerson
from exchange.domain.lifecycle import OPENED
from exchange.domain.rounds import Round, checked
from exchange.domain.route import Agreement
from exchange.domain.stored import (
    BatchCheck,
    check_name,
    dump_check,
    extracted_frames,
    files_of,
    load_check,
    profile_name,
    round_of,
)
from exchange.ports import Checker, IsWorkday, Ledger, Vault


def validate(
    key: str,
    batch: str,
    *,
    agreement: Agreement,
    vault: Vault,
    ledger: Ledger,
    checker: Checker,
    is_workday: IsWorkday,
) -> None:
    """Leave the batch's findings as `check/<batch>.json`: which rule, where, never a value; and how its columns look.

    Pure given the rows and the contract: findings about these very rows are not made again. Raises NeedsPerson 914
    (not read yet), 915 (a rule crashed), 949 (rows changed since they were read).
    """
    record = ledger.exchange(key)
    if record is None:
        raise NeedsPerson(914, "There is no such exchange.", where=key, next_step="Open it first.")
    if record.state != OPENED:
        return
    files = files_of(ledger.events(exchange=key, kind="batch_extracted"), batch)
    if files is None:
        raise NeedsPerson(
            914, "The batch was not extracted yet.", where=f"{key}/{batch}", next_step="Extract it first."
        )
    route = agreement.route(record.route)
    if vault.has(key, check_name(batch)):
        known = load_check(vault.get(key, check_name(batch)))
        if (known.files, known.contract_sha256) == (files, route.contract_sha256):
            return
    frames = extracted_frames(partial(vault.get, key), files, batch, key)
    period, as_of = round_of(record)
    quarter = Round(
        agreement=agreement, route=route, period=period, as_of=as_of, is_workday=is_workday, checker=checker
    )
    prepared, findings = checked(frames, quarter)
    profile = profile_of(prepared.frames, findings, route=route, codes=agreement.codes_of(route))
    vault.put(key, profile_name(batch), dump_profile(profile))
    check = BatchCheck(files=dict(files), contract_sha256=route.contract_sha256, findings=tuple(findings))
    vault.put(key, check_name(batch), dump_check(check))
