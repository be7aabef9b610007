"""Check the source: read and check it as a quarter would, open nothing, and tell where it is not as agreed."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

from exchange.domain.drift import PROFILE, Profile, drifts, last_profile, profile_of, together
from exchange.domain.period import Period
from exchange.domain.rounds import Round, checked
from exchange.domain.route import Agreement
from exchange.ports import Checker, IsWorkday, Ledger, Source, Vault


def check_source(
    route_id: str,
    period: Period,
    *,
    agreement: Agreement,
    source: Source,
    vault: Vault,
    ledger: Ledger,
    checker: Checker,
    is_workday: IsWorkday,
    batch_size: int,
) -> dict[str, Any]:
    """Rows read by dataset, and each drift (dataset, column, place, note) against contract and last quarter.

    Writes nothing. Reads so many courts at a time, and keeps of their rows how they look: memory follows these, not the
    register. Raises what the source raises (a column that is gone is a 903 in the contract's words), and 949.
    """
    route = agreement.route(route_id)
    quarter = Round(
        agreement=agreement, route=route, period=period, as_of=period.last_day, is_workday=is_workday, checker=checker
    )
    courts = quarter.sender.court_ids
    batches = (courts[at : at + batch_size] for at in range(0, max(len(courts), 1), batch_size))
    profile = together(_profile(batch, quarter, source) for batch in batches)
    before = last_profile(
        ledger.exchanges(route=route.id, kind="Q"), period, events=lambda key: ledger.events(exchange=key),
        read=partial(_kept, vault),
    )  # fmt: skip
    return {
        "route": route.id,
        "period": str(period),
        "compared": before is not None,
        "rows": {dataset: told.rows for dataset, told in profile.items()},
        "drifts": [
            {"dataset": f.dataset, "column": f.column, "place": f.row_key, "note": f.note}
            for f in drifts(profile, before, route)
        ],
    }


def _profile(courts: Sequence[str], quarter: Round, source: Source) -> Profile:
    """How the rows of some courts look; none of them is held after."""
    route = quarter.route
    frames = source.read(route, courts=courts, since=quarter.period.first_day)
    prepared, findings = checked(frames, quarter)
    return profile_of(prepared.frames, findings, route=route, codes=quarter.agreement.codes_of(route))


def _kept(vault: Vault, key: str) -> bytes | None:
    return vault.get(key, PROFILE) if vault.has(key, PROFILE) else None
