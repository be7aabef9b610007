"""Extract: read one batch of courts into the vault, once."""

from __future__ import annotations

from exchange.domain.completeness import BESIDE
from exchange.domain.errors import NeedsPerson
from exchange.domain.lifecycle import OPENED
from exchange.domain.parquet import to_parquet
from exchange.domain.prepare import CASES
from exchange.domain.route import Agreement
from exchange.domain.stored import extract_name, files_of, round_of
from exchange.ports import ExchangeRecord, Ledger, Source, Vault


def extract(
    key: str, batch: str, *, agreement: Agreement, party: str, source: Source, vault: Vault, ledger: Ledger
) -> None:
    """Store what the source holds of a batch's courts as `extract/<batch>/<dataset>.parquet`.

    One consistent read. A batch that was read stays as it was read: another call changes nothing, nor does one for an
    exchange that is past its extraction. Raises what the source raises, and NeedsPerson 914.
    """
    record = ledger.exchange(key)
    if record is None:
        raise NeedsPerson(914, "There is no such exchange.", where=key, next_step="Open it first.")
    if record.state != OPENED or files_of(ledger.events(exchange=key, kind="batch_extracted"), batch) is not None:
        return
    route = agreement.route(record.route)
    if route.sender != party:
        raise NeedsPerson(
            905,
            "This end does not send on the route.",
            where=f"{key}, party {party}",
            next_step="Run it at the sender's end.",
        )
    courts = _courts(record, batch)
    period, _ = round_of(record)
    beside = BESIDE if CASES in [contract.dataset for contract in route.carries("Q")] else {}
    frames = source.read(route, courts=courts, since=period.first_day, beside=beside)
    files = {
        dataset: vault.put(key, extract_name(batch, dataset), to_parquet(frame)) for dataset, frame in frames.items()
    }
    body = {"batch": batch, "files": files, "rows": {dataset: len(frame) for dataset, frame in frames.items()}}
    with ledger.transaction() as write:
        write.append("batch_extracted", exchange=key, actor="system", body=body)


def _courts(record: ExchangeRecord, batch: str) -> list[str]:
    batches = record.details.get("batches", {})
    if batch not in batches:
        raise NeedsPerson(
            914,
            "The exchange has no such batch of courts.",
            where=f"{record.key}/{batch}",
            next_step=f"Use one of: {', '.join(batches)}.",
        )
    return list(batches[batch])
