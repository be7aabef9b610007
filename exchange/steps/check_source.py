"""Check the source: read and check it as a quarter would, open nothing, and tell where it is not as agreed."""

from __future__ import annotations

from functools import partial
from typing import Any

from exchange.domain.drift import PROFILE, drifts, last_profile, profile_of
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
) -> dict[str, Any]:
    """Rows read by dataset, and each drift (dataset, column, place, note) against contract and last quarter.

    Writes nothing. Raises what the source raises (a column that is gone is a 903 in the contract's words), and 911.
    """
    route = agreement.route(route_id)
    quarter = Round(
        agreement=agreement, route=route, period=period, as_of=period.last_day, is_workday=is_workday, checker=checker
    )
    frames = source.read(route, courts=quarter.sender.court_ids, since=period.first_day)
    prepared, findings = checked(frames, quarter)
    profile = profile_of(prepared.frames, findings, route=route, codes=agreement.codes_of(route))
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


def _kept(vault: Vault, key: str) -> bytes | None:
    return vault.get(key, PROFILE) if vault.has(key, PROFILE) else None
